import Documents
import TestSupport
import Testing

@testable import Sparkplug

/// seq, the reorder timer, and snapshots in the middle of it.
@Suite struct SparkplugOrderTests {
    private func born(limits: SparkplugLimits = SparkplugLimits()) throws -> SparkplugBench {
        var bench = SparkplugBench(limits: limits)
        try bench.birth()
        return bench
    }

    /// Found by fuzzing: what waits from before a birth is read by the metrics of then, of which there may have been more, and others.
    @Test func whatWaitsForABirthIsReadByTheMetricsBeforeIt() throws {
        var bench = SparkplugBench()
        let names = ["a", "b", "c"]
        try bench.receive(.nodeBirth, seq: 0, names.map { .full($0, .double, .number(0)) })
        try bench.receive(.nodeData, seq: 2, at: 10, time: 1500, [.full("c", .double, .number(3)), .full("b", .double, .number(2))])
        #expect(bench.output.readings.isEmpty, "it waits for seq 1")
        try bench.receive(.nodeBirth, seq: 0, at: 20, time: 2000, [.full("other", .double, .number(9))])
        var document = SparkplugDocument()
        var written: [String] = []
        for case .readings(let range) in bench.output.events {
            let readings = bench.output.readings[range]
            let generation = try #require(readings.first).generation
            document.follow(
                generation == bench.host.generation ? bench.host.metrics : bench.output.formerMetrics, generation: generation)
            document.write(readings)
            written.append(String(decoding: document.bytes, as: UTF8.self))
        }
        #expect(written == [#"{"b":2,"c":3}"#, #"{"other":9}"#])
        try bench.data(seq: 1, 1)
        #expect(bench.output.formerMetrics.isEmpty)
    }

    @Test func seqWraps() throws {
        var bench = try born()
        for number in 1...1000 {
            #expect(try bench.data(seq: UInt64(number % 256), Double(number)) == ["t=\(Double(number))"])
        }
        #expect(bench.host.nextDueMilliseconds == nil)
    }

    @Test func aBirthSetsTheNumber() throws {
        var bench = SparkplugBench()
        try bench.birth(seq: 255)
        #expect(try bench.data(seq: 0, 1) == ["t=1.0"])
        try bench.birth(seq: 30)
        #expect(try bench.data(seq: 31, 1) == ["t=1.0"])
    }

    @Test(arguments: [0, 250, 253, 254] as [UInt64])
    func messagesOutOfOrderAreAppliedInOrder(_ start: UInt64) throws {
        var bench = SparkplugBench()
        try bench.birth(seq: start)
        #expect(try bench.data(seq: (start + 3) % 256, 3, at: 10) == [])
        #expect(try bench.data(seq: (start + 2) % 256, 2, at: 20) == [])
        #expect(try bench.data(seq: (start + 2) % 256, 2, at: 20) == [], "twice")
        #expect(bench.output.ignoredMessages == 1)
        #expect(bench.host.nextDueMilliseconds == 2010)
        #expect(try bench.data(seq: (start + 1) % 256, 1, at: 2009) == ["t=1.0", "t=2.0", "t=3.0"])
        #expect(bench.host.nextDueMilliseconds == nil)
        #expect(try bench.data(seq: (start + 4) % 256, 4, at: 3000) == ["t=4.0"])
    }

    @Test func aGapThatStaysAsksForARebirthAndLosesNothingElse() throws {
        var bench = try born()
        #expect(try bench.data(seq: 2, 2, at: 100) == [])
        #expect(try bench.data(seq: 5, 5, at: 200) == [])
        #expect(bench.tick(at: 2099) == [])
        #expect(bench.tick(at: 2100) == ["problem", "t=2.0", "t=5.0", "rebirth"])
        #expect(try bench.data(seq: 6, 6, at: 2200) == ["t=6.0"])
        #expect(try bench.data(seq: 1, 1, at: 2300, time: 900) == ["t=1.0@900"], "late, but true of its time")
        #expect(bench.output.lateMessages == 1)
        #expect(try bench.data(seq: 1, 1, at: 2400, time: 900) == [], "and then a repeat")
        #expect(bench.output.ignoredMessages == 1)
        #expect(try bench.receive(.deviceDeath, device: "d", seq: 3, at: 40_000) == ["rebirth"], "too late to tell what is")
        #expect(try bench.receive(.nodeData, seq: 4, time: nil, [.alias(1, .double, .number(4))]) == [], "nobody knows when it was")
        #expect(try bench.data(seq: 7, 7, at: 40_000) == ["t=7.0"])
    }

