import Documents
import Testing

@testable import Telemetry

/// What the profile language can say of values, names and places.
@Suite struct LanguageTests {
    private func bench(_ messages: String, _ metrics: String, _ more: String = "") throws -> TopicBench {
        try TopicBench("{ profile: \"test\", messages: [\(messages)], metrics: { \(metrics) }, \(more) }")
    }

    // MARK: Identity

    /// Slots are counted anew when a sensor goes, so the series follows the id, also of a device whose sibling told none under the same key.
    @Test func aMemberThatTellsAnIdIsCalledByIt() throws {
        var bench = try bench(
            "{ topic: \"t/{device}\" }",
            "\"{sensor}.temp\": { pointer: \"/{sensor=Id}/temp\" }, board: { pointer: \"/ESP/temp\" }")
        #expect(try bench.part("t/old", #"{"DS":{"temp":1},"ESP":{"Id":"x","temp":2}}"#).values == ["DS.temp": "1.0", "board": "2.0"])
        #expect(
            try bench.part("t/a", #"{"DS-1":{"Id":"A1","temp":21},"DS-2":{"Id":"B2","temp":85.5}}"#).values == [
                "A1.temp": "21.0", "B2.temp": "85.5",
            ])
        #expect(try bench.part("t/a", #"{"DS":{"Id":"B2","temp":85.6}}"#).values == ["B2.temp": "85.6"])
        #expect(
            try bench.part("t/a", #"{"DS-1":{"Id":"B2","temp":85.7},"DS-2":{"Id":"C3","temp":19}}"#).values == [
                "B2.temp": "85.7", "C3.temp": "19.0",
            ])
        #expect(try bench.part("t/old", #"{"DS":{"temp":3}}"#).values == ["DS.temp": "3.0"])
    }

    // MARK: Units

    @Test func aUnitThatTheDeviceTellsIsMadeThatOfTheProfile() throws {
        var bench = try bench(
            "{ topic: \"t/{device}\" }",
            """
            "{sensor}.temp": { pointer: "/{sensor}/temp", unit: "Cel", unitFrom: "/TempUnit" },
            "{sensor}.pressure": { pointer: "/{sensor}/pressure", unit: "hPa", unitFrom: "unit", scale: 2 }
            """)
        // The unit may stand behind the values.
        #expect(
            try bench.part("t/a", #"{"in":{"temp":212},"out":{"temp":-40.0},"TempUnit":"F"}"#).values == [
                "in.temp": "100.0", "out.temp": "-40.0",
            ])
        #expect(try bench.part("t/a", #"{"in":{"temp":21.5},"TempUnit":"C"}"#).values == ["in.temp": "21.5"])
        #expect(try bench.part("t/a", #"{"in":{"temp":21.5}}"#).values == ["in.temp": "21.5"])
        #expect(try bench.part("t/a", #"{"in":{"temp":null},"TempUnit":"F"}"#).values == ["in.temp": "?"])
        #expect(try bench.part("t/a", #"{"in":{"pressure":100,"unit":"kPa"}}"#).values == ["in.pressure": "2000.0"])
        let odd = try bench.part("t/a", #"{"in":{"temp":21.5},"TempUnit":"bar"}"#)
        #expect(odd.values.isEmpty && odd.problem == "\"in.temp\" comes in a unit that cannot be made that of the profile")
    }

    @Test(
        arguments: [
            ("\"5.5 kW\"", "5500.0", nil), ("\"5500\"", "5500.0", nil), ("\"5500W\"", "5500.0", nil), ("\"12 parts\"", "12.0", nil),
            ("\"3 A\"", nil, "unit"), ("\"unavailable\"", "?", nil), ("\"NaN\"", "?", nil), ("\"\"", "?", nil),
            ("\"much\"", nil, "no number"),
            ("true", nil, "no number"),
        ] as [(String, String?, String?)])
    func unitsInsideTexts(_ sent: String, _ value: String?, _ problem: String?) throws {
        var bench = try bench("{ topic: \"t/{device}\" }", "power: { pointer: \"/p\", unit: \"W\" }")
        let part = try bench.part("t/a", "{\"p\":\(sent)}")
        #expect(part.values["power"] == value)
        #expect((part.problem == nil) == (problem == nil))
        if let problem { #expect(part.problem?.contains(problem) == true) }
    }

    @Test(arguments: [
        ("Cel", "F", 100, 212), ("K", "C", 0, -273.15), ("hPa", "mmHg", 1, 0.7500615), ("kW.h", "Wh", 1, 1000), ("m/s", "km/h", 10, 36),
        ("min", "h", 90, 1.5), ("psi", "bar", 14.503774, 1),
    ])
    func conversionsAgreeWithTables(_ from: String, _ to: String, _ number: Double, _ expected: Double) throws {
        #expect(abs(try #require(UnitConversion.convert(number, from: from, to: to)) - expected) < 1e-5)
        #expect(abs(try #require(UnitConversion.convert(expected, from: to, to: from)) - number) < 1e-4)
        #expect(UnitConversion.convert(number, from: from, to: from) == number)
        #expect(UnitConversion.convert(number, from: from, to: "lx") == nil)
    }

    // MARK: Unknown

    @Test func wordsAndNumbersThatMeanUnknown() throws {
        var bench = try bench(
            "{ topic: \"t/{device}\" }",
            """
            temp: { pointer: "/temp", unknown: ["-127", "broken"] },
            mode: { pointer: "/mode", kind: "state", unknown: ["n/a", ""] }
            """)
        for value in ["-127", "-127.0", "\"broken\"", "\"-127\"", "null", "\"unavailable\""] {
            #expect(try bench.part("t/a", "{\"temp\":\(value)}").values == ["temp": "?"])
        }
        #expect(try bench.part("t/a", #"{"temp":-126,"mode":"on"}"#).values == ["temp": "-126.0", "mode": "on"])
        #expect(try bench.part("t/a", #"{"mode":"n/a"}"#).values == ["mode": "?"])
        // A state may be called unknown.
        #expect(try bench.part("t/a", #"{"mode":"unknown"}"#).values == ["mode": "unknown"])
    }

    // MARK: Values in texts

    @Test func aTextIsReadByWhatItLooksLike() throws {
        var bench = try bench(
            "{ name: \"json\", topic: \"t/{device}\" }, { name: \"line\", topic: \"l/{device}/{port}\", format: \"text\" }",
            """
            "meter.{code}": { message: "json", pointer: "/serial", match: "{code}({value}*kWh)", kind: "counter", unit: "kW.h" },
            "flow.{code}": { message: "json", pointer: "/serial", match: "{code}({})({value}*m3)", unit: "m3" },
            mode: { message: "json", pointer: "/serial", match: "MODE={value}", kind: "state", unknown: ["?"] },
            "{port}.level": { message: "line", pointer: "/value", match: "L:{value}%", scale: 0.5 }
            """)
        #expect(
            try bench.part("t/a", #"{"serial":" 1.8.1(000123.4*kWh)\r\n2.8.1(7*kWh)\n24.2(99)(3.5*m3)\nMODE=run"}"#).values == [
                "meter.1.8.1": "123.4", "meter.2.8.1": "7.0", "flow.24.2": "3.5", "mode": "run",
            ])
        #expect(try bench.part("t/a", #"{"serial":"MODE=?"}"#).values == ["mode": "?"])
        #expect(try bench.part("t/a", #"{"serial":"hello (1*kW)"}"#).values.isEmpty)
        #expect(try bench.part("t/a", #"{"serial":12}"#) == TopicBench.Part(device: "a"))
        #expect(try bench.part("t/a", #"{"serial":"x(much*kWh)"}"#).problem == "\"meter.x\" is no number")
        #expect(try bench.part("l/a/p1", "L:80%").values == ["p1.level": "40.0"])
        // The first of two in one text counts.
        #expect(try bench.part("t/a", #"{"serial":"x(1*kWh)\nx(2*kWh)"}"#).values == ["meter.x": "1.0"])
    }

    @Test(arguments: ["{value", "value", "{a}{value}", "{value}{value}", "{value} {value}"])
    func textsThatCannotBeReadAreMistakes(_ text: String) {
        #expect(throws: PatternError.self) { try TextPattern(text) }
    }

    // MARK: Names

    @Test func membersWithABeginning() throws {
        var bench = try bench(
            "{ topic: \"t/{device}\" }",
            """
            "{relay}": { pointer: "/{relay:POWER}", kind: "state" },
            "{name}": { pointer: "/{name}" }
            """)
        #expect(
            try bench.part("t/a", #"{"POWER":"ON","POWER12":"OFF","POW":3,"word":"x"}"#).values == [
                "POWER": "ON", "POWER12": "OFF", "POW": "3.0",
            ])
        // A number that begins so is a state as well.
        #expect(try bench.part("t/a", #"{"POWER3":1}"#).values == ["POWER3": "1"])
    }

    @Test func objectsNamedByTheirOwnMember() throws {
        var bench = try bench(
            "{ topic: \"t/{device}\" }",
            """
            "{node}.temp": { pointer: "/nodes/{node=name}/temp" },
            "{lamp}.power": { pointer: "/{lamp:Light=name}/power", kind: "state" }
            """)
        #expect(
            try bench.part("t/a", #"{"nodes":{"0x1":{"name":"oven","temp":180},"0x2":{"temp":20}}}"#).values == [
                "oven.temp": "180.0", "0x2.temp": "20.0",
            ])
        #expect(
            try bench.part("t/a", #"{"LightUpdate":{"name":"hall","power":true},"Other":{"name":"x","power":true}}"#).values == [
                "hall.power": "true"
            ])
    }

    @Test func namesFromThePayload() throws {
        var bench = try bench(
            "{ topic: \"t/{device}\", each: \"/{row}\", names: { sensor: \"/id\", place: \"/where/room\" } }",
            "\"{place}.{sensor}\": { pointer: \"/value\" }")
        #expect(
            try bench.parts(
                "t/a", #"[{"id":"s1","where":{"room":"hall"},"value":4},{"id":7,"where":{"room":"lab"},"value":5},{"value":6}]"#)
                == [
                    TopicBench.Part(device: "a", values: ["hall.s1": "4.0"]), TopicBench.Part(device: "a", values: ["lab.7": "5.0"]),
                ])
    }

    @Test func aRuleMayReadBesideAnother() throws {
        var bench = try bench(
            """
            { name: "plain", topic: "t/{device}" },
            { name: "node", topic: "t/{device}", also: true, each: "/update", names: { node: "/name" } },
            { name: "never", topic: "t/{device}" }
            """,
            """
            power: { message: "plain", pointer: "/power" },
            "{node}.power": { message: "node", pointer: "/power" },
            never: { message: "never", pointer: "/power" }
            """)
        #expect(
            try bench.parts("t/a", #"{"power":3,"update":{"name":"n1","power":4}}"#) == [
                TopicBench.Part(device: "a", values: ["power": "3.0"]), TopicBench.Part(device: "a", values: ["n1.power": "4.0"]),
            ])
    }

    // MARK: Places, formats, times

    @Test func severalPlacesOfOneMetricMayCountDifferently() throws {
        var bench = try bench(
            "{ topic: \"t/{device}\" }",
            "energy: [{ pointer: \"/kwh\", unit: \"kW.h\" }, { pointer: \"/wh\", unit: \"kW.h\", scale: 0.001 }]")
        #expect(try bench.part("t/a", #"{"kwh":2.5}"#).values == ["energy": "2.5"])
        #expect(try bench.part("t/a", #"{"wh":2500}"#).values == ["energy": "2.5"])
    }

    @Test func textOrJSON() throws {
        var bench = try bench(
            "{ topic: \"t/{device}\", format: \"auto\", liveness: { pointer: [\"/state\", \"/value\"], offline: [\"offline\"] } }",
            "state: [{ pointer: \"/state\", kind: \"state\" }, { pointer: \"/value\", kind: \"state\" }]")
        for payload in [#"{ "state" : "offline" }"#, "offline", "\"offline\""] {
            let part = try bench.part("t/a", payload)
            #expect(part.isOffline && part.values == ["state": "offline"])
        }
        #expect(try bench.part("t/a", "online").isOffline == false)
        #expect(throws: DecodeError.self) { try bench.parts("t/a", "{\"state\"") }
    }

    @Test func aPartHasTheTimeOfTheWholeMessageUnlessItHasOne() throws {
        var bench = try bench(
            "{ topic: \"t/{device}\", each: \"/rows/{row}\", time: { pointer: \"/ts\" } }", "v: { pointer: \"/v\" }")
        let parts = try #require(try bench.parts("t/a", #"{"ts":1750000000000,"rows":[{"v":1},{"v":2,"ts":1750000001000}]}"#))
        #expect(parts.map(\.milliseconds) == [1_750_000_000_000, 1_750_000_001_000])
    }

    @Test func ignoredMembersAreNotFurtherOnes() throws {
        var bench = try bench(
            "{ topic: \"t/{device}\" }", "\"{part}.{name}\": { pointer: \"/{part}/{name}\", kind: \"any\" }",
            "ignore: [\"/meta\", \"/{part}/id\"]")
        #expect(
            try bench.part("t/a", #"{"meta":{"x":1},"left":{"id":7,"temp":20,"mode":"auto","on":true}}"#).values == [
                "left.temp": "20.0", "left.mode": "auto", "left.on": "true",
            ])
    }

    @Test func listsOfCodesInSeveralPlaces() throws {
        var bench = try TopicBench(
            """
            { profile: "test", messages: [{ topic: "t/{device}" }], metrics: {},
              alerts: [{ pointer: "/{component}/errors" }] }
            """)
        #expect(
            try bench.part("t/a", #"{"left":{"errors":["hot"]},"right":{"errors":["hot","slow"]}}"#).codes == [
                "left.hot", "right.hot", "right.slow",
            ])
    }

    /// A member that says whether a message has readings may be one of them.
    @Test func aRequiredMemberMayBeAMetric() throws {
        var bench = try bench("{ topic: \"t/{device}\", requires: \"/v\" }", "v: { pointer: \"/v\" }, \"{name}\": { pointer: \"/{name}\" }")
        #expect(try bench.part("t/a", #"{"v":1,"w":2}"#).values == ["v": "1.0", "w": "2.0"])
        #expect(try bench.part("t/a", #"{"w":2}"#).values.isEmpty)
    }

    // MARK: Mistakes

    @Test(arguments: [
        ("{ a: [{ pointer: \"/a\" }, { pointer: \"/b\", unit: \"W\" }] }", "must agree in kind, unit, states and values"),
        ("{ a: [] }", "needs at least one place"), ("{ a: { pointer: \"/a\", kind: \"any\", match: \"{value}\" } }", "needs a kind other"),
        ("{ a: { pointer: \"/a\", unitFrom: \"/u\" } }", "needs a \"unit\" that is known"),
        ("{ a: { pointer: \"/a\", match: \"{x}={value}\" } }", "must hold {x}"),
        ("{ \"{x}\": { pointer: \"/{x:}\" } }", "must be {name}"),
        ("{ a: { pointer: \"/a\", match: \"x\" } }", "{value} must stand there once"),
    ])
    func mistakesAreTold(_ metrics: String, _ expected: String) throws {
        let text = "{ profile: \"test\", messages: [{ topic: \"t/{device}\" }], metrics: \(metrics) }"
        let problems = try #require(throws: DocumentProblems.self) { try ProfileReader.read(Array(text.utf8), file: "t.json") }
        #expect("\(problems)".contains(expected), "\(problems)")
    }

    @Test func sixtyFourMessageRulesAndNoMore() throws {
        func profile(_ count: Int) -> [UInt8] {
            let rules = (0..<count).map { "{ name: \"m\($0)\", topic: \"t/\($0)/{device}\" }" }.joined(separator: ",")
            return Array(
                "{ profile: \"test\", messages: [\(rules)], metrics: { v: { message: \"m\(count - 1)\", pointer: \"/v\" } } }".utf8)
        }
        var bench = try TopicBench(profile(64))
        #expect(try bench.part("t/63/a", #"{"v":1}"#).values == ["v": "1.0"])
        #expect(try bench.part("t/0/a", #"{"v":1}"#).values.isEmpty)
        #expect(throws: DocumentProblems.self) { try ProfileReader.read(profile(65), file: "t.json") }
    }
}
