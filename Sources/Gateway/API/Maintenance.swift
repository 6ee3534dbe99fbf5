import HTTPService
import SQLiteStore
import Telemetry

/// What support staff changes after it has mended a profile.
extension GatewayAPI {
    /// So many letters, or bytes of them, go into one commit, so that the telemetry beside them does not wait long.
    private static let lettersPerCommit = 200
    private static let bytesPerCommit = 1 << 20

    /// `{"reloaded":[names]}`, or 422 with every mistake under `problems`, or 504 while it is under way.
    func reloadProfiles() -> HTTPResponse {
        switch reloads.ask() {
        case nil:
            return .problem(
                status: 504, title: "The reload has not ended",
                detail: "The core is at it. Ask GET /api/v1/profiles/reload which profiles are in effect.")
        case .reloaded(let names)?:
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("reloaded")
            writer.names(names)
            writer.endObject()
            return .json(writer.bytes)
        case .refused(let reason, let diagnostics)?:
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("type", "about:blank")
            writer.member("title", "The profiles were not reloaded; the old ones stay")
            writer.member("status", 422)
            writer.member("detail", reason)
            writer.key("problems")
            writer.write(diagnostics)
            writer.endObject()
            return HTTPResponse(status: 422, contentType: "application/problem+json", body: writer.bytes)
        }
    }

    /// `{"state":"idle"|"reloading","inEffect":[names],"last":"reloaded"|"refused","reason"}`.
    func reloadState() -> HTTPResponse {
        let standing = reloads.standing()
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("state", standing.isRunning ? "reloading" : "idle")
        writer.key("inEffect")
        writer.names(standing.inEffect)
        switch standing.last {
        case nil: break
        case .reloaded?: writer.member("last", "reloaded")
        case .refused(let reason, _)?:
            writer.member("last", "refused")
            writer.member("reason", reason)
        }
        writer.endObject()
        return .json(writer.bytes)
    }

    /// Body `{"ids":[…]}` or `{"all":true}`. Answers `{"replayed":n,"missing":[ids],"empty":[ids]}` when it is committed.
    func replayDeadLetters(_ request: HTTPRequest) -> HTTPResponse {
        let report = DocumentReport(file: "body")
        let wanted: [Int64]?
        do {
            let reader = ObjectReader(try DocumentParser.parse(request.body, file: "body"), "the body", report)
            wanted = Self.ids(reader)
            reader.finish()
            try report.throwIfAny()
        } catch {
            return .problem(status: 400, title: "The body cannot be taken", detail: "\(error)")
        }
        do {
            return try replay(try letters(wanted))
        } catch {
            return .problem(status: 500, title: "The dead letters cannot be read", detail: "\(error)")
        }
    }

    /// Nil for all.
    private static func ids(_ reader: ObjectReader) -> [Int64]? {
        let all = reader.bool("all") ?? false
        guard let node = reader.optional("ids") else {
            if !all { reader.report.add("the body needs \"ids\", a list of numbers, or \"all\": true", at: reader.node.position) }
            return nil
        }
        if all { reader.report.add("\"ids\" and \"all\" exclude each other", at: node.position) }
        guard case .array(let items) = node.value, !items.isEmpty, items.count <= 10_000 else {
            reader.report.add("\"ids\" must be a list of 1 to 10000 numbers", at: node.position)
            return []
        }
        return items.compactMap { item in
            if case .number(_, let text) = item.value, let id = Int64(text) { return id }
            reader.report.add("\"ids\" must be a list of whole numbers, found \(item.value.kindName)", at: item.position)
            return nil
        }
    }

    private struct Letter {
        let id: Int64
        /// Nil when there is no such letter.
        let bytes: Int?
    }

    /// The oldest first, as the messages came.
    private func letters(_ wanted: [Int64]?) throws -> [Letter] {
        if let wanted {
            return try Set(wanted).sorted().map { id in
                try history.read { Letter(id: id, bytes: try $0.deadLetter(id: id)?.payload.count) }
            }
        }
        var found: [Letter] = []
        var before = Int64.max
        // Page by page, so that the payloads are not in memory all at once. What fails again gets a higher id and is not met here.
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
                // A letter goes in the commit that takes it, so it cannot be taken twice.
                return .problem(
                    status: 503, title: "Not all were replayed",
                    detail: "\(replayed) were; of up to \(batch.count) more it is not known, and the rest were not. Send it again: "
                        + "those that were taken are not there any more.")
            }
            replayed += taken.count
            missing += batch.filter { !taken.contains($0) }
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("replayed", replayed)
        for (key, ids) in [("missing", missing), ("empty", empty)] {
            writer.key(key)
            writer.beginArray()
            for id in ids { writer.integer(id) }
            writer.endArray()
        }
        writer.endObject()
        return .json(writer.bytes)
    }
}

extension JSONWriter {
    mutating func names(_ names: [String]) {
        beginArray()
        for name in names { string(name) }
        endArray()
    }
}
