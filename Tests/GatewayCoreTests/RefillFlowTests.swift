import ConsumableForecast
import CoreViews
import Replenishment
import Testing

@testable import GatewayCore

private let day = 86_400.0

/// What becomes of an order when the supply that it is for is topped up in place.
@Suite struct RefillFlowTests {
    private static let profile = Press.text(
        supplies: #""{slot}": { level: "/supplies/{slot}", counter: "pages", leadTimeDays: 3, floorPercent: 10, refillable: true },"#)

    /// A tank that loses one percent a day, with a report every four hours.
    private struct Tank {
        var driver: Driver
        var left = 50.0
        var second = 0.0

        init() throws {
            var configuration = CoreConfiguration()
            configuration.replenishment.suppliers = [.init(name: "shop")]
            driver = try Driver([RefillFlowTests.profile], configuration: configuration)
        }

        mutating func run(days: Double) {
            for _ in 0..<Int((days * 6).rounded()) {
                second += day / 6
                left = max(left - 1.0 / 6, 0)
                driver.tell("p1", "\"supplies\":{\"ink\":\(Int(left.rounded(.up)))}", at: second)
            }
        }

        /// Proven half a day later.
        mutating func pour(_ percent: Double) {
            left = min(left + percent, 100)
            run(days: 0.5)
        }

        var state: SupplyState? { driver.core.supplies.state(0, 0) }
        var orders: Int { driver.kinds(.order).count }

        /// Until something is ordered, and taken by the supplier.
        mutating func order() throws -> String {
            while orders == 0, left > 0 { run(days: 1 / 6.0) }
            let id = try #require(driver.core.orders.ids.last)
            driver.control(.settled(key: id, channel: .order, outcome: .delivered, detail: nil), at: second + 1)
            report(.accepted, id)
            return id
        }

        mutating func report(_ state: SupplyOrder.State, _ id: String) {
            second += 60
            driver.control(.orderUpdate(order: id, state: state, reference: nil, detail: nil), at: second)
        }
    }

    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var reported: [SupplyOrder.State] = []
        var days: Double
        var poured: Double
        /// The state of the order after the refill, and the generation.
        var state: SupplyOrder.State
        var generation: Int32
        var isSpare = false
    }

    static let cases: [Case] = [
        Case(testDescription: "a little, before it comes", days: 1, poured: 8, state: .accepted, generation: 1),
        Case(testDescription: "a little, on its way", reported: [.shipped], days: 1, poured: 8, state: .shipped, generation: 1),
        Case(
            testDescription: "a little, once it is there", reported: [.shipped, .delivered], days: 1, poured: 8, state: .installed,
            generation: 2),
        Case(testDescription: "a little, when it should long be there", days: 8, poured: 14, state: .installed, generation: 2),
        Case(testDescription: "a bottle, once it is there", reported: [.delivered], days: 1, poured: 80, state: .installed, generation: 2),
        Case(
            testDescription: "a bottle from the shelf, before it comes", days: 0.5, poured: 80, state: .accepted, generation: 2,
            isSpare: true),
    ]

    @Test(arguments: cases) func table(_ testCase: Case) throws {
        var tank = try Tank()
        let id = try tank.order()
        for state in testCase.reported { tank.report(state, id) }
        tank.run(days: testCase.days)
        tank.pour(testCase.poured)
        let state = try #require(tank.state)
        #expect(state.model.levelPercent == tank.left.rounded(.up))
        #expect(tank.driver.core.orderState(id) == testCase.state)
        #expect(state.model.generation == testCase.generation)
        #expect((tank.driver.core.orders.orders[id]?.terms.isSpare == true) == testCase.isSpare)
        #expect(tank.orders == 1)
        for report in testCase.isSpare ? [.shipped, .delivered] : [] as [SupplyOrder.State] { tank.report(report, id) }
        // Used up again: one that is still to come is for this need, and one that was poured in is not.
        tank.run(days: 100)
        #expect(tank.orders == (testCase.state == .installed ? 2 : 1))
    }

    /// The rest of the same bottle, hours later, is no other order's.
    @Test func theSecondPourOfABottleOrdersNothing() throws {
        var tank = try Tank()
        let id = try tank.order()
        tank.report(.delivered, id)
        for _ in 0..<3 { tank.pour(10) }
        #expect(tank.driver.core.orderState(id) == .installed)
        #expect(tank.state?.model.generation == 2)
        #expect(tank.driver.kinds(.supplyReplaced).count == 1 && tank.orders == 1)
    }

    @Test func aRestartInBetweenChangesNothing() throws {
        var tank = try Tank()
        let id = try tank.order()
        tank.report(.delivered, id)
        tank.left += 8
        tank.run(days: 1 / 6.0)
        let core = try #require(
            try StewardCore(
                configuration: tank.driver.core.configuration, profiles: [Driver.profile(Self.profile)], snapshot: tank.driver.snapshot()))
        #expect(core.digest() == tank.driver.core.digest() && core.orderState(id) == .delivered)
        var other = tank
        other.driver = Driver(core: core, number: tank.driver.number)
        tank.run(days: 1)
        other.run(days: 1)
        #expect(tank.driver.core.orderState(id) == .installed)
        #expect(other.driver.core.digest() == tank.driver.core.digest())
    }
}
