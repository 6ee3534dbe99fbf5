import Documents
import Testing

@testable import Telemetry

@Suite struct ProfileSetTests {
    private func read(_ files: [(String, String)]) -> ProfileSet {
        ProfileSet(files.map { ($0.0, .success(Array($0.1.utf8))) })
    }

    private func told(_ files: [(String, String)]) -> [String] { read(files).diagnostics.map(\.description) }

    private static let base = """
        { profile: "base", title: "Base", silentAfterSeconds: 77,
          messages: [{ topic: "base/{device}" }],
          replies: [{ topic: "base/{device}/re", requestId: "/id", outcome: "/o" }],
          metrics: { status: { pointer: "/s", kind: "state" }, temp: { pointer: "/t", unit: "Cel" } },
          supplies: { ink: { level: "/ink", floorPercent: 9 } },
          status: { metric: "status", productive: ["on"], standby: ["off"] },
          alerts: [{ pointer: "/errors" }],
          faults: { hot: { raise: { metric: "temp", above: 80 }, playbook: "cool" } },
          commands: { cool: { topic: "base/{device}/do", payload: { id: "{requestId}" } } },
          playbooks: { cool: { steps: [{ command: "cool" }] } },
        }
        """

    @Test func membersAreInheritedAndOverriddenByName() throws {
        let set = read([
            // The child comes first: the order of the files means nothing.
            (
                "b.json",
                """
                { profile: "child", extends: "base", messages: [{ topic: "child/{device}" }], alerts: [],
                  metrics: { temp: { pointer: "/t2", unit: "Cel" }, more: { pointer: "/m" } },
                  status: { productive: ["busy"] } }
                """
            ), ("a.json", Self.base),
        ])
        #expect(set.diagnostics.isEmpty)
        let child = try #require(set.profiles.first { $0.name == "child" })
        #expect(child.title == "child" && child.source == "b.json" && child.silentAfterMilliseconds == 77_000)
        #expect(child.messages.map(\.topic.text) == ["child/{device}"] && child.alerts.isEmpty)
        #expect(child.replies.map(\.topic.text) == ["base/{device}/re"])
        #expect(child.metrics.map(\.name.text).sorted() == ["more", "status", "temp"])
        #expect(child.metrics.first { $0.name.text == "temp" }?.path.text == "/t2")
        #expect(child.status?.productive == ["busy"] && child.status?.standby == ["off"])
        #expect(child.supplies.map(\.floorPercent) == [9] && child.faults.map(\.id) == ["hot"] && child.playbooks.count == 1)
        #expect(set.profiles.map(\.name) == ["child", "base"])
    }

    @Test func aGrandparentIsInheritedThroughTheParent() throws {
        let set = read([
            ("a", Self.base), ("b", "{ profile: 'b', extends: 'base', messages: [{ topic: 'b/{device}' }], gapSeconds: 5 }"),
            ("c", "{ profile: 'c', extends: 'b', messages: [{ topic: 'c/{device}' }], supplies: { ink: { level: '/i2' } } }"),
        ])
        #expect(set.diagnostics.isEmpty)
        let last = try #require(set.profiles.last)
        #expect(last.gapMilliseconds == 5000 && last.silentAfterMilliseconds == 77_000)
        #expect(last.supplies.map(\.level.text) == ["/i2"] && last.faults.count == 1)
    }

    @Test func aWrongParentIsToldAtItsPlaceAndNothingElseBecauseOfIt() {
        let unknown = told([
            ("a", Self.base), ("b", "{ profile: 'b',\n  extends: 'bsae', faults: { f: { raise: { metric: 'temp', above: 1 } } } }"),
        ])
        #expect(unknown == ["b:2:12: extends the profile \"bsae\", which is not loaded, did you mean \"base\"?"])
        let circle = told([
            ("a", "{ profile: 'a', extends: 'b' }"), ("b", "{ profile: 'b', extends: 'c' }"), ("c", "{ profile: 'c', extends: 'b' }"),
        ])
        #expect(circle.count == 3)
        #expect(circle[0] == "a:1:26: profiles extend one another in a circle: a → b → c → b")
        #expect(circle[2] == "c:1:26: profiles extend one another in a circle: c → b → c")
        #expect(told([("a", "{ profile: 'a', extends: 'a' }")])[0].contains("in a circle: a → a"))
    }

    @Test func aLoneProfileCannotExtend() {
        #expect(throws: DocumentProblems.self) { try ProfileReader.read(Array("{ profile: 'b', extends: 'base' }".utf8), file: "b") }
    }

