/// The numbers that the store needs without scanning a table. They are one small table in the file, changed in the same transaction as what they
/// count, so that they are exact after a crash. The writer keeps them in memory.
/// The raw value is the row's id in the file: a further counter goes at the end.
enum Counter: Int, CaseIterable {
    case lastEvent, cursor, inboxSegments, inboxBytes, trimmedThrough
    case outboxOpen, outboxFinished, outboxRefused, outboxForgotten
    case journalEntries, journalBytes, journalTrimmed
    case deadLetters, deadLetterBytes, deadLettersDropped
    case quarantined
    case chunks, chunkBytes, samples, chunksTrimmed, series, seriesRefused
    case lastDeadLetter
    /// Made once, so that a store that takes another's place is recognised; 0 before the first commit.
    case storeID
    /// The checksum of the inbox's last row.
    case chain
    /// The first event whose row has a checksum: a store that is older than checksums has rows without.
    case chainedFrom
    case historyHorizon
    case stateIntervals, stateIntervalsTrimmed, incidents, incidentsTrimmed
}

/// The counters of the writer: current values, and those of the last commit to go back to.
struct Counters {
    private(set) var values: [Int64]
    private var committed: [Int64]

    init(_ values: [Int64]) {
        precondition(values.count == Counter.allCases.count, "\(values.count) values for \(Counter.allCases.count) counters")
        self.values = values
        committed = values
    }

    /// The row of the file that holds the checksum of all others.
    static let checksumRow = -1

    var checksum: Int64 {
        var checksum = Checksum()
        // A counter that a later version adds is 0 at first, and must not look like damage.
        for (index, value) in values.enumerated() where value != 0 {
            checksum.add(Int64(index))
            checksum.add(value)
        }
        return checksum.signed
    }

    /// Something differs from the last commit.
    var isChanged: Bool { values != committed }

    subscript(_ counter: Counter) -> Int64 {
        get { values[counter.rawValue] }
        set { values[counter.rawValue] = newValue }
    }

    /// Hands out each counter that differs from the last commit.
    func forEachChange(_ body: (Counter, Int64) throws -> Void) rethrows {
        for counter in Counter.allCases where values[counter.rawValue] != committed[counter.rawValue] {
            try body(counter, values[counter.rawValue])
        }
    }

    mutating func didCommit() {
        for index in values.indices { committed[index] = values[index] }
    }

    mutating func rollBack() {
        for index in values.indices { values[index] = committed[index] }
    }
}
