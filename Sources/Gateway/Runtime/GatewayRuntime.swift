import CMalloc
import CoreViews
import Documents
import GatewayCore
import Glibc
import HTTPService
import Hashing
import MQTTLink
import Outbound
import Replenishment
import SQLiteStore
import Sparkplug
import Synchronization
import Telemetry
import Threading

/// The running gateway: opens the store, rebuilds the core, wires the threads, and turns the ingest loop until it is told to stop.
public final class GatewayRuntime {
    private let configuration: GatewayConfiguration
    private let store: Store
    private let core: CoreWorker
    private let mailbox: ControlMailbox
    private let commands: CommandClient
    /// Announces the host in the second form, where the configuration names two: a connection has one last will.
    private let secondState: CommandClient?
    private let workers: SupplierWorkers
    private let loop: IngestLoop
    private let statistics = GatewayStatistics()
    private let marker: CrashMarker
    private let wake: WakeEvent
    private let reloads: ReloadRequests
    private var server: HTTPServer?
    private var settings: MQTTConfiguration
    private var systemd = SystemdNotifier()
    private var reloading: Reload?

    /// Reads and opens everything that can fail at start: configuration, profiles, secrets, store.
    public init(configuration: GatewayConfiguration) throws {
        var configuration = configuration
        configuration.core.tableHash = KeyedHash(seed: UInt64.random(in: .min ... .max))
        self.configuration = configuration
        let memoryBytes = MemoryLimit.set(megabytes: configuration.memoryMegabytes)
        let profiles = try ProfileLoader.load(configuration.profiles, warn: Self.log)
        try Self.checkExpected(configuration, profiles)
        settings = try Self.mqttSettings(configuration, profiles)
        wake = try WakeEvent()
        reloads = ReloadRequests(wake: wake, inEffect: profiles.map(\.name))
        let opening = try StoreOpening(configuration: configuration, profiles: profiles)
        (store, marker) = (opening.store, opening.marker)
        let recovery = try Recovery(opening)
        let clock = GatewayClock(
            lastCommittedMilliseconds: recovery.core.now, memory: ClockMemory(marker.progress + ProgressWord.clock), statistics: statistics)
        mailbox = ControlMailbox(wake: wake)
        let wake = wake
        core = CoreWorker(core: recovery.core, statistics: statistics, progress: marker.progress, onOutput: { wake.signal() })
        core.begin(with: recovery.outputs)
        let announcements = Self.announcements(configuration.mqtt)
        let commands = try CommandClient(configuration: settings, announcement: announcements.first) { event in
            // What else befalls it befalls the reading client, too, which tells it.
            guard case .refused(let error) = event else { return }
            Log.warning("the broker refuses the connection for commands; it is tried again", ["reason": error.message])
        }
        self.commands = commands
        var secondState: CommandClient?
        if let announcement = announcements.dropFirst().first {
            var own = settings
            own.clientID += "-state"
            secondState = try CommandClient(configuration: own, announcement: announcement)
        }
        self.secondState = secondState
        workers = try SupplierWorkers(configuration, mailbox: mailbox)
        let outbox = try OutboxPump(store: store, mailbox: mailbox, statistics: statistics, commands: commands, workers: workers)
        loop = try IngestLoop(
            configuration: configuration, opening: opening, core: core, mailbox: mailbox, outbox: outbox, statistics: statistics,
            clock: clock, wake: wake,
            announce: { [secondState] in
                commands.setAnnouncing($0)
                secondState?.setAnnouncing($0)
            })
        let warning = MemoryNeed.warning(
            configuration.core, devices: recovery.core.deviceCount, stateBytes: recovery.core.stateBytes - recovery.core.detectorBytes,
            available: memoryBytes)
        if let warning { Log.warning(warning) }
        // The bytes of the snapshot have become the state.
        malloc_trim(0)
        if recovery.core.restartedWatches > 0 {
            Log.info(
                "anomaly detectors of another version begin anew; they warn when they have learned for two days",
                ["metrics": String(recovery.core.restartedWatches)])
        }
        Log.info(
            "the state is rebuilt",
            [
                "profiles": profiles.map(\.name).joined(separator: " "), "replayed": String(recovery.replayedEvents),
                "devices": String(recovery.core.totals().devices),
                "memoryLimitMiB": memoryBytes.map { String($0 >> 20) } ?? "none",
            ])
    }

