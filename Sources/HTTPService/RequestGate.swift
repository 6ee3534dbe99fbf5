/// What is decided from the request line and the headers alone, before a byte of the body is kept.
struct RequestGate: Sendable {
    /// nil: any name is taken.
    private let hosts: Set<String>?
    private let contentTypes: Set<String>
    private let bodyLimitBytes: Int
    private let headerLimitBytes: Int
    private let openPaths: Set<String>
    private let formPaths: Set<String>
    /// Names under which a reverse proxy shows the gateway's own page.
    private let ownNames: Set<String>

    /// What the gate lets through.
    struct Admitted {
        var request: HTTPRequest
        /// Content-Length, 0 without a body, nil when chunked.
        var bodyBytes: Int?
    }

    enum Verdict {
        case admitted(Admitted)
        /// `closes`: where the message ends is in doubt, so nothing after it on this connection is to be trusted.
        case refused(HTTPResponse, closes: Bool)
    }

    struct Head {
        var method: String
        var version: String
        var target: [UInt8]
        var headers: HTTPHeaders
        var headerBytes: Int
        var remoteAddress: String
    }

    init(configuration: HTTPServerConfiguration, address: ListenAddress) {
        if address.isLoopback || !configuration.allowedHosts.isEmpty {
            let own = ["localhost", "127.0.0.1", "[::1]", address.isIPv6 ? "[\(address.host)]" : address.host]
            hosts = Set(own).union(configuration.allowedHosts.map { $0.lowercased() })
        } else {
            hosts = nil
        }
        contentTypes = Set(configuration.acceptedContentTypes.map { $0.lowercased() })
        bodyLimitBytes = configuration.bodyLimitBytes
        headerLimitBytes = configuration.headerLimitBytes
        openPaths = configuration.openPaths
        formPaths = configuration.formPaths
        ownNames = Set(configuration.allowedHosts.map { $0.lowercased() })
    }

    func examine(_ head: Head) -> Verdict {
        guard head.version == "HTTP/1.1" || head.version == "HTTP/1.0" else {
            return refuse(505, "HTTP version not supported", "Send HTTP/1.1.", closes: true)
        }
        if head.headerBytes > headerLimitBytes {
            return refuse(
                431, "Request header fields too large", "Request line and headers may have \(headerLimitBytes) bytes.", closes: true)
        }
        let bodyBytes: Int?
        switch framing(head.headers) {
        case .invalid(let detail): return refuse(400, "Bad request", detail, closes: true)
        case .length(let count): bodyBytes = count
        case .chunked: bodyBytes = nil
        }
        guard let method = HTTPMethod(rawValue: head.method) else {
            let response = HTTPResponse.problem(
                status: 405, title: "Method not allowed", detail: "This server answers \(HTTPMethod.allowHeader).")
            return .refused(response.with("Allow", HTTPMethod.allowHeader), closes: false)
        }
        let target: RequestTarget
        do {
            target = try RequestTarget(head.target)
        } catch {
            return refuse(400, "Bad request", error.detail)
        }
        if let refused = refuseHost(head.headers.all("Host"), authority: target.authority) { return refused }
        let path = "/" + target.path.joined(separator: "/")
        if !openPaths.contains(path), let refused = refuseOrigin(head.headers, target.authority) {
            return refused
        }
        if let bodyBytes, bodyBytes > bodyLimitBytes { return .refused(bodyTooLarge, closes: false) }
        let types = formPaths.contains(path) ? contentTypes.union([HTTPRequest.formContentType]) : contentTypes
        if let refused = refuseContentType(method, head.headers["Content-Type"], types, hasBody: bodyBytes != 0) { return refused }
        return .admitted(
            Admitted(
                request: HTTPRequest(
                    method: method, path: target.path, query: target.query, headers: head.headers, remoteAddress: head.remoteAddress),
                bodyBytes: bodyBytes))
    }

    var bodyTooLarge: HTTPResponse {
        .problem(status: 413, title: "Content too large", detail: "A request body may have \(bodyLimitBytes) bytes.")
    }

