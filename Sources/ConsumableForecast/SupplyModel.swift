import Glibc
import Telemetry

/// State of one supply slot: levels and a usage counter in, a distribution of its end out.
///
/// Less than a kilobyte of plain data that does not grow. Times are event times in ms; the caller has put times outside
/// a sane window right before, because the newest time seen makes every older reading late.
public struct SupplyModel: Codable, Equatable, Sendable {
    /// A forecast from older readings than this is refused.
    public static let staleAfterDays = 30.0
    /// A new cartridge is a rise of at least this, and of at least one and a half steps.
    static let newGenerationPercent = 15.0
    /// More units a day than this are a counter gone wrong, not use.
    static let plausibleUnitsPerDay = 1_000_000.0

    /// The number of the cartridge in the slot, from 1 on. A cartridge that comes back has its old number.
    public internal(set) var generation: Int32 = 1
    /// The highest number given.
    var generations: Int32 = 1
    /// The accepted level in percent; nil until one was reported.
    public internal(set) var levelPercent: Double?
    /// The device says that there is something, and not how much.
    public internal(set) var isSomeRemaining = false

    var newestMilliseconds: Int64?
    private var lastCounter: Double?
    private var counterMilliseconds: Int64 = 0
    /// Units since this model began; never runs backwards, whatever the counter does.
    private(set) var odometer = 0.0
    /// As far as the cartridge knows of the odometer.
    private var cartridgeOdometer = 0.0
    var use = UseModel()

    var steps = LevelSteps()
    var candidate: LevelCandidate?
    /// The cartridge and the odometer as of the last reading that told a level of it beyond doubt. What was used since then is shared
    /// out between the old cartridge and the next one, once it is known that there is a next one.
    var sureCartridge: Cartridge?
    private(set) var sureOdometer = 0.0
    var cartridge: Cartridge?
    /// The first sure place of the level, for a first guess of the yield.
    var origin: (level: Double, units: Double, isEdge: Bool)? {
        get { originLevel.map { ($0, originUnits, originIsEdge) } }
        set {
            originLevel = newValue?.level
            originUnits = newValue?.units ?? 0
            originIsEdge = newValue?.isEdge ?? false
        }
    }
    private var originLevel: Double?
    private var originUnits = 0.0
    private var originIsEdge = false

    /// What earlier cartridges of this slot taught of the logarithm of percent a unit.
    var yieldLog = 0.0
    var yieldLogVariance = -1.0

    /// The cartridge before, should it come back, and serial numbers that were seen.
    var former: FormerCartridge?
    var serial: UInt64 = 0
    var seenSerials = SIMD4<UInt64>(repeating: 0)

    struct FormerCartridge: Codable, Equatable, Sendable {
        var cartridge: Cartridge
        var levelPercent: Double
        var generation: Int32
        var serial: UInt64
    }

    public init() {}

    /// A new cartridge may be in the slot, and has yet to prove that it stays: the present moment belongs to the old one no longer.
    public var awaitsProof: Bool {
        switch candidate?.direction {
        case .farUp, .someUp, .serial: true
        case .farDown, .slightlyUp, nil: false
        }
    }

    /// Whether a counter was ever reported; otherwise time itself counts, in days.
    var hasCounter: Bool { lastCounter != nil }

    /// Takes one reading.
    ///
    /// - Parameters:
    ///   - timeMilliseconds: event time; an older one than the newest is ignored.
    ///   - level: percent with its resolution, an interval, or an unknown, which moves nothing.
    ///   - counter: pages, hours, metres; nil, negative and not finite are unknown. A lower one than before starts a new base.
    ///   - serial: a hash of the cartridge's serial number or tag; nil or 0 when the device tells none.
    ///   - fleet: what devices of this kind taught; it learns from this reading, too.
    public mutating func observe(
        timeMilliseconds: Int64, level: SupplyLevel, counter: Double?, serial: UInt64? = nil, fleet: inout FleetPriors
    ) -> SupplyChange {
        if let newest = newestMilliseconds, timeMilliseconds < newest { return .late }
        if let counter, counter.isFinite, counter >= 0 {
            advance(counter: counter, timeMilliseconds, &fleet)
            newestMilliseconds = timeMilliseconds
        } else if lastCounter == nil, isKnown(level) {
            if let newest = newestMilliseconds { odometer += Self.days(from: newest, to: timeMilliseconds) }
        }
        wear()
        let change = weigh(level, serial, timeMilliseconds, &fleet)
        if candidate == nil, isKnown(level) {
            sureCartridge = cartridge
            sureOdometer = odometer
        }
        return change
    }

    private mutating func weigh(
        _ level: SupplyLevel, _ serial: UInt64?, _ timeMilliseconds: Int64, _ fleet: inout FleetPriors
    ) -> SupplyChange {
        switch level {
        case .noLimit, .unknown: return .none
        case .percent(let value, let resolution):
            guard isKnown(level) else { return .none }
            newestMilliseconds = timeMilliseconds
            if let swapped = changedSerial(serial, timeMilliseconds, level: value, &fleet) { return swapped }
            // No device knows more than tenths.
            return number((value * 10).rounded() / 10, resolution, timeMilliseconds, &fleet)
        case .interval(let low, let high):
            guard isKnown(level) else { return .none }
            newestMilliseconds = timeMilliseconds
            if let swapped = changedSerial(serial, timeMilliseconds, level: nil, &fleet) { return swapped }
            return high >= 99.5 ? some(low, timeMilliseconds, &fleet) : between(low, high)
        }
    }

    private func isKnown(_ level: SupplyLevel) -> Bool {
        switch level {
        case .percent(let value, _): value >= 0 && value <= 100
        case .interval(let low, let high): low <= high && low >= 0 && high <= 100
        case .noLimit, .unknown: false
        }
    }

    private mutating func advance(counter: Double, _ time: Int64, _ fleet: inout FleetPriors) {
        if let last = lastCounter {
            let units = counter - last
            let days = max(1, Self.days(from: counterMilliseconds, to: time))
            if units > 0, units <= Self.plausibleUnitsPerDay * days { odometer += units }
        } else if odometer > 0 {
            // Days were counted until now; what they taught is of no use in the new unit.
            odometer = 0
            sureOdometer = 0
            cartridgeOdometer = 0
            cartridge?.perUnit = 0
            sureCartridge = cartridge
            yieldLogVariance = -1
            origin = nil
        }
        lastCounter = counter
        counterMilliseconds = time
        use.observe(timeMilliseconds: time, odometer: odometer, fleet: &fleet)
    }

    private mutating func wear() {
        let units = odometer - cartridgeOdometer
        guard units > 0 else { return }
        cartridgeOdometer = odometer
        let (perDay, coverage) = (unitsPerDay, coverageVariation)
        cartridge?.use(units: units, unitsPerDay: perDay, coverageVariation: coverage)
    }

    var unitsPerDay: Double { hasCounter ? use.unitsPerDay : 1 }
    /// Pages of a day differ in coverage from those of the next; days differ more.
    var coverageVariation: Double { hasCounter ? ModelTuning.coverage : 0.7 }

    static func days(from start: Int64, to end: Int64) -> Double {
        (Double(end) - Double(start)) / Double(UseCalendar.millisecondsPerDay)
    }
}
