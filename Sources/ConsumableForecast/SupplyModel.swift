import CivilCalendar
import Documents
import Glibc
import Telemetry

/// State of one supply slot: levels and a usage counter in, a distribution of its end out.
///
/// About half a kilobyte, and as much again once days of use have taught something. Times are event times in ms; the caller has put times outside
/// a sane window right before, because the newest time seen makes every older reading late.
public struct SupplyModel: Encodable, Equatable, Sendable {
    /// A forecast from older readings than this is refused.
    public static let staleAfterDays = 30.0
    /// A new cartridge is a rise of at least this, and of at least one and a half steps.
    public static let newGenerationPercent = 15.0
    /// More units a day than this are a counter gone wrong, not use. Milliseconds of running are 86 million a day.
    static let plausibleUnitsPerDay = 1_000_000_000.0
    /// A level up to this is that of a cartridge at its end, or of a device that does not know yet.
    public static let bottomPercent = 1.5
    /// What is wholly below this is low, whatever the device calls it.
    public static let highestLowPercent = 25.0

    /// The number of the cartridge in the slot, from 1 on. A cartridge that comes back has its old number.
    public internal(set) var generation: Int32 = 1
    /// The highest number given.
    var generations: Int32 = 1
    /// The accepted level in percent; nil until one was reported.
    public internal(set) var levelPercent: Double?
    /// The device says that there is something, and not how much.
    public internal(set) var isSomeRemaining = false

    /// The middle of what the device calls low; nil while it does not.
    var lowPercent: Float?

    var newestMilliseconds: Int64?
    private(set) var lastCounter: Double?
    private var counterMilliseconds: Int64 = 0
    /// Units since this model began; never runs backwards, whatever the counter does.
    private(set) var odometer = 0.0
    /// The odometer up to which `cartridge` was lowered by what was used.
    private var cartridgeOdometer = 0.0
    /// The odometer in the unit that does not count now: of the counter while days are counted, of days while the counter is.
    private var otherOdometer: Double?
    var use = UseModel()

    var steps = LevelSteps()
    @Rare var candidate: LevelCandidate?
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
    /// The same in the other unit (days, or those of the counter), should it count again.
    private var otherYieldLog: Float?
    private var otherYieldLogVariance: Float?

    /// Whether a counter counts; otherwise time itself does, in days. One that never moved may be no counter at all.
    private(set) var hasCounter = false
    /// The level when the counter moved last, once it has fallen without it.
    private var standstillLevel: Float?
    private var standstillFalls: Int32 = 0
    /// The counter began anew with this reading.
    private(set) var hasCounterBegunAnew = false
    /// It moved with this reading.
    private var counterMoved = false

    /// The cartridge before, should it come back, and serial numbers that were seen.
    @Rare var former: FormerCartridge?
    var serial: UInt64 = 0
    var seenSerials = SIMD4<UInt64>(repeating: 0)

    struct FormerCartridge: Codable, Equatable, Sendable {
        var cartridge: Cartridge
        var levelPercent: Double
        var generation: Int32
        var serial: UInt64
    }

    /// At which levels the supplies of this slot were changed; nil before the first change.
    private var changes: SwapHabit?
    var swaps: SwapHabit {
        get { changes ?? SwapHabit() }
        set { changes = newValue.isEmpty ? nil : newValue }
    }

    public init() {}

    /// Memory that it takes.
    public var stateBytes: Int { MemoryLayout<SupplyModel>.stride + heapBytes }
    /// What of that lies beside the value itself.
    public var heapBytes: Int { use.heapBytes + $candidate.heapBytes + $former.heapBytes }

    /// The clock that dates its readings was set: the time between readings stays what it was.
    public mutating func shift(byMilliseconds step: Int64) {
        newestMilliseconds = newestMilliseconds.shifted(byMilliseconds: step)
        if counterMilliseconds != 0 { counterMilliseconds = counterMilliseconds.shifted(byMilliseconds: step) }
        use.shift(byMilliseconds: step)
        candidate?.shift(byMilliseconds: step)
    }

    /// A new cartridge may be in the slot, and has yet to prove that it stays: the present moment belongs to the old one no longer.
    public var awaitsProof: Bool {
        switch $candidate.isNone ? nil : candidate?.direction {
        case .farUp, .unlikelyUp, .someUp, .serial, .refill: true
        case .farDown, .slightlyUp, nil: false
        }
    }

    /// The level fell by more than was used, and may come back.
    public var hasFallen: Bool { former?.generation == generation || (steps.knowsOnlyEnds && levelPercent == 0) }

    /// Event time since which a level far from the accepted one is told; nil while none is.
    public var candidateMilliseconds: Int64? { $candidate.isNone ? nil : candidate?.sinceMilliseconds }

    /// There is a counter, and it stands still.
    var hasIdleCounter: Bool { lastCounter != nil && !hasCounter }

