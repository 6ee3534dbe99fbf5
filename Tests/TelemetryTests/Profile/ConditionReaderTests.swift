import Documents
import FoundationEssentials
import Testing

@testable import Telemetry

/// What a profile may say of conditions, and what is told of a mistake.
@Suite struct ConditionReaderTests {
    private func problems(_ fault: String) -> [String] {
        let profile = """
            { profile: "p", messages: [{ topic: "d/{device}" }],
              metrics: {
                temp: { pointer: "/temp", unit: "Cel" }, outside: { pointer: "/out", unit: "[degF]" }, pages: { pointer: "/pages", kind: "counter" },
                mode: { pointer: "/mode", kind: "state" },
              },
              status: { metric: "mode", productive: ["x"] },
              faults: { f: \(fault), other: { raise: { metric: "temp", above: 9 } } } }
            """
        do throws(DocumentProblems) {
            _ = try ProfileReader.read(Array(profile.utf8), file: "p")
            return []
        } catch { return error.diagnostics.map(\.message) }
    }

    @Test(arguments: [
        "{ raise: { metric: 'temp', above: { metric: 'outside', times: 0.5556, plus: -17.8 } } }",
        "{ raise: { all: [{ metric: 'temp', above: 5 }, { any: [{ metric: 'mode', equals: 'x' }, { not: { metric: 'mode', in: ['y'] } }] }] } }",
        "{ raise: { count: { metric: 'mode', enters: 'x' }, atLeast: 5, withinSeconds: 600 } }",
        "{ raise: { metric: 'temp', ratePer: 'hour', overSeconds: 60, atLeast: 4, forSeconds: 5 } }",
        "{ raise: { metric: 'pages', notRisingForSeconds: 60, while: { metric: 'mode', equals: 'x' } } }",
        "{ raise: { metric: 'temp', noDataForSeconds: 60 }, latch: true, suppressedBy: ['other', 'silent'], flapping: { changes: 9 } }",
        "{ severity: 'warning', raise: { metric: 'temp', above: 1 }, escalate: [{ afterSeconds: 60, severity: 'major' }, { afterSeconds: 90, severity: 'critical' }] }",
        "{ raise: { metric: 'temp', above: 5, forSeconds: 60 }, remainingLife: {} }",
        "{ raise: { all: [{ metric: 'mode', equals: 'x' }, { metric: 'temp', atMost: 5 }] }, remainingLife: { load: 'pages', duringWork: true, part: 'belt' } }",
        "{ raise: { metric: 'temp', above: 5 }, remainingLife: { sameVisitDays: 60, visitDays: 21, aloneDays: 21 } }",
    ]) func valid(_ fault: String) { #expect(problems(fault) == []) }

    @Test(arguments: [
        ("{ raise: { metric: 'mode', equals: 'x' }, remainingLife: {} }", "has no number that its metric comes to"),
        ("{ raise: { metric: 'temp', above: { metric: 'outside' } }, remainingLife: {} }", "has no number that its metric comes to"),
        ("{ raise: { all: [{ metric: 'temp', above: 1 }, { metric: 'pages', above: 2 }] }, remainingLife: {} }", "has no number"),
        ("{ raise: { metric: 'temp', above: 1 }, remainingLife: { load: 'page' } }", "no counter of this profile, did you mean \"pages\"?"),
        ("{ raise: { metric: 'temp', above: 1 }, remainingLife: { load: 'temp' } }", "no counter of this profile"),
        ("{ raise: { metric: 'temp', above: 1 }, remainingLife: { visitDays: 0 } }", "1 to 365"),
        ("{ raise: { metric: 'temp', above: 1 }, remainingLife: { sameVisitDays: 366 } }", "1 to 365"),
        ("{ raise: { metric: 'temp', above: 1 }, remainingLife: { aloneDays: 5 } }", "no visit is planned without \"visitDays\""),
        ("{ raise: { metric: 'temp', above: 1 }, remainingLife: { visitDays: 5, aloneDays: 6 } }", "must be at most \"visitDays\", 5"),
        ("{ raise: { metric: 'temp', above: 1 }, remainingLife: { loads: 'pages' } }", "unknown key \"loads\""),
        ("{ raise: { metric: 'temp' } }", "needs exactly one of above,"),
        ("{ raise: { metric: 'temp', above: 1, below: 2 } }", "found above and below"),
        ("{ raise: { above: 1 } }", "needs \"metric\""),
        ("{ raise: { metric: 'temp', abvoe: 1 } }", "unknown key \"abvoe\" in a condition, did you mean \"above\"?"),
        (
            "{ raise: { all: [{ metric: 'tmep', above: 1 }] } }",
            "names the metric \"tmep\", which the profile does not define, did you mean \"temp\"?"
        ),
        ("{ raise: { metric: 'temp', above: { metric: 'tmep' } } }", "names the metric \"tmep\""),
        ("{ raise: { all: [{ metric: 'temp', above: 1, unit: 'K' }] } }", "compares in \"K\", but the metric \"temp\" is in \"Cel\""),
        ("{ raise: { metric: 'temp', above: { metric: 'outside' } } }", "with \"outside\" in \"[degF]\""),
        ("{ raise: { metric: 'mode', above: 1 } }", "cannot hold for the state \"mode\"; use equals"),
        ("{ raise: { metric: 'temp', equals: 'x' } }", "cannot hold for the gauge \"temp\"; use above"),
        ("{ raise: { all: [] } }", "needs a list of conditions"),
        ("{ raise: { metric: 'mode', enters: 'x' } }", "needs a \"clear\" condition"),
        ("{ raise: { count: { metric: 'temp', above: 1 }, withinSeconds: 5 } }", "needs \"atLeast\""),
        ("{ raise: { count: { metric: 'temp', above: 1 }, atLeast: 33, withinSeconds: 5 } }", "from 1 to 32"),
        ("{ raise: { count: { metric: 'temp', above: 1 }, atLeast: 2 } }", "\"withinSeconds\""),
        ("{ raise: { metric: 'temp', ratePer: 'hour', above: 4 } }", "\"overSeconds\""),
        ("{ raise: { metric: 'temp', ratePer: 'day', overSeconds: 6, above: 4 } }", "one of second, minute, hour"),
        ("{ raise: { metric: 'temp', overSeconds: 6, above: 4 } }", "belongs to \"ratePer\""),
        ("{ raise: { metric: 'temp', hysteresis: -1, above: 4 } }", "must not be negative"),
        ("{ raise: { metric: 'mode', hysteresis: 1, equals: 'x' } }", "belongs to above"),
        ("{ raise: { metric: 'temp', unchangedForSeconds: 0 } }", "must be above 0"),
        ("{ raise: { metric: 'temp', unchangedForSeconds: 5, forSeconds: 5 } }", "a duration already"),
        ("{ raise: { metric: 'temp', above: 5, while: { metric: 'temp', below: 9 } } }", "\"while\" belongs to"),
        ("{ raise: { metric: 'temp', all: [{ metric: 'temp', above: 1 }] } }", "has no place beside \"all\""),
        ("{ raise: { metric: 'temp', bitSet: 53 } }", "from 0 to 52"),
        ("{ raise: { metric: 'temp', above: 1 }, escalate: [{ afterSeconds: 60, severity: 'minor' }] }", "not more severe"),
        ("{ raise: { metric: 'temp', above: 1 }, relax: [{ afterSeconds: 60, severity: 'minor' }] }", "no \"clear\" condition"),
        (
            "{ raise: { metric: 'temp', above: 1 }, clear: { metric: 'temp', below: 1, forSeconds: 60 }, relax: [{ afterSeconds: 60, severity: 'minor' }] }",
            "cleared before its last step"
        ),
        ("{ raise: { metric: 'temp', above: 1 }, suppressedBy: 'othr' }", "is suppressed by \"othr\""),
        ("{ raise: { metric: 'temp', above: 1 }, suppressedBy: 'f' }", "by itself"),
        ("{ raise: { metric: 'temp', above: 1 }, flapping: { changes: 2 } }", "from 3 to 64"),
        ("{ raise: { not: { not: { not: { not: { not: { not: { metric: 'temp', above: 1 } } } } } } } }", "at most 6 deep"),
        (
            "{ raise: { any: [\(String(repeating: "{ metric: 'temp', above: 1 },", count: 32))] } }", "at most 32 are judged"
        ),
    ]) func mistakes(_ fault: String, _ words: String) {
        let found = problems(fault)
        #expect(found.contains { $0.contains(words) }, "\(words) is missing in \(found)")
    }

    /// Forms that exist in the reader alone are no use to anybody who reads the reference or whose editor follows the schema.
    @Test(arguments: ConditionForm.allCases) func documented(_ form: ConditionForm) throws {
        let page = try String(contentsOf: TopicBench.directory.appending(path: "reference.md"), encoding: .utf8)
        let section = try #require(page.split(separator: "\n## Conditions\n").last?.split(separator: "\n```").first)
        let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(rows.contains { $0.contains("`\(form.rawValue)`") }, "a row of the reference")
        let schema = try String(contentsOf: TopicBench.directory.appending(path: "profile.schema.json"), encoding: .utf8)
        let required = ["\"metric\", ", ""].map { "        {\"required\": [\($0)\"\(form.rawValue)\"" }
        #expect(required.contains { schema.contains($0) }, "one of the forms of the schema")
        for key in form.ownKeys { #expect(section.contains("`\(key)`"), "\(key)") }
    }
}
