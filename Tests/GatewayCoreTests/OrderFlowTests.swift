import CoreViews
import RemoteSupport
import Replenishment
import TestSupport
import Testing

@testable import GatewayCore

/// From the decision to the supplier and back: approval, company, deadlines, stock, visits, two gateways.
@Suite struct OrderFlowTests {
    private func driver(_ change: (inout ReplenishmentPolicy) -> Void = { _ in }) throws -> Driver {
        var configuration = CoreConfiguration()
        configuration.replenishment.defaultSite = "north"
        configuration.replenishment.suppliers = [.init(name: "shop")]
        change(&configuration.replenishment)
        return try Driver(configuration: configuration)
    }

    private func level(_ percent: Int, _ driver: inout Driver, at second: Double, device: String = "p1", supply: String = "black") {
        driver.tell(device, "\"supplies\":{\"\(supply)\":\(percent)}", at: second)
    }

    private func useUp(_ driver: inout Driver, device: String = "p1", supply: String = "black", at second: Double = 0) {
        level(12, &driver, at: second, device: device, supply: supply)
        level(9, &driver, at: second + 60, device: device, supply: supply)
    }

    private func replace(_ driver: inout Driver, device: String = "p1", supply: String = "black", at second: Double) {
        for reading in 0..<4 { level(100, &driver, at: second + Double(reading * 60), device: device, supply: supply) }
    }

    private func id(_ device: String = "p1", _ supply: String = "black", _ generation: Int32 = 1) -> String {
        SupplyOrder.id(device: device, supply: supply, generation: generation)
    }

    private func orders(_ driver: Driver) -> [Delivery] { driver.deliveries.filter { $0.channel == .order } }
    private func tickets(_ driver: Driver) -> [String] { driver.core.support.tickets.all.map(\.text) }
    private func text(_ delivery: Delivery?) -> String { String(decoding: delivery?.body ?? [], as: UTF8.self) }

    // MARK: Approval

    @Test func anExpensiveOrderWaitsForASecondPerson() throws {
        var driver = try driver {
            $0.prices = [.init(item: Wildcard("*"), hundredths: 7990)]
            $0.approval.aboveHundredths = 5000
        }
        useUp(&driver)
        #expect(driver.core.orderState(id()) == .awaitingApproval)
        #expect(orders(driver).isEmpty)
        #expect(driver.core.orders[id()]?.terms.approvalReason == "79.90 EUR is above 50.00 EUR")
        for wrong in ["", " ", "steward", " Steward "] {
            #expect(driver.core.problem(approving: id(), by: wrong) != nil)
            driver.control(.order(.approve(order: id(), by: wrong)), at: 100)
        }
        #expect(orders(driver).isEmpty && driver.core.counters.refusedControls == 4)
        driver.control(.order(.approve(order: id(), by: "Ann")), at: 200)
        driver.control(.order(.approve(order: id(), by: "Ben")), at: 201)
        #expect(driver.core.orderState(id()) == .planned && driver.core.orders[id()]?.terms.approvedBy == "Ann")
        #expect(orders(driver).map(\.key) == [id()] && orders(driver).first?.topic == "shop")
        driver.control(.settled(key: id(), channel: .order, outcome: .delivered, detail: nil), at: 202)
        #expect(driver.core.orderState(id()) == .sent)
    }

    @Test func whoAsksByHandCannotApprove() throws {
        var driver = try driver { $0.approval.isAlwaysNeeded = true }
        level(80, &driver, at: 0)
        #expect(driver.core.problem(requesting: "black", of: "nobody") != nil && driver.core.problem(requesting: "pink", of: "p1") != nil)
        driver.control(.order(.request(device: "p1", supply: "black", by: "Ann B")), at: 1)
        #expect(driver.core.orderState(id()) == .awaitingApproval)
        driver.control(.order(.approve(order: id(), by: "ann  b")), at: 2)
        #expect(orders(driver).isEmpty)
        driver.control(.order(.approve(order: id(), by: "Ben")), at: 3)
        #expect(orders(driver).count == 1)
        driver.control(.order(.request(device: "p1", supply: "black", by: "Cid")), at: 4)
        #expect(driver.kinds(.order).count == 1, "one order a generation")
    }

    @Test func aRejectedOrderIsNotSentAndNotMadeAgain() throws {
        var driver = try driver { $0.approval.isAlwaysNeeded = true }
        useUp(&driver)
        driver.control(.order(.reject(order: id(), by: "Ann", reason: "two are in the cellar")), at: 100)
        #expect(driver.core.orderState(id()) == .cancelled)
        for hour in 1..<30 { level(8, &driver, at: Double(hour) * 4000) }
        #expect(driver.kinds(.order).count == 1 && orders(driver).isEmpty)
    }

