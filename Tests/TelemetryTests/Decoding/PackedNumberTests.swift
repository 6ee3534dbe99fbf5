import Testing

@testable import Telemetry

/// Values that are some bits of a number, and texts that may or may not be numbers.
@Suite struct PackedNumberTests {
    private func read(_ metrics: String, _ payload: String) throws -> [String: String] {
        var bench = try DecoderBench("{ profile: \"p\", messages: [{ topic: \"p/{device}\" }], metrics: { \(metrics) } }")
        return try bench.read(payload)
    }

    private func problem(_ metrics: String, _ payload: String) throws -> FieldProblem.Kind? {
        var bench = try DecoderBench("{ profile: \"p\", messages: [{ topic: \"p/{device}\" }], metrics: { \(metrics) } }")
        return try bench.decode(Array(payload.utf8)).fieldProblem?.kind
    }

    /// Actual and wanted temperature of a nozzle in one number; a list's items named by their own member.
    @Test func twoMetricsOfOneNumber() throws {
        let metrics = """
            "nozzle.{n}.temp": { pointer: "/info/{n=id}/temp", mask: 0xFFFF }, "nozzle.{n}.target": { pointer: "/info/{n=id}/temp", shift: 16, mask: 0xFFFF },
            """
        #expect(
            try read(metrics, #"{"info":[{"id":0,"temp":14745934},{"id":1,"temp":40}]}"#) == [
                "nozzle.0.temp": "334.0", "nozzle.0.target": "225.0", "nozzle.1.temp": "40.0", "nozzle.1.target": "0.0",
            ])
    }

    /// A measured value in the upper 14 of 16 bits, and two switches, as sensors with IO-Link send them.
    @Test(
        arguments: [
            (#""03C5""#, "241.0", "1", "0"), (#""0x03c5""#, "241.0", "1", "0"), (#""03 C5""#, "241.0", "1", "0"),
            (#"" 03:C5 ""#, "241.0", "1", "0"), (#""03-C5""#, "241.0", "1", "0"), ("965", "241.0", "1", "0"),
            (#""FFFE""#, "-1.0", "0", "1"), (#""8000""#, "-8192.0", "0", "0"), (#""03E5""#, "249.0", "1", "0"),
            (#""1E5""#, "121.0", "1", "0"),
            (#""AA000003C5""#, "241.0", "1", "0"), ("null", "?", "?", "?"), (#""""#, "?", "?", "?"),
        ] as [(String, String, String, String)]) func processData(_ value: String, _ number: String, _ first: String, _ second: String)
        throws
    {
        let metrics = """
            level: { pointer: "/pdin", hex: true, shift: 2, signedBits: 14 },
            out1: { pointer: "/pdin", hex: true, mask: 1, kind: "state" },
            out2: { pointer: "/pdin", hex: true, shift: 1, mask: 1, kind: "state" },
            """
        #expect(try read(metrics, "{\"pdin\":\(value)}") == ["level": number, "out1": first, "out2": second])
    }

    @Test(
        arguments: [
            ("shift: 4", "-16", "-1.0"), ("mask: 255", "-1", "255.0"), ("signedBits: 16", "65535", "-1.0"),
            ("signedBits: 8", "127", "127.0"),
            ("shift: 63", "18446744073709551615", "1.0"), ("hex: true", #""FFFFFFFFFFFFFFFF""#, "1.8446744073709552e+19"),
            ("hex: true, signedBits: 64", #""FFFFFFFFFFFFFFFF""#, "-1.0"), ("shift: 1000", "5", "0.0"), ("mask: 15", "23.0", "7.0"),
            ("mask: 15", #""23""#, "7.0"), ("hex: true, shift: 120, mask: 255", #""AB000000000000000000000000000000""#, "171.0"),
            // The field is what `unknown`, bounds, scale and offset speak of.
            ("mask: 0xFFFF, unknown: [0xFFFF]", "131071", "?"), ("mask: 255, scale: 0.5, offset: -10", "266", "-5.0"),
            ("mask: 255, maximum: 100", "357", "?"),
            // IEEE 754: 21.5 in 32 bits, with what else the process data hold on both sides; -2.25 in 64; one that is no number.
            ("hex: true, floatBits: 32", #""41AC0000""#, "21.5"), ("hex: true, shift: 16, floatBits: 32", #""FFFF41AC00000001""#, "21.5"),
            ("hex: true, floatBits: 64", #""C002000000000000""#, "-2.25"), ("floatBits: 32", "1101791232", "21.5"),
            ("hex: true, floatBits: 32", #""7FC00000""#, "?"), ("hex: true, floatBits: 32, scale: 2, maximum: 40", #""41AC0000""#, "?"),
        ] as [(String, String, String)]) func fields(_ keys: String, _ value: String, _ expected: String) throws
    {
        #expect(try read("v: { pointer: \"/v\", \(keys) }", "{\"v\":\(value)}") == ["v": expected])
    }

    @Test(arguments: [#""03G5""#, #""0x""#, "1.5", "true", #""-5""#]) func whatIsNoHexadecimalNumber(_ value: String) throws {
        #expect(try problem("v: { pointer: \"/v\", hex: true }", "{\"v\":\(value)}") == .notWhole)
    }

    @Test func anInfiniteNumberIsOutOfRange() throws {
        #expect(try problem("v: { pointer: \"/v\", hex: true, floatBits: 32 }", #"{"v":"7F800000"}"#) == .outOfRange)
    }

    @Test func statesOfBits() throws {
        let metrics =
            #"side: { pointer: "/state", kind: "state", shift: 4, mask: 15, values: { "0": "right", "1": "left" }, unknown: [15] }"#
        #expect(try read(metrics, #"{"state":274}"#) == ["side": "left"])
        #expect(try read(metrics, #"{"state":2}"#) == ["side": "right"])
        #expect(try read(metrics, #"{"state":240}"#) == ["side": "?"])
        #expect(try read(metrics, #"{"state":32}"#) == ["side": "2"])
    }

    @Test(
        arguments: [
            (#"{ pointer: "/v", shift: -1 }"#, "\"shift\" must be a whole number"), (#"{ pointer: "/v", mask: 0 }"#, "\"mask\" must be"),
            (#"{ pointer: "/v", mask: 1, kind: "any" }"#, "needs a kind other than"),
            (#"{ pointer: "/v", hex: true, text: "decimal" }"#, "either \"decimal\" or hex"),
            (#"{ pointer: "/v", text: "decimal", kind: "state" }"#, "\"text\" is for the numbers"),
            (#"{ pointer: "/v", text: "hex" }"#, "\"text\" cannot be"), (#"{ pointer: "/v", match: "{value} V", mask: 1 }"#, "cannot both"),
            (#"{ pointer: "/v", floatBits: 33 }"#, "\"floatBits\" is 32 or 64"),
            (#"{ pointer: "/v", floatBits: 32, signedBits: 16 }"#, "\"floatBits\" and \"signedBits\" cannot both"),
            (#"{ pointer: "/v", unit: "V", unitFrom: "u", mask: 1 }"#, "no \"unitFrom\""),
        ]) func mistakes(_ metric: String, _ says: String)
    {
        do {
            _ = try read("v: \(metric)", "{}")
            Issue.record("taken")
        } catch {
            #expect("\(error)".contains(says), "\(error)")
        }
    }

    // MARK: Texts that look like numbers

    @Test(
        arguments: [
            ("21.5", 21.5), (" 21.5 ", 21.5), ("+3", 3), ("-05", -5), ("-4.2e-3", -0.0042), ("1e-05", 0.00001), ("1e+16", 1e16),
            ("1.0E5", 1e5),
            ("0", 0), ("0.5", 0.5), ("000123.4", 123.4), ("05 %", 5), ("0241 W", 241), ("-4E3", -4000), ("20°C", 20),
        ]) func plainNumbers(_ text: String, _ value: Double) throws
    {
        #expect(try read(#"v: { pointer: "/v" }"#, "{\"v\":\"\(text)\"}") == ["v": "\(value)"])
    }

    @Test(arguments: ["03E5", "1E5", "1e5", "0241", "007", "00", "12E3", "5E3 W"]) func identifiersAreNoNumbers(_ text: String) throws {
        #expect(try read(#"v: { pointer: "/v" }"#, "{\"v\":\"\(text)\"}") == [:])
        #expect(try problem(#"v: { pointer: "/v" }"#, "{\"v\":\"\(text)\"}") == .mayBeIdentifier)
        // As a state it is what was sent, and where the first value decides it is a state.
        #expect(try read(#"v: { pointer: "/v", kind: "state" }"#, "{\"v\":\"\(text)\"}") == ["v": text])
        #expect(try read(#"v: { pointer: "/v", kind: "any" }"#, "{\"v\":\"\(text)\"}") == ["v": text])
    }

    @Test func theProfileMaySayThatTheyAre() throws {
        #expect(try read(#"v: { pointer: "/v", text: "decimal" }"#, #"{"v":"0241"}"#) == ["v": "241.0"])
        #expect(try read(#"v: { pointer: "/v", text: "decimal" }"#, #"{"v":"1E5"}"#) == ["v": "100000.0"])
        #expect(try read(#"v: { pointer: "/v", values: { "0241": 7 } }"#, #"{"v":"0241"}"#) == ["v": "7.0"])
        // A pattern says itself where the number stands.
        #expect(try read(#"v: { pointer: "/v", match: "E({value})" }"#, #"{"v":"E(0042)"}"#) == ["v": "42.0"])
    }
}
