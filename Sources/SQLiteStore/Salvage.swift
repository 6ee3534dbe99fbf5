/// What could be copied from a store whose file is damaged.
public struct Salvage: Sendable, Equatable {
    /// The event of the snapshot; nil: none can be read.
    public var snapshotEvent: Int64?
    public var segments = 0
    public var deliveries = 0
    /// The outbox was read to its end.
    public var hasWholeOutbox = false
}

extension Store {
    /// Fills this new store with what can be read of a damaged one and is as it was committed: the newest snapshot, the batches behind it, the
    /// outbox, the messages that crashed the decoder, and the account of downtime by day. The journal, the dead letters, the history, the
    /// ledger's entries and the list of writes stay behind.
    ///
    /// Everything up to the last batch that was found counts as done: what it decided was in the outbox, and is not decided twice.
    /// - Parameter path: the file that was set aside, with its log beside it.
    public func salvage(from path: String, formats: [Int]) throws -> Salvage {
        var salvage = Salvage()
        guard try lastEvent() == 0, let old = try? Connection(path: path, mode: .readWrite, busyTimeoutMilliseconds: 0) else {
            return salvage
        }
        defer { old.close() }
        guard (try? Schema.check(old)) == Schema.migrations.count else { return salvage }
        let reader = StoreReader(connection: old)
        try transaction {
            // What fails from here on is this store, not the old one.
            var failure: (any Error)?
            salvage.snapshotEvent = try? reader.findSnapshot(formats: formats) { found in
                var found = found
                current[.lastEvent] = found.event
                do {
                    try saveSnapshot(event: found.event, formatVersion: found.format) { writer in
                        while let bytes = try found.next() { try writer.append(bytes) }
                    }
                } catch { failure = error }
            }.event
            if let failure { throw failure }
            try copySegments(from: old, &salvage)
            try copyDeliveries(from: old, &salvage)
            try? old.use(.allCrashes) { rows in
                while try rows.step() { for _ in 0..<min(rows.integer(1), 2) { _ = try recordCrash(event: rows.integer(0)) } }
            }
            try copyAccount(from: old)
            current[.cursor] = current[.lastEvent]
        }
        return salvage
    }

    /// The sums of the account of downtime and its incidents, as far as they can be read: they decide nothing, and nobody could make them again.
    private func copyAccount(from old: Connection) throws {
        func copy(_ query: Query, _ values: [any Bindable], _ write: (Statement) throws -> Void) throws {
            // What fails in `write` is this store, not the old one.
            var failure: (any Error)?
            try? old.use(query, values) { rows in
                while try rows.step() {
                    do { try write(rows) } catch {
                        failure = error
                        throw error
                    }
                }
            }
            if let failure { throw failure }
        }
        let all: [any Bindable] = [Int64.min, Int64.max, String?.none]
        try copy(.stateDays, all) { row in
            let states = (2..<7).map { row.integer($0) }
            try connection.run(
                .addStateDay, row.integer(0), row.text(1), states[0], states[1], states[2], states[3], states[4])
        }
        try copy(.causeDays, all) { row in
            try connection.run(.addCauseDay, row.integer(0), row.text(1), row.text(2), row.integer(3))
        }
        try copy(.incidents, all) { row in
            try appendIncident(
                IncidentRow(
                    device: row.text(0), onsetMilliseconds: row.integer(1), restoredMilliseconds: row.integer(2),
                    downtimeMilliseconds: row.integer(3), detectedMilliseconds: row.optionalInteger(4),
                    actedMilliseconds: row.optionalInteger(5), isRemote: row.integer(6) != 0, causes: row.text(7)))
        }
    }

    /// From the front up to damage in the structure, and from the end back to it.
    private func copySegments(from old: Connection, _ salvage: inout Salvage) throws {
        let first = current[.lastEvent] + 1
        var copied: Set<Int64> = []
        var newest: (event: Int64, checksum: Int64)?
        func copy(_ query: Query) throws {
            var failure: (any Error)?
            try? old.use(query, [first]) { rows in
                while try rows.step() {
                    let segment = Segment(rows)
                    guard segment.isIntact, let checksum = segment.checksum, segment.firstEvent >= first else { continue }
                    guard copied.insert(segment.firstEvent).inserted else { break }
                    do {
                        _ = try insertSegment(
                            segment.firstEvent, Int64(segment.count), segment.arrivalMilliseconds, segment.bytes, previous: segment.previous
                        )
                    } catch {
                        failure = error
                        throw error
                    }
                    current[.inboxSegments] += 1
                    current[.inboxBytes] += Int64(segment.bytes.count)
                    if segment.lastEvent > newest?.event ?? 0 { newest = (segment.lastEvent, checksum) }
                }
            }
            if let failure { throw failure }
        }
        try copy(.segmentsFrom)
        try copy(.segmentsBackwards)
        salvage.segments = copied.count
        guard let newest else { return }
        current[.lastEvent] = newest.event
        current[.chain] = newest.checksum
    }

    private func copyDeliveries(from old: Connection, _ salvage: inout Salvage) throws {
        var entries: [(entry: OutboxEntry, state: Int64, finished: Int64, attempts: Int64, error: String?)] = []
        do {
            try old.use(.intactDeliveries) { rows in
                while try rows.step() {
                    let entry = OutboxEntry(
                        key: rows.text(0), channel: rows.text(1), receiver: rows.text(2), device: rows.text(3), payload: rows.bytes(8),
                        createdMilliseconds: rows.integer(4), notBeforeMilliseconds: rows.integer(5))
                    entries.append((entry, rows.integer(6), rows.integer(7), rows.integer(9), rows.optionalText(10)))
                }
            }
            salvage.hasWholeOutbox = true
        } catch {}
        for item in entries {
            guard try enqueue(item.entry) == .added else { continue }
            salvage.deliveries += 1
            // A delivery that was tried must not look untried.
            if item.attempts > 0 || item.error != nil {
                try markAttempt(
                    key: item.entry.key, error: item.error ?? "begun", nextAttemptMilliseconds: item.entry.notBeforeMilliseconds)
            }
            switch OutboxDelivery.State(rawValue: item.state) {
            case .delivered: try markDelivered(key: item.entry.key, atMilliseconds: item.finished)
            case .abandoned: try markAbandoned(key: item.entry.key, error: item.error ?? "", atMilliseconds: item.finished)
            case .open, nil: break
            }
        }
    }
}
