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
    /// The series of a device that have history, by metric and unit.
    public func historySeries(device: String) throws -> [HistorySeries] { try series(device, metric: nil).map(\.name) }

    /// The chunks of a metric that reach into the time from `fromMilliseconds` through `throughMilliseconds`, by unit and start.
    public func chunks(device: String, metric: String, fromMilliseconds: Int64, throughMilliseconds: Int64) throws -> [HistoryChunk] {
        var found: [HistoryChunk] = []
        for series in try series(device, metric: metric) {
            try connection.use(.chunks) { rows in
                try rows.bind(1, series.id)
                // A chunk that reaches into the range began at most the longest chunk's duration before it.
                let (earliest, overflow) = fromMilliseconds.subtractingReportingOverflow(series.longestMilliseconds)
                try rows.bind(2, overflow ? .min : earliest)
                try rows.bind(3, throughMilliseconds)
                try rows.bind(4, fromMilliseconds)
                while try rows.step() {
                    found.append(
                        HistoryChunk(
                            unit: series.name.unit, firstMilliseconds: rows.integer(0), lastMilliseconds: rows.integer(0) + rows.integer(1),
                            count: Int(rows.integer(2)), bytes: rows.bytes(3)))
                }
            }
        }
        return found
    }

    private func series(_ device: String, metric: String?) throws -> [(id: Int64, name: HistorySeries, longestMilliseconds: Int64)] {
        try connection.use(.listSeries) { rows in
            try rows.bind(1, device)
            try rows.bind(2, metric)
            var found: [(id: Int64, name: HistorySeries, longestMilliseconds: Int64)] = []
            while try rows.step() {
                let name = HistorySeries(device: rows.text(1), metric: rows.text(2), unit: rows.text(3))
                found.append((rows.integer(0), name, rows.integer(4)))
            }
            return found
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
            let known = try connection.use(.findSeries) { rows -> (id: Int64, longest: Int64)? in
                try Self.bind(name, to: rows)
                return try rows.step() ? (rows.integer(0), rows.integer(1)) : nil
            }
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
        try connection.use(.addSeries) { statement in
            try Self.bind(name, to: statement)
            try statement.run()
        }
        current[.series] += 1
        return connection.lastInsertedRow
    }

    private static func bind(_ name: HistorySeries, to statement: Statement) throws {
        try statement.bind(1, name.device)
        try statement.bind(2, name.metric)
        try statement.bind(3, name.unit)
    }

    /// Adds a chunk. One with the same series, start and count is there already after a crash and replay, and is ignored.
    /// - Returns: whether it was new.
    /// - Throws: `.constraint` for a number that `series` did not give, or times that run backwards.
    @discardableResult
    public func appendChunk(
        series: Int64, firstMilliseconds: Int64, lastMilliseconds: Int64, count: Int, bytes: UnsafeRawBufferPointer
    ) throws -> Bool {
        let (duration, overflow) = lastMilliseconds.subtractingReportingOverflow(firstMilliseconds)
        guard let longest = try longest(of: series), !overflow, duration >= 0, count > 0 else {
            throw StoreError(.constraint, message: "a chunk needs a known series, samples, and an end that is not before its start")
        }
        return try atomically {
            let isKnown = try connection.use(.findChunk) { rows in
                try rows.bind(1, series)
                try rows.bind(2, firstMilliseconds)
                try rows.bind(3, count)
                return try rows.step()
            }
            guard !isKnown else { return false }
            try insertChunk(series, firstMilliseconds, duration, count, bytes)
            if duration > longest {
                try connection.use(.lengthenSeries) { statement in
                    try statement.bind(1, series)
                    try statement.bind(2, duration)
                    try statement.run()
                }
                longestMilliseconds[series] = duration
            }
            return true
        }
    }

    private func longest(of series: Int64) throws -> Int64? {
        if let known = longestMilliseconds[series] { return known }
        return try connection.use(.longestOfSeries) { rows in
            try rows.bind(1, series)
            return try rows.step() ? rows.integer(0) : nil
        }
    }

    private func insertChunk(_ series: Int64, _ first: Int64, _ duration: Int64, _ count: Int, _ bytes: UnsafeRawBufferPointer) throws {
        try connection.use(.addChunk) { statement in
            try statement.bind(1, series)
            try statement.bind(2, duration)
            try statement.bind(3, count)
            try statement.bind(4, bytes)
            try statement.run()
        }
        let id = connection.lastInsertedRow
        try connection.use(.indexChunk) { statement in
            try statement.bind(1, series)
            try statement.bind(2, first)
            try statement.bind(3, id)
            try statement.run()
        }
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
        try connection.use(.oldestChunks) { rows in
            try rows.bind(1, limit)
            var found: [ChunkRow] = []
            while try rows.step() {
                found.append(
                    ChunkRow(
                        id: rows.integer(0), series: rows.integer(1), duration: rows.integer(2), samples: rows.integer(3),
                        bytes: rows.integer(4), first: rows.isNull(5) ? nil : rows.integer(5)))
            }
            return found
        }
    }

    private func delete(_ chunk: ChunkRow) throws {
        try connection.deleteRow(.deleteChunk, chunk.id)
        if let first = chunk.first {
            try connection.use(.unindexChunk) { statement in
                try statement.bind(1, chunk.series)
                try statement.bind(2, first)
                try statement.bind(3, chunk.id)
                try statement.run()
            }
        }
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
