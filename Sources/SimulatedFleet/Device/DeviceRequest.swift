import Documents

/// A message to a device, read as far as the device understands it.
struct DeviceRequest {
    enum Action: Equatable {
        case command(name: String, requestID: String)
        /// Bambu's `pushall`: a full report, please.
        case everything
    }

    static let maximumBytes = 64 * 1024
    static let maximumIDBytes = 128

    var action: Action

    /// Nil for another device's topic, and for what cannot be read: there is no request id to answer to.
    init?(topic: String, payload: [UInt8], device: String, kind: DeviceKind) {
        guard payload.count <= Self.maximumBytes, let document = try? DocumentParser.parse(payload, file: "request") else { return nil }
        let action: Action?
        if kind == .filamentPrinter {
            guard topic == "device/\(device)/request" else { return nil }
            action = Self.bambuAction(document)
        } else {
            let prefix = "devices/\(device)/commands/"
            guard topic.hasPrefix(prefix) else { return nil }
            action = document["requestId"]?.text.map { .command(name: String(topic.dropFirst(prefix.count)), requestID: $0) }
        }
        guard let action else { return nil }
        if case .command(let name, let id) = action {
            guard !id.isEmpty, id.utf8.count <= Self.maximumIDBytes, name.utf8.count <= Self.maximumIDBytes else { return nil }
        }
        self.action = action
    }

    private static func bambuAction(_ document: DocumentNode) -> Action? {
        if document["pushing"]?["command"]?.text == "pushall" { return .everything }
        guard let name = document["print"]?["command"]?.text, let id = document["print"]?["sequence_id"]?.text else { return nil }
        return .command(name: name, requestID: id)
    }

    static func commands(of kind: DeviceKind) -> [String] {
        kind == .filamentPrinter ? ["resume", "stop", "pause"] : ["clear-jam", "clean-head", "cool-down", "slow-down", "restart"]
    }

    /// The device a topic is addressed to: `devices/{id}/commands/{name}` or `device/{id}/request`.
    static func device(of topic: String) -> Substring? {
        let parts = topic.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 4, parts[0] == "devices", parts[2] == "commands" { return parts[1] }
        if parts.count == 3, parts[0] == "device", parts[2] == "request" { return parts[1] }
        return nil
    }
}

/// What a device says to a command.
enum DeviceAnswer: Sendable, Equatable {
    case ok
    case failed(String)

    private var failure: String? { if case .failed(let reason) = self { reason } else { nil } }

    func nativePayload(requestID: String, at: Int64) -> [UInt8] {
        JSONWriter.object { writer in
            writer.member("ts", at)
            writer.member("requestId", requestID)
            writer.member("outcome", failure == nil ? "ok" : "failed")
            writer.member("reason", failure)
        }
    }

    func bambuPayload(command: String, requestID: String) -> [UInt8] {
        JSONWriter.object { writer in
            writer.object("print") { writer in
                writer.member("command", command)
                writer.member("sequence_id", requestID)
                writer.member("param", "")
                writer.member("result", failure == nil ? "success" : "failed")
                writer.member("reason", failure ?? "")
            }
        }
    }
}

/// The last requests of a device and what it said to them; nil for nothing.
struct AnsweredRequests: Sendable {
    static let capacity = 64
    private var answers: [(id: String, answer: DeviceAnswer?)] = []

    /// Nil when the request is new; otherwise the answer, or nil inside for silence.
    subscript(id: String) -> DeviceAnswer?? { answers.first { $0.id == id }?.answer }

    mutating func remember(_ id: String, _ answer: DeviceAnswer?) {
        if answers.count == Self.capacity { answers.removeFirst() }
        answers.append((id, answer))
    }
}

extension DocumentNode {
    subscript(name: String) -> DocumentNode? { member(name) }
}
