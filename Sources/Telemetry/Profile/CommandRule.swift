import Documents

/// How a command of a profile is sent.
public struct CommandRule: Equatable, Sendable {
    public enum Format: String, CaseIterable, Sendable {
        case json
        /// The string itself, without the quotes of JSON.
        case text
        /// A metric of a Sparkplug B node or device and the value to set: `{ "Outputs/Fan": true }`.
        case sparkplug
    }
    public var name: String
    /// With `{device}` filled in it is the topic to publish to; empty for Sparkplug B, whose topics follow from the device.
    public var topic: String
    /// Strings may hold `{requestId}`, `{device}` and the deadline: `{deadlineMilliseconds}`, `{deadlineSeconds}`, `{deadlineTime}`.
    public var payload: DocumentNode
    public var format = Format.json
    public var deadlineMilliseconds: Int64
    /// False for a device that never answers: then only telemetry can confirm.
    public var expectsReply: Bool
}

/// Commands to try, one after the other, for a fault or a code that names this playbook.
public struct Playbook: Equatable, Sendable {
    public struct Step: Equatable, Sendable {
        public var command: String
        /// How long after the reply the alarm may take to return to normal.
        public var verifyMilliseconds: Int64
    }
    public var name: String
    public var steps: [Step]
    /// What the ticket says when no step helped.
    public var ticketText: String
}
