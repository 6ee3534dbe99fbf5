import CoreViews
import Documents
import GatewayCore
import Telemetry

/// One message processed by a core of its own, the same code as in `run`, and the state that results.
public struct ProfileTrial: Sendable {
    /// The core's state and decisions after the message.
    public struct Outcome: Equatable, Sendable {
        /// A JSON object for each device that the message told of, as `/api/v1/devices/{id}` gives it, sorted by id.
        public var devices: [[UInt8]] = []
        /// The reasons for which the message, or a part of it, could not be used.
        public var problems: [String] = []
        /// The decisions, each a line of JSON as `replay` prints it.
        public var decisions: [[UInt8]] = []
        /// How many times of the message were not believable, so that the arrival time was used.
        public var clockProblems: Int64 = 0
    }

    public let outcome: Outcome
    /// JSON pointers (RFC 6901) of the members that nothing used; an object without a used member is named as a whole. Nil for a payload that is
    /// no JSON, or has too many members.
    public let unused: [String]?
    /// The profile whose topic matches; nil when none does.
    public let profile: String?

    /// The most members that are tried one by one; each costs up to three decodings.
    static let maximumMembers = 2000

    /// - Parameter arrivalMilliseconds: when the message is taken to arrive, milliseconds since 1970.
    /// - Returns: nil when memory is short.
    public init?(profiles: [DeviceProfile], topic: String, payload: [UInt8], isRetained: Bool, arrivalMilliseconds: Int64) {
        var configuration = CoreConfiguration()
        configuration.maximumDevices = 1000
        configuration.maximumPayloadBytes = max(configuration.maximumPayloadBytes, payload.count)
        configuration.keepsHistory = false
        guard let core = StewardCore(configuration: configuration, profiles: profiles) else { return nil }
        let bench = TrialBench(core: core, topic: topic, arrivalMilliseconds: arrivalMilliseconds)
        outcome = bench.outcome(payload, isRetained: isRetained)
        let owner = profiles.first { profile in
            (profile.messages.map(\.topic) + profile.replies.map(\.topic)).contains { $0.matches(topic) }
        }
        profile = owner?.name
        guard let owner, let root = try? DocumentParser.parse(payload, file: "payload"), root.memberCount <= Self.maximumMembers else {
            unused = nil
            return
        }
        unused = UnusedMembers(bench, owner, topic: topic, root).pointers
    }
}

/// Runs payloads through copies of one core in its initial state.
struct TrialBench {
    let core: StewardCore
    let topic: String
    let arrivalMilliseconds: Int64

    func outcome(_ payload: [UInt8], isRetained: Bool = false) -> ProfileTrial.Outcome {
        var core = core
        var segment = Segment(capacityBytes: payload.count + 256)
        segment.append(.connected(sessionPresent: false))
        segment.append(topic: topic, payload: payload, isRetained: isRetained)
        segment.firstEvent = 1
        segment.arrivalMilliseconds = arrivalMilliseconds
        var effects: [Effect] = []
        core.step(segment, into: &effects)
        var outcome = ProfileTrial.Outcome()
        outcome.clockProblems = core.counters.clockProblems
        for effect in effects {
            switch effect {
            case .deadLetter(let letter): outcome.problems.append(letter.reason)
            case .decision(let decision): outcome.decisions.append(decision.line)
            case .deliver, .withdraw, .history: break
            }
        }
        // One message cannot tell of more devices.
        for id in (0..<min(core.devicePlaces, 1000)).compactMap(core.deviceID).sorted() {
            var writer = JSONWriter()
            if core.writeDevice(id, &writer) { outcome.devices.append(writer.bytes) }
        }
        return outcome
    }
}

/// Finds the members that no decoder used, without knowing how decoders work: a member was not used when the outcome stays the same without it,
/// and with a value of another kind in its place.
private struct UnusedMembers {
    private let bench: TrialBench
    private let reference: ProfileTrial.Outcome
    private let root: DocumentNode
    /// Members that count as used although their absence need not change the outcome: they are compared only, or matter only while a command is
    /// open.
    private let usedNames: Set<String>
    private let usedPointers: Set<String>
    private(set) var pointers: [String] = []

