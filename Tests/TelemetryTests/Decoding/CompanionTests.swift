import Documents
import Testing

@testable import Telemetry

/// What other members tell of a value: whether it holds, of which type it is, in which unit.
@Suite struct CompanionTests {
    private static let profile = """
        { profile: "tags", namesPerDevice: true, messages: [{ topic: "t/{device}" }],
          metrics: {
            flag: { pointer: "/flag/v", quality: { from: "q", good: [true, 192, "Good"] } },
            mode: { pointer: "/mode/v", kind: "state", quality: { from: "q", good: [true] } },
            opc: { pointer: "/opc/Value", quality: { from: "StatusCode", good: "opcUA" } },
            da: { pointer: "/da/v", quality: { from: "/daQuality", good: "opcDA" } },
            temp: { pointer: "/temp/v", unit: "Cel", unitFrom: "u", quality: { from: "q", good: [0] } },
            "open.{name}": [
              { pointer: "/values/{name}", kind: "any" },
              { pointer: "/errors/{name}", kind: "any", unknown: true },
            ],
            "tag.{name}": { pointer: "/tags/{name=name}/v", kind: "any", quality: { from: "q", good: [true] } },
            pages: [{ pointer: "/pages", kind: "counter" }, { pointer: "/failed/pages", kind: "counter", unknown: true }],
            "typed.{name}": { pointer: "/typed/{name=n}/value", kind: "any", stateWhen: { from: "type", in: ["String", "Bool"] } },
            "told.{name}": { pointer: "/told/{name=n}/value", unitFrom: "units" },
          } }
        """

