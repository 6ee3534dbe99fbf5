/// One word after the program's name, or two, such as `profile check`. A type each, in a file of its own, and a line in the list of main.swift.
package protocol Subcommand: SendableMetatype {
    static var name: String { get }
    /// One line, beginning with a verb, without a full stop.
    static var summary: String { get }
    static var usage: Usage { get }
    /// Throws `UsageError` for a bad value, `CommandFailure` for what has gone wrong; any other error is exit code 1.
    static func run(_ arguments: Arguments) throws -> ExitCode
}
