/// When to try a delivery again: exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015). Pure:
/// the randomness is handed in.
public struct RetryPolicy: Sendable, Equatable {
    public enum Decision: Sendable, Equatable {
        case delivered
        case retry(reason: String)
        /// Trying again gives the same answer.
        case failed(reason: String)
        /// 410: the receiver wants no more deliveries at this address at all.
        case gone
    }

    public var baseMilliseconds: Int64
    public var capMilliseconds: Int64
    /// A receiver may ask for more patience than `capMilliseconds`, up to this.
    public var retryAfterCapMilliseconds: Int64

    public init(baseMilliseconds: Int64 = 1_000, capMilliseconds: Int64 = 3_600_000, retryAfterCapMilliseconds: Int64 = 86_400_000) {
        self.baseMilliseconds = max(1, baseMilliseconds)
        self.capMilliseconds = max(self.baseMilliseconds, capMilliseconds)
        self.retryAfterCapMilliseconds = max(0, retryAfterCapMilliseconds)
    }

    /// The wait before the next try. `attempt` counts the tries that failed, from 1; `random` is in 0..<1, other values are brought
    /// there. With `retryAfterSeconds` the wait is never shorter than that; a jitter of one base is added, as otherwise every gateway that
    /// was told the same would come back at the same moment.
    public func delayMilliseconds(attempt: Int, random: Double, retryAfterSeconds: Int64? = nil) -> Int64 {
        let share = random.isFinite ? min(max(random, 0), 1) : 1
        // Past 2^62 the shift would overflow; the cap has won long before.
        let doublings = min(max(attempt, 1) - 1, 62)
        let (grown, overflow) = baseMilliseconds.multipliedReportingOverflow(by: 1 << Int64(doublings))
        let backoff = RetryPolicy.share(share, of: overflow ? capMilliseconds : min(grown, capMilliseconds))
        guard let retryAfterSeconds, retryAfterSeconds > 0 else { return backoff }
        let (asked, tooLong) = retryAfterSeconds.multipliedReportingOverflow(by: 1_000)
        let patience = tooLong ? retryAfterCapMilliseconds : min(asked, retryAfterCapMilliseconds)
        let (sum, sumOverflow) = patience.addingReportingOverflow(RetryPolicy.share(share, of: baseMilliseconds))
        return max(backoff, sumOverflow ? patience : sum)
    }

    /// Doubles round above 2^53, so the product is limited to the ceiling.
    private static func share(_ share: Double, of ceiling: Int64) -> Int64 {
        Int64(exactly: (share * Double(ceiling)).rounded(.down)).map { min($0, ceiling) } ?? ceiling
    }

    public static func decide(_ result: WebhookResult) -> Decision {
        switch result {
        case .response(let response): decide(status: response.status)
        case .failure(let failure): failure.kind == .invalidRequest ? .failed(reason: failure.reason) : .retry(reason: failure.reason)
        }
    }

    public static func decide(status: Int) -> Decision {
        switch status {
        case 200..<300: .delivered
        case 408, 425, 429, 500..<600: .retry(reason: "the receiver answered \(status)")
        case 300..<400: .failed(reason: "the receiver answered \(status); redirects are not followed, configure the address it points to")
        case 410: .gone
        default: .failed(reason: "the receiver answered \(status)")
        }
    }
}
