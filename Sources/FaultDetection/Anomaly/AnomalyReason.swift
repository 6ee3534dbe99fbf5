/// The way of looking at a metric that found something.
public enum AnomalyKind: UInt8, Sendable, CaseIterable {
    /// Far from what this time of the day and kind of day usually is.
    case season
    /// The mean of the last half-dozen to thirty ticks is far from what has been usual.
    case level
    /// A step larger than steps usually are.
    case change
    /// On one side of what the time of day usually is, for half a day and more.
    case sustained
    /// It moves much more, or much less, than it usually does.
    case activity
}

/// Why a warning was raised: what decided, in numbers.
public struct AnomalyReason: Equatable, Sendable {
    public var kind = AnomalyKind.season
    public var isWeekend = false
    /// In the metric's unit; positive is above what is usual, or up.
    public var deviation = 0.0
    /// What it was compared with, in the metric's unit.
    public var expected = 0.0
    /// Multiple of the usual deviation.
    public var times: Float = 0
    /// How long the value has been on that side; for a change, the time that it took.
    public var durationSeconds: Int64 = 0
    /// How often as much was seen in the days that are remembered; older times count for less.
    public var seen: Float = 0
    /// Days since the first reading.
    public var days: UInt16 = 0

    /// A sentence without a full stop, such as "exhaust temperature has been 3.1 K above what this hour of a weekday usually is for 40 minutes".
    ///
    /// `metric` is the name as people know it and `unit` the text behind the number, with its own blank or without.
    public func text(metric: String, unit: String) -> String { finding(metric: metric, unit: unit) + memory }

    /// How it compares with what was seen before.
    private var memory: String {
        guard days > 1 else { return "" }
        let times = seen.rounded()
        return times < 1
            ? ", as at no time in \(days) days" : ", as only \(times < 2 ? "once" : "\(Self.number(Double(times))) times") in \(days) days"
    }

    private func finding(metric: String, unit: String) -> String {
        let amount = Self.number(abs(deviation)) + unit
        let side = deviation < 0 ? "below" : "above"
        let usual = Self.number(expected) + unit
        switch kind {
        case .season:
            let since = durationSeconds >= 60 ? " for \(Self.duration(durationSeconds))" : ""
            let verb = since.isEmpty ? "is" : "has been"
            return
                "\(metric) \(verb) \(amount) \(side) what this hour of a \(isWeekend ? "weekend day" : "weekday") usually is (\(usual))\(since)"
        case .level: return "the mean of \(metric) has moved to \(amount) \(side) its usual \(usual)"
        case .change:
            return "\(metric) has \(deviation < 0 ? "fallen" : "risen") by \(amount) within \(Self.duration(durationSeconds)), "
                + "\(Self.number(Double(times))) times a usual change"
        case .sustained:
            return "\(metric) has been \(side) what this hour of a \(isWeekend ? "weekend day" : "weekday") usually is for half a day, "
                + "by \(amount) in the mean"
        case .activity:
            return deviation < 0
                ? "\(metric) moves \(Self.number(Double(times))) times less than it usually does"
                : "\(metric) moves \(Self.number(Double(times))) times as much as it usually does"
        }
    }

    static func duration(_ seconds: Int64) -> String {
        let (count, unit): (Int64, String) =
            switch seconds {
            case ..<120: (max(seconds, 0), "second")
            case ..<7200: (seconds / 60, "minute")
            case ..<172_800: (seconds / 3600, "hour")
            default: (seconds / 86_400, "day")
            }
        return "\(count) \(unit)\(count == 1 ? "" : "s")"
    }

    /// Three significant digits, as people write them.
    static func number(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return "0" }
        let size = abs(value)
        guard size < 1e9, size >= 1e-4 else { return "\(value)" }
        var scale = 1.0
        while size * scale < 100, scale < 1e6 { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        let text = "\(rounded)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

extension MetricDetector {
    func explain(_ kind: AnomalyKind, seen: Float, _ signals: Signals, at time: Int64) -> AnomalyReason {
        var reason = AnomalyReason()
        reason.kind = kind
        reason.isWeekend = SeasonTable.isWeekend(signals.slot)
        let index = Int(kind.rawValue)
        reason.deviation = signals.deviations[index]
        reason.times = signals.sizes[index]
        switch kind {
        case .season, .sustained: reason.expected = origin + signals.value - signals.deviations[0]
        case .level: reason.expected = origin + level - signals.deviations[1]
        case .change: reason.expected = origin + signals.value - signals.deviations[2]
        case .activity: reason.expected = origin + signals.value
        }
        reason.seen = seen
        reason.days = UInt16(clamping: (time - firstMilliseconds) / 86_400_000)
        reason.durationSeconds = kind == .change ? Int64(tickSeconds) : side == 0 ? 0 : (time - sideMilliseconds) / 1000
        return reason
    }
}
