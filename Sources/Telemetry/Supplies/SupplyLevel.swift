/// What a device said about how much of a supply is left: a value with its resolution, an interval, or a named unknown.
///
/// All numbers are percent of what is left to use, 0 to 100. For a receptacle that fills, such as a waste box, that is the space left,
/// so that everything runs towards 0 and one rule orders all of it.
public enum SupplyLevel: Equatable, Sendable, Codable {
    /// The true level lies within one resolution of the value.
    case percent(Double, resolution: Double)
    /// The true level lies between these, both included.
    case interval(low: Double, high: Double)
    /// RFC 3805: -1, "other": nothing here can run out.
    case noLimit
    case unknown(SupplyUnknown)

    /// The value; nil where there is none.
    @inline(__always)
    public var percent: Double? {
        if case .percent(let percent, _) = self { percent } else { nil }
    }
}

/// Why a level is not known.
public enum SupplyUnknown: String, CaseIterable, Sendable, Codable, CustomStringConvertible {
    case absent, notANumber, saidToMeanNothing, deviceDoesNotKnow, vendorCode, unlistedCode, capacityUnknown, capacityUnlimited,
        levelAboveCapacity
    case contradiction

    public var description: String {
        switch self {
        case .absent: "the device says nothing about the level"
        case .notANumber: "the level is no finite number"
        case .saidToMeanNothing: "another member says that the level means nothing"
        case .deviceDoesNotKnow: "the device says that it does not know the level (-2)"
        case .vendorCode: "the level is a code of this vendor for unknown"
        case .unlistedCode: "the level is a negative number that no table explains"
        case .capacityUnknown: "there is an amount, but the capacity it belongs to is not known"
        case .capacityUnlimited: "there is an amount, but the capacity has no limit (-1)"
        case .levelAboveCapacity: "the level is far above the capacity"
        case .contradiction: "the unit is percent, the capacity is not, and the level could be either"
        }
    }
}

/// What a number of a level means where it is no amount.
public enum SupplyCodeMeaning: String, CaseIterable, Sendable {
    case unknown, someRemaining, empty, full, noLimit
}

/// A number by which a vendor says something other than an amount. These are asked before RFC 3805's own -1, -2 and -3.
public struct SupplyVendorCode: Equatable, Sendable {
    public var level: Double
    public var meaning: SupplyCodeMeaning

    public init(level: Double, meaning: SupplyCodeMeaning) {
        self.level = level
        self.meaning = meaning
    }

    /// Seen in the field at several vendors.
    public static let common = [SupplyVendorCode(level: -100, meaning: .unknown)]
}

/// The worse of the alerts that a device reports for the same supply: it tells an empty supply from one that is rounded down to 0.
public enum SupplyAlert: String, CaseIterable, Sendable { case low, empty }

/// How to read the raw level of one supply. Everything in it comes from the profile or from the fields beside the level.
public struct SupplyLevelRule: Equatable, Sendable {
    public var unit: SupplyUnit?
    public var kind: SupplyKind
    public var vendorCodes: [SupplyVendorCode]
    /// The step in which the device counts, in percent: 10 for one that only ever says 10, 20, 30. Nil when not known.
    public var stepPercent: Double?

    public init(
        unit: SupplyUnit? = nil, kind: SupplyKind = .consumed, vendorCodes: [SupplyVendorCode] = SupplyVendorCode.common,
        stepPercent: Double? = nil
    ) {
        self.unit = unit
        self.kind = kind
        self.vendorCodes = vendorCodes
        self.stepPercent = stepPercent.flatMap { $0.isFinite && $0 > 0 && $0 <= 100 ? $0 : nil }
    }

    /// Levels above the capacity by up to a tenth are a new, generously filled cartridge; beyond that, something else is meant.
    static let overfill = 1.1
    /// How much may be left at level 0 while the device says "low" and not "empty".
    static let lowPercent = 10.0

