/// A JSON pointer (RFC 6901) whose tokens may capture: `{slot}` takes every member or index and remembers its name;
/// `{tray=id}` takes every item of a list and remembers the item's member `id`.
public struct PathPattern: Equatable, Sendable {
    public enum Token: Equatable, Hashable, Sendable {
        case key([UInt8])
        /// Takes members that begin with `prefix` (all, when it is empty); those of a list may be named by one of their own members.
        case each(capture: String, member: [UInt8]?, prefix: [UInt8])
    }
    public let text: String
    public let tokens: [Token]
    public static let maximumTokens = 12

    public init(_ text: String) throws(PatternError) {
        guard text.isEmpty || text.hasPrefix("/") else { throw PatternError("a pointer begins with /") }
        var tokens: [Token] = []
        for part in text.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard part.hasPrefix("{"), part.hasSuffix("}") else {
                let unescaped = part.split(separator: "~1", omittingEmptySubsequences: false).joined(separator: "/")
                tokens.append(.key(Array(unescaped.split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~").utf8)))
                continue
            }
            tokens.append(try Self.each(part.dropFirst().dropLast()))
        }
        guard tokens.count <= Self.maximumTokens else { throw PatternError("a pointer has at most \(Self.maximumTokens) tokens") }
        self.text = text
        self.tokens = tokens
    }

    private static func each(_ inner: Substring) throws(PatternError) -> Token {
        let parts = inner.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let names = (parts.first ?? "").split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = names.first, !name.isEmpty else { throw PatternError("{} needs a name") }
        guard names.count == 1 || !names[1].isEmpty, parts.count == 1 || !parts[1].isEmpty else {
            throw PatternError("{\(inner)} must be {name}, {name:beginning} or {name=member}")
        }
        return .each(
            capture: String(name), member: parts.count > 1 ? Array(parts[1].utf8) : nil,
            prefix: names.count > 1 ? Array(names[1].utf8) : [])
    }

    /// Whether two pointers take the same members, whatever they call what they capture.
    static func haveSameForm(_ a: [Token], _ b: [Token]) -> Bool {
        a.count == b.count
            && zip(a, b).allSatisfy { pair in
                switch pair {
                case (.key(let x), .key(let y)): x == y
                case (.each(_, let member, let prefix), .each(_, let otherMember, let otherPrefix)):
                    member == otherMember && prefix == otherPrefix
                default: false
                }
            }
    }

    /// A pointer to one member of the outermost object.
    init(key: String) {
        text = "/" + key
        tokens = [.key(Array(key.utf8))]
    }

    public var captures: [String] {
        tokens.compactMap { if case .each(let capture, _, _) = $0 { capture } else { nil } }
    }

    /// The pointer to one place: what it captures has these names.
    func filled(_ captures: [(String, String)]) -> PathPattern {
        PathPattern(
            text: text,
            tokens: tokens.map { token in
                guard case .each(let capture, _, _) = token, let value = captures.first(where: { $0.0 == capture }) else { return token }
                return .key(Array(value.1.utf8))
            })
    }

    private init(text: String, tokens: [Token]) {
        self.text = text
        self.tokens = tokens
    }
}

/// A name with captures filled in: `supply.{slot}`.
public struct NameTemplate: Equatable, Sendable {
    public let text: String

    public init(_ text: String) { self.text = text }

    public var captures: [String] {
        text.split(separator: "{").dropFirst(text.hasPrefix("{") ? 0 : 1).compactMap { part in
            part.firstIndex(of: "}").map { String(part[..<$0]) }
        }
    }

    /// Whether some values filled in would give this name.
    func canGive(_ name: String) -> Bool {
        guard !captures.isEmpty, let first = text.firstIndex(of: "{"), let last = text.lastIndex(of: "}") else { return text == name }
        let prefix = text[..<first]
        let suffix = text[last...].dropFirst()
        return name.hasPrefix(prefix) && name.hasSuffix(suffix) && name.utf8.count > prefix.utf8.count + suffix.utf8.count
    }

    /// In one pass, because values come from devices: a device named `{requestId}` is not filled in once more.
    public func filled(_ values: [(String, String)]) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            guard let value = values.first(where: { rest.hasPrefix("{\($0.0)}") }) else {
                result.append("{")
                rest = rest.dropFirst()
                continue
            }
            result += value.1
            rest = rest.dropFirst(value.0.count + 2)
        }
        return result + rest
    }
}

/// Why a text is no pattern, in words for whoever writes the profile.
public struct PatternError: Error, CustomStringConvertible, Sendable {
    public let description: String
    public init(_ description: String) { self.description = description }
}
