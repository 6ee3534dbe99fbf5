import HTTPService

/// One row of the table of routes: the whole of what the API answers, and who may ask. A page and the table are held together by a test.
struct Route: Sendable {
    enum Access: Sendable {
        /// For everybody.
        case open
        /// For everybody, unless `http.tokenFile` locks reading.
        case reading
        /// Needs the operator's token: it costs much, or changes something.
        case operatorOnly
        /// For suppliers, which show a signature or a secret inside the document. It answers 404 where no supplier may send anything.
        case supplier
    }

    let method: HTTPMethod
    let pattern: String
    let access: Access
    /// Throws `Refusal`, or `NotAnswered` when the core could not be asked.
    let answer: @Sendable (GatewayAPI, HTTPRequest) throws -> HTTPResponse

    static func ask(
        _ pattern: String, _ access: Access = .reading, _ answer: @escaping @Sendable (GatewayAPI, HTTPRequest) throws -> HTTPResponse
    ) -> Route {
        Route(method: .get, pattern: pattern, access: access, answer: answer)
    }

    /// A write: it needs the operator's token, and is done once under its `Idempotency-Key`.
    static func change(
        _ pattern: String, _ answer: @escaping @Sendable (GatewayAPI, HTTPRequest) throws -> HTTPResponse
    ) -> Route {
        Route(method: .post, pattern: pattern, access: .operatorOnly) { api, request in
            try api.write(request) { try answer(api, $0) }
        }
    }

    /// What the handler says, or what it threw as an answer.
    func respond(_ api: GatewayAPI, _ request: HTTPRequest) -> HTTPResponse {
        do { return try answer(api, request) } catch let refusal as Refusal { return refusal.response } catch is NotAnswered {
            return Refusal.busy.response
        } catch {
            return .problem(status: 500, title: "The store cannot be read", detail: "\(error)")
        }
    }
}

/// An answer that ends the handling of a request.
struct Refusal: Error {
    let response: HTTPResponse

    init(_ response: HTTPResponse) { self.response = response }

    init(_ status: Int, _ title: String, _ detail: String, retryAfterSeconds: Int? = nil) {
        var response = HTTPResponse.problem(status: status, title: title, detail: detail)
        if let retryAfterSeconds { response.headers["Retry-After"] = String(retryAfterSeconds) }
        self.response = response
    }

    static let busy = Refusal(503, "The core does not answer", "It is busy or stopping; ask again in a moment.")

    static func unknown(_ what: String, _ id: String) -> Refusal {
        Refusal(404, "No such \(what)", "There is no \(what) \"\(id.prefix(128))\".")
    }

    static func conflict(_ detail: String) -> Refusal { Refusal(409, "That cannot be done now", detail) }
}