    init(_ bench: TrialBench, _ profile: DeviceProfile, topic: String, _ root: DocumentNode) {
        self.bench = bench
        self.root = root
        // Of a retained message only a part is read, so the comparison is made with a live one.
        reference = bench.outcome(root.json)
        usedNames = Set(profile.comparedMembers)
        let replies = profile.replies.filter { $0.topic.matches(topic) }
        // The value of an alert changes nothing while it reports no error.
        usedPointers = Set(
            replies.flatMap { [$0.requestID, $0.outcome, $0.reason, $0.failure, $0.device].compactMap { $0?.text } }
                + profile.alerts.map(\.path.text))
        pointers = search(root, [])
    }

    /// The unused members below `node`: its own pointer alone when nothing in it is used.
    private func search(_ node: DocumentNode, _ path: [DocumentPath.Step]) -> [String] {
        let pointer = DocumentPath.pointer(path)
        let children = DocumentPath.children(of: node)
        guard !children.isEmpty else { return path.isEmpty || isUsed(pointer, path) ? [] : [pointer] }
        let found = children.map { search($0.node, path + [$0.step]) }
        let isWhole = zip(children, found).allSatisfy { child, unused in unused == [DocumentPath.pointer(path + [child.step])] }
        return isWhole && !path.isEmpty && !isUsed(pointer, path) ? [pointer] : found.flatMap { $0 }
    }

    private func isUsed(_ pointer: String, _ path: [DocumentPath.Step]) -> Bool {
        if usedPointers.contains(pointer) { return true }
        if case .member(let name)? = path.last, usedNames.contains(name) { return true }
        // A list within a list can be read as no number, text or time, and an object as no list.
        let odd = DocumentNode(.array([DocumentNode(.array([]))]))
        return [nil, odd, DocumentNode(.object([]))].contains { bench.outcome(root.replacing(path[...], with: $0).json) != reference }
    }
}

/// The way to a value of a document.
private enum DocumentPath {
    enum Step {
        case member(String)
        case item(Int)
    }

    static func children(of node: DocumentNode) -> [(step: Step, node: DocumentNode)] {
        switch node.value {
        case .object(let members): members.map { (.member($0.key), $0.node) }
        case .array(let items): items.enumerated().map { (.item($0), $1) }
        default: []
        }
    }

    /// RFC 6901.
    static func pointer(_ path: [Step]) -> String {
        path.map { step in
            switch step {
            case .item(let index): "/\(index)"
            case .member(let name):
                "/"
                    + name.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
                    .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
            }
        }.joined()
    }
}

extension DocumentNode {
    fileprivate var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    fileprivate var memberCount: Int {
        1 + DocumentPath.children(of: self).reduce(0) { $0 + $1.node.memberCount }
    }

    /// The document with another value at `path`, or without that member; an item of a list becomes null, so that the others keep their places.
    fileprivate func replacing(_ path: ArraySlice<DocumentPath.Step>, with other: DocumentNode?) -> DocumentNode {
        guard let step = path.first else { return other ?? DocumentNode(.null) }
        let rest = path.dropFirst()
        switch (step, value) {
        case (.member(let name), .object(var members)):
            guard let index = members.firstIndex(where: { $0.key == name }) else { return self }
            if rest.isEmpty, other == nil {
                members.remove(at: index)
            } else {
                members[index].node = members[index].node.replacing(rest, with: other)
            }
            return DocumentNode(.object(members))
        case (.item(let index), .array(var items)) where items.indices.contains(index):
            items[index] = items[index].replacing(rest, with: other)
            return DocumentNode(.array(items))
        default: return self
        }
    }
}

extension TopicPattern {
    fileprivate func matches(_ topic: String) -> Bool { Array(topic.utf8).withUnsafeBytes { match($0) } != nil }
}
