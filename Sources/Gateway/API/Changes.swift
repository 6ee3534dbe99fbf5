import Documents
import FoundationEssentials
import GatewayCore
import HTTPService
import Outbound
import SQLiteStore
import Synchronization
import Threading

/// Writes carry an id, the sender's `Idempotency-Key` or one that is made here, so that nobody has to guess what became of one: it can be
/// asked about, and sent again without being done twice.
extension GatewayAPI {
    static let requestRoutes: [Route] = [.ask("/api/v1/requests/{id}") { try $0.requestState($1) }]

    static let keyHeader = "Idempotency-Key"

    /// What a write is known by. Two are the same when method, path and body are.
    private static func record(_ request: HTTPRequest, answer: [UInt8]) throws -> RequestRecord {
        let subject = request.method.rawValue + " " + request.path.map { "\($0.utf8.count):\($0)" }.joined(separator: "/") + "\n"
        return RequestRecord(
            key: request.headers[keyHeader] ?? "", hash: try Digests.sha256(Array(subject.utf8) + request.body),
            timeMilliseconds: Clock.wallMilliseconds(), answer: answer)
    }

    /// A write on its way to `handle`: with a key, and only if it was not recorded before.
    func changeOnce(_ request: HTTPRequest, _ handle: (HTTPRequest) throws -> HTTPResponse) throws -> HTTPResponse {
        var request = request
        guard let key = request.headers[Self.keyHeader] else {
            let made = try Digests.randomBytes(count: 16)
            request.headers[Self.keyHeader] = "gateway-" + made.map { String($0, radix: 16) }.joined(separator: "-")
            return try handle(request)
        }
        guard (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return .problem(
                status: 400, title: "The key cannot be taken", detail: "\(Self.keyHeader) has 1 to 128 printable ASCII characters.")
        }
        keysInHand.withLock { $0[key, default: 0] += 1 }
        defer { keysInHand.withLock { $0[key] = $0[key].flatMap { $0 > 1 ? $0 - 1 : nil } } }
        // Before it is judged: what was done already cannot be done now, and was done all the same.
        guard let known = try history.read({ try $0.request(key: key) }) else { return try handle(request) }
        return known.hash == (try Self.record(request, answer: [])).hash ? .json(known.answer, status: 202) : Self.conflict
    }

    /// Puts an event into the inbox. Answers `{"recorded":true,"request":ID}` with further members when it is committed.
    func commit(
        _ event: ControlEvent, for request: HTTPRequest, _ more: (inout JSONWriter) -> Void = { _ in }
    ) throws -> HTTPResponse {
        let answer = Self.json { writer in
            writer.member("recorded", true)
            writer.member("request", request.headers[Self.keyHeader])
            more(&writer)
        }
        let record = try Self.record(request, answer: answer.body)
        // A store that is known to take nothing is not worth a long wait.
        let patience: Int64 = statistics.isStoreWritable.load(ordering: .relaxed) ? 5000 : 1000
        var outcome = mailbox.submit(event, request: record, timeoutMilliseconds: patience)
        // Not this time; but it may have been sent before, and that one may have been committed while this one waited.
        if outcome == .notRecorded {
            do {
                let known = try history.read { try $0.request(key: record.key) }
                if let known, known.hash == record.hash { return .json(known.answer, status: 202) }
            } catch {
                // A store that cannot be read does not say that it is not recorded.
                outcome = .unknown
            }
        }
        return Self.response(outcome, key: record.key)
    }

    private static func response(_ outcome: MailOutcome, key: String) -> HTTPResponse {
        switch outcome {
        case .recorded(let answer, _): return .json(answer, status: 202)
        case .conflict: return conflict
        case .notRecorded:
            let detail = "The store takes nothing now. Nothing was done; send it again later."
            return Refusal(503, "Not recorded", detail, retryAfterSeconds: 5).response
        case .unknown:
            let detail =
                "The store has it in hand and has not answered. Ask GET /api/v1/requests/\(key), or send the same again with "
                + "\(keyHeader): \(key); it counts once."
            return Refusal(504, "Not known yet whether it is recorded", detail) { $0.member("request", key) }.response
        }
    }

    private static var conflict: HTTPResponse {
        .problem(status: 422, title: "The key is taken", detail: "Another request was sent under this \(keyHeader).")
    }

    /// `{"request":ID,"state":"recorded"|"pending"|"notRecorded"}`. The newest 20,000 recorded ones are known.
    private func requestState(_ request: HTTPRequest) throws -> HTTPResponse {
        let key = request.parameter("id")
        // In this order: what is confirmed in between is in the store by then.
        let isPending = keysInHand.withLock { $0[key] != nil } || mailbox.isPending(key: key)
        let known = try history.read { try $0.request(key: key) }
        return Self.json { writer in
            writer.member("request", key)
            writer.member("state", known != nil ? "recorded" : isPending ? "pending" : "notRecorded")
            writer.member("time", known?.timeMilliseconds)
        }
    }
}