    /// Takes one reading.
    ///
    /// - Parameters:
    ///   - timeMilliseconds: event time; an older one than the newest is ignored.
    ///   - level: percent with its resolution, an interval, or an unknown, which moves nothing.
    ///   - counter: pages, hours, metres; nil, negative and not finite are unknown. A lower one than before starts a new base.
    ///   - serial: a hash of the cartridge's serial number or tag; nil or 0 when the device tells none.
    ///   - isRefillable: it is topped up in place, so that a rise is no new cartridge.
    ///   - fall: a fall of the level that may have been false.
    ///   - utcOffsetSeconds: what is added to UTC at this time for the clock on the wall: use has its habits by local days and weekdays.
    ///   - fleet: what devices of this kind taught; it learns from this reading, too.
    public mutating func observe(
        timeMilliseconds: Int64, level: SupplyLevel, counter: Double?, serial: UInt64? = nil, isRefillable: Bool = false,
        after fall: LevelFall? = nil, utcOffsetSeconds: Int = 0, fleet: inout FleetPriors
    ) -> SupplyChange {
        if let newest = newestMilliseconds, timeMilliseconds < newest { return .late }
        counterMoved = false
        hasCounterBegunAnew = false
        let counted = counter.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        if !hasCounter, counted != nil || isKnown(level), let newest = newestMilliseconds {
            odometer += Self.days(from: newest, to: timeMilliseconds)
        }
        if let counted {
            advance(counter: counted, timeMilliseconds, utcOffsetSeconds, &fleet)
            newestMilliseconds = timeMilliseconds
        }
        wear()
        let change = weigh(level, serial, isRefillable, fall, timeMilliseconds, &fleet)
        if $candidate.isNone, isKnown(level) {
            sureCartridge = cartridge
            sureOdometer = odometer
        }
        return change
    }

