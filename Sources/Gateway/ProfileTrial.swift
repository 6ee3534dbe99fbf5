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
        /// How many times of the message were not believable, so that the arrival time was used, or were corrected.
        public var clockProblems: Int64 = 0
    }

    public let outcome: Outcome
    /// JSON pointers (RFC 6901) of the members that nothing used; an object without a used member is named as a whole. Nil for a payload that is
    /// no JSON, or has too many members.
    public let unused: [String]?
    /// The profile whose topic matches; nil when none does.
    public let profile: String?
    public let isRetained: Bool
    public let arrivalMilliseconds: Int64

    /// The most members that are tried.
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
        self.isRetained = isRetained
        self.arrivalMilliseconds = arrivalMilliseconds
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
            case .deliver, .withdraw, .history, .interval, .incident: break
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
