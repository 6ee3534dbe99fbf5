import CivilCalendar
import Hashing

/// What a Sparkplug B host application (specification 3.0) knows of one edge node and its devices.
///
/// A state machine without I/O and clock: messages and arrival times in, `SparkplugOutput` out. Its rules:
/// - A birth tells names, datatypes and aliases. Data before it asks for a rebirth, at most once in `limits.rebirthMilliseconds`.
///   As long as nothing is known of the node or device, metrics that carry their name and type are read all the same; after a death none is.
/// - Messages are applied in the order of their seq. A gap is waited for; then what came is applied and a rebirth asked for,
///   because a lost message may have changed anything. Waiting for the rebirth instead would silence nodes that cannot be reborn.
///   A repeat is ignored; data that comes after its place was given up still counts, as it has a time of its own.
/// - A death of an older session than the one that was born (bdSeq) is ignored. One whose number differs otherwise counts, and the node is
///   asked once to tell everything anew: some libraries number the two differently.
public struct SparkplugHost: Equatable, Sendable {
    /// What is known of whether a node or device is connected.
    public enum Presence: UInt8, Sendable {
        /// Neither a birth nor a death was received.
        case unknown
        case online
        case offline
        /// The node was reborn within its session, and the device's own birth has not come yet.
        case awaitingBirth
    }

    /// The node itself (number 0) or a device behind it.
    public struct Device: Equatable, Sendable {
        /// Empty for the node.
        public internal(set) var id: String
        /// "group/node" or "group/node/device".
        public internal(set) var key: String
        public internal(set) var presence = Presence.unknown
    }

    public struct Metric: Equatable, Sendable {
        public internal(set) var device: Int32
        public internal(set) var name: String
        public internal(set) var datatype: SparkplugDatatype
        public internal(set) var alias: UInt64?
        /// False for one that is in no birth, or no longer.
        public internal(set) var isBorn: Bool
        /// The next metric whose name has the same hash, or -1.
        var next: Int32 = -1
    }

    /// Whether data name metrics that births do not. Some libraries call a metric otherwise in the two, so that no rebirth helps.
    enum UndeclaredNames: UInt8 {
        case none = 0
        /// A rebirth was asked for because of it.
        case asked = 1
        /// The birth has come.
        case answered = 2
        /// That birth did not have the names either. That was told; such data are taken, and nothing more is asked for.
        case told = 3
    }

    /// One message of this node, at its arrival time. `device` is empty for kinds of the node.
    struct Message {
        let kind: SparkplugTopic.Kind
        let device: UnsafeRawBufferPointer
        let payload: UnsafeRawBufferPointer
        let now: Int64
    }

    /// A message that waits for one before it.
    struct Pending: Equatable, Sendable {
        var seq: UInt8
        var kind: SparkplugTopic.Kind
        var device: [UInt8]
        var payload: [UInt8]
        var arrivalMilliseconds: Int64
        /// When the node made it, or the earliest time there is.
        var timestampMilliseconds: Int64
    }

    public let group: String
    public let node: String
    public private(set) var limits: SparkplugLimits
    private let ownMetrics: Int
    /// Where a metric's name lies among `names`.
    let tableHash: KeyedHash
    public internal(set) var devices: [Device]
    public internal(set) var metrics: [Metric] = []
    /// Goes up with every birth of the node: numbers of devices and metrics mean something else then.
    public internal(set) var generation: UInt32 = 0
    /// The session that the last NBIRTH began.
    public internal(set) var bdSeq: UInt64?

    /// A death and a birth with different numbers were told, and no matching pair has come since.
    var hasToldMismatch = false

    var nextSeq: UInt8 = 0
    /// In the order in which they are to be applied.
    var pending: [Pending] = []
    var pendingBytes = 0
    /// Hashes of the messages applied last, by the low bits of their seq: a repeat has the same hash, a late message another.
    var recent = [UInt64](repeating: 0, count: Int(behindWindow))
    /// Late messages in a row. After several of them the node may have restarted, and its birth was lost.
    var behindRun: UInt8 = 0
    var rebirthAskedMilliseconds: Int64?
    var undeclaredNames = UndeclaredNames.none
    /// A rebirth is wanted, and its throttle window is not over.
    var isRebirthDue = false
    var deviceBirthsDueMilliseconds: Int64?
    /// -1 for an alias that was given twice and so means nothing.
    var aliases: [UInt64: Int32] = [:]
    var names: [UInt64: Int32] = [:]

    public init(group: String, node: String, limits: SparkplugLimits = .standard, tableHash: KeyedHash = KeyedHash()) {
        self.tableHash = tableHash
        self.group = group
        self.node = node
        precondition((1...128).contains(limits.pendingMessages), "more than half of the sequence numbers cannot lie ahead")
        self.limits = limits
        ownMetrics = limits.metrics
        devices = [Device(id: "", key: "\(group)/\(node)")]
    }

