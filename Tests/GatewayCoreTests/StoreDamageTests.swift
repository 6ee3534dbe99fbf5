import CoreViews
import RemoteSupport
import Replenishment
import Testing

@testable import GatewayCore

/// What was done may be among what is lost, so nothing is repeated without a question until somebody has seen it.
@Suite struct StoreDamageTests {
    private let damage = StoreDamage(
        id: "sd-7-9", text: "events 7 to 9 are missing", foundMilliseconds: Driver.start, firstEvent: 7, lastEvent: 9)

    private func configuration(consolidationMilliseconds: Int64 = 0) -> CoreConfiguration {
        var configuration = CoreConfiguration()
        configuration.replenishment.suppliers = [.init(name: "shop")]
        configuration.replenishment.suppliers[0].consolidationMilliseconds = consolidationMilliseconds
        return configuration
    }

    private let id = SupplyOrder.id(device: "p1", supply: "black", generation: 1)

    private func report(_ driver: inout Driver, _ tick: Int) {
        driver.tell("p1", "\"pages\":\(1000 + tick * 10),\"supplies\":{\"black\":\(max(0, 100 - tick / 2))}", at: Double(tick) * 14_400)
    }

    private func untilDecided(_ driver: inout Driver) throws {
        _ = try #require(
            (0..<200).first { tick in
                report(&driver, tick)
                return driver.core.orders[id] != nil
            })
    }

    private func orders(_ driver: Driver) -> [String] { driver.deliveries.filter { $0.channel == .order }.map(\.key) }

    @Test func anOrderIsAskedForAndGoesOnAPersonsWord() throws {
        var driver = try Driver(configuration: configuration())
        driver.control(.storeDamaged(damage), at: 1)
        driver.control(.storeDamaged(damage), at: 2)
        #expect(driver.core.storeDamage.unseen == 1 && driver.kinds(.storeDamaged).count == 1)
        try untilDecided(&driver)
        #expect(driver.core.orders[id]?.state == .awaitingApproval && orders(driver).isEmpty)
        #expect(driver.core.orders[id]?.terms.approvalReason?.contains("events 7 to 9 are missing") == true)
        let second = Double(driver.core.now - Driver.start) / 1000
        driver.control(.storeDamageSeen(damage: "sd-7-9", by: "anna"), at: second + 1)
        #expect(driver.core.storeDamage.unseen == 0 && driver.core.heldBackSince == nil)
        #expect(driver.core.orders[id]?.state == .awaitingApproval && orders(driver).isEmpty, "each needs a word of its own")
        driver.control(.order(.approve(order: id, by: "anna")), at: second + 2)
        #expect(orders(driver) == [id])
    }

    @Test func afterItIsSeenNothingIsAsked() throws {
        var driver = try Driver(configuration: configuration())
        driver.control(.storeDamaged(damage), at: 1)
        driver.control(.storeDamageSeen(damage: "sd-7-9", by: "anna"), at: 2)
        driver.control(.storeDamageSeen(damage: "sd-7-9", by: "ben"), at: 3)
        #expect(driver.core.counters.refusedControls == 1)
        try untilDecided(&driver)
        #expect(orders(driver) == [id])
    }

    @Test func damageThatConcernsNoDecisionHoldsNothingBack() throws {
        var driver = try Driver(configuration: configuration())
        driver.control(
            .storeDamaged(StoreDamage(id: "x", text: "the history is damaged", foundMilliseconds: 1, concernsDecisions: false)), at: 1)
        try untilDecided(&driver)
        #expect(orders(driver) == [id] && driver.core.storeDamage.unseen == 1)
    }

    /// It may have gone with others, under a key that nobody knows any more.
    @Test func whatWaitedForCompanyIsAskedFor() throws {
        var driver = try Driver(configuration: configuration(consolidationMilliseconds: 20 * 86_400_000))
        try untilDecided(&driver)
        try #require(driver.core.orders[id]?.waitsForCompany == true)
        driver.control(.storeDamaged(damage), at: Double(driver.core.now - Driver.start) / 1000 + 1)
        #expect(driver.core.orders[id]?.state == .awaitingApproval)
        driver.wait(until: Double(driver.core.now - Driver.start) / 1000 + 30 * 86_400)
        #expect(orders(driver).isEmpty)
    }

    @Test func aPlaybookWaitsAndATicketDoesNot() throws {
        var driver = try Driver()
        driver.tell("p1", "\"status\":\"busy\"", at: 0)
        driver.control(.storeDamaged(damage), at: 1)
        driver.tell("p1", "\"errors\":[\"jam\",\"fire\"]", at: 2)
        #expect(driver.commands.isEmpty && driver.kinds(.ticket).count == 1)
        #expect(driver.core.totals().heldAlarms == 1)
        driver.control(.storeDamageSeen(damage: "sd-7-9", by: "anna"), at: 3)
        #expect(driver.commands.count == 1)
    }

    @Test func aPlaybookThatWasRunningSendsNoFurtherCommand() throws {
        var driver = try Driver()
        driver.tell("p1", "\"errors\":[\"jam\"]", at: 0)
        #expect(driver.commands.count == 1)
        driver.control(.storeDamaged(damage), at: 1)
        driver.wait(until: 600)
        #expect(driver.commands.count == 1 && driver.core.support.openRuns.isEmpty)
        let ticket = try #require(driver.core.support.tickets.all.first)
        #expect(ticket.reason.contains("events 7 to 9 are missing"))
    }

    @Test func aSnapshotKeepsIt() throws {
        var driver = try Driver(configuration: configuration())
        driver.control(.storeDamaged(damage), at: 1)
        let bytes = try driver.snapshot()
        let core = try #require(
            try StewardCore(configuration: configuration(), profiles: [Driver.profile(Press.profile)], snapshot: bytes))
        #expect(core.storeDamage == driver.core.storeDamage && core.digest() == driver.core.digest())
    }

    @Test func theListIsBounded() {
        var log = StoreDamageLog()
        for number in 0..<200 {
            let isNew = log.note(StoreDamage(id: "\(number)", text: "", foundMilliseconds: 1))
            #expect(isNew)
            if number == 3 {
                let isSeen = log.see("3", by: "anna", atMilliseconds: 2)
                #expect(isSeen)
            }
        }
        #expect(log.entries.count == StoreDamageLog.maximumEntries && log.dropped == 200 - 64)
        #expect(!log.contains("3") && log.contains("199") && log.unseen == 64)
    }
}