    @Test func theMonthlyPlanOfADeviceAndASite() throws {
        var driver = try driver {
            $0.prices = [.init(item: Wildcard("*"), hundredths: 4000)]
            $0.approval.monthlyDeviceHundredths = 8000
            $0.approval.monthlySiteHundredths = 12_000
        }
        for (index, supply) in ["a", "b", "c"].enumerated() { useUp(&driver, supply: supply, at: Double(index * 200)) }
        #expect(driver.core.orderState(id("p1", "c")) == .awaitingApproval, "the device's plan")
        useUp(&driver, device: "p2", at: 1000)
        #expect(driver.core.orderState(id("p2", "black")) == .awaitingApproval, "the site's plan: what waits counts")
        // A month later the plan begins anew.
        useUp(&driver, device: "p3", at: 40 * 86_400)
        #expect(driver.core.orderState(id("p3", "black")) == .planned)
    }

    // MARK: Company

    @Test func ordersWaitForCompanyOnlyAsLongAsThatIsSafe() throws {
        var driver = try driver {
            $0.suppliers[0].consolidationMilliseconds = 24 * 3_600_000
            $0.sites = [.init(name: "south", devices: [Wildcard("s*")])]
        }
        for device in ["p1", "p2", "s1", "p3"] { level(80, &driver, at: 0, device: device) }
        func place(_ device: String, latestHours: Int64?, at second: Double) {
            let now = Driver.start + Int64(second * 1000)
            guard let index = driver.core.fleet.device(named: device) else { return }
            let order = SupplyOrder(
                device: device, supply: "black", item: "i", generation: 1, reason: "r", decidedMilliseconds: now, levelPercent: 20,
                daysLeft: nil,
                latestSendMilliseconds: latestHours.map { now + $0 * 3_600_000 })
            driver.place(order, index, supply: 0, at: now)
        }
        driver.tick(at: 10)
        place("p1", latestHours: 10, at: 10)
        place("s1", latestHours: 100, at: 10)
        #expect(orders(driver).isEmpty && driver.core.orders[id("p1")]?.waitsForCompany == true)
        driver.wait(until: 9 * 3600)
        #expect(orders(driver).isEmpty)
        place("p2", latestHours: 50, at: 9 * 3600)
        driver.wait(until: 11 * 3600)
        #expect(orders(driver).count == 1, "the first must go, and the second of the site goes along")
        let shipment = try #require(orders(driver).first)
        #expect(shipment.key.hasPrefix("sh-") && text(shipment).contains(id("p1")) && text(shipment).contains(id("p2")))
        #expect(!text(shipment).contains(id("s1")))
        driver.control(.settled(key: shipment.key, channel: .order, outcome: .delivered, detail: nil), at: 11 * 3600 + 1)
        #expect(driver.core.orderState(id("p1")) == .sent && driver.core.orderState(id("p2")) == .sent)
        driver.control(.order(.line(key: shipment.key, line: 2, state: .failed, reference: nil, detail: "sold out")), at: 11 * 3600 + 2)
        driver.control(.orderUpdate(order: shipment.key, state: .shipped, reference: "P-1", detail: nil), at: 11 * 3600 + 3)
        // The lines are in the order of the ids.
        let lines = [id("p1"), id("p2")].sorted()
        #expect(lines.map { driver.core.orderState($0) } == [.shipped, .failed])
        // Without a latest time there is no waiting, and the window ends the other's wait.
        place("p3", latestHours: nil, at: 11 * 3600 + 4)
        #expect(orders(driver).count == 2 && orders(driver)[1].key == id("p3"))
        driver.wait(until: 25 * 3600)
        #expect(orders(driver).count == 3 && orders(driver)[2].key == id("s1"))
    }

    // MARK: Deadlines

    @Test func anOverdueStepRaisesAnAlarmThatTheNextStepClears() throws {
        var driver = try driver { $0.deadlines.limits[.sent] = 3_600_000 }
        useUp(&driver)
        driver.control(.settled(key: id(), channel: .order, outcome: .delivered, detail: nil), at: 100)
        driver.wait(until: 3000)
        #expect(driver.kinds(.alarmRaised).filter { text($0).contains("overdue") }.isEmpty)
        driver.wait(until: 4000)
        driver.wait(until: 9000)
        #expect(driver.kinds(.alarmRaised).filter { text($0).contains("order-overdue/black") }.count == 1)
        #expect(driver.core.totals().overdueOrders == 1)
        let bytes = try driver.snapshot()
        let profile = try Driver.profile(Press.profile)
        var again = Driver(
            core: try #require(try StewardCore(configuration: driver.core.configuration, profiles: [profile], snapshot: bytes)),
            number: 1000)
        again.control(.orderUpdate(order: id(), state: .accepted, reference: nil, detail: nil), at: 9100)
        #expect(again.kinds(.alarmCleared).count == 1 && again.core.totals().overdueOrders == 0)
    }

