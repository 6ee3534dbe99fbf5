import Testing

@testable import Telemetry

/// Codes that are no list: one number or text, a text with several, an object, bits, and events.
@Suite struct AlertValueTests {
    private func bench(_ rule: String) throws -> DecoderBench {
        try DecoderBench("{ profile: \"p\", messages: [{ topic: \"p/{device}\" }], alerts: [{ pointer: \"/e\", \(rule) }] }")
    }

    private func codes(_ rule: String, _ value: String) throws -> [ReportedCode]? {
        var bench = try bench(rule)
        let decoded = try bench.decode(Array("{\"e\":\(value)}".utf8))
        return decoded.alerts.first.map { bench.decoder.codes(of: $0, layout: bench.layout) }
    }

    @Test(
        arguments: [
            ("17", ["17"]), (#""E21""#, ["E21"]), (#""0241""#, ["0241"]), (#""1E5""#, ["1E5"]), ("true", ["true"]),
            ("[17,\"a\"]", ["17", "a"]),
            ("0", []), ("0.0", []), (#""""#, []), (#""none""#, []), (#"" OK ""#, []), (#""No error""#, []), (#""0x0000""#, []),
            ("false", []),
            // A list names codes, whatever they are called.
            (#"["none"]"#, ["none"]),
            // Neither that there is one nor that there is none.
            ("null", nil), (#""unknown""#, nil), (#""n/a""#, nil), ("{}", nil),
        ] as [(String, [String]?)]) func oneValue(_ value: String, _ expected: [String]?) throws
    {
        #expect(try codes("severity: \"minor\"", value)?.map(\.code) == expected)
    }

    @Test func theProfileSaysWhichWordsAreCodes() throws {
        let rule = #"ignore: ["READY", "W*"], codes: { "0": { text: "Reset" }, W7: { severity: "critical" }, unknown: {} }"#
        #expect(try codes(rule, #""READY""#) == [])
        #expect(try codes(rule, "0")?.map(\.text) == ["Reset"])
        #expect(try codes(rule, #""unknown""#)?.map(\.code) == ["unknown"])
        // What `codes` says of this very code wins over a pattern of `ignore`.
        #expect(try codes(rule, #""W3""#) == [])
        #expect(try codes(rule, #""W7""#)?.map(\.severity) == [.critical])
        #expect(try codes(#"ignore: ["*"], codes: { E21: {} }"#, #"["E21","E22"]"#)?.map(\.code) == ["E21"])
    }

    @Test func severalInOneText() throws {
        let rule = #"separator: ",", suffixes: { "-error": "major", "-warning": "warning", "-report": "ignore" }, severity: "minor""#
        let found = try codes(rule, #""media-empty-error, toner-low-warning,cover-open,timed-out-report,media-empty-warning""#)
        #expect(found?.map(\.code) == ["media-empty", "toner-low", "cover-open"])
        #expect(found?.map(\.severity) == [.major, .warning, .minor])
        #expect(try codes(rule, #""none""#) == [])
        #expect(try codes(rule, #"["media-jam-error"]"#)?.map(\.code) == ["media-jam"])
        #expect(try codes(rule, "\"" + String(repeating: "x,", count: 500) + "\"")?.count == 1)
        #expect(try codes(rule, "\"" + (0..<500).map { "c\($0)" }.joined(separator: ",") + "\"")?.count == MessageDecoder.maximumCodes)
    }

    @Test func oneObject() throws {
        let rule = #"member: "code", textMember: "text""#
        #expect(try codes(rule, #"{"code":"E1","text":"Jam"}"#)?.map(\.text) == ["Jam"])
        #expect(try codes(rule, #"{"code":0}"#) == [])
        #expect(try codes(rule, #"{"text":"?"}"#) == nil)
        #expect(try codes(rule, #"{"code":null}"#) == nil)
        #expect(try codes(#"hexPair: { high: "a", low: "b" }"#, #"{"a":1,"b":2}"#)?.map(\.code) == ["0000_0001_0000_0002"])
    }

    /// The level of Bambu Lab's codes is the upper half of a number.
    @Test func aSeverityThatIsAPartOfANumber() throws {
        let rule = """
            hexPair: { prefix: "H_", high: "attr", low: "code" }, severityMember: "code", severityShift: 16, severityMask: 0xFF, severity: "minor",
            severities: { "1": "critical", "2": "major", "3": "warning", "4": "ignore" }, codes: { "H_0000_0001_0004_0009": { severity: "major" } }
            """
        func severity(_ code: Int) throws -> [Severity]? { try codes(rule, "[{\"attr\":1,\"code\":\(code)}]")?.map(\.severity) }
        #expect(try severity(0x1_0001) == [.critical])
        #expect(try severity(0x2_0001) == [.major])
        #expect(try severity(0x3_000B) == [.warning])
        #expect(try severity(0x4_0001) == [])
        #expect(try severity(0x5_0001) == [.minor])
        #expect(try severity(0x4_0009) == [.major], "what the profile says of the very code counts")
        let plain = #"severityShift: 8, severities: { "1": "critical", "2": "ignore" }"#
        #expect(try codes(plain, "[256,512,3]")?.map(\.severity) == [.critical, .major])
    }

    @Test func aNumberByItsHexadecimalDigits() throws {
        #expect(try codes(#"hexNumber: { prefix: "P_" }"#, "50364420")?.map(\.code) == ["P_0300_8004"])
        #expect(try codes("hexNumber: { digits: 4 }", "[965,0]")?.map(\.code) == ["03C5", "0000"])
        #expect(try codes("hexNumber: {}", #""50348044""#)?.map(\.code) == ["0300_400C"])
        #expect(try codes("hexNumber: {}", "-1")?.map(\.code) == ["FFFF_FFFF"])
        #expect(try codes("hexNumber: {}", "0") == [])
        #expect(try codes("hexNumber: {}", #""0""#) == [])
        #expect(try codes("hexNumber: {}", #""0300""#) == nil)
    }

    @Test(
        arguments: [
            ("9", ["door", "hot"]), (#""9""#, ["door", "hot"]), (#""0x09""#, ["door", "hot"]), ("0", []), (#""09""#, nil), (#""on""#, nil),
            ("[9]", nil),
            ("-9223372036854775808", ["bit-63"]), ("18446744073709551615", nil),
        ] as [(String, [String]?)]) func bits(_ value: String, _ expected: [String]?) throws
    {
        let found = try codes(#"bits: { "0": "door", "3": "hot" }"#, value)?.map(\.code)
        if value.hasPrefix("18") { #expect(found?.count == 64) } else { #expect(found == expected) }
    }

    @Test func bitsOfAHexadecimalText() throws {
        #expect(try codes(#"hex: true, bits: { "0": "door", "3": "hot" }"#, #""0009""#)?.map(\.code) == ["door", "hot"])
        #expect(try codes(#"hex: true, bits: { "4": "ten" }"#, #""10""#)?.map(\.code) == ["ten"])
        #expect(try codes(#"hex: true, bits: {}"#, #""xyz""#) == nil)
    }

    @Test func events() throws {
        let rule = #"member: "id", event: { member: "state", set: ["SET"], clear: ["CLEAR"] }"#
        func read(_ value: String) throws -> ([String], [String]?) {
            var bench = try bench(rule)
            let decoded = try bench.decode(Array("{\"e\":\(value)}".utf8))
            let alerts = try #require(decoded.alerts.first)
            return (
                bench.decoder.codes(of: alerts, layout: bench.layout).map(\.code),
                bench.decoder.endedCodes(of: alerts, layout: bench.layout)
            )
        }
        #expect(try read(#"{"id":"PAPER OUT","state":"SET"}"#) == (["PAPER OUT"], []))
        #expect(try read(#"{"id":"PAPER OUT","state":"CLEAR"}"#) == ([], ["PAPER OUT"]))
        #expect(try read(#"{"id":"PAPER OUT","state":"MAYBE"}"#) == ([], []))
        #expect(
            try read(#"[{"id":"a","state":"SET"},{"id":"b","state":"CLEAR"},{"id":"a","state":"CLEAR"},{"id":"c","state":"SET"}]"#) == (
                ["c"], ["b", "a"]
            ))
    }

    @Test(
        arguments: [
            (#"event: { member: "s", set: ["1"], clear: ["0"] }"#, "\"event\" needs"),
            (#"member: "c", event: { member: "s", set: ["1"], clear: ["1"] }"#, "cannot mean both"),
            (#"member: "c", event: { member: "s", set: ["1"] }"#, "clear"),
            (#"member: "c", separator: ",""#, "\"separator\" is what stands"), (#"separator: """#, "\"separator\" is what stands"),
            (#"severityShift: 16"#, "needs \"severities\""), (#"hex: true"#, "belongs to \"bits\""),
            (#"hexNumber: { digits: 17 }"#, "\"digits\" must be"), (#"hexNumber: {}, member: "a""#, "only one of"),
            (#"suffixes: { "-error": "bad" }"#, "must mean one of critical, major, minor, warning, ignore"),
            (
                #"member: "c", event: { member: "s", set: ["1"], clear: ["0"] }, supplies: [{ codes: ["a"], supply: "x", level: [0, 5] }]"#,
                "cannot say"
            ),
        ]) func mistakes(_ rule: String, _ says: String)
    {
        do {
            _ = try codes(rule, "0")
            Issue.record("taken")
        } catch {
            #expect("\(error)".contains(says), "\(error)")
        }
    }
}
