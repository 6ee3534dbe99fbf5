import CivilCalendar

/// The life of an order: which step may follow which, and since when it stands where it stands. Time is handed in.
///
/// planned → (awaiting approval → planned) → sent → accepted → shipped → delivered → installed; cancelled and failed end it.
/// Suppliers report twice, late and in the wrong order, so a step that lies behind is a repeat, and one may be jumped over.
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

        /// How far along the way; a supplier's report never moves an order backwards.
        fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
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

    /// The clock was set: it has been in its state for as long as before.
    mutating func shift(byMilliseconds step: Int64) { sinceMilliseconds = sinceMilliseconds.shifted(byMilliseconds: step) }

    private func change(to next: State) -> Change {
        if next == state { return .repeated }
        if state.isFinal { return .refused("the order is \(state.rawValue) already") }
        switch next {
        case .planned, .awaitingApproval:
            guard state.isOurs else { return .refused("the order is \(state.rawValue) already") }
        case .sent, .installed:
            // Another gateway may have sent the same order, so a supplier's word counts while we wait; our own sending does not.
            guard state != .awaitingApproval else { return .refused("the order waits for approval") }
            if next.rank < state.rank { return .repeated }
        case .accepted, .shipped, .delivered:
            if next.rank < state.rank { return .repeated }
        case .cancelled, .failed:
            // What has arrived cannot be called off any more.
            guard state != .delivered else { return .refused("the order is delivered already") }
        }
        return .moved
    }
}