    /// Everything that `init` would refuse and that can be seen without opening store, port or connection.
    public static func check(_ configuration: GatewayConfiguration) throws -> [DeviceProfile] {
        let profiles = try ProfileLoader.load(configuration.profiles)
        try checkExpected(configuration, profiles)
        let settings = try mqttSettings(configuration, profiles)
        for file in [settings.tls?.authorityFile, settings.tls?.certificateFile, settings.tls?.keyFile].compactMap({ $0 })
        where access(file, R_OK) != 0 {
            throw ConfigurationError("mqtt.tls: \(file): \(String(cString: strerror(errno)))")
        }
        try SupplierWorkers.check(configuration)
        if let file = configuration.http.tokenFile { _ = try FileProblem.secret(file, key: "http.tokenFile") }
        let own = Credential.file(besideStore: configuration.store.path)
        if configuration.http.tokenFile == nil, access(own, F_OK) == 0 { _ = try FileProblem.secret(own, key: "the operator's token") }
        let directory = configuration.store.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let place = directory.isEmpty ? (configuration.store.path.hasPrefix("/") ? "/" : ".") : directory
        guard access(place, W_OK) == 0 else { throw ConfigurationError("store.path: \(place): \(String(cString: strerror(errno)))") }
        return profiles
    }

    static func mqttSettings(_ configuration: GatewayConfiguration, _ profiles: [DeviceProfile]) throws -> MQTTConfiguration {
        let mqtt = configuration.mqtt
        var settings = MQTTConfiguration(host: mqtt.host, port: mqtt.port, clientID: mqtt.clientID)
        settings.version = mqtt.version
        settings.username = mqtt.username
        settings.password = try mqtt.passwordFile.map { Array(try FileProblem.secret($0, key: "mqtt.passwordFile").utf8) }
        if mqtt.isTLS { settings.tls = .init(authorityFile: mqtt.caFile, certificateFile: mqtt.certificateFile, keyFile: mqtt.keyFile) }
        settings.subscriptions = subscriptions(configuration, profiles)
        settings.keepAliveSeconds = mqtt.keepAliveSeconds
        settings.receiveMaximum = mqtt.receiveMaximum
        settings.maximumPacketBytes = configuration.core.maximumPayloadBytes + 70_000
        return settings
    }

    /// What the gateway says of itself as a Sparkplug host, a form each.
    private static func announcements(_ mqtt: GatewayConfiguration.MQTTSettings) -> [Announcement] {
        guard let host = mqtt.sparkplugHostID else { return [] }
        return mqtt.sparkplugStates.compactMap { state in
            state.topic(host: host).map { topic in
                Announcement(topic: topic) { state.payload(isOnline: $0, timestampMilliseconds: $1) }
            }
        }
    }

    private static func subscriptions(_ configuration: GatewayConfiguration, _ profiles: [DeviceProfile]) -> [String] {
        let own = configuration.mqtt.subscriptions
        let read = own.isEmpty ? ProfileLoader.subscriptions(profiles) : own
        guard let status = configuration.core.replenishment.statusTopic?.subscription, !read.contains(status) else { return read }
        return read + [status]
    }

