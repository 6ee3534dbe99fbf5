import GatewayCore
import MQTTLink
import SQLiteStore
import Telemetry

/// Hands due outbox entries to those who deliver them. It lives on the ingest thread, which owns the store.
final class OutboxPump {
    private let store: Store
    private let mailbox: ControlMailbox
    private let statistics: GatewayStatistics
    private let commands: CommandClient?
    private let desk: SupplierDesk
    /// Keys handed out whose report has not come back.
    private var inFlight: Set<String> = []
    private var isDirty = true
    private var nextDue: Int64 = 0
    private static let maximumInFlight = 256

    init(
        store: Store, mailbox: ControlMailbox, statistics: GatewayStatistics, commands: CommandClient?,
        desk: SupplierDesk
    ) {
        self.store = store
        self.mailbox = mailbox
        self.statistics = statistics
        self.commands = commands
        self.desk = desk
    }

    /// Entries of this channel go somewhere; those of others are decided and recorded only.
    func delivers(_ channel: OutboxChannel) -> Bool {
        switch channel {
        case .command: commands != nil
        case .order: !desk.suppliers.isEmpty
        case .ticket: desk.tickets != nil
        }
    }

    /// Something was added to the outbox or came back from delivery.
    func touch() { isDirty = true }

    /// When to call `pump` again, in wall time.
    var nextDueMilliseconds: Int64 { isDirty ? 0 : nextDue }

    func pump(nowMilliseconds now: Int64) throws {
        guard isDirty || now >= nextDue, inFlight.count < Self.maximumInFlight else { return }
        isDirty = false
        // What is in flight is due as well, and must not hide the rest.
        for delivery in try store.dueOutbox(nowMilliseconds: now, channel: nil, limit: inFlight.count + 64)
        where !inFlight.contains(delivery.entry.key) {
            try hand(delivery, now)
        }
        nextDue = try nextDueOutside(now)
    }

    /// The due time of the next entry that is not in flight already; in-flight ones report back by themselves.
    private func nextDueOutside(_ now: Int64) throws -> Int64 {
        guard let due = try store.nextOutboxDue(channel: nil) else { return .max }
        return due <= now ? now + 1000 : due
    }

    private func hand(_ delivery: OutboxDelivery, _ now: Int64) throws {
        let entry = delivery.entry
        guard let channel = OutboxChannel(rawValue: entry.channel), let payload = try? OutboxPayload(decoding: entry.payload) else {
            Log.error("an outbox entry cannot be read and is set aside", ["key": entry.key])
            return mailbox.report(entry.key, .ticket, .abandoned(error: "the entry cannot be read"))
        }
        inFlight.insert(entry.key)
        if let expires = payload.expiresMilliseconds, now >= expires {
            return mailbox.report(entry.key, channel, .abandoned(error: "it expired before it could be delivered"))
        }
        if channel == .command { return publish(entry.key, payload, now) }
        guard let worker = channel == .order ? desk.suppliers[payload.topic] : desk.tickets else {
            let reason =
                channel == .order ? "there is no supplier \"\(payload.topic)\" in the configuration" : "no address is configured for it"
            return mailbox.report(entry.key, channel, .retry(error: reason, atMilliseconds: now + 3_600_000))
        }
        let isRepeat = delivery.lastError != nil
        // Noted before it goes, so that after a crash an answer "I have this already" is known to speak of our own try.
        if channel == .order, !isRepeat { try store.markBegun(key: entry.key) }
        worker.add(
            DeliveryJob(
                key: entry.key, body: payload.body, device: entry.device, createdMilliseconds: entry.createdMilliseconds,
                attempts: delivery.attempts, isRepeat: isRepeat))
    }

    private func publish(_ key: String, _ payload: OutboxPayload, _ now: Int64) {
        let mailbox = mailbox
        guard let commands else {
            return mailbox.report(key, .command, .retry(error: "commands are switched off", atMilliseconds: now + 3_600_000))
        }
        let timeout = payload.expiresMilliseconds.map { $0 - now } ?? 30_000
        // Sparkplug 3.0 asks for QoS 0: a command that comes late is worse than one that is lost, and telemetry tells which it was.
        let qualityOfService: Int32 = payload.topic.hasPrefix("spBv1.0/") ? 0 : 1
        let id = ContentHash.combine(ContentHash.seed, key)
        do {
            try commands.publish(
                topic: payload.topic, payload: payload.body, key: id, qualityOfService: qualityOfService, timeoutMilliseconds: timeout
            ) { _, outcome in
                switch outcome {
                case .acknowledged: mailbox.report(key, .command, .delivered())
                case .noSubscriber: mailbox.report(key, .command, .abandoned(error: "no device listens to \(payload.topic)"))
                case .failed(let error):
                    mailbox.report(key, .command, .retry(error: error.message, atMilliseconds: Clock.wallMilliseconds() + 500))
                }
            }
        } catch {
            mailbox.report(key, .command, .abandoned(error: error.message))
        }
    }

    /// Notes a report in the store, within the caller's transaction.
    func note(_ key: String, _ channel: OutboxChannel, _ report: DeliveryReport, nowMilliseconds now: Int64) throws {
        switch report {
        case .delivered, .duplicate:
            _ = try store.markDelivered(key: key, atMilliseconds: now)
            statistics.deliveriesSucceeded.add(1, ordering: .relaxed)
        case .retry(let error, let next):
            _ = try store.markAttempt(key: key, error: error, nextAttemptMilliseconds: next)
            statistics.deliveryFailures.add(1, ordering: .relaxed)
        case .abandoned(let error):
            _ = try store.markAbandoned(key: key, error: error, atMilliseconds: now)
            statistics.deliveriesAbandoned.add(1, ordering: .relaxed)
        }
    }

    /// The report is committed: the entry may be handed out again.
    func settled(_ key: String) {
        inFlight.remove(key)
        isDirty = true
    }

    /// What the core is to learn, in this order.
    static func events(_ key: String, _ channel: OutboxChannel, _ report: DeliveryReport) -> [ControlEvent] {
        switch report {
        case .delivered(let answers): [.settled(key: key, channel: channel, outcome: .delivered, detail: nil)] + answers
        case .duplicate(let detail): [.order(.duplicate(key: key, detail: detail))]
        case .abandoned(let error): [.settled(key: key, channel: channel, outcome: .abandoned, detail: error)]
        case .retry: []
        }
    }
}
