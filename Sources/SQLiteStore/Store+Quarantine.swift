extension StoreReader {
    /// The events that have crashed the decoder at least `minimumAttempts` times.
    public func quarantinedEvents(minimumAttempts: Int) throws -> Set<Int64> {
        try connection.use(.quarantined) { rows in
            try rows.bind(1, minimumAttempts)
            var events: Set<Int64> = []
            while try rows.step() { events.insert(rows.integer(0)) }
            return events
        }
    }
}

extension Store {
    /// Notes one more crash at `event`. To be called, and so committed, before the event is tried again.
    /// - Returns: the number of crashes so far, this one included.
    public func recordCrash(event: Int64) throws -> Int {
        try atomically {
            let attempts = try connection.use(.recordCrash) { rows in
                try rows.bind(1, event)
                let attempts = try rows.step() ? Int(rows.integer(0)) : 0
                // The row is returned before the statement ends; stepping on lets it.
                while try rows.step() {}
                return attempts
            }
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
        current[.quarantined] -= try connection.use(.forgetCrashes) { statement in
            try statement.bind(1, event)
            return Int64(try statement.run())
        }
    }
}
