import Documents
import GatewayCore
import HTTPService

/// One row of the table of routes: what the API answers, and who may ask. `DocumentedTests` compares the table with the documentation.
struct Route: Sendable {
    enum Access: Sendable {
        /// For everybody.
        case open
        /// For everybody, unless `http.tokenFile` locks reading.
        case reading
        /// Needs the operator's token, because it is costly or changes something.
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

    /// A change: it needs the operator's token, and is made once under its `Idempotency-Key`.
    static func change(
        _ pattern: String, _ answer: @escaping @Sendable (GatewayAPI, HTTPRequest) throws -> HTTPResponse
    ) -> Route {
        Route(method: .post, pattern: pattern, access: .operatorOnly) { api, request in
            try api.changeOnce(request) { try answer(api, $0) }
        }
    }

    /// A change of the thing whose id is in the path. Its body is `{"by"}`.
    /// - Parameters:
    ///   - what: the kind of thing, for the answer where there is none of that id.
    ///   - who: what `by` means, for the answer where it is missing.
    static func change(
        _ pattern: String, _ what: String, _ isThere: @escaping @Sendable (StewardCore) -> (String) -> Bool, _ who: String,
        _ event: @escaping @Sendable (_ id: String, _ by: String) -> ControlEvent
    ) -> Route {
        change(pattern) { api, request in
            let id = try api.known(what, request) { isThere($0)($1) }
            let by = try RequestBody.read(request) { $0.text("by", who) }
            return try api.commit(event(id, by), for: request)
        }
    }

    /// The handler's answer, or the answer for the error that it threw.
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

    /// A problem document with members of its own behind the usual ones.
    init(_ status: Int, _ title: String, _ detail: String, _ more: (inout JSONWriter) -> Void) {
        let document = JSONWriter.object { writer in
            writer.member("type", "about:blank")
            writer.member("title", title)
            writer.member("status", status)
            writer.member("detail", detail)
            more(&writer)
        }
        response = HTTPResponse(status: status, contentType: "application/problem+json", body: document)
    }

    static let busy = Refusal(503, "The core does not answer", "It is busy or stopping; ask again in a moment.")

    static func unknown(_ what: String, _ id: String) -> Refusal {
        Refusal(404, "No such \(what)", "There is no \(what) \"\(id.prefix(128))\".")
    }

    static func conflict(_ detail: String) -> Refusal { Refusal(409, "That cannot be done now", detail) }
}
