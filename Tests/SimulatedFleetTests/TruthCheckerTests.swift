import Testing

@testable import SimulatedFleet

/// The checker finds what is planted, and nothing else.
@Suite struct TruthCheckerTests {
    /// A device and a cartridge of it that ran empty, some days after the start.
    private struct Planted {
        var checker: TruthChecker
        var slot: Int
        var cartridge: Int
        var stay: CartridgeStay
        var empty: Int64
        var end: Int64
    }

    private static let hour: Int64 = 3_600_000
    private static let day: Int64 = 86_400_000

    private static func planted() throws -> Planted {
        var scenario = try TruthTests.scenario(seed: 2)
        // One stay a cartridge, so that a test may say what was low when.
        scenario.rates[.cartridgesExchanged] = 0
        scenario.rates[.printerReplaced] = 0
        scenario.rates[.cartridgeRefurbished] = 0
        for number in 1...20 {
            let truth = DeviceTruth(number: number, scenario)
            for (slot, told) in truth.slots.enumerated() {
                for stay in told.stays where stay.until < .max {
                    let cartridge = truth.cartridges[stay.cartridge]
                    guard let empty = cartridge.emptyMilliseconds, let ended = cartridge.ended, ended.why == .empty,
                        stay.from > ChaosScenario.startMilliseconds + 40 * day, empty - stay.from > 40 * day
                    else { continue }
                    return Planted(
                        checker: TruthChecker(truths: [truth]), slot: slot, cartridge: stay.cartridge, stay: stay, empty: empty,
                        end: ended.at)
                }
            }
        }
        throw FleetError("no device has such a cartridge")
    }

    private static func order(_ id: String, _ planted: inout Planted, at time: Int64) {
        planted.checker.decided(order: id, device: 0, slot: planted.slot, at: time)
        planted.checker.took(order: id, at: time + 1000, story: ["the story"])
    }

    private static func kinds(_ checker: TruthChecker) -> [ChaosViolation.Kind] { checker.violations.map(\.kind) }

    @Test func oneOrderForALowCartridgeIsRight() throws {
        var planted = try Self.planted()
        Self.order("or-1", &planted, at: planted.empty - 4 * Self.day)
        planted.checker.delivered(order: "or-1", at: planted.empty - Self.day)
        planted.checker.finish()
        #expect(Self.kinds(planted.checker) == [])
        #expect(planted.checker.findings.lateDeliveries == 0 && planted.checker.findings.emptyDays == 0)
        #expect(planted.checker.needs[NeedKey(device: 0, cartridge: planted.cartridge)]?.firstTaken == planted.empty - 4 * Self.day)
    }

    @Test func twoOrdersForOneCartridgeAreFound() throws {
        var planted = try Self.planted()
        Self.order("or-1", &planted, at: planted.empty - 4 * Self.day)
        Self.order("or-2", &planted, at: planted.empty - 2 * Self.day)
        // The same delivery twice is no second order.
        planted.checker.took(order: "or-2", at: planted.empty, story: [])
        #expect(Self.kinds(planted.checker) == [.doubleOrder])
        #expect(planted.checker.violations.first?.story == ["the story"])
        #expect(planted.checker.violations.first?.text.contains("or-1, or-2") == true)
    }

    @Test(arguments: [Need.Order.End.calledOff, .cancelledBySupplier, .wrongItem])
    func anOrderThatBringsNothingMayBeFollowedByAnother(end: Need.Order.End) throws {
        var planted = try Self.planted()
        Self.order("or-1", &planted, at: planted.empty - 4 * Self.day)
        planted.checker.ended(order: "or-1", end)
        Self.order("or-2", &planted, at: planted.empty - 2 * Self.day)
        #expect(Self.kinds(planted.checker) == [])
    }

    @Test func anOrderForAFullCartridgeIsFound() throws {
        var planted = try Self.planted()
        Self.order("or-1", &planted, at: planted.stay.from + 2 * Self.hour)
        #expect(Self.kinds(planted.checker) == [.orderWithoutNeed])
    }

    /// A decision that no supplier has taken costs nobody anything.
    @Test func whatNoSupplierTookIsNoOrder() throws {
        var planted = try Self.planted()
        planted.checker.decided(order: "or-1", device: 0, slot: planted.slot, at: planted.stay.from + 2 * Self.hour)
        planted.checker.decided(order: "or-2", device: 0, slot: planted.slot, at: planted.stay.from + 3 * Self.hour)
        #expect(Self.kinds(planted.checker) == [])
    }

