import Documents
import TestSupport
import Testing

@testable import Telemetry

@Suite struct MessageDecoderTests {
    @Test func readsNumbersTextsAndLevels() throws {
        var bench = try DecoderBench(DecoderBench.native)
        let decoded = try bench.decode(
            Array(
                #"{"ts":1700000000123,"status":"busy","pages":12,"temp":"26.5 °C","wifi":-66.5,"supplies":{"black":100,"cyan":"50"},"errors":["jam"]}"#
                    .utf8))
        #expect(
            try bench.values(decoded) == [
                "status": "busy", "pages": "12.0", "temp": "26.5", "wifi": "-66.5", "supply.black": "50.0", "supply.cyan": "25.0",
            ])
        #expect(decoded.deviceMilliseconds == 1_700_000_000_123)
        #expect(decoded.alerts.count == 1)
        #expect(decoded.fieldProblems == 0)
        #expect(try bench.read(#"{"temp":"-66 °C"}"#) == ["temp": "-66.0"])
    }

    @Test(arguments: ["-1", "-2", "-3", "null", "-0.5", "\"-1\"", "199", "-1e300"]) func thisLevelIsUnknown(_ level: String) throws {
        var bench = try DecoderBench(DecoderBench.native)
        #expect(try bench.read("{\"supplies\":{\"black\":\(level)}}") == ["supply.black": "?"])
    }

    @Test func levelsAreBoundedByTheCapacity() throws {
        var bench = try DecoderBench(DecoderBench.native)
        #expect(try bench.read(#"{"supplies":{"black":210}}"#) == ["supply.black": "100.0"])
        let decoded = try bench.decode(Array(#"{"supplies":{"black":500}}"#.utf8))
        #expect(decoded.readings.count == 1 && decoded.readings.allSatisfy(\.isUnknown))
        #expect(decoded.fieldProblem == FieldProblem(kind: .outOfRange, name: "supply.black"))
        #expect(try bench.read(#"{"supplies":{"black":0}}"#) == ["supply.black": "0.0"])
    }

    @Test func unknownIsNoNumber() throws {
        var bench = try DecoderBench(DecoderBench.native)
        #expect(try bench.read(#"{"temp":null,"status":null,"pages":null}"#) == ["temp": "?", "status": "?", "pages": "?"])
    }

    @Test(arguments: [
        (#"{"temp":"hot"}"#, FieldProblem.Kind.notANumber, "temp"), (#"{"temp":true}"#, .notANumber, "temp"),
        (#"{"temp":"1e+999"}"#, .outOfRange, "temp"), (#"{"ts":"soon"}"#, .badTime, "/ts"),
        (#"{"temp":1,"temp":2}"#, .twice, "temp"),
    ]) func oneBadMemberIsNamedAndTheRestIsTaken(_ payload: String, _ kind: FieldProblem.Kind, _ name: String) throws {
        var bench = try DecoderBench(DecoderBench.native)
        let decoded = try bench.decode(Array((payload.dropLast() + #","pages":5}"#).utf8))
        #expect(decoded.fieldProblem == FieldProblem(kind: kind, name: name))
        #expect(try bench.values(decoded) == ["pages": "5.0"])
        #expect(decoded.deviceMilliseconds == nil)
    }

    /// Nobody knows which of two the device means, however deep what stands twice is.
    @Test(arguments: [
        #"{"supplies":{"black":50},"temp":1,"supplies":{"black":90}}"#, #"{"supplies":{"black":50,"black":90},"temp":1}"#,
        #"{"errors":["jam"],"temp":1,"errors":[]}"#,
        #"{"supplies":{"black":50},"temp":1,"supplies":{"cyan":1},"supplies":{}}"#,
    ]) func whatStandsTwiceIsNotTaken(_ payload: String) throws {
        var bench = try DecoderBench(DecoderBench.native)
        for _ in 0..<2 {
            let decoded = try bench.decode(Array(payload.utf8))
            #expect(try bench.values(decoded) == ["temp": "1.0"])
            #expect(decoded.alerts.isEmpty)
            #expect(decoded.deviceMilliseconds == nil)
            #expect(decoded.fieldProblem?.kind == .twice)
        }
    }

    @Test func integersAtTheEdge() throws {
        var bench = try DecoderBench(DecoderBench.native)
        for (text, expected) in [
            ("9223372036854775807", 0x1p63), ("9223372036854775808", 0x1p63), ("18446744073709551615", 0x1p64),
            ("-9223372036854775808", -0x1p63),
        ] {
            #expect(try bench.read("{\"temp\":\(text)}") == ["temp": "\(expected)"])
            #expect(try bench.decode(Array("{\"ts\":\(text)}".utf8)).readings.isEmpty)
        }
        for text in ["18446744073709551616", "-9223372036854775809", "1e999"] {
            // simdjson refuses such a number with its document; what matters is that it is refused with a reason.
            do {
                let read = try bench.decode(Array("{\"temp\":\(text)}".utf8))
                #expect(read.readings.allSatisfy { $0.value.isFinite })
            } catch { #expect("\(error)".hasPrefix("not JSON: ")) }
        }
    }

    @Test func whatIsNoMessageIsRefusedWithAReason() throws {
        var bench = try DecoderBench(DecoderBench.native, maximumBytes: 100_000)
        let cases: [([UInt8], String)] = [
            ([], "empty"), (Array("5".utf8), "single value"), (Array("\"x\"".utf8), "single value"), (Array("null".utf8), "single value"),
            (Array("{".utf8), "not JSON"), (Array("{\"a\":1}}".utf8), "not JSON"),
            ([0x7B, 0x22, 0xC3, 0x28, 0x22, 0x3A, 0x31, 0x7D], "not JSON"),
            ([0], "not JSON"), (Array("{\"temp\":1}x".utf8) + [0], "not JSON"), (Array("NaN".utf8), "not JSON"),
            (Array(repeating: UInt8(ascii: "["), count: 10_000) + Array(repeating: UInt8(ascii: "]"), count: 10_000), "not JSON"),
            (Array("{\"a\":".utf8) + Array(repeating: 0x20, count: 100_000), "at most 100000"),
            (Array(repeating: UInt8(ascii: "["), count: 20 << 20), "at most 100000"),
        ]
        for (payload, words) in cases {
            do {
                _ = try bench.decode(payload)
                Issue.record("taken: \(payload.prefix(20))")
            } catch { #expect("\(error)".contains(words), "\(payload.prefix(20)): \(error)") }
        }
        #expect(try bench.read(#"{"temp":3}"#) == ["temp": "3.0"])
        #expect(try bench.read("[1,2,3]").count <= 3)
        #expect(try bench.read(String(repeating: "{\"deep\":", count: 60) + "1" + String(repeating: "}", count: 60)).isEmpty)
    }

    @Test func aTruncatedMessageIsNeverTaken() throws {
        var bench = try DecoderBench(DecoderBench.native)
        let payload = Array(
            #"{"ts":1700000000123,"status":"busy","supplies":{"black":43,"cyan":null},"errors":["jam",{"a":[1]}],"temp":182.5}"#.utf8)
        for length in 0..<payload.count {
            #expect(throws: DecodeError.self) { try bench.decode(Array(payload[..<length])) }
        }
        #expect(try bench.read(String(decoding: payload, as: UTF8.self)).count == 4)
    }

    @Test func hexPairsAreWrittenAsTheMakerWritesThem() throws {
        var bench = try DecoderBench(DecoderBench.nested)
        let decoded = try bench.decode(
            Array(
                #"{"print":{"hms":[{"attr":50331904,"code":65543},{"attr":-1,"code":4294967295},{"attr":1},{"attr":50331904,"code":65543},7]}}"#
                    .utf8))
        #expect(
            bench.decoder.codes(of: try #require(decoded.alerts.first), layout: bench.layout).map(\.code)
                == ["HMS_0300_0100_0001_0007", "HMS_FFFF_FFFF_FFFF_FFFF"])
    }

    @Test func codesAreBounded() throws {
        var bench = try DecoderBench(DecoderBench.native)
        let many = (0..<500).map { "\"e\($0)\"" }.joined(separator: ",")
        let decoded = try bench.decode(Array("{\"errors\":[\"\(String(repeating: "x", count: 999))\",\"\",null,{},5,true,\(many)]}".utf8))
        let codes = bench.decoder.codes(of: try #require(decoded.alerts.first), layout: bench.layout).map(\.code)
        #expect(codes.count == 64)
        #expect(codes[0].utf8.count == 64)
        #expect(codes[1...3] == ["5", "true", "e0"])
    }

    @Test func listItemsAreNamedByTheirMember() throws {
        var bench = try DecoderBench(DecoderBench.nested)
        let first =
            #"{"print":{"ams":[{"id":"0","temp":"26.2","tray":[{"id":"3","remain":70},{"id":"1","remain":-1}]},{"id":1,"temp":30}]}}"#
        let expected = ["unit.0.temp": "26.2", "supply.0.3": "70.0", "supply.0.1": "?", "unit.1.temp": "30.0"]
        #expect(try bench.read(first) == expected)
        // The place in the list means nothing, and neither does that of the name among the members.
        let turned =
            #"{"print":{"ams":[{"temp":30,"id":1},{"tray":[{"remain":-1,"id":"1"},{"remain":70,"id":"3"}],"temp":"26.2","id":"0"}]}}"#
        #expect(try bench.read(turned) == expected)
        #expect(try bench.read(#"{"print":{"ams":[{"temp":30},{"id":{},"temp":3},{"id":null,"temp":2},7,[]]}}"#).isEmpty)
        #expect(try bench.read(#"{"info":{"ams":[{"id":1,"temp":30}]}}"#).isEmpty)
    }

    @Test func theOrderOfMembersDoesNotMatter() throws {
        let members = [
            #""ts":1700000000000"#, #""status":"odd""#, #""pages":5"#, #""supplies":{"a":1,"b":2}"#, #""errors":["x"]"#, #""zeta":1"#,
            #""temp":2"#,
        ]
        let seed: UInt64 = 5
        print("member order seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var reference = try DecoderBench(DecoderBench.native)
        let expected = try reference.read("{" + members.joined(separator: ",") + "}")
        #expect(expected.count == 6)
        var reused = try DecoderBench(DecoderBench.native)
        for _ in 0..<100 {
            var fresh = try DecoderBench(DecoderBench.native)
            let payload = "{" + members.shuffled(using: &generator).joined(separator: ",") + "}"
            #expect(try fresh.read(payload) == expected, "seed \(seed): \(payload)")
            #expect(try reused.read(payload) == expected, "seed \(seed): \(payload)")
        }
    }

    @Test func learnedNamesAreBoundedAndCounted() throws {
        var bench = try DecoderBench(DecoderBench.native)
        for batch in 0..<60 {
            let names = (0..<100).map { "\"n\(batch)_\($0)\":\($0)" }.joined(separator: ",")
            _ = try bench.decode(Array("{\(names)}".utf8))
        }
        #expect(bench.layout.slots.count == ProfileLayout.maximumSlots)
        #expect(bench.layout.nodes.count == ProfileLayout.maximumNodes)
        #expect(bench.layout.refusedNames > 1000)
        for index in 0..<500 { _ = try bench.decode(Array("{\"status\":\"s\(index)\"}".utf8)) }
        #expect(bench.layout.slots[0].states.count == ProfileLayout.maximumStates)
        // What was known before still reads.
        #expect(try bench.read(#"{"temp":1,"pages":2,"status":"idle"}"#) == ["temp": "1.0", "pages": "2.0", "status": "idle"])
        let decoded = try bench.decode(Array(#"{"status":"another","brandnew":1}"#.utf8))
        // One word too many is no word that is known, and no longer the one before.
        #expect(decoded.readings == [Reading(slot: SlotIndex(place: 0), value: 0, isUnknown: true)])
        #expect(decoded.fieldProblems == 2)
    }

    @Test(arguments: ["", String(repeating: "n", count: 65), "a\u{1}b", "a\u{7F}"]) func unusableNamesAreNotLearned(_ name: String) throws {
        var bench = try DecoderBench(DecoderBench.native)
        var writer = JSONWriter()
        writer.beginObject()
        writer.member(name, 5)
        writer.endObject()
        #expect(try bench.decode(writer.bytes).readings.isEmpty)
    }

    /// "Every further number" of a device must not take the place of what the profile names.
    @Test func aHostileNameTakesNoOtherSlot() throws {
        var bench = try DecoderBench(
            """
            { profile: "p", messages: [{ topic: "d/{device}" }],
              metrics: { state: { pointer: "/x/state", kind: "state", states: ["idle"] }, "{name}": { pointer: "/{name}" } },
              supplies: { "{slot}": { level: "/supplies/{slot}" } } }
            """)
        #expect(try bench.read(#"{"supplies":{"black":50}}"#) == ["supply.black": "50.0"])
        #expect(try bench.read(#"{"supply.black":1e9,"state":7,"supply.cyan":3}"#)["supply.black"] == nil)
        #expect(try bench.read(#"{"supplies":{"black":-1},"x":{"state":"idle"}}"#) == ["supply.black": "?", "state": "idle"])
        let cyan = try bench.read(#"{"supplies":{"cyan":40}}"#)
        let slot = try #require(bench.layout.slot(named: "supply.cyan"))
        #expect(cyan["supply.cyan"] == nil || bench.layout[slot].kind == .level)
    }

    @Test func repliesAreFoundByTheirPointers() throws {
        let rule = ReplyRule(
            topic: try TopicPattern("r/{device}"), requestID: try PathPattern("/print/id"), outcome: try PathPattern("/print/result"),
            success: ["ok", "0"], reason: try PathPattern("/print/why"))
        let bench = try DecoderBench(DecoderBench.native)
        func reply(_ text: String) throws -> CommandReply? {
            let bytes = Array(text.utf8)
            let padded = bytes + Array(repeating: 0, count: MessageDecoder.padding)
            return try padded.withUnsafeBytes { try bench.decoder.readReply(UnsafeRawBufferPointer(rebasing: $0[..<bytes.count]), rule) }
        }
        #expect(
            try reply(#"{"print":{"why":"busy","result":"no","id":7}}"#)
                == CommandReply(requestID: "7", succeeded: false, outcome: "no", reason: "busy"))
        #expect(
            try reply(#"{"print":{"result":0,"id":"c-1"}}"#) == CommandReply(requestID: "c-1", succeeded: true, outcome: "0", reason: nil))
        #expect(try reply(#"{"print":{"id":"c-1"}}"#) == nil)
        #expect(try reply(#"[1]"#) == nil)
        #expect(try reply(#"7"#) == nil)
        #expect(throws: DecodeError.self) { try reply("") }
        #expect(throws: DecodeError.self) { try reply("{") }
    }
}
