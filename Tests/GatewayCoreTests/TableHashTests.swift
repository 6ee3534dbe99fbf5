import Hashing
import Testing

@testable import GatewayCore

/// Tables whose keys strangers choose are laid out by a secret, which changes nothing else.
@Suite struct TableHashTests {
    @Test func everySecretGivesTheSameResults() throws {
        let (batches, reference) = try RandomFleet.record(seed: 5, batches: 200)
        for seed in [1, 2, .max] as [UInt64] {
            var configuration = CoreConfiguration()
            configuration.tableHash = KeyedHash(seed: seed)
            var driver = try Driver(configuration: configuration, isConnected: false)
            for batch in batches { driver.take(batch.happenings, atMilliseconds: batch.time) }
            #expect(driver.effects == reference.effects, "seed \(seed)")
            #expect(driver.core.digest() == reference.core.digest())
            #expect(try driver.snapshot() == reference.snapshot())
        }
    }

    private func place(_ text: String, _ hash: KeyedHash) -> UInt64 {
        var text = text
        return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }

    /// Topics that all have one hash without the secret are spread like any others with it.
    @Test func craftedTopicsDoNotFallIntoOnePlace() throws {
        let wanted: UInt64 = 0x0123_4567_89AB_CDEF
        let topics = [
            "pdhgaa--A4X_6lHp", "anocca--pKyejP2_", "aacgca--j4t2p6HP", "lfmhga--J0L.9gAn", "anjmia--rJt1hQPM", "lkjbma--DVs07B_u",
            "aaccoa--.RMK4Pqu", "alkmoa--Qf_jKKhg", "cmkjpa--dXvkTVxE", "mmoeab--_XB09Nw0", "amaoab---Qb37WS7", "pipcbb--.W3oYNGT",
            "aangbb--HEWiRGrV", "mcllbb---V51K.L5", "cmjbcb--XEK1hKx3", "coemcb--wLkCG8Kw",
        ]
        for topic in topics {
            let hash = Array(topic.utf8).withUnsafeBytes { ContentHash.combine(ContentHash.seed, $0) }
            #expect(hash == wanted)
        }
        for seed in [0, 7, 99] as [UInt64] {
            let hash = KeyedHash(seed: seed)
            // 16 balls in 1024 boxes: more than four in one has a chance below one in ten million.
            let most = Dictionary(grouping: topics) { place($0, hash) & 1023 }.values.map(\.count).max() ?? 0
            #expect(most <= 4, "seed \(seed)")
        }
    }

    @Test func allLengthsAndAllBytesCount() {
        let hash = KeyedHash(seed: 3)
        var seen: Set<UInt64> = []
        for count in 0...70 {
            var bytes = [UInt8](repeating: 0, count: count)
            seen.insert(bytes.withUnsafeBytes { hash($0) })
            for index in 0..<count {
                bytes[index] = 1
                seen.insert(bytes.withUnsafeBytes { hash($0) })
                bytes[index] = 0
            }
        }
        #expect(seen.count == 71 + (0...70).reduce(0, +))
        #expect([UInt8]("a".utf8).withUnsafeBytes { hash($0, salt: 1) != hash($0, salt: 2) })
    }
}
