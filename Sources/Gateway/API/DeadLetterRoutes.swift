import Documents
import HTTPService
import SQLiteStore

/// Messages that could not be used, and their replay after a profile is mended.
extension GatewayAPI {
    static let deadLetterRoutes: [Route] = [
        .ask("/api/v1/deadletters") { try $0.deadLetters($1) },
        .change("/api/v1/deadletters/replay") { try $0.replayDeadLetters($1) },
    ]

    /// Bounds of one commit, so that telemetry does not wait long for it.
    private static let lettersPerCommit = 200
    private static let bytesPerCommit = 1 << 20

    private func deadLetters(_ request: HTTPRequest) throws -> HTTPResponse {
        // Each may hold a large payload.
        let limit = try limit(request, 100, open: 100, maximum: 1000)
        let letters = try history.read { try $0.deadLetters(limit: limit) }
        return Self.json { writer in
            writer.objects("deadLetters", of: letters) { writer, letter in
                writer.member("id", letter.id)
                writer.member("event", letter.event)
                writer.member("arrival", letter.arrivalMilliseconds)
                writer.member("topic", String(decoding: letter.topic, as: UTF8.self))
                writer.member("bytes", letter.payload.count)
                writer.member("payload", String(decoding: letter.payload.prefix(200), as: UTF8.self))
                writer.member("reason", letter.reason)
                writer.member("profile", letter.profile)
            }
        }
    }

    /// Body `{"ids":[…]}` or `{"all":true}`. Answers `{"replayed":n,"missing":[ids],"empty":[ids]}` when it is committed.
    private func replayDeadLetters(_ request: HTTPRequest) throws -> HTTPResponse {
        try replay(try letters(try RequestBody.read(request, Self.wanted)))
    }

    private enum Wanted {
        case all
        case ids([Int64])
    }

    private static func wanted(_ body: RequestBody) -> Wanted? {
        let all = body.reader.bool("all") ?? false
        guard let node = body.reader.optional("ids") else {
            if !all { body.add("the body needs \"ids\", a list of numbers, or \"all\": true") }
            return .all
        }
        if all { body.add("\"ids\" and \"all\" exclude each other", at: "ids") }
        guard let numbers = body.numbers("ids", "a list of numbers", maximum: 10_000) else { return nil }
        let ids = numbers.compactMap { Int64($0.text) }
        if ids.count < numbers.count { body.reader.report.add("\"ids\" must be a list of whole numbers", at: node.position) }
        return .ids(ids)
    }

    private struct Letter {
        let id: Int64
        /// Nil when there is no such letter.
        let bytes: Int?
    }

    /// The oldest first, as the messages came.
    private func letters(_ wanted: Wanted) throws -> [Letter] {
        if case .ids(let wanted) = wanted {
            return try Set(wanted).sorted().map { id in
                try history.read { Letter(id: id, bytes: try $0.deadLetter(id: id)?.payload.count) }
            }
        }
        var found: [Letter] = []
        var before = Int64.max
        // Page by page, so that the payloads are not in memory all at once. A letter that fails again gets a higher id, so it is not read again.
        while true {
            let page = try history.read { try $0.deadLetters(before: before, limit: 20) }
            guard let last = page.last else { break }
            found += page.map { Letter(id: $0.id, bytes: $0.payload.count) }
            before = last.id
        }
        return found.reversed()
    }

    private func replay(_ letters: [Letter]) throws -> HTTPResponse {
        var missing = letters.filter { $0.bytes == nil }.map(\.id)
        // Without its payload, which was too large to keep or never there, a message says nothing.
        let empty = letters.filter { $0.bytes == 0 }.map(\.id)
        var replayed = 0
        var rest = letters.filter { ($0.bytes ?? 0) > 0 }[...]
        while !rest.isEmpty {
            var bytes = 0
            let batch = rest.prefix(Self.lettersPerCommit).prefix { letter in
                defer { bytes += letter.bytes ?? 0 }
                return bytes < Self.bytesPerCommit
            }.map(\.id)
            rest = rest.dropFirst(batch.count)
            guard case .recorded(_, let taken) = mailbox.replay(letters: batch) else {
                // A letter is removed in the commit that replays it, so it cannot be replayed twice.
                throw Refusal(
                    503, "Not all were replayed",
                    "\(replayed) were; of up to \(batch.count) more it is not known, and the rest were not. Send it again: "
                        + "those that were taken are not there any more.")
            }
            replayed += taken.count
            missing += batch.filter { !taken.contains($0) }
        }
        return Self.json { writer in
            writer.member("replayed", replayed)
            writer.array("missing", of: missing) { $0.integer($1) }
            writer.array("empty", of: empty) { $0.integer($1) }
        }
    }
}
