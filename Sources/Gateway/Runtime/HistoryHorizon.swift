/// The time before which samples may be deleted. Pure: clock readings are parameters.
///
/// By a clock that was set forward by mistake all samples would be too old. So the horizon follows the clock by at most a day in an hour, which is
/// fast enough after a long time off. It is kept in the store, so that a restart does not move it either. A clock that was not set for a week is
/// believed.
struct HistoryHorizon: Equatable {
    static let speed: Int64 = 24
    static let believedAfterMilliseconds: Int64 = 7 * 86_400_000

    /// Samples from before this may go. Milliseconds since 1970.
    private(set) var milliseconds: Int64
    private var steadyMilliseconds: Int64
    private var unsetSinceMilliseconds: Int64

    /// - Parameters:
    ///   - stored: where it was when the program before this one ended; nil where nothing was stored.
    ///   - wanted: where it would be by the clock.
    init(stored: Int64?, wanted: Int64, steadyMilliseconds: Int64) {
        milliseconds = min(stored ?? wanted, wanted)
        self.steadyMilliseconds = steadyMilliseconds
        unsetSinceMilliseconds = steadyMilliseconds
    }

    mutating func advance(wanted: Int64, steadyMilliseconds now: Int64) {
        let elapsed = max(0, now &- steadyMilliseconds)
        steadyMilliseconds = now
        if now &- unsetSinceMilliseconds >= Self.believedAfterMilliseconds {
            milliseconds = wanted
        } else {
            milliseconds = min(wanted, milliseconds &+ min(elapsed, Self.believedAfterMilliseconds) * Self.speed)
        }
    }

    mutating func clockStepped(steadyMilliseconds now: Int64) { unsetSinceMilliseconds = now }
}
