import Documents

/// What comes of a step: the effects for the shell, what the desks tell one another, and the counts. It also tells the desks what time it is.
struct StepOutput: Sendable {
    /// Arrival time of the newest segment: the core's only clock.
    var now: Int64 = 0
    var effects: [Effect] = []
    /// What desks have told and nobody has taken yet, in order.
    var events: [CoreEvent] = []
    /// Empty but while events are taken.
    var waitingEvents: [CoreEvent] = []
    var counters = CoreCounters()
    var budgets = BudgetCounters()
    /// The message that is being taken came in a burst after an outage: whatever its time, it is not known to tell of the present.
    var isOfThePast = false
    private let dispatchWindowMilliseconds: Int64

    init(dispatchWindowMilliseconds: Int64) { self.dispatchWindowMilliseconds = dispatchWindowMilliseconds }

    /// Evidence of that event time tells of the present. What is older sends no command and no ticket.
    @inline(__always)
    func isFresh(_ time: Int64) -> Bool { !isOfThePast && now &- time <= dispatchWindowMilliseconds }

    mutating func decide(_ kind: Decision.Kind, at time: Int64, device: String, _ more: (inout JSONWriter) -> Void) {
        effects.append(.decision(Decision(kind, at: time, device: device, more)))
    }

    mutating func tell(_ event: CoreEvent) { events.append(event) }

    mutating func refuse() { counters.refusedControls &+= 1 }
}
