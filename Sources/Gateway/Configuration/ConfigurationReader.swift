import Documents
import FoundationEssentials
import GatewayCore
import MQTTLink
import SQLiteStore
import Sparkplug

/// Reads the configuration file and tells every mistake with its place.
public enum ConfigurationReader {
    /// Throws `DocumentProblems`, or a `ConfigurationError` when the file cannot be read at all.
    public static func read(path: String) throws -> GatewayConfiguration {
        let bytes: [UInt8]
        do { bytes = Array(try Data(contentsOf: URL(filePath: path))) } catch {
            throw ConfigurationError(
                "\(path): the configuration cannot be read (\(FileProblem.reason(path))). Name another with --config FILE")
        }
        return try read(bytes, file: path)
    }

    public static func read(_ bytes: [UInt8], file: String) throws -> GatewayConfiguration {
        let root: DocumentNode
        do { root = try DocumentParser.parse(bytes, file: file) } catch { throw DocumentProblems([error]) }
        let report = DocumentReport(file: file)
        var configuration = GatewayConfiguration()
        let reader = ObjectReader(root, "the configuration", report)
        gateway(reader, &configuration)
        mqtt(reader, &configuration)
        store(reader, &configuration)
        http(reader, &configuration)
        configuration.profiles = reader.strings("profiles") ?? configuration.profiles
        configuration.orders = webhook(reader, "orders")
        configuration.tickets = webhook(reader, "tickets")
        replenishment(reader, &configuration)
        limits(reader, &configuration)
        maintenance(reader, &configuration)
        devices(reader, &configuration)
        reader.finish()
        try report.throwIfAny()
        return configuration
    }

