import GatewayCore
import MQTTLink
import SQLiteStore
import Synchronization
import Threading

/// Hands due outbox entries to the command client and the delivery workers. It belongs to the ingest thread, which owns the store.
///
/// Each receiver has a lane: its own queue in the store, its own limit of deliveries in flight, its own pause after a failure. So a receiver that
/// is slow or cannot be reached delays no other. Commands are served first.
final class OutboxPump {
    private let store: Store
    private let mailbox: ControlMailbox
    private let statistics: GatewayStatistics
    private let commands: CommandClient?
    private let workers: SupplierWorkers
    private var lanes: [OutboxLane: DeliveryLane] = [:]
    /// The lanes in the order in which they are served.
    private var servingOrder: [OutboxLane] = []
    /// The lane of each key that is handed out.
    private var laneOfKey: [String: OutboxLane] = [:]
    /// Numbers the commands that go to the command client.
    private var nextCommand: UInt64 = 0

    /// Throws when the store cannot be read.
    init(
        store: Store, mailbox: ControlMailbox, statistics: GatewayStatistics, commands: CommandClient?,
        workers: SupplierWorkers
    ) throws {
        self.store = store
        self.mailbox = mailbox
        self.statistics = statistics
        self.commands = commands
        self.workers = workers
        for lane in try store.outboxLanes().keys { open(lane) }
    }

    /// Entries of this channel go somewhere; those of others are decided and recorded only.
    func delivers(_ channel: OutboxChannel) -> Bool {
        switch channel {
        case .command: commands != nil
        case .order: !workers.suppliers.isEmpty
        case .ticket: workers.tickets != nil
        }
    }

    /// The lane of a delivery: orders have one for each supplier.
    static func lane(_ delivery: Delivery) -> OutboxLane {
        OutboxLane(channel: delivery.channel.rawValue, receiver: delivery.channel == .order ? delivery.topic : "")
    }

    private func open(_ lane: OutboxLane) {
        guard lanes[lane] == nil else { return }
        lanes[lane] = DeliveryLane(lane)
        // Commands first, because a device stands still until they arrive. The others by name, so that the order does not depend on a hash.
        servingOrder.append(lane)
        servingOrder.sort {
            ($0.channel == "command" ? 0 : 1, $0.channel, $0.receiver) < ($1.channel == "command" ? 0 : 1, $1.channel, $1.receiver)
        }
    }

    /// A delivery was added to the outbox.
    func touch(_ delivery: Delivery) {
        let lane = Self.lane(delivery)
        open(lane)
        lanes[lane]?.touch()
    }

    /// Due times are dated by the gateway's clock, which was set.
    func clockStepped() { for lane in servingOrder { lanes[lane]?.touch() } }

    /// How long until `pump` has something to do, unless a report or a new entry comes before.
    func waitMilliseconds(nowMilliseconds now: Int64) -> Int64 {
        let steady = Clock.monotonicMilliseconds()
        return lanes.values.reduce(.max) { min($0, $1.wait(nowMilliseconds: now, steadyMilliseconds: steady) ?? .max) }
    }

    func pump(nowMilliseconds now: Int64) throws {
        for name in servingOrder {
            let steady = Clock.monotonicMilliseconds()
            guard let lane = lanes[name], let wait = lane.wait(nowMilliseconds: now, steadyMilliseconds: steady), wait <= 0 else {
                continue
            }
            try serve(name, room: lane.room(steadyMilliseconds: steady), now)
        }
    }

    private func serve(_ name: OutboxLane, room: Int, _ now: Int64) throws {
        precondition(room > 0, "a lane of the outbox is served that has no room")
        let inFlight = lanes[name]?.inFlight ?? []
        // Entries in flight are due as well; the limit has room for them, so that they do not hide others.
        let due = try store.dueOutbox(name, nowMilliseconds: now, limit: inFlight.count + room + 1).filter {
            !inFlight.contains($0.entry.key)
        }
        let next = Array(due.prefix(room))
        // Noted before they are sent, so that after a crash the answer "I have this already" is known to mean this gateway's own try.
        if name.channel == "order", next.contains(where: { $0.lastError == nil }) {
            try store.transaction { for delivery in next where delivery.lastError == nil { try store.markBegun(key: delivery.entry.key) } }
        }
        lanes[name]?.lookedThrough()
        for delivery in next {
            lanes[name]?.handedOut(delivery.entry.key)
            laneOfKey[delivery.entry.key] = name
            hand(delivery, now)
        }
        // One more than there was room for is due at once; of those in flight the report tells when to look again.
        lanes[name]?.nextDueMilliseconds = due.count > next.count ? now : try nextDue(name, now)
    }

    /// The due time of the next entry of a lane; those in flight are due and report back by themselves.
    private func nextDue(_ name: OutboxLane, _ now: Int64) throws -> Int64 {
        guard let due = try store.nextOutboxDue(name) else { return .max }
        return due <= now ? now + 1000 : due
    }

