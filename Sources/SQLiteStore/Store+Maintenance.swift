/// Counts and sizes for the metrics page and the status. All are kept; no table is scanned for them.
public struct StoreStatistics: Sendable, Equatable {
    public let inboxBytes, outboxOpen, outboxRefused, journalTrimmed, deadLetters, deadLettersDropped, historySamples: Int64
    /// Samples from before this may be forgotten, in milliseconds since 1970; 0 before the first time.
    public let historyHorizonMilliseconds: Int64
    /// Compressed samples and what the file needs around them.
    public let historyBytes: Int64
    /// The database file without the write-ahead log.
    public let fileBytes: Int64
}

extension StoreReader {
    public func statistics() throws -> StoreStatistics {
        let now = try counters()
        return StoreStatistics(
            inboxBytes: now[.inboxBytes], outboxOpen: now[.outboxOpen], outboxRefused: now[.outboxRefused],
            journalTrimmed: now[.journalTrimmed], deadLetters: now[.deadLetters], deadLettersDropped: now[.deadLettersDropped],
            historySamples: now[.samples], historyHorizonMilliseconds: now[.historyHorizon],
            historyBytes: now[.chunkBytes] + now[.chunks] * Store.chunkOverheadBytes,
            fileBytes: (try connection.integer(.pageCount) ?? 0) * Schema.pageBytes)
    }
}

extension Store {
    /// Gives up to 256 free pages (2 MiB) back to the file system. Worth it only when much is free: free pages are reused first.
    /// - Returns: whether free pages are left.
    public func releaseFreePages() throws -> Bool {
        try requireNoTransaction()
        try connection.run(.releasePages)
        return try connection.integer(.freePages) ?? 0 > 0
    }
}
