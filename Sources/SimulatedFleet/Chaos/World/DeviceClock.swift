import CivilCalendar

/// What the clock of a device says when it is really `time`.
struct DeviceClock: Sendable {
    private enum Wrong: Sendable {
        case by(Int64)
        /// Since 2023-01-01, counted from `since`.
        case reset(since: Int64)
        case frozen(at: Int64)
    }

    private static let reset: Int64 = 1_672_531_200_000

    let isMissing: Bool
    private let tellsLocalTime: Bool
    private let offset: Int64
    private let zone: ZoneRules
    private var wrong: (until: Int64, how: Wrong)?

    init(_ scenario: ChaosScenario, _ generator: inout SplitMix64, _ counts: inout ChaosCounts) {
        zone = scenario.zone
        let isOff = generator.chance(scenario.rates[.clockOff])
        let minutes = generator.integer(1...30) * (generator.chance(0.5) ? 1 : -1)
        tellsLocalTime = generator.chance(scenario.rates[.clockLocalTimeAsUTC])
        isMissing = generator.chance(scenario.rates[.clockMissing])
        offset = isOff ? minutes * 60_000 : 0
        if isOff { counts.count(.clockOff) }
        if tellsLocalTime { counts.count(.clockLocalTimeAsUTC) }
        if isMissing { counts.count(.clockMissing) }
    }

    var traits: String {
        if isMissing { return "no clock" }
        return "clock \(offset / 60_000) min off" + (tellsLocalTime ? ", tells local time as UTC" : "")
    }

    mutating func step(at time: Int64, by step: Int64, until: Int64) { wrong = (until, .by(step)) }
    mutating func losePower(at time: Int64, until: Int64) { wrong = (until, .reset(since: time)) }
    mutating func freeze(at time: Int64, until: Int64) { wrong = (until, .frozen(at: time)) }

    /// Milliseconds since 1970, as the device believes; nil for one without a clock.
    func time(at time: Int64) -> Int64? {
        guard !isMissing else { return nil }
        let local = tellsLocalTime ? Int64(zone.offsetSeconds(atUTCSeconds: time / 1000)) * 1000 : 0
        guard let (until, how) = wrong, time < until else { return time + offset + local }
        switch how {
        case .by(let step): return time + offset + local + step
        case .reset(let since): return Self.reset + time - since
        case .frozen(let at): return at + offset + local
        }
    }
}