    /// Runs until SIGTERM or SIGINT, and ends with everything committed.
    public func run() throws {
        Signals.install(waking: wake)
        try core.start()
        let api = try GatewayAPI(
            configuration: configuration, core: core, mailbox: mailbox, statistics: statistics,
            reloads: reloads)
        let server = try api.serve()
        self.server = server
        try loop.connect(settings)
        Log.info(
            "ready", ["http": "http://\(server.boundAddress)/", "store": configuration.store.path, "gateway": configuration.gatewayID])
        systemd.tell("READY=1")
        loop.heartbeat = { [unowned self] in systemd.ping(coreStalledMilliseconds: core.stalledMilliseconds) }
        while !Signals.wantsStop.load(ordering: .relaxed) {
            turnReload()
            try loop.turn()
            systemd.ping(coreStalledMilliseconds: core.stalledMilliseconds)
        }
        stop()
    }

    /// A reload under way: what the core was given, and whose request it answers.
    private struct Reload {
        var profiles: [DeviceProfile]
        var settings: MQTTConfiguration
        var request: Int64?
    }

    /// Begins a reload that was requested, or ends one that the core has answered. The ingest loop runs meanwhile, because the core needs a
    /// while for twenty thousand devices.
    private func turnReload() {
        if let running = reloading {
            guard let coreAnswer = reloads.collectCoreAnswer() else { return }
            reloading = nil
            endReload(running, coreAnswer.problem)
        }
        let request = reloads.pending()
        guard Signals.wantsReload.exchange(false, ordering: .relaxed) || request != nil else { return }
        systemd.tell("RELOADING=1")
        reloads.begin()
        do {
            let profiles = try ProfileLoader.load(configuration.profiles, warn: Self.log)
            reloading = Reload(profiles: profiles, settings: try Self.mqttSettings(configuration, profiles), request: request)
            core.reload(profiles) { [reloads] problem in reloads.coreAnswered(problem) }
        } catch {
            refuseReload(request, error)
        }
    }

    private static func log(_ warning: Diagnostic) {
        Log.warning("a device profile is loaded with a warning", ["warning": warning.description])
    }

    private static func checkExpected(_ configuration: GatewayConfiguration, _ profiles: [DeviceProfile]) throws {
        for (device, expected) in configuration.core.expected.sorted(by: { $0.key < $1.key })
        where !profiles.contains(where: { $0.name == expected.profile }) {
            let known = profiles.map(\.name).sorted().joined(separator: ", ")
            throw ConfigurationError(
                "devices.\(device).expected: there is no profile \"\(expected.profile)\"; loaded are \(known)")
        }
    }

    /// All or nothing: with a mistake in any profile the old ones stay.
    private func refuseReload(_ request: Int64?, _ error: any Error) {
        statistics.profileReloadFailures.add(1, ordering: .relaxed)
        Log.error(
            "the profiles were not reloaded; the old ones stay",
            ["reason": "\(error)", "inEffect": reloads.status().inEffect.joined(separator: " ")])
        reloads.end(request, .refused(reason: "\(error)", diagnostics: (error as? DocumentProblems)?.diagnostics ?? []))
        systemd.tell("READY=1")
    }

    private func endReload(_ reload: Reload, _ problem: String?) {
        if let problem { return refuseReload(reload.request, ConfigurationError(problem)) }
        let names = reload.profiles.map(\.name)
        statistics.profileReloads.add(1, ordering: .relaxed)
        Log.info("profiles are reloaded", ["profiles": names.joined(separator: " ")])
        if reload.settings != settings {
            do {
                try loop.connect(reload.settings)
                settings = reload.settings
            } catch {
                // The profiles are in effect all the same; what was said of them stays true.
                Log.error("the new topics could not be subscribed to; the next reload tries it again", ["reason": "\(error)"])
            }
        }
        reloads.end(reload.request, .reloaded(names))
        systemd.tell("READY=1")
    }

    private func stop() {
        systemd.tell("STOPPING=1")
        // Senders that still wait get the outcome that is known by now; then the threads that served them can end.
        reloads.close()
        core.closeForQuestions()
        mailbox.close()
        server?.stop()
        loop.stop()
        commands.close()
        secondState?.close()
        workers.stop()
        core.stop()
        do { try store.close() } catch { Log.warning("the store was not closed in order; nothing is lost", ["reason": "\(error)"]) }
        Log.info("stopped")
    }
}
