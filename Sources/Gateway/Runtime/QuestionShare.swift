/// How much of the core's time questions may have. While batches come, a twentieth of the time that the core works and a quarter of the
/// time that it would be idle; a little after the last batch, all of it. So whoever asks, and however much, commits go on.
struct QuestionShare {
    /// A share of the time that goes by with batches, in percent.
    static let percentOfWork: Int64 = 5
    static let percentOfIdleness: Int64 = 25
    /// What may be saved up, so that a rare question is answered at once.
    static let maximumSavedNanoseconds: Int64 = 5_000_000
    /// So long after a batch the next one is expected.
    static let calmNanoseconds: Int64 = 100_000_000

    private var savedNanoseconds = maximumSavedNanoseconds
    private var lastBatchNanoseconds: Int64 = .min / 2

    /// A batch was taken, and ended at `now`.
    mutating func worked(_ nanoseconds: Int64, endingAt now: Int64) {
        save(nanoseconds, Self.percentOfWork)
        lastBatchNanoseconds = now
    }

    mutating func idled(_ nanoseconds: Int64) { save(nanoseconds, Self.percentOfIdleness) }

    mutating func answered(_ nanoseconds: Int64) { savedNanoseconds -= nanoseconds }

    private mutating func save(_ nanoseconds: Int64, _ percent: Int64) {
        savedNanoseconds = min(Self.maximumSavedNanoseconds, savedNanoseconds + nanoseconds / 100 * percent)
    }

    /// How long a question has to wait while nothing else happens; 0: not at all.
    func waitNanoseconds(now: Int64, hasBatches: Bool) -> Int64 {
        if savedNanoseconds > 0 { return 0 }
        let untilCalm = lastBatchNanoseconds + Self.calmNanoseconds - now
        if !hasBatches, untilCalm <= 0 { return 0 }
        let untilSaved = (1 - savedNanoseconds) * 100 / Self.percentOfIdleness
        return hasBatches ? untilSaved : min(untilSaved, untilCalm)
    }
}
