import ConsumableForecast
import Testing

@testable import GatewayCore

/// Parts that wear are supplies like any other.
@Suite struct WearPartTests {
    private static let profile = """
        { profile: "pump", messages: [{ topic: "t/{device}/data", time: { pointer: "/ts" } }],
          metrics: { hours: { pointer: "/hours", kind: "counter", unit: "h" }, pages: { pointer: "/pages", kind: "counter" } },
          supplies: {
            seal: { level: "/hours", kind: "filledPart", capacity: 2000, counter: "hours", leadTimeDays: 5, item: "SEAL" },
            waste: { level: "/waste", kind: "filledPart", counter: "pages", item: "WASTE" },
          } }
        """

    /// 20 hours a day, and a new seal at about 1960 hours, with which the hours begin anew.
    @Test func aSealIsOrderedByItsRunningHours() throws {
        var driver = try Driver([Self.profile])
        for tick in 0..<(250 * 6) {
            let hours = Double(tick) * 20 / 6
            driver.tell("p1", "\"hours\":\(hours.truncatingRemainder(dividingBy: 1960))", at: Double(tick) * 14_400)
        }
        #expect(driver.kinds(.order).count == 2 && driver.kinds(.supplyReplaced).count == 2)
        #expect(driver.lines.filter { $0.contains("risk that it ends") && $0.contains("SEAL") }.count == 2)
        #expect(driver.effects.deadLetters.isEmpty)
        for line in driver.kinds(.supplyReplaced).map({ String(decoding: $0.line, as: UTF8.self) }) {
            #expect(line.contains("\"residualPercent\":1.") || line.contains("\"residualPercent\":2"), "\(line)")
        }
    }

    @Test func hoursThatStandTwiceAreNeitherMetricNorLevel() throws {
        var driver = try Driver([Self.profile])
        driver.tell("p1", "\"hours\":100", at: 0)
        driver.tell("p1", "\"hours\":200,\"hours\":300", at: 60)
        #expect(driver.core.supplies.supplies(of: 0)[0].model.levelPercent == 95)
    }

    /// It fills by a percent a day.
    @Test func aWasteBoxThatFillsIsOrderedBeforeItIsFull() throws {
        var driver = try Driver([Self.profile])
        for tick in 0..<(230 * 4) {
            driver.tell("p1", "\"pages\":\(tick * 75),\"waste\":\(tick / 4 % 99)", at: Double(tick) * 21_600)
        }
        #expect(driver.kinds(.order).count == 2 && driver.kinds(.supplyReplaced).count == 2)
    }
}
