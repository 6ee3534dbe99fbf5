import TestSupport
import Testing

@testable import GatewayCore

/// The same events give the same states, effects and ids, byte for byte: crash recovery and replay rest on it.
@Suite struct DeterminismTests {
    static let seeds: [UInt64] = Array(1...12)

    private func chunks(_ driver: Driver) -> [HistoryChunk] { driver.effects.chunks }

    @Test(arguments: seeds) func theSameEventsGiveTheSameEffects(_ seed: UInt64) throws {
        print("fleet seed \(seed)")
        let (batches, reference) = try RandomFleet.record(seed: seed, batches: 250)
        var again = try Driver(isConnected: false)
        for batch in batches { again.take(batch.happenings, atMilliseconds: batch.time) }
        #expect(again.effects == reference.effects, "seed \(seed)")
        #expect(again.core.digestLines() == reference.core.digestLines())
        #expect(again.core.counters == reference.core.counters)
        #expect(try again.snapshot() == reference.snapshot())
        // The fleet has to do something, or nothing is shown.
        for kind in [Decision.Kind.alarmRaised, .alarmCleared, .command, .commandOutcome, .incidentOpened, .ticket] {
            #expect(!reference.kinds(kind).isEmpty, "seed \(seed) never came to \(kind)")
        }
    }

    @Test(arguments: seeds) func otherBatchesOfTheSameTimeChangeNothing(_ seed: UInt64) throws {
        let (batches, reference) = try RandomFleet.record(seed: seed, batches: 200)
        var single = try Driver(isConnected: false)
        for batch in batches { for happening in batch.happenings { single.take([happening], atMilliseconds: batch.time) } }
        #expect(single.effects == reference.effects, "seed \(seed)")
        #expect(single.core.digestLines() == reference.core.digestLines(), "seed \(seed)")
        #expect(single.core.counters == reference.core.counters)
    }

    @Test(arguments: seeds) func aSnapshotAndTheRestAreTheUninterruptedRun(_ seed: UInt64) throws {
        // Every other fleet forgets what is finished soon, so that the forgetting is met, too.
        var configuration = CoreConfiguration()
        if seed % 2 == 0 { configuration.maximumFinished = 5 }
        let (batches, reference) = try RandomFleet.record(seed: seed, batches: 200, configuration: configuration)
        var generator = SeededGenerator(seed: seed &* 7919)
        let profiles = [try Driver.profile(Press.profile)]
        for _ in 0..<4 {
            let cut = Int.random(in: 0..<batches.count, using: &generator)
            var first = try Driver(configuration: configuration, isConnected: false)
            for batch in batches[..<cut] { first.take(batch.happenings, atMilliseconds: batch.time) }
            let bytes = try first.snapshot()
            let core = try #require(try StewardCore(configuration: configuration, profiles: profiles, snapshot: bytes))
            var second = Driver(core: core, number: first.number)
            #expect(try second.snapshot() == bytes, "seed \(seed), cut \(cut)")
            for batch in batches[cut...] { second.take(batch.happenings, atMilliseconds: batch.time) }
            #expect(first.effects + second.effects == reference.effects, "seed \(seed), cut \(cut)")
            #expect(second.core.digestLines() == reference.core.digestLines(), "seed \(seed), cut \(cut)")
            #expect(second.core.counters == reference.core.counters, "seed \(seed), cut \(cut)")
            #expect(try second.snapshot() == reference.snapshot(), "seed \(seed), cut \(cut)")
        }
    }

    @Test(arguments: seeds.prefix(4)) func aReloadOfTheSameProfilesChangesNothing(_ seed: UInt64) throws {
        let (batches, reference) = try RandomFleet.record(seed: seed, batches: 150)
        var other = try Driver(isConnected: false)
        for (index, batch) in batches.enumerated() {
            if index % 20 == 0 { try other.core.reload(with: [Driver.profile(Press.profile)]) }
            other.take(batch.happenings, atMilliseconds: batch.time)
        }
        #expect(other.effects == reference.effects, "seed \(seed)")
        #expect(other.core.digestLines() == reference.core.digestLines(), "seed \(seed)")
    }

    @Test func damagedSnapshotsNeverTrap() throws {
        let seed: UInt64 = 31
        print("snapshot seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let bytes = try RandomFleet.record(seed: seed, batches: 60).reference.snapshot()
        let profiles = [try Driver.profile(Press.profile)]
        for cut in stride(from: 0, to: bytes.count, by: 97) {
            #expect(throws: (any Error).self) {
                _ = try StewardCore(configuration: CoreConfiguration(), profiles: profiles, snapshot: Array(bytes[..<cut]))
            }
        }
        for _ in 0..<150 {
            var damaged = bytes
            damaged[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            guard var core = try? StewardCore(configuration: CoreConfiguration(), profiles: profiles, snapshot: damaged) else { continue }
            _ = core.digest()
            var effects: [Effect] = []
            var segment = Segment()
            segment.append(topic: "t/p0/data", payload: Array("{\"temp\":90,\"supplies\":{\"black\":3},\"errors\":[\"jam\"]}".utf8))
            segment.arrivalMilliseconds = Driver.start + 100_000_000
            core.step(segment, into: &effects)
        }
    }

    /// The smallest and largest numbers there are pass through a snapshot: otherwise one device could keep the gateway from starting.
    @Test func extremeNumbersSurviveASnapshot() throws {
        for number in ["5e-324", "-5e-324", "2.2250738585072014e-308", "1.7976931348623157e308", "-1.7976931348623157e308", "-0.0"] {
            var driver = try Driver()
            driver.tell("p1", "\"temp\":\(number),\"pages\":\(number),\"supplies\":{\"black\":50},\"extra\":\(number)", at: 0)
            driver.tell("p1", "\"temp\":\(number),\"pages\":\(number),\"supplies\":{\"black\":\(number)}", at: 10)
            driver.tell("p1", "\"temp\":\(number),\"pages\":9,\"supplies\":{\"black\":40}", at: 100_000)
            let bytes = try driver.snapshot()
            let core = try #require(
                try StewardCore(configuration: CoreConfiguration(), profiles: [Driver.profile(Press.profile)], snapshot: bytes), "\(number)"
            )
            #expect(core.digestLines() == driver.core.digestLines(), "\(number)")
        }
    }
}
