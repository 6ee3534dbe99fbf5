/// How the server listens, and its limits. Each limit has an HTTP status of its own; see the fields.
public struct HTTPServerConfiguration: Sendable {
    /// `127.0.0.1:8420`, `[::1]:8420`, `localhost:8420`; port 0 lets the system choose (`HTTPServer.boundPort` tells which).
    public var listen: String
    /// Threads that run the handler; a handler that waits holds one. One more is kept for each lane that goes first.
    public var threadCount = 4
    /// The niceness of those threads, 0 to 19.
    public var niceness = 0
    /// Beyond two thirds of it, the connection that has been incomplete for longest is closed; beyond it, new ones wait. It is below the
    /// 1,024 files that a process may usually have open.
    public var connectionLimit = 768
    /// Larger bodies are answered 413.
    public var bodyLimitBytes = 1 << 20
    /// Larger request lines and headers together are answered 431.
    public var headerLimitBytes = 16 << 10
    /// A connection that neither sends nor takes anything for this long is closed.
    public var idleTimeoutSeconds = 30
    /// The longest time of a request, from the beginning of its connection, or from its first line on a kept one, to its last byte.
    public var requestTimeoutSeconds = 10
    /// The longest time that a client may need to receive its answer.
    public var responseTimeoutSeconds = 60
    /// Bytes of all answers that clients have not taken yet. With more, larger answers are refused with 503.
    public var waitingResponseLimitBytes = 64 << 20
    /// How long `stop()` waits for requests that have begun.
    public var stopGraceMilliseconds = 5_000
    /// Names, without port, under which the server may be addressed besides `localhost`, `127.0.0.1`, `[::1]` and the listen
    /// address. Others are answered 421, so that a web page cannot reach the gateway through a name of its own that it points here
    /// (DNS rebinding). Empty and listening beyond loopback: any name is taken.
    public var allowedHosts: Set<String> = []
    /// Media types that POST and PUT, and DELETE with a body, must have; others are answered 415. HTML forms can send none of these,
    /// so a page of another site cannot post without asking first (CORS preflight), which is never granted.
    public var acceptedContentTypes: Set<String> = ["application/json", "application/cloudevents+json"]

    /// Paths that take the forms of the server's own pages besides. Any site can have a browser send such a form, so what it may do has to
    /// depend on something in it that only a person knows.
    public var formPaths: Set<String> = []

    /// Paths that a page of another origin may ask for; see `RequestGate`.
    public var openPaths: Set<String> = []
    public var counters = HTTPServerCounters()

    public init(listen: String) {
        self.listen = listen
    }
}

/// Why the server did not start. The description says what to do.
public enum HTTPServerError: Error, Equatable, CustomStringConvertible {
    case invalidAddress(String)
    case invalidConfiguration(String)
    case addressInUse(String)
    case cannotListen(address: String, reason: String)

    public var description: String {
        switch self {
        case .invalidAddress(let text):
            "http.listen is \"\(text)\"; expected a numeric address and a port such as \"127.0.0.1:8420\" or \"[::1]:8420\""
        case .invalidConfiguration(let reason): "the HTTP server's configuration is wrong: \(reason)"
        case .addressInUse(let address):
            "cannot listen on \(address): the port is in use. Stop the program that has it (`ss -ltnp` names it; perhaps another "
                + "steward runs), or set http.listen to another port"
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        }
    }
}
