/// One delivery that is to happen at least once.
public struct OutboxEntry: Sendable, Equatable {
    /// The idempotency key, the same whenever the same event is processed again. Receivers use it to recognise a repeat.
    public var key: String
    /// Which deliverer takes it: "command", "order", "ticket" and so on.
    public var channel: String
    public var device: String
    public var payload: [UInt8]
    public var createdMilliseconds: Int64
    /// Not to be delivered before this time; moves on with each failed attempt.
    public var notBeforeMilliseconds: Int64

    public init(
        key: String, channel: String, device: String, payload: [UInt8], createdMilliseconds: Int64, notBeforeMilliseconds: Int64
    ) {
        self.key = key
        self.channel = channel
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
            key: row.text(0), channel: row.text(1), device: row.text(2), payload: row.bytes(3), createdMilliseconds: row.integer(4),
            notBeforeMilliseconds: row.integer(5))
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
    /// The outbox is full, or the payload too long; the refusal is counted.
    case refused
}

extension StoreReader {
    /// Open entries whose time has come, the longest due first.
    /// - Parameter channel: nil for all channels.
    public func dueOutbox(nowMilliseconds: Int64, channel: String? = nil, limit: Int) throws -> [OutboxDelivery] {
        try connection.use(channel == nil ? .dueOnAny : .dueOnChannel) { rows in
            var index: Int32 = 1
            if let channel {
                try rows.bind(1, channel)
                index = 2
            }
            try rows.bind(index, nowMilliseconds)
            try rows.bind(index + 1, max(0, limit))
            var due: [OutboxDelivery] = []
            while try rows.step() { due.append(OutboxDelivery(rows)) }
            return due
        }
    }

    /// When the next open entry is due, nil without one.
    public func nextOutboxDue(channel: String? = nil) throws -> Int64? {
        guard let channel else { return try connection.integer(.nextDueOnAny) }
        return try connection.use(.nextDueOnChannel) { rows in
            try rows.bind(1, channel)
            return try rows.step() && !rows.isNull(0) ? rows.integer(0) : nil
        }
    }

    /// The entry of a key, nil when the key is unknown or forgotten.
    public func outboxEntry(key: String) throws -> OutboxDelivery? {
        try connection.use(.outboxEntry) { rows in
            try rows.bind(1, key)
            return try rows.step() ? OutboxDelivery(rows) : nil
        }
    }
}

extension Store {
    /// Adds a delivery unless its key is known.
    public func enqueue(_ entry: OutboxEntry) throws -> EnqueueResult {
        try atomically {
            let isRefused = current[.outboxOpen] >= limits.outboxEntries || entry.payload.count > limits.outboxPayloadBytes
            if isRefused {
                // A repeat of a known key is no refusal: it is promised already.
                if try outboxEntry(key: entry.key) != nil { return .known }
                current[.outboxRefused] += 1
                return .refused
            }
            let added = try connection.use(.enqueue) { statement in
                try statement.bind(1, entry.key)
                try statement.bind(2, entry.channel)
                try statement.bind(3, entry.device)
                try statement.bind(5, entry.createdMilliseconds)
                try statement.bind(6, entry.notBeforeMilliseconds)
                return try entry.payload.withUnsafeBytes { bytes in
                    try statement.bind(4, bytes)
                    return try statement.run()
                }
            }
            guard added == 1 else { return .known }
            current[.outboxOpen] += 1
            return .added
        }
    }

    /// Notes a failed attempt and when to try again. False when the key is not open.
    @discardableResult
    public func markAttempt(key: String, error: String, nextAttemptMilliseconds: Int64) throws -> Bool {
        try atomically {
            try connection.use(.markAttempt) { statement in
                try statement.bind(1, key)
                try statement.bind(2, error)
                try statement.bind(3, nextAttemptMilliseconds)
                return try statement.run() == 1
            }
        }
    }

    /// Notes that a first try begins, so that `lastError` tells after a crash that one was made. False when the key is not open.
    @discardableResult
    public func markBegun(key: String) throws -> Bool {
        try atomically {
            try connection.use(.markBegun) { statement in
                try statement.bind(1, key)
                return try statement.run() == 1
            }
        }
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

    /// Opens an abandoned delivery again, for a person who has mended the cause. False when the key was not abandoned.
    @discardableResult
    public func retryAbandoned(key: String, notBeforeMilliseconds: Int64) throws -> Bool {
        try atomically {
            let reopened = try connection.use(.reopen) { statement in
                try statement.bind(1, key)
                try statement.bind(2, notBeforeMilliseconds)
                return try statement.run() == 1
            }
            if reopened {
                current[.outboxOpen] += 1
                current[.outboxFinished] -= 1
            }
            return reopened
        }
    }

    private func finish(_ key: String, _ state: OutboxDelivery.State, _ milliseconds: Int64, _ error: String?) throws -> Bool {
        try atomically {
            let finished = try connection.use(.finish) { statement in
                try statement.bind(1, key)
                try statement.bind(2, state.rawValue)
                try statement.bind(3, milliseconds)
                try statement.bind(4, error)
                return try statement.run() == 1
            }
            guard finished else { return false }
            current[.outboxOpen] -= 1
            current[.outboxFinished] += 1
            try forgetFinished()
            return true
        }
    }

    private func forgetFinished() throws {
        guard current[.outboxFinished] > limits.finishedOutboxEntries else { return }
        let forgotten = try connection.use(.forgetFinished) { statement in
            try statement.bind(1, trimStep(limits.finishedOutboxEntries))
            return Int64(try statement.run())
        }
        current[.outboxFinished] -= forgotten
        current[.outboxForgotten] += forgotten
    }

    /// How many rows to trim at once: a few at a time would touch the oldest page at each append, many would hold the writer up.
    func trimStep(_ limit: Int64) -> Int64 { min(128, limit / 64 + 1) }
}
