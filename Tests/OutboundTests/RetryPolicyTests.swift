import Testing

@testable import Outbound

@Suite struct RetryPolicyTests {
    private let policy = RetryPolicy(baseMilliseconds: 1_000, capMilliseconds: 60_000, retryAfterCapMilliseconds: 600_000)

    @Test func backsOffWithFullJitter() {
        #expect(
            (1...8).map { policy.delayMilliseconds(attempt: $0, random: 1) } == [
                1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
            ])
        #expect(policy.delayMilliseconds(attempt: 4, random: 0.5) == 4_000)
        #expect(policy.delayMilliseconds(attempt: 4, random: 0) == 0)
    }

    @Test func isTotal() {
        for policy in [
            policy, RetryPolicy(baseMilliseconds: .max, capMilliseconds: .max, retryAfterCapMilliseconds: .max),
            RetryPolicy(baseMilliseconds: .min, capMilliseconds: .min, retryAfterCapMilliseconds: .min),
        ] {
            for attempt in [Int.min, -1, 0, 1, 62, 63, 64, .max] {
                for random in [-1, 0, 0.999, 1, 2, Double.nan, .infinity, -.infinity] {
                    for retryAfter in [nil, Int64.min, 0, 1, .max] {
                        let delay = policy.delayMilliseconds(attempt: attempt, random: random, retryAfterSeconds: retryAfter)
                        #expect(delay >= 0)
                    }
                }
            }
        }
        #expect(policy.delayMilliseconds(attempt: .max, random: 1) == 60_000)
    }

    @Test func honoursRetryAfter() {
        #expect(policy.delayMilliseconds(attempt: 1, random: 0, retryAfterSeconds: 120) == 120_000)
        #expect(policy.delayMilliseconds(attempt: 1, random: 0.5, retryAfterSeconds: 120) == 120_500)
        #expect(policy.delayMilliseconds(attempt: 8, random: 1, retryAfterSeconds: 1) == 60_000)
        #expect(policy.delayMilliseconds(attempt: 1, random: 0, retryAfterSeconds: .max) == 600_000)
        #expect(policy.delayMilliseconds(attempt: 1, random: 0, retryAfterSeconds: -5) == 0)
    }

    @Test func decidesByStatus() {
        for status in [200, 201, 202, 204, 299] { #expect(RetryPolicy.decide(status: status) == .delivered) }
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            #expect(RetryPolicy.decide(status: status) == .retry(reason: "the receiver answered \(status)"))
        }
        for status in [301, 302, 400, 401, 403, 404, 409, 413, 422, 600] {
            guard case .failed(let reason) = RetryPolicy.decide(status: status) else {
                Issue.record("\(status) is not final")
                continue
            }
            #expect(reason.contains("\(status)"))
        }
        #expect(RetryPolicy.decide(status: 410) == .gone)
    }

    @Test func decidesByFailure() {
        for kind in [WebhookFailure.Kind.nameNotFound, .connectionFailed, .timeout, .tls, .cancelled, .other] {
            #expect(RetryPolicy.decide(.failure(WebhookFailure(kind: kind, reason: "r"))) == .retry(reason: "r"))
        }
        #expect(RetryPolicy.decide(.failure(WebhookFailure(kind: .invalidRequest, reason: "r"))) == .failed(reason: "r"))
    }
}
