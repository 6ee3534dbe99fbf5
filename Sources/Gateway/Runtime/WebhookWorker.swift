import GatewayCore
import Glibc
import Outbound

/// Delivers the entries of one channel by signed webhook, one after the other, on a thread of its own.
final class WebhookWorker: @unchecked Sendable {
    // @unchecked: the queue is guarded by the monitor; the rest does not change.
    struct Job: Sendable {
        var key: String
        var body: [UInt8]
        var device: String
        var createdMilliseconds: Int64
        var attempts: Int
    }

    private let channel: OutboxChannel
    private let supplier: GatewayConfiguration.Supplier
    private let source: String
    private let signature: WebhookSignature?
    private let client: WebhookClient
    private let policy = RetryPolicy(baseMilliseconds: 1000, capMilliseconds: 600_000)
    private let mailbox: ControlMailbox
    private let monitor = Monitor()
    private var queue: [Job] = []
    private var isStopping = false
    private var thread: NamedThread?
    private var randomState: UInt64

    init(channel: OutboxChannel, supplier: GatewayConfiguration.Supplier, gatewayID: String, mailbox: ControlMailbox) throws {
        self.channel = channel
        self.supplier = supplier
        self.mailbox = mailbox
        source = "/steward/\(gatewayID)"
        signature = try supplier.secretFile.map { file in
            do { return try WebhookSignature(secrets: [try FileProblem.secret(file, key: "\(channel.rawValue)s.secretFile")]) } catch {
                throw ConfigurationError("\(channel.rawValue)s.secretFile \(file): \(error)")
            }
        }
        // libcurl would tell only at the first delivery.
        if let file = supplier.caFile, access(file, R_OK) != 0 {
            throw ConfigurationError("\(channel.rawValue)s.caFile: \(file) cannot be read (\(FileProblem.reason(file)))")
        }
        client = try WebhookClient(configuration: WebhookClient.Configuration(caFile: supplier.caFile))
        // Jitter only has to differ between gateways.
        randomState = UInt64(bitPattern: Clock.wallMilliseconds()) &* 0x9E37_79B9_7F4A_7C15 | 1
        thread = try NamedThread("steward-\(channel.rawValue)") { [unowned self] in run() }
    }

    func add(_ job: Job) {
        monitor.withLock {
            queue.append(job)
            monitor.notifyAll()
        }
    }

    func stop() {
        monitor.withLock {
            isStopping = true
            monitor.notifyAll()
        }
        client.cancel()
        thread?.join()
    }

    private func run() {
        while true {
            let job: Job? = monitor.withLock {
                _ = monitor.wait { isStopping || !queue.isEmpty }
                return isStopping ? nil : queue.removeFirst()
            }
            guard let job else { return }
            mailbox.report(job.key, channel, deliver(job))
        }
    }

    private func deliver(_ job: Job) -> DeliveryReport {
        let body: [UInt8]
        var headers: [(name: String, value: String)] = [("content-type", CloudEvent.contentType)]
        do {
            body = try CloudEvent(
                id: job.key, source: source, type: channel == .order ? "steward.order.requested" : "steward.ticket.opened",
                subject: job.device,
                timeMilliseconds: job.createdMilliseconds, data: job.body
            ).encoded()
            if let signature {
                headers += try signature.headers(id: job.key, timestampSeconds: Clock.wallMilliseconds() / 1000, payload: body)
            }
        } catch {
            return .abandoned(error: "\(error)")
        }
        let result = client.send(WebhookRequest(url: supplier.url, headers: headers, body: body, timeoutSeconds: 15))
        let now = Clock.wallMilliseconds()
        switch policy.decide(result) {
        case .delivered: return .delivered
        case .failed(let reason): return .abandoned(error: reason)
        case .gone: return .abandoned(error: "the receiver answered 410: it wants no more deliveries at \(supplier.url)")
        case .retry(let reason):
            if now - job.createdMilliseconds > supplier.giveUpAfterMilliseconds {
                return .abandoned(error: "given up after \(job.attempts + 1) tries: \(reason)")
            }
            var retryAfter: Int64?
            if case .response(let response) = result { retryAfter = response.retryAfterSeconds }
            let delay = policy.delayMilliseconds(attempt: job.attempts + 1, random: random(), retryAfterSeconds: retryAfter)
            return .retry(error: reason, atMilliseconds: now + delay)
        }
    }

    /// xorshift64*, uniform in 0..<1.
    private func random() -> Double {
        randomState ^= randomState >> 12
        randomState ^= randomState << 25
        randomState ^= randomState >> 27
        return Double((randomState &* 0x2545_F491_4F6C_DD1D) >> 11) / Double(1 << 53)
    }
}
