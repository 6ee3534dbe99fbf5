/// Decides when the gateway's time follows the system's clock. Pure: clock readings are parameters.
///
/// The gateway's time is the steady clock plus an offset. Small differences of the system's clock change the offset at once, because a clock is
/// slewed all the time. A step changes it only once there is reason to believe it. Until then the gateway goes on by its own time, so that a
/// clock that is wrong for a while does no harm. A step that is followed is reported, with its size, before anything is dated by it.
struct ClockDiscipline: Equatable, Sendable {
    /// What one look at the clocks found.
    enum Finding: Equatable, Sendable {
        case nothing
        /// The system's clock differs by so many milliseconds from here on, and is not followed yet.
        case pending(byMilliseconds: Int64)
        /// It came back, or was set right, before it was followed.
        case returned
        /// It is followed: the gateway's time has just been set by so many milliseconds.
        case stepped(byMilliseconds: Int64)
    }

    /// What the system says, all at one moment.
    struct Reading: Equatable, Sendable {
        /// Milliseconds since 1970, by the system.
        var wallMilliseconds: Int64
        /// Milliseconds since some moment before the start, sleep included; nothing sets it.
        var steadyMilliseconds: Int64
        /// The kernel knows from a time server how wrong the clock can be.
        var isSynchronised: Bool
    }

    /// What was known at the last commit of the program before this one.
    struct Memory: Equatable, Sendable {
        var timeMilliseconds: Int64
        var steadyMilliseconds: Int64
        /// Whether the steady clock still counts from the same moment: the machine was not started anew.
        var isSameBoot: Bool
    }

    /// Larger differences are a step.
    static let stepMilliseconds: Int64 = 2000
    /// Times before this are wrong: the program did not exist then.
    static let earliestMilliseconds: Int64 = 1_735_689_600_000  // 2025-01-01
    /// A step that no time server confirms is believed after it has stood so long: somebody has set the clock by hand.
    static let probationMilliseconds: Int64 = 10 * 60_000
    /// A step larger than this must stand for a day: gateways are rarely off for longer, and clocks rarely set by more.
    static let plausibleMilliseconds: Int64 = 400 * 86_400_000
    static let longProbationMilliseconds: Int64 = 86_400_000

    /// The gateway's time is the steady clock plus this.
    private(set) var offsetMilliseconds: Int64
    /// By how much the system's clock differs while it is not followed, and since when by the steady clock.
    private(set) var pendingStep: PendingStep?

    /// A difference of the system's clock that is not followed yet.
    struct PendingStep: Equatable, Sendable {
        var differenceMilliseconds: Int64
        /// By the steady clock.
        var sinceMilliseconds: Int64
    }

    /// At the start of the program.
    /// - Parameter lastCommittedMilliseconds: the newest time in the store; 0 when there is none.
    init(_ now: Reading, memory: Memory?, lastCommittedMilliseconds last: Int64) {
        offsetMilliseconds = now.wallMilliseconds &- now.steadyMilliseconds
        guard last > 0 || memory != nil else { return }
        // Without a memory, as after a backup was restored, the machine may have been started before the last commit: possibly no time has
        // passed since.
        var expected = last
        if let memory {
            if memory.steadyMilliseconds <= now.steadyMilliseconds {
                let since = memory.timeMilliseconds &+ (now.steadyMilliseconds &- memory.steadyMilliseconds)
                expected = memory.isSameBoot ? since : max(since, last)
            } else if last > 0 {
                // The machine was started anew: time has passed for as long as it has been running. How long it was off nobody knows.
                expected = last &+ max(now.steadyMilliseconds, 0)
            }
        }
        let difference = now.wallMilliseconds &- expected
        // While the program was away the clock may have been slewed by a two-thousandth.
        let away = memory.map { max(0, now.steadyMilliseconds &- $0.steadyMilliseconds) } ?? 0
        if abs(difference) <= Self.stepMilliseconds + away / 2000 { return }
        let mayHavePassed = memory?.isSameBoot != true && difference > 0 && Self.isPossible(expected)
        if mayHavePassed, now.isSynchronised || difference <= Self.plausibleMilliseconds { return }
        // The first look finds the difference, and treats it like any other.
        offsetMilliseconds = expected &- now.steadyMilliseconds
    }

    func timeMilliseconds(steadyMilliseconds: Int64) -> Int64 { steadyMilliseconds &+ offsetMilliseconds }

    private static func isPossible(_ time: Int64) -> Bool { time >= earliestMilliseconds }

    /// To be called often, at moments when a step may be followed.
    mutating func look(_ now: Reading) -> Finding {
        let time = timeMilliseconds(steadyMilliseconds: now.steadyMilliseconds)
        let difference = now.wallMilliseconds &- time
        if abs(difference) <= Self.stepMilliseconds {
            // Up to 2 ms are rounding.
            if abs(difference) > 2 { offsetMilliseconds &+= difference }
            defer { pendingStep = nil }
            return pendingStep == nil ? .nothing : .returned
        }
        let isSame = pendingStep.map { abs($0.differenceMilliseconds &- difference) <= Self.stepMilliseconds } ?? false
        let since = isSame ? pendingStep?.sinceMilliseconds ?? now.steadyMilliseconds : now.steadyMilliseconds
        guard isBelieved(now, time: time, difference: difference, pendingForMilliseconds: now.steadyMilliseconds &- since) else {
            pendingStep = PendingStep(differenceMilliseconds: difference, sinceMilliseconds: since)
            return isSame ? .nothing : .pending(byMilliseconds: difference)
        }
        pendingStep = nil
        offsetMilliseconds &+= difference
        return .stepped(byMilliseconds: difference)
    }

    private func isBelieved(_ now: Reading, time: Int64, difference: Int64, pendingForMilliseconds: Int64) -> Bool {
        if now.isSynchronised { return true }
        guard Self.isPossible(now.wallMilliseconds) else { return false }
        // A possible time is better than the gateway's own, which is impossible.
        guard Self.isPossible(time) else { return true }
        let isPlausible = abs(difference) <= Self.plausibleMilliseconds
        return pendingForMilliseconds >= (isPlausible ? Self.probationMilliseconds : Self.longProbationMilliseconds)
    }
}