    @Test func theTimerRunsOutWithTheNextMessageToo() throws {
        var bench = try born()
        try bench.data(seq: 2, 2, at: 100)
        #expect(try bench.data(seq: 3, 3, at: 2100) == ["problem", "t=2.0", "rebirth", "t=3.0"])
    }

    @Test func aSecondGapHasATimerOfItsOwn() throws {
        var bench = try born()
        try bench.data(seq: 2, 2, at: 100)
        try bench.data(seq: 4, 4, at: 900)
        #expect(try bench.data(seq: 1, 1, at: 1000) == ["t=1.0", "t=2.0"])
        #expect(bench.host.nextDueMilliseconds == 2900)
        #expect(bench.tick(at: 2900) == ["problem", "t=4.0", "rebirth"])
    }

    @Test func aRepeatIsIgnored() throws {
        var bench = try born()
        for number in 1...6 { try bench.data(seq: UInt64(number), 1) }
        for number in 1...6 { #expect(try bench.data(seq: UInt64(number), 1) == []) }
        #expect(bench.output.ignoredMessages == 1 && bench.output.lateMessages == 0)
        #expect(try bench.data(seq: 7, 2) == ["t=2.0"])
    }

    /// The birth of a node that began anew was lost with its first message: its numbers run behind ours.
    @Test func manyMessagesBehindAskForARebirth() throws {
        var bench = try born()
        for number in 1...20 { try bench.data(seq: UInt64(number), 1) }
        for number in 5..<8 { #expect(try bench.data(seq: UInt64(number), 2) == ["t=2.0"]) }
        #expect(try bench.data(seq: 8, 2) == ["t=2.0", "problem", "rebirth"])
    }

    @Test func theBufferIsBounded() throws {
        var bench = try born(limits: SparkplugLimits(pendingMessages: 3))
        for number in [2, 4, 6] as [UInt64] { #expect(try bench.data(seq: number, Double(number)) == []) }
        #expect(try bench.data(seq: 8, 8) == ["problem", "t=2.0", "t=4.0", "t=6.0", "t=8.0", "rebirth"])
        #expect(bench.host.pending.isEmpty && bench.host.pendingBytes == 0)
        bench = try born(limits: SparkplugLimits(pendingBytes: 10))
        #expect(try bench.data(seq: 2, 2) == ["problem", "t=2.0", "rebirth"])
    }

    @Test func devicesAreInTheSameOrder() throws {
        var bench = try born()
        #expect(try bench.receive(.deviceDeath, device: "d", seq: 3) == [])
        #expect(try bench.receive(.deviceData, device: "d", seq: 2, [.alias(4, .int32, .number(6))]) == [])
        #expect(
            try bench.receive(.deviceBirth, device: "d", seq: 1, [.full("u", .int32, .number(5), alias: 4)])
                == ["birth g/n/d", "d:u=5.0", "d:u=6.0", "death g/n/d"])
    }

    @Test func aNodeWithoutSeqIsReadAsItComes() throws {
        var bench = SparkplugBench()
        #expect(
            try bench.receive(.nodeBirth, seq: nil, [.full("bdSeq", .int64, .number(1)), .full("t", .double, .number(1))]).first
                == "problem")
        for value in [1.0, 2, 3] {
            #expect(try bench.receive(.nodeData, seq: nil, [.full("t", .double, .number(value))]) == ["t=\(value)"])
        }
    }

    /// Proto3 writers leave a zero out.
    @Test func aZeroThatWasLeftOutCounts() throws {
        var bench = SparkplugBench()
        try bench.birth(seq: 254)
        try bench.data(seq: 255, 1)
        #expect(try bench.data(seq: nil, 2) == ["t=2.0"])
        #expect(try bench.data(seq: 1, 3) == ["t=3.0"])
    }

    @Test func whatWaitsAtABirthGoesToItsOwnSide() throws {
        var bench = try born()
        try bench.data(seq: 3, 3, time: 1500)
        try bench.data(seq: 101, 101, time: 2001)
        #expect(try bench.birth(seq: 100, time: 2000) == ["t=3.0@1500", "birth g/n", "t=20.0@2000", "t=101.0@2001"])
        #expect(try bench.data(seq: 102, 4) == ["t=4.0"])
    }

    @Test func aDeathEndsTheWaiting() throws {
        var bench = try born()
        try bench.data(seq: 2, 2)
        #expect(try bench.death(bdSeq: 7) == ["t=2.0", "death g/n"])
        #expect(bench.host.nextDueMilliseconds == nil)
    }

    /// A host that was written and read back goes on exactly like the one that was not, at every step of a random history.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64]) func aSnapshotChangesNothing(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let limits = SparkplugLimits(devices: 3, metrics: 12, pendingMessages: 4)
        var kept = SparkplugBench(limits: limits)
        var restored = kept
        var seq: UInt64 = 0
        for step in 0..<600 {
            let now = Int64(step) * 300
            let device = ["d", "e", "f", "h"].randomElement(using: &generator) ?? "d"
            let metrics = (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
                let number = UInt64.random(in: 0..<6, using: &generator)
                return FixtureMetric(
                    name: Bool.random(using: &generator) ? "m\(number)" : nil, alias: Bool.random(using: &generator) ? number : nil,
                    datatype: number == 5 ? .string : .int32, value: number == 5 ? .text("x") : .number(Double(step)),
                    writesDatatype: Bool.random(using: &generator))
            }
            let kinds: [SparkplugTopic.Kind] = [.nodeData, .nodeData, .deviceBirth, .deviceData, .deviceData, .deviceDeath]
            var kind = kinds.randomElement(using: &generator) ?? .nodeData
            if step % 60 == 5 { kind = .nodeBirth }
            if step % 150 == 149 { kind = .nodeDeath }
            seq = kind == .nodeBirth ? 0 : seq + UInt64([1, 1, 1, 1, 2, 0, 3].randomElement(using: &generator) ?? 1)
            let session = FixtureMetric.full("bdSeq", .int64, .number(Double(step / 200)))
            let carries = kind == .nodeBirth || kind == .nodeDeath ? [session] + metrics : metrics
            let payload = try SparkplugBench.payload(seq: seq % 256, time: now, carries)
            var writer = ByteWriter()
            restored.host.write(to: &writer)
            var reader = ByteReader(writer.bytes)
            restored.host = try SparkplugHost(from: &reader, limits: limits)
            #expect(reader.isAtEnd)
            let isDevice = kind.isOfDevice ? device : ""
            #expect(
                kept.receive(kind, device: isDevice, at: now, raw: payload)
                    == restored.receive(kind, device: isDevice, at: now, raw: payload),
                "seed \(seed), step \(step)")
            #expect(kept.output.events == restored.output.events && kept.output.readings == restored.output.readings)
            #expect(kept.host.nextDueMilliseconds == restored.host.nextDueMilliseconds)
            guard kept.host == restored.host else {
                Issue.record("seed \(seed), step \(step): the states differ")
                return
            }
        }
    }

    @Test func aDamagedSnapshotIsRefused() throws {
        var bench = try born()
        try bench.receive(.deviceBirth, device: "d", seq: 1, [.full("u", .int32, .number(5), alias: 4)])
        try bench.data(seq: 3, 3)
        var writer = ByteWriter()
        bench.host.write(to: &writer)
        for count in 0..<writer.bytes.count {
            var reader = ByteReader(Array(writer.bytes.prefix(count)))
            #expect(throws: ByteCodingError.self) { try SparkplugHost(from: &reader) }
        }
    }
}
