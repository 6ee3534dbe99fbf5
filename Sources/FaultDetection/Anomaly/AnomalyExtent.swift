import Documents

/// How far a metric was from what is usual, for each way of looking and side: in one event, or in all that a person has called normal.
///
/// It is kept in the metric's unit and not in usual deviations, because those change while the metric is watched.
public struct AnomalyExtent: Equatable, Sendable {
    /// Furthest above and below what the half-hour or the long run usually is, in the metric's unit.
    public var above = 0.0
    public var below = 0.0
    /// The largest difference of two ticks, up or down, in the metric's unit.
    public var step = 0.0
    /// How many times more, and less, the metric moved than it usually does.
    public var livelier: Float = 0
    public var calmer: Float = 0

    /// What comes a little further than an event that a person called normal is normal too.
    private static let margin = 1.25

    /// Takes in what a tick showed.
    mutating func cover(_ signals: MetricDetector.Signals) {
        for kind in [AnomalyKind.season, .level, .sustained] {
            let deviation = signals.deviations[Int(kind.rawValue)]
            above = max(above, deviation)
            below = max(below, -deviation)
        }
        step = max(step, abs(signals.deviations[Int(AnomalyKind.change.rawValue)]))
        let index = Int(AnomalyKind.activity.rawValue)
        if signals.deviations[index] < 0 {
            calmer = max(calmer, signals.sizes[index])
        } else {
            livelier = max(livelier, signals.sizes[index])
        }
    }

    /// Takes in an event that is normal. A value that went away by small steps may come back in one.
    mutating func accept(_ event: AnomalyExtent) {
        above = max(above, event.above * Self.margin)
        below = max(below, event.below * Self.margin)
        step = max(step, max(event.step, event.above, event.below) * Self.margin)
        livelier = max(livelier, event.livelier * Float(Self.margin))
        calmer = max(calmer, event.calmer * Float(Self.margin))
    }

    /// Whether what one way of looking sees in a tick is no further off.
    func holds(_ signals: MetricDetector.Signals, _ kind: AnomalyKind) -> Bool {
        let deviation = signals.deviations[Int(kind.rawValue)]
        return switch kind {
        case .season, .level, .sustained: deviation < 0 ? -deviation <= below : deviation <= above
        case .change: abs(deviation) <= step
        case .activity: signals.sizes[Int(kind.rawValue)] <= (deviation < 0 ? calmer : livelier)
        }
    }
}

extension AnomalyExtent: FieldCoded {
    public mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        try coder.code(&above, &below, &step)
        try coder.code(&livelier, &calmer)
        guard min(above, below, step) >= 0, min(livelier, calmer) >= 0 else { throw coder.damage }
    }
}

/// What a detector remembers of its warnings. Most detectors never warn, and have no memory for it.
struct AnomalyMemory: Equatable, Sendable {
    /// Why the last warning was raised.
    var reason = AnomalyReason()
    /// Of the event that the last warning belongs to.
    var event = AnomalyExtent()
    /// What people have called normal.
    var normal: AnomalyExtent?
}

/// "This is normal", said by a person.
extension MetricDetector {
    /// A warning was raised at least once.
    public var hasWarned: Bool { !$memory.isNone }

    /// What people have called normal; nil where nobody has.
    public var normalExtent: AnomalyExtent? { memory?.normal }

    /// As much as in the event of the last warning is normal from now on, and a warning that stands is over. False where it never warned.
    public mutating func acceptLastEvent() -> Bool {
        guard var known = memory else { return false }
        var normal = known.normal ?? AnomalyExtent()
        normal.accept(known.event)
        known.normal = normal
        memory = known
        isAnomalous = false
        calm = 0
        // What goes beyond it is another event.
        atLimitMilliseconds = .min
        raisedScore = 0
        return true
    }

    /// Nothing is normal any more because a person said so. False where nobody has.
    public mutating func forgetNormal() -> Bool {
        guard memory?.normal != nil else { return false }
        memory?.normal = nil
        return true
    }
}
