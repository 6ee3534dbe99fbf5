import CivilCalendar

/// The life of an order: which step may follow which, and since when it stands where it stands. Time is handed in.
///
/// planned → (awaiting approval → planned) → sent → accepted → shipped → delivered → installed; cancelled and failed end it.
/// Suppliers report twice, late and in the wrong order, so a step that lies behind is a repeat, one may be jumped over, and the same reports
/// lead to the same state in any order. A parcel that was delivered is there, also when the order was called off.
public struct OrderLife: Equatable, Sendable, Codable {
    public enum State: String, CaseIterable, Sendable, Codable {
        case planned
        case awaitingApproval = "awaiting-approval"
        case sent
        case accepted
        case shipped
        case delivered
        case installed
        case cancelled
        case failed

        /// How far along the way; a supplier's report never moves an order backwards. What came to nothing comes after all steps but the arrival.
        package var rank: Int {
            switch self {
            case .planned, .awaitingApproval: 0
            case .sent: 1
            case .accepted: 2
            case .shipped: 3
            case .failed: 4
            case .cancelled: 5
            case .delivered: 6
            case .installed: 7
            }
        }
        public var isFinal: Bool { self == .installed || self == .cancelled || self == .failed }
        /// It lies with us: the supplier knows nothing of it, as far as we know.
        public var isOurs: Bool { self == .planned || self == .awaitingApproval }
    }

    /// What a step did.
    public enum Change: Equatable, Sendable {
        case moved
        /// It lies behind already; nothing changed.
        case repeated
        /// It cannot follow; nothing changed.
        case refused(String)
    }

    /// When it came into this state, in the time that was handed in.
    public internal(set) var sinceMilliseconds: Int64
    public internal(set) var state = State.planned

    /// Moves to a state, if it may follow. An order that waited for approval is approved by moving to `planned`.
    public mutating func move(to next: State, atMilliseconds now: Int64) -> Change {
        let change = change(to: next)
        if change == .moved {
            state = next
            sinceMilliseconds = now
        }
        return change
    }

    /// What was taken for its installation was that of another cartridge: it stands again where it stood.
    mutating func reopen(_ former: State, atMilliseconds now: Int64) { self = OrderLife(sinceMilliseconds: now, state: former) }

    /// The clock was set: it has been in its state for as long as before.
    mutating func shift(byMilliseconds step: Int64) { sinceMilliseconds = sinceMilliseconds.shifted(byMilliseconds: step) }

    private func change(to next: State) -> Change {
        if next == state { return .repeated }
        let isOver = Change.refused("the order is \(state.rawValue) already")
        switch next {
        case .planned, .awaitingApproval: return state.isOurs ? .moved : isOver
        case .sent, .installed:
            // Another gateway may have sent the same order, so a supplier's word counts while we wait; our own sending does not.
            guard state != .awaitingApproval else { return .refused("the order waits for approval") }
        case .accepted, .shipped, .delivered: break
        case .cancelled, .failed:
            // What has arrived cannot be called off any more.
            guard state != .delivered, state != .installed else { return isOver }
            return next.rank < state.rank ? .repeated : .moved
        }
        if next.rank > state.rank { return .moved }
        return state == .cancelled || state == .failed ? isOver : .repeated
    }
}
