import CivilCalendar
import GatewayCore
import SQLiteStore
import ServiceValue
import Synchronization

/// Writes the core's effects into the store, within the ingest loop's transaction. Deliveries that the outbox does not accept are remembered, and
/// reported to the core once the rest is committed.
final class EffectWriter {
    private let store: Store
    private let outbox: OutboxPump
    private let statistics: GatewayStatistics
    private let days: LocalDays
    /// Deliveries that will never be in the outbox: `dropped` because the store cannot write them, `refused` because there is no room.
    private var dropped: [(key: String, channel: OutboxChannel, reason: String)] = []
    private var refused: [(key: String, channel: OutboxChannel, reason: String)] = []
    /// Outcomes of earlier deliveries whose keys were used again.
    private var settledBefore: [ControlEvent] = []
    private var unwritable: (event: Int64, effect: Int)?

    /// - Parameter zone: that of the site, by whose days the account adds up.
    init(store: Store, outbox: OutboxPump, statistics: GatewayStatistics, zone: ZoneRules) {
        self.store = store
        days = LocalDays(zone: zone)
        self.outbox = outbox
        self.statistics = statistics
    }

    /// A transaction begins. The one before it may have been rolled back; then all of its effects are written again.
    func begin() {
        refused = []
        settledBefore = []
    }

    /// The transaction is committed.
    func report(to mailbox: ControlMailbox) {
        for (key, channel, reason) in refused + dropped { mailbox.report(key, channel, .abandoned(error: reason)) }
        for event in settledBefore { mailbox.post(event) }
        refused = []
        dropped = []
        settledBefore = []
    }

    /// - Parameters:
    ///   - now: what the entries are dated by.
    ///   - steps: of the clock, since the core decided.
    func write(_ output: CoreOutput, _ now: Int64, _ steps: ClockSteps) throws {
        for (index, effect) in output.effects.enumerated() {
            do { try write(effect, output.event, now, steps) } catch let error as StoreError where error.kind == .constraint {
                unwritable = (output.event, index)
                throw error
            }
        }
        try store.setCursor(output.event)
    }

    /// Removes the effect that the store can never write, so that the others do not wait for it for ever.
    func dropUnwritable(of outputs: inout [CoreOutput], _ error: any Error) -> Bool {
        guard let (event, index) = unwritable else { return false }
        unwritable = nil
        guard let at = outputs.firstIndex(where: { $0.event == event && $0.effects.indices.contains(index) }) else { return false }
        let effect = outputs[at].effects.remove(at: index)
        statistics.commitFailures.add(1, ordering: .relaxed)
        Log.error("the store refuses an effect, which is dropped", ["event": String(event), "reason": "\(error)"])
        if case .deliver(let delivery) = effect { dropped.append((delivery.key, delivery.channel, "the store refuses it")) }
        return true
    }

    private func write(_ effect: Effect, _ event: Int64, _ now: Int64, _ steps: ClockSteps) throws {
        switch effect {
        case .decision(let decision):
            try store.appendJournal(
                event: event, timeMilliseconds: decision.timeMilliseconds, kind: decision.kind.rawValue, device: decision.device,
                body: decision.line)
        case .deliver(var delivery):
            delivery.expiresMilliseconds = steps.current(delivery.expiresMilliseconds, from: event)
            try enqueue(delivery, now)
        case .withdraw(let key): _ = try store.markAbandoned(key: key, error: "called off", atMilliseconds: now)
        case .interval(let interval):
            try store.appendStateInterval(
                StateIntervalRow(interval),
                shares: days.shares(from: interval.fromMilliseconds, to: interval.toMilliseconds).map { ($0.day, $0.milliseconds) },
                cause: interval.state == .unscheduledDowntime ? interval.causes.first ?? "" : nil)
        case .incident(let incident): if let row = IncidentRow(incident) { try store.appendIncident(row) }
        case .history(let chunk):
            guard let series = try store.series(device: chunk.device, metric: chunk.metric, unit: chunk.unit) else { return }
            _ = try chunk.bytes.withUnsafeBytes {
                try store.appendChunk(
                    series: series, firstMilliseconds: chunk.firstMilliseconds, lastMilliseconds: chunk.lastMilliseconds,
                    count: Int(chunk.count), bytes: $0)
            }
        case .deadLetter(let letter):
            try store.appendDeadLetter(
                event: letter.event, arrivalMilliseconds: letter.arrivalMilliseconds, topic: letter.topic, payload: letter.payload,
                reason: letter.reason, profile: letter.profile, isRetained: letter.isRetained)
        }
    }

    private func enqueue(_ delivery: Delivery, _ now: Int64) throws {
        guard outbox.delivers(delivery.channel) else { return }
        let lane = OutboxPump.lane(delivery)
        let entry = OutboxEntry(
            key: delivery.key, channel: lane.channel, receiver: lane.receiver, device: delivery.device,
            payload: OutboxPayload(delivery).encoded(), createdMilliseconds: now, notBeforeMilliseconds: now)
        let reason: String
        switch try store.enqueue(entry) {
        case .added: return
        case .known: return try settleKnown(entry, delivery)
        case .refused(let why): reason = why
        }
        Log.error("the outbox refuses a delivery", ["key": delivery.key, "channel": lane.channel, "reason": reason])
        // The core is told, because the order will not reach anybody and must not look as if it had been sent.
        refused.append((delivery.key, delivery.channel, reason))
    }

    /// The key is in the outbox already, so this delivery is not added; the core is told what became of the earlier one.
    private func settleKnown(_ entry: OutboxEntry, _ delivery: Delivery) throws {
        guard let known = try store.outboxEntry(key: entry.key) else { return }
        switch KnownKey(entry, known: known) {
        case .waits:
            guard known.entry.payload != entry.payload else { return }
            Log.warning("a delivery of this key waits already, with another text; that one goes", ["key": entry.key])
        case .ended(let outcome, let detail):
            settledBefore.append(.settled(key: entry.key, channel: delivery.channel, outcome: outcome, detail: detail))
        case .foreign:
            statistics.outboxKeyConflicts.add(1, ordering: .relaxed)
            Log.error(
                "a delivery has the key of another one and is not sent",
                ["key": entry.key, "device": entry.device, "other": known.entry.device])
            settledBefore.append(
                .settled(
                    key: entry.key, channel: delivery.channel, outcome: .abandoned,
                    detail: "another delivery has its key: it is for \(known.entry.device), channel \(known.entry.channel)"))
        }
    }
}

extension StateIntervalRow {
    init(_ interval: StateInterval) {
        self.init(
            device: interval.device, state: Int(interval.state.rawValue), fromMilliseconds: interval.fromMilliseconds,
            toMilliseconds: interval.toMilliseconds, causes: interval.causes.joined(separator: "\n"))
    }
}

extension IncidentRow {
    /// Nil for one that is not over.
    init?(_ incident: Incident) {
        guard let restored = incident.restoredMilliseconds, let downtime = incident.downtimeMilliseconds else { return nil }
        self.init(
            device: incident.device, onsetMilliseconds: incident.onsetMilliseconds, restoredMilliseconds: restored,
            downtimeMilliseconds: downtime, detectedMilliseconds: incident.detectedMilliseconds,
            actedMilliseconds: incident.actedMilliseconds,
            isRemote: incident.isHandledRemotely, causes: incident.alarmKinds.joined(separator: "\n"))
    }
}
