/// One delivery that is to happen at least once.
public struct OutboxEntry: Sendable, Equatable {
    /// The idempotency key, the same whenever the same event is processed again. Receivers use it to recognise a repeat.
    public var key: String
    /// Which deliverer takes it: "command", "order", "ticket" and so on.
    public var channel: String
    /// Who gets it: the supplier's name; empty where a channel has one receiver only.
    public var receiver: String
    public var device: String
    public var payload: [UInt8]
    public var createdMilliseconds: Int64
    /// Not to be delivered before this time; moves on with each failed attempt.
    public var notBeforeMilliseconds: Int64

    public var lane: OutboxLane { OutboxLane(channel: channel, receiver: receiver) }

    public init(
        key: String, channel: String, receiver: String = "", device: String, payload: [UInt8], createdMilliseconds: Int64,
        notBeforeMilliseconds: Int64
    ) {
        self.key = key
        self.channel = channel
        self.receiver = receiver
        self.device = device
        self.payload = payload
        self.createdMilliseconds = createdMilliseconds
        self.notBeforeMilliseconds = notBeforeMilliseconds
    }
}

/// An entry with what has become of it.
public struct OutboxDelivery: Sendable, Equatable {
    public enum State: Int64, Sendable { case open, delivered, abandoned }

    public let entry: OutboxEntry
    public let attempts: Int
    public let lastError: String?
    public let state: State

    init(_ row: Statement) {
        entry = OutboxEntry(
            key: row.text(0), channel: row.text(1), receiver: row.text(9), device: row.text(2), payload: row.bytes(3),
            createdMilliseconds: row.integer(4), notBeforeMilliseconds: row.integer(5))
        attempts = Int(row.integer(6))
        lastError = row.optionalText(7)
        state = State(rawValue: row.integer(8)) ?? .open
    }
}

/// What `enqueue` did.
public enum EnqueueResult: Sendable, Equatable {
    case added
    /// The key is known already, delivered and abandoned ones included; nothing was changed.
    case known
    /// The lane is full, its device has too many there, or the payload is too long; the refusal is counted.
    case refused(reason: String)
}

extension StoreReader {
    /// Open entries of one lane whose time has come, the longest due first.
    public func dueOutbox(_ lane: OutboxLane, nowMilliseconds: Int64, limit: Int) throws -> [OutboxDelivery] {
        try connection.rows(.dueOnLane, lane.channel, lane.receiver, nowMilliseconds, max(0, limit), read: OutboxDelivery.init)
    }

    /// When the next open entry of a lane is due, nil without one.
    public func nextOutboxDue(_ lane: OutboxLane) throws -> Int64? {
        try connection.integer(.nextDueOnLane, lane.channel, lane.receiver)
    }

    /// The entry of a key, nil when the key is unknown or forgotten.
    public func outboxEntry(key: String) throws -> OutboxDelivery? {
        try connection.first(.outboxEntry, key, read: OutboxDelivery.init)
    }
}

extension Store {
    /// Adds a delivery unless its key is known.
    public func enqueue(_ entry: OutboxEntry) throws -> EnqueueResult {
        try atomically {
            if let reason = try reasonToRefuse(entry) {
                // A repeat of a known key is no refusal: it is promised already.
                if try outboxEntry(key: entry.key) != nil { return .known }
                current[.outboxRefused] += 1
                return .refused(reason: reason)
            }
            let added = try connection.run(
                .enqueue, entry.key, entry.channel, entry.device, entry.payload, entry.createdMilliseconds, entry.notBeforeMilliseconds,
                entry.receiver)
            guard added == 1 else { return .known }
            current[.outboxOpen] += 1
            openLanes[entry.lane, default: 0] += 1
            return .added
        }
    }

    /// Each receiver has a limit of its own, and each device a share of it: neither a receiver that takes nothing nor one device can
    /// fill what belongs to the others.
    private func reasonToRefuse(_ entry: OutboxEntry) throws -> String? {
        if entry.payload.count > limits.outboxPayloadBytes {
            return "it has \(entry.payload.count) bytes; \(limits.outboxPayloadBytes) are the most"
        }
        let open = openLanes[entry.lane] ?? 0
        if open >= limits.outboxEntries { return "\(open) deliveries wait for this receiver already (limits.outbox)" }
        let ofDevice = try connection.integer(.openOfDevice, entry.channel, entry.receiver, entry.device) ?? 0
        guard ofDevice >= limits.outboxEntriesPerDevice else { return nil }
        return "\(ofDevice) deliveries about this device wait for this receiver already (limits.outboxPerDevice)"
    }

    /// Notes a failed attempt and when to try again. False when the key is not open.
    @discardableResult
    public func markAttempt(key: String, error: String, nextAttemptMilliseconds: Int64) throws -> Bool {
        try atomically { try connection.run(.markAttempt, key, error, nextAttemptMilliseconds) == 1 }
    }

    /// Notes that a first try begins, so that `lastError` tells after a crash that one was made. False when the key is not open.
    @discardableResult
    public func markBegun(key: String) throws -> Bool {
        try atomically { try connection.run(.markBegun, key) == 1 }
    }

    /// Notes the delivery; the key is remembered, the payload is not. False when the key is not open.
    @discardableResult
    public func markDelivered(key: String, atMilliseconds: Int64) throws -> Bool {
        try finish(key, .delivered, atMilliseconds, nil)
    }

    /// Gives the delivery up; key and payload are remembered. False when the key is not open.
    @discardableResult
    public func markAbandoned(key: String, error: String, atMilliseconds: Int64) throws -> Bool {
        try finish(key, .abandoned, atMilliseconds, error)
    }

    private func finish(_ key: String, _ state: OutboxDelivery.State, _ milliseconds: Int64, _ error: String?) throws -> Bool {
        try atomically {
            let finished = try connection.rows(.finish, key, state.rawValue, milliseconds, error, read: OutboxLane.init)
            guard let lane = finished.first else { return false }
            current[.outboxOpen] -= 1
            openLanes[lane] = openLanes[lane].flatMap { $0 > 1 ? $0 - 1 : nil }
            current[.outboxFinished] += 1
            try forgetFinished()
            return true
        }
    }

    private func forgetFinished() throws {
        guard current[.outboxFinished] > limits.finishedOutboxEntries else { return }
        let forgotten = Int64(try connection.run(.forgetFinished, trimStep(limits.finishedOutboxEntries)))
        current[.outboxFinished] -= forgotten
        current[.outboxForgotten] += forgotten
    }

    /// How many rows to trim at once: a few at a time would touch the oldest page at each append, many would hold the writer up.
    func trimStep(_ limit: Int64) -> Int64 { min(128, limit / 64 + 1) }
}
