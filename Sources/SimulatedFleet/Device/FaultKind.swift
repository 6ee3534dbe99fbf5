/// What can go wrong with a simulated device, in the words of the device profiles `steward-native` and `bambu-lab`.
enum FaultKind: Sendable, CaseIterable {
    case jam, coverOpen, paperOut, fuserOverheat
    case headClogged
    case bearingHot, vibrationHigh, maintenance
    case plateMisplaced, fanStopped, bedSensorOpen, filamentOut, nozzleOverheat

    /// What distinguishes the kinds.
    struct Traits: Sendable {
        /// What a native device writes into `errors`; nil where only a measured value tells.
        var code: String?
        /// The two words of Bambu's health message (HMS).
        var healthMessage: HealthMessage?
        /// The commands that can mend it.
        var remedies: [String] = []
        /// How long until a person has mended it where no command does.
        var passesAfterMilliseconds: ClosedRange<Int64> = 180_000...480_000
    }

    var traits: Traits {
        switch self {
        case .jam: Traits(code: "jam", remedies: ["clear-jam", "restart"])
        case .coverOpen: Traits(code: "cover-open", passesAfterMilliseconds: 20_000...90_000)
        case .paperOut: Traits(code: "paper-out", passesAfterMilliseconds: 20_000...90_000)
        case .fuserOverheat: Traits(remedies: ["cool-down", "restart"])
        case .headClogged: Traits(code: "head-clogged", remedies: ["clean-head", "restart"])
        case .bearingHot: Traits(remedies: ["slow-down"])
        case .vibrationHigh: Traits(passesAfterMilliseconds: 60_000...150_000)
        case .maintenance: Traits(passesAfterMilliseconds: 40_000...90_000)
        case .plateMisplaced: Traits(healthMessage: HealthMessage(attribute: 0x0300_0D00, code: 0x0001_0003), remedies: ["resume"])
        case .fanStopped:
            Traits(healthMessage: HealthMessage(attribute: 0x0300_0300, code: 0x0001_0001), passesAfterMilliseconds: 90_000...300_000)
        case .bedSensorOpen:
            Traits(healthMessage: HealthMessage(attribute: 0x0300_0100, code: 0x0001_0007), passesAfterMilliseconds: 300_000...900_000)
        case .filamentOut:
            Traits(healthMessage: HealthMessage(attribute: 0x0700_2000, code: 0x0002_0001), passesAfterMilliseconds: 90_000...300_000)
        case .nozzleOverheat: Traits(remedies: ["stop"])
        }
    }

    static func weights(of kind: DeviceKind) -> [(fault: FaultKind, weight: Double)] {
        switch kind {
        case .officePrinter: [(.jam, 5), (.fuserOverheat, 3), (.coverOpen, 1), (.paperOut, 1.5)]
        case .labelPrinter: [(.headClogged, 5), (.jam, 2), (.coverOpen, 1), (.paperOut, 1)]
        case .filamentPrinter: [(.plateMisplaced, 5), (.nozzleOverheat, 2), (.fanStopped, 1), (.filamentOut, 1), (.bedSensorOpen, 0.3)]
        case .pump, .compressor: [(.bearingHot, 5), (.vibrationHigh, 2), (.maintenance, 1)]
        }
    }
}

struct HealthMessage: Sendable, Equatable {
    var attribute: Int64
    var code: Int64
}

/// One fault of one device, with how it reacts to commands and when it ends, both drawn when it begins.
struct DeviceFault: Sendable {
    /// How the device takes commands while it has the fault.
    enum Temper: Sendable, Equatable {
        case obliging
        /// The first command fails, the next one helps.
        case reluctant
        /// It answers nothing.
        case silent
        /// Commands fail, or are answered `ok` and change nothing: only telemetry tells.
        case stubborn(admitsIt: Bool)
    }

    var kind: FaultKind
    var since: Int64
    var temper: Temper
    /// When a person has mended it, or a command that works.
    var endsAt: Int64
    var commandsTaken = 0
    var isMendedByCommand = false

    init(kind: FaultKind, at: Int64, generator: inout SplitMix64) {
        self.kind = kind
        since = at
        let roll = generator.unit()
        let admitsIt = generator.chance(0.5)
        switch roll {
        case ..<0.74: temper = .obliging
        case ..<0.86: temper = .reluctant
        case ..<0.92: temper = .silent
        default: temper = .stubborn(admitsIt: admitsIt)
        }
        var range = kind.traits.passesAfterMilliseconds
        if case .stubborn = temper, !kind.traits.remedies.isEmpty { range = 360_000...1_200_000 }
        endsAt = at + generator.integer(range)
    }
}
