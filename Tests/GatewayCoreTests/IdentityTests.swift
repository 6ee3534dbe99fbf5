import FaultDetection
import FoundationEssentials
import Hashing
import RemoteSupport
import Replenishment
import Telemetry
import Testing

@testable import GatewayCore

/// Devices choose their names, and nobody may choose one that makes his things pass for those of another.
@Suite struct IdentityTests {
    /// A name that the quick hash cannot tell from `press-1`, whatever follows the name. Every step of that hash can be undone, so the last
    /// eight bytes of a name follow from the hash that it is to have; of some ten thousand beginnings one gives letters.
    private let twin = "coogda--75Hgt5Ou"

    @Test func theNameIsCrafted() { #expect(StableID.short(twin, "black", "1") == StableID.short("press-1", "black", "1")) }

    @Test func aNameCannotOwnTheOrderOfAnother() throws {
        var driver = try Driver()
        driver.tell(twin, #""status":"idle","supplies":{"black":5}"#, at: 1)
        driver.tell("press-1", #""status":"idle","supplies":{"black":5}"#, at: 2)
        let deliveries = driver.deliveries.filter { $0.channel == .order }
        #expect(deliveries.map(\.device) == [twin, "press-1"])
        #expect(Set(deliveries.map(\.key)).count == 2)
        #expect(driver.core.orders.count == 2)
    }

    @Test func aNameCannotOwnTheAlarmAndTheTicketOfAnother() throws {
        var driver = try Driver()
        for device in [twin, "press-1"] { driver.tell(device, #""errors":["fire"]"#, at: 1) }
        #expect(driver.kinds(.alarmRaised).map(\.device) == [twin, "press-1"])
        #expect(driver.deliveries.filter { $0.channel == .ticket }.map(\.device) == [twin, "press-1"])
    }

    @Test func aCodeAndAFaultOfOneNameAreTwoAlarms() throws {
        // The device may send a code that is called like a rule of the profile.
        let alarms = [Alarm.Source.condition, .deviceAlert].map {
            Alarm(
                device: "d", condition: "hot", source: $0, severity: .major, text: "", onsetMilliseconds: 1, isLate: false, raisedBy: [])
        }
        #expect(alarms[0].id != alarms[1].id)
    }

    @Test func aReportForOneOrderMovesNoOther() throws {
        var driver = try Driver()
        driver.tell(twin, #""status":"idle","supplies":{"black":5}"#, at: 1)
        driver.tell("press-1", #""status":"idle","supplies":{"black":5}"#, at: 2)
        let keys = driver.deliveries.filter { $0.channel == .order }.map(\.key)
        try #require(keys.count == 2)
        driver.control(.settled(key: keys[0], channel: .order, outcome: .delivered, detail: nil), at: 3)
        #expect(keys.map { driver.core.orders[$0]?.state } == [.sent, .planned])
    }

    /// Words of states are known to all devices of a profile; one must not take the word that another will say.
    @Test func aWordCannotTakeThePlaceOfAnother() throws {
        let profile = Press.text(
            metrics: #"mode: { pointer: "/mode", kind: "state" },"#,
            hot: #"burns: { severity: "critical", raise: { metric: "mode", in: ["burning"] } },"#)
        let hash = Array("burning".utf8).withUnsafeBytes { ContentHash.combine(ContentHash.seed, $0) }
        let word = "difmaa---wZFxcbP"
        #expect(Array(word.utf8).withUnsafeBytes { ContentHash.combine(ContentHash.seed, $0) } == hash)
        var driver = try Driver([profile])
        driver.tell("p1", "\"mode\":\"\(word)\"", at: 1)
        driver.tell("p2", #""mode":"burning""#, at: 2)
        #expect(driver.kinds(.alarmRaised).map(\.device) == ["p2"])
    }

    // MARK: What earlier versions named

    /// The same value under another id, as a snapshot of an earlier version has it.
    private func renamed<Value: Codable>(_ value: Value, _ id: String, to former: String) throws -> Value {
        let text = String(decoding: try JSONEncoder().encode(value), as: UTF8.self).replacing(id, with: former)
        return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }

    private func only<Value>(_ value: Value, id: String) -> BoundedMap<Value> {
        var map = BoundedMap<Value>()
        map.insert(value, id: id)
        return map
    }

    private func restarted(_ driver: Driver) throws -> Driver {
        let core = try StewardCore(
            configuration: driver.core.configuration, profiles: [try Driver.profile(Press.profile)], snapshot: try driver.snapshot())
        return Driver(core: try #require(core), number: driver.number)
    }

    @Test func anOrderUnderItsFormerIDIsNotPlacedAgain() throws {
        var driver = try Driver()
        driver.tell("p1", #""status":"idle","supplies":{"black":5}"#, at: 1)
        let order = try #require(driver.core.orders.all.first)
        let former = SupplyOrder.formerID(device: "p1", supply: "black", generation: 1)
        driver.core.orders.orders = only(try renamed(order, order.id, to: former), id: former)
        // The supply has forgotten which one it was, so that only the fields can tell.
        driver.core.supplies.setOrder(nil, 0, 0)
        driver = try restarted(driver)
        driver.tell("p1", #""status":"idle","supplies":{"black":4}"#, at: 4000)
        #expect(driver.deliveries.isEmpty)
        #expect(driver.core.supplies.supplies(of: 0)[0].order == former)
        driver.control(.orderUpdate(order: former, state: .shipped, reference: nil, detail: nil), at: 4001)
        #expect(driver.core.orders[former]?.state == .shipped)
    }

    @Test func theFormerIDOfAnotherIsNoOrderOfThisOne() throws {
        var driver = try Driver()
        driver.tell(twin, #""status":"idle","supplies":{"black":5}"#, at: 1)
        let order = try #require(driver.core.orders.all.first)
        let former = SupplyOrder.formerID(device: twin, supply: "black", generation: 1)
        driver.core.orders.orders = only(try renamed(order, order.id, to: former), id: former)
        driver.tell("press-1", #""status":"idle","supplies":{"black":5}"#, at: 2)
        #expect(driver.deliveries.filter { $0.channel == .order }.map(\.device) == [twin, "press-1"])
    }

    @Test func whatStockCoversUnderAFormerIDTakesNoSecondUnit() throws {
        var driver = try Driver()
        driver.control(.order(.stockCounted(item: "black", units: 2, by: "anna")), at: 0)
        driver.tell("p1", #""status":"idle","supplies":{"black":5}"#, at: 1)
        #expect(driver.core.orders.stock.unitsAvailable("black") == 1)
        driver.core.orders.stock.release(SupplyOrder.id(device: "p1", supply: "black", generation: 1))
        let isCovered = driver.core.orders.stock.cover(SupplyOrder.formerID(device: "p1", supply: "black", generation: 1), item: "black")
        #expect(isCovered)
        // As a snapshot of format 6 has it.
        driver.core.renameFormerNeeds()
        driver = try restarted(driver)
        driver.tell("p1", #""status":"idle","supplies":{"black":4}"#, at: 4000)
        #expect(driver.core.orders.stock.unitsAvailable("black") == 1)
        #expect(driver.deliveries.isEmpty)
    }

    @Test func aTicketAndARunUnderFormerIDsGoOn() throws {
        var driver = try Driver()
        driver.tell("p1", #""errors":["fire"]"#, at: 1)
        driver.tell("p2", #""errors":["jam"]"#, at: 1)
        let (ticket, run) = (try #require(driver.core.support.tickets.all.first), try #require(driver.core.support.runs.all.first))
        let formerTicket = Ticket.formerID(about: ticket.alarm)
        let formerRun = PlaybookRun.formerID(alarm: run.alarm, playbook: "mend", round: 0)
        driver.core.support.tickets = only(try renamed(ticket, ticket.id, to: formerTicket), id: formerTicket)
        driver.core.support.runs = only(try renamed(run, run.id, to: formerRun), id: formerRun)
        driver.core.support.restore(1, SupportDesk.OfDevice(openRuns: [formerRun]))
        driver = try restarted(driver)
        // The same alarm asks once more, because a window over the device has ended.
        let alarm = try #require(driver.core.alarms[run.alarm])
        driver.core.alarms.hold(alarm.id, isNew: true, &driver.core.out)
        driver.core.alarms.inhibitionsMayHaveEnded()
        driver.tick(at: 2)
        #expect(driver.commands.isEmpty, "the command was sent by the earlier version")
        driver.tell("p1", #""errors":[]"#, at: 3)
        #expect(driver.core.support.tickets[formerTicket]?.state == .recovered)
        #expect(driver.core.support.tickets.count == 1)
    }
}
