/// What a device does with its time: the basic states of SEMI E10 that a printer can tell apart, and not knowing.
public enum EquipmentState: UInt8, Codable, CaseIterable, Sendable {
    case productive = 0
    case standby
    case unscheduledDowntime
    case scheduledDowntime
    /// Nothing was heard: time is not booked to a state by guessing.
    case unknown
}

/// Milliseconds in each state.
public struct StateTotals: Codable, Equatable, Sendable {
    public internal(set) var productiveMilliseconds: Int64 = 0
    public internal(set) var standbyMilliseconds: Int64 = 0
    public internal(set) var unscheduledDowntimeMilliseconds: Int64 = 0
    public internal(set) var scheduledDowntimeMilliseconds: Int64 = 0
    public internal(set) var unknownMilliseconds: Int64 = 0

    public init() {}

    public internal(set) subscript(state: EquipmentState) -> Int64 {
        get { self[keyPath: Self.field(state)] }
        set { self[keyPath: Self.field(state)] = newValue }
    }

    private static func field(_ state: EquipmentState) -> WritableKeyPath<StateTotals, Int64> {
        switch state {
        case .productive: \.productiveMilliseconds
        case .standby: \.standbyMilliseconds
        case .unscheduledDowntime: \.unscheduledDowntimeMilliseconds
        case .scheduledDowntime: \.scheduledDowntimeMilliseconds
        case .unknown: \.unknownMilliseconds
        }
    }

    /// Uptime as a share (0…1) of the time known: (productive + standby) / (that + both downtimes), the operational
    /// uptime of SEMI E10. Unknown time is in neither; nil when nothing is known.
    public var availability: Double? {
        // As doubles, because the sum of saturated totals would overflow.
        let up = Double(productiveMilliseconds) + Double(standbyMilliseconds)
        let known = up + Double(unscheduledDowntimeMilliseconds) + Double(scheduledDowntimeMilliseconds)
        return known > 0 ? up / known : nil
    }
}

extension Int64 {
    /// Milliseconds from `start` to this time; 0 if it lies before, the largest number if they do not fit.
    func milliseconds(since start: Int64) -> Int64 {
        guard self > start else { return 0 }
        let (difference, overflow) = subtractingReportingOverflow(start)
        return overflow ? .max : difference
    }

    /// The sum, or the largest number if it does not fit. For terms that are not negative.
    func saturatingSum(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
