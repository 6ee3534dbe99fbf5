import FaultDetection
import RemoteSupport
import Telemetry
import Testing

@testable import GatewayCore

/// One device has a bounded number of alarms and tickets at a time; the most severe stay, and the rest is counted and told together.
@Suite struct AlarmBudgetTests {
    private static let profile = """
        {
          profile: "coded", messages: [{ name: "all", topic: "c/{device}/data" }],
          metrics: { temp: { message: "all", pointer: "/temp" } },
          alerts: [
            { message: "all", pointer: "/errors", severity: "minor", codes: { fire: { severity: "critical" }, smoke: { severity: "critical" } } },
            { message: "all", pointer: "/serious", severity: "major" },
          ],
        }
        """

    private func list(_ prefix: String, _ range: Range<Int>) -> String {
        "[" + range.map { "\"\(prefix)\($0)\"" }.joined(separator: ",") + "]"
    }
    private func standing(_ driver: Driver, _ device: String) -> [Alarm] {
        driver.core.alarms.all.filter { $0.device == device && $0.isActive }
    }

    @Test func aDeviceThatMakesUpCodesHasABoundedNumberOfAlarms() throws {
        var driver = try Driver([Self.profile])
        driver.send("c/good/data", "{\"errors\":[\"jam\"]}", at: 1)
        for round in 0..<20 {
            // The codes of before are still reported, in the other list.
            driver.send("c/bad/data", "{\"errors\":\(list("e\(round)-", 0..<60)),\"serious\":\(list("s", 0..<60))}", at: 2 + Double(round))
        }
        #expect(standing(driver, "bad").count <= AlarmDesk.maximumStandingAlarms + 1)
        // The most severe stay: all that are major, and the one that tells of the others.
        #expect(standing(driver, "bad").filter { $0.severity == .major }.count == 61)
        #expect(standing(driver, "bad").contains { $0.condition == Alarm.foldedCondition })
        #expect(driver.core.budgets[.alarmsFolded] > 60)
        #expect(driver.core.support.tickets.all.filter { $0.device == "bad" }.count <= SupportDesk.maximumOpenTickets + 1)
        #expect(driver.core.budgets[.ticketsFolded] > 0)
        #expect(standing(driver, "good").map(\.condition) == ["jam"])
        // A worse one than all that are open has a ticket of its own, and an alarm.
        driver.send("c/bad/data", "{\"errors\":[\"fire\"],\"serious\":\(list("s", 0..<60))}", at: 30)
        #expect(standing(driver, "bad").contains { $0.condition == "fire" })
        #expect(driver.core.support.tickets.all.contains { $0.device == "bad" && $0.severity == .critical })
        // And it ends when there is room again.
        driver.send("c/bad/data", "{\"errors\":[],\"serious\":[]}", at: 40)
        #expect(standing(driver, "bad").isEmpty)
    }

    /// A worse alarm takes the place of one that is less severe, and of no second one for the alarm that tells of them.
    @Test func aWorseAlarmTakesTheRoomOfOne() throws {
        var driver = try Driver([Self.profile])
        driver.send("c/bad/data", "{\"errors\":\(list("e", 0..<64)),\"serious\":[]}", at: 1)
        #expect(standing(driver, "bad").count == 64)
        driver.send("c/bad/data", "{\"errors\":\(list("e", 0..<64)),\"serious\":[\"s0\"]}", at: 2)
        let conditions = standing(driver, "bad").map(\.condition)
        #expect(conditions.count == 65 && conditions.contains("s0") && conditions.contains(Alarm.foldedCondition))
    }

    @Test func aCodeThatWasFoldedIsToldWhenThereIsRoomAndItIsReportedAgain() throws {
        var driver = try Driver([Self.profile])
        driver.send("c/bad/data", "{\"errors\":\(list("e", 0..<60)),\"serious\":\(list("s", 0..<10))}", at: 1)
        let folded = Set((0..<60).map { "e\($0)" } + (0..<10).map { "s\($0)" }).subtracting(standing(driver, "bad").map(\.condition))
        #expect(folded.count == 6 || folded.count == 7)
        let one = try #require(folded.sorted().first)
        driver.send("c/bad/data", "{\"errors\":[\"\(one)\"],\"serious\":[]}", at: 2)
        #expect(standing(driver, "bad").map(\.condition) == [one])
    }

    @Test func aSnapshotKeepsWhatIsFolded() throws {
        var driver = try Driver([Self.profile])
        driver.send("c/bad/data", "{\"errors\":\(list("e", 0..<60)),\"serious\":\(list("s", 0..<40))}", at: 1)
        let restored = try #require(
            try StewardCore(
                configuration: CoreConfiguration(), profiles: [try Driver.profile(Self.profile)], snapshot: try driver.snapshot()))
        var second = Driver(core: restored, number: driver.number)
        #expect(second.tick(at: 2) == driver.tick(at: 2))
        let next = "{\"errors\":\(list("f", 0..<60)),\"serious\":\(list("s", 0..<41))}"
        #expect(second.send("c/bad/data", next, at: 3) == driver.send("c/bad/data", next, at: 3))
        #expect(try second.snapshot() == driver.snapshot())
    }

    @Test func whatIsOverOfAGreedyDeviceDoesNotPushOutWhatIsOverOfOthers() throws {
        var configuration = CoreConfiguration()
        configuration.maximumFinished = 50
        var driver = try Driver([Self.profile], configuration: configuration)
        for device in 0..<5 {
            driver.send("c/good\(device)/data", "{\"errors\":[\"jam\"]}", at: 1)
            driver.send("c/good\(device)/data", "{\"errors\":[]}", at: 2)
        }
        for round in 0..<100 {
            driver.send("c/bad/data", "{\"errors\":\(list("e\(round)-", 0..<5))}", at: 3 + Double(round))
        }
        for device in 0..<5 { #expect(driver.core.alarms.all.contains { $0.device == "good\(device)" }) }
        #expect(driver.core.alarms.count < 100)
        // The newest of its own are what the greedy one keeps.
        #expect(driver.core.alarms.all.contains { $0.condition == "e98-4" })
        #expect(!driver.core.alarms.all.contains { $0.condition == "e0-0" })
    }

    @Test func oneDeviceHasABoundedNumberOfOpenCommands() throws {
        let books = Press.profile.replacing(
            "dust: { severity: \"minor\" },",
            with: (0..<40).map { "c\($0): { severity: \"minor\", playbook: \"mend\" }," }.joined(separator: " "))
        var driver = try Driver([books])
        driver.tell("bad", "\"errors\":\(list("c", 0..<40))", at: 1)
        driver.tell("good", "\"errors\":[\"c1\"]", at: 2)
        #expect(driver.commands.filter { $0.device == "bad" }.count == SupportDesk.maximumOpenRunsPerDevice)
        #expect(driver.commands.filter { $0.device == "good" }.count == 1)
    }
}
