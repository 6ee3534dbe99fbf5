extension StoreReader {
    /// The events that have crashed the decoder at least `minimumAttempts` times.
    public func quarantinedEvents(minimumAttempts: Int) throws -> Set<Int64> {
        Set(try connection.rows(.quarantined, minimumAttempts) { $0.integer(0) })
    }
}

extension Store {
    /// Notes one more crash at `event`. To be called, and so committed, before the event is tried again.
    /// - Returns: the number of crashes so far, this one included.
    public func recordCrash(event: Int64) throws -> Int {
        try atomically {
            let attempts = try connection.rows(.recordCrash, event) { Int($0.integer(0)) }.first ?? 0
            guard attempts == 1 else { return attempts }
            if current[.quarantined] < limits.quarantineEntries {
                current[.quarantined] += 1
            } else {
                try connection.run(.forgetOldestCrash)
            }
            return attempts
        }
    }

    /// Crashes of events that can no longer be replayed are of no use.
    func forgetCrashes(through event: Int64) throws {
        guard current[.quarantined] > 0 else { return }
        current[.quarantined] -= Int64(try connection.run(.forgetCrashes, event))
    }
}
