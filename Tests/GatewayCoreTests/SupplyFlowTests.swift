import CivilCalendar
import ConsumableForecast
import CoreViews
import Replenishment
import TestSupport
import Testing

@testable import GatewayCore

/// From a level to an order and to the cartridge that comes of it.
@Suite struct SupplyFlowTests {
    private func level(_ percent: String, _ driver: inout Driver, at second: Double, time: Double? = nil, retained: Bool = false) {
        driver.tell("p1", "\"supplies\":{\"black\":\(percent)}", at: second, time: time, retained: retained)
    }

    private func ordered(_ driver: inout Driver) throws -> String {
        level("12", &driver, at: 0)
        #expect(driver.kinds(.order).isEmpty)
        level("9", &driver, at: 60)
        return try #require(driver.deliveries.first { $0.channel == .order }).key
    }

    /// Monday's first hour east of the meridian is Sunday in UTC.
    @Test func daysOfUseAreThoseOfTheSite() throws {
        func weights(zone: ZoneRules) throws -> [Double] {
            var configuration = CoreConfiguration()
            configuration.zone = zone
            var driver = try Driver(configuration: configuration)
            var pages = 1000
            // Read one minute after each full hour: work from 0 to 2 o'clock on the wall, Monday to Friday.
            for hours in 0..<(24 * 35) {
                let wall = Driver.start / 3_600_000 + Int64(hours) + 1
                let isWorkday = Weekday(daysSince1970: Int(wall / 24)) != .saturday && Weekday(daysSince1970: Int(wall / 24)) != .sunday
                if isWorkday, (1...2).contains(wall % 24) { pages += 50 }
                driver.tell("p1", "\"pages\":\(pages),\"supplies\":{\"black\":\(100 - pages / 400)}", at: Double(hours) * 3600 + 60)
            }
            let state = try #require(driver.core.supplies.supplies(of: 0).first)
            return state.model.evidence(atMilliseconds: Driver.start, fleet: FleetPriors()).weekdayWeights
        }
        let berlin = try weights(zone: ZoneRules(tzif: ZoneFixture.berlin))
        #expect(berlin[6] < 0.4, "Sunday: \(berlin)")
        let utc = try weights(zone: .utc)
        #expect(utc[6] > 1.5 * berlin[6] && utc[4] < 0.8 * berlin[4], "Sunday and Friday: \(utc), and not \(berlin)")
    }

    @Test func oneOrderAGeneration() throws {
        var driver = try Driver()
        let order = try ordered(&driver)
        let line = try #require(driver.lines.first)
        #expect(line.hasPrefix("{\"time\":\(Driver.start + 60_000),\"kind\":\"order\",\"device\":\"p1\","))
        #expect(line.contains("\"supply\":\"black\"") && line.contains("\"generation\":1") && line.contains("\"reason\":\""))
        for second in 2..<200 { level("\(max(0, 9 - second / 20))", &driver, at: Double(second * 1000)) }
        #expect(driver.kinds(.order).count == 1)
        #expect(driver.core.orderState(order) == .planned)

        driver.control(.settled(key: order, channel: .order, outcome: .delivered, detail: nil), at: 200_000)
        #expect(driver.core.orderState(order) == .sent)
        // Reports out of order never move it backwards.
        driver.control(.orderUpdate(order: order, state: .shipped, reference: "PO-7", detail: nil), at: 200_001)
        driver.control(.orderUpdate(order: order, state: .accepted, reference: nil, detail: nil), at: 200_002)
        driver.control(.settled(key: order, channel: .order, outcome: .delivered, detail: nil), at: 200_003)
        #expect(driver.core.orderState(order) == .shipped)
        driver.control(.orderUpdate(order: order, state: .delivered, reference: nil, detail: nil), at: 200_004)

        // A level that jumps up for one reading is no new cartridge; one that stays is.
        level("100", &driver, at: 201_000)
        level("0", &driver, at: 201_060)
        #expect(driver.kinds(.supplyReplaced).isEmpty)
        for second in 0..<4 { level("100", &driver, at: 202_000 + Double(second * 60)) }
        #expect(driver.kinds(.supplyReplaced).count == 1)
        #expect(driver.core.orderState(order) == .installed)
        driver.control(.orderUpdate(order: order, state: .cancelled, reference: nil, detail: nil), at: 203_000)
        #expect(driver.core.counters.refusedControls == 1)

        level("50", &driver, at: 210_000)
        level("50", &driver, at: 210_700)
        level("9", &driver, at: 290_000)
        level("9", &driver, at: 290_700)
        let second = try #require(driver.kinds(.order).last)
        #expect(driver.kinds(.order).count == 2)
        #expect(String(decoding: second.line, as: UTF8.self).contains("\"generation\":2"))
    }

