import Replenishment
import Testing

@testable import GatewayCore

/// Codes that say which supply is low, where its level is no number.
@Suite struct SupplyHintTests {
    static let profile = """
        { profile: "press", silentAfterSeconds: 600,
          messages: [{ topic: "t/{device}/data", time: { pointer: "/ts" } }],
          metrics: { pages: { pointer: "/pages", kind: "counter" } },
          supplies: {
            "{slot}": { level: "/supplies/{slot}", leadTimeDays: 3, floorPercent: 10, values: { "-100": [0, 10] } },
            "row-{index}": { level: "/rows/{index=index}/level", typeMember: "type", counter: "pages", leadTimeDays: 3, floorPercent: 5 },
          },
          alerts: [
            { pointer: "/errors", supplies: [
              { codes: ["low-black"], supply: "black", level: [0, 10] },
              { codes: ["low-toner"], types: ["toner"], level: [0, 10] },
              { codes: ["out-black"], supply: "black", level: "doubtful" },
              { codes: ["door"], level: "doubtful" },
            ] },
            { pointer: "/alerts", code: "a-{code}-{group}-{index}", supplies: [
              { codes: ["a-1104-11-*"], supply: "row-{index}", level: [0, 10] },
            ] },
          ],
        }
        """

    private func orders(_ told: [(minute: Double, members: String)], wait: Double? = nil) throws -> [String] {
        var driver = try Driver([Self.profile])
        for (minute, members) in told { driver.tell("p1", members, at: minute * 60) }
        let bytes = try driver.snapshot()
        let core = try StewardCore(
            configuration: driver.core.configuration, profiles: [Driver.profile(Self.profile)], snapshot: bytes)
        #expect(core?.digest() == driver.core.digest())
        return driver.kinds(.order).map { "\(($0.timeMilliseconds - Driver.start) / 60_000)" }
    }

    private static func rows(_ levels: Int..., types: String = "toner") -> String {
        let rows = levels.enumerated().map { "{\"index\":\($0.offset + 1),\"type\":\"\(types)\",\"level\":\($0.element)}" }
        return "\"rows\":[\(rows.joined(separator: ","))]"
    }
    private static func alert(_ index: Int?, group: Int = 11) -> String {
        "\"alerts\":[\(index.map { "{\"code\":1104,\"group\":\(group),\"index\":\($0)}" } ?? "")]"
    }

    /// Every twenty minutes, members for so many reports; the minute of the order.
    @Test(
        arguments: [
            ("a word on the level itself", [("\"supplies\":{\"black\":-3}", 3), ("\"supplies\":{\"black\":-100}", 3)], ["80"]),
            (
                "a code that names the supply",
                [("\"supplies\":{\"black\":-3}", 3), ("\"supplies\":{\"black\":-3},\"errors\":[\"low-black\"]", 3)], ["80"]
            ),
            ("another supply's", [("\"supplies\":{\"cyan\":-3}", 3), ("\"supplies\":{\"cyan\":-3},\"errors\":[\"low-black\"]", 9)], []),
            (
                "gone again",
                [("\"supplies\":{\"black\":-3},\"errors\":[\"low-black\"]", 1), ("\"supplies\":{\"black\":-3},\"errors\":[]", 9)], []
            ),
            (
                "a number is finer than a code",
                [("\"supplies\":{\"black\":60}", 2), ("\"supplies\":{\"black\":59},\"errors\":[\"low-black\"]", 5)], []
            ),
            ("a row of the table of alerts", [(rows(-3, -3) + "," + alert(2), 4)], ["20"]),
            ("of another group", [(rows(-3, -3) + "," + alert(2, group: 10), 4)], []),
            ("of a row that is not there", [(rows(-3, -3) + "," + alert(3), 4)], []),
            ("only 0 and 100", [(rows(100) + "," + alert(nil), 3), (rows(100) + "," + alert(1), 3)], ["80"]),
            ("a kind, of which there is one", [(rows(-3) + ",\"errors\":[\"low-toner\"]", 3)], ["20"]),
            ("a kind, of which another may be meant", [(rows(-3, -3) + ",\"errors\":[\"low-toner\"]", 9)], []),
            ("a kind, and all others are full enough", [(rows(-3, 60) + ",\"errors\":[\"low-toner\"]", 3)], ["20"]),
            ("a kind, and another is low itself", [(rows(-3, 12) + ",\"errors\":[\"low-toner\"]", 3)], []),
            ("another kind", [(rows(-3, types: "staples") + ",\"errors\":[\"low-toner\"]", 9)], []),
        ] as [(String, [(String, Int)], [String])]) func lowToldOtherwise(_ name: String, _ told: [(String, Int)], _ expected: [String])
        throws
    {
        let all = told.flatMap { Array(repeating: $0.0, count: $0.1) }
        #expect(try orders(all.enumerated().map { (Double($0.offset * 20), $0.element) }) == expected, "\(name)")
    }

    /// A low code of the supply proves at once what its level tells for the first time.
    @Test func aCodeProvesALevelAtItsEnd() throws {
        let line = "\"supplies\":{\"black\":0},\"errors\":[\"low-black\"]"
        #expect(try orders([(0, line)]) == ["0"])
        #expect(try orders([(0, "\"supplies\":{\"black\":0}")]).isEmpty)
    }
}
