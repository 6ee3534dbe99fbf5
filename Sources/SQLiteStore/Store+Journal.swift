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
        func entry(_ row: Statement) -> JournalEntry {
            JournalEntry(
                id: row.integer(0), event: row.integer(1), timeMilliseconds: row.integer(2), kind: row.text(3), device: row.text(4),
                body: row.bytes(5))
        }
        guard let device else { return try connection.rows(.journal, id, sinceMilliseconds, kind, max(0, limit), read: entry) }
        return try connection.rows(.journalOfDevice, id, sinceMilliseconds, kind, max(0, limit), device, read: entry)
    }
}

extension Store {
    /// Appends a decision. Beyond the limits the oldest go, a few at a time, and are counted.
    public func appendJournal(event: Int64, timeMilliseconds: Int64, kind: String, device: String, body: [UInt8]) throws {
        try atomically {
            try connection.run(.appendJournal, event, timeMilliseconds, kind, device, body)
            current[.journalEntries] += 1
            current[.journalBytes] += Int64(body.count)
            guard current[.journalEntries] > limits.journalEntries || current[.journalBytes] > limits.journalBytes else { return }
            for (id, bytes) in try connection.rows(.oldestJournal, trimStep(limits.journalEntries), read: Self.idAndBytes) {
                try connection.run(.deleteJournal, id)
                current[.journalEntries] -= 1
                current[.journalBytes] -= bytes
                current[.journalTrimmed] += 1
            }
        }
    }

    /// A row of the queries for the oldest rows of a table: its id, and how many bytes it holds.
    static func idAndBytes(_ row: Statement) -> (id: Int64, bytes: Int64) { (row.integer(0), row.integer(1)) }
}
