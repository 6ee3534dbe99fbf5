/// Limits the core's time that questions may use. While batches come: a twentieth of the time that batches take, and a quarter of the idle
/// time. 100 ms after the last batch there is no limit. So questions never stop ingest, however many are asked.
struct QuestionShare {
    /// Percent of the time that batches take, and of idle time, that is added to the questions' budget.
    static let percentOfWork: Int64 = 5
    static let percentOfIdleness: Int64 = 25
    /// The budget is at most this, so a rare question is answered at once and a burst is not.
    static let maximumSavedNanoseconds: Int64 = 5_000_000
    /// For this time after a batch another batch is expected.
    static let calmNanoseconds: Int64 = 100_000_000

    private var savedNanoseconds = maximumSavedNanoseconds
    private var lastBatchNanoseconds: Int64 = .min / 2

    /// A batch took so many nanoseconds and ended at `now`.
    mutating func worked(_ nanoseconds: Int64, endingAt now: Int64) {
        save(nanoseconds, Self.percentOfWork)
        lastBatchNanoseconds = now
    }

    mutating func idled(_ nanoseconds: Int64) { save(nanoseconds, Self.percentOfIdleness) }

    mutating func answered(_ nanoseconds: Int64) { savedNanoseconds -= nanoseconds }

    private mutating func save(_ nanoseconds: Int64, _ percent: Int64) {
        savedNanoseconds = min(Self.maximumSavedNanoseconds, savedNanoseconds + nanoseconds / 100 * percent)
    }

    /// Nanoseconds until the next question may be answered if nothing else happens; 0 for now.
    func waitNanoseconds(now: Int64, hasBatches: Bool) -> Int64 {
        if savedNanoseconds > 0 { return 0 }
        let untilCalm = lastBatchNanoseconds + Self.calmNanoseconds - now
        if !hasBatches, untilCalm <= 0 { return 0 }
        let untilSaved = (1 - savedNanoseconds) * 100 / Self.percentOfIdleness
        return hasBatches ? untilSaved : min(untilSaved, untilCalm)
    }
}
