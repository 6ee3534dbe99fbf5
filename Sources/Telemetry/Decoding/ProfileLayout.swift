/// A metric's place in the flat arrays of the devices of one profile.
public struct MetricSlot: Equatable, Sendable {
    public var name: String
    public var kind: MetricKind
    public var unit: String
    /// The supply whose level it is, or none.
    public internal(set) var supply = SupplyIndex.none
    /// Values of a state, in the order of their numbers.
    public var states: [String] = []
    /// It is watched for anomalies.
    public internal(set) var isWatched = false

    public init(name: String, kind: MetricKind, unit: String) {
        self.name = name
        self.kind = kind
        self.unit = unit
    }
}

/// A supply that a device of this profile has shown.
public struct SupplySlot: Equatable, Sendable {
    public var name: String
    public var rule: Int
    public var metric: SlotIndex
    public var item: String
    /// The slot of its usage counter, or none.
    public var counter: SlotIndex
}

/// A profile made ready for the hot path: the metrics as small numbers, and a tree of the JSON members that lead to them.
///
/// Patterns with captures meet new names only in the telemetry. The tree then grows by that name, once; after that a
/// message costs one comparison a member. Growth is bounded by `maximumSlots` and `maximumNodes`.
public struct ProfileLayout: Sendable {
    public static let maximumSlots = 256
    public static let maximumNodes = 2048
    public static let maximumStates = 64
    /// Each message rule has a bit in `FieldPattern.messages`.
    public static let maximumMessages = 64
    public static let maximumNameBytes = 64
    /// Names of supplies are bounded when they are cleaned: hexadecimal text has three characters a byte.
    static let maximumKeyBytes = 256

    public let profile: DeviceProfile
    public internal(set) var slots: [MetricSlot] = []
    public internal(set) var supplies: [SupplySlot] = []
    /// Names that could not be taken: the profile is full, or the name belongs to another rule.
    public internal(set) var refusedNames = 0
    /// What it has learned since it was asked last.
    public internal(set) var growth = LayoutGrowth()
    /// Changes whenever a slot, a supply or a state is learned: what is derived from the layout is then out of date.
    public internal(set) var revision = 0

    var nodes: [FieldNode] = []
    var origins: [[PatternPosition]] = []
    var keyBytes: [UInt8] = []
    var stateEntries: [StateEntry] = []
    /// The words of the states, one behind the other.
    var stateBytes: [UInt8] = []
    var stateHeads: [Int32] = []
    var patterns: [FieldPattern] = []
    /// Which metric or supply of the profile each slot belongs to; nil for a remembered one that has not been met yet.
    var owners: [FieldTarget?] = []
    var messageStamp: UInt32 = 0
    /// Where the part of the message that is being read stands on the tape.
    var partIndex = 1
    /// For each supply the message that told its level last, and where its capacity stands when that is elsewhere.
    var supplyStamps: [UInt32] = []
    var capacityPaths: [PathPattern?] = []
    /// What words mean as units.
    var unitWords: [(hash: UInt64, word: [UInt8], unit: SupplyUnit?)] = []
    /// Where the tree of a topic begins, by message rule and what its named levels are.
    var roots: [String: Int32] = [:]
    /// For each message rule whether it is the plain kind that the hot path reads.
    public let isPlainMessage: [Bool]
    /// For each message rule what its time counts, and whether it has a zone; a rule without a time has the first unit. Copying a whole
    /// `TimeRule` for each message costs more than reading the time.
    let timeForms: [(unit: DeviceTime.Unit, hasZone: Bool)]
    private let hasScopes: Bool
    /// The names of the slots with how much of each its rule says outright, and what was found to lie below members; see `slots(below:)`.
    var slotNames: [(bytes: [UInt8], literalBytes: Int)] = []
    var groups: [Int32: LayoutGroup] = [:]
    /// For each metric rule what its values can be.
    let bounds: [ValueBounds]
    /// The numbers that mean unknown, of one rule behind those of the other.
    let sentinels: [Double]

