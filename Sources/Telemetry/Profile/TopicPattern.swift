/// A topic with named levels: `devices/{device}/telemetry`. A `+` matches any one level, `{name}` too and remembers it;
/// `{relay:POWER}` takes and remembers only levels that begin with POWER, such as POWER and POWER2. `{device...}` takes one to
/// `maximumDeviceLevels` levels, and the device's name has their slashes; `{device:esp-}` takes a level that begins so.
public struct TopicPattern: Equatable, Sendable {
    public enum Level: Equatable, Sendable {
        case literal([UInt8])
        case any
        /// Takes levels that begin so; an empty prefix takes every level.
        case device(prefix: [UInt8])
        /// Takes one level or several.
        case devicePath
        case named(String)
        /// Takes levels that begin so, and remembers the whole level.
        case prefixed(String, prefix: [UInt8])
    }
    /// Each number of levels is a filter of its own at the broker, so the name of a device cannot have any number of them.
    public static let maximumDeviceLevels = 5

    public let text: String
    public let levels: [Level]
    public let namesDevice: Bool
    private let takesPath: Bool

    /// `needsDevice` is false where the payload names the device. Throws why the text is no pattern.
    public init(_ text: String, needsDevice: Bool = true) throws(PatternError) {
        var levels: [Level] = []
        for part in text.split(separator: "/", omittingEmptySubsequences: false) {
            if part == "{device}" {
                levels.append(.device(prefix: []))
            } else if part == "{device...}" {
                levels.append(.devicePath)
            } else if part == "+" {
                levels.append(.any)
            } else if part.hasPrefix("{"), part.hasSuffix("}"), part.count > 2 {
                levels.append(try Self.named(part.dropFirst().dropLast()))
            } else if part.contains(where: { "+#{}\0".contains($0) }) {
                throw PatternError("level \"\(part)\" must be a plain word, {device}, {device...}, + or a {name} of its own")
            } else {
                levels.append(.literal(Array(part.utf8)))
            }
        }
        let devices = levels.filter(Self.isDevice).count
        guard devices == 1 || (devices == 0 && !needsDevice) else {
            throw PatternError("exactly one level must be {device}, or several {device...}")
        }
        self.text = text
        self.levels = levels
        namesDevice = devices == 1
        takesPath = levels.contains(.devicePath)
    }

    private static func named(_ inner: Substring) throws(PatternError) -> Level {
        guard let colon = inner.firstIndex(of: ":") else {
            guard !inner.hasSuffix("...") else { throw PatternError("only {device...} takes several levels, not {\(inner)}") }
            return .named(String(inner))
        }
        let prefix = inner[inner.index(after: colon)...]
        guard !prefix.isEmpty, !prefix.contains(where: { "+#{}\0".contains($0) }) else {
            throw PatternError("level \"{\(inner)}\" must be {name:beginning}, such as {relay:POWER}")
        }
        let name = inner[..<colon]
        return name == "device" ? .device(prefix: Array(prefix.utf8)) : .prefixed(String(name), prefix: Array(prefix.utf8))
    }

    private static func isDevice(_ level: Level) -> Bool {
        switch level {
        case .device, .devicePath: true
        case .literal, .any, .named, .prefixed: false
        }
    }

    private init() { (text, levels, namesDevice, takesPath) = ("", [], false, false) }
    /// Matches no topic: a placeholder while the rest of a rule is read whose topic is wrong.
    static let never = TopicPattern()

    /// What to subscribe to: one filter, or one for each number of levels that the device's name may have.
    public var filters: [String] {
        expansions.map { levels in
            levels.map { level in
                if case .literal(let bytes) = level { return String(decoding: bytes, as: UTF8.self) }
                return "+"
            }.joined(separator: "/")
        }
    }

    /// The levels as they are for each number of levels of the device's name.
    private var expansions: [[Level]] {
        guard let path = levels.firstIndex(of: .devicePath) else { return [levels] }
        return (1...Self.maximumDeviceLevels).map { count in
            levels[..<path] + Array(repeating: .device(prefix: []), count: count) + levels[(path + 1)...]
        }
    }

    /// Nothing but the shape of the topic says that it belongs to the profile: many programs that know nothing of one another write such topics.
    public var isBroad: Bool { levels.first.map { Self.width($0) > 1 } ?? false }

    public var captures: [String] { levels.compactMap(Self.capture) }

    private static func capture(_ level: Level) -> String? {
        switch level {
        // A prefix without a name, `{:STATUS}`, only limits what matches.
        case .named(let name), .prefixed(let name, _): name.isEmpty ? nil : name
        case .literal, .any, .device, .devicePath: nil
        }
    }

