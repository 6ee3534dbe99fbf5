/// What the program tells the shell.
package enum ExitCode: Int32, Sendable {
    case ok = 0
    case failed = 1
    /// The command line was wrong; nothing was done.
    case usage = 2
    /// What was asked for does not exist.
    case notFound = 3
    /// It may have been done, or not; the message says how to find out.
    case unknown = 4
}

/// The command line is wrong. The message says what is, and what would be right.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}

/// A subcommand could not do its work. The message says why, and what to do.
package struct CommandFailure: Error, Equatable, CustomStringConvertible {
    package let message: String
    package let exitCode: ExitCode

    package init(_ message: String, exitCode: ExitCode = .failed) {
        self.message = message
        self.exitCode = exitCode
    }

    package var description: String { message }
}
