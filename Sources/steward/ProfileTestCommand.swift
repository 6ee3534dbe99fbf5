import FoundationEssentials
import Gateway
import Glibc
import TerminalProgram

/// `steward profile test`: one message, and what a profile makes of it.
enum ProfileTestCommand: Subcommand {
    static let name = "profile test"
    static let summary = "show what a profile reads from one message"
    static let usage = Usage(
        options: [
            .value("profile", "FILE", "the profile; a directory, or given again, for those that it extends"),
            .value("topic", "TOPIC", "the topic of the message"),
            .value("file", "PAYLOAD", "the payload; standard input unless given"),
            .value("time", "TIME", "when it arrives; now unless given"),
            .flag("retained", "take it as a retained message, which tells values and moves nothing"),
            .flag("json", "print the result as JSON"),
        ],
        notes: "Nothing is sent. The exit code is 1 when the message, or a part of it, cannot be used.")

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let paths = arguments.values("profile")
        guard !paths.isEmpty else { throw UsageError("--profile FILE is missing: the profile to test") }
        guard let topic = arguments.value("topic") else { throw UsageError("--topic TOPIC is missing: the topic of the message") }
        guard !topic.isEmpty, !topic.contains(where: { "+#\0".contains($0) }) else {
            throw UsageError("\(Arguments.shown(topic)) is no topic of a message: it is not empty and holds no + and no #")
        }
        let profiles = try ProfileLoader.load(paths)
        let payload = try arguments.value("file").map(contents) ?? standardInput()
        let now = Terminal.current().nowMilliseconds
        let time = arguments.value("time").map { TimeArgument.milliseconds($0, nowMilliseconds: now) } ?? now
        guard let time else {
            throw UsageError("--time cannot be \(Arguments.shown(arguments.value("time") ?? "")); it is \(TimeArgument.forms)")
        }
        guard
            let trial = ProfileTrial(
                profiles: profiles, topic: topic, payload: payload, isRetained: arguments.has("retained"), arrivalMilliseconds: time)
        else { throw CommandFailure("there is not enough memory to begin") }
        let report = ProfileTrialReport(trial)
        if arguments.has("json") {
            Console.print(json: report.json)
        } else {
            Console.print(report.text(.current()))
        }
        return trial.outcome.problems.isEmpty ? .ok : .failed
    }

    private static func contents(_ path: String) throws -> [UInt8] {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw CommandFailure("\(Arguments.shown(path)) cannot be read: \(FileProblem.reason(path))", exitCode: .notFound)
        }
        return Array(data)
    }

    /// At most 64 MiB, which is far more than any payload.
    private static func standardInput() throws -> [UInt8] {
        var payload: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while payload.count <= 64 << 20 {
            let count = piece.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandFailure("standard input cannot be read: \(String(cString: strerror(errno)))") }
            guard count > 0 else { break }
            payload += piece[..<count]
        }
        // A line feed is what a shell adds, and no part of the message.
        if payload.last == UInt8(ascii: "\n") { payload.removeLast() }
        return payload
    }
}
