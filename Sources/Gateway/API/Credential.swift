import HTTPService
import Outbound

/// The operator's token, which changes and costly questions need.
///
/// With `http.tokenFile` everything but the health probes needs the token in that file. Without it reading is open to whoever can connect,
/// which is this machine only, and the token is made at the first start.
public struct Credential: Sendable {
    private let hash: [UInt8]
    /// Whether reading needs it, too.
    let locksReading: Bool

    static let fileName = "operator.token"
    static let minimumLength = 16

    /// The operator's token of the store at `storePath`.
    public static func file(besideStore storePath: String) -> String {
        let directory = storePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        if directory.isEmpty { return storePath.hasPrefix("/") ? "/" + fileName : fileName }
        return directory + "/" + fileName
    }

    /// Makes the operator's token when there is none. Throws when it, or the file of the configuration, cannot be used.
    init(_ configuration: GatewayConfiguration) throws {
        locksReading = configuration.http.tokenFile != nil
        let file = configuration.http.tokenFile ?? Self.file(besideStore: configuration.store.path)
        if !locksReading { try OperatorTokenFile.makeIfMissing(file) }
        let token = try FileProblem.secret(file, key: locksReading ? "http.tokenFile" : "the operator's token")
        guard token.utf8.count >= Self.minimumLength else {
            throw ConfigurationError(
                locksReading
                    ? "http.tokenFile: \(file): a token has at least \(Self.minimumLength) characters"
                    : "\(file) is no operator's token; remove it, and the next start makes another")
        }
        hash = try Digests.sha256(Array(token.utf8))
    }

    func isShown(by request: HTTPRequest) -> Bool {
        request.bearerToken.map(isToken) ?? false
    }

    func isToken(_ token: String) -> Bool {
        guard let hash = try? Digests.sha256(Array(token.utf8)) else { return false }
        return Digests.areEqual(hash, self.hash)
    }
}
