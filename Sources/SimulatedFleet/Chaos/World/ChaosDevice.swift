/// A device as the world meets it: its truth, and what stands between it and the gateway.
struct ChaosDevice {
    struct Message {
        var topic: String
        var payload: [UInt8]
        var tellsFault = false
    }

    /// A command that waits in the broker's session of a device that is away.
    struct HeldCommand {
        var request: String
        var name: String
        /// In true time; nil for none.
        var deadline: Int64?
        /// As the payload says it, by the gateway's clock; nil where it does not.
        var toldDeadline: Int64?
        var wasKnown: Bool
    }

    static let maximumQueue = 2000

    let truth: DeviceTruth
    /// Its present id, which a renaming changes.
    var name: String
    var clock: DeviceClock
    var dice: SplitMix64
    let hasQueue: Bool
    let hasJitter: Bool
    let sessionKnowsExpiry: Bool
    let looksAtDeadline: Bool
    /// Since when it is switched off or has no network.
    var awaySince: Int64?
    var queue: [Message] = []
    var held: [HeldCommand] = []
    var retained: Message?
    /// Place of the fault that stands.
    var fault: Int?
    var nextFault = 0
    /// True time of the last message that the core has taken.
    var heard: Int64 = ChaosScenario.startMilliseconds

    // What it tells wrongly of its levels.
    var falseZeroSlot: Int?
    var allZeroUntil: Int64 = .min
    var unknownUntil: Int64 = .min
    /// Times in which the gateway hears nothing of its levels.
    var unheard: [Range<Int64>] = []

    init(_ truth: DeviceTruth, _ scenario: ChaosScenario, _ counts: inout ChaosCounts) {
        self.truth = truth
        name = truth.name
        dice = SplitMix64(seed: scenario.seed, name: "chaos/" + truth.name)
        clock = DeviceClock(scenario, &dice, &counts)
        hasQueue = !dice.chance(scenario.rates[.deviceWithoutQueue])
        hasJitter = dice.chance(scenario.rates[.levelJitter])
        sessionKnowsExpiry = !dice.chance(scenario.rates[.commandSessionWithoutExpiry])
        looksAtDeadline = !dice.chance(scenario.rates[.commandDeadlineIgnored])
        if !looksAtDeadline { counts.count(.commandDeadlineIgnored) }
        if !hasQueue { counts.count(.deviceWithoutQueue) }
        if hasJitter { counts.count(.levelJitter) }
        if !sessionKnowsExpiry { counts.count(.commandSessionWithoutExpiry) }
    }

    /// What is always so of it, for a story.
    var traits: String {
        let parts: [String?] = [
            truth.kind == .native ? "native" : "office", clock.traits, hasQueue ? "with a queue" : "without a queue",
            hasJitter ? "levels jitter" : nil, truth.tellsLevelsByAlertOnly ? "tells levels by alert only" : nil,
            sessionKnowsExpiry ? nil : "session without expiry", looksAtDeadline ? nil : "ignores deadlines",
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }

    /// Until the next report when nothing happens. Who works tells within the gap that its profile allows, who sleeps before it counts as silent.
    func reportMilliseconds(at time: Int64, isSparse: Bool) -> Int64 {
        let isAwake = truth.pageClock.isWorking(at: time) && !isSparse
        return truth.kind == .native ? (isAwake ? 280_000 : 800_000) : (isAwake ? 600_000 : 1_500_000)
    }

    /// It never counts as silent sooner: office devices by their profile, native ones by the shortest limit that is ever learned.
    var silentMilliseconds: Int64 { truth.kind == .native ? 900_000 : 1_800_000 }

    var telemetryTopic: String { truth.kind == .native ? "devices/\(name)/telemetry" : "printers/\(name)/status" }

    /// What it says now.
    mutating func report(at time: Int64) -> Message {
        let pages = truth.pageClock.pages(at: time)
        let levels = truth.slots.indices.map { level(slot: $0, at: time, pages: pages) }
        let low = truth.kind == .office ? truth.slots.indices.filter { truth.percent(slot: $0, at: time, pages: pages) <= 12 } : []
        let kind = fault.map { truth.faults[$0].kind }
        let report = DeviceReport(
            time: clock.time(at: time), isPrinting: truth.pageClock.isWorking(at: time), pageCount: truth.pageCount(at: time, pages: pages),
            levels: levels, lowSlots: low, fault: kind)
        falseZeroSlot = nil
        return Message(topic: telemetryTopic, payload: report.payload(of: truth, at: time), tellsFault: kind != nil)
    }

    private mutating func level(slot: Int, at time: Int64, pages: Double) -> DeviceReport.Level {
        if truth.isTakenOut(slot: slot, at: time) { return .missing }
        if time < allZeroUntil || falseZeroSlot == slot { return .percent(0) }
        if truth.tellsLevelsByAlertOnly { return .some }
        if time < unknownUntil { return .unknown }
        let percent = truth.percent(slot: slot, at: time, pages: pages)
        let jitter = hasJitter ? Double(dice.integer(-1...1)) : 0
        return .percent(Int(min(max((percent + jitter).rounded(), 0), 100)))
    }
}
