import Documents
import Testing

@testable import Telemetry

/// Texts that are too long for a state, and more of them than a state keeps: the word before does not hold any more.
@Suite struct StateTextTests {
    private static let profile = """
        { profile: "p", messages: [{ topic: "t/{device}" }],
          metrics: { message: { pointer: "/message", kind: "state" }, "{name}": { pointer: "/more/{name}", kind: "any" } } }
        """

    private func text(_ bench: inout DecoderBench, _ payload: String) throws -> String? {
        let decoded = try bench.decode(Array(payload.utf8))
        let reading = try #require(decoded.readings.first)
        return reading.isUnknown ? nil : bench.layout[reading.slot].states[Int(reading.value)]
    }

    @Test func aLongTextIsCut() throws {
        var bench = try DecoderBench(Self.profile)
        let whole = String(repeating: "x", count: 64)
        #expect(try text(&bench, #"{"message":"\#(whole)"}"#) == whole)
        let cut = String(repeating: "x", count: 61) + "…"
        #expect(try text(&bench, #"{"message":"\#(whole)y"}"#) == cut)
        #expect(cut.utf8.count == ProfileLayout.maximumNameBytes)
        // The same beginning is the same value, and learned once.
        #expect(try text(&bench, #"{"message":"\#(whole) and more"}"#) == cut)
        #expect(bench.layout.slots.first?.states == [whole, cut])
        // No character is cut in two.
        let umlauts = String(repeating: "ü", count: 40)
        #expect(try text(&bench, #"{"message":"\#(umlauts)"}"#) == String(repeating: "ü", count: 30) + "…")
        #expect(try text(&bench, #"{"more":{"note":"\#(whole)y"}}"#) == cut)
    }

    @Test func oneTextTooManyIsUnknown() throws {
        var bench = try DecoderBench(Self.profile)
        for number in 0..<ProfileLayout.maximumStates { #expect(try text(&bench, #"{"message":"m\#(number)"}"#) == "m\(number)") }
        let decoded = try bench.decode(Array(#"{"message":"new"}"#.utf8))
        #expect(decoded.readings.map(\.isUnknown) == [true])
        #expect(decoded.fieldProblem?.kind == .notAState)
        #expect(try text(&bench, #"{"message":"m7"}"#) == "m7")
    }
}