    private func refuse(_ status: Int, _ title: String, _ detail: String, closes: Bool = false) -> Verdict {
        .refused(.problem(status: status, title: title, detail: detail), closes: closes)
    }

    private enum Framing {
        case length(Int)
        case chunked
        case invalid(String)
    }

    /// Where the body ends (RFC 9112 §6). Anything that two programs could read in two ways is refused, as a proxy before us might
    /// read it in the other: that is how requests are smuggled.
    private func framing(_ headers: HTTPHeaders) -> Framing {
        let lengths = headers.all("Content-Length")
        let encodings = headers.all("Transfer-Encoding")
        if lengths.count > 1 || encodings.count > 1 || (!lengths.isEmpty && !encodings.isEmpty) {
            return .invalid("Give one Content-Length or one Transfer-Encoding, not more.")
        }
        if let encoding = encodings.first {
            return HTTPHeaders.sameName(encoding, "chunked") ? .chunked : .invalid("The only Transfer-Encoding known here is chunked.")
        }
        guard let length = lengths.first else { return .length(0) }
        guard !length.isEmpty, length.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let count = Int(length) else {
            return .invalid("Content-Length must be a decimal number.")
        }
        return .length(count)
    }

    private func refuseHost(_ fields: [String], authority: String?) -> Verdict? {
        if fields.count > 1 { return refuse(400, "Bad request", "Give one Host header.", closes: true) }
        guard let hosts else { return nil }
        // RFC 9112 §3.2.2: the authority of an absolute target counts, whatever Host says.
        let name = RequestGate.hostName(authority ?? fields.first ?? "")
        if let name, hosts.contains(name) { return nil }
        return refuse(
            421, "Misdirected request",
            "This server answers requests to localhost, 127.0.0.1 and [::1]; add other names to its allowed hosts.")
    }

    /// A page of another origin may neither ask nor change anything, not even where it could not read the answer: asking costs, too.
    /// Browsers say where a request comes from, and a page cannot choose what they say (Fetch Metadata, RFC 6454 §7). Programs say
    /// nothing. `none` is what a person typed or has among the bookmarks.
    private func refuseOrigin(_ headers: HTTPHeaders, _ authority: String?) -> Verdict? {
        let detail = "A page of another origin may not ask this gateway."
        let sites = headers.all("Sec-Fetch-Site")
        guard sites.allSatisfy({ $0 == "same-origin" || $0 == "none" }) else { return refuse(403, "Cross-origin request", detail) }
        let own = (authority ?? headers["Host"] ?? "").lowercased()
        let isForeign = headers.all("Origin").contains { origin in
            guard let scheme = ["http://", "https://"].first(where: origin.lowercased().hasPrefix) else { return true }
            let authority = origin.lowercased().dropFirst(scheme.count)
            return authority != own && !(RequestGate.hostName(String(authority)).map(ownNames.contains) ?? false)
        }
        return isForeign ? refuse(403, "Cross-origin request", detail) : nil
    }

    /// Lower-case name without port, brackets kept; nil if what follows the name is not a port.
    static func hostName(_ field: String) -> String? {
        let text = field.lowercased()
        let nameEnd: String.Index
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { return nil }
            nameEnd = text.index(after: bracket)
        } else {
            nameEnd = text.firstIndex(of: ":") ?? text.endIndex
        }
        let rest = text[nameEnd...]
        let isPort = rest.isEmpty || (rest.hasPrefix(":") && rest.utf8.dropFirst().allSatisfy { $0 >= 0x30 && $0 <= 0x39 })
        return isPort ? String(text[..<nameEnd]) : nil
    }

    private func refuseContentType(
        _ method: HTTPMethod, _ field: String?, _ contentTypes: Set<String>, hasBody: Bool
    ) -> Verdict? {
        // No form and no simple request of a script can send DELETE; without a body there is nothing to have a type.
        guard method.changesState, method != .delete || hasBody else { return nil }
        let mediaType = (field ?? "").prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
        if contentTypes.contains(mediaType) { return nil }
        return refuse(415, "Unsupported media type", "Send the Content-Type \(contentTypes.sorted().joined(separator: " or ")).")
    }
}
