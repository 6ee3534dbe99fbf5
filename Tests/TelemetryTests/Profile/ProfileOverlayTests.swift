import Documents
import Testing

@testable import Telemetry

/// Single members of a profile that another file changes, and what tells that the profile changed beneath.
@Suite struct ProfileOverlayTests {
    private func read(_ files: [(String, String)]) -> ProfileSet {
        ProfileSet(files.map { ($0.0, .success(Array($0.1.utf8))) })
    }

    private static let base = """
        { profile: "base", silentAfterSeconds: 77,
          messages: [{ topic: "base/{device}", requires: "/s" }],
          metrics: { status: { pointer: "/s", kind: "state", states: ["on", "off"] }, temp: { pointer: "/t", unit: "Cel" } },
          status: { metric: "status", productive: ["on"] },
          alerts: [{ pointer: "/errors", codes: { E1: { text: "one" } } }],
          faults: { hot: { severity: "minor", raise: { metric: "temp", above: 80, forSeconds: 5 } } },
        }
        """

    @Test func singleMembersAreChangedAddedAndRemoved() throws {
        let set = read([
            (
                "site.json",
                """
                { overlay: "base", silentAfterSeconds: 600, faults: { hot: { raise: { above: 90 } }, cold: { raise: { metric: "temp", below: 3 } } },
                  messages: [{ topic: "base/{device}", requires: null }, { topic: "more/{device}" }],
                  alerts: [{ pointer: "/errors", codes: { E2: { text: "two" } } }],
                  was: { silentAfterSeconds: 77, faults: { hot: { raise: { above: 80 } }, cold: null },
                    messages: { "base/{device}": { requires: "/s" } }, alerts: { "/errors": { codes: { E2: null } } } } }
                """
            ), ("base.json", Self.base), ("heir.json", "{ profile: 'heir', extends: 'base', messages: [{ topic: 'heir/{device}' }] }"),
        ])
        #expect(set.diagnostics.isEmpty && set.warnings.isEmpty, "\(set.diagnostics) \(set.warnings)")
        let profile = try #require(set.profiles.first { $0.name == "base" })
        #expect(profile.silentAfterMilliseconds == 600_000 && profile.source == "base.json + site.json")
        #expect(profile.messages.map(\.topic.text) == ["base/{device}", "more/{device}"] && profile.messages[0].requires == nil)
        #expect(profile.alerts[0].codes.map(\.code) == ["E1", "E2"])
        let hot = try #require(profile.faults.first { $0.id == "hot" })
        #expect(hot.severity == .minor && hot.raise.forMilliseconds == 5000)
        #expect(hot.raise.kind == .value(metric: "temp", .above(.number(90)), hysteresis: 0))
        #expect(profile.faults.map(\.id) == ["hot", "cold"])
        // Who extends the profile has it as it is here.
        #expect(set.profiles.first { $0.name == "heir" }?.silentAfterMilliseconds == 600_000)
    }

    @Test func whatChangedBeneathIsTold() {
        let overlay = """
            { overlay: "base", faults: { hot: { raise: { above: 90 } } },
              was: { faults: { hot: { raise: { above: 85 } } } } }
            """
        let set = read([("base.json", Self.base), ("site.json", overlay)])
        #expect(set.diagnostics.isEmpty && set.profiles.count == 1)
        #expect(
            set.warnings.map(\.warning) == [
                "site.json:1:12: warning: faults.hot.raise.above of \"base\" is 80 now, and \"was\" says 85: see whether the overlay is still right, and change \"was\""
            ])
    }

    @Test func anOverlayThatSaysNothingIsGivenItsWas() {
        let set = read([
            ("base.json", Self.base), ("site.json", "{ overlay: 'base', gapSeconds: 5, faults: { hot: { severity: 'major' } } }"),
        ])
        #expect(
            set.warnings.map(\.message) == [
                #"says not what it replaces, so an upgrade could change that unseen; add was: {"gapSeconds":null,"faults":{"hot":{"severity":"minor"}}}"#
            ])
    }

    @Test func twoOverlaysFollowOneAnother() throws {
        let set = read([
            ("base.json", Self.base), ("a.json", "{ overlay: 'base', silentAfterSeconds: 1, gapSeconds: 5 }"),
            ("b.json", "{ overlay: 'base', silentAfterSeconds: 2, was: { silentAfterSeconds: 1 } }"),
        ])
        let profile = try #require(set.profiles.first)
        #expect(profile.silentAfterMilliseconds == 2000 && profile.gapMilliseconds == 5000)
        #expect(profile.source == "base.json + a.json + b.json" && set.warnings.count == 1)
    }

    @Test func mistakesAreToldWhereTheyWereMade() {
        func told(_ overlay: String, _ base: String = Self.base) -> [String] {
            read([("base.json", base), ("site.json", overlay)]).diagnostics.map(\.description)
        }
        #expect(
            told("{ overlay: 'bsae' }") == ["site.json:1:12: changes the profile \"bsae\", which is not loaded, did you mean \"base\"?"])
        #expect(
            told("{ overlay: 'base', was: {},\n profile: 'x' }") == [
                "site.json:2:11: \"profile\" has no place in an overlay, which changes the profile \"base\""
            ])
        #expect(told("{ overlay: 'base', was: 3 }").count == 1 && told("{ overlay: '' }").count == 1)
        #expect(told("{ overlay: 'base', was: {},\n faults: { hot: { raise: { abvoe: 3 } } } }")[0].hasPrefix("site.json:2:"))
        // A member is removed that another needs: the overlay made the mistake.
        let removed = told("{ overlay: 'base', was: {}, metrics: { temp: null } }")
        #expect(removed.count == 1 && removed[0].hasPrefix("site.json:1:12: fault \"hot\" names the metric \"temp\""), "\(removed)")
        // A profile with a mistake of its own is told by its own file alone.
        #expect(
            told("{ overlay: 'base', was: {}, gapSeconds: 1 }", "{ profile: 'base', messages: [{ topic: 'base' }] }").allSatisfy {
                $0.hasPrefix("base.json")
            })
    }
}
