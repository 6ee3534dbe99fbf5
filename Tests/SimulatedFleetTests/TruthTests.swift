import CivilCalendar
import TestSupport
import Testing

@testable import SimulatedFleet

/// What is drawn before the year begins.
@Suite struct TruthTests {
    static func scenario(seed: UInt64, days: Int = 365) throws -> ChaosScenario {
        var scenario = ChaosScenario()
        scenario.seed = seed
        scenario.days = days
        scenario.zoneBytes = ZoneFixture.berlin
        scenario.zone = try ZoneRules(tzif: scenario.zoneBytes)
        return scenario
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func cartridgesFollowOneAnotherWithoutGaps(seed: UInt64) throws {
        let scenario = try Self.scenario(seed: seed)
        for number in 1...12 {
            let truth = DeviceTruth(number: number, scenario)
            for (slot, told) in truth.slots.enumerated() {
                #expect(told.stays.first?.from == ChaosScenario.startMilliseconds && told.stays.last?.until == .max)
                for (one, next) in zip(told.stays, told.stays.dropFirst()) {
                    #expect(one.until == next.from && one.from < one.until, "seed \(seed), \(truth.name), slot \(slot)")
                }
                // A level falls as long as the same cartridge lies there.
                var before = (cartridge: -1, percent: 0.0)
                for hour in stride(from: Int64(0), to: 365 * 24, by: 7) {
                    let at = ChaosScenario.startMilliseconds + hour * 3_600_000
                    let now = (cartridge: truth.cartridge(slot: slot, at: at), percent: truth.percent(slot: slot, at: at))
                    #expect((0...100).contains(now.percent))
                    if now.cartridge == before.cartridge { #expect(now.percent <= before.percent + 1e-9) }
                    before = now
                }
            }
            // Every cartridge lies in one slot at a time.
            let stays = truth.slots.flatMap(\.stays)
            for stay in stays where stay.until < .max {
                let same = stays.filter { $0.cartridge == stay.cartridge && $0.from < stay.until && $0.until > stay.from }
                #expect(same.count == 1, "seed \(seed), \(truth.name), cartridge \(stay.cartridge)")
            }
        }
    }

    /// A cartridge that ran empty shows nothing at that moment and a little before it something.
    @Test func aCartridgeIsEmptyWhenItsPagesArePrinted() throws {
        let scenario = try Self.scenario(seed: 5)
        var seen = 0
        for number in 1...10 {
            let truth = DeviceTruth(number: number, scenario)
            for (slot, told) in truth.slots.enumerated() {
                for stay in told.stays where stay.until < .max {
                    let cartridge = truth.cartridges[stay.cartridge]
                    guard cartridge.ended?.why == .empty, cartridge.ended?.at == stay.until, let empty = cartridge.emptyMilliseconds else {
                        continue
                    }
                    seen += 1
                    #expect(empty <= stay.until && truth.percent(slot: slot, at: empty + 1000) < 0.01)
                    #expect(truth.percent(slot: slot, at: empty - 7 * 86_400_000) > 0.5 || empty - stay.from < 7 * 86_400_000)
                }
            }
        }
        #expect(seen > 50)
    }

    /// So a violation of a year can be looked at in a month.
    @Test func aLongerYearBeginsAsAShorterOne() throws {
        for number in 1...8 {
            let short = DeviceTruth(number: number, try Self.scenario(seed: 9, days: 90))
            let long = DeviceTruth(number: number, try Self.scenario(seed: 9, days: 365))
            for slot in short.slots.indices {
                for day in Int64(0)..<90 {
                    let at = ChaosScenario.startMilliseconds + day * 86_400_000 + 50_000_000
                    #expect(short.cartridge(slot: slot, at: at) == long.cartridge(slot: slot, at: at))
                    #expect(short.percent(slot: slot, at: at) == long.percent(slot: slot, at: at))
                }
            }
        }
    }

    @Test func pagesAndTimesAreEachOthersInverse() throws {
        var dice = SplitMix64(seed: 3)
        let zone = try ZoneRules(tzif: ZoneFixture.berlin)
        let clock = PageClock(
            start: ChaosScenario.startMilliseconds, days: 365, averagePages: 300, worksAtWeekends: false, zone: zone, generator: &dice)
        let all = clock.pages(at: ChaosScenario.startMilliseconds + 360 * 86_400_000)
        #expect(all > 50_000)
        for step in 1..<200 {
            let pages = all * Double(step) / 200
            let time = try #require(clock.time(ofPages: pages))
            #expect(abs(clock.pages(at: time) - pages) < 1)
        }
        #expect(clock.time(ofPages: all * 2) == nil)
        // 07:00 in Berlin is 06:00 UTC in January and 05:00 UTC in July.
        #expect(!clock.isWorking(at: 1_767_592_740_000) && clock.isWorking(at: 1_767_592_800_000))
        #expect(!clock.isWorking(at: 1_783_313_940_000) && clock.isWorking(at: 1_783_314_000_000))
    }

    /// 2026-03-29 01:00 UTC: the clocks of Berlin go from 02:00 to 03:00.
    @Test func clocksAreWrongAsTheyAreSaidToBe() throws {
        var scenario = try Self.scenario(seed: 1)
        for kind in ChaosKind.allCases { scenario.rates[kind] = 0 }
        var (dice, counts) = (SplitMix64(seed: 1), ChaosCounts())
        let night: Int64 = 1_774_746_000_000
        var clock = DeviceClock(scenario, &dice, &counts)
        #expect(clock.time(at: night) == night)
        clock.step(at: night, by: -5000, until: night + 10)
        #expect(clock.time(at: night) == night - 5000 && clock.time(at: night + 10) == night + 10)
        clock.losePower(at: night, until: night + 100)
        #expect(clock.time(at: night + 7) == 1_672_531_200_007)
        clock.freeze(at: night, until: night + 100)
        #expect(clock.time(at: night + 7) == night)
        scenario.rates[.clockLocalTimeAsUTC] = 1
        let local = DeviceClock(scenario, &dice, &counts)
        #expect(local.time(at: night - 1) == night - 1 + 3_600_000 && local.time(at: night) == night + 7_200_000)
        scenario.rates[.clockMissing] = 1
        #expect(DeviceClock(scenario, &dice, &counts).time(at: night) == nil)
        #expect(counts[.clockLocalTimeAsUTC] == 2 && counts[.clockMissing] == 1 && counts[.clockOff] == 0)
    }

    @Test func eventsComeInTheirOrder() {
        var dice = SplitMix64(seed: 4)
        var queue = EventQueue<Int>()
        var expected: [(at: Int64, number: Int)] = []
        for number in 0..<2000 {
            let at = dice.integer(0...300)
            queue.add(number, at: at)
            expected.append((at, number))
        }
        expected.sort { ($0.at, $0.number) < ($1.at, $1.number) }
        for next in expected {
            #expect(queue.nextMilliseconds == next.at)
            #expect(queue.pop()?.event == next.number)
        }
        #expect(queue.pop() == nil && queue.nextMilliseconds == nil)
    }
}