    public var presence: Presence { devices[0].presence }

    /// Lowers the limit of metrics to what is left of the limit of all nodes together.
    public mutating func allowMetrics(_ count: Int) { limits.metrics = min(ownMetrics, count) }

    /// When `tick` has something to do, in arrival time, or nil.
    public var nextDueMilliseconds: Int64? {
        var due = reorderDueMilliseconds
        if isRebirthDue, let asked = rebirthAskedMilliseconds { due = min(due ?? .max, asked &+ limits.rebirthMilliseconds) }
        if let births = deviceBirthsDueMilliseconds { due = min(due ?? .max, births) }
        return due
    }

    var reorderDueMilliseconds: Int64? {
        pending.lazy.map(\.arrivalMilliseconds).min().map { $0 &+ limits.reorderMilliseconds }
    }

    /// Does what is due by `now`, which is a time of arrival.
    public mutating func tick(at now: Int64, reader: inout SparkplugPayload, into output: inout SparkplugOutput) {
        output.clear()
        expire(at: now, &reader, &output)
    }

    /// Takes one message of this node. `device` are the bytes of the topic's device, empty for kinds of the node.
    ///
    /// Commands and STATE are for others and yield nothing. `now` is the time of arrival, in milliseconds since 1970.
    public mutating func receive(
        _ kind: SparkplugTopic.Kind, device: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, at now: Int64,
        reader: inout SparkplugPayload, into output: inout SparkplugOutput
    ) {
        output.clear()
        expire(at: now, &reader, &output)
        switch kind {
        case .nodeCommand, .deviceCommand, .state: return
        default: break
        }
        do { try reader.decode(payload) } catch {
            output.refusal = error
            // Without its birth a node stays unknown. What else cannot be read leaves a gap in the order, which asks by itself.
            if kind == .nodeBirth { askForRebirth(at: now, &output) }
            return
        }
        guard reader.isCompressed else { return take(Message(kind: kind, device: device, payload: payload, now: now), &reader, &output) }
        let inflated: [UInt8]
        do { inflated = try reader.inflated(payload) } catch {
            output.refusal = error
            if kind == .nodeBirth { askForRebirth(at: now, &output) }
            return
        }
        inflated.withUnsafeBytes { bytes in take(Message(kind: kind, device: device, payload: bytes, now: now), &reader, &output) }
    }

    /// A message that the reader has read.
    private mutating func take(_ message: Message, _ reader: inout SparkplugPayload, _ output: inout SparkplugOutput) {
        switch message.kind {
        case .nodeBirth: nodeBirth(message, &reader, &output)
        case .nodeDeath: nodeDeath(message, &reader, &output)
        default: sequenced(message, &reader, &output)
        }
    }

    /// The gateway's clock was set: what is waited for is as far away as before.
    public mutating func shift(byMilliseconds step: Int64) {
        for index in pending.indices {
            pending[index].arrivalMilliseconds = pending[index].arrivalMilliseconds.shifted(byMilliseconds: step)
        }
        rebirthAskedMilliseconds = rebirthAskedMilliseconds.shifted(byMilliseconds: step)
        deviceBirthsDueMilliseconds = deviceBirthsDueMilliseconds.shifted(byMilliseconds: step)
    }

    private mutating func expire(at now: Int64, _ reader: inout SparkplugPayload, _ output: inout SparkplugOutput) {
        if let due = reorderDueMilliseconds, now >= due {
            output.problem("\(devices[0].key): the message with seq \(nextSeq) did not come")
            giveUpSequence(at: now, &reader, &output)
        }
        if let due = deviceBirthsDueMilliseconds, now >= due {
            deviceBirthsDueMilliseconds = nil
            for index in devices.indices where devices[index].presence == .awaitingBirth { die(index, &output) }
        }
        if isRebirthDue { askForRebirth(at: now, &output) }
    }

    mutating func die(_ device: Int, timestampMilliseconds: Int64? = nil, _ output: inout SparkplugOutput) {
        devices[device].presence = .offline
        output.events.append(.death(device: devices[device].key, timestampMilliseconds: timestampMilliseconds))
    }

    /// Asks once in a throttle window; in between the wish is kept.
    mutating func askForRebirth(at now: Int64, _ output: inout SparkplugOutput) {
        if rebirthAskedMilliseconds == now { return }
        // A clock that was set back must not silence the requests.
        if let asked = rebirthAskedMilliseconds, now >= asked, now &- asked < limits.rebirthMilliseconds {
            isRebirthDue = true
            return
        }
        isRebirthDue = false
        guard let request = rebirthRequest(at: now) else { return }
        rebirthAskedMilliseconds = now
        output.events.append(.rebirthRequest(topic: request.topic, payload: request.payload))
    }
}
