import Documents
import FoundationEssentials
import GatewayCore
import HTTPService
import Outbound
import SQLiteStore
import Synchronization
import Threading

/// Changes carry an id, the sender's `Idempotency-Key` or one that is made here. Under it the sender can ask whether the change was recorded,
/// and send it again without its being made twice.
extension GatewayAPI {
    static let requestRoutes: [Route] = [.ask("/api/v1/requests/{id}") { try $0.requestState($1) }]

    static let keyHeader = "Idempotency-Key"

    /// The record by which a repetition is recognised: two changes are the same when method, path and body are.
    private static func record(_ request: HTTPRequest, answer: [UInt8]) throws -> RequestRecord {
        let subject = request.method.rawValue + " " + request.path.map { "\($0.utf8.count):\($0)" }.joined(separator: "/") + "\n"
        return RequestRecord(
            key: request.headers[keyHeader] ?? "", hash: try Digests.sha256(Array(subject.utf8) + request.body),
            timeMilliseconds: Clock.wallMilliseconds(), answer: answer)
    }

    /// Hands a change to `handle`, with a key, unless it was recorded before.
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
        // Before the handler sees it: it would refuse a change that was made already.
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
        // While the store takes no commits, a long wait would be in vain.
        let patience: Int64 = statistics.isStoreWritable.load(ordering: .relaxed) ? 5000 : 1000
        var outcome = mailbox.submit(event, request: record, timeoutMilliseconds: patience)
        // The same change may have been sent before, and committed while this one waited.
        if outcome == .notRecorded {
            do {
                let known = try history.read { try $0.request(key: record.key) }
                if let known, known.hash == record.hash { return .json(known.answer, status: 202) }
            } catch {
                // A store that cannot be read does not tell whether it is recorded.
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
        // The store is asked last: a change that is confirmed between the two questions is found there.
        let isPending = keysInHand.withLock { $0[key] != nil } || mailbox.isPending(key: key)
        let known = try history.read { try $0.request(key: key) }
        return Self.json { writer in
            writer.member("request", key)
            writer.member("state", known != nil ? "recorded" : isPending ? "pending" : "notRecorded")
            writer.member("time", known?.timeMilliseconds)
        }
    }
}
