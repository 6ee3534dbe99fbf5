import Documents
import Testing

@testable import Telemetry

/// Numbers that no sensor can have are not known, and nothing is made of them.
@Suite struct ImpossibleValueTests {
    private static let profile = """
        { profile: "sensor", messages: [{ topic: "t/{device}" }],
          metrics: {
            temp: { pointer: "/temp", unit: "Cel", unknown: [-327.68, 85, "n/a"], minimum: -273.15, maximum: 327.67 },
            raw: { pointer: "/raw", unit: "V", unknown: [65535, 0xFFFE], scale: 0.1, offset: -5, maximum: 100 },
            other: { pointer: "/other", unit: "Cel", unitFrom: "unit", unknown: [999], minimum: -50, maximum: 150 },
            pages: { pointer: "/pages", kind: "counter", unknown: 4294967295, minimum: 0 },
            "{name}": { pointer: "/any/{name}", kind: "any", unknown: [255, "-"], maximum: 1000 },
            line: { pointer: "/text", match: "T={value}", unknown: [-127], maximum: 200 },
            mode: { pointer: "/mode", kind: "state", unknown: [255] },
          } }
        """

    /// The value that is taken, "?" for an unknown one; and how many were counted.
    @Test(
        arguments: [
            (#"{"temp":21.5}"#, ["temp": "21.5"], 0), (#"{"temp":-327.68}"#, ["temp": "?"], 1), (#"{"temp":85}"#, ["temp": "?"], 1),
            (#"{"temp":85.5}"#, ["temp": "85.5"], 0), (#"{"temp":-273.15}"#, ["temp": "-273.15"], 0),
            (#"{"temp":-273.16}"#, ["temp": "?"], 1),
            (#"{"temp":327.67}"#, ["temp": "327.67"], 0), (#"{"temp":2000}"#, ["temp": "?"], 1), (#"{"temp":6553.5}"#, ["temp": "?"], 1),
            // As a device sends it that keeps 24 bits.
            (#"{"temp":-327.67999267578125}"#, ["temp": "?"], 1),
            // As texts, with a unit and in another one.
            (#"{"temp":"85"}"#, ["temp": "?"], 1), (#"{"temp":"85.0 °C"}"#, ["temp": "?"], 1),
            (#"{"temp":"273.15 K"}"#, ["temp": "0.0"], 0),
            (#"{"temp":"1000 K"}"#, ["temp": "?"], 1), (#"{"temp":"n/a"}"#, ["temp": "?"], 0), (#"{"temp":null}"#, ["temp": "?"], 0),
            // Sentinels are compared as sent, bounds with the value.
            (#"{"raw":300}"#, ["raw": "25.0"], 0), (#"{"raw":65535}"#, ["raw": "?"], 1), (#"{"raw":65534}"#, ["raw": "?"], 1),
            (#"{"raw":1050}"#, ["raw": "100.0"], 0), (#"{"raw":1051}"#, ["raw": "?"], 1),
            (#"{"other":212,"unit":"F"}"#, ["other": "100.0"], 0), (#"{"other":999,"unit":"F"}"#, ["other": "?"], 1),
            (#"{"other":400,"unit":"F"}"#, ["other": "?"], 1), (#"{"other":140}"#, ["other": "140.0"], 0),
            (#"{"other":400}"#, ["other": "?"], 1),
            (#"{"pages":4294967294}"#, ["pages": "4294967294.0"], 0), (#"{"pages":4294967295}"#, ["pages": "?"], 1),
            (#"{"pages":-1}"#, ["pages": "?"], 1),
            (#"{"any":{"a":7}}"#, ["a": "7.0"], 0), (#"{"any":{"a":1001}}"#, ["a": "?"], 1), (#"{"any":{"b":"on"}}"#, ["b": "on"], 0),
            (#"{"text":"T=20"}"#, ["line": "20.0"], 0), (#"{"text":"T=-127"}"#, ["line": "?"], 1), (#"{"text":"T=201"}"#, ["line": "?"], 1),
            (#"{"mode":255}"#, ["mode": "?"], 0), (#"{"mode":254}"#, ["mode": "254"], 0),
        ] as [(String, [String: String], Int)])
    func whatIsListedOrOutsideIsUnknown(_ payload: String, _ expected: [String: String], _ counted: Int) throws {
        var bench = try DecoderBench(Self.profile)
        let decoded = try bench.decode(Array(payload.utf8))
        let values = Dictionary(
            uniqueKeysWithValues: decoded.readings.map { reading in
                let slot = bench.layout[reading.slot]
                let text = slot.kind == .state && !reading.isUnknown ? slot.states[Int(reading.value)] : "\(reading.value)"
                return (slot.name, reading.isUnknown ? "?" : text)
            })
        #expect(values == expected)
        #expect(decoded.impossibleValues == counted)
        #expect(decoded.fieldProblem == nil)
    }

    @Test(arguments: [
        ("{ pointer: \"/a\", minimum: 5, maximum: 5 }", "\"minimum\" must be below \"maximum\""),
        ("{ pointer: \"/a\", kind: \"state\", minimum: 5 }", "are for numbers"),
        ("{ pointer: \"/a\", unknown: [true] }", "\"unknown\" lists words and numbers"),
        ("{ pointer: \"/a\", minimum: \"low\" }", "number"),
    ])
    func mistakesAreTold(_ metric: String, _ expected: String) throws {
        let text = "{ profile: \"test\", messages: [{ topic: \"t/{device}\" }], metrics: { a: \(metric) } }"
        let problems = try #require(throws: DocumentProblems.self) { try ProfileReader.read(Array(text.utf8), file: "t.json") }
        #expect("\(problems)".contains(expected), "\(problems)")
    }
}
