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
    /// The half-hour of a weekday (0 to 47) or of a weekend day (48 to 95), by the clock of the site.
    public var slot: UInt8 = 0
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

    /// A sentence without a full stop, such as "exhaust temperature has been 3.1 K above what it usually is at 14:30 on a weekday (61 K) for
    /// 40 minutes, as at no time in 43 days".
    ///
    /// `metric` is the name as people know it and `unit` the text behind the number, with its own blank or without. Rates of counters
    /// are compared by their ratio, "twice as much", which would say nothing of a temperature.
    public func text(metric: String, unit: String, isRate: Bool = false) -> String { finding(metric, unit, isRate: isRate) + memory }

    /// How it compares with what was seen before.
    private var memory: String {
        guard days > 1 else { return "" }
        let times = seen.rounded()
        return times < 1
            ? ", as at no time in \(days) days" : ", as only \(times < 2 ? "once" : "\(Self.number(Double(times))) times") in \(days) days"
    }

    private func finding(_ metric: String, _ unit: String, isRate: Bool) -> String {
        let amount = Self.number(abs(deviation)) + unit
        let usual = Self.number(expected) + unit
        let ratio = isRate ? ratio(unit) : nil
        let distance = ratio ?? "\(amount) \(deviation < 0 ? "below" : "above")"
        switch kind {
        case .season:
            let since = durationSeconds >= 60 ? " for \(Self.duration(durationSeconds))" : ""
            return "\(metric) \(since.isEmpty ? "is" : "has been") \(distance) what it usually is at \(clock) (\(usual))\(since)"
        case .level: return "the mean of \(metric) has moved to \(distance) its usual \(usual)"
        case .change:
            return "\(metric) has \(deviation < 0 ? "fallen" : "risen") by \(amount) within \(Self.duration(durationSeconds)), "
                + "\(Self.number(Double(times))) times a usual change"
        case .sustained:
            return
                "\(metric) has been \(deviation < 0 ? "below" : "above") what it usually is at this time of a \(dayName) for half a day, "
                + "by \(amount) in the mean"
        case .activity:
            return deviation < 0
                ? "\(metric) moves \(Self.number(Double(times))) times less than it usually does"
                : "\(metric) moves \(Self.number(Double(times))) times as much as it usually does"
        }
    }

    private var dayName: String { SeasonTable.isWeekend(Int(slot)) ? "weekend day" : "weekday" }

    /// Such as "14:30 on a weekday".
    private var clock: String {
        let (hour, half) = Int(slot % 48).quotientAndRemainder(dividingBy: 2)
        return "\(hour < 10 ? "0" : "")\(hour):\(half == 0 ? "00" : "30") on a \(dayName)"
    }

    /// Such as "240 pages/h, 2.03 times"; nil where a ratio says nothing.
    private func ratio(_ unit: String) -> String? {
        let value = expected + deviation
        guard expected > 0, value >= 0 else { return nil }
        let ratio = value / expected
        guard ratio >= 1.5 || ratio <= 0.67 else { return nil }
        return Self.number(value) + unit + (ratio >= 1.5 ? ", \(Self.number(ratio)) times" : ", \(Self.number(ratio * 100)) % of")
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
        reason.slot = UInt8(truncatingIfNeeded: signals.slot)
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
