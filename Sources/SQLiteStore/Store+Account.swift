/// An entry of the ledger of downtime: a device was in a state from one event time to another.
public struct StateIntervalRow: Sendable, Equatable {
    public var device: String
    /// Raw value of the core's equipment state.
    public var state: Int
    public var fromMilliseconds: Int64
    public var toMilliseconds: Int64
    /// One a line, the first of them first.
    public var causes: String

    public init(device: String, state: Int, fromMilliseconds: Int64, toMilliseconds: Int64, causes: String) {
        self.device = device
        self.state = state
        self.fromMilliseconds = fromMilliseconds
        self.toMilliseconds = toMilliseconds
        self.causes = causes
    }
}

/// The milliseconds of a device in each state on one day; `states` are in the order of their raw values.
public struct StateDayRow: Sendable, Equatable {
    public static let stateCount = 5

    public var day: Int
    public var device: String
    public var states: [Int64]

    public init(day: Int, device: String, states: [Int64]) {
        self.day = day
        self.device = device
        self.states = states
    }
}

/// The unscheduled downtime of a device on one day that has this first cause; empty where nobody told one.
public struct CauseDayRow: Sendable, Equatable {
    public var day: Int
    public var device: String
    public var cause: String
    public var milliseconds: Int64
}

/// An incident that is over.
public struct IncidentRow: Sendable, Equatable {
    public var device: String
    public var onsetMilliseconds: Int64
    public var restoredMilliseconds: Int64
    public var downtimeMilliseconds: Int64
    public var detectedMilliseconds: Int64?
    public var actedMilliseconds: Int64?
    public var isRemote: Bool
    /// One a line.
    public var causes: String

    public init(
        device: String, onsetMilliseconds: Int64, restoredMilliseconds: Int64, downtimeMilliseconds: Int64, detectedMilliseconds: Int64?,
        actedMilliseconds: Int64?, isRemote: Bool, causes: String
    ) {
        self.device = device
        self.onsetMilliseconds = onsetMilliseconds
        self.restoredMilliseconds = restoredMilliseconds
        self.downtimeMilliseconds = downtimeMilliseconds
        self.detectedMilliseconds = detectedMilliseconds
        self.actedMilliseconds = actedMilliseconds
        self.isRemote = isRemote
        self.causes = causes
    }
}

extension StoreReader {
    /// Entries of a device that reach into a time, by their beginning.
    public func stateIntervals(device: String, from: Int64, to: Int64, limit: Int) throws -> [StateIntervalRow] {
        try connection.rows(.stateIntervals, device, from, to, max(0, limit)) { row in
            StateIntervalRow(
                device: row.text(0), state: Int(row.integer(2)), fromMilliseconds: row.integer(1), toMilliseconds: row.integer(3),
                causes: row.text(4))
        }
    }

    /// The sums of days, each handed to `body`: a year of many devices is more than one wants in memory.
    /// - Parameter device: nil: all.
    public func stateDays(_ days: ClosedRange<Int>, device: String? = nil, _ body: (StateDayRow) -> Void) throws {
        _ = try connection.rows(.stateDays, days.lowerBound, days.upperBound, device) { row in
            body(StateDayRow(day: Int(row.integer(0)), device: row.text(1), states: (2..<7).map { row.integer($0) }))
        }
    }

    public func causeDays(_ days: ClosedRange<Int>, device: String? = nil) throws -> [CauseDayRow] {
        try connection.rows(.causeDays, days.lowerBound, days.upperBound, device) { row in
            CauseDayRow(day: Int(row.integer(0)), device: row.text(1), cause: row.text(2), milliseconds: row.integer(3))
        }
    }

    /// Incidents that began in a time, by their onset.
    public func incidents(from: Int64, to: Int64, device: String? = nil) throws -> [IncidentRow] {
        try connection.rows(.incidents, from, to, device) { row in
            IncidentRow(
                device: row.text(0), onsetMilliseconds: row.integer(1), restoredMilliseconds: row.integer(2),
                downtimeMilliseconds: row.integer(3), detectedMilliseconds: row.optionalInteger(4),
                actedMilliseconds: row.optionalInteger(5),
                isRemote: row.integer(6) != 0, causes: row.text(7))
        }
    }
}

extension Store {
    /// Adds an entry of the ledger, and to the sums of the days in which it lies. One of the same device, beginning and state is there already after
    /// damage and a replay, and is ignored.
    /// - Parameters:
    ///   - shares: the days, and how much of the entry lies in each.
    ///   - cause: of unscheduled downtime; nil for other states.
    public func appendStateInterval(_ row: StateIntervalRow, shares: [(day: Int, milliseconds: Int64)], cause: String?) throws {
        guard (0..<StateDayRow.stateCount).contains(row.state) else {
            throw StoreError(.constraint, message: "there is no state \(row.state)")
        }
        try atomically {
            let added = try connection.run(
                .addStateInterval, row.device, row.fromMilliseconds, row.state, row.toMilliseconds, row.causes)
            guard added > 0 else { return }
            for share in shares {
                var states = Array(repeating: 0 as Int64, count: StateDayRow.stateCount)
                states[row.state] = share.milliseconds
                try connection.run(.addStateDay, share.day, row.device, states[0], states[1], states[2], states[3], states[4])
                if let cause { try connection.run(.addCauseDay, share.day, row.device, cause, share.milliseconds) }
            }
            current[.stateIntervals] += 1
            guard current[.stateIntervals] > limits.stateIntervals else { return }
            let forgotten = Int64(try connection.run(.oldestStateIntervals, trimStep(limits.stateIntervals)))
            current[.stateIntervals] -= forgotten
            current[.stateIntervalsTrimmed] += forgotten
        }
    }

    /// Adds an incident; one of the same device and onset is there already after damage and a replay, and is ignored.
    public func appendIncident(_ row: IncidentRow) throws {
        try atomically {
            let added = try connection.run(
                .addIncident, row.device, row.onsetMilliseconds, row.restoredMilliseconds, row.downtimeMilliseconds,
                row.detectedMilliseconds, row.actedMilliseconds, row.isRemote ? 1 : 0, row.causes)
            guard added > 0 else { return }
            current[.incidents] += 1
            guard current[.incidents] > limits.incidents else { return }
            let forgotten = Int64(try connection.run(.oldestIncidents, trimStep(limits.incidents)))
            current[.incidents] -= forgotten
            current[.incidentsTrimmed] += forgotten
        }
    }

    /// Forgets the sums of days before this one.
    public func trimAccount(beforeDay day: Int) throws {
        try atomically {
            try connection.run(.forgetStateDays, day)
            try connection.run(.forgetCauseDays, day)
        }
    }
}