    private func text(_ decision: Decision) -> String { String(decoding: decision.line, as: UTF8.self) }

    // MARK: Calling off

    @Test func aCancellationIsPassedOn() throws {
        var driver = try driver()
        useUp(&driver)
        driver.control(.settled(key: id(), channel: .order, outcome: .delivered, detail: nil), at: 100)
        driver.control(.order(.cancel(order: id(), by: "Ann", reason: "moved")), at: 101)
        #expect(driver.core.orderState(id()) == .cancelled)
        #expect(orders(driver).map(\.key) == [id(), SupplyOrder.cancellationKey(id())])
        #expect(text(orders(driver).last).contains("\"cancellation\":"))
        #expect(driver.effects.contains(.withdraw(key: id())))
        driver.control(.settled(key: SupplyOrder.cancellationKey(id()), channel: .order, outcome: .abandoned, detail: "409"), at: 102)
        #expect(tickets(driver).contains { $0.contains("called off") })
        driver.control(.orderUpdate(order: id(), state: .shipped, reference: nil, detail: nil), at: 103)
        #expect(driver.core.orderState(id()) == .cancelled)
        #expect(tickets(driver).contains { $0.contains("comes although") })
        driver.control(.order(.cancel(order: id(), by: "Ann", reason: nil)), at: 104)
        #expect(orders(driver).count == 2, "once is enough")
    }

    /// Nothing is on its way then, and nothing is ordered by itself.
    @Test func whatTheSupplierCallsOffIsToldToAPerson() throws {
        var driver = try driver()
        useUp(&driver)
        driver.control(.settled(key: id(), channel: .order, outcome: .delivered, detail: nil), at: 100)
        driver.control(.orderUpdate(order: id(), state: .cancelled, reference: nil, detail: "sold out"), at: 101)
        driver.control(.orderUpdate(order: id(), state: .cancelled, reference: nil, detail: "sold out"), at: 102)
        #expect(driver.core.orderState(id()) == .cancelled)
        #expect(tickets(driver).count == 1 && tickets(driver).contains { $0.contains("called off the order") })
        // Asked for again, it is mended.
        driver.control(.order(.request(device: "p1", supply: "black", by: "Ann")), at: 110)
        #expect(orders(driver).count == 2)
    }

    @Test func whatWasNeverSentIsCalledOffInSilence() throws {
        var driver = try driver { $0.approval.isAlwaysNeeded = true }
        useUp(&driver)
        driver.control(.order(.cancel(order: id(), by: "Ann", reason: nil)), at: 101)
        #expect(driver.core.orderState(id()) == .cancelled && orders(driver).isEmpty)
    }

    // MARK: Two gateways

    @Test func theSecondGatewaysOrderHasTheSameKeyAndIsClosedAsADuplicate() throws {
        var first = try driver()
        var second = try driver { $0.defaultSite = "other" }
        useUp(&first)
        useUp(&second, at: 500)
        #expect(orders(first).map(\.key) == orders(second).map(\.key))
        second.control(.order(.duplicate(key: id(), detail: nil)), at: 600)
        #expect(second.core.orderState(id()) == .cancelled)
        #expect(second.core.orders[id()]?.detail?.hasPrefix("duplicate") == true)
        #expect(orders(second).count == 1 && tickets(second).isEmpty, "the other's order is not called off")
        for hour in 1..<30 { level(8, &second, at: Double(hour) * 4000) }
        #expect(second.kinds(.order).count == 1)
        // The parcel of the other gateway's order is no surprise.
        second.control(.orderUpdate(order: id(), state: .shipped, reference: nil, detail: nil), at: 200_000)
        #expect(tickets(second).isEmpty)
        // A duplicate that comes after the supplier's word is an earlier try of our own.
        first.control(.orderUpdate(order: id(), state: .accepted, reference: nil, detail: nil), at: 601)
        first.control(.order(.duplicate(key: id(), detail: nil)), at: 602)
        #expect(first.core.orderState(id()) == .accepted)
    }

    // MARK: Stock, installation, visits

