import FaultDetection
import ServiceValue
import TestSupport
import Testing

@testable import GatewayCore

/// Devices whose clocks are wrong are served like all others, and their clocks are told.
@Suite struct DeviceClockTests {
    static let minute = 60.0
    static let day = 86_400.0

    /// What a device's clock says, in seconds, when it is `second`.
    struct WrongClock: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var says: @Sendable (Double) -> Double
        /// What is known of it in the end, in whole minutes ahead; nil: it stands still.
        var aheadMinutes: Int64?
    }

    static let clocks: [WrongClock] = [
        WrongClock(testDescription: "right", says: { $0 }, aheadMinutes: 0),
        WrongClock(testDescription: "eleven minutes slow", says: { $0 - 11 * minute }, aheadMinutes: -11),
        WrongClock(testDescription: "four minutes slow", says: { $0 - 4 * minute }, aheadMinutes: -4),
        WrongClock(testDescription: "three hours fast", says: { $0 + 180 * minute }, aheadMinutes: 180),
        WrongClock(testDescription: "one message three hours ahead", says: { $0 == 600 ? $0 + 180 * minute : $0 }, aheadMinutes: 0),
        WrongClock(
            testDescription: "a slow one with one message ahead", says: { $0 == 1200 ? $0 + 180 * minute : $0 - 15 * minute },
            aheadMinutes: -15),
        WrongClock(testDescription: "fast, then right", says: { $0 < 1800 ? $0 + 20 * 3600 : $0 }, aheadMinutes: 0),
        WrongClock(testDescription: "local time, put back in autumn", says: { $0 < 1800 ? $0 + 7200 : $0 + 3600 }, aheadMinutes: 60),
        WrongClock(testDescription: "local time in the west", says: { $0 < 1800 ? $0 - 4 * 3600 : $0 - 5 * 3600 }, aheadMinutes: -300),
        WrongClock(testDescription: "fell back by years", says: { $0 < 1800 ? $0 : $0 - 700 * day }, aheadMinutes: -700 * 1440),
        WrongClock(testDescription: "years slow from the first word", says: { $0 - 700 * day }, aheadMinutes: -700 * 1440),
        WrongClock(testDescription: "stands still", says: { min($0, 1800) }, aheadMinutes: nil),
    ]

    /// A press that tells everything once a minute: calm for 40 minutes, then jammed and hot for 10.
    private func outline(_ clock: (Double) -> Double, until end: Int = 60) throws -> (driver: Driver, outline: [String]) {
        var driver = try Driver()
        for index in 0..<end {
            let second = Double(index) * 60
            let isBad = (40..<50).contains(index)
            // A press that stands still would say the same all the time.
            driver.tell(
                "p1",
                "\"temp\":\(isBad ? 95 : 20 + index % 7),\"status\":\"\(isBad ? "down" : "busy")\",\"errors\":[\(isBad ? "\"jam\"" : "")]",
                at: second, time: clock(second))
        }
        let outline = driver.effects.allDecisions.filter { $0.kind != .deviceClock }.map {
            "\($0.kind.rawValue) \(($0.timeMilliseconds - Driver.start) / 1000)"
        }
        return (driver, outline + driver.commands.map { "\($0.topic)" })
    }

    @Test(arguments: clocks) func aWrongClockChangesNoDecision(_ clock: WrongClock) throws {
        let reference = try outline { $0 }
        #expect(reference.outline.contains("command 2400") && reference.driver.commands.count > 1)
        let (driver, outline) = try outline(clock.says)
        #expect(outline == reference.outline)
        let device = try #require(driver.core.fleet.device(named: "p1"))
        let known = driver.core.clock(of: device)
        if let ahead = clock.aheadMinutes {
            #expect(known.offsetMilliseconds / 60_000 == ahead && known.frozenMilliseconds == nil)
        } else {
            #expect(known.frozenMilliseconds == Driver.start + 1_800_000)
        }
        #expect((driver.kinds(.deviceClock).isEmpty) == (clock.testDescription == "right"))
        #expect(driver.core.counters.clockProblems > 0 || clock.testDescription == "right")
        let ledger = try #require(driver.core.availability.state(of: device))
        #expect(ledger.incidents.downtimeMilliseconds == 600_000)
    }

    /// Three messages within two seconds are enough, and what the first of them said is helped with then.
    @Test func aSlowDeviceIsHelpedFromItsFirstMinuteOn() throws {
        var driver = try Driver()
        for index in 0..<4 {
            let second = Double(index) * 0.5
            driver.tell("p1", "\"status\":\"down\",\"errors\":[\"jam\"]", at: second, time: second - 660)
        }
        #expect(driver.commands.count == 1)
        #expect(driver.core.availability.state(of: 0)?.incidents.open?.onsetMilliseconds == Driver.start, "dated anew")
    }

    /// A queue that comes at once is behind by less and less, and one that comes at the pace of a slow network nearly so.
    @Test(arguments: [0.0, 0.01, 0.5, 5]) func aQueueIsNoSlowClock(_ pause: Double) throws {
        var driver = try Driver()
        driver.tell("p1", "\"status\":\"busy\",\"errors\":[]", at: 0)
        for index in 0..<50 {
            let jam = index == 20 ? "\"jam\"" : ""
            driver.tell("p1", "\"status\":\"busy\",\"errors\":[\(jam)]", at: 5000 + Double(index) * pause, time: Double(index + 1) * 60)
        }
        #expect(driver.core.clock(of: 0).isWrong == false)
        #expect(driver.commands.isEmpty && driver.kinds(.deviceClock).isEmpty)
        #expect(driver.core.alarms.all.contains { $0.condition == "jam" && $0.isLate && $0.onsetMilliseconds == Driver.start + 1_260_000 })
    }

    /// The last value that a bridge knows, sent again and again with its time, is no new reading and no clock that stands still.
    @Test func whatIsToldAgainWithItsTimeIsNoFrozenClock() throws {
        var driver = try Driver()
        for index in 0..<30 { driver.tell("p1", "\"temp\":21", at: Double(index) * 60, time: 0) }
        #expect(driver.core.clock(of: 0).isWrong == false)
        #expect(driver.core.fleet.devices[0].newestMilliseconds == Driver.start)
    }

    /// A queue may tell two values under one time: the device's clock is coarse, and does not stand still for it.
    @Test func twoValuesOfOneTimeInAQueueAreNoFrozenClock() throws {
        var driver = try Driver()
        for index in 0..<20 {
            for status in ["down", "busy"] {
                driver.tell("p1", "\"status\":\"\(status)\"", at: 9000 + Double(index) / 10, time: Double(index) * 60)
            }
        }
        #expect(driver.core.clock(of: 0).isWrong == false)
        #expect(driver.core.fleet.devices[0].newestMilliseconds == Driver.start + 19 * 60_000)
    }

    /// Whatever a device's clock is ahead or behind: after it is known, the same is decided.
    @Test(arguments: Array(UInt64(1)...6)) func shiftingADevicesClockByAConstantChangesNoDecision(_ seed: UInt64) throws {
        print("shifted clock seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let reference = try outline { $0 }.outline
        for _ in 0..<8 {
            let shift = Double(Int.random(in: -40 * 86_400...86_000, using: &generator))
            #expect(try outline { $0 + shift }.outline == reference, "seed \(seed), shift \(shift) s")
        }
    }

    @Test func theSnapshotKeepsWhatIsKnownOfAClock() throws {
        var (driver, _) = try outline({ $0 - 660 }, until: 30)
        let core = try #require(
            try StewardCore(configuration: CoreConfiguration(), profiles: [Driver.profile(Press.profile)], snapshot: driver.snapshot()))
        #expect(core.clock(of: 0) == driver.core.clock(of: 0) && core.clock(of: 0).isWrong)
        driver = Driver(core: core, number: driver.number)
        driver.tell("p1", "\"status\":\"down\",\"errors\":[\"jam\"]", at: 1800, time: 1800 - 660)
        #expect(driver.commands.count == 1)
    }
}
