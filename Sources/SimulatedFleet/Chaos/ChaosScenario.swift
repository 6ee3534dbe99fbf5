import CivilCalendar
import Documents

/// A year of a fleet: how long, how many, and what goes wrong how often. The same scenario is the same year, to the last message.
public struct ChaosScenario: Sendable, Equatable {
    public static let maximumDevices = 2000
    public static let maximumDays = 800

    public var seed: UInt64 = 1
    public var days = 365
    public var devices = 60
    /// The name of the only device that is simulated; its life is the same as among all others.
    public var only: String?
    /// The name of the device whose whole story is told, among all others.
    public var followed: String?
    public var rates = ChaosRates()
    /// The zone in which people work, and in which windows are planned.
    public var zone = ZoneRules.utc
    /// Its file, which maintenance windows carry; empty for UTC.
    public var zoneBytes: [UInt8] = []
    /// Devices tell by day as seldom as by night.
    public var isSparse = false
    /// How many messages and decisions of the device are told with a violation.
    public var storyLength = 12

    /// 2026-01-05, a Monday.
    public static let startMilliseconds: Int64 = 1_767_571_200_000

    public init() {}

    public var endMilliseconds: Int64 { Self.startMilliseconds + Int64(days) * 86_400_000 }

    public func contains(device name: String) -> Bool { (1...devices).contains { DeviceTruth.name($0) == name } }

    /// Times of year in `days`: the mean time between two, in milliseconds; nil for a rate of 0.
    func meanMilliseconds(_ kind: ChaosKind) -> Double? {
        let rate = rates[kind]
        return rate > 0 ? 365 * 86_400_000 / rate : nil
    }

    /// Reads `{ seed, days, devices, rates: { "gateway-outage": 12, … } }`; what is missing stays as it is. Throws every mistake with its place.
    public mutating func read(_ bytes: [UInt8], file: String) throws {
        let root: DocumentNode
        do { root = try DocumentParser.parse(bytes, file: file) } catch { throw DocumentProblems([error]) }
        let report = DocumentReport(file: file)
        let reader = ObjectReader(root, "the scenario", report)
        if let number = reader.integer("seed", in: 0...Int.max) { seed = UInt64(number) }
        days = reader.integer("days", in: 1...Self.maximumDays) ?? days
        devices = reader.integer("devices", in: 1...Self.maximumDevices) ?? devices
        if let rates = reader.object("rates", "the rates by kind") {
            for member in rates.members {
                guard let kind = ChaosKind(rawValue: member.key) else { continue }
                guard let rate = rates.number(member.key) else { continue }
                if !(0...kind.highestRate).contains(rate) { rates.add("expected 0 to \(kind.highestRate)", at: member.key) }
                self.rates[kind] = rate
            }
            rates.finish()
        }
        reader.finish()
        try report.throwIfAny()
    }

    /// Takes `KIND=RATE` of a command line. Throws what is wrong.
    public mutating func set(_ text: String) throws(FleetError) {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let kind = ChaosKind(rawValue: String(parts[0])) else {
            let hint = Spelling.hint(String(parts.first ?? ""), among: ChaosKind.allCases.map(\.rawValue))
            throw FleetError("a rate is KIND=RATE, and \"\(text.prefix(80))\" is of no known kind\(hint)")
        }
        guard let rate = Double(parts[1]), (0...kind.highestRate).contains(rate) else {
            throw FleetError("\(kind.rawValue) is a \(kind.measure.rawValue) from 0 to \(kind.highestRate)")
        }
        rates[kind] = rate
    }
}
