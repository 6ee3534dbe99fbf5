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
        try connection.rows(.deadLetters, id, max(0, limit)) { row in
            DeadLetter(
                id: row.integer(0), event: row.integer(1), arrivalMilliseconds: row.integer(2), reason: row.text(3),
                profile: row.optionalText(4), topic: row.bytes(5), payload: row.bytes(6), isRetained: row.integer(7) != 0)
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
            try connection.run(
                .appendDeadLetter, event, arrivalMilliseconds, reason, profile, topic, payload, isRetained ? 1 : 0, current[.lastDeadLetter]
            )
            current[.lastDeadLetter] = connection.lastInsertedRow
            current[.deadLetters] += 1
            current[.deadLetterBytes] += Int64(topic.count + payload.count)
            while current[.deadLetters] > limits.deadLetterEntries || current[.deadLetterBytes] > limits.deadLetterBytes {
                guard let letter = try connection.first(.oldestDeadLetters, 1, Int64.min, read: Self.idAndBytes) else { break }
                try delete(letter)
                current[.deadLettersDropped] += 1
            }
        }
    }

    /// Removes a dead letter that was replayed. False when it is gone already.
    @discardableResult
    public func removeDeadLetter(id: Int64) throws -> Bool {
        try atomically {
            guard let letter = try connection.first(.oldestDeadLetters, 1, id, read: Self.idAndBytes), letter.id == id else { return false }
            try delete(letter)
            return true
        }
    }

    private func delete(_ letter: (id: Int64, bytes: Int64)) throws {
        try connection.run(.deleteDeadLetter, letter.id)
        current[.deadLetters] -= 1
        current[.deadLetterBytes] -= letter.bytes
    }
}