    @Test func stockCoversANeedAndIsDrawnDownAtInstallation() throws {
        var driver = try driver()
        driver.control(.order(.stockCounted(item: "black", units: 1, by: "Ann")), at: 0)
        useUp(&driver, at: 10)
        useUp(&driver, device: "p2", at: 20)
        #expect(driver.kinds(.stockReserved).count == 1)
        #expect(orders(driver).map(\.key) == [id("p2")], "one unit covers one device")
        #expect(driver.core.orders.stock.unitsAvailable("black") == 0)
        driver.control(.settled(key: id("p2"), channel: .order, outcome: .delivered, detail: nil), at: 100)
        let bytes = try driver.snapshot()
        let profile = try Driver.profile(Press.profile)
        let again = try #require(try StewardCore(configuration: driver.core.configuration, profiles: [profile], snapshot: bytes))
        #expect(again.orders.stock == driver.core.orders.stock && again.digest() == driver.core.digest())
        replace(&driver, at: 10_000)
        #expect(driver.core.orders.stock.unitsOnHand("black") == 0 && driver.core.orders.stock.needs.isEmpty)
        replace(&driver, device: "p2", at: 3 * 86_400)
        #expect(driver.core.orderState(id("p2")) == .installed && driver.core.orders.stock.unitsOnHand("black") == 0)
    }

    @Test func aCartridgeThatNobodyOrderedCameFromTheCupboard() throws {
        var driver = try driver()
        driver.control(.order(.stockAdded(item: "black", units: 3, by: "Ann")), at: 0)
        level(50, &driver, at: 10)
        replace(&driver, at: 1000)
        #expect(driver.core.orders.stock.unitsOnHand("black") == 2)
    }

    /// The item of the Press profile is the supply's name.
    @Test func anOrderThatWasNotSentIsNotNeededAfterAnInstallation() throws {
        var driver = try driver { $0.approval.isAlwaysNeeded = true }
        useUp(&driver)
        replace(&driver, at: 10_000)
        #expect(driver.core.orderState(id()) == .cancelled)
        driver.control(.order(.approve(order: id(), by: "Ann")), at: 20_000)
        #expect(orders(driver).isEmpty)
    }

    @Test(arguments: [true, false]) func deliveredAndEndedIsAVisitAndNoOrder(_ endsFirst: Bool) throws {
        var driver = try driver()
        useUp(&driver)
        driver.control(.settled(key: id(), channel: .order, outcome: .delivered, detail: nil), at: 100)
        if endsFirst { for reading in 0..<4 { level(0, &driver, at: 5000 + Double(reading) * 60) } }
        #expect(tickets(driver).isEmpty)
        driver.control(.orderUpdate(order: id(), state: .delivered, reference: nil, detail: nil), at: 6000)
        if !endsFirst {
            #expect(tickets(driver).isEmpty)
            for reading in 0..<4 { level(0, &driver, at: 9000 + Double(reading) * 60) }
        }
        #expect(tickets(driver) == ["Install black (black)"])
        for hour in 3..<30 { level(0, &driver, at: Double(hour) * 4000) }
        #expect(tickets(driver).count == 1 && driver.kinds(.order).count == 1)
        replace(&driver, at: 200_000)
        #expect(driver.core.support.tickets.all.first?.state == .recovered)
        #expect(driver.core.orderState(id()) == .installed)
    }

    @Test func stockThatLiesThereWhileTheSupplyHasEndedIsAVisit() throws {
        var driver = try driver()
        driver.control(.order(.stockCounted(item: "black", units: 1, by: "Ann")), at: 0)
        useUp(&driver, at: 10)
        for hour in 1..<4 { level(0, &driver, at: Double(hour) * 4000) }
        #expect(tickets(driver) == ["Install black (black)"] && orders(driver).isEmpty)
    }

    // MARK: Dry run and suppliers

    @Test func aDryRunDecidesAndSendsNothing() throws {
        var driver = try driver { $0.suppliers[0].isDryRun = true }
        useUp(&driver)
        #expect(driver.kinds(.order).count == 1 && orders(driver).isEmpty)
        #expect(String(decoding: driver.kinds(.order)[0].line, as: UTF8.self).contains("\"dryRun\":true"))
        driver.wait(until: 30 * 86_400)
        #expect(driver.core.totals().overdueOrders == 0)
        driver.control(.order(.cancel(order: id(), by: "Ann", reason: nil)), at: 31 * 86_400)
        #expect(orders(driver).isEmpty)
    }

    @Test func anItemThatNoSupplierTakesIsToldToAPerson() throws {
        var driver = try driver { $0.suppliers[0].items = [Wildcard("TN-*")] }
        useUp(&driver)
        #expect(driver.core.orderState(id()) == .failed && orders(driver).isEmpty)
        #expect(tickets(driver).count == 1)
    }

