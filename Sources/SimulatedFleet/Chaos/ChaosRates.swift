/// How often each kind goes wrong.
public struct ChaosRates: Sendable, Equatable {
    private var rates: [ChaosKind: Double] = [:]

    /// The rates that `ChaosKind` tells.
    public init() {}

    /// From 0 to 1 for a share, to `ChaosKind.maximumPerYear` for what is counted in a year; other values are brought there.
    public subscript(kind: ChaosKind) -> Double {
        get { rates[kind] ?? kind.defaultRate }
        set { rates[kind] = newValue.isFinite ? min(max(newValue, 0), kind.highestRate) : 0 }
    }

    /// The same truth, told without any fault.
    public var clean: ChaosRates {
        var clean = self
        for kind in ChaosKind.allCases where !kind.isTruth { clean[kind] = 0 }
        return clean
    }

    /// So many times as often, but the truth.
    func multiplied(by factor: Double) -> ChaosRates {
        var more = self
        for kind in ChaosKind.allCases where !kind.isTruth { more[kind] = self[kind] * factor }
        return more
    }

    /// The clean world with some kinds at their rates.
    public func only(_ kinds: Set<ChaosKind>) -> ChaosRates {
        var some = clean
        for kind in kinds { some[kind] = self[kind] }
        return some
    }
}

/// How often each kind has happened.
public struct ChaosCounts: Sendable, Equatable {
    public private(set) var counts: [ChaosKind: Int] = [:]

    public subscript(kind: ChaosKind) -> Int { counts[kind] ?? 0 }

    mutating func count(_ kind: ChaosKind) { counts[kind, default: 0] += 1 }
}
