/// What a profile says of one code; `code` may end in a `*` for the rest of it.
public struct AlertCodeRule: Equatable, Sendable {
    public var code: String
    /// Nil: what the device says, or that of the list.
    public var severity: Severity?
    /// Nil: what the device says, or the code.
    public var text: String?
    public var playbook: String?
}

/// What the device says of how grave a code is.
public enum SaidSeverity: Equatable, Sendable {
    case severity(Severity)
    /// It is told to people who stand before the device, and is no alarm.
    case ignored
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

    /// The names of each member that it takes from an item.
    var members: [[String]] { pieces.compactMap { if case .member(let names) = $0 { names } else { nil } } }

    /// Whether it takes anything from an item.
    var hasMembers: Bool { !members.isEmpty }

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
