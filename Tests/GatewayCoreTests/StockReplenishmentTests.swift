import CoreViews
import Documents
import Replenishment
import Testing

@testable import GatewayCore

/// The shelf itself: ordered at its reorder point, up to its level, and what comes for it lies on it.
@Suite struct StockReplenishmentTests {
    private static let day = 86_400.0
    private static let profile = Press.text(
        supplies: #""{slot}": { level: "/supplies/{slot}", item: "TN-1", counter: "pages", leadTimeDays: 3, floorPercent: 10 },"#)

    private func driver(
        reorderPoint: Int = 1, orderUpTo: Int = 3, _ change: (inout CoreConfiguration) -> Void = { _ in }
    ) throws -> Driver {
        var configuration = CoreConfiguration()
        configuration.replenishment.suppliers = [.init(name: "shop")]
        configuration.replenishment.stockRules = ["TN-1": StockRule(reorderPoint: reorderPoint, orderUpTo: orderUpTo)]
        change(&configuration)
        return try Driver([Self.profile], configuration: configuration)
    }

    private func tell(_ level: Int, _ driver: inout Driver, at second: Double, device: String = "p1") {
        driver.tell(device, "\"supplies\":{\"black\":\(level)}", at: second)
    }

    private func count(_ units: Int, _ driver: inout Driver, at second: Double) {
        driver.control(.order(.stockCounted(item: "TN-1", units: units, by: "Ann")), at: second)
    }

    private func replace(_ driver: inout Driver, at second: Double) {
        for reading in 0..<4 { tell(100, &driver, at: second + Double(reading * 300)) }
    }

    private func units(_ driver: Driver) -> Int { driver.core.orders.stock.unitsOnHand("TN-1") }
    private func orders(_ driver: Driver) -> [SupplyOrder] { driver.core.orders.all }
    private func sent(_ driver: Driver) -> [Delivery] { driver.deliveries.filter { $0.channel == .order } }

    /// The supplier takes what was sent at once, and delivers it two days later.
    private func deliver(_ driver: inout Driver, at second: Double) {
        for order in orders(driver) where order.state == .planned && order.terms.isHandedOver {
            driver.control(.settled(key: order.id, channel: .order, outcome: .delivered, detail: nil), at: second)
        }
        let taken = Driver.start + Int64((second - 2 * Self.day) * 1000)
        for order in orders(driver) where order.state == .sent && order.life.sinceMilliseconds < taken {
            driver.control(.orderUpdate(order: order.id, state: .delivered, reference: nil, detail: nil), at: second)
        }
    }

    /// Spares are put in long before the old ones are empty: no supply ever needs an order, and the shelf stays filled.
    @Test func sparesThatAreTakenEarlyAreOrderedAgain() throws {
        var driver = try driver()
        tell(100, &driver, at: 0)
        count(3, &driver, at: 10)
        var lowest = 3
        for swap in 0..<12 {
            let start = Double(swap) * 40 * Self.day
            for step in 1...38 {
                tell(100 - step * 70 / 38, &driver, at: start + Double(step) * Self.day)
                deliver(&driver, at: start + Double(step) * Self.day + 60)
            }
            replace(&driver, at: start + 39 * Self.day)
            lowest = min(lowest, units(driver))
        }
        deliver(&driver, at: 480 * Self.day)
        deliver(&driver, at: 483 * Self.day)
        #expect(driver.kinds(.supplyReplaced).count == 12)
        #expect(orders(driver).count == 12 && orders(driver).allSatisfy { $0.terms.isForStock == true })
        #expect(Set(orders(driver).map(\.id)).count == 12)
        #expect(lowest == 1, "at the reorder point two are ordered")
        #expect(units(driver) == 3)
    }

    /// A need that the shelf covers takes its unit aside, and the shelf is filled at once: not only when the unit is installed.
    @Test func aNeedThatIsCoveredFillsTheShelf() throws {
        var driver = try driver(reorderPoint: 0, orderUpTo: 1)
        count(1, &driver, at: 0)
        tell(12, &driver, at: 10)
        tell(9, &driver, at: 60)
        let order = try #require(orders(driver).first)
        #expect(order.terms.isForStock == true && order.state == .planned && order.terms.isHandedOver)
        #expect(driver.kinds(.stockReserved).count == 1)
        let body = String(decoding: try #require(sent(driver).first).body, as: UTF8.self)
        #expect(body.contains("\"forStock\":true") && !body.contains("generation") && body.contains("\"item\":\"TN-1\""))
        #expect(body.contains("the stock has 0 free and 0 on order; it is ordered at 0, up to 1"))
        // The order is not that of the supply, so a new cartridge does not end it.
        tell(8, &driver, at: 3600)
        #expect(orders(driver).count == 1)
        driver.control(.settled(key: order.id, channel: .order, outcome: .delivered, detail: nil), at: 3700)
        replace(&driver, at: 4 * Self.day)
        #expect(units(driver) == 0 && driver.core.orderState(order.id) == .sent && orders(driver).count == 1)
        driver.control(.orderUpdate(order: order.id, state: .delivered, reference: nil, detail: nil), at: 5 * Self.day)
        #expect(units(driver) == 1 && driver.core.orders[order.id]?.terms.isShelved == true)
        // The next need has it, and once it is installed, the order has come to its end.
        tell(9, &driver, at: 40 * Self.day)
        tell(9, &driver, at: 40 * Self.day + 900)
        replace(&driver, at: 41 * Self.day)
        #expect(driver.core.orderState(order.id) == .installed && orders(driver).count == 2 && units(driver) == 0)
    }

    /// What people put on the shelf is what was ordered for it; a report that comes later counts nothing twice.
    @Test func whatPeopleCountIsWhatCame() throws {
        var driver = try driver()
        tell(80, &driver, at: 0)
        count(1, &driver, at: 10)
        #expect(orders(driver).count == 2)
        for order in orders(driver) {
            driver.control(.settled(key: order.id, channel: .order, outcome: .delivered, detail: nil), at: 20)
        }
        driver.control(.order(.stockAdded(item: "TN-1", units: 2, by: "Ann")), at: 30)
        #expect(units(driver) == 3 && orders(driver).allSatisfy { $0.state == .delivered && $0.isOver })
        for order in orders(driver) {
            driver.control(.orderUpdate(order: order.id, state: .delivered, reference: nil, detail: nil), at: 40)
        }
        #expect(units(driver) == 3 && orders(driver).count == 2)
        // One is taken by hand, and another: now it is at the reorder point.
        driver.control(.order(.stockAdded(item: "TN-1", units: -1, by: "Ann")), at: 50)
        #expect(orders(driver).count == 2)
        driver.control(.order(.stockAdded(item: "TN-1", units: -1, by: "Ann")), at: 60)
        #expect(orders(driver).count == 4 && Set(orders(driver).map(\.id)).count == 4)
    }

    /// Unknown is not none; and what no device uses is for a person to order.
    @Test func nothingIsOrderedThatNobodyCountedOrUses() throws {
        var driver = try driver()
        count(0, &driver, at: 0)
        #expect(orders(driver).isEmpty, "no device uses it yet")
        var uncounted = try self.driver()
        tell(80, &uncounted, at: 0)
        replace(&uncounted, at: 100)
        driver.control(.order(.stockCounted(item: "other", units: 0, by: "Ann")), at: 200)
        #expect(orders(uncounted).isEmpty && orders(driver).isEmpty)
        tell(80, &driver, at: 300)
        count(0, &driver, at: 310)
        #expect(orders(driver).count == 3)
    }

    /// An order that fails is not repeated by itself; the next change of the stock looks again.
    @Test func aFailedOrderIsTriedWithTheNextChange() throws {
        var driver = try driver(reorderPoint: 0, orderUpTo: 1)
        tell(80, &driver, at: 0)
        count(0, &driver, at: 10)
        let first = try #require(orders(driver).first).id
        driver.control(.settled(key: first, channel: .order, outcome: .abandoned, detail: "404"), at: 20)
        #expect(driver.core.orderState(first) == .failed && orders(driver).count == 1)
        #expect(driver.kinds(.ticket).count == 1)
        count(0, &driver, at: 30)
        #expect(orders(driver).count == 2 && sent(driver).count == 2)
    }

    @Test func itWaitsForApprovalAndCompanyLikeEveryOrder() throws {
        var approved = try driver { $0.replenishment.approval.isAlwaysNeeded = true }
        tell(80, &approved, at: 0)
        count(1, &approved, at: 10)
        #expect(orders(approved).map(\.state) == [.awaitingApproval, .awaitingApproval] && sent(approved).isEmpty)
        approved.control(.order(.stockCounted(item: "TN-1", units: 1, by: "Ann")), at: 20)
        #expect(orders(approved).count == 2, "what waits for approval is on order")

        var waiting = try driver { $0.replenishment.suppliers[0].consolidationMilliseconds = 86_400_000 }
        tell(80, &waiting, at: 0)
        count(1, &waiting, at: 10)
        #expect(sent(waiting).isEmpty && orders(waiting).allSatisfy(\.waitsForCompany))
        tell(80, &waiting, at: Self.day + 20)
        #expect(sent(waiting).count == 1 && orders(waiting).allSatisfy { $0.terms.isHandedOver }, "as one shipment")
    }

    /// The numbers go on after a restart, and the orders outlive the device that they were placed for.
    @Test func numbersGoOnAfterARestart() throws {
        var driver = try driver(reorderPoint: 0, orderUpTo: 1)
        tell(80, &driver, at: 0)
        count(0, &driver, at: 10)
        let core = try StewardCore(
            configuration: driver.core.configuration, profiles: [Driver.profile(Self.profile)], snapshot: driver.snapshot())
        var again = Driver(core: try #require(core), number: driver.number)
        #expect(again.core.digest() == driver.core.digest())
        let first = try #require(orders(again).first).id
        again.control(.settled(key: first, channel: .order, outcome: .delivered, detail: nil), at: 20)
        again.control(.order(.stockAdded(item: "TN-1", units: 1, by: "Ann")), at: 30)
        again.control(.order(.stockAdded(item: "TN-1", units: -1, by: "Ann")), at: 40)
        #expect(Set(orders(again).map(\.id)).count == 2)
        again.control(.removeDevice(device: "p1", by: "Ann"), at: 50)
        #expect(orders(again).map(\.state) == [.delivered, .planned])
    }
}