    /// The meaning of a raw level, after RFC 3805 (prtMarkerSuppliesLevel, prtMarkerSuppliesMaxCapacity) and what devices make of it.
    ///
    /// `capacity` is the maximum beside the level, or the one that the profile declares when the device gives none. Total.
    public func level(_ level: Double?, capacity: Double? = nil, alert: SupplyAlert? = nil) -> SupplyLevel {
        guard let level else { return .unknown(.absent) }
        guard level.isFinite else { return .unknown(.notANumber) }
        let capacity = capacity.flatMap { $0.isFinite ? $0 : nil }
        if let code = vendorCodes.first(where: { $0.level == level }) { return coded(code.meaning, capacity, .vendorCode) }
        if level < 0 {
            switch level {
            case -1: return .noLimit
            case -2: return .unknown(.deviceDoesNotKnow)
            case -3: return coded(.someRemaining, capacity, .unlistedCode)
            default: return .unknown(.unlistedCode)
            }
        }
        switch share(level, capacity) {
        case .failure(let reason): return .unknown(reason)
        case .success(let share): return left(share, alert)
        }
    }

    func coded(_ meaning: SupplyCodeMeaning, _ capacity: Double?, _ reason: SupplyUnknown = .vendorCode) -> SupplyLevel {
        switch meaning {
        case .unknown: .unknown(reason)
        case .noLimit: .noLimit
        case .empty: .percent(kind == .filledPart ? 100 : 0, resolution: stepPercent ?? 1)
        case .full: .percent(kind == .filledPart ? 0 : 100, resolution: stepPercent ?? 1)
        case .someRemaining: some(capacity)
        }
    }

    /// "At least one unit": of the supply, of the space left, or of what has been filled in. A capacity of 1 says only that there is
    /// a supply, and not that it is full.
    private func some(_ capacity: Double?) -> SupplyLevel {
        let unit = capacity.map { $0 >= 2 ? 100 / $0 : 0 } ?? 0
        return kind == .filledPart ? .interval(low: 0, high: 100 - unit) : .interval(low: unit, high: 100)
    }

    private struct Share {
        var percent: Double
        var resolution: Double
    }

    private enum ShareResult {
        case success(Share)
        case failure(SupplyUnknown)
    }

    private func share(_ level: Double, _ capacity: Double?) -> ShareResult {
        guard let capacity, capacity > 0 else { return shareWithoutCapacity(level, capacity) }
        if unit == .percent, capacity > 100 * Self.overfill, level <= 100, level > 0 { return .failure(.contradiction) }
        guard level <= capacity * Self.overfill else { return .failure(.levelAboveCapacity) }
        // Multiplied first, so that 58 of 100 is 58; a level so large that this overflows is divided first.
        let percent = min((level * 100).isFinite ? level * 100 / capacity : level / capacity * 100, 100)
        return .success(Share(percent: percent, resolution: max(stepPercent ?? 0, min(100 / capacity, 100))))
    }

    /// With no capacity (absent, 0, -2 or another code) a level of 1 to 100 is a percentage: that is what devices mean by it. Two
    /// exceptions keep a guess from becoming a number: a unit that counts something real (fifty staples are not 50 %), and 0, which of a
    /// capacity of 0 is a row without a supply.
    private func shareWithoutCapacity(_ level: Double, _ capacity: Double?) -> ShareResult {
        if unit == .percent {
            if level == 0, capacity == 0 { return .failure(.capacityUnknown) }
        } else {
            if capacity == -1 { return .failure(.capacityUnlimited) }
            if level == 0 || unit?.countsSomething == true { return .failure(.capacityUnknown) }
        }
        guard level <= 100 * Self.overfill else { return .failure(unit == .percent ? .levelAboveCapacity : .capacityUnknown) }
        guard level <= 100 || unit == .percent else { return .failure(.capacityUnknown) }
        let isWhole = level.rounded() == level
        return .success(Share(percent: min(level, 100), resolution: stepPercent ?? (isWhole ? 1 : 0.1)))
    }

    private func left(_ share: Share, _ alert: SupplyAlert?) -> SupplyLevel {
        let percent = kind == .filledPart ? 100 - share.percent : share.percent
        if percent == 0, alert == .low { return .interval(low: 0, high: max(share.resolution, Self.lowPercent)) }
        return .percent(percent, resolution: share.resolution)
    }
}
