/// What can go wrong with a simulated device, in the words of the device profiles `steward-native` and `bambu-lab`.
enum FaultKind: Sendable, CaseIterable {
    case jam, coverOpen, paperOut, fuserOverheat
    case headClogged
    case bearingHot, vibrationHigh, maintenance
    case plateMisplaced, fanStopped, bedSensorOpen, filamentOut, nozzleOverheat

    /// What a native device writes into `errors`; nil where only a measured value tells.
    var code: String? {
        switch self {
        case .jam: "jam"
        case .coverOpen: "cover-open"
        case .paperOut: "paper-out"
        case .headClogged: "head-clogged"
        default: nil
        }
    }

    /// The two words of Bambu's health message (HMS).
    var healthMessage: HealthMessage? {
        switch self {
        case .bedSensorOpen: HealthMessage(attribute: 0x0300_0100, code: 0x0001_0007)
        case .fanStopped: HealthMessage(attribute: 0x0300_0300, code: 0x0001_0001)
        case .plateMisplaced: HealthMessage(attribute: 0x0300_0D00, code: 0x0001_0003)
        case .filamentOut: HealthMessage(attribute: 0x0700_2000, code: 0x0002_0001)
        default: nil
        }
    }

    /// The commands that can mend it.
    var remedies: [String] {
        switch self {
        case .jam: ["clear-jam", "restart"]
        case .headClogged: ["clean-head", "restart"]
        case .fuserOverheat: ["cool-down", "restart"]
        case .bearingHot: ["slow-down"]
        case .plateMisplaced: ["resume"]
        case .nozzleOverheat: ["stop"]
        default: []
        }
    }

    /// How long until a person has mended it where no command does.
    var passesAfterMilliseconds: ClosedRange<Int64> {
        switch self {
        case .coverOpen, .paperOut: 20_000...90_000
        case .maintenance: 40_000...90_000
        case .vibrationHigh: 60_000...150_000
        case .fanStopped, .filamentOut: 90_000...300_000
        case .bedSensorOpen: 300_000...900_000
        default: 180_000...480_000
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
        var range = kind.passesAfterMilliseconds
        if case .stubborn = temper, !kind.remedies.isEmpty { range = 360_000...1_200_000 }
        endsAt = at + generator.integer(range)
    }
}
