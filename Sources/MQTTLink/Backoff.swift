/// Exponential back-off with jitter, so that a site's clients do not return to a restarted broker all at once.
struct Backoff {
    let minimumMilliseconds: Int64
    let maximumMilliseconds: Int64
    private(set) var failures = 0

    init(minimumMilliseconds: Int64, maximumMilliseconds: Int64) {
        precondition(
            minimumMilliseconds > 0 && minimumMilliseconds <= maximumMilliseconds && maximumMilliseconds <= 86_400_000,
            "a back-off from \(minimumMilliseconds) to \(maximumMilliseconds) ms; a delay is at least 1 ms and at most a day")
        self.minimumMilliseconds = minimumMilliseconds
        self.maximumMilliseconds = maximumMilliseconds
    }

    /// The ceiling of the next delay: doubled at each failure, never above the maximum.
    var ceilingMilliseconds: Int64 {
        // A delay of at most a day has 27 bits, so 36 doublings do not overflow; they are beyond every maximum.
        let doublings = min(failures, 36)
        return min(maximumMilliseconds, minimumMilliseconds << Int64(doublings))
    }

    /// The delay before the next attempt: the upper half of the ceiling, spread evenly.
    mutating func next() -> Int64 {
        let ceiling = ceilingMilliseconds
        failures += 1
        return ceiling - Int64.random(in: 0...(ceiling / 2))
    }

    mutating func reset() { failures = 0 }
}
