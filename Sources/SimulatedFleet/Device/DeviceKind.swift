/// The kinds of simulated devices.
public enum DeviceKind: String, CaseIterable, Sendable {
    case officePrinter
    case labelPrinter
    case filamentPrinter
    case pump
    case compressor

    /// `prn-0001`, `lbl-0001`, `bbl0001`, `pump-01`, `comp-01`; numbers count from 1.
    public func name(_ number: Int) -> String {
        switch self {
        case .officePrinter: "prn-" + Self.padded(number, 4)
        case .labelPrinter: "lbl-" + Self.padded(number, 4)
        case .filamentPrinter: "bbl" + Self.padded(number, 4)
        case .pump: "pump-" + Self.padded(number, 2)
        case .compressor: "comp-" + Self.padded(number, 2)
        }
    }

    /// Bambu's reports carry no time, so its past cannot be told afterwards.
    public var tellsItsPast: Bool { self != .filamentPrinter }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
