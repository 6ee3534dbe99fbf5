import CivilCalendar
import CoreViews
import FoundationEssentials
import Replenishment
import TestSupport
import Testing

@testable import GatewayCore

/// Orders that wait for company no longer than their forecast allows, and suppliers with times of their own.
@Suite struct OrderWaitingTests {
    private static let reportSeconds = 14_400.0

    private static func configuration(
        suppliers: [String] = ["shop"], _ change: (inout CoreConfiguration) -> Void = { _ in }
    ) -> CoreConfiguration {
        var configuration = CoreConfiguration()
        configuration.replenishment.defaultSite = "north"
        configuration.replenishment.suppliers = suppliers.map { .init(name: $0) }
        configuration.replenishment.suppliers[0].consolidationMilliseconds = 5 * 86_400_000
        change(&configuration)
        return configuration
    }

    private func id(_ supply: String, _ device: String = "p1") -> String {
        SupplyOrder.id(device: device, supply: supply, generation: 1)
    }

    private func orders(_ driver: Driver) -> [Delivery] { driver.deliveries.filter { $0.channel == .order } }
    private func text(_ delivery: Delivery?) -> String { String(decoding: delivery?.body ?? [], as: UTF8.self) }

    /// A report every four hours; both cartridges lose 3 % a day, and cyan was put in later.
    private func report(_ driver: inout Driver, _ tick: Int, extraPages: Int = 0, cyanAhead: Int = 1) {
        let used = Double(tick) * 0.5 + Double(extraPages) / 20
        let black = Int(max(0, 100 - used))
        let cyan = Int(min(100, max(0, 100 + Double(cyanAhead) - used)))
        driver.tell(
            "p1", "\"pages\":\(1000 + tick * 10 + extraPages),\"supplies\":{\"black\":\(black),\"cyan\":\(cyan)}",
            at: Double(tick) * Self.reportSeconds)
    }

    /// Reports until black is decided; returns the number of that report.
    private func untilDecided(_ driver: inout Driver, cyanAhead: Int = 1) throws -> Int {
        let found = (0..<200).first { tick in
            report(&driver, tick, cyanAhead: cyanAhead)
            return driver.core.orders[id("black")] != nil
        }
        return try #require(found, "black was never ordered")
    }

    /// Ticks at the moments at which an order is due, as the gateway's loop does, and no others.
    private func pass(_ driver: inout Driver, until milliseconds: Int64) {
        while driver.core.orders.nextDue <= milliseconds {
            driver.take([.control(.tick)], atMilliseconds: max(driver.core.orders.nextDue, driver.core.now))
        }
    }

    private func time(ofReport tick: Int) -> Int64 { Driver.start + Int64(Double(tick) * Self.reportSeconds * 1000) }

    // MARK: Company

    @Test func twoThatEndWithinHoursGoAsOneShipment() throws {
        var driver = try Driver(configuration: Self.configuration())
        var tick = try untilDecided(&driver)
        let black = try #require(driver.core.orders[id("black")])
        let latest = try #require(black.terms.latestSendMilliseconds)
        #expect(black.waitsForCompany && orders(driver).isEmpty && latest > driver.core.now + 4 * 3_600_000)
        while time(ofReport: tick + 1) < latest {
            tick += 1
            report(&driver, tick)
        }
        #expect(driver.core.orders[id("cyan")]?.waitsForCompany == true && orders(driver).isEmpty)
        pass(&driver, until: latest)
        let shipment = try #require(orders(driver).first)
        #expect(orders(driver).count == 1 && shipment.key.hasPrefix("sh-"))
        #expect(text(shipment).contains(id("black")) && text(shipment).contains(id("cyan")))
        // It waited for days, and is not overdue for it.
        #expect(driver.core.totals().overdueOrders == 0)
        // The life of black is judged by when it went, not by when it was decided.
        let ordered = try #require(driver.core.supplies.supplies(of: 0).compactMap(\.orderedMilliseconds).min())
        #expect(ordered > black.decidedMilliseconds + 4 * 3_600_000)
    }

