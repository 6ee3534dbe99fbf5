/// One condition of a rule, made ready: metric names are inputs of the rule, state names are bits, and parts are bits of other nodes.
///
/// The parts of a node stand before it, so one walk over the nodes gives the truth of all.
struct ConditionNode: Sendable {
    enum Test: Sendable {
        case above(Double)
        case atLeast(Double)
        case below(Double)
        case atMost(Double)
        /// A bit for each state that fulfils it.
        case states(UInt64)
        case bit(UInt64, isSet: Bool)
        case enters(UInt64)
        case leaves(UInt64)
        /// Bits of the nodes that are its parts.
        case all(UInt32)
        case any(UInt32)
        case not(Int)
        case count(Int, withinMilliseconds: Int64, times: Int64)
        /// Its duration is the node's `forMilliseconds`.
        case unchanged(tolerance: Double)
        case noData(milliseconds: Int64)
        /// The metric is of another kind than the test.
        case never
    }

    var test: Test
    /// The rule's input that it looks at, or -1.
    var input: Int32 = -1
    /// The input that stands in for the bound, or -1; the bound is then value · times + plus.
    var operand: Int32 = -1
    var times = 1.0
    var plus = 0.0
    var hysteresis = 0.0
    /// The change per so many milliseconds is compared in place of the value; 0: the value is.
    var ratePerMilliseconds = 0.0
    var windowMilliseconds: Int64 = 0
    var isCounter = false
    var forMilliseconds: Int64 = 0
    /// The node that has to hold meanwhile, or -1.
    var meanwhile: Int32 = -1
    /// What it is while the device has never told its metric; nil: not known.
    var untold: Bool?
    /// Where its own memory lies among the rule's cells.
    var cell = 0

    /// Readings that a rate remembers: a window is cut into as many parts less one.
    static let rateSamples = 16

    /// What a test remembers from reading to reading, in cells of its own. A rate and a duration have theirs beside it.
    enum Memory: Equatable {
        case nothing
        /// A value or a state.
        case value
        /// An arrival time, of the device and not of the fault: it outlives the fault, and the rule is asked without a reading, too.
        case arrival
        /// A counter, then the times of so many readings.
        case ring(Int)
    }

    var memory: Memory {
        switch test {
        case .enters, .leaves, .unchanged: .value
        case .noData: .arrival
        case .count(_, _, let times): .ring(Int(times))
        case .above, .atLeast, .below, .atMost, .states, .bit, .all, .any, .not, .never: .nothing
        }
    }

    /// Cells of memory that it needs.
    var cellCount: Int {
        let own =
            switch memory {
            case .nothing: 0
            case .value, .arrival: 1
            case .ring(let times): 1 + times
            }
        return own + (ratePerMilliseconds != 0 ? 2 + 2 * Self.rateSamples : 0) + (hasTimer ? ConditionTimer.cellCount : 0)
    }

    var hasTimer: Bool { forMilliseconds > 0 }

    /// Where its timer lies, behind whatever else it remembers.
    var timerCell: Int { cell + cellCount - ConditionTimer.cellCount }
}

/// How long something has been true, in three cells: since when, for how long (plus 1, so that 0 means that it is not true), until when.
///
/// Durations count only between readings that lie closer together than the profile's gap: a gap neither satisfies nor ends one.
/// Between two readings the condition is taken to have been as the earlier one says.
enum ConditionTimer {
    static let cellCount = 3
    /// Nothing is known from here on: the next reading adds nothing.
    private static let paused = Int64.min

    static func since(_ cells: UnsafeMutablePointer<Int64>) -> Int64 { cells[0] }
    static func isRunning(_ cells: UnsafeMutablePointer<Int64>) -> Bool { cells[1] != 0 }
    /// How long it has been true; -1 when it is not.
    static func milliseconds(_ cells: UnsafeMutablePointer<Int64>) -> Int64 { cells[1] &- 1 }

    static func stop(_ cells: UnsafeMutablePointer<Int64>) { cells[1] = 0 }
    static func pause(_ cells: UnsafeMutablePointer<Int64>) { cells[2] = paused }

    @inline(__always)
    static func start(_ cells: UnsafeMutablePointer<Int64>, at time: Int64) {
        cells[0] = time
        cells[1] = 1
        cells[2] = time
    }

    /// A reading at which it is true.
    @inline(__always)
    static func goOn(_ cells: UnsafeMutablePointer<Int64>, at time: Int64, gap: Int64) {
        guard isRunning(cells) else { return start(cells, at: time) }
        let elapsed = time.subtractingReportingOverflow(cells[2])
        if !elapsed.overflow, elapsed.partialValue > 0, elapsed.partialValue <= gap { cells[1] &+= elapsed.partialValue }
        cells[2] = max(cells[2], time)
    }
}
