extension StoreReader {
    /// Up to when samples were forgotten last, in milliseconds since 1970; nil when none ever were.
    public func historyHorizon() throws -> Int64? {
        let stored = try counters()[.historyHorizon]
        return stored == 0 ? nil : stored
    }
}

extension Store {
    public func setHistoryHorizon(_ milliseconds: Int64) throws {
        guard current[.historyHorizon] != milliseconds else { return }
        try atomically { current[.historyHorizon] = milliseconds }
    }

    /// The clock was set: what waits in the outbox was made as long ago, and is due as far ahead, as before.
    public func shiftOutbox(byMilliseconds step: Int64) throws {
        try atomically { _ = try connection.run(.shiftOutbox, step) }
    }

    /// Changes what an open entry holds. False when the key is not open.
    @discardableResult
    public func replaceOutboxPayload(key: String, with payload: [UInt8]) throws -> Bool {
        try atomically { try connection.run(.replaceOutboxPayload, key, payload) == 1 }
    }
}