    /// News of the change may be on its way for an hour; then an order is for the new cartridge.
    @Test func anOrderJustAfterTheChangeIsForTheOneThatLeft() throws {
        var planted = try Self.planted()
        Self.order("or-1", &planted, at: planted.end + Self.hour / 2)
        #expect(Self.kinds(planted.checker) == [])
        Self.order("or-2", &planted, at: planted.end + Self.hour * 2 / 3)
        #expect(Self.kinds(planted.checker) == [.orderWithoutNeed])
        var late = try Self.planted()
        Self.order("or-1", &late, at: late.end + 2 * Self.hour)
        #expect(Self.kinds(late.checker) == [.orderWithoutNeed])
    }

    /// Once the core has seen the change, what it orders is for the cartridge that is there.
    @Test func anOrderAfterTheNewsOfTheChangeIsForTheNewOne() throws {
        var planted = try Self.planted()
        planted.checker.sawChange(device: 0, slot: planted.slot, at: planted.end + Self.hour / 4)
        Self.order("or-1", &planted, at: planted.end + Self.hour / 2)
        #expect(Self.kinds(planted.checker) == [.orderWithoutNeed])
    }

    /// A parcel came when its cartridge had been changed already: it lies in the cupboard, and serves the next one of its item from then on.
    @Test(arguments: [true, false]) func aUnitInTheCupboardServesANeed(_ isThere: Bool) throws {
        var planted = try Self.planted()
        let key = NeedKey(device: 0, cartridge: planted.cartridge)
        let former = try #require(planted.checker.truths[0].former(slot: planted.slot, at: planted.stay.from + 1))
        planted.checker.decided(order: "or-1", device: 0, slot: planted.slot, at: former.until - Self.hour)
        planted.checker.took(order: "or-1", at: former.until - Self.hour, story: [])
        if isThere { planted.checker.delivered(order: "or-1", at: former.until + Self.day) }
        planted.checker.reserved(device: 0, slot: planted.slot, at: planted.empty - 3 * Self.day)
        #expect(planted.checker.findings.unitsReserved == (isThere ? 1 : 0))
        #expect(planted.checker.findings.unitsNotThere == (isThere ? 0 : 1))
        if !isThere {
            #expect(planted.checker.needs[key]?.covered == nil)
            planted.checker.delivered(order: "or-1", at: planted.empty - 2 * Self.day)
        }
        #expect(planted.checker.needs[key]?.firstOrdered == planted.empty - (isThere ? 3 : 2) * Self.day)
        planted.checker.finish()
        // Both have what they need: the one before had its order, and this one the unit.
        #expect(planted.checker.findings.unorderedNeeds == planted.checker.findings.needs - 2)
        #expect(Self.kinds(planted.checker) == [])
    }

    /// A box with another item than its delivery note says is none, and nobody has told the gateway.
    @Test func aWrongItemInTheCupboardServesNobody() throws {
        var planted = try Self.planted()
        let former = try #require(planted.checker.truths[0].former(slot: planted.slot, at: planted.stay.from + 1))
        planted.checker.decided(order: "or-1", device: 0, slot: planted.slot, at: former.until - Self.hour)
        planted.checker.took(order: "or-1", at: former.until - Self.hour, story: [])
        planted.checker.ended(order: "or-1", .wrongItem)
        planted.checker.shelved(order: "or-1")
        planted.checker.reserved(device: 0, slot: planted.slot, at: planted.empty - 3 * Self.day)
        let need = planted.checker.needs[NeedKey(device: 0, cartridge: planted.cartridge)]
        #expect(need?.covered == nil && need?.hasWrongUnit == true)
    }

    /// A cartridge was changed for one from elsewhere, and the core means its order for the next one.
    @Test func anOrderMayBeCarriedToTheNextCartridge() throws {
        var planted = try Self.planted()
        let former = try #require(planted.checker.truths[0].former(slot: planted.slot, at: planted.stay.from + 1))
        planted.checker.decided(order: "or-1", device: 0, slot: planted.slot, at: former.until - Self.hour)
        planted.checker.took(order: "or-1", at: former.until - Self.hour, story: [])
        planted.checker.carried(order: "or-1", device: 0, slot: planted.slot, at: planted.empty - 4 * Self.day, story: [])
        #expect(planted.checker.needs[NeedKey(device: 0, cartridge: former.cartridge)]?.firstTaken == nil)
        #expect(planted.checker.needs[NeedKey(device: 0, cartridge: planted.cartridge)]?.firstTaken == planted.empty - 4 * Self.day)
        Self.order("or-2", &planted, at: planted.empty - 3 * Self.day)
        #expect(Self.kinds(planted.checker) == [.doubleOrder])
    }

