import Foundation
import Testing

@testable import Telemetry

/// A profile and a decoder: what a message on a topic says, as the core would take it, part by part.
struct TopicBench {
    struct Part: Equatable {
        var device: String
        /// A number, a state's name, or "?" for unknown, by the metric's name.
        var values: [String: String] = [:]
        var milliseconds: Int64?
        var codes: [String] = []
        var isOffline = false
        var problem: String?
    }
    private(set) var layout: ProfileLayout
    private let decoder: MessageDecoder

    static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "DeviceProfiles")

    /// `DeviceProfiles/NAME/NAME.json`.
    init(shipped name: String) throws {
        try self.init(Array(try Data(contentsOf: Self.directory.appending(path: "\(name)/\(name).json"))))
    }

    init(_ profile: String) throws { try self.init(Array(profile.utf8)) }

    init(_ profile: [UInt8]) throws {
        layout = ProfileLayout(try ProfileReader.read(profile, file: "profile.json"))
        decoder = try #require(MessageDecoder(maximumBytes: 1 << 20))
    }

    /// Nil when no rule reads the topic. Rules beside the one that counts add their parts.
    mutating func parts(_ topic: String, _ payload: String) throws -> [Part]? {
        let name = Array(topic.utf8)
        let found = name.withUnsafeBytes { bytes in
            layout.profile.messages.enumerated().compactMap { index, rule in
                rule.topic.match(bytes).map { (index, String(decoding: bytes[$0], as: UTF8.self), rule.topic.captured(bytes)) }
            }
        }
        let counting = found.enumerated().filter { $0 == 0 || layout.profile.messages[$1.0].isAdditional }.map(\.element)
        guard !counting.isEmpty else { return nil }
        return try counting.flatMap { try read(Array(payload.utf8), message: $0.0, device: $0.1, captures: $0.2) }
    }

    private mutating func read(
        _ payload: [UInt8], message index: Int, device: String, captures: [(name: String, value: String)]
    ) throws -> [Part] {
        let rule = layout.profile.messages[index]
        let padded = payload + Array(repeating: UInt8(ascii: "x"), count: MessageDecoder.padding)
        return try padded.withUnsafeBytes { buffer -> [Part] in
            try decoder.open(UnsafeRawBufferPointer(rebasing: buffer[..<payload.count]), rule)
            var results: [Part] = []
            for part in decoder.parts {
                guard let names = decoder.names(rule.names, of: part) else { continue }
                let root = layout.root(message: index, captures: captures + names) ?? 0
                var decoded = DecodedMessage()
                decoder.read(part, message: index, root: root, layout: &layout, into: &decoded)
                var result = Part(device: part.device ?? device, milliseconds: decoded.deviceMilliseconds)
                result.values = values(decoded)
                for alerts in decoded.alerts {
                    let scope = layout.scope(of: alerts)
                    result.codes += decoder.codes(of: alerts, layout: layout).map { scope + $0.code }
                }
                if let liveness = rule.liveness {
                    let word = liveness.paths.compactMap { decoder.text($0, of: part) }.first
                    result.isOffline = liveness.isAlwaysOffline || word.map { liveness.offline.contains($0) } ?? false
                }
                result.problem = decoded.fieldProblem.map { "\($0)" }
                results.append(result)
            }
            return results
        }
    }

    private func values(_ decoded: DecodedMessage) -> [String: String] {
        var values: [String: String] = [:]
        for reading in decoded.readings {
            let slot = layout[reading.slot]
            let text = slot.kind == .state && !reading.isUnknown ? slot.states[Int(reading.value)] : "\(reading.value)"
            if values.updateValue(reading.isUnknown ? "?" : text, forKey: slot.name) != nil { Issue.record("\(slot.name) was read twice") }
        }
        return values
    }

    /// The one part of a message.
    mutating func part(_ topic: String, _ payload: String) throws -> Part {
        let parts = try #require(try parts(topic, payload))
        #expect(parts.count == 1)
        return try #require(parts.first)
    }

    func unit(_ metric: String) -> String? { layout.slots.first { $0.name == metric }?.unit }
}
