/// A snapshot that is being written: its parts are in the store, and nothing counts them yet.
public struct SnapshotDraft: Sendable {
    /// A part is one row, and with `appendSnapshotPart` one small transaction.
    public static let partBytes = 1 << 20

    public let event: Int64
    let formatVersion: Int
    let firstPart: Int64
    var partCount: Int64 = 0
    public internal(set) var byteCount: Int64 = 0
    var checksum = Checksum()

    /// The last event whose effect is in the state, and the format of the bytes, belong to what must be right.
    var sealed: Int64 {
        var sealed = checksum
        sealed.add(event)
        sealed.add(Int64(formatVersion))
        return sealed.signed
    }
}

/// Takes a snapshot's bytes in pieces of any size and stores them in parts of at most 1 MiB.
public struct SnapshotWriter: ~Copyable {
    private let store: Store
    fileprivate var draft: SnapshotDraft
    private var buffer: [UInt8] = []

    fileprivate init(_ store: Store, _ draft: SnapshotDraft) {
        self.store = store
        self.draft = draft
    }

    public mutating func append(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(SnapshotDraft.partBytes - buffer.count)
            buffer.append(contentsOf: piece)
            rest = rest.dropFirst(piece.count)
            if buffer.count == SnapshotDraft.partBytes { try flush() }
        }
    }

    fileprivate mutating func flush() throws {
        guard !buffer.isEmpty else { return }
        try store.appendSnapshotPart(buffer, to: &draft)
        buffer.removeAll(keepingCapacity: true)
    }
}

/// The state at an event, as the gateway encoded it. It is read piece by piece, and only while `findSnapshot` runs.
public struct Snapshot {
    /// The last event whose effect is in the state.
    public let event: Int64
    /// The caller's number of the format of the bytes.
    public let format: Int
    private let reader: StoreReader
    private var part: Int64
    private let end: Int64

    fileprivate init(event: Int64, format: Int, reader: StoreReader, parts: Range<Int64>) {
        (self.event, self.format, self.reader, part, end) = (event, format, reader, parts.lowerBound, parts.upperBound)
    }

    /// The next of its bytes, at most a mebibyte; nil behind the last ones.
    public mutating func next() throws -> [UInt8]? {
        guard part < end else { return nil }
        defer { part += 1 }
        return try reader.connection.first(.part, part) { $0.bytes(0) }
    }
}

/// The newest usable snapshot, and why newer ones were passed over.
public struct SnapshotSearch: Sendable, Equatable {
    /// The event of the snapshot; nil when there is none: state must then be rebuilt from the first event.
    public let event: Int64?
    public let problems: [String]
}

extension StoreReader {
    private struct Row {
        let event, formatVersion, firstPart, partCount, byteCount, checksum, hash: Int64
    }

    /// Finds the newest snapshot that is whole, of one of these formats, and that `use` can use. What is wrong with one is a reason to take
    /// the one before, not an error.
    /// - Parameter use: takes the state; it throws for bytes that it cannot read.
    public func findSnapshot(formats: [Int], _ use: (Snapshot) throws -> Void) throws -> SnapshotSearch {
        let rows = try connection.rows(.snapshots) { row in
            Row(
                event: row.integer(0), formatVersion: row.integer(1), firstPart: row.integer(2), partCount: row.integer(3),
                byteCount: row.integer(4), checksum: row.integer(5), hash: row.integer(6))
        }
        var problems: [String] = []
        for row in rows {
            guard let format = formats.first(where: { Int64($0) == row.formatVersion }) else {
                problems.append("the snapshot at event \(row.event) has format \(row.formatVersion), which this program does not read")
                continue
            }
            do { try check(row) } catch let error as StoreError where error.kind == .corrupt {
                problems.append("the snapshot at event \(row.event) cannot be used: \(error.message)")
                continue
            }
            do {
                let parts = row.firstPart..<row.firstPart + max(0, row.partCount)
                try use(Snapshot(event: row.event, format: format, reader: self, parts: parts))
                return SnapshotSearch(event: row.event, problems: problems)
            } catch {
                problems.append("the snapshot at event \(row.event) cannot be used: \(error)")
            }
        }
        return SnapshotSearch(event: nil, problems: problems)
    }

