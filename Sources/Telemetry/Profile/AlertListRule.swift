/// How to read codes that the device itself reports, such as `["jam"]`, `17`, `"toner-low-warning,media-empty-error"` or Bambu Lab's HMS pairs.
public struct AlertListRule: Equatable, Sendable {
    /// How an item tells its code. Where the value is no list, it is the only item.
    public enum CodeForm: Equatable, Sendable {
        /// Each item is a string or a number, taken as it is.
        case plain
        /// Each item is a number, written as `PREFIX` and so many hexadecimal digits, an underscore after each four.
        case hexNumber(prefix: String, digits: Int)
        /// Each item is an object; the member is taken as it is.
        case member(String)
        /// Each item is an object; its code is put together from members.
        case template(AlertCodeTemplate)
        /// Each item is an object whose two 32-bit numbers are written as `PREFIX_XXXX_XXXX_XXXX_XXXX`.
        case hexPair(prefix: String, high: String, low: String)
        /// A whole number whose bits are codes; bit 0 is the lowest.
        case bits(AlertBits)
        /// hrPrinterDetectedErrorState of RFC 2790: octets whose highest bit is bit 0. See `ErrorStateBits`.
        case errorState
    }
    public var path: PathPattern
    public var form: CodeForm
    public var codes: [AlertCodeRule] = []
    /// Of a code for which neither the profile nor the device says one.
    public var defaultSeverity = Severity.major
    public var message: String?
    /// Members of an item that tell its severity and its text; the first that is there counts.
    public var severityMembers: [String] = []
    public var severities: [String: SaidSeverity] = [:]
    /// Which bits of that member, or of the code itself, the severity is; nil: the whole.
    public var severityPacking: PackedNumber?
    /// Ends of codes that tell a severity, such as the `-error` of IPP's state reasons. They are no part of the code.
    public var suffixes: [AlertSuffix] = []
    /// What stands between the codes of a text; nil: a text is one code.
    public var separator: String?
    /// Codes come and go one at a time; nil: what a message lists are all codes that stand.
    public var event: AlertEvent?
    public var textMembers: [String] = []
    /// Codes that are no alarm. A `*` at the end stands for the rest of a code.
    public var ignored: [String] = []
    /// What codes tell of supplies. Of several rules that fit a code, the first counts.
    public var supplies: [AlertSupplyRule] = []

    /// The rule of that very code; else the longest of those with a `*` that fit.
    public func rule(for code: String) -> AlertCodeRule? {
        codes.first { $0.code == code }
            ?? codes.filter { Self.fits($0.code, code) }.max { $0.code.utf8.count < $1.code.utf8.count }
    }

    /// Of what `ignore` and `codes` say of a code, that counts which says more of it outright.
    func isIgnored(_ code: String) -> Bool {
        if ignored.contains(code) { return true }
        guard let length = ignored.lazy.filter({ Self.fits($0, code) }).map(\.utf8.count).max() else { return false }
        guard let known = rule(for: code) else { return true }
        return known.code != code && known.code.utf8.count <= length
    }

    /// Whether the profile says something of this very code.
    func names(_ code: String) -> Bool { codes.contains { $0.code == code } }

    /// The rule of what a code tells of supplies; nil when it tells nothing.
    func supplyRule(for code: String) -> AlertSupplyRule? {
        supplies.first { rule in rule.codes.contains { $0 == code || Self.fits($0, code) } }
    }

    static func fits(_ pattern: String, _ code: String) -> Bool { pattern.hasSuffix("*") && code.hasPrefix(pattern.dropLast()) }
}

/// A whole number whose bits are codes.
public struct AlertBits: Equatable, Sendable {
    /// Codes by bit; bit 0 is the lowest. A bit without one is `bit-N`.
    public var names: [Int: String]
    /// Texts are hexadecimal digits; otherwise only those with `0x` in front.
    public var isHexadecimal = false

    func number(_ tape: JSONTape, _ index: Int) -> UInt64? {
        if tape.type(index) == UInt8(ascii: "u") { return tape.words[index + 1] }
        if tape.isString(index), isHexadecimal || HexText.isMarked(tape.string(index)) {
            return PackedNumber.bits(ofHexadecimal: tape.string(index))
        }
        return tape.whole(index).map { UInt64(bitPattern: $0) }
    }
}

/// `{ member: "condition_state", set: ["SET"], clear: ["CLEAR"] }`: a message tells that a code begins to stand, or that it stands no longer.
public struct AlertEvent: Equatable, Sendable {
    public var member: String
    public var set: [String]
    public var clear: [String]
}

/// The end of a code, and what it says of its severity.
public struct AlertSuffix: Equatable, Sendable {
    public var end: String
    public var severity: SaidSeverity
}