    @Test func withoutAWindowAForecastOrAMachinesWordNothingWaits() throws {
        var plain = try Driver(configuration: Self.configuration { $0.replenishment.suppliers[0].consolidationMilliseconds = 0 })
        _ = try untilDecided(&plain)
        #expect(orders(plain).map(\.key) == [id("black")] && plain.core.orders[id("black")]?.terms.latestSendMilliseconds == nil)
        // The floor decided, as nothing is known of the use.
        var blind = try Driver(configuration: Self.configuration())
        blind.tell("p1", "\"supplies\":{\"black\":12}", at: 0)
        blind.tell("p1", "\"supplies\":{\"black\":9}", at: 60)
        #expect(orders(blind).map(\.key) == [id("black")])
        // A person asked, and takes along what waits.
        var asked = try Driver(configuration: Self.configuration())
        let tick = try untilDecided(&asked)
        asked.control(.order(.request(device: "p1", supply: "cyan", by: "Ann")), at: Double(tick) * Self.reportSeconds + 1)
        #expect(orders(asked).count == 1 && text(orders(asked).first).contains(id("black")))
    }

    @Test func aBurstOfUseSendsAtOnceAndTakesTheOtherAlong() throws {
        var driver = try Driver(configuration: Self.configuration())
        var tick = try untilDecided(&driver)
        while driver.core.orders[id("cyan")] == nil {
            tick += 1
            report(&driver, tick)
        }
        let promised = try #require(driver.core.orders[id("black")]?.terms.latestSendMilliseconds)
        #expect(orders(driver).isEmpty && time(ofReport: tick + 1) < promised)
        // Within four hours as much as in two days.
        report(&driver, tick + 1, extraPages: 120)
        #expect(orders(driver).count == 1 && text(orders(driver).first).contains(id("cyan")))
        let sent = try #require(driver.core.orders[id("black")])
        #expect(sent.terms.isHandedOver && (sent.terms.latestSendMilliseconds ?? 0) < promised)
    }

    @Test func newsShortenTheWaitOfWhatAwaitsApproval() throws {
        var driver = try Driver(configuration: Self.configuration { $0.replenishment.approval.isAlwaysNeeded = true })
        let tick = try untilDecided(&driver)
        let promised = try #require(driver.core.orders[id("black")]?.terms.latestSendMilliseconds)
        report(&driver, tick + 1, extraPages: 120)
        #expect(driver.core.orderState(id("black")) == .awaitingApproval && orders(driver).isEmpty)
        #expect((driver.core.orders[id("black")]?.terms.latestSendMilliseconds ?? .max) < promised)
        driver.control(.order(.approve(order: id("black"), by: "Ann")), at: Double(tick + 1) * Self.reportSeconds + 1)
        #expect(orders(driver).map(\.key) == [id("black")], "nobody has time for company any more")
    }