    @Test func aDeliveryAfterTheEndIsCountedInDays() throws {
        var planted = try Self.planted()
        Self.order("or-1", &planted, at: planted.empty - Self.day)
        planted.checker.delivered(order: "or-1", at: planted.empty + 2 * Self.day)
        planted.checker.finish()
        #expect(planted.checker.findings.lateDeliveries == 1 && planted.checker.findings.emptyDays == 2)
        #expect(planted.checker.findings.unorderedNeeds == planted.checker.findings.needs - 1)
    }

    @Test func aCommandAfterItsDeadlineIsFound() throws {
        var planted = try Self.planted()
        planted.checker.executed(command: "restart", device: 0, deadline: 1000, wasKnown: true, at: 1000, story: [])
        planted.checker.executed(command: "restart", device: 0, deadline: nil, wasKnown: true, at: 5000, story: [])
        #expect(Self.kinds(planted.checker) == [])
        planted.checker.executed(command: "restart", device: 0, deadline: 1000, wasKnown: false, at: 9000, story: [])
        #expect(Self.kinds(planted.checker) == [] && planted.checker.findings.lateCommandsNobodyCouldKnow == 1)
        planted.checker.executed(command: "restart", device: 0, deadline: 1000, wasKnown: true, at: 9000, story: [])
        #expect(Self.kinds(planted.checker) == [.lateCommand])
        #expect(planted.checker.violations.first?.text == "restart was executed 8 s after its deadline")
    }

    @Test func aCommandUnderMaintenanceIsFound() throws {
        var planted = try Self.planted()
        planted.checker.commandLeft(device: 0, isMaintained: false, at: 1000, story: [])
        #expect(Self.kinds(planted.checker) == [])
        planted.checker.commandLeft(device: 0, isMaintained: true, at: 1000, story: [])
        #expect(Self.kinds(planted.checker) == [.commandInMaintenance])
    }

    @Test func alarmsAndTicketsAreComparedWithTheFaults() throws {
        var planted = try Self.planted()
        planted.checker.faultBegan(.jam, device: 0, at: 10 * Self.hour)
        planted.checker.count(message: true, device: 0)
        planted.checker.raised(condition: "jam", device: 0, at: 10 * Self.hour)
        planted.checker.ticket(condition: "jam", device: 0, at: 11 * Self.hour)
        planted.checker.faultEnded(device: 0, at: 12 * Self.hour)
        // Late news of a fault that has an alarm already, and a ticket long after it.
        planted.checker.raised(condition: "jam", device: 0, at: 20 * Self.hour)
        planted.checker.ticket(condition: "jam", device: 0, at: 20 * Self.hour)
        // An alarm before its fault; the fault is heard of, and nothing is said of it. Another that nobody could hear of.
        planted.checker.raised(condition: "fuser-overheat", device: 0, at: 79 * Self.hour)
        planted.checker.faultBegan(.fuserHot, device: 0, at: 80 * Self.hour)
        planted.checker.count(message: true, device: 0)
        planted.checker.faultEnded(device: 0, at: 81 * Self.hour)
        planted.checker.faultBegan(.headClogged, device: 0, at: 180 * Self.hour)
        planted.checker.faultEnded(device: 0, at: 181 * Self.hour)
        planted.checker.raised(condition: "prt-1104-11-1", device: 0, at: 79 * Self.hour)
        planted.checker.silent(device: 0, unheardMilliseconds: 900_000, limitMilliseconds: 900_000)
        planted.checker.silent(device: 0, unheardMilliseconds: 899_999, limitMilliseconds: 900_000)
        planted.checker.finish()
        let findings = planted.checker.findings
        #expect(findings.faults == 3 && findings.alarms == 3)
        #expect(findings.falseAlarms == 2)
        #expect(findings.tickets == 2 && findings.falseTickets == 1)
        #expect(findings.silences == 2 && findings.falseSilences == 1)
        #expect(findings.missedFaults == 1)
    }

    @Test func timesInWhichNothingWasHeardCountOnce() {
        let times: [Range<Int64>] = [0..<10, 5..<20, 30..<40, 90..<200]
        #expect(ChaosYear.overlap(times, 0..<100) == 40)
        #expect(ChaosYear.overlap(times, 8..<33) == 15)
        #expect(ChaosYear.overlap(times, 20..<30) == 0)
        #expect(ChaosYear.overlap([], 0..<100) == 0)
    }
}