    /// `remembered` are the slots of an earlier layout (a reload, a snapshot): the same names keep their numbers.
    public init(_ profile: DeviceProfile, remembering remembered: [MetricSlot] = []) {
        self.profile = profile
        isPlainMessage = profile.messages.map(\.isPlain)
        timeForms = profile.messages.map { ($0.time?.unit ?? .milliseconds, $0.time?.zone != nil) }
        (bounds, sentinels) = ValueBounds.of(profile.metrics)
        hasScopes =
            profile.messages.contains { !$0.topic.captures.isEmpty || !$0.names.isEmpty } || profile.metrics.contains { $0.message != nil }
            || profile.supplies.contains { $0.message != nil } || profile.alerts.contains { $0.message != nil }
        buildPatterns()
        for slot in remembered { adopt(slot) }
        for (index, metric) in profile.metrics.enumerated() where metric.name.captures.isEmpty && !metric.isOpen {
            _ = makeSlot(name: metric.name.text, metricRule: index)
        }
        for (index, supply) in profile.supplies.enumerated() where supply.name.captures.isEmpty {
            _ = makeSupply(rule: index, captures: [])
        }
        // Node 0 serves every topic of a profile whose topics all say the same; otherwise it is empty.
        _ = makeRoot(hasScopes ? [] : patterns.indices.map { PatternPosition(pattern: $0, depth: 0, captures: []) })
        // What the profile names, and what an earlier layout had, is no growth that a device has caused.
        growth = LayoutGrowth()
    }

    /// Where the walk of a topic's messages begins. Not for the hot path: a topic is resolved once.
    /// Nil when there is no room for another topic's names, or one of them cannot be a name.
    public mutating func root(message: Int, captures: [(name: String, value: String)]) -> Int32? {
        guard hasScopes else { return 0 }
        // Rules of one name have the same metrics, so they share a tree.
        let key = captures.reduce(profile.messages[message].name ?? "") { $0 + "\u{0}" + $1.name + "\u{0}" + $1.value }
        if let known = roots[key] { return known }
        guard captures.allSatisfy({ Self.isUsableName(Array($0.value.utf8)) }) else {
            refusedNames += 1
            return nil
        }
        guard nodes.count < Self.maximumNodes else {
            refusedNames += 1
            growth.refused += 1
            return nil
        }
        let before = nodes.count
        defer { growth.fields += nodes.count - before }
        let root = makeRoot(
            patterns.indices.filter { patterns[$0].messages & (1 << UInt64(message)) != 0 }
                .map { PatternPosition(pattern: $0, depth: 0, captures: captures) })
        roots[key] = root
        return root
    }

    private mutating func makeRoot(_ positions: [PatternPosition]) -> Int32 {
        let root = Int32(nodes.count)
        nodes.append(FieldNode(keyOffset: 0, keyLength: 0))
        origins.append(positions)
        settle(node: root)
        growLiterals(from: root)
        return root
    }

    /// What was learned since the last call.
    public mutating func takeGrowth() -> LayoutGrowth {
        defer { growth = LayoutGrowth() }
        return growth
    }

    /// The slot of a metric, or nil while no device has shown it.
    public func slot(named name: String) -> SlotIndex? { slots.firstIndex { $0.name == name }.map { SlotIndex($0) } }

    public internal(set) subscript(slot: SlotIndex) -> MetricSlot {
        @inlinable @inline(__always) _read { yield slots[Int(slot.place)] }
        _modify { yield &slots[Int(slot.place)] }
    }

    @inlinable public subscript(supply: SupplyIndex) -> SupplySlot { supplies[Int(supply.place)] }

    /// The number of a supply, or nil while no device has shown it.
    public func supply(named name: String) -> SupplyIndex? { supplies.firstIndex { $0.name == name }.map { SupplyIndex($0) } }

    /// The number of a state's value, or nil while no device has shown it and the profile does not name it.
    public func state(_ text: String, of slot: SlotIndex) -> Int? {
        self[slot].states.firstIndex(of: text)
    }
}

