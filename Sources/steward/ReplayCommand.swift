import Gateway
import GatewayCore
import Glibc
import TerminalProgram

/// `steward replay`: the core of `run` over a recording.
enum ReplayCommand: Subcommand {
    static let name = "replay"
    static let summary = "Run the core over recorded telemetry and print its decisions"
    static let usage = Usage(
        positionals: [.required("INPUT", "a file of lines {\"time\": ms, \"topic\": …, \"payload\": …}; - is standard input")],
        options: [
            .value("profiles", "DIR", "device profiles; may be given again (default: those of the configuration)"),
            .value("config", "FILE", "a configuration, for its limits and profiles"),
            .flag("report", "print the account of downtime instead of the decisions, as steward report does"),
            .value("by", "device|day", "with --report: also a table of them"), .flag("json", "with --report: as JSON"),
            .flag("digest", "print the digest of the final state on standard error"),
        ],
        notes: "Nothing is sent. Each decision is a line of JSON; a summary goes to standard error.")

    static func run(_ arguments: Arguments) throws -> ExitCode {
        var configuration = try arguments.value("config").map { try ConfigurationReader.read(path: $0) } ?? GatewayConfiguration()
        let directories = arguments.values("profiles")
        if !directories.isEmpty { configuration.profiles = directories }
        configuration.core.keepsHistory = false
        guard var replay = Replay(configuration: configuration.core, profiles: try ProfileLoader.load(configuration.profiles)) else {
            throw CommandFailure("there is not enough memory to begin")
        }
        let path = arguments.positionals[0]
        guard let lines = LineReader(path: path) else {
            throw CommandFailure("\(path): \(String(cString: strerror(errno)))", exitCode: .notFound)
        }
        let isReport = arguments.has("report")
        for option in ["by", "json"] where arguments.has(option) && !isReport { throw UsageError("--\(option) belongs to --report") }
        var out = OutputBuffer()
        var complaints = 0
        while let line = lines.next() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            do {
                try replay.process(line) { if !isReport { out.write($0) } }
            } catch {
                complaints += 1
                if complaints <= 10 { Console.error("steward replay: \(path):\(lines.number): \(error)") }
            }
        }
        replay.finish { if !isReport { out.write($0) } }
        out.flush()
        if isReport { try report(replay.report(by: arguments.value("by")), arguments) }
        let summary = replay.summary
        Console.error(
            "steward replay: \(summary.lines) lines, \(summary.decisions) decisions, \(summary.deadLetters) dead letters, \(summary.unreadableLines) unreadable lines"
        )
        if replay.strangers > 0 {
            Console.error(
                "steward replay: in \(replay.strangers) messages, of devices that are not known, no profile read anything (steward profile test shows why)"
            )
        }
        if summary.cutPauses > 0 {
            Console.error("steward replay: \(summary.cutPauses) pauses were so long that not all that came due in them was taken")
        }
        Console.error(BacktestText.lines(replay.backtests))
        if arguments.has("digest") { Console.error("digest \(replay.digest)") }
        return summary.lines == summary.unreadableLines && summary.lines > 0 ? .failed : .ok
    }

    private static func report(_ document: [UInt8]?, _ arguments: Arguments) throws {
        guard let document else { throw CommandFailure("the recording tells no state of a device: no profile that matched has a status") }
        if arguments.has("json") { return Console.print(json: document) }
        Console.print(ReportCommand.render(try APIValue(parsing: document), arguments, .current()))
    }
}

/// Lines of a file or of standard input, read in large pieces. A line longer than 64 MiB ends the input.
final class LineReader {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    private(set) var number = 0
    private static let maximumLineBytes = 64 << 20

    /// Nil when the file cannot be opened; errno tells why.
    init?(path: String) {
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return nil }
    }

    deinit { if descriptor >= 0, descriptor != STDIN_FILENO { close(descriptor) } }

    func next() -> ArraySlice<UInt8>? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                defer { start = end + 1 }
                number += 1
                return buffer[start..<end]
            }
            searched = buffer.count
            if isAtEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                number += 1
                return buffer[start...]
            }
            fill(&searched)
        }
    }

    private func fill(_ searched: inout Int) {
        buffer.removeSubrange(..<start)
        searched -= start
        start = 0
        guard buffer.count < Self.maximumLineBytes else {
            isAtEnd = true
            return
        }
        let piece = 1 << 18
        let old = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: piece))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { read(descriptor, $0 + old, piece) } ?? 0
        }
        buffer.removeLast(piece - max(count, 0))
        if count <= 0 { isAtEnd = true }
    }
}

/// Lines to standard output in large pieces.
struct OutputBuffer {
    private var bytes: [UInt8] = []

    mutating func write(_ line: [UInt8]) {
        bytes.append(contentsOf: line)
        bytes.append(0x0A)
        if bytes.count > 1 << 16 { flush() }
    }

    mutating func flush() {
        if !bytes.isEmpty { Console.print(json: bytes) }
        bytes.removeAll(keepingCapacity: true)
    }
}
