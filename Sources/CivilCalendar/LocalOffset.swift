/// The offset of a zone for one time after the other: looked up only when a change of the clock lies between.
public struct LocalOffset: Equatable, Sendable {
    public let rules: ZoneRules
    private var known: Range<Int64> = 0..<0
    private var seconds = 0

    public init(_ rules: ZoneRules) { self.rules = rules }

    /// Seconds to add to UTC for local time, at this instant. Total: any number is allowed.
    @inline(__always)
    public mutating func offsetSeconds(atMilliseconds time: Int64) -> Int {
        if !known.contains(time) { look(time) }
        return seconds
    }

    /// For the minute, because clocks are changed at full minutes; for ever where they never are.
    private mutating func look(_ time: Int64) {
        let instant = time.dividedDown(by: 1000)
        seconds = rules.offsetSeconds(atUTCSeconds: instant)
        guard !rules.isFixed else {
            known = .min ..< .max
            return
        }
        let minute = time.dividedDown(by: 60_000).multipliedReportingOverflow(by: 60_000)
        known = minute.overflow || minute.partialValue > .max - 60_000 ? 0..<0 : minute.partialValue..<minute.partialValue + 60_000
    }
}

extension ZoneRules {
    /// The clock is never changed.
    var isFixed: Bool { transitions.isEmpty && rule?.daylight == nil }
}
