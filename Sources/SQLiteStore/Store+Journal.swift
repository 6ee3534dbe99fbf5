/// One decision, as it was taken: for people, and for comparison with a replay.
public struct JournalEntry: Sendable, Equatable {
    /// Rises with each entry; `before` of the next page.
    public let id: Int64
    public let event: Int64
    public let timeMilliseconds: Int64
    public let kind: String
    public let device: String
    /// JSON.
    public let body: [UInt8]
}

extension StoreReader {
    /// Journal entries, the newest first.
    /// - Parameters:
    ///   - device: only of this device; nil for all. The same for `kind`.
    ///   - sinceMilliseconds: only entries of this time or later.
    ///   - id: only entries before this one, to read page by page.
    public func journal(
        device: String? = nil, kind: String? = nil, sinceMilliseconds: Int64 = .min, before id: Int64 = .max, limit: Int
    ) throws -> [JournalEntry] {
        try connection.use(device == nil ? .journal : .journalOfDevice) { rows in
            try rows.bind(1, id)
            try rows.bind(2, sinceMilliseconds)
            try rows.bind(3, kind)
            try rows.bind(4, max(0, limit))
            if let device { try rows.bind(5, device) }
            var entries: [JournalEntry] = []
            while try rows.step() {
                entries.append(
                    JournalEntry(
                        id: rows.integer(0), event: rows.integer(1), timeMilliseconds: rows.integer(2), kind: rows.text(3),
                        device: rows.text(4), body: rows.bytes(5)))
            }
            return entries
        }
    }
}

extension Store {
    /// Appends a decision. Beyond the limits the oldest go, a few at a time, and are counted.
    public func appendJournal(event: Int64, timeMilliseconds: Int64, kind: String, device: String, body: [UInt8]) throws {
        try atomically {
            try connection.use(.appendJournal) { statement in
                try statement.bind(1, event)
                try statement.bind(2, timeMilliseconds)
                try statement.bind(3, kind)
                try statement.bind(4, device)
                try body.withUnsafeBytes { bytes in
                    try statement.bind(5, bytes)
                    try statement.run()
                }
            }
            current[.journalEntries] += 1
            current[.journalBytes] += Int64(body.count)
            guard current[.journalEntries] > limits.journalEntries || current[.journalBytes] > limits.journalBytes else { return }
            for (id, bytes) in try oldestRows(.oldestJournal, trimStep(limits.journalEntries)) {
                try connection.deleteRow(.deleteJournal, id)
                current[.journalEntries] -= 1
                current[.journalBytes] -= bytes
                current[.journalTrimmed] += 1
            }
        }
    }

    /// Ids and payload bytes of the first rows of a table, oldest first.
    func oldestRows(_ query: Query, _ limit: Int64, from id: Int64? = nil) throws -> [(id: Int64, bytes: Int64)] {
        try connection.use(query) { rows in
            try rows.bind(1, limit)
            if let id { try rows.bind(2, id) }
            var found: [(id: Int64, bytes: Int64)] = []
            while try rows.step() { found.append((rows.integer(0), rows.integer(1))) }
            return found
        }
    }
}
