import Telemetry

/// What a new reading did to a fault.
public enum FaultTransition: Equatable, Sendable {
    /// The condition began at `onsetMilliseconds` and has now held long enough.
    case raised(onsetMilliseconds: Int64)
    /// The clear condition began at `sinceMilliseconds` and has now held long enough.
    case cleared(sinceMilliseconds: Int64)
}

/// One fault of one device: plain data, so that all of them lie in one flat array.
///
/// Durations are of event time and count only between readings that lie closer together than the profile's gap:
/// a gap neither satisfies nor ends a duration. Between two readings the condition is taken to have been as the earlier one says.
public struct FaultState: Equatable, Sendable, Codable {
    public private(set) var isActive = false
    /// A duration is running: towards raising while inactive, towards clearing while active.
    private var isRunning = false
    private var onsetMilliseconds: Int64 = 0
    private var heldMilliseconds: Int64 = 0
    private var lastMilliseconds: Int64 = 0

    public init() {}

    /// A fault whose alarm holds, and of which nothing else is known.
    public init(isActive: Bool) { self.isActive = isActive }

    /// Takes one reading of the metric that the pending condition looks at. `time` is event time and not older than the last one's.
    public mutating func observe(
        slot: Int32, value: Double, rule: FaultConditions.Rule, timeMilliseconds time: Int64, gapMilliseconds: Int64
    ) -> FaultTransition? {
        let clear = rule.clear
        let condition = isActive ? clear ?? rule.raise : rule.raise
        guard condition.slot == slot else { return nil }
        let holds = isActive && clear == nil ? !condition.holds(value) : condition.holds(value)
        guard holds else {
            isRunning = false
            return nil
        }
        if isRunning {
            let elapsed = time.subtractingReportingOverflow(lastMilliseconds)
            if !elapsed.overflow, elapsed.partialValue > 0, elapsed.partialValue <= gapMilliseconds {
                heldMilliseconds &+= elapsed.partialValue
            }
        } else {
            isRunning = true
            onsetMilliseconds = time
            heldMilliseconds = 0
        }
        lastMilliseconds = time
        let needed = isActive && clear == nil ? 0 : condition.forMilliseconds
        guard heldMilliseconds >= needed else { return nil }
        isActive.toggle()
        isRunning = false
        return isActive ? .raised(onsetMilliseconds: onsetMilliseconds) : .cleared(sinceMilliseconds: onsetMilliseconds)
    }
}
