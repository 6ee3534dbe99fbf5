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
    /// It was withdrawn from the mailbox before it was in any batch.
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
        /// Ids of dead letters to replay. The ingest thread looks them up, and leaves only those that exist.
        var letters: [Int64] = []
        /// To be recorded in the same commit.
        var request: RequestRecord?
        /// The outcome for the sender in place of the usual one.
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
    /// Receipts of mail that was drained and is not committed yet.
    private var inHand: [Receipt] = []
    private var keysInHand: Set<String> = []
    private var isClosed = false
    private let wake: WakeEvent

    init(wake: WakeEvent) { self.wake = wake }

    /// Puts an event into the inbox and waits for what becomes of it.
    func submit(_ event: ControlEvent, request: RequestRecord? = nil, timeoutMilliseconds: Int64 = 5000) -> MailOutcome {
        deliver(Mail(event: event, request: request), timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Replays dead letters in this order, and removes them in the same commit. Their ids are in the outcome.
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

    /// The sender's time is over. Mail that still waits is withdrawn; of mail that was drained nothing is known yet.
    private func withdraw(_ receipt: Receipt, key: String?) -> MailOutcome {
        let isSurelyNot = monitor.withLock {
            let count = waiting.count
            waiting.removeAll { $0.receipt === receipt }
            // The same request may have been sent before and be in the batch that is being committed.
            return waiting.count < count && !isInHand(key)
        }
        if isSurelyNot { return .notRecorded }
        // It may have been settled since.
        return receipt.monitor.withLock { receipt.outcome } ?? .unknown
    }

    /// With the lock held.
    private func isInHand(_ key: String?) -> Bool { key.map(keysInHand.contains) ?? false }

    /// A report of a delivery. It is never refused: there are at most as many as there are deliveries in flight.
    func report(_ key: String, _ channel: OutboxChannel, _ report: DeliveryReport) { add(Mail(report: (key, channel, report))) }

    /// An event that nobody waits for. Like a report it is never refused; there are at most as many as one commit has deliveries.
    func post(_ event: ControlEvent) { add(Mail(event: event)) }

    private func add(_ mail: Mail) {
        monitor.withLock { waiting.append(mail) }
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

    /// Whether a request waits here or is being committed.
    func isPending(key: String) -> Bool {
        monitor.withLock { keysInHand.contains(key) || waiting.contains { $0.request?.key == key } }
    }

    /// All mail that was drained is committed.
    func confirm(_ mails: [Mail]) {
        guard !mails.isEmpty else { return }
        monitor.withLock {
            assert(
                mails.allSatisfy { mail in mail.receipt == nil || isClosed || inHand.contains { $0 === mail.receipt } },
                "mail is confirmed that was not drained, or was confirmed before")
            inHand = []
            keysInHand = []
        }
        for mail in mails {
            mail.receipt?.settle(mail.verdict ?? .recorded(answer: mail.request?.answer ?? [], letters: mail.letters))
        }
    }

    /// The gateway stops: all senders get their outcome now. Reports of deliveries stay, for the last commit.
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