    /// Throws unless every byte is there as it was written. It goes over them before any is used.
    private func check(_ row: Row) throws {
        var draft = SnapshotDraft(event: row.event, formatVersion: Int(truncatingIfNeeded: row.formatVersion), firstPart: row.firstPart)
        // As stores of the first versions have it.
        var first = FNVChecksum()
        first.add(row.event)
        first.add(row.formatVersion)
        for part in 0..<max(0, row.partCount) {
            try connection.use(.part) { parts in
                try parts.bind(1, row.firstPart &+ part)
                guard try parts.step() else { throw StoreError(.corrupt, message: "part \(part + 1) of \(row.partCount) is missing") }
                draft.byteCount += Int64(parts.blob(0).count)
                if row.hash == 0 { first.add(parts.blob(0)) } else { draft.checksum.add(parts.blob(0)) }
            }
        }
        guard draft.byteCount == row.byteCount, (row.hash == 0 ? first.signed : draft.sealed) == row.checksum else {
            throw StoreError(.corrupt, message: "its checksum does not match its \(draft.byteCount) bytes")
        }
    }
}

extension Store {
    /// Begins a snapshot whose parts are committed one by one, between other things. It counts when it is finished.
    /// - Parameter event: the last event whose effect is in the state; not beyond `lastEvent`.
    public func beginSnapshot(event: Int64, formatVersion: Int) throws -> SnapshotDraft {
        guard event >= 0, event <= current[.lastEvent] else {
            throw StoreError(.constraint, message: "a snapshot at event \(event) is not of the \(current[.lastEvent]) committed events")
        }
        return SnapshotDraft(event: event, formatVersion: formatVersion, firstPart: try connection.integer(.nextPart) ?? 1)
    }

    /// Adds bytes in parts of at most 1 MiB, in a transaction of their own unless one is open.
    public func appendSnapshotPart(_ bytes: [UInt8], to draft: inout SnapshotDraft) throws {
        var next = draft
        try atomically {
            try bytes.withUnsafeBytes { all in
                for start in stride(from: 0, to: all.count, by: SnapshotDraft.partBytes) {
                    let part = UnsafeRawBufferPointer(rebasing: all[start..<min(start + SnapshotDraft.partBytes, all.count)])
                    try connection.run(.addPart, next.firstPart + next.partCount, part)
                    next.partCount += 1
                    next.byteCount += Int64(part.count)
                    next.checksum.add(part)
                }
            }
        }
        draft = next
    }

    /// Makes the snapshot count, and forgets the older of the two before it. The parts of that one go by and by, see `trimSnapshotParts`.
    public func finishSnapshot(_ draft: SnapshotDraft) throws {
        try atomically {
            try connection.run(
                .addSnapshot, draft.event, draft.formatVersion, draft.firstPart, draft.partCount, draft.byteCount, draft.sealed)
            try connection.run(.deleteSnapshots)
        }
    }

    /// Deletes a few parts that no snapshot counts: of an older one, or of one that came to nothing. Not while one is being written.
    /// - Returns: the number of deleted parts; 0 when there is nothing left to do.
    public func trimSnapshotParts() throws -> Int { try connection.run(.deleteOldParts) }

    /// Writes a whole snapshot, in the caller's transaction or in one of its own, in place of the older of the two.
    /// - Parameter parts: appends the bytes of the state.
    public func saveSnapshot(event: Int64, formatVersion: Int, parts: (inout SnapshotWriter) throws -> Void) throws {
        try atomically {
            var writer = SnapshotWriter(self, try beginSnapshot(event: event, formatVersion: formatVersion))
            try parts(&writer)
            try writer.flush()
            try finishSnapshot(writer.draft)
            while try trimSnapshotParts() > 0 {}
        }
    }
}
