import CoreViews
import Documents
import FaultDetection
import RemoteSupport
import Replenishment
import Telemetry
import TestSupport
import Testing

@testable import GatewayCore

/// Wear that plans a visit: together with a delivery that comes in time, or alone; and what tickets say of it.
@Suite struct VisitFlowTests {
    static let profile = Press.text(
        hot: """
            hot: { severity: "critical", text: "Fuser too hot", raise: { metric: "temp", above: 80 }, clear: { metric: "temp", below: 70 },
              remainingLife: { load: "pages", duringWork: true, part: "the fuser", visitDays: 30, aloneDays: 10 } },
            """)
    private static let order = SupplyOrder.id(device: "p1", supply: "black", generation: 1)

    private static func driver() throws -> Driver {
        var configuration = CoreConfiguration()
        configuration.replenishment.defaultSite = "north"
        configuration.replenishment.suppliers = [.init(name: "shop")]
        return try Driver([profile], configuration: configuration)
    }

    /// A press that prints by day, whose temperature at work rises from 40 by 0.5 a day. From the day `replaced` on it has another fuser.
    /// - Parameter burst: all arrives within seconds, at this time.
    static func feed(_ driver: inout Driver, days: Range<Int>, replaced: Int = 0, level: Int = 60, burst: Double? = nil) {
        for hour in days.lowerBound * 24..<days.upperBound * 24 where hour % 2 == 0 {
            var random = SeededGenerator(seed: UInt64(hour))
            let isBusy = hour % 24 >= 8 && hour % 24 < 18
            let worn = 40 + Double(hour - replaced * 24) / 48 + Double.random(in: -0.5...0.5, using: &random)
            let pages = 1000 + hour / 24 * 100 + min(max(hour % 24 - 7, 0), 10) * 10
            driver.tell(
                "p1",
                "\"status\":\"\(isBusy ? "busy" : "idle")\",\"pages\":\(pages),\"temp\":\(isBusy ? worn : 20),\"supplies\":{\"black\":\(level)}",
                at: burst.map { $0 + Double(hour) / 100 } ?? Double(hour) * 3600, time: Double(hour) * 3600)
        }
    }

    /// Black was asked for by hand, and the supplier has it.
    static func order(_ driver: inout Driver, day: Double) {
        driver.control(.order(.request(device: "p1", supply: "black", by: "Ann")), at: day * 86_400)
        driver.control(.settled(key: order, channel: .order, outcome: .delivered, detail: nil), at: day * 86_400 + 1)
        #expect(driver.core.orderState(order) == .sent)
    }

    private func tickets(_ driver: Driver) -> [Ticket] { driver.core.support.tickets.all }
    private func sent(_ driver: Driver) -> [String] { driver.deliveries.filter { $0.channel == .ticket }.map(\.key) }

    /// No delivery is due: one ticket, in time; it recovers when the part was replaced, and the next part has one of its own.
    @Test func aVisitOfItsOwnIsPlannedOnce() throws {
        var driver = try Self.driver()
        Self.feed(&driver, days: 0..<50)
        #expect(tickets(driver).isEmpty)
        Self.feed(&driver, days: 50..<78)
        let ticket = try #require(tickets(driver).first)
        #expect(tickets(driver).count == 1 && sent(driver) == [ticket.id])
        #expect(ticket.text == "Replace the fuser" && ticket.severity == .minor && ticket.alarm == "p1/hot/wear/0")
        #expect(ticket.reason.hasSuffix(" days left until \"Fuser too hot\" is expected, and no delivery comes before that"))
        let day = (ticket.onsetMilliseconds - Driver.start) / 86_400_000
        #expect(day >= 55 && day <= 77, "opened on day \(day)")
        var device = JSONWriter()
        #expect(driver.core.writeDevice("p1", &device))
        #expect(String(decoding: device.bytes, as: UTF8.self).contains("\"ticket\":\"\(ticket.id)\""))
        Self.feed(&driver, days: 78..<84, replaced: 78)
        #expect(tickets(driver).map(\.state) == [.recovered])
        Self.feed(&driver, days: 84..<156, replaced: 78)
        #expect(tickets(driver).map(\.alarm) == ["p1/hot/wear/0", "p1/hot/wear/1"] && tickets(driver).last?.state == .open)
        #expect(driver.kinds(.alarmRaised).isEmpty)
    }

    /// A person has closed it: nothing more is said in this course of wear.
    @Test func whatAPersonClosedStaysClosed() throws {
        var driver = try Self.driver()
        Self.feed(&driver, days: 0..<76)
        let id = try #require(tickets(driver).first?.id)
        driver.control(.closeTicket(ticket: id, by: "Ann"), at: 76 * 86_400)
        Self.feed(&driver, days: 76..<79)
        #expect(tickets(driver).map(\.state) == [.closed] && sent(driver).count == 1)
    }

    /// A delivery is due before the fuser is worn: one ticket for both, to which the end of the supply is added; and an own one when the cartridge
    /// was installed and the fuser was not.
    @Test func aVisitIsPlannedWithADelivery() throws {
        var driver = try Self.driver()
        Self.feed(&driver, days: 0..<52)
        #expect(tickets(driver).isEmpty)
        Self.order(&driver, day: 52)
        Self.feed(&driver, days: 52..<56)
        let ticket = try #require(tickets(driver).first)
        #expect(ticket.alarm == "\(Self.order)/visit" && ticket.text == "Replace the fuser when black (black) is installed")
        #expect(ticket.reason.contains("; black (black) is ordered and should be there within "), "\(ticket.reason)")
        driver.control(.orderUpdate(order: Self.order, state: .delivered, reference: nil, detail: nil), at: 56 * 86_400)
        Self.feed(&driver, days: 56..<58, level: 0)
        #expect(sent(driver) == [ticket.id, "\(ticket.id).1"] && driver.kinds(.ticketExtended).count == 1)
        #expect(tickets(driver).map(\.severity) == [.major])
        #expect(tickets(driver)[0].reason.hasSuffix("; the supply has ended, and it was delivered and is not installed"))
        driver.control(.settled(key: "\(ticket.id).1", channel: .ticket, outcome: .abandoned, detail: "gone"), at: 58 * 86_400)
        #expect(tickets(driver)[0].undelivered == "gone")
        Self.feed(&driver, days: 58..<61, level: 100)
        #expect(driver.core.orderState(Self.order) == .installed && tickets(driver).map(\.state) == [.recovered])
        Self.feed(&driver, days: 61..<78, level: 100)
        #expect(tickets(driver).map(\.alarm) == ["\(Self.order)/visit", "p1/hot/wear/0"])
    }

