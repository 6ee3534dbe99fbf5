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

    public enum Step: String, CaseIterable, Sendable {
        case requireApproval, approve, send, accept, ship, deliver, install, cancel, fail

        /// The step that a report of this state asks for; a report cannot ask for `planned`.
        public init?(reporting state: State) {
            guard state != .planned, let step = Self.allCases.first(where: { $0.target == state }) else { return nil }
            self = step
        }

        /// The state that it leads to.
        fileprivate var target: State {
            switch self {
            case .requireApproval: .awaitingApproval
            case .approve: .planned
            case .send: .sent
            case .accept: .accepted
            case .ship: .shipped
            case .deliver: .delivered
            case .install: .installed
            case .cancel: .cancelled
            case .fail: .failed
            }
        }
    }

    /// What a step did.
    public enum Change: Equatable, Sendable {
        case moved
        /// It lies behind already; nothing changed.
        case repeated
        /// It cannot follow; nothing changed.
        case refused(String)
    }

    public private(set) var state: State
    /// When it came into this state, in the time that was handed in.
    public private(set) var sinceMilliseconds: Int64

    public init(sinceMilliseconds: Int64, state: State = .planned) {
        self.state = state
        self.sinceMilliseconds = sinceMilliseconds
    }

    /// Takes the step, if it may follow.
    public mutating func apply(_ step: Step, atMilliseconds now: Int64) -> Change {
        let change = change(by: step)
        if change == .moved {
            state = step.target
            sinceMilliseconds = now
        }
        return change
    }

    /// The clock was set: it has been in its state for as long as before.
    mutating func shift(byMilliseconds step: Int64) { sinceMilliseconds = sinceMilliseconds.shifted(byMilliseconds: step) }

    private func change(by step: Step) -> Change {
        let next = step.target
        if next == state { return .repeated }
        if state.isFinal { return .refused("the order is \(state.rawValue) already") }
        switch step {
        case .requireApproval, .approve:
            guard state.isOurs else { return .refused("the order is \(state.rawValue) already") }
        case .send, .install:
            // Another gateway may have sent the same order, so a supplier's word counts while we wait; our own sending does not.
            guard state != .awaitingApproval else { return .refused("the order waits for approval") }
            if next.rank < state.rank { return .repeated }
        case .accept, .ship, .deliver:
            if next.rank < state.rank { return .repeated }
        case .cancel, .fail:
            // What has arrived cannot be called off any more.
            guard state != .delivered else { return .refused("the order is delivered already") }
        }
        return .moved
    }
}