    private func hand(_ delivery: OutboxDelivery, _ now: Int64) {
        let entry = delivery.entry
        guard let channel = OutboxChannel(rawValue: entry.channel), let payload = try? OutboxPayload(decoding: entry.payload) else {
            Log.error("an outbox entry cannot be read and is set aside", ["key": entry.key])
            return mailbox.report(entry.key, .ticket, .abandoned(error: "the entry cannot be read"))
        }
        if let expires = payload.expiresMilliseconds, now >= expires {
            return mailbox.report(entry.key, channel, .abandoned(error: "it expired before it could be delivered"))
        }
        if channel != .ticket, entry.createdMilliseconds <= statistics.heldBackSince.load(ordering: .relaxed) {
            let reason =
                "it may have been sent already, because the store was damaged; it waits until somebody has seen that (steward damage)"
            return mailbox.report(entry.key, channel, .retry(error: reason, afterMilliseconds: 60_000))
        }
        if channel == .command { return publish(entry.key, payload, now) }
        guard let worker = channel == .order ? workers.suppliers[payload.topic] : workers.tickets else {
            let reason =
                channel == .order ? "there is no supplier \"\(payload.topic)\" in the configuration" : "no address is configured for it"
            return mailbox.report(entry.key, channel, .retry(error: reason, afterMilliseconds: 3_600_000))
        }
        worker.add(
            DeliveryJob(
                key: entry.key, body: payload.body, device: entry.device, createdMilliseconds: entry.createdMilliseconds,
                attempts: delivery.attempts, isRepeat: delivery.lastError != nil,
                // "begun" is the mark of a try whose end is not recorded.
                mayHaveBeenTaken: delivery.lastError.map { $0 == "begun" || $0.hasSuffix(OrderDesk.uncertainWords) } ?? false,
                handedAge: now - entry.createdMilliseconds))
    }

    private func publish(_ key: String, _ payload: OutboxPayload, _ now: Int64) {
        let mailbox = mailbox
        guard let commands else {
            return mailbox.report(key, .command, .retry(error: "commands are switched off", afterMilliseconds: 3_600_000))
        }
        let timeout = payload.expiresMilliseconds.map { $0 - now } ?? 30_000
        // Sparkplug 3.0 asks for QoS 0: a command that arrives late is worse than one that is lost, and telemetry shows whether it worked.
        let qualityOfService: Int32 = payload.topic.hasPrefix("spBv1.0/") ? 0 : 1
        nextCommand &+= 1
        let id = nextCommand
        do {
            try commands.publish(
                topic: payload.topic, payload: payload.body, key: id, qualityOfService: qualityOfService, timeoutMilliseconds: timeout,
                expires: payload.expiresMilliseconds != nil
            ) { _, outcome in
                switch outcome {
                case .acknowledged: mailbox.report(key, .command, .delivered())
                case .noSubscriber: mailbox.report(key, .command, .abandoned(error: "no device listens to \(payload.topic)"))
                case .failed(let error):
                    mailbox.report(key, .command, .retry(error: error.message, afterMilliseconds: 500))
                }
            }
        } catch {
            mailbox.report(key, .command, .abandoned(error: error.message))
        }
    }

    /// Notes a report in the store, within the caller's transaction.
    func note(_ key: String, _ report: DeliveryReport, nowMilliseconds now: Int64) throws {
        switch report {
        case .delivered, .duplicate:
            _ = try store.markDelivered(key: key, atMilliseconds: now)
            statistics.deliveriesSucceeded.add(1, ordering: .relaxed)
        case .retry(let error, let delay):
            _ = try store.markAttempt(key: key, error: error, nextAttemptMilliseconds: now + delay)
            statistics.deliveryFailures.add(1, ordering: .relaxed)
        case .abandoned(let error):
            _ = try store.markAbandoned(key: key, error: error, atMilliseconds: now)
            statistics.deliveriesAbandoned.add(1, ordering: .relaxed)
        }
    }

    /// The report is committed: the entry may be handed out again.
    func settled(_ key: String, _ report: DeliveryReport) {
        guard let name = laneOfKey.removeValue(forKey: key) else { return }
        lanes[name]?.settled(key)
        // Commands need no pause: each has an expiry, and the command client waits for the broker.
        guard name.channel != "command" else { return }
        var retry: Int64?
        if case .retry(_, let delay) = report { retry = delay }
        lanes[name]?.tried(retryMilliseconds: retry, steadyMilliseconds: Clock.monotonicMilliseconds())
    }

    /// The events of a report for the core, in this order.
    static func events(_ key: String, _ channel: OutboxChannel, _ report: DeliveryReport) -> [ControlEvent] {
        switch report {
        case .delivered(let answers): [.settled(key: key, channel: channel, outcome: .delivered, detail: nil)] + answers
        case .duplicate(let detail): [.order(.duplicate(key: key, detail: detail))]
        case .abandoned(let error): [.settled(key: key, channel: channel, outcome: .abandoned, detail: error)]
        case .retry: []
        }
    }
}
