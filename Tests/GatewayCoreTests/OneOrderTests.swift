import Replenishment
import Testing

@testable import GatewayCore

/// One order a generation, however often its reason is told.
@Suite struct OneOrderTests {
    /// Two and a half cartridges: 2 % a day, a report every four hours.
    private static let readings: [(second: Double, members: String)] = (0..<(125 * 6)).map { tick in
        let second = Double(tick) * 14_400
        return (second, "\"pages\":\(1000 + tick * 10),\"supplies\":{\"black\":\(100 - 2 * (tick / 6 % 50))}")
    }

    private func orderIDs(_ driver: Driver) -> [String] { driver.deliveries.filter { $0.channel == .order }.map(\.key) }

    private func expected(_ generations: ClosedRange<Int32>) -> [String] {
        generations.map { SupplyOrder.id(device: "p1", supply: "black", generation: $0) }
    }

    private func plain() throws -> Driver {
        var driver = try Driver()
        for reading in Self.readings { driver.tell("p1", reading.members, at: reading.second) }
        return driver
    }

    @Test func byTheForecastOneAGeneration() throws {
        let driver = try plain()
        #expect(orderIDs(driver) == expected(1...2))
        #expect(driver.kinds(.order).count == 2 && driver.kinds(.supplyReplaced).count == 2)
        #expect(driver.lines.filter { $0.contains("risk that it ends") }.count == 2)
    }

    @Test func duplicatesAddNone() throws {
        var driver = try Driver()
        for (number, reading) in Self.readings.enumerated() {
            driver.tell("p1", reading.members, at: reading.second)
            // What the broker sends again after a reconnect, and what the device itself repeats later.
            if number % 3 == 0 { driver.control(.connected(sessionPresent: true), at: reading.second + 1) }
            driver.tell("p1", reading.members, at: reading.second + 2, time: reading.second)
            if number > 9 {
                driver.tell("p1", Self.readings[number - 9].members, at: reading.second + 3, time: Self.readings[number - 9].second)
            }
        }
        #expect(orderIDs(driver) == expected(1...2))
        #expect(driver.kinds(.order).count == 2)
    }

    @Test func aReplayOfTheSameEventsGivesTheSameOrders() throws {
        let (first, second) = (try plain(), try plain())
        #expect(first.lines == second.lines && orderIDs(first) == orderIDs(second))
        #expect(first.core.digest() == second.core.digest())
    }

    /// The telemetry once more, to a core that knows it already: all of it is late, and nothing is ordered again.
    @Test func theRecordingOnceMoreOrdersNothing() throws {
        var driver = try plain()
        let end = (Self.readings.last?.second ?? 0) + 60
        for reading in Self.readings { driver.tell("p1", reading.members, at: end, time: reading.second) }
        #expect(orderIDs(driver) == expected(1...2))
    }

    /// A gateway that is ended between any two days goes on where it was.
    @Test func aRestartEveryDayChangesNothing() throws {
        let whole = try plain()
        var driver = try Driver()
        var effects: [Effect] = []
        for (number, reading) in Self.readings.enumerated() {
            if number % 6 == 5 {
                let core = try #require(
                    try StewardCore(
                        configuration: CoreConfiguration(), profiles: [Driver.profile(Press.profile)], snapshot: driver.snapshot()))
                effects += driver.effects
                driver = Driver(core: core, number: driver.number)
            }
            driver.tell("p1", reading.members, at: reading.second)
        }
        effects += driver.effects
        #expect(effects.deliveries.filter { $0.channel == .order }.map(\.key) == orderIDs(whole))
        #expect(effects.decisions.filter { $0.contains("\"kind\":\"order\"") } == whole.lines.filter { $0.contains("\"kind\":\"order\"") })
        #expect(driver.core.digest() == whole.core.digest())
    }
}
