import Glibc
import MQTTLink
import Outbound
import Synchronization
import Threading

/// Lets a fleet live in real time: publishes over MQTT, takes commands, orders and deliveries, and answers surveys.
///
/// A broker or a gateway that is away is no error: the fleet waits for the one, and tries the other again.
public final class FleetRunner: Sendable {
    private struct Running {
        var thread: NamedThread
        var publisher: CommandClient
        var errands: ErrandQueue
        var api: GatewayAPI?
        var supplier: SupplierSandbox?
    }

    private enum Phase {
        case ready
        case running(Running)
        case stopped
    }

    private let configuration: FleetConfiguration
    private let signature: WebhookSignature?
    private let counts = FleetCounts()
    private let phase = Mutex(Phase.ready)
    private let stopping = StopFlag()
    private let connection = ConnectionNote()

    /// Throws what is wrong in the configuration.
    public init(configuration: FleetConfiguration) throws {
        try configuration.validate()
        self.configuration = configuration
        signature = try configuration.webhookSecret.map { try WebhookSignature(secrets: [$0]) }
    }

    deinit { stop() }

    public var statistics: FleetStatistics { counts.snapshot }

    /// "127.0.0.1:41234", where POST /orders is taken; nil before `start` and without a supplier.
    public var supplierAddress: String? {
        phase.withLock { phase in
            guard case .running(let running) = phase else { return nil }
            return running.supplier?.address
        }
    }

    /// Why there is no connection to the broker; nil when there is one.
    public var brokerProblem: String? { connection.problem }

    /// Starts the threads and the supplier's server. A runner runs once.
    /// - Throws: when a thread or the server cannot be started; nothing then runs.
    public func start() throws {
        try phase.withLock { phase in
            guard case .ready = phase else { throw FleetError("a fleet is started once; make a new FleetRunner") }
            phase = .running(try launch())
        }
    }

    /// Ends everything the fleet has started, and waits for it. What is on its way may be lost.
    public func stop() {
        let running: Running? = phase.withLock { phase in
            defer { phase = .stopped }
            guard case .running(let running) = phase else { return nil }
            return running
        }
        stopping.raise()
        guard let running else { return }
        running.supplier?.stop()
        running.api?.cancel()
        running.errands.stop()
        running.thread.join()
        running.publisher.close()
    }

    private func launch() throws -> Running {
        let errands = try ErrandQueue()
        let arrivals = InstallationInbox()
        var supplier: SupplierSandbox?
        do {
            let api = try configuration.apiBase.map {
                try GatewayAPI(base: $0, token: configuration.apiToken, signature: signature, seed: configuration.seed)
            }
            supplier = try openSupplier(api, errands, arrivals)
            let connection = self.connection
            let clientID = "steward-fleet-\(configuration.seed)-\(getpid())"
            let publisher = try CommandClient(
                configuration: mqttConfiguration(clientID: clientID), maximumInFlight: FleetLoop.window * 4,
                onConnectionChange: { connection.record($0) })
            let thread = try startLoop(
                publisher, subscriber: mqttConfiguration(clientID: clientID + "-receive"), arrivals,
                customers: api.map { CustomerSandbox(api: $0, errands: errands, counts: counts, configuration: configuration) })
            return Running(thread: thread, publisher: publisher, errands: errands, api: api, supplier: supplier)
        } catch {
            supplier?.stop()
            errands.stop()
            throw error
        }
    }

    private func openSupplier(_ api: GatewayAPI?, _ errands: ErrandQueue, _ arrivals: InstallationInbox) throws -> SupplierSandbox? {
        guard let listen = configuration.supplierListen else { return nil }
        let settings = SupplierSandbox.Settings(
            listen: listen, signature: signature, temper: configuration.supplier, seed: configuration.seed)
        return try SupplierSandbox(settings: settings, api: api, errands: errands, counts: counts) { arrivals.add($0) }
    }

    /// The loop is made on the thread it lives on, as the receiving client belongs to one thread.
    private func startLoop(
        _ publisher: CommandClient, subscriber: MQTTConfiguration, _ arrivals: InstallationInbox, customers: CustomerSandbox?
    ) throws -> NamedThread {
        let (configuration, counts, stopping) = (self.configuration, self.counts, self.stopping)
        return try NamedThread("fleet", stackBytes: 8 << 20) {
            do {
                var loop = try FleetLoop(
                    configuration: configuration, subscriber: subscriber, publisher: publisher, counts: counts, customers: customers,
                    arrivals: arrivals, stopping: stopping)
                try loop.run()
            } catch {
                counts.failed("the fleet stopped: \(error)")
            }
        }
    }

    /// MQTT 5, so that the broker forgets the session soon after the fleet has gone.
    private func mqttConfiguration(clientID: String) -> MQTTConfiguration {
        var settings = MQTTConfiguration(host: configuration.brokerHost, port: configuration.brokerPort, clientID: clientID)
        settings.version = .v5
        settings.subscriptions = ["devices/+/commands/+", "device/+/request"]
        settings.sessionExpirySeconds = 30
        settings.minimumRetryMilliseconds = 200
        settings.maximumRetryMilliseconds = 5_000
        return settings
    }
}

/// Raised once, seen by all threads.
final class StopFlag: Sendable {
    private let raised = Atomic<Bool>(false)
    var isRaised: Bool { raised.load(ordering: .relaxed) }
    func raise() { raised.store(true, ordering: .relaxed) }
}

/// What the connection said last.
final class ConnectionNote: Sendable {
    private let note = Mutex<String?>("not connected yet")
    var problem: String? { note.withLock { $0 } }

    func record(_ event: ConnectionEvent) {
        note.withLock { note in
            switch event {
            case .connected, .subscribed, .unsubscribed: note = nil
            case .disconnected(let error), .refused(let error), .subscriptionRefused(_, let error): note = error.description
            }
        }
    }
}

/// A cartridge that somebody is about to put into a device.
struct Arrival: Sendable, Equatable {
    var device: String
    var supply: String
}

/// From the supplier's thread to the fleet's.
final class InstallationInbox: Sendable {
    private let arrivals = Mutex<[Arrival]>([])

    func add(_ arrival: Arrival) {
        arrivals.withLock { if $0.count < 10_000 { $0.append(arrival) } }
    }

    func drain() -> [Arrival] {
        arrivals.withLock { arrivals in
            defer { arrivals.removeAll(keepingCapacity: true) }
            return arrivals
        }
    }
}
