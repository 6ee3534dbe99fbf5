import Testing

@testable import Documents

@Suite struct ObjectReaderTests {
    private enum Severity: String, CaseIterable { case critical, major, minor, warning }

    private func read(_ text: String, _ body: (ObjectReader) -> Void) throws -> [String] {
        let report = DocumentReport(file: "f.json")
        body(ObjectReader(try DocumentParser.parse(Array(text.utf8), file: "f.json"), "a thing", report))
        return report.diagnostics.map(\.description)
    }

    @Test func anUnknownKeyIsToldWithTheNearestKnownOne() throws {
        let problems = try read("{\n  colour: 1,\n  zzzzzz: 2\n}") { reader in
            _ = reader.optional("color")
            _ = reader.optional("size")
            _ = reader.optional("size")
            reader.finish()
        }
        #expect(
            problems == [
                "f.json:2:3: unknown key \"colour\" in a thing, did you mean \"color\"?; known are color, size",
                "f.json:3:3: unknown key \"zzzzzz\" in a thing; known are color, size",
            ])
    }

    @Test func wrongTypesAreToldAndReadAsNothing() throws {
        let problems = try read("{ s: 1, n: 'x', b: 0, l: [1, 'a'], i: 1.5, o: [], c: 'mojor', h: 70000 }") { reader in
            #expect(reader.string("s") == nil)
            #expect(reader.number("n") == nil)
            #expect(reader.bool("b") == nil)
            #expect(reader.strings("l") == ["a"])
            #expect(reader.integer("i", in: 0...9) == nil)
            #expect(reader.object("o", "an o")?.members.isEmpty == true)
            #expect(reader.choice("c", Severity.self) == nil)
            #expect(reader.integer("h", in: 1...65535) == nil)
            #expect(reader.requiredString("gone", "a name") == nil)
        }
        #expect(problems.count == 9)
        #expect(problems[0] == "f.json:1:6: \"s\" must be a string, found a number")
        #expect(problems[6].contains("did you mean \"major\"?; it is one of critical, major, minor, warning"))
        #expect(problems[8] == "f.json:1:1: a thing needs \"gone\": a name")
    }

    @Test(arguments: [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("same", "same", 0)])
    func editDistance(_ a: String, _ b: String, _ expected: Int) {
        #expect(Spelling.distance(a, b) == expected)
        #expect(Spelling.distance(b, a) == expected)
    }
}
