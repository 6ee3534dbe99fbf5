import CivilCalendar

/// Where the time of one device went, in event time: closed intervals as totals, and the one that is open.
///
/// A restored ledger goes on where it stood: time is booked by transitions only, so that neither a restart nor a
/// repeated event books it twice.
public struct DowntimeLedger: Codable, Equatable, Sendable {
    public enum Transition: Equatable, Sendable {
        /// The state before lasted from then to now; nil when there was none.
        case entered(from: EquipmentState, sinceMilliseconds: Int64?)
        /// Already in that state.
        case unchanged
        /// Older than what the device last said: ignored and counted.
        case late
    }

    public private(set) var state: EquipmentState = .unknown
    /// When the present state began; nil before the first report.
    public private(set) var sinceMilliseconds: Int64?
    /// The time of the newest report: up to then the present state is known.
    public private(set) var lastHeardMilliseconds: Int64?
    /// Transitions that came late.
    public private(set) var lateTransitionCount: Int64 = 0
    private var closed = StateTotals()

    public init() {}

    /// Moves to a state at an event time. Time before the first call belongs to no state.
    @discardableResult
    public mutating func enter(_ newState: EquipmentState, atMilliseconds time: Int64) -> Transition {
        guard let since = sinceMilliseconds, let heard = lastHeardMilliseconds else {
            sinceMilliseconds = time
            lastHeardMilliseconds = time
            let old = state
            state = newState
            return old == newState ? .unchanged : .entered(from: old, sinceMilliseconds: nil)
        }
        guard time >= heard else {
            // A repeat of the very transition that is in force is no news, and nothing is lost with it.
            if newState == state, time == since { return .unchanged }
            lateTransitionCount = lateTransitionCount.saturatingSum(1)
            return .late
        }
        lastHeardMilliseconds = time
        guard newState != state else { return .unchanged }
        let old = state
        closed.add(time.milliseconds(since: since), in: old)
        state = newState
        sinceMilliseconds = time
        return .entered(from: old, sinceMilliseconds: since)
    }

    /// The device said anything that does not change its state. Older words are ignored.
    public mutating func hear(atMilliseconds time: Int64) {
        guard let heard = lastHeardMilliseconds, time > heard else { return }
        lastHeardMilliseconds = time
    }

    /// The clock that dates the device was set: no state has lasted longer or shorter for it.
    public mutating func shift(byMilliseconds step: Int64) {
        sinceMilliseconds = sinceMilliseconds.shifted(byMilliseconds: step)
        lastHeardMilliseconds = lastHeardMilliseconds.shifted(byMilliseconds: step)
    }

    /// The device has been silent for too long (found by arrival time): its state is unknown from its last report on.
    @discardableResult
    public mutating func fallSilent() -> Transition {
        guard let heard = lastHeardMilliseconds else { return .unchanged }
        return enter(.unknown, atMilliseconds: heard)
    }

    /// All time up to `atMilliseconds`, with the open interval; a time before that interval adds nothing.
    public func totals(atMilliseconds time: Int64) -> StateTotals {
        guard let since = sinceMilliseconds else { return closed }
        var totals = closed
        totals.add(time.milliseconds(since: since), in: state)
        return totals
    }
}