/// What a layout has learned from the telemetry, so that it can be counted against the device that sent it.
public struct LayoutGrowth: Equatable, Sendable {
    /// Nodes of its tree, metrics among them, and words of states.
    public internal(set) var fields = 0
    public internal(set) var metrics = 0
    public internal(set) var words = 0
    /// Names for which there was no room.
    public internal(set) var refused = 0

    public var isNothing: Bool { fields == 0 && refused == 0 && metrics == 0 && words == 0 }
}

/// What a path leads to.
enum FieldTarget: Equatable, Sendable {
    case metric(Int)
    case supply(Int)
    /// A member beside the level of a supply that may say that the level is not known.
    case absence(supply: Int)
    case time(message: Int)
    case required(message: Int)
    case alerts(Int)
    case ignored
}

struct FieldPattern: Sendable {
    var tokens: [PathPattern.Token]
    var target: FieldTarget
    /// Bits of the message rules that it belongs to.
    var messages: UInt64 = .max
}

/// How far along a pattern a node lies, with what it captured on the way.
struct PatternPosition: Sendable {
    var pattern: Int
    var depth: Int
    var captures: [(name: String, value: String)]
}

/// One JSON member (or list item) on the way to a value.
struct FieldNode: Sendable {
    var keyOffset: Int32
    var keyLength: Int32
    var firstChild: Int32 = -1
    var nextSibling: Int32 = -1
    /// The child that is expected next: messages of one kind have their members in one order.
    var expected: Int32 = -1
    var slot = SlotIndex.none
    /// A node without a key of its own that reads the same value for another purpose, or -1; see `use(_:as:)`.
    var further: Int32 = -1
    /// The metric rule that the slot is filled by, or -1. Below -1 for one that may say that the level of a supply is not known; see `absentSupply`.
    var rule: Int32 = -1
    /// A metric whose kind its first value decides: it has no slot until then.
    var isOpen = false
    /// It, or one of the nodes behind `further`, reads codes.
    var holdsCodes = false
    /// The slot of what came later and is of the other kind.
    var otherSlot = SlotIndex.none
    /// The raw number is not the value.
    var isConverted = false
    /// The rule knows words that mean unknown, or a unit that the device tells.
    var isPeculiar = false
    /// The rule knows numbers that mean unknown, or between what its values lie.
    var isBounded = false
    /// The profile wants neither it nor what is below it.
    var isIgnored = false
    /// Rules look for values in the text.
    var hasTextRules = false
    /// It is a member that bears its own key because it had no name inside when it was met; another device's may have one.
    var isNamedByKey = false
    var alertList: Int32 = -1
    /// Bits of the message rules for which this member is the time, or must be there.
    var timeOf: UInt64 = 0
    var requiredBy: UInt64 = 0
    /// A pattern takes members or items that have no node yet.
    var takesNew = false
    /// Members that the profile names below a captured name: most devices show few of them, so each waits until it is met.
    var isLazy = false
    /// For items of a list that are named by one of their members: where its name lies in the key bytes.
    var itemMemberOffset: Int32 = -1
    var itemMemberLength: Int32 = 0
    /// The message that met it last; twice in one message is a doubtful message.
    var stamp: UInt32 = 0

    /// The supply of which it may say that its level is not known, or none.
    var absentSupply: SupplyIndex {
        get { rule < -1 ? SupplyIndex(Int(-2 - rule)) : .none }
        set { rule = newValue.isNone ? -1 : -2 - newValue.place }
    }

    func isKey(_ name: String, _ keyBytes: [UInt8]) -> Bool {
        name.utf8.elementsEqual(keyBytes[Int(keyOffset)..<Int(keyOffset) + Int(keyLength)])
    }
}

struct StateEntry: Sendable {
    var hash: UInt64
    /// Where its word lies in the state bytes.
    var offset: Int32
    var length: Int32
    var index: Int32
    var next: Int32
}
