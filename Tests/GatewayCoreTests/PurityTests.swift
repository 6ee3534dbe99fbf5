import Foundation
import Testing

/// The rules of the sources that no compiler checks.
@Suite struct PurityTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Sources")
    static let pure = [
        "CivilCalendar", "Documents", "Hashing", "SampleCodec", "Sparkplug", "Telemetry", "FaultDetection", "ConsumableForecast",
        "RemoteSupport", "Replenishment", "ServiceValue", "GatewayCore", "CoreViews",
    ]
    static let adapters = ["MQTTLink", "SQLiteStore", "HTTPService", "Outbound", "XMLReading"]
    static let forbidden =
        #"\bDate\(|Date\.now|\.now\(\)|ContinuousClock|SuspendingClock|UUID\(|random\(|\.shuffled\(\)|randomElement|SystemRandomNumberGenerator|getenv|\bThread\b|\bTask\b|DispatchQueue|clock_gettime|gettimeofday|FileManager|ProcessInfo|\bprint\(|fatalError|try!"#
    /// Glibc gives the forecast and the anomaly detectors their exp, log and pow; nothing else.
    static let allowedImports: Set<String> = Set(pure + ["FoundationEssentials", "CSimdjson", "CCrypto", "CZlib", "Glibc"])

    private static func lines(_ target: String) throws -> [(place: String, text: Substring)] {
        let folder = sources.appending(path: target)
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        #expect(!files.isEmpty, "no source in \(target)")
        return try files.flatMap { file in
            try String(contentsOf: folder.appending(path: file), encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated().map { ("\(target)/\(file):\($0 + 1)", $1) }
        }
    }

    /// Comments may speak of what the code must not do.
    private static func code(_ line: Substring) -> Substring { line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line }

    private static func imported(_ line: Substring) -> String? {
        let words = code(line).split(separator: " ")
        guard let at = words.firstIndex(of: "import"), at + 1 < words.count,
            words[..<at].allSatisfy({ $0.hasPrefix("@") || $0 == "public" })
        else {
            return nil
        }
        return words.last.map { String($0.split(separator: ".")[0]) }
    }

    @Test(arguments: pure) func pureTargetsHaveNoClockNoChanceAndNoIO(_ target: String) throws {
        let pattern = try Regex(Self.forbidden).wordBoundaryKind(.simple)
        for (place, text) in try Self.lines(target) {
            if let found = Self.code(text).firstMatch(of: pattern) {
                Issue.record("\(place): \(text[found.range]) is forbidden in the pure core")
            }
            if let module = Self.imported(text) {
                #expect(Self.allowedImports.contains(module), "\(place): the pure core imports \(module)")
                // SHA-256 is computing; keys and random numbers are not.
                if module == "CCrypto" { #expect(place.contains("/StableID.swift:"), "\(place): \(module)") }
                if module == "CZlib" { #expect(place.contains("/SparkplugInflater.swift:"), "\(place): \(module)") }
                if module == "Glibc" {
                    #expect(
                        ["ConsumableForecast", "Replenishment", "ServiceValue", "FaultDetection"].contains(target), "\(place): \(module)")
                }
            }
        }
    }

    @Test(arguments: adapters) func adaptersKnowNoOtherAdapterAndNotTheCore(_ target: String) throws {
        // The calendar is nobody's: texts of times are written in one place.
        let others = Set(Self.adapters + Self.pure + ["Gateway"]).subtracting([target, "CivilCalendar"])
        for (place, text) in try Self.lines(target) {
            if let module = Self.imported(text) { #expect(!others.contains(module), "\(place): an adapter imports \(module)") }
        }
    }

    @Test func thePatternsFindWhatTheyAreFor() throws {
        let pattern = try Regex(Self.forbidden).wordBoundaryKind(.simple)
        for bad in [
            "let t = Date()", "Date.now", "clock.now()", "UUID()", "Int.random(in: 0..<3)", "getenv(\"X\")", "Thread.sleep", "try! x()",
        ] {
            #expect(Self.code(bad[...]).firstMatch(of: pattern) != nil, "\(bad)")
        }
        for good in ["let now = core.now", "self.now &- time", "// Date() is forbidden", "pseudorandomness", "Updated(x)"] {
            #expect(Self.code(good[...]).firstMatch(of: pattern) == nil, "\(good)")
        }
        #expect(Self.imported("@preconcurrency import Foundation") == "Foundation")
        #expect(Self.imported("import struct Foundation.Date") == "Foundation")
        #expect(Self.imported("/// things to import later") == nil)
    }

    /// A desk gets what it needs as values and tells the rest as events: it knows no other desk and not the core. `OrderDesk.SendWindow` and the
    /// like are such values.
    @Test func desksKnowNoOtherDeskAndNotTheCore() throws {
        let desk = try Regex(#"\b(?:([A-Z]\w*)Desk\b(?!\.[A-Z])|StewardCore\b)"#)
        var desks: Set<String> = []
        for (place, text) in try Self.lines("GatewayCore") {
            guard let file = place.split(separator: "/").last?.prefix(while: { $0 != "." && $0 != "+" }), file.hasSuffix("Desk") else {
                continue
            }
            desks.insert(String(file))
            for found in Self.code(text).matches(of: desk) {
                #expect(text[found.range] == file, "\(place): \(file) knows \(text[found.range])")
            }
        }
        #expect(desks.count >= 8, "\(desks)")
    }
}
