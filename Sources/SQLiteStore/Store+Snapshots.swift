/// Takes a snapshot's bytes in pieces of any size and stores them in parts of at most 1 MiB.
public struct SnapshotWriter: ~Copyable {
    static let partBytes = 1 << 20

    private let connection: Connection
    private var buffer: [UInt8] = []
    private var checksum: Checksum
    fileprivate let firstPart: Int64
    fileprivate private(set) var partCount: Int64 = 0
    fileprivate private(set) var byteCount: Int64 = 0

    fileprivate init(_ connection: Connection, _ checksum: Checksum) throws {
        self.connection = connection
        self.checksum = checksum
        firstPart = try connection.integer(.nextPart) ?? 1
    }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        checksum.add(bytes)
        byteCount += Int64(bytes.count)
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Self.partBytes - buffer.count)
            buffer.append(contentsOf: piece)
            rest = rest.dropFirst(piece.count)
            if buffer.count == Self.partBytes { try flush() }
        }
    }

    public mutating func append(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try append($0) }
    }

    fileprivate mutating func finish() throws -> Int64 {
        if !buffer.isEmpty { try flush() }
        return checksum.signed
    }

    private mutating func flush() throws {
        let id = firstPart + partCount
        try connection.use(.addPart) { statement in
            try statement.bind(1, id)
            try buffer.withUnsafeBytes { bytes in
                try statement.bind(2, bytes)
                try statement.run()
            }
        }
        partCount += 1
        buffer.removeAll(keepingCapacity: true)
    }
}

/// The state at an event, as the gateway encoded it.
public struct Snapshot: Sendable, Equatable {
    /// The last event whose effect is in the state.
    public let event: Int64
    public let bytes: [UInt8]
}

/// The newest usable snapshot, and why newer ones were passed over.
public struct SnapshotSearch: Sendable, Equatable {
    /// Nil when there is none: state must then be rebuilt from the first event.
    public let snapshot: Snapshot?
    public let problems: [String]
}

extension StoreReader {
    private struct Row {
        let event, formatVersion, firstPart, partCount, byteCount, checksum: Int64
    }

    /// Finds the newest snapshot of this format that is whole. Damage is a reason to take the one before, not an error.
    public func loadSnapshot(formatVersion: Int) throws -> SnapshotSearch {
        let rows = try connection.use(.snapshots) { rows in
            var found: [Row] = []
            while try rows.step() {
                found.append(
                    Row(
                        event: rows.integer(0), formatVersion: rows.integer(1), firstPart: rows.integer(2), partCount: rows.integer(3),
                        byteCount: rows.integer(4), checksum: rows.integer(5)))
            }
            return found
        }
        var problems: [String] = []
        for row in rows {
            guard row.formatVersion == Int64(formatVersion) else {
                problems.append("the snapshot at event \(row.event) has format \(row.formatVersion), not \(formatVersion)")
                continue
            }
            do {
                return SnapshotSearch(snapshot: Snapshot(event: row.event, bytes: try read(row)), problems: problems)
            } catch let error as StoreError where error.kind == .corrupt {
                problems.append("the snapshot at event \(row.event) cannot be used: \(error.message)")
            }
        }
        return SnapshotSearch(snapshot: nil, problems: problems)
    }

    private func read(_ row: Row) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for part in 0..<max(0, row.partCount) {
            try connection.use(.part) { parts in
                try parts.bind(1, row.firstPart &+ part)
                guard try parts.step() else { throw StoreError(.corrupt, message: "part \(part + 1) of \(row.partCount) is missing") }
                bytes.append(contentsOf: parts.blob(0))
            }
        }
        var checksum = Checksum(event: row.event, formatVersion: row.formatVersion)
        bytes.withUnsafeBytes { checksum.add($0) }
        guard Int64(bytes.count) == row.byteCount, checksum.signed == row.checksum else {
            throw StoreError(.corrupt, message: "its checksum does not match its \(bytes.count) bytes")
        }
        return bytes
    }
}

extension Store {
    /// Replaces the older of the two snapshots by a new one, in one transaction.
    /// - Parameters:
    ///   - event: the last event whose effect is in the state; not beyond `lastEvent`.
    ///   - parts: appends the bytes of the state.
    public func saveSnapshot(event: Int64, formatVersion: Int, parts: (inout SnapshotWriter) throws -> Void) throws {
        guard event >= 0, event <= current[.lastEvent] else {
            throw StoreError(.constraint, message: "a snapshot at event \(event) is not of the \(current[.lastEvent]) committed events")
        }
        try atomically {
            var writer = try SnapshotWriter(connection, Checksum(event: event, formatVersion: Int64(formatVersion)))
            try parts(&writer)
            let checksum = try writer.finish()
            let (firstPart, partCount, byteCount) = (writer.firstPart, writer.partCount, writer.byteCount)
            try connection.use(.addSnapshot) { statement in
                try statement.bind(1, event)
                try statement.bind(2, formatVersion)
                try statement.bind(3, firstPart)
                try statement.bind(4, partCount)
                try statement.bind(5, byteCount)
                try statement.bind(6, checksum)
                try statement.run()
            }
            try connection.run(.deleteParts)
            try connection.run(.deleteSnapshots)
        }
    }
}

extension Checksum {
    /// Begins with what else must be right for the bytes to mean what they say.
    fileprivate init(event: Int64, formatVersion: Int64) {
        add(event)
        add(formatVersion)
    }
}
