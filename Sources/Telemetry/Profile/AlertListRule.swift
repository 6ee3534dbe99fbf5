/// How to read a list of codes that the device itself reports, such as `["jam"]` or Bambu Lab's HMS pairs.
public struct AlertListRule: Equatable, Sendable {
    /// How an item tells its code.
    public enum CodeForm: Equatable, Sendable {
        /// Each item is a string or a number, taken as it is.
        case plain
        /// Each item is an object; the member is taken as it is.
        case member(String)
        /// Each item is an object; its code is put together from members.
        case template(AlertCodeTemplate)
        /// Each item is an object whose two 32-bit numbers are written as `PREFIX_XXXX_XXXX_XXXX_XXXX`.
        case hexPair(prefix: String, high: String, low: String)
        /// A whole number whose bits are codes; bit 0 is the lowest.
        case bits([Int: String])
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
    public var severities: [String: Severity] = [:]
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

    func isIgnored(_ code: String) -> Bool { ignored.contains { $0 == code || Self.fits($0, code) } }

    /// The rule of what a code tells of supplies; nil when it tells nothing.
    func supplyRule(for code: String) -> AlertSupplyRule? {
        supplies.first { rule in rule.codes.contains { $0 == code || Self.fits($0, code) } }
    }

    private static func fits(_ pattern: String, _ code: String) -> Bool { pattern.hasSuffix("*") && code.hasPrefix(pattern.dropLast()) }
}

/// What a profile says of one code; `code` may end in a `*` for the rest of it.
public struct AlertCodeRule: Equatable, Sendable {
    public var code: String
    /// Nil: what the device says, or that of the list.
    public var severity: Severity?
    /// Nil: what the device says, or the code.
    public var text: String?
    public var playbook: String?
}

/// `prt-{prtAlertCode|code}`: words, and members of the item in braces; of several names the first that is there counts.
public struct AlertCodeTemplate: Equatable, Sendable {
    enum Piece: Equatable, Sendable {
        case text(String)
        case member([String])
    }
    public let text: String
    let pieces: [Piece]

    /// Nil for braces that do not pair, and for a text without any.
    init?(_ text: String) {
        var pieces: [Piece] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else { return nil }
            let names = rest[rest.index(after: open)..<close].split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            guard !names.contains("") else { return nil }
            if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            pieces.append(.member(names))
            rest = rest[rest.index(after: close)...]
        }
        guard !pieces.isEmpty, !rest.contains("}") else { return nil }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        self.text = text
        self.pieces = pieces
    }

    /// A text without members.
    init(plain text: String) {
        self.text = text
        pieces = [.text(text)]
    }

    /// Whether it takes anything from an item.
    var hasMembers: Bool { pieces.contains { if case .member = $0 { true } else { false } } }

    /// The code of an item; nil when none of the members is there.
    func filled(_ member: (String) -> String?) -> String? {
        var result = ""
        var isEmpty = true
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .member(let names):
                guard let value = names.lazy.compactMap(member).first else { continue }
                isEmpty = false
                result += value
            }
        }
        return isEmpty ? nil : result
    }
}
