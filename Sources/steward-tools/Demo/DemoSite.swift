import FoundationEssentials
import Gateway
import Glibc
import Outbound
import SimulatedFleet
import TerminalProgram

/// The processes and files of one demo, in a directory of its own.
final class DemoSite {
    let url: String
    private let directory: String
    private let keepsFiles: Bool
    private let brokerPort: Int
    private let supplierPort: Int
    private let profiles: String
    private let client: WebhookClient
    private let secret: String
    private var fleetConfiguration: FleetConfiguration
    private var broker: ChildProcess?
    private var gateway: ChildProcess?
    private var fleet: FleetRunner?

    init(_ arguments: Arguments) throws {
        keepsFiles = arguments.value("keep") != nil
        directory = try arguments.value("keep") ?? Self.temporaryDirectory()
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        profiles = try Self.absolute(arguments.value("profiles") ?? "DeviceProfiles")
        brokerPort = try FreePort.find()
        supplierPort = try FreePort.find()
        url = "http://127.0.0.1:\(try FreePort.find())"
        client = try WebhookClient()
        secret = try WebhookSignature.makeSecret()
        fleetConfiguration = try SimulateCommand.fleet(arguments)
        fleetConfiguration.brokerPort = brokerPort
        fleetConfiguration.supplierListen = "127.0.0.1:\(supplierPort)"
        fleetConfiguration.apiURL = url
        fleetConfiguration.webhookSecret = secret
    }

    private static func temporaryDirectory() throws -> String {
        var template = Array("/tmp/steward-demo-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CommandFailure("no directory under /tmp: \(String(cString: strerror(errno)))") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func absolute(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else {
            throw CommandFailure("\(path): \(String(cString: strerror(errno))); name the device profiles with --profiles DIR")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The program that is shipped lies beside this one.
    private static func gateway() throws -> String {
        let own = try absolute("/proc/self/exe")
        let path = own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/steward"
        guard access(path, X_OK) == 0 else {
            throw CommandFailure("\(path) is not there: swift build -c release --static-swift-stdlib --product steward")
        }
        return path
    }

    private func file(_ name: String) -> String { directory + "/" + name }

    private func write(_ text: String, to name: String) throws {
        do { try Data(text.utf8).write(to: URL(filePath: file(name))) } catch {
            throw CommandFailure("\(file(name)) cannot be written: \(error)")
        }
    }

    func start() throws {
        let places: [String] = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto"]
        guard let mosquitto = places.first(where: { (place: String) in access(place, X_OK) == 0 }) else {
            throw CommandFailure("mosquitto is not installed: apt-get install mosquitto")
        }
        try write(
            """
            listener \(brokerPort) 127.0.0.1
            allow_anonymous true
            max_queued_messages 0
            max_inflight_messages 1000
            set_tcp_nodelay true
            persistence false

            """, to: "mosquitto.conf")
        try write(secret + "\n", to: "webhook.secret")
        try write(
            """
            {
              gateway: { id: "demo" },
              mqtt: { host: "127.0.0.1", port: \(brokerPort) },
              store: { path: "\(file("steward.db"))" },
              profiles: ["\(profiles)"],
              http: { listen: "\(url.dropFirst("http://".count))" },
              orders: { url: "http://127.0.0.1:\(supplierPort)/orders", secretFile: "\(file("webhook.secret"))" },
            }

            """, to: "steward.json")
        broker = try ChildProcess("mosquitto", [mosquitto, "-c", file("mosquitto.conf")], log: file("mosquitto.log"))
        gateway = try ChildProcess(
            "steward run", [try Self.gateway(), "run", "--config", file("steward.json")], log: file("steward.log"))
        try waitUntilReady()
        // The simulated supplier and customers use the operator's token.
        fleetConfiguration.apiToken = try TokenFile.read(Credential.file(besideStore: file("steward.db")))
        let fleet = try FleetRunner(configuration: fleetConfiguration)
        try fleet.start()
        self.fleet = fleet
    }

    private func waitUntilReady() throws {
        for _ in 0..<200 {
            if let problem { throw CommandFailure(problem) }
            if case .response(let response) = client.send(WebhookRequest(method: .get, url: url + "/readyz")), response.status == 200 {
                return
            }
            usleep(50_000)
        }
        throw CommandFailure("the gateway was not ready after 10 s:\n\(log("steward.log"))")
    }

    /// What has gone wrong with one of the processes, with its last words.
    var problem: String? {
        if broker?.isRunning == false { return "mosquitto has ended:\n\(log("mosquitto.log"))" }
        if gateway?.isRunning == false { return "the gateway has ended:\n\(log("steward.log"))" }
        return nil
    }

    private func log(_ name: String) -> String {
        let text = (try? Data(contentsOf: URL(filePath: file(name)))).map { String(decoding: $0.suffix(2000), as: UTF8.self) } ?? ""
        return text.split(separator: "\n").suffix(10).joined(separator: "\n")
    }

    private func get(_ path: String) throws -> APIValue {
        let answer = client.send(WebhookRequest(method: .get, url: url + path, maximumResponseBytes: 4 << 20))
        guard case .response(let response) = answer, response.status == 200 else { return APIValue(nil) }
        return try APIValue(parsing: response.body)
    }

    func journal() throws -> APIValue { try get("/api/v1/journal?limit=500") }
    func status() throws -> APIValue { try get("/api/v1/status") }
    var fleetStatistics: FleetStatistics { fleet?.statistics ?? FleetStatistics() }

    /// Ends everything in the order in which it depends on one another.
    func stop() {
        fleet?.stop()
        gateway?.stop()
        broker?.stop()
        if !keepsFiles { try? FileManager.default.removeItem(atPath: directory) }
    }
}
