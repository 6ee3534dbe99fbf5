import Glibc
import TerminalProgram

/// What is not for a site is a program of its own, `steward-tools`. Where it lies beside this one its subcommands work here as well.
enum DeveloperTools {
    static let names = ["simulate", "demo", "bench"]

    /// Goes on as `steward-tools` with the same words; comes back only when that is not possible.
    static func run(_ words: [String]) -> ExitCode {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard readlink("/proc/self/exe", &path, path.count - 1) > 0 else { return refuse(words) }
        let own = String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let tools = own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/steward-tools"
        var arguments: [UnsafeMutablePointer<CChar>?] = ([tools] + words).map { strdup($0) } + [nil]
        execv(tools, &arguments)
        for argument in arguments { free(argument) }
        return refuse(words)
    }

    private static func refuse(_ words: [String]) -> ExitCode {
        Console.error(
            "steward: \"\(words[0])\" belongs to steward-tools, which is not beside this program; in the source tree: "
                + "swift build -c release --static-swift-stdlib --product steward-tools")
        return .usage
    }
}
