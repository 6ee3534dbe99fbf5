import SampleCodec

/// The newest value of one metric of one device. Plain data in one flat array.
package struct MetricState: Sendable {
    package internal(set) var value: Double = 0
    /// Event time of the value. `never` while there is none, and `retained` for one of which nobody knows when it was measured.
    package internal(set) var timeMilliseconds = Self.never
    package internal(set) var isUnknown = true
    /// The message that told it had no time of its own that could be believed.
    var isDatedByArrival = false
    /// Of a counter: `FleetState.counterLines` has something of it.
    var hasLine = false
    /// The place of its detector, or why it has none (`MetricWatch`).
    var watch = MetricWatch.none
    /// The block of its open chunk of history, or -1.
    var samples: Int32 = -1
    /// Of a counter: its steepest rise so far, a millisecond.
    var steepestRise: Float = 0
    var encoder = SampleEncoder()

    static let never = Int64.min
    /// Older than every live reading, so that whatever comes live is newer.
    package static let retained = Int64.min + 1

    /// The device has told it, if only in a retained message.
    @inline(__always)
    package var isTold: Bool { timeMilliseconds != Self.never }

    @inline(__always)
    var isLive: Bool { !isUnknown && timeMilliseconds > Self.retained }

    /// Nothing of it is left that a snapshot, the history or a detector would miss.
    var isBlank: Bool { !isTold && encoder.count == 0 && watch == MetricWatch.none && steepestRise == 0 && !hasLine }
}

/// What is known of a metric now.
package enum MetricValue: Equatable, Sendable {
    /// The device has not told it yet.
    case never
    /// A retained message told it: nobody knows when it was measured.
    case retained(Double)
    /// Measured at that event time.
    case live(Double, atMilliseconds: Int64)
    /// The device said at that event time that it does not know, or left it out of a full report.
    case unknown(sinceMilliseconds: Int64)

    /// What the metric is believed to be; nil where nothing is known.
    package var known: Double? {
        switch self {
        case .retained(let value), .live(let value, _): value
        case .never, .unknown: nil
        }
    }

    /// What was measured, which alone may move anything.
    var live: Double? { if case .live(let value, _) = self { value } else { nil } }
}
