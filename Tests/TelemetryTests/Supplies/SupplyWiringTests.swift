import Testing

@testable import Telemetry

/// Levels through a whole profile: what a message says becomes a value with its resolution, an interval or a named unknown.
@Suite struct SupplyWiringTests {
    private static func profile(_ supply: String) -> String {
        "{ profile: \"p\", messages: [{ topic: \"p/{device}\" }], supplies: { \(supply) } }"
    }

    /// What a message says of each supply, by name; and the first problem.
    private func levels(_ supply: String, _ payload: String) throws -> (levels: [String: SupplyLevel], problem: FieldProblem?) {
        var bench = try DecoderBench(Self.profile(supply))
        let decoded = try bench.decode(Array(payload.utf8))
        var levels: [String: SupplyLevel] = [:]
        for reading in decoded.readings {
            let said = try #require(decoded.supply(reading))
            levels[bench.layout[said.supply].name] = said.level
            #expect(reading.isUnknown == (said.level.percent == nil))
            #expect(said.level.percent.map { $0 == reading.value } ?? true)
        }
        return (levels, decoded.fieldProblem)
    }

    private static let rows = """
        "{i}": { level: "/rows/{i=index}/level", capacityMember: ["max", "capacity"], unitMember: "unit", classMember: "class",
          typeMember: "type" }
        """

