import CoreViews
import Documents
import RemoteSupport
import Replenishment
import Testing

@testable import GatewayCore

/// Ordering again by hand, after an order came to nothing.
@Suite struct OrderByHandTests {
    private func driver(_ change: (inout ReplenishmentPolicy) -> Void = { _ in }) throws -> Driver {
        try Driver(configuration: configuration(change))
    }

    private func configuration(_ change: (inout ReplenishmentPolicy) -> Void = { _ in }) -> CoreConfiguration {
        var configuration = CoreConfiguration()
        configuration.replenishment.defaultSite = "north"
        configuration.replenishment.suppliers = [.init(name: "shop")]
        change(&configuration.replenishment)
        return configuration
    }

    private func level(_ percent: Int, _ driver: inout Driver, at second: Double) {
        driver.tell("p1", "\"supplies\":{\"black\":\(percent)}", at: second)
    }

    private func useUp(_ driver: inout Driver, at second: Double = 0) {
        level(12, &driver, at: second)
        level(9, &driver, at: second + 60)
    }

    private func ask(_ driver: inout Driver, by person: String = "Ann", at second: Double) {
        driver.control(.order(.request(device: "p1", supply: "black", by: person)), at: second)
    }

    private func report(_ state: SupplyOrder.State, _ id: String, _ driver: inout Driver, at second: Double) {
        driver.control(.orderUpdate(order: id, state: state, reference: nil, detail: nil), at: second)
    }

    private func settle(_ key: String, _ outcome: DeliveryOutcome, _ driver: inout Driver, at second: Double) {
        driver.control(.settled(key: key, channel: .order, outcome: outcome, detail: nil), at: second)
    }

    private func id(_ attempt: Int = 1, generation: Int32 = 1) -> String {
        SupplyOrder.id(device: "p1", supply: "black", generation: generation, attempt: attempt)
    }

