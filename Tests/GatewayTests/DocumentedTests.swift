import Foundation
import GatewayCore
import HTTPService
import Testing

@testable import Gateway

/// The page of operations lists every route, metric and kind of journal entry, and none that there is not.
@Suite struct DocumentedTests {
    private static let page: String = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return (try? String(contentsOf: root.appending(path: "deploy/README.md"), encoding: .utf8)) ?? ""
    }()

    /// The first cells of the table under a heading, as they stand.
    private static func firstCells(under heading: String) -> [String] {
        guard
            let section = page.components(separatedBy: "\n## ").flatMap({ $0.components(separatedBy: "\n### ") })
                .first(where: { $0.hasPrefix(heading + "\n") })
        else { return [] }
        return section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { String($0.split(separator: "|")[0]) }
    }

    private static func codes(_ text: String) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    private func differences(_ documented: [String], _ real: [String]) -> (missing: [String], unknown: [String], twice: [String]) {
        let twice = Dictionary(grouping: documented) { $0 }.filter { $0.value.count > 1 }.keys
        return (Set(real).subtracting(documented).sorted(), Set(documented).subtracting(real).sorted(), twice.sorted())
    }

    @Test func routes() {
        let documented = Self.firstCells(under: "Routes").flatMap(Self.codes)
        let real = GatewayAPI.routes.map { "\($0.method.rawValue) \($0.pattern)" }
        let found = differences(documented, real)
        #expect(found.missing == [] && found.unknown == [] && found.twice == [], "\(found)")
        #expect(Set(real).count == real.count)
    }

    /// Also in running text no route is named that there is not.
    @Test func routesInTheText() {
        let patterns = GatewayAPI.routes.map {
            "\($0.method.rawValue) \($0.pattern)".split(separator: "/", omittingEmptySubsequences: false)
        }
        for code in Self.codes(Self.page.replacing(#/(?s)```.*?```/#, with: "")) where code.contains(#/^(GET|POST) \/api/#) {
            let parts = code.split(separator: "?")[0].split(separator: "/", omittingEmptySubsequences: false)
            let isKnown = patterns.contains { pattern in
                pattern.count == parts.count && zip(pattern, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
            }
            #expect(isKnown, "\(code)")
        }
    }

    @Test func metrics() throws {
        let text = String(decoding: try APIBench().api.metrics().body, as: UTF8.self)
        let real = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) }
        let found = differences(Self.firstCells(under: "All metrics").flatMap(Self.codes), real)
        #expect(found.missing == [] && found.unknown == [] && found.twice == [], "\(found)")
        // In running text none is named that there is not.
        for match in Self.page.matches(of: #/steward_[a-z_]+/#) { #expect(real.contains(String(match.output)), "\(match.output)") }
    }

    @Test func journalKinds() {
        let documented = Self.firstCells(under: "The journal").flatMap(Self.codes)
        let found = differences(documented, Decision.Kind.allCases.map(\.rawValue))
        #expect(found.missing == [] && found.unknown == [] && found.twice == [], "\(found)")
    }
}