    /// A row of the printer MIB as a collector sends it: level, capacity, unit, class and type, each as a number or a word.
    @Test(
        arguments: [
            // -1 other, -2 unknown, -3 some remaining.
            (#""level":-1,"max":100"#, .noLimit), (#""level":-2,"max":-2"#, .unknown(.deviceDoesNotKnow)),
            (#""level":-3,"max":40"#, .interval(low: 2.5, high: 100)), (#""level":-3,"max":-2"#, .interval(low: 0, high: 100)),
            (#""level":"-3","max":"40""#, .interval(low: 2.5, high: 100)),
            // Vendor codes.
            (#""level":-100,"max":100"#, .unknown(.vendorCode)), (#""level":-7,"max":100"#, .unknown(.unlistedCode)),
            // A capacity of 0 or -2 with a percentage in the level.
            (#""level":63,"max":0"#, .percent(63, resolution: 1)), (#""level":63,"max":-2"#, .percent(63, resolution: 1)),
            (#""level":0,"max":0"#, .unknown(.capacityUnknown)), (#""level":0,"max":-2,"unit":19"#, .percent(0, resolution: 1)),
            (#""level":63"#, .percent(63, resolution: 1)), (#""level":630"#, .unknown(.capacityUnknown)),
            // Pages, grams, tenths of them.
            (#""level":1260,"max":8400,"unit":7"#, .percent(15, resolution: 100 / 8400.0)),
            (#""level":30,"max":240,"unit":"grams""#, .percent(12.5, resolution: 100 / 240.0)),
            (#""level":1500,"capacity":6000,"unit":13"#, .percent(25, resolution: 100 / 6000.0)),
            (#""level":35,"max":-2,"unit":7"#, .unknown(.capacityUnknown)),
            (#""level":35,"max":-1,"unit":18"#, .unknown(.capacityUnlimited)),
            (#""level":35,"max":9000,"unit":"percent""#, .unknown(.contradiction)),
            (#""level":35,"max":null"#, .percent(35, resolution: 1)),
            // Much above the capacity; the device says both, so nothing is wrong with the profile.
            (#""level":500,"max":100"#, .unknown(.levelAboveCapacity)), (#""level":104,"max":100"#, .percent(100, resolution: 1)),
            // Receptacles: the level is the space left.
            (#""level":-3,"max":20,"class":4"#, .interval(low: 5, high: 100)),
            (#""level":30,"max":120,"class":4"#, .percent(25, resolution: 100 / 120.0)),
            (#""level":null,"max":100"#, .unknown(.absent)), (#""level":"72 %","max":100"#, .percent(72, resolution: 1)),
        ] as [(String, SupplyLevel)]) func aRow(_ row: String, _ expected: SupplyLevel) throws
    {
        let (levels, problem) = try levels(Self.rows, "{\"rows\":[{\"index\":4,\(row)}]}")
        #expect(levels == ["4": expected])
        #expect(problem == nil)
    }

    /// Some devices count what has been filled in: the profile says so, and means receptacles only.
    @Test(
        arguments: [
            (#""class":4,"#, 80), (#""class":"receptacleThatIsFilled","#, 80), (#""type":"wasteToner","#, 80), (#""type":4,"#, 80),
            (#""type":"Waste-Ink","#, 80), (#""class":3,"#, 20), (#""class":"supplyThatIsConsumed","type":"wasteToner","#, 20),
            (#""class":1,"type":8,"#, 80), (#""type":"toner","#, 20), (#""type":"inkCartridge","#, 20), (#""type":"ink-cartridge","#, 20),
            (#""type":99,"class":"x","#, 80),
        ] as [(String, Double)]) func whatFillsUp(_ members: String, _ left: Double) throws
    {
        let supply = Self.rows.replacing("unitMember", with: "kind: \"filledPart\", unitMember")
        let (levels, _) = try levels(supply, "{\"rows\":[{\"index\":1,\(members)\"level\":20,\"max\":100}]}")
        #expect(levels == ["1": .percent(left, resolution: 1)])
    }

    /// Whatever the members are called, and in whatever order they come.
    @Test func theLevelMayStandInSeveralPlaces() throws {
        let supply = #""{i}": { level: ["/a/{i=I|index|#}/L", "/a/{i=I|index|#}/level", "/b/{i}"], capacityMember: "max" }"#
        let (levels, problem) = try levels(
            supply, #"{"a":[{"max":50,"L":10,"I":7},{"index":"x","level":5,"max":10},{"level":3}],"b":{"y":9}}"#)
        #expect(
            levels == [
                "7": .percent(20, resolution: 2), "x": .percent(50, resolution: 10), "3": .percent(3, resolution: 1),
                "y": .percent(9, resolution: 1),
            ])
        #expect(problem == nil)
    }

    @Test(
        arguments: [
            (
                #""ink": { level: "/ink", capacity: "/full/ink" }"#, #"{"ink":30,"full":{"ink":60}}"#, "ink",
                .percent(50, resolution: 100 / 60.0)
            ),
            (
                #""{c}": { level: "/ink/{c}", capacity: "/full/{c}" }"#, #"{"ink":{"red":30},"full":{"red":40}}"#, "red",
                .percent(75, resolution: 2.5)
            ),
            (#""{c}": { level: "/ink/{c}", capacity: "/full/{c}" }"#, #"{"ink":[1,2],"full":[4,8]}"#, "1", .percent(25, resolution: 12.5)),
            (#""ink": { level: "/ink", capacity: "/full" }"#, #"{"ink":30}"#, "ink", .percent(30, resolution: 1)),
            (
                #""ink": { level: "/ink", capacityMember: "max", capacity: 300 }"#, #"{"ink":30}"#, "ink",
                .percent(10, resolution: 100 / 300.0)
            ),
            (
                #""ink": { level: "/ink", capacityMember: "max", capacity: 300 }"#, #"{"ink":30,"max":60}"#, "ink",
                .percent(50, resolution: 100 / 60.0)
            ),
            (#""ink": { level: "/ink", capacity: 500, unit: "grams" }"#, #"{"ink":125}"#, "ink", .percent(25, resolution: 0.2)),
            // Steps of 10 and of 25 %.
            (#""ink": { level: "/ink", step: 10 }"#, #"{"ink":40}"#, "ink", .percent(40, resolution: 10)),
            (#""ink": { level: "/ink", capacity: 4, step: 25 }"#, #"{"ink":3}"#, "ink", .percent(75, resolution: 25)),
            (#""box": { level: "/box", kind: "filledPart" }"#, #"{"box":90}"#, "box", .percent(10, resolution: 1)),
            (#""box": { level: "/box", kind: "spaceLeft" }"#, #"{"box":90}"#, "box", .percent(90, resolution: 1)),
        ] as [(String, String, String, SupplyLevel)])
    func capacityAndStep(_ supply: String, _ payload: String, _ name: String, _ expected: SupplyLevel) throws {
        #expect(try levels(supply, payload).levels[name] == expected)
    }

    private static let words = """
        ink: { level: "/ink", step: 5, unknownWhen: { member: "tag", in: ["none"] }, unknownLevels: [255],
          values: { "-100": "unknown", "-5": "empty", OK: "someRemaining", low: [1, 10], half: 50, new: "full", "n/a": "noLimit", "254": 90 } }
        """

    @Test(
        arguments: [
            ("\"OK\"", .interval(low: 1, high: 100)), ("\" ok \"", .interval(low: 1, high: 100)), ("\"Low\"", .interval(low: 1, high: 10)),
            ("\"half\"", .percent(50, resolution: 5)), ("\"new\"", .percent(100, resolution: 5)), ("\"n/a\"", .noLimit),
            ("-5", .percent(0, resolution: 5)), ("-100", .unknown(.vendorCode)), ("\"-100\"", .unknown(.vendorCode)),
            ("255", .unknown(.vendorCode)), ("254", .percent(90, resolution: 5)), ("\"58%\"", .percent(58, resolution: 5)),
            ("58,\"tag\":\"none\"", .unknown(.saidToMeanNothing)), ("58,\"tag\":\"A7\"", .percent(58, resolution: 5)),
        ] as [(String, SupplyLevel)]) func wordsAndCodes(_ level: String, _ expected: SupplyLevel) throws
    {
        let (levels, problem) = try levels(Self.words, "{\"ink\":\(level)}")
        #expect(levels == ["ink": expected])
        #expect(problem == nil)
    }

    /// What a gateway's flag says of the level wins over the level, and its word is told.
    @Test(
        arguments: [
            ("{ from: \"q\", good: [true] }", "41,\"q\":true", .percent(41, resolution: 1), nil),
            ("{ from: \"q\", good: [true] }", "41,\"q\":false", .unknown(.saidToMeanNothing), .quality("false")),
            ("{ from: \"q\", good: [true] }", "41", .percent(41, resolution: 1), nil),
            (
                "{ from: \"/state/code\", good: \"opcUA\" }", "0,\"state\":{\"code\":2147483648}", .unknown(.saidToMeanNothing),
                .quality("2147483648")
            ),
        ] as [(String, String, SupplyLevel, FieldProblem.Kind?)])
    func aLevelThatDoesNotHoldIsUnknown(_ quality: String, _ level: String, _ expected: SupplyLevel, _ kind: FieldProblem.Kind?) throws {
        let read = try levels("ink: { level: \"/ink\", quality: \(quality) }", "{\"ink\":\(level)}")
        #expect(read.levels == ["ink": expected])
        #expect(read.problem == kind.map { FieldProblem(kind: $0, name: "supply.ink") })
    }

    /// It loses itself only, is counted, and is shown as what it is.
    @Test func whatCannotBeReadIsAnUnknownThatIsCounted() throws {
        let word = try levels(Self.words, #"{"ink":"plenty"}"#)
        #expect(word.levels == ["ink": .unknown(.notANumber)] && word.problem == FieldProblem(kind: .notANumber, name: "supply.ink"))
        let unit = try levels("ink: { level: \"/ink\" }", #"{"ink":2400}"#)
        #expect(
            unit.levels == ["ink": .unknown(.levelAboveCapacity)] && unit.problem == FieldProblem(kind: .outOfRange, name: "supply.ink"))
    }

    /// One supply, however it is spelt; two of one name in one message are a doubtful message.
    @Test(
        arguments: [
            (#""inkCartridge""#, "ink-cartridge"), (#""ink-cartridge""#, "ink-cartridge"), (#""Black Toner\u0000""#, "Black Toner"),
            (#""43 79 61 6E 20 49 6E 6B""#, "Cyan Ink"), (#""0x4379616E20496E6B00""#, "Cyan Ink"),
            (#""Fuser Kit, PN 115R0042;SN55A1""#, "Fuser Kit"), (#""Drum S/N:QX-4417""#, "Drum"), (#""black""#, "black"), (#""07""#, "07"),
        ] as [(String, String)]) func namesAreCleaned(_ sent: String, _ name: String) throws
    {
        #expect(try levels(#""{n}": { level: "/s/{n}" }"#, "{\"s\":{\(sent):40}}").levels == [name: .percent(40, resolution: 1)])
        #expect(
            try levels(#""{n}": { level: "/s/{n=d}/v" }"#, "{\"s\":[{\"v\":40,\"d\":\(sent)}]}").levels == [
                name: .percent(40, resolution: 1)
            ])
    }

    @Test func twoSpellingsAreOneSupply() throws {
        var bench = try DecoderBench(Self.profile(#""{n}": { level: "/s/{n}" }"#))
        #expect(try bench.read(#"{"s":{"inkCartridge":40}}"#) == ["supply.ink-cartridge": "40.0"])
        #expect(try bench.read(#"{"s":{"ink-cartridge":39}}"#) == ["supply.ink-cartridge": "39.0"])
        #expect(bench.layout.supplies.count == 1)
        let both = try bench.decode(Array(#"{"s":{"ink-cartridge":39,"inkCartridge":40,"black":7}}"#.utf8))
        #expect(try bench.values(both) == ["supply.black": "7.0"])
        #expect(both.fieldProblem == FieldProblem(kind: .twice, name: "supply.ink-cartridge"))
    }

    // MARK: Facts

    @Test func whatStandsBesideTheLevelIsTold() throws {
        let supply = """
            "{i}": { level: "/r/{i=i}/v", typeMember: "t", labelMember: "d", partNumberMember: "p", serialMember: "s" }
            """
        var bench = try DecoderBench(Self.profile(supply))
        func facts(_ row: String, _ known: SupplyFacts = SupplyFacts()) throws -> (SupplyFacts, UInt64) {
            let decoded = try bench.decode(Array("{\"r\":[{\"i\":1,\"v\":5,\(row)}]}".utf8))
            return (bench.decoder.facts(of: decoded.levels[0], layout: bench.layout, updating: known), decoded.levels[0].factsHash)
        }
        let (first, hash) = try facts(#""t":21,"d":"Black Toner, PN 12K9;SN77B\u0000""#)
        #expect((first.type, first.label, first.partNumber, first.serialNumber) == ("toner-cartridge", "Black Toner", "12K9", "77B"))
        #expect(try facts(#""d":"Black Toner, PN 12K9;SN77B\u0000","t":21"#).1 == hash, "the order of the members means nothing")
        // A member of its own wins; the next cartridge has another number; a message without them changes nothing.
        let (second, other) = try facts(#""t":"tonerCartridge","d":"Black Toner, PN 12K9;SN77B","s":"90C","p":"X1""#, first)
        #expect((second.partNumber, second.serialNumber) == ("X1", "90C") && other != hash && second.serialHash != first.serialHash)
        let (same, none) = try facts(#""x":1"#, second)
        #expect(same == second && none == 0)
        #expect(try facts(#""s":null"#, second).0.serialNumber == nil)
        for nothing in ["0000000000", "unknown", "", "CRUM-", "n/a"] {
            #expect(try facts("\"s\":\"\(nothing)\"", second).0.serialHash == nil, "\(nothing)")
        }
    }

    @Test(
        arguments: [
            (#"ink: { level: "/i", step: 0 }"#, "\"step\" is in percent"), (#"ink: { level: "/i", step: 101 }"#, "\"step\" is in percent"),
            (#"ink: { level: "/i", unit: "gramms" }"#, "did you mean \"grams\"?"),
            (#"ink: { level: "/i", kind: "full" }"#, "\"kind\" cannot be"),
            (#"ink: { level: "/i", values: { low: "lots" } }"#, "a level means a percentage"),
            (#"ink: { level: "/i", values: { low: [9, 3] } }"#, "a level means"),
            (#"ink: { level: "/i", values: { low: 101 } }"#, "a level means"), (#"ink: { level: [] }"#, "at least one pointer"),
            (#"ink: { level: ["/i", "j"] }"#, "a pointer begins with /"), (#"ink: { level: "/i", capacity: "/{x}" }"#, "{x} is no part"),
            (#"ink: { level: "/i", capacity: -1 }"#, "\"capacity\" must be above 0"),
            (#"ink: { level: "/i", capacityMembers: "x" }"#, "did you mean \"capacityMember\"?"),
        ]) func mistakes(_ supply: String, _ says: String)
    {
        do {
            _ = try ProfileReader.read(Array(Self.profile(supply).utf8), file: "test.json")
            Issue.record("taken")
        } catch {
            #expect("\(error)".contains(says), "\(error)")
        }
    }
}
