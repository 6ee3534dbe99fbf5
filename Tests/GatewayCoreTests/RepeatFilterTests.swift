import Telemetry
import Testing

@testable import GatewayCore

@Suite struct RepeatFilterTests {
    @Test func equalMessagesAreMessagesUntilTheBrokerRepeats() {
        var filter = RepeatFilter(capacity: 4)
        let before = (0..<10).map { _ in filter.isRepeat(7) }
        filter.connected(sessionPresent: false)
        let after = filter.isRepeat(7)
        #expect(!before.contains(true) && !after)
    }

    @Test func eachIsARepeatAsOftenAsItCame() {
        var filter = RepeatFilter(capacity: 8)
        for hash in [1, 2, 1, 3] as [UInt64] { _ = filter.isRepeat(hash) }
        filter.connected(sessionPresent: true)
        let answers = [1, 1, 1, 3, 4, 3].map { filter.isRepeat($0) }
        #expect(answers == [true, true, false, true, false, false])
    }

    @Test func onlyTheNewestCountAndOnlyForAWhile() {
        var filter = RepeatFilter(capacity: 3)
        for hash in 1...5 as ClosedRange<UInt64> { _ = filter.isRepeat(hash) }
        filter.connected(sessionPresent: true)
        let answers = [1, 2, 3].map { filter.isRepeat($0) }
        #expect(answers == [false, false, true])
        for hash in 100..<110 as Range<UInt64> { _ = filter.isRepeat(hash) }
        let late = filter.isRepeat(5)
        #expect(!late)
    }

    @Test func itComesBackFromASnapshotAtAnyPoint() throws {
        let seed: UInt64 = 9
        print("RepeatFilter seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var filter = RepeatFilter(capacity: 5)
            for _ in 0..<Int.random(in: 0..<30, using: &generator) {
                if Int.random(in: 0..<6, using: &generator) == 0 { filter.connected(sessionPresent: true) }
                _ = filter.isRepeat(UInt64.random(in: 0..<6, using: &generator))
            }
            var writer = ByteWriter()
            filter.write(to: &writer)
            var other = RepeatFilter(capacity: 5)
            var reader = ByteReader(writer.bytes)
            try other.read(from: &reader)
            for _ in 0..<30 {
                if Int.random(in: 0..<6, using: &generator) == 0 {
                    filter.connected(sessionPresent: true)
                    other.connected(sessionPresent: true)
                }
                let hash = UInt64.random(in: 0..<6, using: &generator)
                let answers = (filter.isRepeat(hash), other.isRepeat(hash))
                #expect(answers.0 == answers.1, "seed \(seed)")
            }
        }
    }

    @Test func damagedBytesThrow() {
        var filter = RepeatFilter(capacity: 5)
        for cut in 0..<40 {
            var reader = ByteReader(Array(repeating: 0xFF, count: cut))
            #expect(throws: ByteCodingError.self) { try filter.read(from: &reader) }
        }
    }

    @Test func theCoreDropsRepeatsAfterAReconnectOnly() throws {
        var driver = try Driver()
        driver.send("t/p1/data", "{\"pages\":1}", at: 0)
        driver.send("t/p1/data", "{\"pages\":1}", at: 1)
        #expect(driver.core.counters.repeats == 0)
        driver.control(.disconnected, at: 2)
        driver.control(.connected(sessionPresent: true), at: 3)
        driver.send("t/p1/data", "{\"pages\":1}", at: 4)
        #expect(driver.core.counters.repeats == 1)
        #expect(driver.core.hot[0].messages == 2)
    }

    /// A device that says the same every minute, without a time, must be heard again soon after a reconnect.
    @Test func aMonotonousDeviceIsNotDeafenedByAReconnect() throws {
        var driver = try Driver()
        for minute in 0..<100 { driver.send("t/p1/data", "{\"status\":\"idle\"}", at: Double(minute) * 60) }
        driver.control(.disconnected, at: 6000)
        driver.control(.connected(sessionPresent: true), at: 6001)
        for minute in 0..<30 {
            driver.wait(until: 6030 + Double(minute) * 60)
            driver.send("t/p1/data", "{\"status\":\"idle\"}", at: 6030 + Double(minute) * 60)
        }
        #expect(driver.effects.isEmpty, "\(driver.lines)")
        #expect(driver.core.counters.repeats <= 2)
    }
}
