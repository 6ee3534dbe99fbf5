/// The numbers the store must know without scanning a table. They are one small table in the file, changed in the same
/// transaction as what they count, so that they are exact after a crash; in memory they are read and bounded for free.
/// The raw value is the row's id in the file: a further counter goes at the end.
enum Counter: Int, CaseIterable {
    case lastEvent, cursor, inboxSegments, inboxBytes, trimmedThrough
    case outboxOpen, outboxFinished, outboxRefused, outboxForgotten
    case journalEntries, journalBytes, journalTrimmed
    case deadLetters, deadLetterBytes, deadLettersDropped
    case quarantined
    case chunks, chunkBytes, samples, chunksTrimmed, series, seriesRefused
    case lastDeadLetter
}

/// The counters of the writer: current values, and those of the last commit to go back to.
struct Counters {
    private(set) var values: [Int64]
    private var committed: [Int64]

    init(_ values: [Int64]) {
        self.values = values
        committed = values
    }

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
