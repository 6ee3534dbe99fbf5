import CoreViews
import RemoteSupport
import Replenishment
import TestSupport
import Testing

@testable import GatewayCore

/// Which cartridge was installed, where a parcel goes, and what becomes of orders when cartridges and devices change places.
@Suite struct OrderArrivalTests {
    private static let day = 86_400.0
    private static let profile = Press.text(
        supplies: #"""
            "{slot}": { level: "/supplies/{slot}/level", serialMember: "sn", partNumberMember: "pn", item: "{partNumber}", counter: "pages",
              leadTimeDays: 3, floorPercent: 10 },
            """#)

    private func driver() throws -> Driver {
        var configuration = CoreConfiguration()
        configuration.replenishment.suppliers = [.init(name: "shop")]
        return try Driver([Self.profile], configuration: configuration)
    }

    private func tell(
        _ level: Int, _ driver: inout Driver, at second: Double, device: String = "p1", slot: String = "black", part: String = "TN-1",
        serial: String? = nil
    ) {
        driver.tell(device, "\"supplies\":{\(Self.slot(slot, level, part, serial))}", at: second)
    }

    private static func slot(_ name: String, _ level: Int, _ part: String, _ serial: String?) -> String {
        "\"\(name)\":{\"level\":\(level),\"pn\":\"\(part)\"\(serial.map { ",\"sn\":\"\($0)\"" } ?? "")}"
    }

    /// Ordered at the second 60, and accepted.
    private func order(_ driver: inout Driver, device: String = "p1", serial: String? = nil) -> String {
        tell(12, &driver, at: 0, device: device, serial: serial)
        tell(9, &driver, at: 60, device: device, serial: serial)
        let id = driver.core.orders.ids.last ?? "none"
        driver.control(.settled(key: id, channel: .order, outcome: .delivered, detail: nil), at: 100)
        driver.control(.orderUpdate(order: id, state: .accepted, reference: "R", detail: nil), at: 101)
        return id
    }

    private func replace(_ driver: inout Driver, at second: Double, part: String = "TN-1") {
        for reading in 0..<4 { tell(100, &driver, at: second + Double(reading * 300), part: part) }
    }

    private func report(_ state: SupplyOrder.State, _ id: String, _ driver: inout Driver, at second: Double) {
        #expect(driver.core.problem(reporting: state, of: id) == nil)
        let refused = driver.core.counters.refusedControls
        driver.control(.orderUpdate(order: id, state: state, reference: nil, detail: nil), at: second)
        #expect(driver.core.counters.refusedControls == refused)
    }

    private func useUp(_ driver: inout Driver, from second: Double) {
        for (step, level) in stride(from: 90, through: 2, by: -8).enumerated() {
            tell(level, &driver, at: second + Double(step) * Self.day)
        }
    }

    private func sent(_ driver: Driver) -> [String] { driver.deliveries.filter { $0.channel == .order }.map(\.key) }

    private func again(_ driver: Driver) throws -> Driver {
        let core = try StewardCore(
            configuration: driver.core.configuration, profiles: [Driver.profile(Self.profile)], snapshot: driver.snapshot())
        let restored = try #require(core)
        #expect(restored.digest() == driver.core.digest())
        return Driver(core: restored, number: driver.number)
    }

    // MARK: Spares

    @Test func aSpareIsNotTheOrderedOneAndTheParcelGoesToTheShelf() throws {
        var driver = try driver()
        let id = order(&driver)
        replace(&driver, at: 3600)
        #expect(driver.core.orderState(id) == .accepted)
        report(.shipped, id, &driver, at: Self.day)
        driver = try again(driver)
        report(.delivered, id, &driver, at: 2 * Self.day)
        #expect(driver.core.orders.stock.unitsOnHand("TN-1") == 1)
        report(.delivered, id, &driver, at: 2 * Self.day + 1)
        #expect(driver.core.orders.stock.unitsOnHand("TN-1") == 1, "once")
        driver = try again(driver)
        useUp(&driver, from: 3 * Self.day)
        #expect(driver.core.orders.ids == [id] && driver.kinds(.stockReserved).count == 1, "the next need has a unit already")
        replace(&driver, at: 20 * Self.day)
        #expect(driver.core.orderState(id) == .installed && driver.core.orders.stock.unitsOnHand("TN-1") == 0)
    }

    @Test func whatIsOnItsWayIsForTheNextNeed() throws {
        var driver = try driver()
        let id = order(&driver)
        replace(&driver, at: 3600)
        report(.shipped, id, &driver, at: Self.day)
        useUp(&driver, from: 2 * Self.day)
        #expect(driver.core.orders.ids == [id] && driver.core.orders[id]?.generation == 2)
        tell(1, &driver, at: 14 * Self.day)
        report(.delivered, id, &driver, at: 15 * Self.day)
        #expect(driver.core.support.tickets.all.map(\.text) == ["Install TN-1 (black)"])
        replace(&driver, at: 16 * Self.day)
        #expect(driver.core.orderState(id) == .installed)
        useUp(&driver, from: 17 * Self.day)
        #expect(driver.core.orders.ids.count == 2, "the one after is ordered")
    }

    /// A parcel of which nobody has heard for longer than any takes: a person is asked, and no second order goes by itself.
    @Test func anOrderThatNobodyReportsIsAskedAbout() throws {
        var driver = try driver()
        let id = order(&driver)
        replace(&driver, at: 3600)
        useUp(&driver, from: 30 * Self.day)
        let second = try #require(driver.core.orders.ids.last)
        #expect(second != id && driver.core.orderState(second) == .awaitingApproval)
        #expect(driver.core.orders[second]?.terms.approvalReason?.contains(id) == true)
        // When it comes to nothing, the way is free.
        driver.control(.order(.cancel(order: id, by: "Ann", reason: nil)), at: 60 * Self.day)
        driver.control(.order(.approve(order: second, by: "Ann")), at: 60 * Self.day + 1)
        #expect(sent(driver).contains(second))
    }

    @Test func anotherItemIsNotTheOrderedOne() throws {
        var driver = try driver()
        let id = order(&driver)
        report(.delivered, id, &driver, at: 4 * Self.day)
        replace(&driver, at: 5 * Self.day, part: "XL-9")
        #expect(driver.core.orderState(id) == .delivered && driver.core.orders.stock.unitsOnHand("TN-1") == 1)
    }

    /// Seconds after the order, the state then, and whether a cartridge that is installed is taken for the ordered one.
    @Test(arguments: [
        (SupplyOrder.State.accepted, 1.0, false), (.accepted, 2, true), (.shipped, 0.1, false), (.shipped, 1, true),
        (.delivered, 0.1, true),
    ]) func byTheStateOfShipping(_ state: SupplyOrder.State, _ days: Double, _ isOrdered: Bool) throws {
        var driver = try driver()
        let id = order(&driver)
        if state != .accepted { report(state, id, &driver, at: 200) }
        replace(&driver, at: days * Self.day)
        #expect((driver.core.orderState(id) == .installed) == isOrdered)
    }

    @Test func whatIsSentAfterTheInstallationWasAnotherOne() throws {
        var driver = try driver()
        let id = order(&driver)
        replace(&driver, at: 3 * Self.day)
        #expect(driver.core.orderState(id) == .installed)
        var late = try again(driver)
        report(.shipped, id, &late, at: 3.5 * Self.day)
        #expect(late.core.orderState(id) == .installed, "a late word")
        report(.shipped, id, &driver, at: 6 * Self.day)
        #expect(driver.core.orderState(id) == .shipped)
        report(.delivered, id, &driver, at: 7 * Self.day)
        #expect(driver.core.orders.stock.unitsOnHand("TN-1") == 1)
    }

    /// The state at the installation, days from there to the report of the delivery, units that are then counted, and whether a person counts.
    @Test(arguments: [
        (SupplyOrder.State.accepted, 2.0, 1, false), (.shipped, 2, 0, true), (.shipped, 0.5, 0, false), (.delivered, 2, 0, false),
    ]) func aDeliveryThatIsToldAfterTheInstallation(_ state: SupplyOrder.State, _ days: Double, _ units: Int, _ isAsked: Bool) throws {
        var driver = try driver()
        let id = order(&driver)
        if state != .accepted { report(state, id, &driver, at: 2 * Self.day) }
        replace(&driver, at: 3 * Self.day)
        #expect(driver.core.orderState(id) == .installed)
        driver = try again(driver)
        for repeated in 0..<2 {
            let time = (3 + days) * Self.day + Double(repeated) * 3600
            driver.control(.orderUpdate(order: id, state: .delivered, reference: nil, detail: nil), at: time)
        }
        #expect(driver.core.orders.stock.unitsOnHand("TN-1") == units)
        #expect(driver.core.support.tickets.all.filter { $0.text == "Count TN-1" }.count == (isAsked ? 1 : 0))
        #expect((driver.core.orderState(id) == .installed) == (units == 0))
    }

    @Test func aParcelThatComesAlthoughItWasCalledOffIsThere() throws {
        var driver = try driver()
        let id = order(&driver)
        driver.control(.order(.cancel(order: id, by: "Ann", reason: nil)), at: 200)
        report(.delivered, id, &driver, at: 2 * Self.day)
        #expect(driver.core.orderState(id) == .delivered, "it waits for the slot as any other")
        #expect(driver.core.support.tickets.all.contains { $0.text.contains("comes although") })
        #expect(driver.core.problem(reporting: .cancelled, of: id) != nil)
    }

    @Test func aReportThatChangesNothingIsRefusedWithItsReason() throws {
        var driver = try driver()
        let id = order(&driver)
        report(.failed, id, &driver, at: 200)
        #expect(driver.core.problem(reporting: .accepted, of: id) == "the order is failed already")
        #expect(driver.core.problem(reporting: .accepted, of: "or-none") == "there is no such order")
        #expect(driver.core.problem(reporting: .shipped, of: id) == nil, "a ticket comes of it")
    }

    // MARK: Slots

    @Test(arguments: [nil, ("A1", "B2")] as [(String, String)?], [false, true])
    func twoCartridgesThatSwapSlotsAreNoNewOnes(_ serials: (String, String)?, _ lowIsLeft: Bool) throws {
        var driver = try driver()
        func tell(_ left: Int, _ right: Int, isSwapped: Bool, at second: Double) {
            let (first, last) = isSwapped ? (serials?.1, serials?.0) : (serials?.0, serials?.1)
            driver.tell(
                "p1", "\"supplies\":{\(Self.slot("left", left, "TN-1", first)),\(Self.slot("right", right, "TN-1", last))}", at: second)
        }
        let (low, high) = (9, 47)
        for hour in 0..<6 {
            tell(lowIsLeft ? low : high, lowIsLeft ? high : low, isSwapped: false, at: Double(hour) * 1200)
        }
        #expect(driver.kinds(.order).count == 1)
        driver.control(.settled(key: driver.core.orders.ids[0], channel: .order, outcome: .delivered, detail: nil), at: 6100)
        for hour in 6..<20 { tell(lowIsLeft ? high : low, lowIsLeft ? low : high, isSwapped: true, at: Double(hour) * 1200) }
        driver = try again(driver)
        for hour in 20..<90 { tell(lowIsLeft ? high : low, lowIsLeft ? low : high, isSwapped: true, at: Double(hour) * 1200) }
        #expect(driver.core.orders.ids.count == 1 && driver.core.orders.all[0].state == .sent)
        #expect(driver.kinds(.supplyReplaced).isEmpty)
        // Where the low one lies now, the ordered one is installed.
        for hour in 300..<310 { tell(lowIsLeft ? high : 100, lowIsLeft ? 100 : high, isSwapped: true, at: Double(hour) * 1200) }
        #expect(driver.core.orders.all[0].state == .installed)
    }

    // MARK: Devices

    @Test func aRenamedDeviceIsNotOrderedForTwice() throws {
        var driver = try driver()
        let id = order(&driver, serial: "CRT-77")
        tell(9, &driver, at: 200, device: "p2", serial: "CRT-77")
        for hour in 1..<30 {
            driver.wait(until: Double(hour) * 3600 - 1)
            tell(9, &driver, at: Double(hour) * 3600, device: "p2", serial: "CRT-77")
        }
        #expect(driver.core.orders.ids == [id])
        // The old name is taken out: the order stays, and is the other's.
        driver.control(.removeDevice(device: "p1", by: "Ann"), at: 2 * Self.day)
        #expect(driver.core.orderState(id) == .accepted && driver.core.orders[id]?.device == "p2")
        driver = try again(driver)
        for reading in 0..<4 { tell(100, &driver, at: 4 * Self.day + Double(reading) * 300, device: "p2", serial: "CRT-78") }
        #expect(driver.core.orderState(id) == .installed)
    }

    struct Namesake: CustomTestStringConvertible {
        var testDescription: String
        /// What the new name tells first; the old one ended at 2016 pages and 9 %.
        var pages = 2018.0
        var level = 9
        var formerSpeaksOn = false
        var isOne: Bool
    }

    /// Devices that tell no serial numbers: one of them is another's new name when its counter and its levels go on.
    @Test(arguments: [
        Namesake(testDescription: "it goes on", isOne: true),
        Namesake(testDescription: "a little was used", pages: 2030, level: 8, isOne: true),
        Namesake(testDescription: "fewer pages", pages: 1900, isOne: false),
        Namesake(testDescription: "many more pages", pages: 2900, isOne: false),
        Namesake(testDescription: "more is left than there was", level: 14, isOne: false),
        Namesake(testDescription: "both speak", formerSpeaksOn: true, isOne: false),
    ]) func aDeviceWithoutSerialNumbersIsKnownByItsCounter(_ namesake: Namesake) throws {
        var driver = try driver()
        func tell(_ device: String, _ level: Int, _ pages: Double, at second: Double) {
            driver.tell(device, "\"pages\":\(pages),\"supplies\":{\(Self.slot("black", level, "TN-1", nil))}", at: second)
        }
        for hour in 0..<9 { tell("p1", 90 - 10 * hour, 2000 + 2 * Double(hour), at: Double(hour) * 3600) }
        tell("p1", 9, 2016, at: 33_000)
        let id = try #require(driver.core.orders.ids.first)
        driver.control(.settled(key: id, channel: .order, outcome: .delivered, detail: nil), at: 33_100)
        driver.control(.orderUpdate(order: id, state: .accepted, reference: nil, detail: nil), at: 33_200)
        for hour in 0..<20 {
            let time = 36_000 + Double(hour) * 3600
            if namesake.formerSpeaksOn { tell("p1", 9, 2016 + 40 * Double(hour), at: time) }
            tell("p2", namesake.level, namesake.pages + Double(hour), at: time + 60)
        }
        driver = try again(driver)
        if namesake.isOne { #expect(driver.core.orders.ids == [id]) }
        driver.control(.removeDevice(device: "p1", by: "Ann"), at: 2 * Self.day)
        #expect((driver.core.orders[id]?.device == "p2") == namesake.isOne)
        #expect((driver.core.orderState(id) == .accepted) == namesake.isOne)
        let removed = try #require(driver.kinds(.deviceRemoved).last)
        #expect(String(decoding: removed.line, as: UTF8.self).contains("\"successor\":\"p2\"") == namesake.isOne)
        for reading in 0..<4 { tell("p2", 100, namesake.pages + 60, at: 4 * Self.day + Double(reading) * 300) }
        if namesake.isOne { #expect(driver.core.orderState(id) == .installed && driver.core.orders.ids == [id]) }
    }

    @Test func twoDevicesWhoseCartridgesBearOneNumberAreTwo() throws {
        var driver = try driver()
        let id = order(&driver, serial: "CRT-77")
        for report in 1..<24 {
            tell(9, &driver, at: Double(report) * 300 + 60, device: "p1", serial: "CRT-77")
            tell(9, &driver, at: Double(report) * 300 + 120, device: "p2", serial: "CRT-77")
        }
        #expect(driver.core.orders.ids.count == 2 && driver.core.orders.ids.first == id)
    }

    @Test(arguments: StewardCore.Succession.allCases) func aDeviceThatFollowsAnotherGetsItsOrders(_ kind: StewardCore.Succession) throws {
        var driver = try driver()
        driver.tell("p1", "\"errors\":[\"dust\"]", at: 0)
        let id = order(&driver)
        tell(kind == .renamed ? 9 : 80, &driver, at: 1000, device: "p2", part: "TN-1")
        if kind == .renamed { #expect(driver.core.orders.ids.count == 2, "nothing tells that it is the same device") }
        #expect(driver.core.problem(succeeding: "p1", by: "p3") != nil && driver.core.problem(succeeding: "p1", by: "p1") != nil)
        driver.control(.succeedDevice(former: "p1", successor: "p2", kind: kind, by: "Ann"), at: 2000)
        #expect(!driver.core.hasDevice("p1") && driver.core.orders[id]?.device == "p2")
        #expect(driver.core.orderState(id) == .accepted && driver.kinds(.alarmCleared).count == 1)
        driver = try again(driver)
        if kind == .replaced {
            for (step, level) in stride(from: 76, through: 2, by: -6).enumerated() {
                tell(level, &driver, at: Double(step + 1) * 3600, device: "p2")
            }
            #expect(driver.core.orders.ids == [id], "what is on its way is for the next need")
        }
    }

    // MARK: A try that may have been taken

    @Test func whatMayHaveBeenTakenIsOrderedAgainOnlyByWhoKnowsOfIt() throws {
        var driver = try driver()
        tell(9, &driver, at: 0)
        let id = try #require(driver.core.orders.ids.first)
        let reason = "given up after 20 tries: the supplier answered 500" + OrderDesk.uncertainWords
        driver.control(.settled(key: id, channel: .order, outcome: .abandoned, detail: reason), at: 10)
        #expect(driver.core.orderState(id) == .failed)
        #expect(driver.core.support.tickets.all.first?.reason.contains(id) == true)
        driver = try again(driver)
        #expect(driver.core.problem(requesting: "black", of: "p1")?.contains(id) == true)
        driver.control(.order(.request(device: "p1", supply: "black", by: "Ann")), at: 20)
        #expect(driver.core.orders.ids == [id])
        #expect(driver.core.problem(requesting: "black", of: "p1", despite: id) == nil)
        driver.control(.order(.request(device: "p1", supply: "black", by: "Ann", despite: id)), at: 30)
        #expect(driver.core.orders.ids.count == 2)
    }

    // MARK: Any order

    /// The reports of a supplier end in one state and one stock in any order, also beside a spare that was put in before them.
    @Test(arguments: 0..<40 as Range<UInt64>) func anyOrderOfReportsEndsInOneState(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let words: [SupplyOrder.State] = [.accepted, .shipped, .delivered, .cancelled, .failed]
        let reports = (0..<Int.random(in: 1...4, using: &generator)).map { _ in words.randomElement(using: &generator) ?? .accepted }
        let hasSpare = Bool.random(using: &generator)
        var ends: Set<String> = []
        for _ in 0..<5 {
            var driver = try driver()
            tell(12, &driver, at: 0)
            tell(9, &driver, at: 60)
            let id = try #require(driver.core.orders.ids.first)
            driver.control(.settled(key: id, channel: .order, outcome: .delivered, detail: nil), at: 100)
            if hasSpare { replace(&driver, at: 3600) }
            for (place, state) in (reports.shuffled(using: &generator) + reports.prefix(1)).enumerated() {
                driver.control(.orderUpdate(order: id, state: state, reference: nil, detail: nil), at: Self.day + Double(place))
            }
            ends.insert("\(driver.core.orderState(id)?.rawValue ?? "none")")
            ends.insert("units \(driver.core.orders.stock.unitsOnHand("TN-1"))")
        }
        #expect(ends.count == 2, "seed \(seed): \(reports) ends as \(ends.sorted())")
    }
}