    @Test(
        arguments: [
            (#"{"flag":{"v":5,"q":true}}"#, ["flag": "5.0"], nil), (#"{"flag":{"q":192,"v":5}}"#, ["flag": "5.0"], nil),
            (#"{"flag":{"v":5,"q":"192"}}"#, ["flag": "5.0"], nil), (#"{"flag":{"v":5,"q":"Good"}}"#, ["flag": "5.0"], nil),
            // What is not told says nothing.
            (#"{"flag":{"v":5}}"#, ["flag": "5.0"], nil), (#"{"flag":{"v":5,"q":null}}"#, ["flag": "5.0"], nil),
            (#"{"flag":{"v":0,"q":false}}"#, ["flag": "?"], "\"flag\" has the quality false, so its value is unknown"),
            (#"{"flag":{"v":0,"q":28}}"#, ["flag": "?"], "\"flag\" has the quality 28, so its value is unknown"),
            (#"{"flag":{"v":"junk","q":"Bad"}}"#, ["flag": "?"], "\"flag\" has the quality Bad, so its value is unknown"),
            (#"{"flag":{"v":0,"q":{}}}"#, ["flag": "?"], "\"flag\" has the quality that is no word, so its value is unknown"),
            (#"{"mode":{"v":"on","q":true}}"#, ["mode": "on"], nil), (#"{"mode":{"v":"on","q":false}}"#, ["mode": "?"], "\"mode\""),
            // StatusCode as Part 6 writes it, reversible and not, and as libraries do.
            (#"{"opc":{"Value":1}}"#, ["opc": "1.0"], nil), (#"{"opc":{"Value":1,"StatusCode":0}}"#, ["opc": "1.0"], nil),
            (#"{"opc":{"Value":1,"StatusCode":{}}}"#, ["opc": "1.0"], nil),
            (#"{"opc":{"Value":1,"StatusCode":10682368}}"#, ["opc": "1.0"], nil),
            (#"{"opc":{"Value":1,"StatusCode":"GoodClamped"}}"#, ["opc": "1.0"], nil),
            (#"{"opc":{"Value":1,"StatusCode":"0x00A30000"}}"#, ["opc": "1.0"], nil),
            (#"{"opc":{"Value":1,"StatusCode":1073741824}}"#, ["opc": "?"], "1073741824"),
            (#"{"opc":{"Value":0,"StatusCode":-2147024896}}"#, ["opc": "?"], "-2147024896"),
            (#"{"opc":{"Value":0,"StatusCode":{"Code":2158690304,"Symbol":"BadInvalidArgument"}}}"#, ["opc": "?"], "BadInvalidArgument"),
            (#"{"opc":{"Value":0,"StatusCode":{"value":2158690304,"name":"BadInvalidArgument"}}}"#, ["opc": "?"], "BadInvalidArgument"),
            (#"{"opc":{"Value":0,"StatusCode":"UncertainLastUsableValue"}}"#, ["opc": "?"], "Uncertain"),
            (#"{"da":{"v":3},"daQuality":192}"#, ["da": "3.0"], nil), (#"{"da":{"v":3},"daQuality":216}"#, ["da": "3.0"], nil),
            (#"{"da":{"v":3},"daQuality":64}"#, ["da": "?"], "64"), (#"{"da":{"v":3},"daQuality":0}"#, ["da": "?"], "quality 0"),
            (#"{"temp":{"v":212,"u":"F","q":0}}"#, ["temp": "100.0"], nil), (#"{"temp":{"v":212,"u":"F","q":3}}"#, ["temp": "?"], "3"),
            // An error in place of a value, of a kind that is known and of one that is not known yet.
            (#"{"pages":7}"#, ["pages": "7.0"], nil), (#"{"failed":{"pages":3002}}"#, ["pages": "?"], "\"pages\" has the error 3002"),
            (#"{"failed":{"pages":null}}"#, [:], nil), (#"{"errors":{"A":3002}}"#, [:], "\"open.A\" has the error 3002"),
            (#"{"tags":[{"name":"x","v":0,"q":false}]}"#, [:], "\"tag.x\" has the quality false"),
            // The type decides, and not what the value looks like.
            (#"{"typed":[{"n":"a","value":"42","type":"String"}]}"#, ["typed.a": "42"], nil),
            (#"{"typed":[{"n":"a","value":"true","type":"Bool"}]}"#, ["typed.a": "true"], nil),
            (#"{"typed":[{"n":"a","value":"1.25e+02","type":"Float64"}]}"#, ["typed.a": "125.0"], nil),
            (#"{"typed":[{"n":"a","value":"[1, 2]","type":"Int8Array"}]}"#, [:], "is no number"),
            (#"{"typed":[{"n":"a","value":"42"}]}"#, ["typed.a": "42.0"], nil),
        ] as [(String, [String: String], String?)])
    func oneMessage(_ payload: String, _ expected: [String: String], _ problem: String?) throws {
        var bench = try DecoderBench(Self.profile)
        let decoded = try bench.decode(Array(payload.utf8))
        #expect(Self.values(decoded, bench.layout) == expected)
        #expect(decoded.fieldProblem.map { "\($0)".contains(problem ?? "nothing") } ?? (problem == nil), "\(decoded.fieldProblem as Any)")
    }

    private static func values(_ decoded: DecodedMessage, _ layout: ProfileLayout) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: decoded.readings.map { reading in
                let slot = layout[reading.slot]
                let text = slot.kind == .state && !reading.isUnknown ? slot.states[Int(reading.value)] : "\(reading.value)"
                return (slot.name, reading.isUnknown ? "?" : text)
            })
    }

    /// What was known under a name is unknown, whichever kind it was; the bad value decides no kind.
    @Test func whatWasKnownIsUnknown() throws {
        var bench = try DecoderBench(Self.profile)
        _ = try bench.decode(Array(#"{"values":{"A":5,"B":"on"},"errors":{"C":1}}"#.utf8))
        let decoded = try bench.decode(Array(#"{"values":{"A":6},"errors":{"B":3002}}"#.utf8))
        #expect(Self.values(decoded, bench.layout) == ["open.A": "6.0", "open.B": "?"])
        _ = try bench.decode(Array(#"{"tags":[{"name":"x","v":"","q":false}]}"#.utf8))
        let later = try bench.decode(Array(#"{"tags":[{"name":"x","v":4,"q":true}]}"#.utf8))
        #expect(Self.values(later, bench.layout) == ["tag.x": "4.0"])
    }

    @Test func theDeviceTellsTheUnit() throws {
        var bench = try DecoderBench(Self.profile)
        _ = try bench.decode(
            Array(#"{"told":[{"n":"a","value":5,"units":"°C"},{"n":"b","value":5,"units":"Furlong"},{"n":"c","value":5}]}"#.utf8))
        let units = bench.layout.slots.filter { $0.name.hasPrefix("told.") }.map { "\($0.name) \($0.unit)" }
        #expect(units.sorted() == ["told.a Cel", "told.b Furlong", "told.c "])
    }

    /// modpoll writes the unit behind the name; mpp-solar has a topic for the value and one for the unit.
    @Test func unitsInNamesAndOnTopicsOfTheirOwn() throws {
        var bench = try DecoderBench(
            """
            { profile: "units", namesPerDevice: true,
              messages: [{ name: "poll", topic: "m/{device}" }, { name: "value", topic: "s/{device}/value" }, { name: "unit", topic: "s/{device}/unit" }],
              metrics: {
                "poll.{name}": { message: "poll", pointer: "/{name}", kind: "any", unitAfter: "|", named: { "poll.pages": { kind: "counter" } } },
                volt: [{ message: "value", pointer: "/value" }, { message: "unit", pointer: "/value", isUnit: true }],
              } }
            """)
        let polled = ["poll.temp": "21.0", "poll.mode": "auto", "poll.flow": "3.0", "poll.pages": "7.0"]
        for (message, payload, expected) in [
            (0, #"{"temp|°C":21,"mode":"auto","flow|L/min":3,"pages|{pages}":7,"|V":1}"#, polled), (2, #"{"value":"V"}"#, [:]),
            (1, #"{"value":230}"#, ["volt": "230.0"]), (2, #"{"value":"mV"}"#, [:]),
        ] {
            let found = bench.layout.root(message: message, captures: [])
            let root = try #require(found)
            let decoded = try bench.decode(Array(payload.utf8), message: message, root: root)
            #expect(try bench.values(decoded) == expected)
        }
        let units = bench.layout.slots.map { "\($0.name) \($0.unit)" }
        #expect(units.sorted() == ["poll.flow L/min", "poll.mode ", "poll.pages {pages}", "poll.temp Cel", "volt mV"])
    }

    // MARK: Names, one by one

    private static let named = """
        { profile: "named", messages: [{ topic: "t/{device}" }],
          metrics: {
            "{name}": {
              pointer: "/{name}", maximum: 1000,
              named: {
                Force: { unit: "kN", scale: 0.001, maximum: 5 },
                Pieces: { kind: "counter", unit: "{pieces}" },
                Mode: { kind: "state", values: { "1": "auto" } },
                "Temp*": { unit: "Cel" },
                "TempRaw*": { unit: "V" },
                "*.in.bar": { unit: "bar" }, "*.bar": { unit: "Pa" },
              },
            },
            "{part}.{name}": { pointer: "/parts/{part=id}/{name}", kind: "any", named: { "left.V": { kind: "gauge", unit: "V" } } },
          } }
        """

    @Test func eachNameHasAKindAndAUnit() throws {
        var bench = try DecoderBench(Self.named)
        let text =
            #"{"Force":2500,"Pieces":4,"Mode":1,"TempOven":80,"TempRaw1":2,"Other":9,"Force2":7,"oil.bar":1,"oil.in.bar":2,"parts":[{"id":"left","V":12,"on":true}]}"#
        #expect(
            try bench.read(text) == [
                "Force": "2.5", "Pieces": "4.0", "Mode": "auto", "TempOven": "80.0", "TempRaw1": "2.0", "Other": "9.0", "Force2": "7.0",
                "oil.bar": "1.0", "oil.in.bar": "2.0",
                "left.V": "12.0", "left.on": "true", "left.id": "left",
            ])
        let told = Dictionary(uniqueKeysWithValues: bench.layout.slots.map { ($0.name, "\($0.kind) \($0.unit)") })
        #expect(
            told == [
                "Force": "gauge kN", "Pieces": "counter {pieces}", "Mode": "state ", "TempOven": "gauge Cel", "TempRaw1": "gauge V",
                "Other": "gauge ", "Force2": "gauge ", "oil.bar": "gauge Pa", "oil.in.bar": "gauge bar", "left.V": "gauge V",
                "left.on": "state ", "left.id": "state ", "parts": "gauge ",
            ])
        #expect(try bench.read(#"{"Force":6000,"Other":1001}"#) == ["Force": "?", "Other": "?"])
        // A snapshot knows the slots; what the profile says of them holds again.
        let next = ProfileLayout(bench.layout.profile, remembering: bench.layout.slots)
        #expect(next.slots.map(\.name) == bench.layout.slots.map(\.name))
    }

    @Test(arguments: [
        ("a: { pointer: \"/a\", named: { a: { unit: \"V\" } } }", "\"named\" is for names that"),
        ("\"{n}\": { pointer: \"/{n}\", named: { a: { pointer: \"/b\" } } }", "\"pointer\" is said of all names together"),
        ("\"{n}\": { pointer: \"/{n}\", named: { \"*a*\": { unit: \"V\" } } }", "one * at most"),
        ("\"{n}\": { pointer: \"/{n}\", named: { a: { knd: \"state\" } } }", "did you mean \"kind\""),
        ("a: { pointer: \"/a\", quality: { from: \"q\" } }", "needs \"good\""),
        ("a: { pointer: \"/a\", quality: { from: \"q\", good: \"opcua\" } }", "did you mean \"opcUA\""),
        ("a: { pointer: \"/a\", quality: { from: \"q\", good: [{}] } }", "\"good\" lists words, numbers, true and false"),
        ("a: { pointer: \"/a\", stateWhen: { from: \"t\", in: [\"S\"] } }", "\"stateWhen\" is for the kind \"any\""),
        ("a: { pointer: \"/a\", unitFrom: \"u\" }", "needs \"namesPerDevice\""),
        ("a: { pointer: \"/a\", isUnit: true }", "\"isUnit\" needs \"namesPerDevice\""),
        ("\"{n}\": { pointer: \"/{n}\", unitAfter: \"|\", unit: \"V\" }", "the unit is told twice"),
    ])
    func mistakesAreTold(_ metrics: String, _ expected: String) throws {
        let text = "{ profile: \"test\", messages: [{ topic: \"t/{device}\" }], metrics: { \(metrics) } }"
        let problems = try #require(throws: DocumentProblems.self) { try ProfileReader.read(Array(text.utf8), file: "t.json") }
        #expect("\(problems)".contains(expected), "\(problems)")
    }
}
