import TestSupport
import Testing

@testable import CivilCalendar

@Suite struct LocalOffsetTests {
    /// Around changes of the clock, forward, backward and at random: what is remembered is what the rules say.
    @Test(arguments: 1...20) func itIsWhatTheRulesSay(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let rules = try ZoneRules(tzif: ZoneFixture.berlin)
        var offset = LocalOffset(rules)
        var fixed = LocalOffset(.utc)
        for _ in 0..<2000 {
            // The changes of 2026 are at 1,774,746,000 and 1,792,890,000.
            let change: Int64 = Bool.random(using: &random) ? 1_774_746_000_000 : 1_792_890_000_000
            let time = change + Int64.random(in: -180_000...180_000, using: &random)
            #expect(
                offset.offsetSeconds(atMilliseconds: time) == rules.offsetSeconds(atUTCSeconds: time.dividedDown(by: 1000)), "seed \(seed)")
            #expect(fixed.offsetSeconds(atMilliseconds: time) == 0)
        }
    }

    @Test func everyNumberIsATime() throws {
        var offset = LocalOffset(try ZoneRules(tzif: ZoneFixture.berlin))
        for time in [Int64.min, .min + 1, -1, 0, .max - 1, .max] {
            #expect((3208...7200).contains(offset.offsetSeconds(atMilliseconds: time)))
        }
    }
}
