import GatewayCore

/// How one try to deliver an outbox entry ended.
enum DeliveryReport: Sendable {
    /// The receiver has it; what it said comes after.
    case delivered([ControlEvent] = [])
    /// The receiver has it from another gateway.
    case duplicate(detail: String?)
    case retry(error: String, atMilliseconds: Int64)
    case abandoned(error: String)
}

/// Events from other threads on their way into the inbox: from the API, and reports of deliveries.
final class ControlMailbox: @unchecked Sendable {
    // @unchecked: everything is guarded by the monitor.
    struct Mail {
        var event: ControlEvent?
        var report: (key: String, channel: OutboxChannel, report: DeliveryReport)?
        /// Dead letters to take once more. Who commits the mail looks them up, and leaves only those that were there.
        var letters: [Int64] = []
        fileprivate var receipt: Receipt?
    }

    /// Tells the sender that its event is committed.
    fileprivate final class Receipt: @unchecked Sendable {
        let monitor = Monitor()
        var isCommitted = false
        var letters: [Int64] = []
    }

    static let maximumWaiting = 4096
    private let monitor = Monitor()
    private var waiting: [Mail] = []
    private var isClosed = false
    private let wake: WakeEvent

    init(wake: WakeEvent) { self.wake = wake }

    /// Puts an event into the inbox and waits until it is committed; false when that does not happen in time.
    func submit(_ event: ControlEvent, timeoutMilliseconds: Int64 = 5000) -> Bool {
        deliver(Mail(event: event), timeoutMilliseconds: timeoutMilliseconds) != nil
    }

    /// Takes dead letters once more, in this order, and removes them in the same commit.
    /// - Returns: the ids of those that were there; nil when that is not committed in time.
    func replay(letters: [Int64], timeoutMilliseconds: Int64 = 10_000) -> [Int64]? {
        deliver(Mail(letters: letters), timeoutMilliseconds: timeoutMilliseconds)?.letters
    }

    private func deliver(_ mail: Mail, timeoutMilliseconds: Int64) -> Receipt? {
        var mail = mail
        let receipt = Receipt()
        mail.receipt = receipt
        let isTaken = monitor.withLock {
            guard !isClosed, waiting.count < Self.maximumWaiting else { return false }
            waiting.append(mail)
            return true
        }
        guard isTaken else { return nil }
        wake.signal()
        let isCommitted = receipt.monitor.withLock {
            receipt.monitor.wait(timeoutMilliseconds: timeoutMilliseconds) { receipt.isCommitted }
        }
        return isCommitted ? receipt : nil
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
        for mail in mails {
            guard let receipt = mail.receipt else { continue }
            receipt.monitor.withLock {
                receipt.letters = mail.letters
                receipt.isCommitted = true
                receipt.monitor.notifyAll()
            }
        }
    }

    func close() { monitor.withLock { isClosed = true } }
}
