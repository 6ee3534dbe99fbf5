import Documents
import MQTTLink

/// Which session at which broker is in use, and which topic filters it may have. A change is committed with the next batch, so that store and
/// core learn of another session with the same event.
struct BrokerSession {
    private let name: String
    /// The core's last messages came from another session.
    private var isChanged: Bool
    /// Not in the store yet; goes into the next commit.
    private(set) var unsaved: (name: String, filters: [String])?

    /// - Parameter last: the session that was used last; nil before the first.
    init(_ settings: MQTTConfiguration, last: String?) {
        name = Self.name(settings)
        isChanged = last != nil && last != name
    }

    static func name(_ settings: MQTTConfiguration) -> String { "\(settings.clientID)@\(settings.host):\(settings.port)" }

    /// - Returns: whether the session is the one that the core knows: the broker kept it, and it is the same as before.
    mutating func connected(isKept: Bool, inSession: [String], wanted: [String]) -> Bool {
        defer { isChanged = false }
        note(inSession: inSession, wanted: wanted)
        return isKept && !isChanged
    }

    /// Filters that are about to be subscribed are noted as well, so that none can be in the session without being recorded.
    mutating func note(inSession: [String], wanted: [String]) { unsaved = (name, Set(inSession).union(wanted).sorted()) }

    mutating func saved() { unsaved = nil }
}

/// How the subscriptions stand, for `/readyz` and the status.
struct SubscriptionReport: Sendable, Equatable {
    struct Refusal: Sendable, Equatable {
        var filter: String
        var reason: String
    }

    var wanted = 0
    var granted = 0
    var refused: [Refusal] = []

    /// Why messages may be missing; nil when every filter is granted.
    var problem: String? {
        if let first = refused.first {
            return "the broker refuses \(refused.count) of \(wanted) topic filters, among them '\(first.filter)': \(first.reason)"
        }
        return granted < wanted ? "the broker has granted \(granted) of \(wanted) topic filters so far" : nil
    }

    func write(to writer: inout JSONWriter) {
        writer.object("subscriptions") { writer in
            writer.member("wanted", wanted)
            writer.member("granted", granted)
            writer.objects("refused", of: refused) { writer, refusal in
                writer.member("filter", refusal.filter)
                writer.member("reason", refusal.reason)
            }
        }
    }
}