    private static func gateway(_ reader: ObjectReader, _ configuration: inout GatewayConfiguration) {
        guard let gateway = reader.object("gateway", "the gateway's own settings") else { return }
        if let id = gateway.string("id") {
            let plain = !id.isEmpty && id.utf8.count <= 64 && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"+#/\"".utf8.contains($0) }
            if !plain {
                reader.report.add("gateway.id needs 1 to 64 plain characters without spaces, /, + and #", at: gateway.node.position)
            }
            configuration.gatewayID = id
            configuration.mqtt.clientID = "steward-" + id
        }
        configuration.core.zone = MaintenanceReader.zone(gateway).rules
        gateway.finish()
        configuration.core.gatewayID = configuration.gatewayID
    }

    private static func mqtt(_ reader: ObjectReader, _ configuration: inout GatewayConfiguration) {
        guard let mqtt = reader.object("mqtt", "the broker's settings") else { return }
        var settings = configuration.mqtt
        settings.host = mqtt.string("host") ?? settings.host
        settings.isTLS = tls(mqtt, &settings)
        settings.port = mqtt.integer("port", in: 1...65535) ?? (settings.isTLS ? 8883 : 1883)
        settings.clientID = mqtt.string("clientId") ?? settings.clientID
        switch mqtt.optional("version")?.value {
        case nil: break
        case .string(let text) where text == "auto": settings.version = .automatic
        case .string(let text) where text == "3.1.1": settings.version = .v311
        case .string(let text) where text == "5": settings.version = .v5
        case .number(5, _): settings.version = .v5
        default: reader.report.add("mqtt.version is \"auto\", \"3.1.1\" or \"5\"", at: mqtt.node.position)
        }
        settings.username = mqtt.string("username")
        settings.passwordFile = mqtt.string("passwordFile")
        settings.keepAliveSeconds = mqtt.integer("keepAliveSeconds", in: 5...65535) ?? settings.keepAliveSeconds
        settings.receiveMaximum = mqtt.integer("receiveMaximum", in: 1...65535) ?? settings.receiveMaximum
        settings.subscriptions = mqtt.strings("subscriptions") ?? []
        settings.sparkplugHostID = mqtt.string("sparkplugHostId")
        if let id = settings.sparkplugHostID, SparkplugState.version30.topic(host: id) == nil {
            reader.report.add(
                "mqtt.sparkplugHostId needs 1 to 256 characters without /, + and #", at: mqtt.node.position)
        }
        if let names = mqtt.strings("sparkplugStates") {
            settings.sparkplugStates = SparkplugState.allCases.filter { names.contains($0.rawValue) }
            if names.isEmpty || Set(names).count != settings.sparkplugStates.count || names.count != Set(names).count {
                reader.report.add("mqtt.sparkplugStates is a list of \"3.0\", \"2.2\" or both, as texts", at: mqtt.node.position)
            }
        }
        if let secret = mqtt.members.first(where: { $0.key == "password" }), mqtt.optional("password") != nil {
            reader.report.add(
                "a password never stands in the configuration: write it to a file and name it as \"passwordFile\"", at: secret.keyPosition)
        }
        mqtt.finish()
        configuration.mqtt = settings
        configuration.core.repeatWindow = max(16_384, settings.receiveMaximum * 2)
    }

    private static func tls(_ mqtt: ObjectReader, _ settings: inout GatewayConfiguration.MQTTSettings) -> Bool {
        guard let tls = mqtt.object("tls", "the TLS settings") else { return false }
        settings.caFile = tls.string("caFile")
        settings.certificateFile = tls.string("certificateFile")
        settings.keyFile = tls.string("keyFile")
        if (settings.certificateFile == nil) != (settings.keyFile == nil) {
            mqtt.report.add("certificateFile and keyFile belong together", at: tls.node.position)
        }
        tls.finish()
        return true
    }

    private static func store(_ reader: ObjectReader, _ configuration: inout GatewayConfiguration) {
        guard let store = reader.object("store", "the store's settings") else { return }
        configuration.store.path = store.string("path") ?? configuration.store.path
        store.read("keepInboxMegabytes", in: 0...1_000_000, into: &configuration.store.keepInboxBytes, times: 1 << 20)
        store.read("historyDays", in: 1...3650, into: &configuration.store.historyDays)
        store.read("historyMegabytes", in: 1...1_000_000, into: &configuration.store.historyBytes, times: 1 << 20)
        configuration.store.onDamage = store.choice("onDamage", GatewayConfiguration.OnDamage.self) ?? configuration.store.onDamage
        store.finish()
    }

    private static func http(_ reader: ObjectReader, _ configuration: inout GatewayConfiguration) {
        guard let http = reader.object("http", "the HTTP settings") else { return }
        configuration.http.listen = http.string("listen") ?? configuration.http.listen
        configuration.http.tokenFile = http.string("tokenFile")
        configuration.http.allowedHosts = http.strings("allowedHosts") ?? []
        if configuration.http.tokenFile == nil, !isLoopback(configuration.http.listen) {
            reader.report.add("http.listen is not loopback, so http.tokenFile must name a file with a token", at: http.node.position)
        }
        http.finish()
    }

    /// 127.x.y.z, [::1] or localhost with a port; a name that merely begins like one is not.
    private static func isLoopback(_ listen: String) -> Bool {
        guard let colon = listen.lastIndex(of: ":") else { return false }
        let host = listen[..<colon]
        let isIPv4 = host.hasPrefix("127.") && host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { UInt8($0) != nil }
        return isIPv4 || host == "[::1]" || host == "localhost"
    }

    private static func webhook(_ reader: ObjectReader, _ key: String) -> SupplierSettings? {
        guard let supplier = reader.object(key, "where \(key) go") else { return nil }
        defer { supplier.finish() }
        let url = supplier.requiredString("url", "an http or https address")
        if let url, !url.hasPrefix("http://"), !url.hasPrefix("https://") {
            reader.report.add("\(key).url must begin with http:// or https://", at: supplier.node.position)
        }
        var settings = SupplierSettings(name: key, way: .webhook(secretFile: supplier.string("secretFile"), replySecretFile: nil))
        settings.caFile = supplier.string("caFile")
        supplier.read("giveUpAfterHours", in: 1...8760, into: &settings.giveUpAfterMilliseconds, times: 3_600_000)
        guard let url else { return nil }
        settings.url = url
        return settings
    }

    private static func limits(_ reader: ObjectReader, _ configuration: inout GatewayConfiguration) {
        guard let limits = reader.object("limits", "the limits") else { return }
        limits.read("devices", in: 1...1_000_000, into: &configuration.core.maximumDevices)
        limits.read("payloadBytes", in: 256...(64 << 20), into: &configuration.core.maximumPayloadBytes)
        limits.read("sparkplugNodes", in: 0...100_000, into: &configuration.core.maximumSparkplugNodes)
        limits.read("sparkplugMetrics", in: 0...10_000_000, into: &configuration.core.maximumSparkplugMetrics)
        limits.read("anomalyMetrics", in: 0...1_000_000, into: &configuration.core.maximumAnomalyMetrics)
        limits.read("openCommands", in: 1...100_000, into: &configuration.core.maximumOpenRuns)
        limits.read("dispatchWindowMinutes", in: 1...1440, into: &configuration.core.dispatchWindowMilliseconds, times: 60_000)
        limits.read("outbox", in: 1...10_000_000, into: &configuration.limits.outboxEntries)
        limits.read("outboxPerDevice", in: 1...10_000_000, into: &configuration.limits.outboxEntriesPerDevice)
        limits.read("deadLetters", in: 1...10_000_000, into: &configuration.limits.deadLetterEntries)
        limits.read("journal", in: 1...100_000_000, into: &configuration.limits.journalEntries)
        configuration.memoryMegabytes = limits.integer("memoryMegabytes", in: 0...1_000_000)
        if let megabytes = configuration.memoryMegabytes, megabytes > 0, megabytes < 96 {
            limits.report.add(
                "limits.memoryMegabytes is 0 for no limit, or at least 96: the program alone takes most of that", at: limits.node.position)
        }
        limits.finish()
    }
}

extension ObjectReader {
    /// Sets a value to a whole number of the document times `factor`; without the member it stays as it is.
    func read<Number: Numeric>(_ key: String, in range: ClosedRange<Int>, into value: inout Number, times factor: Number = 1) {
        if let number = integer(key, in: range).flatMap({ Number(exactly: $0) }) { value = number * factor }
    }
}

/// Something that a person has to mend before the gateway can start; the text says what.
public struct ConfigurationError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
