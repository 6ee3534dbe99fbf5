/// One outcome of a fleet: for each device and day an amount and the exposure that it fell into. A day without exposure is missing, which is
/// not the same as an amount of 0.
///
/// Units are kept by id and days in their order, whatever order they came in, so that the same data give the same result bit by bit.
public struct OutcomePanel: Equatable, Sendable {
    /// What was assigned to a device before any outcome was seen. It is what estimates go by, whatever happened later (intention to treat).
    public enum Assignment: Equatable, Sendable {
        case none
        case arm(RolloutArm)
        /// From this day on; nil for never.
        case adopts(Int?)
    }

    public struct Unit: Equatable, Sendable {
        public let id: String
        /// Empty where the device stands at no site.
        public let site: String
        public let assignment: Assignment

        public init(id: String, site: String = "", assignment: Assignment = .none) {
            self.id = id
            self.site = site
            self.assignment = assignment
        }
    }

    public struct Observation: Equatable, Sendable {
        public let unit: String
        /// Number of the day, from any origin.
        public let day: Int
        public let amount: Double
        /// 0 or more; 0 says that nothing is known of the day.
        public let exposure: Double
        /// Whether what is rolled out was on for the device on that day; nil where that is not known.
        public let isOn: Bool?

        public init(unit: String, day: Int, amount: Double, exposure: Double, isOn: Bool? = nil) {
            self.unit = unit
            self.day = day
            self.amount = amount
            self.exposure = exposure
            self.isOn = isOn
        }
    }

    public enum Fault: Error, Equatable, Sendable {
        case unitTwice(String)
        case unknownUnit(String)
        case observationTwice(unit: String, day: Int)
        /// Not finite, or a negative exposure, or an amount without exposure.
        case notANumber(unit: String, day: Int)
        /// More than `maximumCellCount` devices × days.
        case tooLarge
    }

    /// 20,000 devices for three years take 350 MB; nobody needs more for an effect.
    public static let maximumCellCount = 22_000_000

    /// By id.
    public private(set) var units: [Unit]
    /// From the first day of an observation to the day after the last.
    public let days: Range<Int>
    /// By unit, then day; exposure 0 is missing.
    private var amounts: [Double]
    private var exposures: [Double]
    /// 0 not known, 1 off, 2 on.
    private var states: [UInt8]

    public init(units: [Unit], observations: [Observation]) throws(Fault) {
        self.units = units.sorted { $0.id < $1.id }
        var places: [String: Int] = [:]
        for (place, unit) in self.units.enumerated() where places.updateValue(place, forKey: unit.id) != nil { throw .unitTwice(unit.id) }
        let first = observations.lazy.map(\.day).min() ?? 0
        let last = observations.lazy.map(\.day).max() ?? -1
        let (length, isTooLong) = last.subtractingReportingOverflow(first)
        guard !isTooLong, length < Self.maximumCellCount, (length + 1) * max(1, units.count) <= Self.maximumCellCount else {
            throw .tooLarge
        }
        days = first..<first + length + 1
        amounts = Array(repeating: 0, count: units.count * days.count)
        exposures = amounts
        states = Array(repeating: 0, count: amounts.count)
        // A day that was told is told once, also where nothing is known of it.
        var told = Array(repeating: false, count: amounts.count)
        for each in observations {
            guard let place = places[each.unit] else { throw .unknownUnit(each.unit) }
            guard each.amount.isFinite, each.exposure.isFinite, each.exposure >= 0, each.exposure > 0 || each.amount == 0 else {
                throw .notANumber(unit: each.unit, day: each.day)
            }
            let cell = place * days.count + each.day - first
            guard !told[cell] else { throw .observationTwice(unit: each.unit, day: each.day) }
            told[cell] = true
            amounts[cell] = each.amount
            exposures[cell] = each.exposure
            states[cell] = each.isOn.map { $0 ? 2 : 1 } ?? 0
        }
    }

    /// The same outcomes under other assignments.
    func assigning(_ assignment: (Unit) -> Assignment) -> OutcomePanel {
        OutcomePanel(self, units: units.map { Unit(id: $0.id, site: $0.site, assignment: assignment($0)) })
    }

    private init(_ other: OutcomePanel, units: [Unit]) {
        self = other
        self.units = units
    }

    /// Sums over the days of `window` that are known.
    func sum(_ unit: Int, _ window: Range<Int>) -> (amount: Double, exposure: Double) {
        let window = window.clamped(to: days)
        let start = unit * days.count - days.lowerBound
        var amount = 0.0
        var exposure = 0.0
        for day in window {
            amount += amounts[start + day]
            exposure += exposures[start + day]
        }
        return (amount, exposure)
    }

    /// Of one day; 0 where nothing is known. `unit` is an index of `units`.
    public func exposure(_ unit: Int, _ day: Int) -> Double {
        days.contains(day) ? exposures[unit * days.count + day - days.lowerBound] : 0
    }

    /// Whether what is rolled out was on; nil where that is not known.
    func isOn(_ unit: Int, _ day: Int) -> Bool? {
        guard days.contains(day) else { return nil }
        let state = states[unit * days.count + day - days.lowerBound]
        return state == 0 ? nil : state == 2
    }
}
