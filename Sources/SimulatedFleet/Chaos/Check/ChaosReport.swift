import CivilCalendar
import Documents
import GatewayCore

/// How a year went.
public struct ChaosReport: Sendable {
    public let seed: UInt64
    public let days: Int
    public let devices: Int
    public let clean: ChaosFindings
    public let findings: ChaosFindings
    public let counts: ChaosCounts
    /// In the clean world nothing may be wrong at all.
    public let cleanViolations: [ChaosViolation]
    public let violations: [ChaosViolation]
    public let violationCounts: [ChaosViolation.Kind: Int]
    /// Equal for equal years.
    public let digest: String

    init(_ scenario: ChaosScenario, clean: ChaosWorld, chaos: ChaosWorld) {
        seed = scenario.seed
        days = scenario.days
        devices = chaos.devices.count
        self.clean = clean.checker.findings
        findings = chaos.checker.findings
        counts = chaos.counts
        cleanViolations = clean.checker.violations
        violations = chaos.checker.violations
        violationCounts = chaos.checker.violationCounts
        digest = chaos.core.digest()
    }

    public func count(_ kind: ChaosViolation.Kind) -> Int { violationCounts[kind] ?? 0 }

    /// Nothing is wrong; of orders that come later a share is allowed.
    public var holds: Bool {
        let others = ChaosViolation.Kind.allCases.filter { $0 != .laterOrder }
        return cleanViolations.isEmpty && others.allSatisfy { count($0) == 0 } && findings.laterShare <= ChaosYear.allowedLaterShare
    }

    public var text: String {
        var lines = ["seed \(seed), \(devices) devices, \(days) days, digest \(digest)", "", "what went wrong:"]
        for kind in ChaosKind.allCases where counts[kind] > 0 { lines.append("  \(Self.padded(kind.rawValue, 34)) \(counts[kind])") }
        lines += ["", "\(Self.padded("counted", 30)) \(Self.padded("clean", 12)) with chaos"]
        for (before, after) in zip(clean.rows, findings.rows) {
            lines.append("  \(Self.padded(before.name, 28)) \(Self.padded(Self.number(before.value), 12)) \(Self.number(after.value))")
        }
        lines.append("the core's state had at most \(findings.largestStateBytes) bytes")
        if !cleanViolations.isEmpty {
            lines += ["", "violations in the clean world:"] + cleanViolations.flatMap(Self.lines)
        }
        if !violations.isEmpty { lines += ["", "violations:"] + violations.flatMap(Self.lines) }
        lines += ["", "violations by kind:"]
        for kind in ChaosViolation.Kind.allCases { lines.append("  \(Self.padded(kind.rawValue, 34)) \(count(kind))") }
        let percent = Self.number(findings.laterShare * 100)
        lines.append("  needs ordered later: \(percent) % (at most \(Self.number(ChaosYear.allowedLaterShare * 100)) %)")
        lines.append(holds ? "holds" : "does not hold")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(_ violation: ChaosViolation) -> [String] {
        ["- \(UTCText.iso8601(violation.atMilliseconds)) \(violation.device) \(violation.kind.rawValue): \(violation.text)"]
            + violation.story.map { "    " + $0 }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() ? String(Int64(value)) : String((value * 100).rounded() / 100)
    }

    public var json: [UInt8] {
        JSONWriter.object { writer in
            writer.member("seed", Int64(clamping: seed))
            writer.member("devices", devices)
            writer.member("days", days)
            writer.member("digest", digest)
            writer.member("holds", holds)
            writer.member("laterShare", findings.laterShare)
            writer.object("chaos") { writer in for kind in ChaosKind.allCases { writer.member(kind.rawValue, counts[kind]) } }
            writer.object("clean") { writer in for row in clean.rows { writer.member(row.name, row.value) } }
            writer.object("counted") { writer in for row in findings.rows { writer.member(row.name, row.value) } }
            writer.object("violationCounts") { writer in
                for kind in ChaosViolation.Kind.allCases { writer.member(kind.rawValue, count(kind)) }
            }
            writer.objects("cleanViolations", of: cleanViolations, Self.write)
            writer.objects("violations", of: violations, Self.write)
        }
    }

    private static func write(_ writer: inout JSONWriter, _ violation: ChaosViolation) {
        writer.member("time", violation.atMilliseconds)
        writer.member("kind", violation.kind.rawValue)
        writer.member("device", violation.device)
        writer.member("text", violation.text)
        writer.strings("story", violation.story)
    }
}
