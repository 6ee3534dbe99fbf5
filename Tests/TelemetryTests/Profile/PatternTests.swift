import Testing

@testable import Telemetry

@Suite struct PatternTests {
    private func device(_ pattern: String, _ topic: String) throws -> String? {
        let pattern = try TopicPattern(pattern)
        return Array(topic.utf8).withUnsafeBytes { bytes in
            pattern.match(bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }

    @Test(
        arguments: [
            ("devices/{device}/telemetry", "devices/a/telemetry", "a"),
            ("devices/{device}/telemetry", "devices//telemetry", ""),
            ("devices/{device}/telemetry", "devices/a/telemetry/", nil),
            ("devices/{device}/telemetry", "devices/a/b/telemetry", nil),
            ("devices/{device}/telemetry", "devices/a/telemetri", nil),
            ("devices/{device}/telemetry", "devices/a", nil),
            ("devices/{device}/telemetry", "", nil),
            ("{device}", "x", "x"),
            ("{device}", "", ""),
            ("{device}", "$SYS", nil),
            ("{device}/x", "$SYS/x", nil),
            ("+/{device}", "$SYS/broker", nil),
            ("+/{device}", "site/$odd", "$odd"),
            ("$share-like/{device}", "$share-like/d", "d"),
            ("{site}/{device}/t", "berlin/d1/t", "d1"),
            ("/{device}", "/d", "d"),
            ("a/{device}", "a/../etc", nil),
            ("a/{device}", "a/..", ".."),
            ("a/{device}", "a/+", "+"),
            ("{device}/{relay:POWER}", "saw/POWER", "saw"),
            ("{device}/{relay:POWER}", "saw/POWER2", "saw"),
            ("{device}/{relay:POWER}", "saw/POWE", nil),
            ("{device}/{relay:POWER}", "saw/RESULT", nil),
        ] as [(String, String, String?)])
    func topicsMatch(_ pattern: String, _ topic: String, _ expected: String?) throws {
        #expect(try device(pattern, topic) == expected)
    }

    @Test(arguments: [
        "devices/telemetry", "{device}/{device}", "a/#/{device}", "a/b+/{device}", "{device}/x{y}", "", "{device}/{:}", "{device}/{a:}",
        "{device}/{a:b+}", "{device...}/{device}", "{device:}/x", "{device}/{site...}",
    ])
    func badTopicsAreRefused(_ text: String) {
        #expect(throws: PatternError.self) { try TopicPattern(text) }
    }

    @Test(arguments: [
        ("a/{device}", "a/{device}", true), ("a/{device}", "+/{device}", true), ("a/{device}", "b/{device}", false),
        ("a/{device}/x", "a/b/{device}", true), ("a/{device}", "a/{device}/x", false), ("{device}/x", "x/{device}", true),
        ("$SYS/{device}", "+/{device}", false), ("$SYS/{device}", "$SYS/{device}", true),
        ("{device}/{a:POWER}", "{device}/POWER1", true), ("{device}/{a:POWER}", "{device}/RESULT", false),
        ("{device}/{a:PO}", "{device}/{b:POWER}", true), ("{device}/{a:PO}", "{device}/{b:RE}", false),
        ("{device}/{a:POWER}", "{device}/+", true), ("{a:$S}/{device}", "+/{device}", false),
        ("{device...}/x", "a/b/c/{device}/x", true), ("{device...}/x", "a/b/c/d/e/{device}/x", false),
        ("{device...}/x", "{device...}/y", false),
        ("a/{device...}", "{device...}/b", true), ("{device:esp-}/x", "{device}/x", true), ("{device:esp-}/x", "shop/{device}", false),
    ])
    func overlapping(_ a: String, _ b: String, _ expected: Bool) throws {
        #expect(try TopicPattern(a).overlaps(try TopicPattern(b)) == expected)
        #expect(try TopicPattern(b).overlaps(try TopicPattern(a)) == expected)
    }

    /// The name has the slashes; a step of it is never empty, and there are not more steps than there are filters for.
    @Test(arguments: [
        ("{device...}/events/rpc", "mill/events/rpc", "mill"), ("{device...}/events/rpc", "site/bath/mill/events/rpc", "site/bath/mill"),
        ("z/{device...}", "z/a/b", "a/b"), ("z/{device...}", "z", nil), ("z/{device...}", "z/", nil), ("z/{device...}", "z/a//b", nil),
        ("z/{device...}", "z/a/", nil), ("z/{device...}", "z//a", nil), ("z/{device...}/s", "z/a/b/t", nil),
        ("{device...}/x", "a/b/c/d/e/x", "a/b/c/d/e"), ("{device...}/x", "a/b/c/d/e/f/x", nil), ("{device...}/x", "$SYS/a/x", nil),
        ("{device...}/status/{component}", "a/status/status/em:0", "a/status"), ("{device:esp-}/status", "esp-oven/status", "esp-oven"),
        ("{device:esp-}/status", "oven/status", nil),
    ]) func namesOfSeveralLevels(_ pattern: String, _ topic: String, _ expected: String?) throws {
        #expect(try device(pattern, topic) == expected)
    }

    @Test func whatAPatternForgets() throws {
        func forgotten(_ pattern: String, _ topic: String) throws -> String {
            let pattern = try TopicPattern(pattern)
            return String(decoding: Array(topic.utf8).withUnsafeBytes { pattern.forgotten($0) }, as: UTF8.self)
        }
        #expect(try forgotten("tele/+/{device}/+/S", "tele/hall/saw/x/S") == "hall/")
        #expect(try forgotten("tele/{hall}/{device}/S", "tele/hall/saw/S").isEmpty)
    }

    @Test func filters() throws {
        #expect(try TopicPattern("a/{device}/+/{any}/x").filters == ["a/+/+/+/x"])
        #expect(try TopicPattern("a/{device...}/x").filters == ["a/+/x", "a/+/+/x", "a/+/+/+/x", "a/+/+/+/+/x", "a/+/+/+/+/+/x"])
        #expect(try TopicPattern("{device:esp-}/x").filters == ["+/x"])
        let beginning = try TopicPattern("{device}/{relay:POWER}")
        #expect(beginning.filters == ["+/+"])
        #expect(beginning.captures == ["relay"])
        #expect(Array("saw/POWER2".utf8).withUnsafeBytes { beginning.captured($0).map(\.value) } == ["POWER2"])
    }

    @Test func pointers() throws {
        #expect(try PathPattern("").tokens.isEmpty)
        #expect(try PathPattern("/").tokens == [.key([])])
        #expect(try PathPattern("/a~1b/m~0n/~01").tokens == ["a/b", "m~n", "~1"].map { .key(Array($0.utf8)) })
        let path = try PathPattern("/ams/{unit=id}/{tray}/0")
        #expect(path.captures == ["unit", "tray"])
        #expect(path.tokens[1] == .each(capture: "unit", member: Array("id".utf8), prefix: []))
        #expect(path.tokens[2] == .each(capture: "tray", member: nil, prefix: []))
        #expect(throws: PatternError.self) { try PathPattern("a") }
        #expect(throws: PatternError.self) { try PathPattern("/{}") }
        #expect(throws: PatternError.self) { try PathPattern(String(repeating: "/a", count: 13)) }
    }

    @Test func templates() {
        let name = NameTemplate("filament.{unit}.{tray}")
        #expect(name.captures == ["unit", "tray"])
        #expect(NameTemplate("{a}{b}").captures == ["a", "b"])
        #expect(NameTemplate("plain").captures.isEmpty)
        #expect(name.filled([("unit", "0"), ("tray", "3")]) == "filament.0.3")
        #expect(NameTemplate("{x}/{unknown}").filled([("x", "1")]) == "1/{unknown}")
    }

    /// What a device calls itself is a value, never a template: it must not be filled in once more.
    @Test func aFilledInValueIsNotFilledAgain() {
        #expect(NameTemplate("d/{device}/{requestId}").filled([("device", "{requestId}"), ("requestId", "c-1")]) == "d/{requestId}/c-1")
        #expect(NameTemplate("{unit}.{tray}").filled([("unit", "{tray}"), ("tray", "1")]) == "{tray}.1")
    }
}