    /// The fuser was replaced before the delivery: the ticket of the delivery says so.
    @Test func aReplacementIsNotedOnTheTicketOfADelivery() throws {
        var driver = try Self.driver()
        Self.feed(&driver, days: 0..<52)
        Self.order(&driver, day: 52)
        Self.feed(&driver, days: 52..<56)
        Self.feed(&driver, days: 56..<62, replaced: 56)
        let ticket = try #require(tickets(driver).first)
        #expect(tickets(driver).count == 1 && ticket.state == .open)
        #expect(ticket.reason.hasSuffix("; the fuser seems to have been replaced: its wear has begun anew"), "\(ticket.reason)")
        #expect(sent(driver) == [ticket.id, "\(ticket.id).1"])
    }

    /// The order comes to nothing: the visit is planned anew.
    @Test func anOrderThatIsCalledOffTakesItsVisitAlong() throws {
        var driver = try Self.driver()
        Self.feed(&driver, days: 0..<52)
        Self.order(&driver, day: 52)
        Self.feed(&driver, days: 52..<56)
        #expect(tickets(driver).map(\.alarm) == ["\(Self.order)/visit"])
        driver.control(.orderUpdate(order: Self.order, state: .cancelled, reference: nil, detail: "sold out"), at: 56 * 86_400)
        Self.feed(&driver, days: 56..<58)
        #expect(tickets(driver).first?.state == .recovered)
        Self.feed(&driver, days: 58..<78)
        #expect(tickets(driver).last?.alarm == "p1/hot/wear/0")
    }

    /// Tickets of alarms, with a playbook and without one, name what will be worn soon; early on there is nothing to name.
    @Test(arguments: ["fire", "jam"]) func ticketsOfAlarmsNameWornParts(_ code: String) throws {
        var driver = try Self.driver()
        func alarm(day: Int) -> String {
            driver.tell("p1", "\"errors\":[\"\(code)\"]", at: Double(day) * 86_400)
            driver.wait(until: Double(day) * 86_400 + 400)
            driver.tell("p1", "\"errors\":[]", at: Double(day) * 86_400 + 500)
            return tickets(driver).last { $0.alarm.contains(code) || driver.core.alarms[$0.alarm]?.condition == code }?.reason ?? ""
        }
        Self.feed(&driver, days: 0..<9)
        let early = alarm(day: 9)
        #expect(!early.isEmpty && !early.contains("also replace"), "\(early)")
        Self.feed(&driver, days: 10..<60)
        let late = alarm(day: 60)
        #expect(late.contains("; also replace the fuser: ") && late.hasSuffix(" days left until \"Fuser too hot\" is expected"), "\(late)")
    }

    /// What comes in a burst long after its time plans nothing.
    @Test func thePastPlansNothing() throws {
        var driver = try Self.driver()
        Self.feed(&driver, days: 0..<78, burst: 90 * 86_400)
        #expect(tickets(driver).isEmpty)
    }

    /// Devices are looked at once a day, each at a time of its own.
    @Test func wearIsLookedAtOnceADay() throws {
        var driver = try Self.driver()
        var times: Set<Int64> = []
        for number in 1...8 {
            driver.tell("d\(number)", "\"status\":\"busy\",\"pages\":1,\"temp\":20", at: 3600)
            driver.tell("d\(number)", "\"status\":\"busy\",\"pages\":2,\"temp\":20", at: 3660)
            let device = try #require(driver.core.fleet.device(named: "d\(number)"))
            let due = driver.core.wear.visits[device].dueMilliseconds
            #expect(due > driver.core.now && due <= driver.core.now + 86_400_000)
            #expect(!driver.core.wear.isDue(device, at: due - 1) && driver.core.wear.isDue(device, at: due))
            times.insert(due)
        }
        #expect(times.count == 8)
    }

    /// A restart at any time gives the same tickets as none.
    @Test func aRestartPlansTheSame() throws {
        func run(_ cuts: Set<Int>) throws -> Driver {
            var driver = try Self.driver()
            for day in 0..<64 {
                if cuts.contains(day) {
                    let core = try StewardCore(
                        configuration: driver.core.configuration, profiles: [try Driver.profile(Self.profile)], snapshot: driver.snapshot())
                    let effects = driver.effects
                    driver = Driver(core: try #require(core), number: driver.number)
                    driver.effects = effects
                }
                if day == 52 { Self.order(&driver, day: 52) }
                Self.feed(&driver, days: day..<day + 1, replaced: day < 58 ? 0 : 58)
            }
            return driver
        }
        let (plain, cut) = (try run([]), try run([11, 52, 53, 54, 57, 59, 60, 61]))
        #expect(plain.kinds(.ticket, .ticketExtended).count == 2)
        #expect(plain.core.digestLines() == cut.core.digestLines() && plain.lines == cut.lines)
        #expect(try plain.snapshot() == cut.snapshot())
    }
}