    /// What the named levels are in a topic that matches.
    public func captured(_ topic: UnsafeRawBufferPointer) -> [(name: String, value: String)] {
        var captured: [(name: String, value: String)] = []
        _ = walk(topic) { level, range in
            if let name = Self.capture(level) { captured.append((name, String(decoding: topic[range], as: UTF8.self))) }
            return true
        }
        return captured
    }

    /// What stands in front of the device's name where the pattern takes anything and forgets it: `hall-2` of `+/{device}/state`.
    public func forgotten(_ topic: UnsafeRawBufferPointer) -> [UInt8] {
        var bytes: [UInt8] = []
        _ = walk(topic) { level, range in
            guard !Self.isDevice(level) else { return false }
            if level == .any { bytes += topic[range] + [UInt8(ascii: "/")] }
            return true
        }
        return bytes
    }

    /// The range of the device's name in `topic` (empty where the pattern has none), or nil when the topic is another.
    /// A `$` topic never matches a leading wildcard.
    public func match(_ topic: UnsafeRawBufferPointer) -> Range<Int>? {
        var device: Range<Int>? = namesDevice ? nil : 0..<0
        let matches = walk(topic) { level, range in
            switch level {
            case .literal(let bytes): return range.count == bytes.count && topic[range].elementsEqual(bytes)
            case .prefixed(_, let prefix): return topic[range].starts(with: prefix)
            case .any, .device, .devicePath, .named:
                if range.lowerBound == 0, !range.isEmpty, topic[0] == UInt8(ascii: "$") { return false }
                if case .device(let prefix) = level, !topic[range].starts(with: prefix) { return false }
                if Self.isDevice(level) { device = range }
                return true
            }
        }
        return matches ? device : nil
    }

    /// Hands out each level with its place in the topic, as long as `body` says so. False when it stopped, or the topic has another number of levels.
    private func walk(_ topic: UnsafeRawBufferPointer, _ body: (Level, Range<Int>) -> Bool) -> Bool {
        let slash = UInt8(ascii: "/")
        var more = 0
        if takesPath {
            more = topic.reduce(1) { $0 + ($1 == slash ? 1 : 0) } - levels.count
            guard (0..<Self.maximumDeviceLevels).contains(more) else { return false }
        }
        var start = 0
        for level in levels {
            guard start <= topic.count else { return false }
            var end = start
            var further = level == .devicePath ? more : 0
            while end < topic.count {
                if topic[end] == slash {
                    // A step of a device's name is not empty.
                    if further == 0 || end == start || topic[end - 1] == slash { break }
                    further -= 1
                }
                end += 1
            }
            if level == .devicePath, further > 0 || end == start || topic[end - 1] == slash { return false }
            guard body(level, start..<end) else { return false }
            start = end + 1
        }
        return start == topic.count + 1
    }

    /// Whether it is the more specific of the two at the first level where they differ: a word is more specific than a beginning, that than a
    /// wildcard, and that than several levels. So of two rules that match one topic, one can be chosen.
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
        case .device(let prefix): prefix.isEmpty ? 2 : 1
        case .any, .named: 2
        case .devicePath: 3
        }
    }

    /// Whether one topic could match both.
    public func overlaps(_ other: TopicPattern) -> Bool {
        expansions.contains { own in other.expansions.contains { Self.overlap(own, $0) } }
    }

    private static func overlap(_ levels: [Level], _ others: [Level]) -> Bool {
        guard levels.count == others.count else { return false }
        return zip(levels, others).enumerated().allSatisfy { index, pair in
            switch (beginning(of: pair.0), beginning(of: pair.1)) {
            case (let (word, true)?, let (other, true)?): word == other
            case (let (word, true)?, let (prefix, false)?), (let (prefix, false)?, let (word, true)?): word.starts(with: prefix)
            case (let (x, false)?, let (y, false)?): x.starts(with: y) || y.starts(with: x)
            // A wildcard in front takes no topic that begins with $.
            case (let (word, _)?, nil), (nil, let (word, _)?): index > 0 || word.first != UInt8(ascii: "$")
            case (nil, nil): true
            }
        }
    }

    /// What a level begins with, and whether that is all of it; nil for one that may be anything.
    private static func beginning(of level: Level) -> (bytes: [UInt8], isWhole: Bool)? {
        switch level {
        case .literal(let bytes): (bytes, true)
        case .prefixed(_, let prefix): (prefix, false)
        case .device(let prefix): prefix.isEmpty ? nil : (prefix, false)
        case .any, .devicePath, .named: nil
        }
    }
}
