import Foundation
import Glibc

/// A real mosquitto on a free port of the loopback interface, in a directory of its own, ended by process id.
final class Broker {
    let port: Int
    let directory: URL
    private let configurationFile: URL
    private var child: Child?

    /// - Parameter lines: further lines of mosquitto.conf; `DIR` in them is this broker's directory.
    init(lines: [String] = ["allow_anonymous true"], directory: URL? = nil) throws {
        let directory = try directory ?? Broker.temporaryDirectory()
        let port = Broker.freePort()
        self.port = port
        self.directory = directory
        configurationFile = directory.appendingPathComponent("mosquitto-\(port).conf")
        // Sessions must outlive a restart of the broker, and nothing may be dropped: the tests count messages.
        var text = "listener \(port) 127.0.0.1\nmax_inflight_messages 0\nmax_queued_messages 0\n"
        text += "user \(String(cString: getpwuid(getuid()).pointee.pw_name))\n"
        text += "persistence true\npersistence_location \(directory.path)/\npersistence_file mosquitto-\(port).db\n"
        text += lines.map { $0.replacingOccurrences(of: "DIR", with: directory.path) }.joined(separator: "\n") + "\n"
        try text.write(to: configurationFile, atomically: true, encoding: .utf8)
        try start()
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: directory)
    }

    func start() throws {
        child = try Child("/usr/sbin/mosquitto", ["-c", configurationFile.path])
        guard waitUntil({ Broker.accepts(port: self.port) }) else { throw TestFailure("mosquitto did not start on port \(port)") }
    }

    func stop() {
        child?.terminate()
        child = nil
    }

    /// Publishes by mosquitto_pub, one message a line.
    func publish(_ topic: String, lines: [String], arguments: [String] = []) throws {
        let input = directory.appendingPathComponent(UUID().uuidString).path
        try lines.map { $0 + "\n" }.joined().write(toFile: input, atomically: false, encoding: .utf8)
        let all = ["-h", "127.0.0.1", "-p", "\(port)", "-q", "1", "-t", topic, "-l"] + arguments
        guard try Child("/usr/bin/mosquitto_pub", all, input: input).wait() == 0 else { throw TestFailure("mosquitto_pub failed") }
    }

    static func temporaryDirectory() throws -> URL {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("mqttlink-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    @discardableResult
    static func run(_ program: String, _ arguments: [String], in directory: URL) throws -> Int32 {
        try Child(program, arguments, directory: directory.path).wait()
    }

    /// A port from 29000 upwards that can be bound now.
    static func freePort() -> Int {
        while true {
            let port = Int.random(in: 29000...31999)
            if bindable(port: port) { return port }
        }
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    private static func withSocket(_ port: Int, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = address(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    static func bindAndListen(_ descriptor: Int32, port: Int) -> Bool {
        var address = address(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(descriptor, 5) == 0
            }
        }
    }

    private static func bindable(port: Int) -> Bool { withSocket(port) { bind($0, $1, $2) } }
    private static func accepts(port: Int) -> Bool { withSocket(port) { connect($0, $1, $2) } }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Polls a condition; false when it did not come true within the limit.
func waitUntil(seconds: Double = 20, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Date().addingTimeInterval(seconds)
    while Date() < deadline {
        if try condition() { return true }
        usleep(5000)
    }
    return false
}
