/// Some time of samples of one metric, compressed by the caller.
public struct HistoryChunk: Sendable, Equatable {
    /// UCUM code.
    public let unit: String
    public let firstMilliseconds: Int64
    public let lastMilliseconds: Int64
    /// The number of samples in `bytes`.
    public let count: Int
    public let bytes: [UInt8]
}

/// What a history series is of.
public struct HistorySeries: Sendable, Hashable {
    public let device: String
    public let metric: String
    /// UCUM code.
    public let unit: String
}

extension StoreReader {
    /// The chunks of a metric that reach into the time from `fromMilliseconds` through `throughMilliseconds`, by unit and start.
    public func chunks(device: String, metric: String, fromMilliseconds: Int64, throughMilliseconds: Int64) throws -> [HistoryChunk] {
        try connection.rows(.seriesOfMetric, device, metric) { ($0.integer(0), $0.text(1), $0.integer(2)) }
            .flatMap { id, unit, longestMilliseconds in
                // A chunk that reaches into the range began at most the longest chunk's duration before it.
                let (earliest, overflow) = fromMilliseconds.subtractingReportingOverflow(longestMilliseconds)
                return try connection.rows(.chunks, id, overflow ? .min : earliest, throughMilliseconds, fromMilliseconds) { row in
                    HistoryChunk(
                        unit: unit, firstMilliseconds: row.integer(0), lastMilliseconds: row.integer(0) + row.integer(1),
                        count: Int(row.integer(2)), bytes: row.bytes(3))
                }
            }
    }
}

extension Store {
    /// What one chunk takes in the file besides its bytes, as measured by a test.
    static let chunkOverheadBytes: Int64 = 40

    /// The number of a series, which stays the same until the store is closed. Nil when there are as many series as the limits
    /// allow; the refusal is counted. A number that was first given in a transaction which was rolled back means nothing.
    public func series(device: String, metric: String, unit: String) throws -> Int64? {
        let name = HistorySeries(device: device, metric: metric, unit: unit)
        if let id = seriesIDs[name] { return id }
        return try atomically {
            let known = try connection.first(.findSeries, device, metric, unit) { (id: $0.integer(0), longest: $0.integer(1)) }
            guard known != nil || current[.series] < limits.series else {
                current[.seriesRefused] += 1
                return nil
            }
            let id = try known?.id ?? addSeries(name)
            seriesIDs[name] = id
            longestMilliseconds[id] = known?.longest ?? 0
            return id
        }
    }

    private func addSeries(_ name: HistorySeries) throws -> Int64 {
        try connection.run(.addSeries, name.device, name.metric, name.unit)
        current[.series] += 1
        return connection.lastInsertedRow
    }

    /// Adds a chunk. One with the same series, start and count is there already after a crash and replay, and is ignored.
    /// - Returns: whether it was new.
    /// - Throws: `.constraint` for a number that `series` did not give, or times that run backwards.
    @discardableResult
    public func appendChunk(
        series: Int64, firstMilliseconds: Int64, lastMilliseconds: Int64, count: Int, bytes: UnsafeRawBufferPointer
    ) throws -> Bool {
        let (duration, overflow) = lastMilliseconds.subtractingReportingOverflow(firstMilliseconds)
        guard let longest = try longestMilliseconds[series] ?? connection.integer(.longestOfSeries, series), !overflow, duration >= 0,
            count > 0
        else {
            throw StoreError(.constraint, message: "a chunk needs a known series, samples, and an end that is not before its start")
        }
        return try atomically {
            guard try connection.integer(.findChunk, series, firstMilliseconds, count) == nil else { return false }
            try insertChunk(series, firstMilliseconds, duration, count, bytes)
            if duration > longest {
                try connection.run(.lengthenSeries, series, duration)
                longestMilliseconds[series] = duration
            }
            return true
        }
    }

    private func insertChunk(_ series: Int64, _ first: Int64, _ duration: Int64, _ count: Int, _ bytes: UnsafeRawBufferPointer) throws {
        try connection.run(.addChunk, series, duration, count, bytes)
        try connection.run(.indexChunk, series, first, connection.lastInsertedRow)
        current[.chunks] += 1
        current[.chunkBytes] += Int64(bytes.count)
        current[.samples] += Int64(count)
    }

    /// Deletes chunks that ended before `beforeMilliseconds`, and the oldest ones while the history is larger than
    /// `maximumBytes`. One call looks at the 64 chunks that were written first, so that it never holds the writer up for long.
    /// - Returns: the number of deleted chunks; 0 when there is nothing left to do.
    public func trimHistory(beforeMilliseconds: Int64, maximumBytes: Int64) throws -> Int {
        try atomically {
            var deleted = 0
            for chunk in try oldestChunks(64) {
                let isOver = current[.chunkBytes] + current[.chunks] * Self.chunkOverheadBytes > maximumBytes
                // A chunk without an index entry could never be read again.
                let isExpired = chunk.first.map { $0 + chunk.duration < beforeMilliseconds } ?? true
                guard isOver || isExpired else { continue }
                try delete(chunk)
                deleted += 1
            }
            return deleted
        }
    }

    private struct ChunkRow {
        let id, series, duration, samples, bytes: Int64
        let first: Int64?
    }

    private func oldestChunks(_ limit: Int) throws -> [ChunkRow] {
        try connection.rows(.oldestChunks, limit) { row in
            ChunkRow(
                id: row.integer(0), series: row.integer(1), duration: row.integer(2), samples: row.integer(3), bytes: row.integer(4),
                first: row.optionalInteger(5))
        }
    }

    private func delete(_ chunk: ChunkRow) throws {
        try connection.run(.deleteChunk, chunk.id)
        if let first = chunk.first { try connection.run(.unindexChunk, chunk.series, first, chunk.id) }
        current[.chunks] -= 1
        current[.chunkBytes] -= chunk.bytes
        current[.samples] -= chunk.samples
        current[.chunksTrimmed] += 1
    }

    /// Makes room for new series once half of the limit is used: those whose chunks are all trimmed go. At open only, while
    /// nobody holds a number.
    func forgetEmptySeries() throws {
        guard current[.series] > limits.series / 2 else { return }
        try atomically { current[.series] -= Int64(try connection.run(.deleteEmptySeries)) }
    }
}
