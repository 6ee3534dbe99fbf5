import Gateway
import Glibc
import TerminalProgram

/// Where the token of the API comes from.
struct OperatorToken {
    var token: String?
    /// Why the gateway's own file cannot be used; shown when the gateway asks for a token.
    var advice: String?

    static let defaultConfiguration = "/etc/steward/steward.json"
    static let defaultStore = "/var/lib/steward/steward.db"

    /// A token file that was named is used. Otherwise the gateway's own file is used, but only for a gateway of this machine: no other host may
    /// learn the token, nor a program of another user that listens in the gateway's place while that is down.
    static func find(_ arguments: Arguments, url: String) throws -> OperatorToken {
        if let file = arguments.value("token-file") ?? Terminal.environment("STEWARD_TOKEN_FILE") {
            return OperatorToken(token: try TokenFile.read(file))
        }
        guard isThisMachine(url) else { return OperatorToken() }
        var found = OperatorToken()
        for file in candidates() {
            if access(file, R_OK) == 0, let token = try? TokenFile.read(file) {
                var status = stat()
                guard stat(file, &status) == 0, Listeners.users(port: port(url)).isSubset(of: [0, status.st_uid]) else {
                    found.advice = "another user's program listens at \(TerminalText.visible(url)): it does not get the token of \(file)"
                    continue
                }
                return OperatorToken(token: token)
            }
            if errno == EACCES { found.advice = "\(file) cannot be read by you: run this as root, with sudo" }
        }
        return found
    }

    private static func candidates() -> [String] {
        var files: [String] = []
        if access(defaultConfiguration, R_OK) == 0, let configuration = try? ConfigurationReader.read(path: defaultConfiguration) {
            files.append(configuration.http.tokenFile ?? Credential.file(besideStore: configuration.store.path))
        }
        return files + [Credential.file(besideStore: defaultStore)]
    }

    static func port(_ url: String) -> UInt16 {
        let authority = authority(url)
        let digits = authority.hasSuffix("]") ? "" : authority.split(separator: ":").last ?? ""
        return UInt16(digits) ?? (url.hasPrefix("https://") ? 443 : 80)
    }

    static func isThisMachine(_ url: String) -> Bool {
        let authority = authority(url)
        guard !authority.contains("@") else { return false }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return host == "localhost" || host == "127.0.0.1" || host == "[::1]"
    }

    /// What stands between the scheme and the path.
    private static func authority(_ url: String) -> Substring {
        url.dropFirst(url.hasPrefix("https://") ? 8 : 7).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    }
}