    // MARK: MQTT

    @Test func statusMessagesInAnyOrderAndAnyNumber() throws {
        var driver = try driver { $0.statusTopic = StatusTopic("orders/{order}/status") }
        useUp(&driver)
        let topic = "orders/\(id())/status"
        driver.send(topic, #"{"state":"shipped","reference":"P-1"}"#, at: 100)
        driver.send(topic, #"{"state":"accepted"}"#, at: 101)
        driver.send(topic, #"{"state":"shipped","reference":"P-2"}"#, at: 102)
        driver.send(topic, "", at: 103, retained: true)
        #expect(driver.core.orderState(id()) == .shipped && driver.core.orders[id()]?.reference == "P-1")
        #expect(driver.effects.deadLetters.isEmpty)
        for (bad, reason) in [
            ("{}", "state"), (#"{"state":"planned"}"#, "state"), (#"{"state":"sent"}"#, "state"), (#"{"state":7}"#, "state"),
            ("[", "JSON"),
        ] {
            driver.send(topic, bad, at: 104)
            #expect(driver.effects.deadLetters.last?.reason.contains(reason) == true, "\(bad)")
        }
        driver.send("orders/or-none/status", #"{"state":"shipped"}"#, at: 105)
        #expect(driver.effects.deadLetters.last?.reason.contains("no order") == true)
        #expect(driver.core.fleet.devices.count == 1, "no device was made of it")
    }

    /// Reports, repeats, restarts and deadlines in any order: one order a generation, and a snapshot in the middle changes nothing.
    @Test(arguments: 0..<25) func anySequenceKeepsOneOrderAndRebuilds(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var driver = try driver {
            $0.approval.aboveHundredths = 5000
            $0.prices = [.init(item: Wildcard("a"), hundredths: 100), .init(item: Wildcard("b"), hundredths: 9000)]
            $0.deadlines.limits[.sent] = 7_200_000
            $0.statusTopic = StatusTopic("orders/{order}/status")
        }
        var second = 0.0
        var levels = ["a": 20, "b": 20]
        for step in 0..<150 {
            second += Double(Int.random(in: 1...4000, using: &generator))
            let supply = Bool.random(using: &generator) ? "a" : "b"
            let order = driver.core.orders.ids.randomElement(using: &generator) ?? id()
            switch Int.random(in: 0..<14, using: &generator) {
            case 0...4:
                let next = (levels[supply] ?? 0) - Int.random(in: 0...3, using: &generator)
                levels[supply] = next < 0 ? 100 : next
                level(levels[supply] ?? 0, &driver, at: second, supply: supply)
            case 5: driver.control(.settled(key: order, channel: .order, outcome: .delivered, detail: nil), at: second)
            case 6:
                let state = OrderReport.states.randomElement(using: &generator) ?? .accepted
                driver.control(.orderUpdate(order: order, state: state, reference: nil, detail: nil), at: second)
            case 7: driver.send("orders/\(order)/status", #"{"state":"shipped"}"#, at: second)
            case 8: driver.control(.order(.approve(order: order, by: "Ann")), at: second)
            case 9: driver.control(.order(.cancel(order: order, by: "Ann", reason: nil)), at: second)
            case 10:
                driver.control(.order(.stockAdded(item: supply, units: Int.random(in: -1...1, using: &generator), by: "Ann")), at: second)
            case 11, 12: driver.control(.order(.request(device: "p1", supply: supply, by: "Cid")), at: second)
            default: driver.wait(until: second)
            }
            let open = driver.core.orders.all.filter { !$0.isOver }.map { "\($0.supply) \($0.generation)" }
            #expect(Set(open).count == open.count, "seed \(seed), step \(step): one open order a generation")
            if step % 50 == 25 {
                let profile = try Driver.profile(Press.profile)
                let again = try #require(
                    try StewardCore(configuration: driver.core.configuration, profiles: [profile], snapshot: try driver.snapshot()))
                #expect(again.digest() == driver.core.digest(), "seed \(seed)")
                #expect(again.orders.nextDue >= driver.core.orders.nextDue, "seed \(seed)")
            }
        }
        let keys = orders(driver).map(\.key)
        #expect(Set(keys).count == keys.count, "seed \(seed): a key goes out once")
        for order in driver.core.orders.all where order.item == "b" && keys.contains(order.id) {
            #expect(order.terms.approvedBy != nil, "seed \(seed): \(order.id) went out without approval")
        }
    }
}