    @Test func aMistakeOfTheParentIsToldOnce() {
        let found = told([
            ("a", Self.base.replacing("'Cel'", with: "").replacing("kind: \"state\"", with: "kind: \"stat\"")),
            ("b", "{ profile: 'b', extends: 'base', messages: [{ topic: 'b/{device}' }], colour: 1 }"),
        ])
        #expect(found.count == 2)
        #expect(found[0].contains("did you mean \"state\"?") && found[0].hasPrefix("a:4:"))
        #expect(found[1].contains("unknown key \"colour\"") && found[1].hasPrefix("b:1:"))
    }

    @Test func whatIsInheritedStandsAtExtends() {
        // The parent is in order by itself; only the child makes its condition wrong.
        let parent = Self.base.replacing("above: 80", with: "above: 80, unit: \"Cel\"")
        let found = told([
            ("a", parent),
            (
                "b",
                "{ profile: 'b', extends: 'base', messages: [{ topic: 'b/{device}' }], metrics: { temp: { pointer: '/t', unit: 'K' } } }"
            ),
        ])
        #expect(found == ["b:1:26: fault \"hot\" compares in \"Cel\", but the metric \"temp\" is in \"K\""])
    }

    @Test func namesThatAreNotThereStandWhereTheyAreUsed() {
        let found = told([
            (
                "p",
                """
                { profile: "p", messages: [{ topic: "p/{device}" }],
                  metrics: { temp: { pointer: "/t" }, "z.{z}.t": { pointer: "/z/{z}/t", unit: "Cel" } },
                  supplies: { ink: { level: "/i",
                    counter: "pags" } },
                  status: {
                    metric: "stat" },
                  alerts: [{ pointer: "/e", codes: { E1: {
                    playbook: "run" } } }],
                  faults: {
                    a: { raise: {
                      metric: "tmep", above: 1 },
                      playbook: "rn" },
                    b: { raise: { metric: "z.left.t", above: 1, unit: "Cel" }, clear: {
                      metric: "z.left.u", below: 1 } },
                    c: { raise: { metric: "supply.ink", below: 1, unit: "%" }, clear: { metric: "temp", above: 1,
                      unit: "Cel" } },
                  },
                  commands: { go: { topic: "p/{device}/go", payload: 1, reply: false } },
                  playbooks: { run2: { steps: [{ command: "go" }, {
                    command: "og" }] } },
                }
                """
            )
        ])
        let expected = [
            (4, "\"pags\""), (6, "\"stat\""), (8, "\"run\", which the profile does not define, did you mean \"run2\"?"),
            (11, "metric \"tmep\", which the profile does not define, did you mean \"temp\"?"), (12, "playbook \"rn\""),
            (14, "\"z.left.u\""),
            (16, "compares in \"Cel\", but the metric \"temp\" has no unit"),
            (20, "command \"og\", which the profile does not define, did you mean \"go\"?"),
        ]
        #expect(found.count == expected.count, "\(found)")
        for (text, (line, words)) in zip(found, expected) { #expect(text.hasPrefix("p:\(line):") && text.contains(words), "\(text)") }
    }

    @Test func twoProfilesMustNotClaimOneTopicNorOneName() {
        func profile(_ name: String, _ topic: String) -> String { "{ profile: '\(name)',\n messages: [{ topic: '\(topic)' }] }" }
        let found = told([("a", profile("a", "x/{device}/d")), ("b", profile("b", "x/{s}/{device}")), ("c", profile("a", "y/{device}"))])
        #expect(found.count == 2)
        #expect(
            found[0].hasPrefix("b:2:22:") && found[0].contains("\"x/{device}/d\" of profile \"a\" (a)")
                && found[0].hasSuffix(
                    "make one narrower, give the one that shall yield general: true, or leave one of the two profiles out of \"profiles\"")
        )
        // A topic without a word in front has its turn when the narrower one finds nothing; and what yields is in nobody's way.
        #expect(told([("a", profile("a", "x/{device}/d")), ("b", profile("b", "{s}/{device}/d"))]).isEmpty)
        #expect(found[1] == "c:1:12: the profile \"a\" is defined in a already")
        // A mistake elsewhere hides no clash, and what is inherited is told as such.
        let heir = told([("a", Self.base), ("b", "{ profile: 'b', extends: 'base', x: 1 }")])
        #expect(heir.count == 2 && heir[0].hasPrefix("b:1:26:") && heir[0].hasSuffix("give \"messages\" of its own"), "\(heir)")
    }

    @Test func aFileThatCannotBeReadIsOneMistakeAmongOthers() {
        let missing = Diagnostic(file: "m", position: SourcePosition(line: 1, column: 1), message: "gone")
        let set = ProfileSet([("m", .failure(missing)), ("x", .success(Array("{".utf8))), ("a", .success(Array(Self.base.utf8)))])
        #expect(set.diagnostics.map(\.file) == ["m", "x"])
        #expect(set.profiles.map(\.name) == ["base"])
    }
}
