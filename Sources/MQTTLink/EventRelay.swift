/// Passes events of the connection to the owner's closure, at moments when the owner can handle them.
///
/// A connection may end within any call into the library, also within `acknowledge`, when the owner is between a commit and its next batch. So
/// an event is handed out only while the owner is in `receive` or `maintain`, and waits otherwise.
final class EventRelay {
    private let handler: (ConnectionEvent) -> Void
    /// At most a few: a connection that has ended is made anew by `maintain` only, which hands them out.
    private var waiting: [ConnectionEvent] = []
    private var isOpen = false
    var subscriptions: SubscriptionState

    init(subscriptions: SubscriptionState, _ handler: @escaping (ConnectionEvent) -> Void) {
        self.subscriptions = subscriptions
        self.handler = handler
    }

    /// Hands out the events that waited, and from now on each at once.
    func open() {
        isOpen = true
        let events = waiting
        waiting = []
        for event in events { handler(event) }
    }

    func close() { isOpen = false }

    func report(_ event: ConnectionEvent) {
        if isOpen { handler(event) } else { waiting.append(event) }
    }

    /// An event of the connection itself.
    func received(_ event: ConnectionEvent) {
        if case .connected(let sessionPresent) = event { subscriptions.connected(sessionPresent: sessionPresent) }
        report(event)
    }
}
