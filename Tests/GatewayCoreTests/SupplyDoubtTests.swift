import ConsumableForecast
import CoreViews
import Replenishment
import Testing

@testable import GatewayCore

/// Orders where it is not sure which cartridge is in the slot, or where it came from.
@Suite struct SupplyDoubtTests {
    private static let profile = Press.text(
        supplies: #"""
            "{slot}": { level: "/supplies/{slot}/level", serialMember: "sn", counter: "pages", leadTimeDays: 3, floorPercent: 10,
              values: { low: [1, 10], ok: "someRemaining", empty: "empty" } },
            """#)

    private func driver() throws -> Driver {
        var configuration = CoreConfiguration()
        configuration.replenishment.suppliers = [.init(name: "shop")]
        return try Driver([Self.profile], configuration: configuration)
    }

    private func tell(_ driver: inout Driver, _ level: String, _ serial: String? = nil, hour: Double, pages: Int? = nil) {
        let member = serial.map { ",\"sn\":\"\($0)\"" } ?? ""
        let counter = pages.map { "\"pages\":\($0)," } ?? ""
        driver.tell("p1", "\(counter)\"supplies\":{\"black\":{\"level\":\(level)\(member)}}", at: hour * 3600)
    }

    private func tell(_ driver: inout Driver, _ level: String, _ serial: String? = nil, hours: ClosedRange<Int>) {
        for hour in hours { tell(&driver, level, serial, hour: Double(hour)) }
    }

    private func id(_ generation: Int32) -> String { SupplyOrder.id(device: "p1", supply: "black", generation: generation) }
    private func ordered(_ driver: Driver) -> [String] { driver.deliveries.filter { $0.channel == .order }.map(\.key) }

    private func again(_ driver: Driver) throws -> Driver {
        let core = try StewardCore(
            configuration: driver.core.configuration, profiles: [Driver.profile(Self.profile)], snapshot: driver.snapshot())
        let restored = try #require(core)
        #expect(restored.digest() == driver.core.digest())
        return Driver(core: restored, number: driver.number)
    }

    /// The first reading after a silence is of the new cartridge; the old one must have ended long ago.
    @Test func whileAChangeIsInDoubtNothingIsOrdered() throws {
        var driver = try driver()
        for tick in 0..<(60 * 6) {
            tell(&driver, "\(100 - 5 * (tick / 12 % 20))", hour: Double(tick) * 4, pages: tick * 20)
        }
        let before = driver.kinds(.order).count
        for tick in (85 * 6)..<(86 * 6) { tell(&driver, "98", hour: Double(tick) * 4, pages: tick * 20) }
        #expect(driver.kinds(.order).count == before)
        #expect(driver.kinds(.supplyReplaced).count == 2)
    }

    @Test func aDeviceThatOnlySaysLowIsServed() throws {
        var driver = try driver()
        tell(&driver, "\"ok\"", hours: 0...20)
        tell(&driver, "\"low\"", hours: 21...30)
        #expect(ordered(driver) == [id(1)])
        #expect(driver.lines.contains { $0.contains("the device says that it is low") })
        driver.control(.settled(key: id(1), channel: .order, outcome: .delivered, detail: nil), at: 31 * 3600)
        driver.control(.orderUpdate(order: id(1), state: .delivered, reference: nil, detail: nil), at: 31 * 3600)
        driver = try again(driver)
        tell(&driver, "\"ok\"", hours: 31...60)
        #expect(driver.core.orderState(id(1)) == .installed)
        #expect(driver.core.orders[id(1)]?.detail == "the used one had 5.5 % left")
        tell(&driver, "\"low\"", hours: 61...70)
        #expect(ordered(driver) == [id(2)], "the first one went before the snapshot")
    }

    /// The old cartridge is put back for a while. When the other one comes in again, it is ordered for like any other.
    @Test func aCartridgeThatWasPutBackKeepsNobodyFromOrdering() throws {
        var driver = try driver()
        tell(&driver, "12", "A1", hours: 0...3)
        tell(&driver, "9", "A1", hours: 4...8)
        #expect(ordered(driver) == [id(1)])
        driver.control(.settled(key: id(1), channel: .order, outcome: .delivered, detail: nil), at: 9 * 3600)
        driver.control(.orderUpdate(order: id(1), state: .delivered, reference: nil, detail: nil), at: 9 * 3600)
        tell(&driver, "40", "B2", hours: 10...14)
        #expect(driver.core.orderState(id(1)) == .installed)
        tell(&driver, "9", "A1", hours: 15...20)
        #expect(driver.core.supplies.supplies(of: 0)[0].model.generation == 1)
        driver = try again(driver)
        tell(&driver, "39", "B2", hours: 21...25)
        #expect(driver.core.supplies.supplies(of: 0)[0].model.generation == 2)
        tell(&driver, "8", "B2", hours: 26...40)
        #expect(ordered(driver) == [id(2)], "the first one went before the snapshot")
    }

    /// What another gateway ordered, and what a person reported as installed, leaves the cupboard alone.
    @Test(arguments: [true, false]) func onlyWhatCameOutOfTheCupboardLeavesIt(_ isDuplicate: Bool) throws {
        var driver = try driver()
        tell(&driver, "12", hours: 0...3)
        tell(&driver, "9", hours: 4...8)
        driver.control(.settled(key: id(1), channel: .order, outcome: .delivered, detail: nil), at: 9 * 3600)
        if isDuplicate {
            var other = try self.driver()
            tell(&other, "9", hours: 4...8)
            #expect(ordered(other) == [id(1)])
            other.control(.order(.duplicate(key: id(1), detail: nil)), at: 9 * 3600)
            driver = other
            #expect(driver.core.orderState(id(1)) == .cancelled)
        } else {
            driver.control(.orderUpdate(order: id(1), state: .installed, reference: nil, detail: nil), at: 10 * 3600)
        }
        driver.control(.order(.stockAdded(item: "black", units: 2, by: "Ann")), at: 10 * 3600)
        tell(&driver, "100", hours: 11...15)
        #expect(driver.kinds(.supplyReplaced).count == 1)
        #expect(driver.core.orders.stock.unitsOnHand("black") == 2)
    }

    /// A reservation is undone by the number of the cartridge that went, which is not always the number before.
    @Test func aReservationEndsWithTheCartridgeItWasFor() throws {
        var driver = try driver()
        driver.control(.order(.stockCounted(item: "black", units: 1, by: "Ann")), at: 0)
        tell(&driver, "60", "A1", hours: 0...3)
        tell(&driver, "50", "B2", hours: 4...8)
        #expect(driver.core.orders.stock.unitsOnHand("black") == 0, "nobody ordered it, so it came from the cupboard")
        driver.control(.order(.stockCounted(item: "black", units: 1, by: "Ann")), at: 9 * 3600)
        tell(&driver, "60", "A1", hours: 10...14)
        tell(&driver, "9", "A1", hours: 15...20)
        #expect(driver.core.orders.stock.needs.map(\.order) == [id(1)])
        tell(&driver, "100", "C3", hours: 21...25)
        #expect(driver.core.supplies.supplies(of: 0)[0].model.generation == 3)
        #expect(driver.core.orders.stock.needs.isEmpty && driver.core.orders.stock.unitsOnHand("black") == 0)
    }
}
