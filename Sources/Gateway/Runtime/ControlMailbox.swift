import GatewayCore

/// How one try to deliver an outbox entry ended.
enum DeliveryReport: Sendable {
    case delivered
    case retry(error: String, atMilliseconds: Int64)
    case abandoned(error: String)
}

/// Events from other threads on their way into the inbox: from the API, and reports of deliveries.
final class ControlMailbox: @unchecked Sendable {
    // @unchecked: everything is guarded by the monitor.
    struct Mail {
        var event: ControlEvent?
        var report: (key: String, channel: OutboxChannel, report: DeliveryReport)?
        fileprivate var receipt: Receipt?
    }

    /// Tells the sender that its event is committed.
    fileprivate final class Receipt: @unchecked Sendable {
        let monitor = Monitor()
        var isCommitted = false
    }

    static let maximumWaiting = 4096
    private let monitor = Monitor()
    private var waiting: [Mail] = []
    private var isClosed = false
    private let wake: WakeEvent

    init(wake: WakeEvent) { self.wake = wake }

    /// Puts an event into the inbox and waits until it is committed; false when that does not happen in time.
    func submit(_ event: ControlEvent, timeoutMilliseconds: Int64 = 5000) -> Bool {
        let receipt = Receipt()
        let isTaken = monitor.withLock {
            guard !isClosed, waiting.count < Self.maximumWaiting else { return false }
            waiting.append(Mail(event: event, receipt: receipt))
            return true
        }
        guard isTaken else { return false }
        wake.signal()
        return receipt.monitor.withLock { receipt.monitor.wait(timeoutMilliseconds: timeoutMilliseconds) { receipt.isCommitted } }
    }

    /// A report of a delivery. It is never refused: there are at most as many as there are deliveries in flight.
    func report(_ key: String, _ channel: OutboxChannel, _ report: DeliveryReport) {
        monitor.withLock { waiting.append(Mail(event: nil, report: (key, channel, report))) }
        wake.signal()
    }

    func take() -> [Mail] {
        monitor.withLock {
            defer { waiting = [] }
            return waiting
        }
    }

    func confirm(_ mails: [Mail]) {
        for case let receipt? in mails.map(\.receipt) {
            receipt.monitor.withLock {
                receipt.isCommitted = true
                receipt.monitor.notifyAll()
            }
        }
    }

    func close() { monitor.withLock { isClosed = true } }
}
