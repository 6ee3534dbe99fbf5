import GatewayCore
import SQLiteStore
import Threading

/// How one try to deliver an outbox entry ended.
enum DeliveryReport: Sendable {
    /// The receiver has it; what it said comes after.
    case delivered([ControlEvent] = [])
    /// The receiver has it from another gateway.
    case duplicate(detail: String?)
    case retry(error: String, afterMilliseconds: Int64)
    case abandoned(error: String)
}

/// The outcome of a piece of mail.
enum MailOutcome: Sendable, Equatable {
    /// It is committed, now or when the same request came before. `letters` are the dead letters that were taken.
    case recorded(answer: [UInt8], letters: [Int64])
    /// The request's id belongs to another request.
    case conflict
    /// Surely not: nobody had taken it from the mailbox, and it is out of it again.
    case notRecorded
    /// It is in a batch whose commit is not known yet.
    case unknown
}

/// Events from other threads on their way into the inbox: from the API, and reports of deliveries.
final class ControlMailbox: @unchecked Sendable {
    // @unchecked: everything is guarded by the monitor.
    struct Mail {
        var event: ControlEvent?
        var report: (key: String, channel: OutboxChannel, report: DeliveryReport)?
        /// Dead letters to take once more. Who commits the mail looks them up, and leaves only those that were there.
        var letters: [Int64] = []
        /// To be remembered in the same commit. Its time is set by then.
        var request: RequestRecord?
        /// What the sender hears once the mail is committed, when it is not the usual.
        var verdict: MailOutcome?
        /// Nil where nobody waits.
        var receipt: Receipt?
    }

    /// Tells the sender what became of its mail.
    final class Receipt: @unchecked Sendable {
        // @unchecked: guarded by its monitor.
        let monitor = Monitor()
        var outcome: MailOutcome?

        func settle(_ outcome: MailOutcome) {
            monitor.withLock {
                if self.outcome == nil { self.outcome = outcome }
                monitor.notifyAll()
            }
        }
    }

    static let maximumWaiting = 4096
    private let monitor = Monitor()
    private var waiting: [Mail] = []
    /// Of mail that was taken and is not committed yet.
    private var inHand: [Receipt] = []
    private var keysInHand: Set<String> = []
    private var isClosed = false
    private let wake: WakeEvent

    init(wake: WakeEvent) { self.wake = wake }

    /// Puts an event into the inbox and waits for what becomes of it.
    func submit(_ event: ControlEvent, request: RequestRecord? = nil, timeoutMilliseconds: Int64 = 5000) -> MailOutcome {
        deliver(Mail(event: event, request: request), timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Takes dead letters once more, in this order, and removes them in the same commit. Their ids are in the outcome.
    func replay(letters: [Int64], timeoutMilliseconds: Int64 = 10_000) -> MailOutcome {
        deliver(Mail(letters: letters), timeoutMilliseconds: timeoutMilliseconds)
    }

    private func deliver(_ mail: Mail, timeoutMilliseconds: Int64) -> MailOutcome {
        var mail = mail
        let receipt = Receipt()
        mail.receipt = receipt
        let isAccepted = monitor.withLock {
            guard !isClosed, waiting.count < Self.maximumWaiting else { return false }
            waiting.append(mail)
            return true
        }
        guard isAccepted else { return .notRecorded }
        wake.signal()
        let outcome = receipt.monitor.withLock {
            receipt.monitor.wait(timeoutMilliseconds: timeoutMilliseconds) { receipt.outcome != nil } ? receipt.outcome : nil
        }
        return outcome ?? withdraw(receipt, key: mail.request?.key)
    }

    /// The time is over. What still lies in the mailbox is taken out of it; of what was taken, nothing is known yet.
    private func withdraw(_ receipt: Receipt, key: String?) -> MailOutcome {
        let isSurelyNot = monitor.withLock {
            let count = waiting.count
            waiting.removeAll { $0.receipt === receipt }
            // It may have been sent before under the same id, and that one may be in hand.
            return waiting.count < count && !isInHand(key)
        }
        if isSurelyNot { return .notRecorded }
        // It may have been settled since.
        return receipt.monitor.withLock { receipt.outcome } ?? .unknown
    }

    /// With the lock held.
    private func isInHand(_ key: String?) -> Bool { key.map(keysInHand.contains) ?? false }

    /// A report of a delivery. It is never refused: there are at most as many as there are deliveries in flight.
    func report(_ key: String, _ channel: OutboxChannel, _ report: DeliveryReport) {
        monitor.withLock { waiting.append(Mail(report: (key, channel, report))) }
        wake.signal()
    }

    /// An event that nobody waits for. Like a report it is never refused, and there are at most as many as deliveries of one commit.
    func post(_ event: ControlEvent) {
        monitor.withLock { waiting.append(Mail(event: event)) }
        wake.signal()
    }

    /// All mail that waits, which the caller commits and then confirms.
    func drain() -> [Mail] {
        monitor.withLock {
            defer { waiting = [] }
            for mail in waiting {
                if let receipt = mail.receipt { inHand.append(receipt) }
                if let key = mail.request?.key { keysInHand.insert(key) }
            }
            return waiting
        }
    }

    /// Whether a request lies here or is being committed.
    func isPending(key: String) -> Bool {
        monitor.withLock { keysInHand.contains(key) || waiting.contains { $0.request?.key == key } }
    }

    /// All mail that was taken is committed.
    func confirm(_ mails: [Mail]) {
        guard !mails.isEmpty else { return }
        monitor.withLock {
            inHand = []
            keysInHand = []
        }
        for mail in mails {
            mail.receipt?.settle(mail.verdict ?? .recorded(answer: mail.request?.answer ?? [], letters: mail.letters))
        }
    }

    /// The gateway stops: nobody waits here any longer. Reports of deliveries stay, for the last commit.
    func close() {
        let (unread, read) = monitor.withLock {
            isClosed = true
            let unread = waiting.compactMap { mail in mail.receipt.map { ($0, isInHand(mail.request?.key)) } }
            waiting.removeAll { $0.receipt != nil }
            return (unread, inHand)
        }
        for (receipt, mayBeInHand) in unread { receipt.settle(mayBeInHand ? .unknown : .notRecorded) }
        for receipt in read { receipt.settle(.unknown) }
    }
}
