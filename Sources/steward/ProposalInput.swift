import Gateway
import Glibc
import TerminalProgram

/// What profiles are proposed from.
enum ProposalInput {
    /// The messages of a recording; lines that cannot be read are told on standard error, the first ten of them.
    static func recording(_ path: String) throws -> RecordedMessages {
        guard let lines = LineReader(path: path) else {
            throw CommandFailure("\(Arguments.shown(path)) cannot be read: \(String(cString: strerror(errno)))", exitCode: .notFound)
        }
        var messages = RecordedMessages()
        var complaints = 0
        while let line = lines.next() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            do { messages.add(try RecordedMessage(line: line)) } catch {
                complaints += 1
                if complaints <= 10 { Console.error("steward: \(path):\(lines.number): \(error)") }
            }
        }
        guard complaints == 0 || !messages.messages.isEmpty else { throw CommandFailure("\(Arguments.shown(path)) is no recording") }
        return messages
    }
}
