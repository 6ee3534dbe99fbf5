import Foundation
import Glibc

/// A real mosquitto on the loopback interface, and real clients of it; all are ended by process id.
final class Broker {
    let port: Int
    private let directory: URL
    private var processes: [Process] = []

    init(port: Int? = nil) throws {
        self.port = port ?? Broker.freePort()
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("simulated-fleet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let file = directory.appendingPathComponent("mosquitto.conf")
        let user = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "root"
        let text = "listener \(self.port) 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nuser \(user)\n"
        try text.write(to: file, atomically: true, encoding: .utf8)
        try start("/usr/sbin/mosquitto", ["-c", file.path])
        guard waitUntil({ Broker.accepts(self.port) }) else { throw Failure(description: "mosquitto did not start on port \(self.port)") }
    }

    deinit { stop() }

    /// To be called by `defer`, which also keeps the broker from being let go after its last use in the test. SIGKILL, as children
    /// inherit the blocked signals of the test's thread and may never see SIGTERM.
    func stop() {
        for process in processes.reversed() {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        processes.removeAll()
        try? FileManager.default.removeItem(at: directory)
    }

    struct Failure: Error { var description: String }

    private func start(_ program: String, _ arguments: [String], output: FileHandle = .nullDevice) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        processes.append(process)
    }

    /// Everything that goes over the broker from now on, as lines "topic payload".
    func listen() throws -> () -> [String] {
        let file = directory.appendingPathComponent("heard-\(processes.count)")
        try Data().write(to: file)
        let output = try FileHandle(forWritingTo: file)
        let port = ["-h", "127.0.0.1", "-p", "\(self.port)"]
        try start("/usr/bin/mosquitto_sub", port + ["-v", "-q", "1", "-t", "#"], output: output)
        let heard = {
            (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n").map(String.init) ?? []
        }
        guard
            try waitUntil({
                try self.publish("probe", "x")
                return !heard().isEmpty
            })
        else { throw Failure(description: "mosquitto_sub heard nothing") }
        return heard
    }

    func publish(_ topic: String, _ payload: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/mosquitto_pub")
        process.arguments = ["-h", "127.0.0.1", "-p", "\(port)", "-q", "1", "-t", topic, "-m", payload]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(description: "mosquitto_pub failed") }
    }

    static func freePort() -> Int {
        while true {
            let port = Int.random(in: 29_000...31_999)
            if withSocket(port, { bind($0, $1, $2) }) { return port }
        }
    }

    private static func accepts(_ port: Int) -> Bool { withSocket(port) { connect($0, $1, $2) } }

    private static func withSocket(_ port: Int, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Polls a condition; false when it did not come true within the limit.
func waitUntil(seconds: Double = 30, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = Date(timeIntervalSinceNow: seconds)
    repeat {
        if try condition() { return true }
        usleep(20_000)
    } while Date() < end
    return try condition()
}
