/// Finds the closure for a method and a path. Unknown paths are answered 404, known paths with other methods 405 with `Allow`, both
/// as problem documents; HEAD is answered by the GET route (the server leaves the body out).
public struct Router: Sendable {
    public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse
    public typealias Authorization = @Sendable (HTTPRequest) -> Bool

    private enum Part: Sendable, Equatable {
        case literal(String)
        case parameter(String)
    }

    private struct Route: Sendable {
        var pattern: [Part]
        var handlers: [HTTPMethod: (isProtected: Bool, handle: Handler)] = [:]
    }

    private var routes: [Route] = []
    private let authorize: Authorization

    /// `authorize` decides on routes registered with `isProtected`; the default lets nobody in, so that a forgotten hook is not an
    /// open door.
    public init(authorize: @escaping Authorization = { _ in false }) {
        self.authorize = authorize
    }

    /// Registers a route. In `pattern`, `{name}` as a whole segment matches any non-empty segment and is handed over in
    /// `HTTPRequest.parameters`. Where two patterns match, the one with the earlier literal segment wins (`/a/new` before `/a/{id}`).
    /// Registering the same method and pattern again replaces the closure.
    public mutating func register(_ method: HTTPMethod, _ pattern: String, isProtected: Bool = false, handler: @escaping Handler) {
        precondition(pattern.hasPrefix("/"), "the pattern \(pattern) does not begin with a slash, and would match no path")
        let parts = Router.parse(pattern)
        if let index = routes.firstIndex(where: { $0.pattern == parts }) {
            routes[index].handlers[method] = (isProtected, handler)
        } else {
            routes.append(Route(pattern: parts, handlers: [method: (isProtected, handler)]))
        }
    }

    public func handle(_ request: HTTPRequest) -> HTTPResponse {
        let matches = routes.compactMap { route in Router.match(route.pattern, request.path).map { (route, $0) } }
            .sorted { Router.isMoreLiteral($0.0.pattern, $1.0.pattern) }
        for (route, parameters) in matches {
            let found = route.handlers[request.method] ?? (request.method == .head ? route.handlers[.get] : nil)
            guard let found else { continue }
            var request = request
            request.parameters = parameters
            if found.isProtected, !authorize(request) { return Router.unauthorized(request) }
            return found.handle(request)
        }
        if matches.isEmpty {
            return .problem(status: 404, title: "Not found", detail: "There is nothing at this path.")
        }
        return Router.methodNotAllowed(matches.map(\.0))
    }

    /// The answer to a request without the token that it needs.
    public static func unauthorized(_ request: HTTPRequest) -> HTTPResponse {
        // RFC 6750 §3: the error code is given only where a token came.
        let hasToken = request.bearerToken != nil
        return HTTPResponse.problem(
            status: 401, title: "Unauthorized",
            detail: hasToken ? "The bearer token is not known here." : "Send the header 'Authorization: Bearer TOKEN'."
        ).with("WWW-Authenticate", hasToken ? "Bearer realm=\"steward\", error=\"invalid_token\"" : "Bearer realm=\"steward\"")
    }

    private static func methodNotAllowed(_ routes: [Route]) -> HTTPResponse {
        var methods = Set(routes.flatMap(\.handlers.keys))
        if methods.contains(.get) { methods.insert(.head) }
        let allowed = HTTPMethod.allCases.filter(methods.contains).map(\.rawValue).joined(separator: ", ")
        return HTTPResponse.problem(status: 405, title: "Method not allowed", detail: "This path answers \(allowed).")
            .with("Allow", allowed)
    }

    private static func parse(_ pattern: String) -> [Part] {
        let text = pattern.dropFirst()
        if text.isEmpty { return [] }
        return text.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.hasPrefix("{") && part.hasSuffix("}") ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
    }

    private static func match(_ pattern: [Part], _ path: [String]) -> [String: String]? {
        guard pattern.count == path.count else { return nil }
        var parameters: [String: String] = [:]
        for (part, segment) in zip(pattern, path) {
            switch part {
            // Byte for byte: String equality is canonical equivalence, by which two spellings would reach one route.
            case .literal(let text): guard text.utf8.elementsEqual(segment.utf8) else { return nil }
            case .parameter(let name):
                guard !segment.isEmpty else { return nil }
                parameters[name] = segment
            }
        }
        return parameters
    }

    private static func isMoreLiteral(_ left: [Part], _ right: [Part]) -> Bool {
        for (one, other) in zip(left, right) {
            switch (one, other) {
            case (.literal, .parameter): return true
            case (.parameter, .literal): return false
            default: continue
            }
        }
        return false
    }
}
