import Gateway
import TerminalProgram

/// `steward profile draft`: a profile to begin with, from nothing but recorded messages.
enum ProfileDraftCommand: Subcommand {
    static let name = "profile draft"
    static let summary = "propose a profile from a recording"
    static let usage = Usage(
        positionals: [.required("RECORDING", "a file of lines {\"time\": ms, \"topic\": …, \"payload\": …}; - is standard input")],
        options: ProposalOutput.options,
        notes: """
            Topics become patterns with {device}, members become metrics. Kinds are guessed: a counter never falls, a state has few words.
            What was left open stands in comments. Check the result, and replay the recording with it:
            steward profile check FILE && steward replay --profiles FILE RECORDING
            """)

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let messages = try ProposalInput.recording(arguments.positionals[0])
        let draft = RecordingDraft(messages.messages)
        let left = messages.droppedMessages > 0 ? ["left out: \(messages.droppedMessages) messages beyond what is read at once"] : []
        return try ProposalOutput.write(
            draft.profiles, notes: left + draft.notes, arguments, nothing: "the recording has no message that a profile could read")
    }
}
