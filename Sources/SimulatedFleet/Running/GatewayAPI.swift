import Outbound
import Synchronization
import Threading

/// Posts JSON to the gateway, as suppliers and survey services do; tries again while the gateway is away or overloaded.
final class GatewayAPI: Sendable {
    enum Outcome: Sendable, Equatable {
        case done
        case failed(reason: String)
    }

    static let maximumTries = 6

    private let base: String
    private let token: String?
    private let signature: WebhookSignature?
    private let client: WebhookClient
    private let policy = RetryPolicy(baseMilliseconds: 500, capMilliseconds: 8_000)
    private let generator: Mutex<SplitMix64>

    /// - Parameter base: `http://127.0.0.1:8420`, without a slash at its end.
    init(base: String, token: String? = nil, signature: WebhookSignature?, seed: UInt64) throws {
        self.base = base
        self.token = token
        self.signature = signature
        client = try WebhookClient()
        generator = Mutex(SplitMix64(seed: seed, name: "retries"))
    }

    /// Breaks off what is under way, and refuses what comes later.
    func cancel() { client.cancel() }

    /// Blocks while it sends, so it is called on the errands' thread; later tries are errands of their own.
    /// - Parameters:
    ///   - key: the same at every try, so that the gateway recognises a repetition.
    ///   - completion: called once, unless the errands stop before.
    func post(
        _ path: String, _ payload: [UInt8], key: String, errands: ErrandQueue, attempt: Int = 1,
        completion: @escaping @Sendable (Outcome) -> Void
    ) {
        var headers: [(name: String, value: String)] = [("Content-Type", "application/json"), ("Idempotency-Key", key)]
        if let token { headers.append((name: "Authorization", value: "Bearer \(token)")) }
        do {
            let seconds = Clock.systemMilliseconds() / 1000
            if let signature { headers += try signature.headers(id: key, timestampSeconds: seconds, payload: payload) }
        } catch {
            return completion(.failed(reason: error.description))
        }
        let result = client.send(WebhookRequest(url: base + path, headers: headers, body: payload, timeoutSeconds: 5))
        switch RetryPolicy.decide(result) {
        case .delivered: completion(.done)
        case .gone: completion(.failed(reason: "the gateway answered 410"))
        case .failed(let reason): completion(.failed(reason: reason + Self.detail(of: result)))
        case .retry(let reason):
            guard attempt < Self.maximumTries else { return completion(.failed(reason: "\(reason), \(attempt) times")) }
            let delay = policy.delayMilliseconds(
                attempt: attempt, random: generator.withLock { $0.unit() }, retryAfterSeconds: result.retryAfterSeconds.map { min($0, 30) })
            let isTaken = errands.add(afterMilliseconds: delay) {
                self.post(path, payload, key: key, errands: errands, attempt: attempt + 1, completion: completion)
            }
            if !isTaken { completion(.failed(reason: reason)) }
        }
    }

    /// What the gateway says about it, cut short and without control characters.
    private static func detail(of result: WebhookResult) -> String {
        guard case .response(let response) = result, !response.body.isEmpty else { return "" }
        return ": " + String(decoding: response.body.prefix(200).map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
    }
}
