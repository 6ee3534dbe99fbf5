import GatewayCore
import Glibc
import HTTPService
import MQTTLink
import Outbound
import SQLiteStore
import Telemetry

/// The running gateway: opens the store, rebuilds the core, wires the threads, and turns the ingest loop until it is told to stop.
public final class GatewayRuntime {
    private let configuration: GatewayConfiguration
    private let store: Store
    private let core: CoreWorker
    private let mailbox: ControlMailbox
    private let commands: CommandClient
    private let desk: SupplierDesk
    private let loop: IngestLoop
    private let statistics = GatewayStatistics()
    private let marker: CrashMarker
    private let wake: WakeEvent
    private let reloads: ReloadDesk
    private var server: HTTPServer?
    private var settings: MQTTConfiguration
    private var systemd = SystemdNotifier()

    /// Everything that can be wrong at start is found here, before anything is promised: configuration, profiles, secrets, store, port.
    public init(configuration: GatewayConfiguration) throws {
        self.configuration = configuration
        let memoryBytes = MemoryLimit.set(megabytes: configuration.memoryMegabytes)
        let profiles = try ProfileLoader.load(configuration.profiles)
        settings = try Self.mqttSettings(configuration, profiles)
        wake = try WakeEvent()
        reloads = ReloadDesk(wake: wake)
        store = try Store(path: configuration.store.path, limits: configuration.limits)
        marker = try CrashMarker(path: configuration.store.path + ".progress")
        let recovery = try Recovery(configuration: configuration, profiles: profiles, store: store, marker: marker)
        mailbox = ControlMailbox(wake: wake)
        let wake = wake
        core = CoreWorker(core: recovery.core, statistics: statistics, progress: marker.progress, onOutput: { wake.signal() })
        core.begin(with: recovery.outputs)
        let announcement = configuration.mqtt.sparkplugHostID.flatMap(SparkplugState.topic).map { topic in
            Announcement(topic: topic) { SparkplugState.payload(isOnline: $0, timestampMilliseconds: $1) }
        }
        let commands = try CommandClient(configuration: settings, announcement: announcement)
        self.commands = commands
        desk = try SupplierDesk(configuration, mailbox: mailbox)
        let outbox = try OutboxPump(store: store, mailbox: mailbox, statistics: statistics, commands: commands, desk: desk)
        loop = try IngestLoop(
            configuration: configuration, store: store, core: core, mailbox: mailbox, outbox: outbox, statistics: statistics, wake: wake,
            announce: { commands.setAnnouncing($0) })
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
        let settings = try mqttSettings(configuration, profiles)
        for file in [settings.tls?.authorityFile, settings.tls?.certificateFile, settings.tls?.keyFile].compactMap({ $0 })
        where access(file, R_OK) != 0 {
            throw ConfigurationError("mqtt.tls: \(file): \(String(cString: strerror(errno)))")
        }
        try SupplierDesk.check(configuration)
        if let file = configuration.http.tokenFile { _ = try FileProblem.secret(file, key: "http.tokenFile") }
        let directory = configuration.store.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let place = directory.isEmpty ? (configuration.store.path.hasPrefix("/") ? "/" : ".") : directory
        guard access(place, W_OK) == 0 else { throw ConfigurationError("store.path: \(place): \(String(cString: strerror(errno)))") }
        return profiles
    }

    static func mqttSettings(_ configuration: GatewayConfiguration, _ profiles: [DeviceProfile]) throws -> MQTTConfiguration {
        let mqtt = configuration.mqtt
        let tls =
            mqtt.isTLS
            ? MQTTConfiguration.TLS(authorityFile: mqtt.caFile, certificateFile: mqtt.certificateFile, keyFile: mqtt.keyFile) : nil
        return MQTTConfiguration(
            host: mqtt.host, port: mqtt.port, clientID: mqtt.clientID, version: mqtt.version == 5 ? .v5 : .v311, username: mqtt.username,
            password: try mqtt.passwordFile.map { Array(try FileProblem.secret($0, key: "mqtt.passwordFile").utf8) }, tls: tls,
            subscriptions: subscriptions(configuration, profiles),
            keepAliveSeconds: mqtt.keepAliveSeconds, receiveMaximum: mqtt.receiveMaximum,
            maximumPacketBytes: configuration.core.maximumPayloadBytes + 70_000)
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
        while !Signals.wantsStop.load(ordering: .relaxed) {
            if Signals.wantsReload.exchange(false, ordering: .relaxed) { _ = reload() }
            if let request = reloads.pending() { reloads.answer(request, reload()) }
            try loop.turn()
            systemd.ping()
        }
        stop()
    }

    /// All or nothing: with a mistake in any profile the old ones stay.
    private func reload() -> ReloadResult {
        systemd.tell("RELOADING=1")
        defer { systemd.tell("READY=1") }
        do {
            let profiles = try ProfileLoader.load(configuration.profiles)
            let next = try Self.mqttSettings(configuration, profiles)
            if let problem = core.reload(profiles) { throw ConfigurationError(problem) }
            statistics.profileReloads.add(1, ordering: .relaxed)
            Log.info("profiles are reloaded", ["profiles": profiles.map(\.name).joined(separator: " ")])
            if next != settings {
                settings = next
                try loop.connect(next)
            }
            return .reloaded(profiles.map(\.name))
        } catch {
            statistics.profileReloadFailures.add(1, ordering: .relaxed)
            Log.error("the profiles were not reloaded; the old ones stay", ["reason": "\(error)"])
            return .refused(reason: "\(error)", diagnostics: (error as? DocumentProblems)?.diagnostics ?? [])
        }
    }

    private func stop() {
        systemd.tell("STOPPING=1")
        if let request = reloads.pending() { reloads.answer(request, .refused(reason: "the gateway is stopping", diagnostics: [])) }
        server?.stop()
        loop.stop()
        commands.close()
        desk.stop()
        core.stop()
        do { try store.close() } catch { Log.warning("the store was not closed in order; nothing is lost", ["reason": "\(error)"]) }
        Log.info("stopped")
    }
}
