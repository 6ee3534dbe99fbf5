import Foundation
import Telemetry
import Testing

/// Reads payloads with the gateway's own decoder and the shipped profiles: what it cannot read, the gateway cannot either.
final class ProfileReading {
    private var layout: ProfileLayout
    private let decoder: MessageDecoder
    var decoded = DecodedMessage()

    init(_ name: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("DeviceProfiles/\(name)/\(name).json")
        layout = ProfileLayout(try ProfileReader.read(Array(try Data(contentsOf: file)), file: file.path))
        decoder = try #require(MessageDecoder(maximumBytes: 65_536))
    }

    private func withPadding<T>(_ payload: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
        let padded = payload + [UInt8](repeating: 0, count: MessageDecoder.padding)
        return try padded.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<payload.count])) }
    }

    func read(_ payload: [UInt8]) throws {
        try withPadding(payload) { try decoder.decode($0, message: 0, layout: &layout, into: &decoded) }
    }

    func reply(_ payload: [UInt8]) throws -> CommandReply? {
        try withPadding(payload) { try decoder.readReply($0, layout.profile.replies[0]) }
    }

    func value(_ name: String) -> Double? {
        guard let slot = layout.slot(named: name) else { return nil }
        return decoded.readings.first { $0.slot == slot && !$0.isUnknown }?.value
    }

    func isUnknown(_ name: String) -> Bool {
        guard let slot = layout.slot(named: name) else { return false }
        return decoded.readings.contains { $0.slot == slot && $0.isUnknown }
    }

    func state(_ name: String) -> String? {
        guard let slot = layout.slot(named: name), let value = value(name) else { return nil }
        return layout[slot].states[Int(value)]
    }

    var codes: [String] { decoded.alerts.flatMap { decoder.codes(of: $0, layout: layout).map(\.code) } }

    /// The codes that the profile knows.
    var knownCodes: Set<String> { Set(layout.profile.alerts.flatMap { $0.codes.map(\.code) }) }
}
