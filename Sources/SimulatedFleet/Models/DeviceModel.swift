import Documents

/// The inside of one device: what it measures and how that changes with time.
protocol DeviceModel: Sendable {
    mutating func advance(_ passage: Passage, generator: inout SplitMix64)
    /// The payload of one report. May remember what it said, to say less the next time.
    mutating func report(at: Int64, fault: FaultKind?) -> [UInt8]
    /// A fresh cartridge, spool or roll. False when there is no such slot.
    mutating func install(supply: String) -> Bool
    /// 0 to 100 (%), nil where not known.
    func level(of supply: String) -> Double?
    /// A command that mended a fault leaves its mark, such as a cancelled print.
    mutating func commandDone(_ command: String)
}

extension DeviceModel {
    mutating func install(supply: String) -> Bool { false }
    func level(of supply: String) -> Double? { nil }
    mutating func commandDone(_ command: String) {}
}

/// A stretch of time in which nothing but the device's own course happens.
struct Passage {
    var milliseconds: Int64
    /// Its end.
    var at: Int64
    /// 0 to 1, see `WorkingHours`.
    var activity: Double
    var fault: FaultKind?

    var seconds: Double { Double(milliseconds) / 1000 }
    var hours: Double { Double(milliseconds) / 3_600_000 }

    /// Moves a temperature towards its target as a body of that inertia does; long stretches end at the target.
    func approach(_ value: Double, _ target: Double, inertiaSeconds: Double) -> Double {
        value + (target - value) * min(1, seconds / inertiaSeconds)
    }
}

/// A consumable in a native device.
struct Cartridge: Sendable {
    var name: String
    /// Percent, with fractions; whole percents are told.
    private(set) var level: Double
    /// Percent of the cartridge on an average day.
    let percentPerDay: Double

    /// Chooses the level so that the slot has some days left when the live phase begins.
    init(name: String, isNearEnd: Bool, historyDayShares: Double, generator: inout SplitMix64) {
        self.name = name
        let floorPercent = 5.0
        let end: Double
        var rate: Double
        if isNearEnd {
            rate = generator.number(3.2, 4.6)
            end = floorPercent + rate * generator.number(0.8, 3)
        } else {
            rate = generator.number(0.4, 1.7)
            end = generator.number(48, 74)
        }
        // A history too long for the rate would have needed a second cartridge.
        if historyDayShares > 0 { rate = min(rate, (99 - end) / historyDayShares) }
        percentPerDay = rate
        level = end + rate * historyDayShares
    }

    var told: Int { Int(level.rounded()) }

    mutating func consume(dayShare: Double) { level = max(0, level - percentPerDay * dayShare) }

    mutating func refill() { level = 100 }
}

/// The members that every native report has.
func nativeReport(at: Int64, status: String, fault: FaultKind?, _ more: (inout JSONWriter) -> Void) -> [UInt8] {
    JSONWriter.object { writer in
        writer.member("ts", at)
        writer.member("status", status)
        more(&writer)
        writer.strings("errors", [fault?.traits.code].compactMap { $0 })
    }
}