    private func rebuilt(_ driver: Driver) throws -> Driver {
        let core = try #require(
            try StewardCore(
                configuration: driver.core.configuration, profiles: [Driver.profile(Press.profile)], snapshot: driver.snapshot()))
        #expect(core.digest() == driver.core.digest())
        return Driver(core: core, number: driver.number)
    }

    private func orders(_ driver: Driver) -> [String] { driver.deliveries.filter { $0.channel == .order }.map(\.key) }
    private func problem(_ driver: Driver) -> String? { driver.core.problem(requesting: "black", of: "p1") }

    /// Brings the first order to its end in one of the ways that leave nobody with a cartridge.
    private func spoil(_ way: String, _ driver: inout Driver, at second: Double) {
        switch way {
        case "refused": settle(id(), .abandoned, &driver, at: second)
        case "failed":
            settle(id(), .delivered, &driver, at: second)
            report(.failed, id(), &driver, at: second + 1)
        case "supplier cancels": report(.cancelled, id(), &driver, at: second)
        case "rejected": driver.control(.order(.reject(order: id(), by: "Ben", reason: nil)), at: second)
        default: driver.control(.order(.cancel(order: id(), by: "Ben", reason: nil)), at: second)
        }
    }

    @Test(arguments: ["refused", "failed", "supplier cancels", "rejected", "cancelled"])
    func whatCameToNothingIsOrderedAgainByAPersonOnly(_ way: String) throws {
        var driver = try driver { $0.approval.isAlwaysNeeded = way == "rejected" }
        useUp(&driver)
        spoil(way, &driver, at: 100)
        let first = try #require(driver.core.orders[id()])
        #expect(first.cameToNothing)
        // The rule by itself leaves it at that, for weeks.
        for hour in 1..<60 { level(8, &driver, at: Double(hour) * 40_000) }
        #expect(driver.kinds(.order).count == 1)
        #expect(problem(driver) == nil)
        ask(&driver, at: 3_000_000)
        #expect(driver.core.orders.ids == [id(), id(2)] && driver.core.orders[id()] == first, "the first stays as it was")
        let second = try #require(driver.core.orders[id(2)])
        #expect(second.attempt == 2 && second.generation == 1 && second.terms.requestedBy == "Ann")
        #expect(second.state == (way == "rejected" ? .awaitingApproval : .planned))
        #expect(way == "rejected" || orders(driver).last == id(2))
        let line = String(decoding: try #require(driver.kinds(.order).last).line, as: UTF8.self)
        #expect(line.contains("\"requestedBy\":\"Ann\"") && line.contains("\"attempt\":2") && line.contains(id(2)))
        #expect(driver.core.digestLines().contains { $0.hasPrefix("order \(id(2)) attempt 2 ") })
        var writer = JSONWriter()
        for id in driver.core.ids(of: .orders) { #expect(driver.core.write(.orders, id: id, filter: ListingFilter(device: "p1"), &writer)) }
        let listed = String(decoding: writer.bytes, as: UTF8.self)
        #expect(listed.contains(id()) && listed.contains(id(2)))
        // One that is open is enough, and the rule takes it for its own.
        ask(&driver, by: "Ben", at: 3_000_001)
        for hour in 76..<100 { level(7, &driver, at: Double(hour) * 40_000) }
        #expect(driver.kinds(.order).count == 2 && driver.core.counters.refusedControls == 1)
    }

    /// The ticket of an order that failed is done with when somebody orders again, and when a cartridge comes another way.
    @Test(arguments: [true, false]) func theTicketOfAFailureEndsWithIt(_ asks: Bool) throws {
        var driver = try driver()
        useUp(&driver)
        spoil("failed", &driver, at: 100)
        let ticket = try #require(driver.core.support.tickets.ids.compactMap { driver.core.support.tickets[$0] }.first { $0.alarm == id() })
        #expect(ticket.state == .open)
        if asks {
            ask(&driver, at: 200)
        } else {
            for minute in 0..<4 { level(100, &driver, at: 200 + Double(minute) * 600) }
        }
        let later = driver.core.support.tickets.ids.compactMap { driver.core.support.tickets[$0] }.first { $0.alarm == id() }
        #expect(later?.state == .recovered)
        #expect((driver.core.orders[id(2)] != nil) == asks)
    }

    @Test(arguments: SupplyOrder.State.allCases.filter { $0 != .awaitingApproval })
    func whatIsOnItsWayOrThereIsNotOrderedAgain(_ state: SupplyOrder.State) throws {
        var driver = try driver()
        useUp(&driver)
        if state != .planned { settle(id(), .delivered, &driver, at: 100) }
        if OrderReport.states.contains(state) { report(state, id(), &driver, at: 101) }
        #expect(driver.core.orderState(id()) == state)
        let isOver = state == .failed || state == .cancelled
        #expect((problem(driver) == nil) == isOver)
        ask(&driver, at: 200)
        #expect(driver.kinds(.order).count == (isOver ? 2 : 1))
        #expect(driver.core.counters.refusedControls == (isOver ? 0 : 1))
    }

    @Test func whatWaitsForApprovalIsNotOrderedAgain() throws {
        var driver = try driver { $0.approval.isAlwaysNeeded = true }
        useUp(&driver)
        ask(&driver, at: 200)
        #expect(problem(driver)?.contains("awaiting-approval") == true && driver.kinds(.order).count == 1)
    }

    @Test func whatAnotherGatewayOrderedIsNotOrderedAgain() throws {
        var driver = try driver()
        useUp(&driver)
        driver.control(.order(.duplicate(key: id(), detail: "/steward/south has it")), at: 100)
        #expect(driver.core.orderState(id()) == .cancelled)
        #expect(problem(driver)?.contains("/steward/south") == true)
        ask(&driver, at: 200)
        #expect(driver.kinds(.order).count == 1)
    }

    /// Two gateways that were asked as often send the same keys, and cancellations name their own order.
    @Test func attemptsAreCountedAndTheirKeysAgree() throws {
        var (north, south) = (try driver(), try driver { $0.defaultSite = "south" })
        useUp(&north)
        useUp(&south, at: 700)
        for attempt in 1...4 {
            let second = 1000 * Double(attempt)
            settle(id(attempt), .delivered, &north, at: second)
            north.control(.order(.cancel(order: id(attempt), by: "Ben", reason: nil)), at: second + 1)
            settle(id(attempt), .abandoned, &south, at: second)
            ask(&north, at: second + 2)
            ask(&south, by: "Cid", at: second + 3)
        }
        #expect(orders(south) == (1...5).map { id($0) })
        #expect(orders(north).filter { $0.hasPrefix("or-") } == orders(south))
        #expect(orders(north).filter { $0.hasPrefix("ca-") } == (1...4).map { SupplyOrder.cancellationKey(id($0)) })
        #expect(Set(orders(north)).count == 9)
    }

    @Test func theNextCartridgeBelongsToTheLastAttemptAndBeginsAnew() throws {
        var driver = try driver()
        useUp(&driver)
        settle(id(), .abandoned, &driver, at: 100)
        ask(&driver, at: 200)
        settle(id(2), .delivered, &driver, at: 300)
        driver = try rebuilt(driver)
        report(.delivered, id(2), &driver, at: 400)
        for reading in 0..<4 { level(100, &driver, at: 10_000 + Double(reading * 60)) }
        #expect(driver.core.orderState(id()) == .failed && driver.core.orderState(id(2)) == .installed)
        ask(&driver, at: 20_000)
        #expect(orders(driver) == [id(generation: 2)] && driver.core.orders.all.last?.attempt == 1)
    }

    /// A request that comes twice, and a restart before or after it, make the same orders.
    @Test(arguments: [0, 1, 2, 3]) func restartsAndRepeatsChangeNothing(_ restart: Int) throws {
        func run(restartAt: Int?) throws -> (driver: Driver, keys: [String]) {
            var driver = try driver()
            var keys: [String] = []
            for step in 0..<4 {
                if step == restartAt {
                    keys += orders(driver)
                    driver = try rebuilt(driver)
                }
                switch step {
                case 0: useUp(&driver)
                case 1: settle(id(), .abandoned, &driver, at: 100)
                case 2: for second in 200...203 { ask(&driver, at: Double(second)) }
                default: settle(id(2), .delivered, &driver, at: 300)
                }
            }
            return (driver, keys + orders(driver))
        }
        let (whole, stopped) = (try run(restartAt: nil), try run(restartAt: restart))
        #expect(whole.keys == [id(), id(2)] && stopped.keys == whole.keys)
        #expect(stopped.driver.core.digest() == whole.driver.core.digest())
        #expect(stopped.driver.core.orderState(id(2)) == .sent)
    }

    /// The list forgets its oldest finished orders. Their keys are not used again: the supplier would take a new order for an old one.
    @Test func aForgottenOrderKeepsItsKeyToItself() throws {
        var configuration = configuration()
        configuration.maximumFinished = 0
        var driver = try Driver(configuration: configuration)
        useUp(&driver)
        for attempt in 1...3 {
            settle(id(attempt), .abandoned, &driver, at: Double(attempt) * 100)
            // An order of another device pushes the finished ones out.
            for other in 1...9 {
                let name = "q\(attempt)\(other)"
                driver.tell(name, "\"supplies\":{\"black\":9}", at: Double(attempt) * 100 + Double(other))
                driver.control(.order(.request(device: name, supply: "black", by: "Ben")), at: Double(attempt) * 100 + Double(other) + 0.5)
            }
            #expect(driver.core.orders[id(attempt)] == nil)
            driver = try rebuilt(driver)
            ask(&driver, at: Double(attempt) * 100 + 50)
            #expect(orders(driver) == [id(attempt + 1)])
        }
    }

    @Test func aProgramThatAsksForEverIsStopped() throws {
        var driver = try driver { $0.suppliers[0].items = [Wildcard("TN-*")] }
        level(50, &driver, at: 0)
        for second in 1...150 { ask(&driver, at: Double(second)) }
        #expect(driver.kinds(.order).count == SupplyOrder.maximumAttempts)
        #expect(Set(driver.core.orders.ids).count == SupplyOrder.maximumAttempts)
        #expect(problem(driver)?.contains("99 times") == true)
    }
}
