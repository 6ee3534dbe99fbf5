/// A topic with named levels: `devices/{device}/telemetry`. A `+` matches any one level, `{name}` too and remembers it;
/// `{relay:POWER}` takes and remembers only levels that begin with POWER, such as POWER and POWER2.
public struct TopicPattern: Equatable, Sendable {
    public enum Level: Equatable, Sendable {
        case literal([UInt8])
        case any
        case device
        case named(String)
        /// Takes levels that begin so, and remembers the whole level.
        case prefixed(String, prefix: [UInt8])
    }
    public let text: String
    public let levels: [Level]

    /// `needsDevice` is false where the payload names the device. Throws why the text is no pattern.
    public init(_ text: String, needsDevice: Bool = true) throws(PatternError) {
        var levels: [Level] = []
        for part in text.split(separator: "/", omittingEmptySubsequences: false) {
            if part == "{device}" {
                levels.append(.device)
            } else if part == "+" {
                levels.append(.any)
            } else if part.hasPrefix("{"), part.hasSuffix("}"), part.count > 2 {
                levels.append(try Self.named(part.dropFirst().dropLast()))
            } else if part.contains(where: { "+#{}\0".contains($0) }) {
                throw PatternError("level \"\(part)\" must be a plain word, {device}, + or a {name} of its own")
            } else {
                levels.append(.literal(Array(part.utf8)))
            }
        }
        let devices = levels.filter { $0 == .device }.count
        guard devices == 1 || (devices == 0 && !needsDevice) else { throw PatternError("exactly one level must be {device}") }
        self.text = text
        self.levels = levels
    }

    private static func named(_ inner: Substring) throws(PatternError) -> Level {
        guard let colon = inner.firstIndex(of: ":") else { return .named(String(inner)) }
        let prefix = inner[inner.index(after: colon)...]
        guard !prefix.isEmpty, !prefix.contains(where: { "+#{}\0".contains($0) }) else {
            throw PatternError("level \"{\(inner)}\" must be {name:beginning}, such as {relay:POWER}")
        }
        return .prefixed(String(inner[..<colon]), prefix: Array(prefix.utf8))
    }

    private init() { (text, levels) = ("", []) }
    /// Matches no topic: a placeholder while the rest of a rule is read whose topic is wrong.
    static let never = TopicPattern()

    /// What to subscribe to.
    public var filter: String {
        levels.map { level in
            if case .literal(let bytes) = level { return String(decoding: bytes, as: UTF8.self) }
            return "+"
        }.joined(separator: "/")
    }

    public var namesDevice: Bool { levels.contains(.device) }

    public var captures: [String] { levels.compactMap(Self.capture) }

    private static func capture(_ level: Level) -> String? {
        switch level {
        // A prefix without a name, `{:STATUS}`, only limits what matches.
        case .named(let name), .prefixed(let name, _): name.isEmpty ? nil : name
        case .literal, .any, .device: nil
        }
    }

    /// What the named levels are in a topic that matches.
    public func captured(_ topic: UnsafeRawBufferPointer) -> [(name: String, value: String)] {
        let parts = topic.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return zip(levels, parts).compactMap { level, part in
            Self.capture(level).map { ($0, String(decoding: part, as: UTF8.self)) }
        }
    }

    /// The range of the device's name in `topic` (empty where the pattern has none), or nil when the topic is another.
    /// A `$` topic never matches a leading wildcard.
    public func match(_ topic: UnsafeRawBufferPointer) -> Range<Int>? {
        var start = 0
        var device: Range<Int>? = namesDevice ? nil : 0..<0
        for (index, level) in levels.enumerated() {
            guard start <= topic.count else { return nil }
            var end = start
            while end < topic.count, topic[end] != UInt8(ascii: "/") { end += 1 }
            switch level {
            case .literal(let bytes):
                guard end - start == bytes.count, topic[start..<end].elementsEqual(bytes) else { return nil }
            case .prefixed(_, let prefix):
                guard topic[start..<end].starts(with: prefix) else { return nil }
            case .any, .device, .named:
                if index == 0, end > start, topic[start] == UInt8(ascii: "$") { return nil }
                if level == .device { device = start..<end }
            }
            start = end + 1
        }
        return start == topic.count + 1 ? device : nil
    }

    /// Whether it is the more specific of the two at the first level where they differ: a word is more specific than a prefix, and a prefix
    /// more than a wildcard. So of two general rules that match one topic, one can be chosen.
    public func isNarrower(than other: TopicPattern) -> Bool {
        for (own, foreign) in zip(levels, other.levels) where Self.width(own) != Self.width(foreign) {
            return Self.width(own) < Self.width(foreign)
        }
        return false
    }

    private static func width(_ level: Level) -> Int {
        switch level {
        case .literal: 0
        case .prefixed: 1
        case .any, .device, .named: 2
        }
    }

    /// Whether one topic could match both.
    public func overlaps(_ other: TopicPattern) -> Bool {
        guard levels.count == other.levels.count else { return false }
        return zip(levels, other.levels).enumerated().allSatisfy { index, pair in
            switch pair {
            case (.literal(let x), .literal(let y)): x == y
            case (.literal(let word), .prefixed(_, let prefix)), (.prefixed(_, let prefix), .literal(let word)): word.starts(with: prefix)
            case (.prefixed(_, let x), .prefixed(_, let y)): x.starts(with: y) || y.starts(with: x)
            // A wildcard in front takes no topic that begins with $.
            case (.prefixed(_, let word), _), (_, .prefixed(_, let word)), (.literal(let word), _), (_, .literal(let word)):
                index > 0 || word.first != UInt8(ascii: "$")
            default: true
            }
        }
    }
}

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