    /// What waits is sent after a restart just as it would have been without.
    @Test func aRestartKeepsThePromise() throws {
        let configuration = Self.configuration()
        var driver = try Driver(configuration: configuration)
        _ = try untilDecided(&driver)
        let latest = try #require(driver.core.orders[id("black")]?.terms.latestSendMilliseconds)
        let core = try #require(
            try StewardCore(configuration: configuration, profiles: [Driver.profile(Press.profile)], snapshot: driver.snapshot()))
        #expect(core.digest() == driver.core.digest() && core.orders.nextDue == latest)
        var again = Driver(core: core, number: driver.number)
        pass(&again, until: latest - 1)
        #expect(orders(again).isEmpty)
        pass(&again, until: latest)
        #expect(orders(again).map(\.key) == [id("black")])
    }

    /// No order is sent later than its latest moment, whatever comes, and other batches of the same events change nothing.
    @Test(arguments: 0..<12) func neverLaterThanPromised(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let configuration = Self.configuration {
            $0.replenishment.suppliers[0].consolidationScope = seed % 2 == 0 ? .site : .device
            if seed % 3 == 0 { $0.replenishment.approval.monthlyDeviceHundredths = 100 }
            $0.replenishment.prices = [.init(item: Wildcard("cyan"), hundredths: 90), .init(item: Wildcard("*"), hundredths: 60)]
            $0.replenishment.suppliers[0].calendar = seed % 4 == 1 ? SupplierCalendar(cutoffHour: 12) : nil
        }
        var driver = try Driver(configuration: configuration)
        var single = try Driver(configuration: configuration)
        var pages = [1000.0, 1000]
        var left = [[100.0, 98], [97, 96]]
        var pace = [2.0, 3]
        var promised: [String: Int64] = [:]
        var sent: [String: Int64] = [:]
        var waited = 0
        func take(_ happenings: [Happening], _ time: Int64) {
            let new = driver.take(happenings, atMilliseconds: time)
            for happening in happenings { single.take([happening], atMilliseconds: time) }
            for order in driver.core.orders.all {
                if let latest = order.terms.latestSendMilliseconds { promised[order.id] = min(promised[order.id] ?? .max, latest) }
                if order.waitsForCompany { waited += 1 }
            }
            for delivery in new.deliveries where delivery.channel == .order {
                for order in driver.core.orders.orderIDs(delivery.key) { sent[order] = time }
            }
        }
        var time = Driver.start
        for _ in 0..<260 {
            time += Int64.random(in: 3_600_000...30_000_000, using: &generator)
            while driver.core.orders.nextDue <= time { take([.control(.tick)], max(driver.core.orders.nextDue, driver.core.now)) }
            var happenings: [Happening] = []
            for device in 0..<2 {
                if Int.random(in: 0..<40, using: &generator) == 0 { pace[device] = .random(in: 0.5...12, using: &generator) }
                let used = pace[device] * .random(in: 0...0.5, using: &generator)
                pages[device] += used * 20
                for supply in 0..<2 {
                    left[device][supply] -= used
                    if left[device][supply] < 0 { left[device][supply] = 100 }
                }
                let members =
                    "{\"ts\":\(time),\"pages\":\(Int(pages[device])),\"supplies\":{\"black\":\(Int(left[device][0])),\"cyan\":\(Int(left[device][1]))}}"
                happenings.append(.message(topic: "t/p\(device)/data", payload: Array(members.utf8), isRetained: false))
            }
            let waiting = driver.core.orders.all.filter { $0.state == .awaitingApproval }.map(\.id)
            if let id = waiting.randomElement(using: &generator), Int.random(in: 0..<4, using: &generator) == 0 {
                happenings.append(.control(.order(.approve(order: id, by: "Ann"))))
            }
            take(happenings, time)
        }
        #expect(single.effects == driver.effects && single.core.digestLines() == driver.core.digestLines(), "seed \(seed)")
        #expect(waited > 0 && !sent.isEmpty, "seed \(seed): nothing was shown")
        for (id, time) in sent {
            guard let latest = promised[id], let order = driver.core.orders[id] else { continue }
            // Who waits for a person cannot keep it, and then goes at once when the person has agreed.
            guard order.terms.approvalReason == nil else { continue }
            #expect(time <= latest, "seed \(seed): \(id) went \(time - latest) ms after its latest moment")
        }
        for order in driver.core.orders.all where order.waitsForCompany {
            #expect((order.terms.holdUntilMilliseconds ?? .max) <= (promised[order.id] ?? .min), "seed \(seed): \(order.id)")
        }
    }

    // MARK: Suppliers' times

    /// The supplier who would take the order decides how early it has to be.
    @Test func aSlowSupplierIsAskedEarlier() throws {
        var ticks: [Int] = []
        for days in [nil, 1.0, 9] {
            var driver = try Driver(
                configuration: Self.configuration(suppliers: ["far", "shop"]) {
                    $0.replenishment.suppliers[0].items = [Wildcard("black")]
                    $0.replenishment.suppliers[0].leadTimeDays = days
                })
            ticks.append(try untilDecided(&driver))
        }
        #expect(ticks[1] < ticks[0] + 40 && ticks[1] > ticks[0] + 5, "1 day in place of the profile's 3")
        #expect(ticks[2] < ticks[0] - 20, "9 days in place of the profile's 3")
    }

    @Test func aSuppliersCalendarGoesBeforeTheSites() throws {
        func decided(own: SupplierCalendar?, site: SupplierCalendar?) throws -> Int {
            var driver = try Driver(
                configuration: Self.configuration {
                    $0.replenishment.suppliers[0].calendar = own
                    $0.supplierCalendar = site
                })
            return try untilDecided(&driver)
        }
        let always = SupplierCalendar(workingDays: Set(Weekday.allCases))
        let mondays = SupplierCalendar(workingDays: [.monday])
        #expect(try decided(own: always, site: mondays) == decided(own: nil, site: always))
        #expect(try decided(own: mondays, site: nil) == decided(own: nil, site: mondays))
        #expect(try decided(own: mondays, site: always) < decided(own: always, site: mondays) - 10)
    }
}