    private mutating func weigh(
        _ level: SupplyLevel, _ serial: UInt64?, _ isRefillable: Bool, _ fall: LevelFall?, _ timeMilliseconds: Int64,
        _ fleet: inout FleetPriors
    ) -> SupplyChange {
        switch level {
        case .noLimit, .unknown: return .none
        case .percent(let value, let resolution):
            guard isKnown(level) else { return .none }
            newestMilliseconds = timeMilliseconds
            if let swapped = changedSerial(serial, timeMilliseconds, level: value, &fleet) { return swapped }
            // No device knows more than tenths.
            return number((value * 10).rounded() / 10, resolution, isRefillable, fall, timeMilliseconds, &fleet)
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

    private mutating func advance(counter: Double, _ time: Int64, _ utcOffsetSeconds: Int, _ fleet: inout FleetPriors) {
        if let last = lastCounter {
            let units = counter - last
            let days = max(1, Self.days(from: counterMilliseconds, to: time))
            if counter < 0.1 * last { hasCounterBegunAnew = true }
            if units > 0, units <= Self.plausibleUnitsPerDay * days {
                if hasCounter {
                    odometer += units
                } else {
                    begin(units: units, fleet)
                }
                counterMoved = true
                forgetStandstill()
            }
        }
        lastCounter = counter
        counterMilliseconds = time
        // What stands still tells nothing of the use.
        guard hasCounter || otherOdometer == nil else { return }
        use.observe(timeMilliseconds: time, odometer: hasCounter ? odometer : 0, utcOffsetSeconds: utcOffsetSeconds, fleet: &fleet)
    }

    /// The counter moves: for the first time, or after it had stood still. Then nobody knows how long this took, and what it counts begins anew.
    private mutating func begin(units: Double, _ fleet: FleetPriors) {
        let stoodStill = otherOdometer != nil
        changeUnit(countsUnits: true, fleet)
        if stoodStill { use = UseModel() } else { odometer += units }
    }

    /// Days were counted until now, or units of the counter: what they taught is set aside, being of no use in the other unit.
    private mutating func changeUnit(countsUnits: Bool, _ fleet: FleetPriors) {
        hasCounter = countsUnits
        let known = (yieldLog, yieldLogVariance)
        yieldLog = Double(otherYieldLog ?? 0)
        yieldLogVariance = Double(otherYieldLogVariance ?? -1)
        (otherYieldLog, otherYieldLogVariance) = (Float(known.0), Float(known.1))
        let units = otherOdometer ?? 0
        otherOdometer = odometer
        odometer = units
        sureOdometer = units
        cartridgeOdometer = units
        forgetCandidate()
        cartridge?.forgetYield()
        startYield(fleet)
        sureCartridge = cartridge
        // A level that has not fallen since is where the new unit begins, too.
        originUnits = units
        if originLevel != levelPercent { originLevel = nil }
    }

    /// The level falls, and the counter does not move: it is broken, or counts something else.
    mutating func noteStandstill(from accepted: Double, to level: Double, _ fleet: FleetPriors) {
        guard hasCounter, !counterMoved else { return }
        // It moved while no level was told: what the level fell by until now was used then.
        guard odometer <= sureOdometer else {
            standstillLevel = Float(level)
            return
        }
        let start = Double(standstillLevel ?? Float(accepted))
        standstillLevel = Float(start)
        standstillFalls = min(standstillFalls + 1, 1_000)
        // One leap may be a level that was told late.
        if standstillFalls >= 3, start - level >= max(10, 2 * steps.percent) { changeUnit(countsUnits: false, fleet) }
    }

    /// The level is another cartridge's now, or leapt: what it was when the counter moved last is no level to compare with.
    mutating func forgetStandstill() {
        standstillLevel = nil
        standstillFalls = 0
    }

    private mutating func wear() {
        let units = odometer - cartridgeOdometer
        guard units > 0 else { return }
        cartridgeOdometer = odometer
        let (perDay, coverage) = (unitsPerDay, coverageVariation)
        cartridge?.use(units: units, unitsPerDay: perDay, coverageVariation: coverage)
    }

    /// The middle of what the device calls low; nil while it says a number, or that some remains.
    public var saidLowPercent: Double? { lowPercent.map { Double($0) } }

    /// It never said another number than 0 and 100, of which the higher one tells nothing of how much is left.
    public var knowsOnlyEnds: Bool { steps.knowsOnlyEnds }

    var unitsPerDay: Double { hasCounter ? use.unitsPerDay : 1 }
    /// Pages of a day differ in coverage from those of the next; days differ more.
    var coverageVariation: Double { hasCounter ? ModelTuning.coverage : 0.7 }

    static func days(from start: Int64, to end: Int64) -> Double {
        (Double(end) - Double(start)) / Double(UseCalendar.millisecondsPerDay)
    }

    /// Changes with the list of fields below. Earlier versions from 2 on lack fields and are read with the rest; of the bytes of any other only the
    /// numbers of the cartridges are, because the ids of orders are made of them.
    private static let formatVersion: UInt8 = 4
    private static let formatVersionOfUTCDays: UInt8 = 2
    private static let formatVersionWithoutChanges: UInt8 = 3

    /// The whole state as bytes, for `init(bytes:)`.
    public func bytes() throws(ByteCodingError) -> [UInt8] {
        var coder = FieldCoder()
        var copy = self
        try copy.code(by: &coder)
        return coder.bytes
    }

    /// Throws when the bytes are damaged.
    public init(bytes: [UInt8]) throws(ByteCodingError) {
        var coder = FieldCoder(reading: bytes)
        try code(by: &coder)
    }

    private mutating func code(by coder: inout FieldCoder) throws(ByteCodingError) {
        var version = Self.formatVersion
        try coder.code(&version)
        try coder.code(&generation, &generations)
        guard (Self.formatVersionOfUTCDays...Self.formatVersion).contains(version) else { return }
        try codeReadings(by: &coder, hasZone: version > Self.formatVersionOfUTCDays)
        try codeCartridges(by: &coder)
        if version > Self.formatVersionWithoutChanges {
            try coder.code(&changes, empty: SwapHabit()) { (value, coder) throws(ByteCodingError) in try value.code(by: &coder) }
        }
        guard coder.isAtEnd else { throw coder.damage }
    }

    private mutating func codeReadings(by coder: inout FieldCoder, hasZone: Bool) throws(ByteCodingError) {
        try coder.code(&levelPercent, &isSomeRemaining, &lowPercent, &newestMilliseconds)
        try coder.code(&lastCounter, &counterMilliseconds, &odometer, &cartridgeOdometer)
        try coder.code(&otherOdometer, &sureOdometer, &hasCounter, &standstillLevel)
        try coder.code(&standstillFalls, &hasCounterBegunAnew, &counterMoved, &serial)
        try coder.code(&seenSerials)
        try use.code(by: &coder, hasZone: hasZone)
        try steps.code(by: &coder)
    }

    private mutating func codeCartridges(by coder: inout FieldCoder) throws(ByteCodingError) {
        let blank = Cartridge(left: 0, leftVariance: 1)
        let part = { (cartridge: inout Cartridge, coder: inout FieldCoder) throws(ByteCodingError) in try cartridge.code(by: &coder) }
        try coder.code(&cartridge, empty: blank, part)
        try coder.code(&sureCartridge, empty: blank, part)
        let none = LevelCandidate(direction: .farUp, serial: nil, timeMilliseconds: 0, units: 0, beforeUnits: 0)
        try coder.code(&candidate, empty: none) { (value, coder) throws(ByteCodingError) in try value.code(by: &coder) }
        try coder.code(&former, empty: FormerCartridge(cartridge: blank, levelPercent: 0, generation: 0, serial: 0)) {
            (value, coder) throws(ByteCodingError) in
            try value.cartridge.code(by: &coder)
            try coder.code(&value.levelPercent)
            try coder.code(&value.generation)
            try coder.code(&value.serial)
        }
        try coder.code(&originLevel, &originUnits, &originIsEdge, &yieldLog)
        try coder.code(&yieldLogVariance, &otherYieldLog, &otherYieldLogVariance)
    }
}
