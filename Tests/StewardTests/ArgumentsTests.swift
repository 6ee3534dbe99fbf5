import Testing

@testable import TerminalProgram
@testable import steward

@Suite struct ArgumentsTests {
    static let usage = Usage(
        positionals: [.required("DEVICE", "the device's id"), .optional("METRIC", "a metric")],
        options: [
            .flag("json", "print JSON"), .value("url", "URL", "where the gateway is"), .value("limit", "N", "how many"),
            .value("only", "WORD", "one of some"),
        ])

    private func parse(_ words: String...) throws -> Arguments {
        switch try Arguments.parse(words, Self.usage) {
        case .arguments(let arguments): return arguments
        case .help: throw UsageError("help")
        }
    }

    @Test func takesValuesInBothForms() throws {
        let arguments = try parse("--url", "http://a", "d1", "--limit=5", "--json", "m1")
        #expect(arguments.value("url") == "http://a")
        #expect(try arguments.integer("limit", in: 1...10) == 5)
        #expect(arguments.has("json"))
        #expect(arguments.positionals == ["d1", "m1"])
        #expect(try parse("d", "--url=").value("url") == "")
        #expect(try parse("d", "--url=a=b").value("url") == "a=b")
        #expect(try parse("d").value("url") == nil)
    }

    @Test func keepsRepeatedOptionsInOrder() throws {
        let arguments = try parse("d", "--only", "b", "--only=a", "--only", "c")
        #expect(arguments.values("only") == ["b", "a", "c"])
        #expect(arguments.value("only") == "c")
    }

    @Test func twoDashesEndTheOptions() throws {
        #expect(try parse("--json", "--", "--url", "-x").positionals == ["--url", "-x"])
        #expect(try parse("-", "-5").positionals == ["-", "-5"])
        #expect(try Arguments.parse(["--", "--help"], Self.usage) != .help)
    }

    @Test(arguments: [["--help"], ["-h"], ["--nonsense", "-h"], ["a", "b", "c", "--help"]])
    func helpWinsOverMistakes(_ words: [String]) throws {
        #expect(try Arguments.parse(words, Self.usage) == .help)
    }

    @Test(arguments: [
        (["d", "--jsno"], "there is no option \"--jsno\", did you mean \"--json\"?"),
        (["d", "--wholly-else"], "there is no option \"--wholly-else\""),
        (["d", "-json"], "there is no option \"-json\", did you mean \"--json\"?"),
        (["d", "--url"], "--url needs a value: --url URL"),
        (["d", "--url", "--json"], "--url needs a value: --url URL"),
        (["d", "--json=yes"], "--json takes no value"),
        (["d", "m", "x"], "\"x\" is too many: one DEVICE METRIC is enough"),
        ([], "DEVICE is missing: the device's id"),
        (["--", "a", "b", "\u{1B}[2J"], "\"␛[2J\" is too many: one DEVICE METRIC is enough"),
    ])
    func refuses(_ words: [String], _ message: String) {
        #expect(throws: UsageError(message)) { try Arguments.parse(words, Self.usage) }
    }

    @Test(arguments: ["0", "11", "x", "", "5.5", "99999999999999999999"])
    func refusesNumbersOutOfRange(_ text: String) throws {
        let arguments = try parse("d", "--limit=\(text)")
        #expect(throws: UsageError("--limit must be a whole number from 1 to 10, not \"\(text)\"")) {
            try arguments.integer("limit", in: 1...10)
        }
    }

    @Test func refusesNumbersThatAreNotFinite() throws {
        #expect(try parse("d", "--limit=1.5").number("limit", in: 0...2) == 1.5)
        #expect(throws: UsageError.self) { try parse("d", "--limit=nan").number("limit", in: 0...2) }
        #expect(throws: UsageError.self) { try parse("d", "--limit=inf").number("limit", in: 0...2) }
    }

    @Test func aRepeatingPositionalTakesTheRest() throws {
        let usage = Usage(positionals: [.oneOrMore("FILE", "files")])
        guard case .arguments(let arguments) = try Arguments.parse(["a", "b", "c"], usage) else { throw UsageError("help") }
        #expect(arguments.positionals == ["a", "b", "c"])
        #expect(throws: UsageError.self) { try Arguments.parse([], usage) }
    }
}
