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

    /// Why there is no single value, in words; nil when there is one.
    public var reason: String? {
        switch self {
        case .percent: nil
        case .interval(let low, let high): "some remaining, \(Self.rounded(low)) to \(Self.rounded(high)) %"
        case .noLimit: "the device says that nothing here can run out (-1)"
        case .unknown(let reason): reason.description
        }
    }

    /// With one digit behind the point at most, and more only for what would be 0.
    private static func rounded(_ number: Double) -> String {
        let scale = number > 0 && number < 0.05 ? 1000.0 : 10.0
        let text = "\((number * scale).rounded() / scale)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

/// Why a level is not known.
public enum SupplyUnknown: String, Error, CaseIterable, Sendable, Codable, CustomStringConvertible {
    case absent, notANumber, saidToMeanNothing, deviceDoesNotKnow, vendorCode, unlistedCode, capacityUnknown, capacityUnlimited,
        levelAboveCapacity
    case contradiction
    case explainedOtherwise

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
        case .explainedOtherwise: "the device reports a code by which such a level is none, such as a cartridge that is out"
        case .contradiction: "the unit is percent, the capacity is not, and the level could be either"
        }
    }
}

/// What a number of a level means where it is no amount.
public enum SupplyCodeMeaning: String, CaseIterable, Sendable {
    case unknown, someRemaining, empty, full, noLimit
}

/// How to read the raw level of one supply. Everything in it comes from the profile or from the fields beside the level.
public struct SupplyLevelRule: Equatable, Sendable {
    public var unit: SupplyUnit?
    public var kind: SupplyKind
    /// The step in which the device counts, in percent: 10 for one that only ever says 10, 20, 30. Nil when not known.
    public var stepPercent: Double?

    public init(unit: SupplyUnit? = nil, kind: SupplyKind = .consumed, stepPercent: Double? = nil) {
        self.unit = unit
        self.kind = kind
        self.stepPercent = stepPercent.flatMap { $0.isFinite && $0 > 0 && $0 <= 100 ? $0 : nil }
    }

    /// Levels above the capacity by up to a tenth are a new, generously filled cartridge; beyond that, something else is meant.
    static let overfill = 1.1
    /// What several vendors send for "unknown", beside the codes of RFC 3805.
    static let vendorUnknown = -100.0

    /// The meaning of a raw level, after RFC 3805 (prtMarkerSuppliesLevel, prtMarkerSuppliesMaxCapacity) and what devices make of it.
    ///
    /// `capacity` is the maximum beside the level, or the one that the profile declares when the device gives none. Total.
    public func level(_ level: Double, capacity: Double? = nil) -> SupplyLevel {
        guard level.isFinite else { return .unknown(.notANumber) }
        let capacity = capacity.flatMap { $0.isFinite ? $0 : nil }
        switch level {
        case Self.vendorUnknown: return .unknown(.vendorCode)
        case -1: return .noLimit
        case -2: return .unknown(.deviceDoesNotKnow)
        case -3: return some(capacity)
        case ..<0: return .unknown(.unlistedCode)
        default: break
        }
        do throws(SupplyUnknown) {
            let (percent, resolution) = try share(level, capacity)
            return .percent(kind == .filledPart ? 100 - percent : percent, resolution: resolution)
        } catch { return .unknown(error) }
    }

    /// The level of a code that the profile explains.
    func coded(_ meaning: SupplyCodeMeaning, _ capacity: Double?) -> SupplyLevel {
        switch meaning {
        case .unknown: .unknown(.vendorCode)
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

    /// The level in percent of the capacity, and its resolution.
    private func share(_ level: Double, _ capacity: Double?) throws(SupplyUnknown) -> (percent: Double, resolution: Double) {
        guard let capacity, capacity > 0 else { return try shareWithoutCapacity(level, capacity) }
        if unit == .percent, capacity > 100 * Self.overfill, level <= 100, level > 0 { throw .contradiction }
        guard level <= capacity * Self.overfill else { throw .levelAboveCapacity }
        // Multiplied first, so that 58 of 100 is 58; a level so large that this overflows is divided first.
        let percent = min((level * 100).isFinite ? level * 100 / capacity : level / capacity * 100, 100)
        return (percent, max(stepPercent ?? 0, min(100 / capacity, 100)))
    }

    /// With no capacity (absent, 0, -2 or another code) a level of 1 to 100 is a percentage: that is what devices mean by it. Two
    /// exceptions keep a guess from becoming a number: a unit that counts something real (fifty staples are not 50 %), and 0, which of a
    /// capacity of 0 is a row without a supply.
    private func shareWithoutCapacity(_ level: Double, _ capacity: Double?) throws(SupplyUnknown) -> (percent: Double, resolution: Double) {
        if unit == .percent {
            if level == 0, capacity == 0 { throw .capacityUnknown }
            guard level <= 100 * Self.overfill else { throw .levelAboveCapacity }
        } else {
            if capacity == -1 { throw .capacityUnlimited }
            guard level > 0, level <= 100, unit?.countsSomething != true else { throw .capacityUnknown }
        }
        return (min(level, 100), stepPercent ?? (level.rounded() == level ? 1 : 0.1))
    }
}
