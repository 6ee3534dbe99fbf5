/// A message that could not be read, kept with the reason so that it can be replayed once the profile is mended.
public struct DeadLetter: Sendable, Equatable {
    public let id: Int64
    public let event: Int64
    public let arrivalMilliseconds: Int64
    public let reason: String
    /// The profile that refused it, nil when no profile knew the topic.
    public let profile: String?
    public let topic: [UInt8]
    public let payload: [UInt8]
    /// The broker had kept it: it tells what was, and is no news.
    public let isRetained: Bool
}

extension StoreReader {
    /// Dead letters, the newest first.
    /// - Parameter id: only those before this one, to read page by page.
    public func deadLetters(before id: Int64 = .max, limit: Int) throws -> [DeadLetter] {
        try connection.use(.deadLetters) { rows in
            try rows.bind(1, id)
            try rows.bind(2, max(0, limit))
            var letters: [DeadLetter] = []
            while try rows.step() {
                letters.append(
                    DeadLetter(
                        id: rows.integer(0), event: rows.integer(1), arrivalMilliseconds: rows.integer(2), reason: rows.text(3),
                        profile: rows.optionalText(4), topic: rows.bytes(5), payload: rows.bytes(6), isRetained: rows.integer(7) != 0))
            }
            return letters
        }
    }

    /// The dead letter of an id, nil when it is gone.
    public func deadLetter(id: Int64) throws -> DeadLetter? {
        guard id < .max, let letter = try deadLetters(before: id + 1, limit: 1).first, letter.id == id else { return nil }
        return letter
    }
}

extension Store {
    /// Keeps an unreadable message. Beyond the limits of rows and bytes the oldest go and are counted.
    public func appendDeadLetter(
        event: Int64, arrivalMilliseconds: Int64, topic: [UInt8], payload: [UInt8], reason: String, profile: String?,
        isRetained: Bool = false
    ) throws {
        try atomically {
            try connection.use(.appendDeadLetter) { statement in
                try statement.bind(1, event)
                try statement.bind(2, arrivalMilliseconds)
                try statement.bind(3, reason)
                try statement.bind(4, profile)
                try statement.bind(7, isRetained ? 1 : 0)
                try statement.bind(8, current[.lastDeadLetter])
                try topic.withUnsafeBytes { topic in
                    try payload.withUnsafeBytes { payload in
                        try statement.bind(5, topic)
                        try statement.bind(6, payload)
                        try statement.run()
                    }
                }
            }
            current[.lastDeadLetter] = connection.lastInsertedRow
            current[.deadLetters] += 1
            current[.deadLetterBytes] += Int64(topic.count + payload.count)
            while current[.deadLetters] > limits.deadLetterEntries || current[.deadLetterBytes] > limits.deadLetterBytes {
                let oldest = try oldestRows(.oldestDeadLetters, 1, from: .min)
                guard let letter = oldest.first else { break }
                try delete(letter)
                current[.deadLettersDropped] += 1
            }
        }
    }

    /// Removes a dead letter that was replayed. False when it is gone already.
    @discardableResult
    public func removeDeadLetter(id: Int64) throws -> Bool {
        try atomically {
            guard let letter = try oldestRows(.oldestDeadLetters, 1, from: id).first, letter.id == id else { return false }
            try delete(letter)
            return true
        }
    }

    private func delete(_ letter: (id: Int64, bytes: Int64)) throws {
        try connection.deleteRow(.deleteDeadLetter, letter.id)
        current[.deadLetters] -= 1
        current[.deadLetterBytes] -= letter.bytes
    }
}
