import CoreViews
import RemoteSupport
import Replenishment
import Testing

@testable import GatewayCore

/// No order rests on one report of a level at its end.
@Suite struct FirstWordTests {
    private func driver() throws -> Driver {
        var configuration = CoreConfiguration()
        configuration.replenishment.suppliers = [.init(name: "shop")]
        return try Driver(configuration: configuration)
    }

    private func tell(_ levels: [String: Int], _ driver: inout Driver, minute: Double) {
        let members = levels.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
        driver.tell("p1", "\"supplies\":{\(members)}", at: minute * 60)
    }

    private func id(_ supply: String = "black", attempt: Int = 1) -> String {
        SupplyOrder.id(device: "p1", supply: supply, generation: 1, attempt: attempt)
    }

    private func sent(_ driver: Driver) -> [String] { driver.deliveries.filter { $0.channel == .order }.map(\.key) }

    private func again(_ driver: Driver) throws -> Driver {
        let core = try StewardCore(
            configuration: driver.core.configuration, profiles: [Driver.profile(Press.profile)], snapshot: driver.snapshot())
        let restored = try #require(core)
        #expect(restored.digest() == driver.core.digest())
        return Driver(core: restored, number: driver.number)
    }

    /// Minutes and levels, and in which minute it is ordered.
    @Test(
        arguments: [
            // One report, then what is true.
            ([(0, 0), (1, 78)], nil), ([(0, 0), (0.01, 90), (0.02, 90), (0.03, 90)], nil),
            ([(0, 1), (5, 0), (10, 1), (14, 62), (20, 62)], nil),
            // A second report a quarter of an hour later proves it; a contradiction begins it anew.
            ([(0, 0), (20, 0)], 20), ([(0, 0), (5, 0), (10, 0), (15, 0)], 15), ([(0, 0), (10, 40), (12, 0), (20, 0), (28, 0)], 28),
            // A number that is not the end of the scale is a measurement.
            ([(0, 9)], 0),
            // In the middle of a life.
            ([(0, 62), (60, 0), (61, 0), (62, 0), (65, 61), (66, 61), (67, 61)], nil), ([(0, 62), (60, 0), (65, 0), (70, 0), (75, 0)], 75),
        ] as [([(Double, Int)], Double?)]) func whatIsToldOnceIsNotOrdered(_ told: [(Double, Int)], _ ordered: Double?) throws
    {
        var driver = try driver()
        for (minute, level) in told { tell(["black": level], &driver, minute: minute) }
        let time = ordered.map { Driver.start + Int64($0 * 60_000) }
        #expect(driver.kinds(.order).map(\.timeMilliseconds) == (time.map { [$0] } ?? []))
        #expect(driver.kinds(.supplyReplaced).isEmpty, "it is one cartridge")
    }

    @Test func allSuppliesOfAPrinterThatWakes() throws {
        var driver = try driver()
        for minute in 0..<8 { tell(["black": 0, "cyan": 0, "magenta": 1, "yellow": 0], &driver, minute: Double(minute)) }
        for minute in 8..<20 { tell(["black": 78, "cyan": 61, "magenta": 55, "yellow": 90], &driver, minute: Double(minute)) }
        #expect(driver.kinds(.order).isEmpty && driver.kinds(.supplyReplaced).isEmpty)
        #expect(driver.core.supplies.generation(0, 0) == 1)
    }

    @Test func whereNoSecondReportComesAPersonIsAsked() throws {
        var driver = try driver()
        tell(["black": 0], &driver, minute: 0)
        driver.wait(until: 119 * 60)
        #expect(driver.kinds(.order).isEmpty)
        driver = try again(driver)
        driver.wait(until: 121 * 60)
        #expect(driver.core.orderState(id()) == .awaitingApproval && sent(driver).isEmpty)
        var other = try again(driver)
        // The next report proves it.
        tell(["black": 0], &driver, minute: 1440)
        #expect(driver.core.orderState(id()) == .planned && sent(driver) == [id()])
        // Or shows that it was false.
        for minute in 0..<4 { tell(["black": 50], &other, minute: 1440 + Double(minute)) }
        #expect(other.core.orderState(id()) == .cancelled && sent(other).isEmpty && other.kinds(.supplyReplaced).isEmpty)
    }

    /// The order went out, and the level comes back: it is called off, and a person is told. The true need is ordered again.
    @Test func whatWasOrderedByAFalseLevelIsCalledOff() throws {
        var driver = try driver()
        for minute in stride(from: 0.0, through: 60, by: 10) { tell(["black": 62], &driver, minute: minute) }
        for minute in stride(from: 70.0, through: 120, by: 10) { tell(["black": 0], &driver, minute: minute) }
        #expect(sent(driver) == [id()])
        driver.control(.settled(key: id(), channel: .order, outcome: .delivered, detail: nil), at: 7300)
        for minute in stride(from: 130.0, through: 160, by: 10) { tell(["black": 61], &driver, minute: minute) }
        #expect(driver.core.orderState(id()) == .cancelled && driver.kinds(.supplyReplaced).isEmpty)
        #expect(sent(driver) == [id(), SupplyOrder.cancellationKey(id())])
        #expect(driver.core.support.tickets.all.map(\.text) == ["black was ordered and called off"])
        driver = try again(driver)
        for (day, level) in stride(from: 60, through: 4, by: -4).enumerated() {
            tell(["black": level], &driver, minute: Double(day + 1) * 1440)
        }
        #expect(sent(driver) == [id(attempt: 2)])
    }

    /// A cartridge that is taken out is explained by a code, and so is an open door.
    @Test(arguments: ["out-black", "door"]) func whatACodeExplainsIsNoLevel(_ code: String) throws {
        var driver = try Driver([SupplyHintTests.profile])
        func tell(_ level: Int, _ codes: String, minute: Double) {
            driver.tell("p1", "\"supplies\":{\"black\":\(level)},\"errors\":[\(codes)]", at: minute * 60)
        }
        for minute in stride(from: 0.0, to: 60, by: 10) { tell(62, "", minute: minute) }
        for minute in stride(from: 60.0, to: 240, by: 10) { tell(0, "\"\(code)\"", minute: minute) }
        for minute in stride(from: 240.0, to: 300, by: 10) { tell(62, "", minute: minute) }
        #expect(driver.kinds(.order).isEmpty && driver.kinds(.supplyReplaced).isEmpty)
        // Without the code it is true after a quarter of an hour.
        for minute in stride(from: 300.0, to: 340, by: 10) { tell(0, "\"dust\"", minute: minute) }
        #expect(driver.kinds(.order).count == 1)
    }
}
