import Testing

@testable import Telemetry

/// A profile, its layout and a decoder: what one message says, by name.
struct DecoderBench {
    var layout: ProfileLayout
    let decoder: MessageDecoder

    init(_ profile: String, maximumBytes: Int = 1 << 20) throws {
        layout = ProfileLayout(try ProfileReader.read(Array(profile.utf8), file: "test.json"))
        decoder = try #require(MessageDecoder(maximumBytes: maximumBytes))
    }

    mutating func decode(_ payload: [UInt8], message: Int = 0, root: Int32 = 0) throws -> DecodedMessage {
        let padded = payload + Array(repeating: UInt8(ascii: "x"), count: MessageDecoder.padding)
        var decoded = DecodedMessage()
        try padded.withUnsafeBytes {
            try decoder.decode(
                UnsafeRawBufferPointer(rebasing: $0[..<payload.count]), message: message, root: root, layout: &layout, into: &decoded)
        }
        return decoded
    }

    /// Readings as text by name: a number, a state's name, or "?" for unknown.
    mutating func read(_ payload: String, message: Int = 0) throws -> [String: String] {
        // In two steps: the layout may learn while it decodes.
        let decoded = try decode(Array(payload.utf8), message: message)
        return try values(decoded)
    }

    func values(_ decoded: DecodedMessage) throws -> [String: String] {
        var values: [String: String] = [:]
        for reading in decoded.readings {
            let slot = layout[reading.slot]
            let text = reading.isUnknown ? "?" : slot.kind == .state ? slot.states[Int(reading.value)] : "\(reading.value)"
            #expect(values.updateValue(text, forKey: slot.name) == nil, "\(slot.name) was read twice")
        }
        return values
    }

    static let native = """
        { profile: "native", messages: [{ topic: "d/{device}", time: { pointer: "/ts" } }],
          metrics: {
            status: { pointer: "/status", kind: "state", states: ["idle", "busy"] },
            pages: { pointer: "/pages", kind: "counter" },
            temp: { pointer: "/temp", kind: "gauge", unit: "Cel" },
            "{name}": { pointer: "/{name}" },
          },
          supplies: { "{slot}": { level: "/supplies/{slot}", capacity: 200, unknownLevels: [199], counter: "pages" } },
          alerts: [{ pointer: "/errors" }],
        }
        """

    static let nested = """
        { profile: "nested", messages: [{ topic: "d/{device}", requires: "/print" }],
          metrics: { "unit.{unit}.temp": { pointer: "/print/ams/{unit=id}/temp" } },
          supplies: { "{unit}.{tray}": { level: "/print/ams/{unit=id}/tray/{tray=id}/remain" } },
          alerts: [{ pointer: "/print/hms", hexPair: { prefix: "HMS_", high: "attr", low: "code" } }],
        }
        """
}
