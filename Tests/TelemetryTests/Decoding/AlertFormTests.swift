import Testing

@testable import Telemetry

/// Codes as bits of octets, and codes put together from the members of a row.
@Suite struct AlertFormTests {
    private func codes(_ list: String, _ payload: String, former: [String] = []) throws -> [ReportedCode]? {
        var bench = try DecoderBench("{ profile: \"p\", messages: [{ topic: \"p/{device}\" }], alerts: [\(list)] }")
        let decoded = try bench.decode(Array(payload.utf8))
        return decoded.alerts.first.map { bench.decoder.codes(of: $0, layout: bench.layout, former: former) }
    }

    /// Bit 0 is the high bit of the first octet, in every form in which octets come.
    @Test(
        arguments: [
            (#""40""#, ["noPaper"]), (#""0x40""#, ["noPaper"]), (#""40 00""#, ["noPaper"]), (#""40:01""#, ["noPaper"]), ("64", ["noPaper"]),
            (#""QA==""#, ["noPaper"]), (#""QAA=""#, ["noPaper"]), ("[64]", ["noPaper"]), ("[64,0]", ["noPaper"]),
            ("[64.0,4]", ["noPaper", "inputTrayEmpty"]),
            (#""8004""#, ["lowPaper", "inputTrayEmpty"]), ("32772", ["lowPaper", "inputTrayEmpty"]),
            (#""gAQ=""#, ["lowPaper", "inputTrayEmpty"]),
            (#""@\u0000""#, ["noPaper"]), (#""\u0080\u0004""#, ["lowPaper", "inputTrayEmpty"]), (#""\u0004""#, ["jammed"]),
            (#"["no-paper","jammed"]"#, ["noPaper", "jammed"]), ("[]", []), ("0", []), (#""00""#, []), (#""0000""#, []),
            (#""2000ffff""#, ["lowToner"]),
            // Nothing is said, or nothing that can be understood: nothing changes.
            (#""""#, nil), ("null", nil), (#""OK""#, nil), ("-1", nil), ("65536", nil), (#""4""#, nil), ("true", nil), ("{}", nil),
        ] as [(String, [String]?)]) func errorState(_ value: String, _ expected: [String]?) throws
    {
        #expect(try codes(#"{ pointer: "/e", errorState: true }"#, "{\"e\":\(value)}")?.map(\.code) == expected)
    }

    /// One octet says nothing of the bits of the second.
    @Test func whatTheOctetsDoNotTellStays() throws {
        let list = #"{ pointer: "/e", errorState: true }"#
        #expect(try codes(list, #"{"e":"20"}"#, former: ["noPaper", "outputFull"])?.map(\.code) == ["lowToner", "outputFull"])
        #expect(try codes(list, #"{"e":"2000"}"#, former: ["noPaper", "outputFull"])?.map(\.code) == ["lowToner"])
        #expect(try codes(list, #"{"e":[256]}"#, former: ["noPaper"])?.map(\.code) == ["noPaper"])
    }

    private static let rows = """
        { pointer: ["/alerts", "/prtAlert"], code: "a-{code|Code}-{group}-{index}", severityMember: ["level", "Level"],
          severities: { "3": "critical", warning: "warning" }, textMember: "text", severity: "minor", ignore: ["a-7-*", "a-9-1-1"],
          codes: { "a-8-*": { severity: "major", text: "Jam" }, "a-8-13-*": { text: "Jam in the path" }, "a-8-13-2": { text: "Jam 2" } } }
        """

    @Test(
        arguments: [
            (#"{"code":8,"group":8,"index":1,"level":3,"text":"Paper\u0000 stuck"}"#, "a-8-8-1", .major, "Paper stuck"),
            (#"{"Code":8,"group":13,"index":1,"Level":3}"#, "a-8-13-1", .critical, "Jam in the path"),
            (#"{"code":8,"group":13,"index":2,"level":"5"}"#, "a-8-13-2", .minor, "Jam 2"),
            (#"{"code":"x","group":1,"level":"warning","text":""}"#, "a-x-1-", .warning, "a-x-1-"),
        ] as [(String, String, Severity, String)]) func aRow(_ row: String, _ code: String, _ severity: Severity, _ text: String) throws
    {
        let found = try codes(Self.rows, "{\"alerts\":[\(row)]}")
        #expect(found == [ReportedCode(code: code, severity: severity, text: text, playbook: nil)])
        #expect(try codes(Self.rows, "{\"prtAlert\":[\(row),\(row)]}")?.map(\.code) == [code], "one code, one alarm")
    }

    @Test func whatIsNoAlarm() throws {
        #expect(
            try codes(Self.rows, #"{"alerts":[{"code":7,"group":1,"index":1},{"code":9,"group":1,"index":1},{"other":1},5,null]}"#) == [])
        #expect(try codes(Self.rows, #"{"alerts":[{"code":9,"group":1,"index":2}]}"#)?.map(\.code) == ["a-9-1-2"])
    }

    @Test(
        arguments: [
            (#"{ pointer: "/e", code: "plain" }"#, "\"code\" holds members"), (#"{ pointer: "/e", code: "{a" }"#, "\"code\" holds members"),
            (#"{ pointer: "/e", code: "{a|}" }"#, "\"code\" holds members"),
            (#"{ pointer: "/e", code: "{a}", errorState: true }"#, "only one of"),
            (#"{ pointer: "/e", severities: { "3": "bad" } }"#, "must mean one of critical"),
            (#"{ pointer: ["/e", "x"] }"#, "a pointer begins with /"),
        ]) func mistakes(_ list: String, _ says: String)
    {
        do {
            _ = try codes(list, "{}")
            Issue.record("taken")
        } catch {
            #expect("\(error)".contains(says), "\(error)")
        }
    }
}
