/// Row counts and sizes for the metrics page; all kept, none scanned for.
public struct StoreStatistics: Sendable, Equatable {
    public let lastEvent, cursor: Int64
    public let inboxSegments, inboxBytes: Int64
    public let outboxOpen, outboxFinished, outboxRefused, outboxForgotten: Int64
    public let journalEntries, journalBytes, journalTrimmed: Int64
    public let deadLetters, deadLetterBytes, deadLettersDropped: Int64
    public let quarantined: Int64
    public let historyChunks, historySamples, historyTrimmedChunks, historySeries, historySeriesRefused: Int64
    /// Samples from before this may be forgotten, in milliseconds since 1970; 0 before the first time.
    public let historyHorizonMilliseconds: Int64
    /// Compressed samples and what the file needs around them.
    public let historyBytes: Int64
    /// The database file, the part of it that is free for reuse, and the write-ahead log beside it.
    public let fileBytes, freeBytes, logBytes: Int64
}

extension StoreReader {
    public func statistics() throws -> StoreStatistics {
        let now = try counters()
        let pageBytes = Schema.pageBytes
        return StoreStatistics(
            lastEvent: now[.lastEvent], cursor: now[.cursor], inboxSegments: now[.inboxSegments], inboxBytes: now[.inboxBytes],
            outboxOpen: now[.outboxOpen], outboxFinished: now[.outboxFinished], outboxRefused: now[.outboxRefused],
            outboxForgotten: now[.outboxForgotten], journalEntries: now[.journalEntries], journalBytes: now[.journalBytes],
            journalTrimmed: now[.journalTrimmed], deadLetters: now[.deadLetters], deadLetterBytes: now[.deadLetterBytes],
            deadLettersDropped: now[.deadLettersDropped], quarantined: now[.quarantined], historyChunks: now[.chunks],
            historySamples: now[.samples], historyTrimmedChunks: now[.chunksTrimmed], historySeries: now[.series],
            historySeriesRefused: now[.seriesRefused],
            historyHorizonMilliseconds: now[.historyHorizon], historyBytes: now[.chunkBytes] + now[.chunks] * Store.chunkOverheadBytes,
            fileBytes: try connection.integer(.pageCount).map { $0 * pageBytes } ?? 0,
            freeBytes: try connection.integer(.freePages).map { $0 * pageBytes } ?? 0, logBytes: StoreFile.bytes(connection.path + "-wal"))
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
