import Gateway
import TerminalProgram

/// What the subcommands that change something have in common: they send under an id, and report whether it was recorded.
enum ChangeCommand {
    static let options: [Usage.Option] =
        APIClient.options + [.value("request-id", "ID", "send under this id: what was sent under it before is not done again")]

    /// Sends, and prints the answer or the sentence made of it.
    static func send(
        _ arguments: Arguments, _ path: [String], _ body: [UInt8], _ sentence: (APIValue) -> String = { _ in "Recorded." }
    ) throws -> ExitCode {
        let answer = try APIClient(arguments).post(path, body)
        guard !arguments.has("json") else {
            Console.print(json: answer)
            return .ok
        }
        Console.print(sentence((try? APIValue(parsing: answer)) ?? APIValue(nil)) + "\n")
        return .ok
    }
}
