import CoreViews
import FaultDetection
import RemoteSupport
import Replenishment
import Telemetry
import Testing

@testable import GatewayCore

/// What goes wrong with orders in practice: nobody answers, two gateways see one device, the cartridge comes another way.
@Suite struct OrderBreakingTests {
    private func driver(profile: String = Press.profile, _ change: (inout ReplenishmentPolicy) -> Void = { _ in }) throws -> Driver {
        var configuration = CoreConfiguration()
        configuration.replenishment.defaultSite = "north"
        configuration.replenishment.suppliers = [.init(name: "shop")]
        change(&configuration.replenishment)
        return try Driver([profile], configuration: configuration)
    }

    private func level(_ percent: Int, _ driver: inout Driver, at second: Double, supply: String = "black") {
        driver.tell("p1", "\"supplies\":{\"\(supply)\":\(percent)}", at: second)
    }

    private func useUp(_ driver: inout Driver, supply: String = "black", at second: Double = 0) {
        level(12, &driver, at: second, supply: supply)
        level(9, &driver, at: second + 60, supply: supply)
    }

    private func replace(_ driver: inout Driver, at second: Double) {
        for reading in 0..<4 { level(100, &driver, at: second + Double(reading * 60)) }
    }

    private func id(_ supply: String = "black") -> String { SupplyOrder.id(device: "p1", supply: supply, generation: 1) }
    private func orders(_ driver: Driver) -> [Delivery] { driver.deliveries.filter { $0.channel == .order } }
    private func text(_ delivery: Delivery?) -> String { String(decoding: delivery?.body ?? [], as: UTF8.self) }

    private func overdueAlarms(_ driver: Driver) -> Int {
        driver.core.alarms.all.count { $0.source == .order && $0.isActive && $0.clearedMilliseconds == nil }
    }

    private func settle(_ driver: inout Driver, _ key: String, at second: Double) {
        driver.control(.settled(key: key, channel: .order, outcome: .delivered, detail: nil), at: second)
    }

    // MARK: Overdue

    /// Whatever ends the waiting ends the alarm; none stays behind.
    @Test(arguments: OrderReport.states) func everyWayOutOfAnOverdueStepClearsItsAlarm(_ state: SupplyOrder.State) throws {
        var driver = try driver { $0.deadlines.limits[.sent] = 3_600_000 }
        useUp(&driver)
        settle(&driver, id(), at: 100)
        driver.wait(until: 5000)
        #expect(overdueAlarms(driver) == 1)
        driver.control(.orderUpdate(order: id(), state: state, reference: nil, detail: nil), at: 5001)
        driver.wait(until: 6000)
        #expect(overdueAlarms(driver) == 0 && driver.core.totals().overdueOrders == 0)
    }

    @Test(arguments: ["approve", "reject", "cancel", "replace", "duplicate", "settle"])
    func everyWayOutOfAnOverdueBeginningClearsItsAlarm(_ way: String) throws {
        let waits = ["approve", "reject", "cancel", "replace"].contains(way)
        var driver = try driver {
            $0.approval.isAlwaysNeeded = waits
            $0.deadlines.limits[.awaitingApproval] = 3_600_000
            $0.deadlines.limits[.planned] = 3_600_000
        }
        useUp(&driver)
        driver.wait(until: 5000)
        #expect(overdueAlarms(driver) == 1)
        switch way {
        case "approve": driver.control(.order(.approve(order: id(), by: "Ann")), at: 5001)
        case "reject": driver.control(.order(.reject(order: id(), by: "Ann", reason: nil)), at: 5001)
        case "cancel": driver.control(.order(.cancel(order: id(), by: "Ann", reason: nil)), at: 5001)
        case "replace": replace(&driver, at: 5001)
        case "duplicate": driver.control(.order(.duplicate(key: id(), detail: nil)), at: 5001)
        default: settle(&driver, id(), at: 5001)
        }
        #expect(overdueAlarms(driver) == 0 && driver.core.totals().overdueOrders == 0)
    }

    // MARK: The cartridge comes another way

