import Testing

@testable import Telemetry

/// JSON as devices write it.
@Suite struct JSONRepairTests {
    private static let profile = """
        { profile: "loose", messages: [{ topic: "t/{device}" }],
          metrics: {
            temp: { pointer: "/temp", unit: "Cel" }, hum: { pointer: "/hum" }, mode: { pointer: "/mode", kind: "state" },
            "list.{n}": { pointer: "/list/{n}" },
          } }
        """

    private static let texts = """
        { profile: "texts", messages: [{ topic: "a/{device}", format: "auto" }, { topic: "x/{device}", format: "text" }],
          metrics: { value: { pointer: "/value" } } }
        """

    /// What the first document says, and how many follow.
    @Test(
        arguments: [
            (#"{"temp": NaN, "hum": 40.5}"#, ["temp": "?", "hum": "40.5"], 0), (#"{"temp":nan}"#, ["temp": "?"], 0),
            (#"{"temp":-nan,"hum":1}"#, ["temp": "?", "hum": "1.0"], 0), (#"{"temp":Infinity}"#, ["temp": "?"], 0),
            (#"{"temp":-Infinity}"#, ["temp": "?"], 0), (#"{"temp":+inf}"#, ["temp": "?"], 0), (#"{"temp":-INF }"#, ["temp": "?"], 0),
            (#"{"temp":-nan(ind),"hum":2}"#, ["temp": "?", "hum": "2.0"], 0),
            (#"{"list":[NaN,1,-Infinity]}"#, ["list.1": "1.0"], 0), (#"{"mode":NaN}"#, ["mode": "?"], 0),
            ("\u{FEFF}{\"temp\":1}", ["temp": "1.0"], 0), ("{\"temp\":1}\0", ["temp": "1.0"], 0),
            ("{\"temp\":1}\0\0\r\n ", ["temp": "1.0"], 0),
            // In a text it is a text.
            (#"{"mode":"a: NaN, \"NaN\"","temp":NaN}"#, ["mode": #"a: NaN, "NaN""#, "temp": "?"], 0),
            (#"{"mode":"\\","temp":inf}"#, ["mode": #"\"#, "temp": "?"], 0),
            (#"{"temp":1}{"temp":2}"#, ["temp": "1.0"], 1), ("{\"temp\":1}\n{\"temp\":2}\n{\"temp\":3}\n", ["temp": "1.0"], 2),
            ("\u{1E}{\"temp\":1}\n\u{1E}{\"temp\":2}\n", ["temp": "1.0"], 1), ("{\"temp\":NaN}\0{\"temp\":2}", ["temp": "?"], 1),
            (#"{"hum":0,"temp":null}"#, ["hum": "0.0", "temp": "?"], 0),
        ] as [(String, [String: String], Int)])
    func isReadWhereTheMeaningIsPlain(_ payload: String, _ expected: [String: String], _ further: Int) throws {
        var bench = try DecoderBench(Self.profile)
        let decoded = try bench.decode(Array(payload.utf8))
        #expect(decoded.readings.count == expected.count)
        for reading in decoded.readings {
            let slot = bench.layout[reading.slot]
            let text = slot.kind == .state && !reading.isUnknown ? slot.states[Int(reading.value)] : "\(reading.value)"
            #expect(expected[slot.name] == (reading.isUnknown ? "?" : text))
        }
        #expect(bench.decoder.takeFurtherDocuments()?.documents.count ?? 0 == further)
        #expect(!bench.decoder.hasFurtherDocuments)
    }

    @Test(arguments: [
        #"{"temp":1}{"temp":"#, #"{"temp":hot}"#, #"{"temp":NaNo}"#, #"{"temp":1}junk"#, #"{"temp":1},{"temp":2}"#, "{\"temp\":1}]",
        "\u{FEFF}", "\0\0",
        #"{NaN:1}"#, #"{"temp":- nan}"#, #"{"temp":nan(}"#, #"{"temp":nan(aaaaaaaaaaaaaaaaaaaaaaaaaaaaa)}"#, #"{"temp":--inf}"#, "NaN",
        #"{"temp":1 NaN}"#,
        #"{'temp':NaN}"#, #"{"temp":"NaN}"#, #"{"temp":NaN"#, #"{"temp":-"#, #"{"temp":i"#,
    ])
    func theRestIsRefused(_ payload: String) throws {
        var bench = try DecoderBench(Self.profile)
        #expect(throws: DecodeError.self) { try bench.decode(Array(payload.utf8)) }
        #expect(!bench.decoder.hasFurtherDocuments)
    }

    @Test func documentsAreBounded() throws {
        var bench = try DecoderBench(Self.profile)
        _ = try bench.decode(Array(String(repeating: #"{"temp":1}"#, count: 1000).utf8))
        let further = try #require(bench.decoder.takeFurtherDocuments())
        #expect(further.documents.count == 63 && further.dropped == 936)
        // Every document has readable bytes behind it.
        #expect(further.documents.allSatisfy { $0.upperBound + MessageDecoder.padding <= further.bytes.count })
    }

    @Test(arguments: [
        ("x/a", "\u{FEFF}21.5", "21.5"), ("x/a", "21.5\0", "21.5"), ("x/a", "-nan", "?"), ("x/a", "Infinity", "?"),
        ("a/a", "\u{FEFF}21.5\0\0", "21.5"),
        ("a/a", "\u{FEFF}{\"value\":NaN}", "?"), ("a/a", "{\"value\":3}\0", "3.0"),
    ])
    func textsWithoutWhatIsNoText(_ topic: String, _ payload: String, _ expected: String) throws {
        var bench = try TopicBench(Self.texts)
        #expect(try bench.part(topic, payload).values == ["value": expected])
    }
}
