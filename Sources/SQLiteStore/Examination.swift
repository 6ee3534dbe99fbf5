/// Events that were committed and are not there any more, or not as they were.
public struct MissingEvents: Sendable, Equatable {
    public var first, last: Int64
    /// When what lies before and behind arrived, since 1970; nil where nothing is there.
    public var afterMilliseconds, beforeMilliseconds: Int64?
}

/// What is wrong with a store, found at its start before anything relies on it.
public struct Examination: Sendable, Equatable {
    /// In the order of the events, and none overlaps another.
    public var missing: [MissingEvents] = []
    /// Damage other than missing events; each is a sentence.
    public var problems: [String] = []
    /// What cannot be checked, and is no damage by itself.
    public var warnings: [String] = []

    public var isClean: Bool { missing.isEmpty && problems.isEmpty }
}

extension Store {
    /// Looks at everything that a restart relies on: the counters, the events from `event` on, the outbox, and what is known outside of what
    /// was committed. It reads these events once, and changes nothing.
    /// - Parameter event: the first event that no usable snapshot holds.
    /// - Throws: `.corrupt` where SQLite itself cannot go on reading.
    public func examine(from event: Int64, witness: CommitWitness) throws -> Examination {
        var found = Examination()
        if areCountersDamaged { found.problems.append("the numbers that the store keeps of itself are damaged") }
        let last = try walk(from: event, &found)
        compare(witness, last: last, from: event, &found)
        if !areCountersDamaged { try examineDeliveries(&found) }
        return found
    }

    /// Goes along the chain.
    /// - Returns: the last event that is there, and when it arrived.
    private func walk(from event: Int64, _ found: inout Examination) throws -> (event: Int64, milliseconds: Int64?) {
        var expected = event
        var arrival = try arrival(before: event)
        var checksum: Int64?
        var isForeign = false
        try forEachSegment(from: event) { segment in
            let isOld = segment.checksum == nil && (segment.firstEvent < current[.chainedFrom] || areCountersDamaged)
            // Only the first row may begin before the events that are asked for.
            let overlaps = segment.firstEvent < expected && (expected > event || segment.lastEvent < expected)
            guard segment.isIntact, segment.checksum != nil || isOld, !overlaps else { return }
            if segment.firstEvent > expected {
                found.missing.append(
                    MissingEvents(
                        first: expected, last: segment.firstEvent - 1, afterMilliseconds: arrival,
                        beforeMilliseconds: segment.arrivalMilliseconds))
            } else if let checksum, let previous = segment.previous, checksum != previous {
                isForeign = true
            }
            expected = segment.lastEvent + 1
            arrival = segment.arrivalMilliseconds
            // The row behind a replacement names the checksum of a lost row, so there is nothing to compare it with.
            checksum = segment.isReplacement ? nil : segment.checksum
        }
        if isForeign { found.problems.append("part of the inbox is of another time: its batches do not follow on each other") }
        guard !areCountersDamaged else { return (expected - 1, arrival) }
        if expected > current[.lastEvent] + 1 {
            found.problems.append("the inbox goes on behind the last event that the store knows of")
        } else if let checksum, expected == current[.lastEvent] + 1, checksum != current[.chain] {
            found.problems.append("the last event is not the one that was committed last")
        }
        if expected <= current[.lastEvent] {
            found.missing.append(
                MissingEvents(first: expected, last: current[.lastEvent], afterMilliseconds: arrival, beforeMilliseconds: nil))
            expected = current[.lastEvent] + 1
        }
        return (expected - 1, arrival)
    }

    private func arrival(before event: Int64) throws -> Int64? {
        try connection.first(.segmentBefore, event - 1) { $0.integer(2) }
    }

    private func compare(
        _ witness: CommitWitness, last: (event: Int64, milliseconds: Int64?), from event: Int64, _ found: inout Examination
    ) {
        guard let record = witness.record else {
            guard !isSealedAnew, last.event > 0 else { return }
            found.warnings.append(
                witness.isBlank
                    ? "no record of the last commit is beside the store, so events that are cut off at its end would not be noticed this time"
                    : "the record of the last commit beside the store is damaged, so events that are cut off at its end would not be noticed this time"
            )
            return
        }
        if let end = found.missing.last, end.last == record.lastEvent, end.beforeMilliseconds == nil {
            found.missing[found.missing.count - 1].beforeMilliseconds = record.milliseconds
        }
        let isOther = record.storeID != current[.storeID] && !areCountersDamaged
        if isOther, last.event > 0 {
            found.problems.append("this is not the store that events up to \(record.lastEvent) were committed to")
        }
        if record.lastEvent > last.event {
            found.missing.append(
                MissingEvents(
                    first: last.event + 1, last: record.lastEvent, afterMilliseconds: last.milliseconds,
                    beforeMilliseconds: record.milliseconds))
        } else if !isOther, !areCountersDamaged, let chain = try? checksum(endingAt: record.lastEvent), chain != record.chain {
            found.problems.append(
                "event \(record.lastEvent) is not the one that was committed under this number: the store has another history")
        }
    }

    /// The checksum of the row that ends with this event; nil when there is none such.
    private func checksum(endingAt event: Int64) throws -> Int64? {
        if event == current[.lastEvent] { return current[.chain] }
        return try connection.first(.segmentBefore, event) { row in
            row.integer(0) &+ row.integer(1) &- 1 == event ? row.optionalInteger(3) : nil
        }
    }

    /// What waits to be delivered, and what crashed the decoder: bounded tables, read whole.
    private func examineDeliveries(_ found: inout Examination) throws {
        let open = try connection.integer(.countOpen) ?? 0
        let finished = try connection.integer(.countFinished) ?? 0
        let missing = current[.outboxOpen] + current[.outboxFinished] - open - finished
        if missing > 0 { found.problems.append("\(missing) entries of the outbox are missing") }
        if missing < 0 { found.problems.append("the outbox has \(-missing) entries that were never put there") }
        let damaged = try connection.rows(.damagedDeliveries) { $0.integer(2) }.count
        if damaged > 0 { found.problems.append("\(damaged) entries of the outbox are damaged") }
        if missing == 0, damaged == 0 {
            if open != current[.outboxOpen] {
                found.problems.append("the outbox has \(open) open entries instead of \(current[.outboxOpen])")
            }
            if let text = try connection.rows(.checkOutbox, read: { $0.text(0) }).first(where: { $0 != "ok" }) {
                found.problems.append("the outbox is damaged: \(text)")
            }
        }
        if try connection.integer(.countDamagedRequests) ?? 0 > 0 {
            found.problems.append("the list of writes by the API is damaged: one that is sent again may be done again")
        }
        let crashes = try connection.integer(.countCrashes) ?? 0
        let damagedCrashes = try connection.integer(.countDamagedCrashes) ?? 0
        if crashes != current[.quarantined] || damagedCrashes > 0 {
            found.problems.append("the list of messages that crashed the decoder is damaged")
        }
    }
}