    /// The supplier could not be reached for hours, and meanwhile somebody has put in another cartridge: the order must not go any more.
    @Test func whatCannotBeSentIsCalledOffWhenAnotherCartridgeIsInstalled() throws {
        var driver = try driver()
        useUp(&driver)
        #expect(orders(driver).map(\.key) == [id()])
        driver.wait(until: 5 * 3600)
        #expect(overdueAlarms(driver) == 1)
        replace(&driver, at: 6 * 3600)
        #expect(driver.core.orderState(id()) == .cancelled && overdueAlarms(driver) == 0)
        #expect(driver.effects.contains(.withdraw(key: id())))
        #expect(orders(driver).map(\.key) == [id(), SupplyOrder.cancellationKey(id())], "a try may have reached the supplier unseen")
    }

    /// The stock is counted by the name that is ordered, also where the profile makes it of what the device says.
    @Test func stockIsDrawnUnderTheNameThatIsOrdered() throws {
        let profile = Press.text(
            supplies: #""{slot}": { level: "/supplies/{slot}", counter: "pages", leadTimeDays: 3, floorPercent: 10, item: "TN-{label}" },"#)
        var driver = try driver(profile: profile)
        driver.control(.order(.stockCounted(item: "TN-black", units: 1, by: "Ann")), at: 0)
        useUp(&driver, at: 10)
        #expect(orders(driver).isEmpty && driver.core.orders.stock.unitsAvailable("TN-black") == 0)
        for hour in 1..<4 { level(0, &driver, at: Double(hour) * 4000) }
        #expect(driver.core.support.tickets.all.map(\.text) == ["Install TN-black (black)"])
        replace(&driver, at: 20_000)
        #expect(driver.core.orders.stock.unitsOnHand("TN-black") == 0 && driver.core.orders.stock.needs.isEmpty)
        driver.control(.order(.request(device: "p1", supply: "black", by: "Ann")), at: 30_000)
        #expect(driver.core.orders.all.map(\.item) == ["TN-black"])
    }

    // MARK: Two gateways with company

    private func held(_ supplies: [String]) throws -> Driver {
        var driver = try driver { $0.suppliers[0].consolidationMilliseconds = 3_600_000 }
        for supply in supplies { level(80, &driver, at: 0, supply: supply) }
        for (slot, supply) in supplies.enumerated() {
            let order = SupplyOrder(
                device: "p1", supply: supply, item: supply, generation: 1, reason: "r", decidedMilliseconds: driver.core.now,
                levelPercent: 20, daysLeft: nil, latestSendMilliseconds: driver.core.now + 86_400_000)
            driver.place(order, 0, supply: SupplyIndex(slot), at: driver.core.now)
        }
        driver.wait(until: 4000)
        return driver
    }

    /// Lines are numbered, and suppliers speak of line 2: it has to be the same one for whoever sent it.
    @Test func theSameCompanyIsTheSameShipmentInWhateverOrderItWasDecided() throws {
        let first = try held(["a", "b", "c"])
        let second = try held(["c", "a", "b"])
        #expect(orders(first).count == 1 && orders(first).map(\.key) == orders(second).map(\.key))
        #expect(first.core.orders.shipments == second.core.orders.shipments)
        let document = try OrderDocument(parsing: orders(first)[0].body, key: orders(first)[0].key, createdMilliseconds: 0)
        #expect(document.lines.map(\.order) == first.core.orders.shipments[orders(first)[0].key])
    }

    /// The other gateway had other company: of this shipment the supplier knows one line already.
    @Test func aLineThatTheSupplierHasAlreadyIsClosedAndNotCalledOff() throws {
        var driver = try held(["a", "b"])
        settle(&driver, try #require(orders(driver).first).key, at: 4001)
        driver.control(.order(.duplicate(key: id("a"), detail: "the supplier has this order from /steward/south")), at: 4002)
        #expect(driver.core.orderState(id("a")) == .cancelled && driver.core.orderState(id("b")) == .sent)
        #expect(orders(driver).count == 1 && driver.core.support.tickets.all.isEmpty)
        driver.control(.orderUpdate(order: id("a"), state: .shipped, reference: nil, detail: nil), at: 4003)
        #expect(driver.core.support.tickets.all.isEmpty, "the parcel of the other's order is no surprise")
    }
}
