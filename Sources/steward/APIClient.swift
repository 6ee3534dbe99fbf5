import Documents
import Gateway
import Outbound
import TerminalProgram

/// Asks a running gateway over its HTTP API, and turns what goes wrong into advice.
struct APIClient {
    /// What every subcommand that asks a gateway takes.
    static let options: [Usage.Option] = [
        .value("url", "URL", "where the gateway answers; STEWARD_URL, else http://127.0.0.1:8420"),
        .value(
            "token-file", "FILE", "a file with the operator's token; STEWARD_TOKEN_FILE, else for a gateway of this machine its own"),
        .flag("json", "print the answer as it comes, as JSON"),
    ]

    /// Without a slash at its end.
    let url: String
    let requestID: String?
    private let token: OperatorToken
    private let client: WebhookClient

    init(_ arguments: Arguments) throws {
        var url = arguments.value("url") ?? Terminal.environment("STEWARD_URL") ?? "http://127.0.0.1:8420"
        while url.hasSuffix("/") { url.removeLast() }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw UsageError("\(Arguments.shown(url)) is no URL of a gateway; it begins with http:// or https://")
        }
        self.url = url
        token = try OperatorToken.find(arguments, url: url)
        requestID = arguments.value("request-id")
        if let requestID, !(1...128).contains(requestID.utf8.count) || !requestID.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw UsageError("--request-id has 1 to 128 printable ASCII characters")
        }
        var configuration = WebhookClient.Configuration()
        configuration.userAgent = "steward/\(StewardVersion.current)"
        client = try WebhookClient(configuration: configuration)
    }

    /// The body of `GET /api/v1/PATH`. Each part of the path is encoded here; query items without a value are left away.
    func get(_ path: [String], _ query: [(String, String?)] = []) throws -> [UInt8] {
        switch send(.get, try address(path, query)) {
        case .response(let response): return try body(response)
        case .failure(let failure): throw advice(failure)
        }
    }

    /// As `post`, for what may be sent again at will: it has no id.
    func postRepeatable(_ path: [String], _ body: [UInt8]) throws -> [UInt8] {
        switch send(.post, try address(path, []), body: body) {
        case .response(let response): return try self.body(response)
        case .failure(let failure) where failure.kind == .timeout:
            throw CommandFailure("it is not known how far it came; send it again, which does nothing twice", exitCode: .unknown)
        case .failure(let failure): throw advice(failure)
        }
    }

    func address(_ path: [String], _ query: [(String, String?)]) throws -> String {
        // libcurl would resolve these before it asks, and get something else.
        guard !path.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
            throw CommandFailure("there is nothing of the name \(Arguments.shown(path.last ?? ""))", exitCode: .notFound)
        }
        let address = url + "/api/v1/" + path.map(Self.encoded).joined(separator: "/")
        let items = query.compactMap { name, value in value.map { "\(name)=\(Self.encoded($0))" } }
        return items.isEmpty ? address : address + "?" + items.joined(separator: "&")
    }

    func send(
        _ method: WebhookRequest.Method, _ address: String, body content: [UInt8] = [], headers more: [(name: String, value: String)] = []
    ) -> WebhookResult {
        var headers = [(name: "Accept", value: "application/json")] + more
        if let token = token.token { headers.append((name: "Authorization", value: "Bearer \(token)")) }
        if method == .post { headers.append((name: "Content-Type", value: "application/json")) }
        return client.send(
            WebhookRequest(
                method: method, url: address, headers: headers, body: content, timeoutSeconds: method == .post ? 60 : 15,
                maximumResponseBytes: DocumentParser.maximumBytes))
    }

    func body(_ response: WebhookResponse) throws -> [UInt8] {
        guard !(200..<300).contains(response.status) else {
            guard !response.isTruncated else {
                throw CommandFailure(
                    "the answer has more than \(DocumentParser.maximumBytes / 1_048_576) MiB; ask for less, with --limit or a shorter time")
            }
            return response.body
        }
        let problem = try? APIValue(parsing: response.body)
        let detail = problem.flatMap { $0["detail"].string ?? $0["title"].string }.map { TerminalText.visible($0) }
        switch response.status {
        case 404:
            throw CommandFailure(
                detail ?? "\(shownURL) knows no such address; is it a steward gateway of this version?", exitCode: .notFound)
        case 401:
            let help = token.advice ?? "give the operator's token by --token-file FILE; it lies beside the gateway's store"
            throw CommandFailure("\(detail ?? "the gateway asks for a token") \(help)")
        default: throw CommandFailure("the gateway answers with status \(response.status): \(detail ?? "without a reason; see its log")")
        }
    }

    func advice(_ failure: WebhookFailure) -> CommandFailure {
        switch failure.kind {
        case .connectionFailed: CommandFailure("no gateway answers at \(shownURL): is steward running? (systemctl status steward)")
        case .nameNotFound: CommandFailure("the host of \(shownURL) is not known; check --url")
        case .timeout: CommandFailure("\(shownURL) does not answer in time; is the gateway overloaded, or is that another service?")
        default: CommandFailure("\(shownURL) cannot be asked: \(TerminalText.visible(failure.reason))")
        }
    }

    /// Without a user name and password.
    private var shownURL: String {
        let scheme = String(url.prefix { $0 != ":" }) + "://"
        let rest = url.dropFirst(scheme.count)
        guard let at = rest.firstIndex(of: "@"), !rest[..<at].contains("/") else { return TerminalText.visible(url) }
        return TerminalText.visible(scheme + rest[rest.index(after: at)...])
    }

    /// Percent-encoding of all but the unreserved characters of RFC 3986.
    static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default: encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}

/// A subcommand that asks the gateway once and shows the answer.
protocol QueryCommand: Subcommand {
    /// Path and query of the question.
    static func question(_ arguments: Arguments) throws -> (path: [String], query: [(String, String?)])
    /// The answer for people, with a line feed at its end.
    static func render(_ answer: APIValue, _ arguments: Arguments, _ terminal: Terminal) -> String
}

extension QueryCommand {
    static func run(_ arguments: Arguments) throws -> ExitCode { try ask(arguments) }

    static func ask(_ arguments: Arguments) throws -> ExitCode {
        let question = try question(arguments)
        let client = try APIClient(arguments)
        return try show(try client.get(question.path, question.query), arguments) { answer in
            Console.print(render(answer, arguments, .current()))
            return .ok
        }
    }
}

extension Subcommand {
    /// Prints the body of an answer as it came with `--json`, and hands it to `tell` without.
    static func show(_ body: [UInt8], _ arguments: Arguments, _ tell: (APIValue) throws -> ExitCode) throws -> ExitCode {
        guard arguments.has("json") else { return try tell(try APIValue.answer(body)) }
        Console.print(json: body)
        return .ok
    }
}

extension APIValue {
    /// An answer of the gateway. Throws `CommandFailure` for what is no JSON.
    static func answer(_ body: [UInt8]) throws -> APIValue {
        do { return try APIValue(parsing: body) } catch {
            throw CommandFailure("the answer is no JSON (\(TerminalText.visible(error.message))); is that a steward gateway?")
        }
    }
}