    /// The supplier has it, whatever became of the delivery's acknowledgement.
    @Test func whatTheSupplierAcceptedDoesNotFailBecauseTheDeliveryWasGivenUp() throws {
        var driver = try Driver()
        let order = try ordered(&driver)
        driver.control(.orderUpdate(order: order, state: .accepted, reference: nil, detail: nil), at: 100)
        driver.control(.settled(key: order, channel: .order, outcome: .abandoned, detail: "time-out"), at: 200)
        #expect(driver.core.orderState(order) == .accepted)
        var other = try Driver()
        let lost = try ordered(&other)
        other.control(.settled(key: lost, channel: .order, outcome: .abandoned, detail: "time-out"), at: 200)
        #expect(other.core.orderState(lost) == .failed)
    }

    @Test(arguments: ["-1", "-2", "-3", "null", "\"unknown\"", "{}", "[0]", "false"]) func nothingIsOrderedForAnUnknown(_ value: String)
        throws
    {
        var driver = try Driver()
        for day in 0..<40 { level(value, &driver, at: Double(day) * 86_400) }
        level("50", &driver, at: 3_500_000)
        for day in 0..<40 { level(value, &driver, at: 3_500_060 + Double(day) * 86_400) }
        #expect(driver.kinds(.order).isEmpty)
        #expect(driver.deliveries.isEmpty)
    }

    /// With evidence of its use, too: that the device no longer knows its level is no reason to order.
    @Test func anUnknownLevelIsNotOrderedByTheForecastOfAnEarlierOne() throws {
        var driver = try Driver()
        for day in 0..<12 { level("\(100 - day * 5)", &driver, at: Double(day) * 86_400) }
        #expect(driver.kinds(.order).isEmpty)
        for day in 12..<30 { level("-1", &driver, at: Double(day) * 86_400) }
        #expect(driver.kinds(.order).isEmpty)
    }

    @Test func theForecastOrdersBeforeTheEnd() throws {
        var driver = try Driver()
        for day in 0..<20 { level("\(100 - day * 5)", &driver, at: Double(day) * 86_400) }
        let line = try #require(driver.kinds(.order).first.map { String(decoding: $0.line, as: UTF8.self) })
        #expect(line.contains("risk that it ends") && line.contains("\"daysLeft\":["))
        #expect(driver.kinds(.order).count == 1)
    }

    /// The counter of a message wears the level of the same message, wherever the two stand.
    @Test func theOrderOfMembersDoesNotMatterForTheForecast() throws {
        var digests: Set<String> = []
        for isLevelFirst in [true, false] {
            var driver = try Driver()
            for day in 0..<15 {
                let pages = "\"pages\":\(day * 100 + (day % 3) * 40)"
                let supplies = "\"supplies\":{\"black\":\(100 - day * 5)}"
                driver.tell("p1", isLevelFirst ? "\(supplies),\(pages)" : "\(pages),\(supplies)", at: Double(day) * 86_400)
            }
            digests.insert(driver.core.digest())
        }
        #expect(digests.count == 1)
    }

    /// What a backfill tells of a need is asked again by the first reading of the present, not an hour later.
    @Test func aNeedThatABackfillFoundIsOrderedByTheNextFreshReading() throws {
        var driver = try Driver()
        level("12", &driver, at: 0)
        for minute in 1..<60 { level("8", &driver, at: 7200, time: Double(minute) * 60) }
        #expect(driver.kinds(.order).isEmpty)
        level("8", &driver, at: 7230)
        #expect(driver.kinds(.order).count == 1)
    }

    @Test func supplyNumbersOfOtherUnitsAreToldAndNotTaken() throws {
        var driver = try Driver()
        level("4000", &driver, at: 0)
        #expect(driver.effects.deadLetters.first?.reason.contains("out of range") == true)
        #expect(driver.core.supplies.supplies(of: 0).isEmpty || driver.core.supplies.supplies(of: 0)[0].model.levelPercent == nil)
    }
}
