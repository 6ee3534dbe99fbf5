import Documents
import Testing

@testable import Sparkplug

/// Births, deaths, names, aliases and requests for a rebirth.
@Suite struct SparkplugHostTests {
    @Test func aBirthTellsNamesAndAliasesAndDataUsesThem() throws {
        var bench = SparkplugBench()
        #expect(try bench.birth() == ["birth g/n", "t=20.0"])
        #expect(bench.host.presence == .online && bench.host.bdSeq == 7)
        #expect(try bench.data(seq: 1, 21) == ["t=21.0"])
        #expect(try bench.receive(.nodeData, seq: 2, [.full("t", .double, .number(22))]) == ["t=22.0"])
        #expect(bench.host.nextDueMilliseconds == nil)
    }

    @Test func everyKindOfValueComesWithItsTime() throws {
        var bench = SparkplugBench()
        let metrics: [FixtureMetric] = [
            .full("n", .int16, .number(-3)), .full("b", .boolean, .bool(true)), .full("s", .string, .text("x")), .full("z", .int32, .null),
            FixtureMetric(name: "h", datatype: .double, value: .number(1), time: 500, isHistorical: true),
        ]
        #expect(
            try bench.receive(.nodeBirth, seq: 0, [.full("bdSeq", .uint64, .number(1))] + metrics)
                == ["birth g/n", "n=-3.0", "b=true", "s=\"x\"", "z=null", "h=1.0@500 late"])
        #expect(try bench.receive(.nodeData, seq: 1, time: nil, [.full("n", .int16, .number(4))]) == ["n=4.0"])
        #expect(bench.output.readings[0].timestampMilliseconds == nil)
    }

    @Test func devicesAreBornAndDie() throws {
        var bench = SparkplugBench()
        try bench.birth()
        #expect(
            try bench.receive(.deviceBirth, device: "d", seq: 1, [.full("t", .int32, .number(5), alias: 9)]) == ["birth g/n/d", "d:t=5.0"])
        #expect(try bench.receive(.deviceData, device: "d", seq: 2, [.alias(9, .int32, .number(-6))]) == ["d:t=-6.0"])
        let metric = try #require(bench.host.metrics.firstIndex { $0.device == 1 })
        #expect(!bench.host.isStale(metric: metric))
        #expect(try bench.receive(.deviceDeath, device: "d", seq: 3) == ["death g/n/d"])
        #expect(bench.host.isStale(metric: metric) && !bench.host.isStale(metric: 1))
        #expect(try bench.receive(.deviceDeath, device: "d", seq: 4) == [], "once is enough")
        #expect(try bench.receive(.deviceData, device: "d", seq: 5, at: 9, [.alias(9, .int32, .number(7))]) == ["rebirth"])
        #expect(try bench.data(seq: 6, 1) == ["t=1.0"], "the order goes on")
        #expect(
            try bench.receive(.deviceBirth, device: "d", seq: 7, [.full("u", .int32, .number(8), alias: 9)]) == ["birth g/n/d", "d:u=8.0"])
        #expect(bench.host.isStale(metric: metric), "a metric of the birth before")
        #expect(try bench.receive(.deviceData, device: "d", seq: 8, [.alias(9, .int32, .number(9))]) == ["d:u=9.0"])
    }

    @Test func theDeathOfANodeTakesItsDevicesAlong() throws {
        var bench = SparkplugBench()
        try bench.birth()
        try bench.receive(.deviceBirth, device: "d", seq: 1, [.full("t", .int32, .number(5))])
        try bench.receive(.deviceBirth, device: "e", seq: 2)
        try bench.receive(.deviceDeath, device: "e", seq: 3)
        #expect(try bench.death(bdSeq: 7) == ["death g/n/d", "death g/n"])
        #expect(bench.host.metrics.indices.allSatisfy { bench.host.isStale(metric: $0) })
        #expect(try bench.death(bdSeq: 7) == [])
        #expect(try bench.birth(bdSeq: 8) == ["birth g/n", "t=20.0"])
    }

    /// tahu 0.1.2, pysparkplug 0.6.1 and mqtt-spb-wrapper 2.1.2 number the will one off; others never count it on.
    @Test(
        arguments: [
            (7, 7, true), (7, 6, true), (7, 8, true), (7, 5, false), (7, 0, false), (0, 1, true), (0, 255, true), (255, 0, false),
            (255, 254, true), (0, 17, true), (1, 0, true), (2, 0, false),
        ] as [(Double, Double, Bool)])
    func whichDeathCounts(birth: Double, death: Double, counts: Bool) throws {
        var bench = SparkplugBench()
        try bench.birth(bdSeq: birth)
        #expect(
            try bench.death(bdSeq: death) == (birth == death ? [] : ["problem", "rebirth"]) + (counts ? ["death g/n"] : []))
        #expect(bench.host.presence == (counts ? .offline : .online))
        // The node lives: it does what it was asked for.
        #expect(try bench.birth(bdSeq: birth, at: 100).contains("birth g/n"))
        #expect(bench.host.presence == .online)
    }

    @Test func aFaultOfNumbersIsToldAndAskedAboutOnce() throws {
        var bench = SparkplugBench()
        try bench.birth(bdSeq: 1)
        #expect(try bench.death(bdSeq: 0) == ["problem", "rebirth", "death g/n"])
        #expect(
            bench.output.events.first
                == .problem("g/n: its death has bdSeq 0 and its birth 1, a fault of the node: both must be the same; it is believed"))
        for session in 2...4 {
            try bench.birth(bdSeq: Double(session), at: Int64(session) * 100_000)
            #expect(try bench.death(bdSeq: Double(session) - 1, at: Int64(session) * 100_000 + 50_000) == ["death g/n"])
        }
        #expect(bench.tick(at: 900_000) == [])
        var writer = ByteWriter()
        bench.host.write(to: &writer)
        var reader = ByteReader(writer.bytes)
        bench.host = try SparkplugHost(from: &reader)
        try bench.birth(bdSeq: 5, at: 1_000_000)
        #expect(try bench.death(bdSeq: 4, at: 1_000_000) == ["death g/n"], "a restart does not forget")
        try bench.birth(bdSeq: 6, at: 1_100_000)
        #expect(try bench.death(bdSeq: 6, at: 1_100_000) == ["death g/n"], "a pair that matches begins anew")
        try bench.birth(bdSeq: 7, at: 1_200_000)
        #expect(try bench.death(bdSeq: 6, at: 1_200_000) == ["problem", "rebirth", "death g/n"])
    }

    /// Version 1 of the format, as 0.12 wrote it, is without the two bytes behind the session, and version 2 without the second of them.
    @Test(arguments: [1, 2]) func aStateOfAnEarlierVersionIsRead(_ version: Int) throws {
        var bench = SparkplugBench()
        try bench.birth(bdSeq: 7)
        var writer = ByteWriter()
        bench.host.write(to: &writer)
        var bytes = writer.bytes
        let session = try #require(bytes.indices.first { bytes[$0...].starts(with: [1, 7, 0, 0, 0, 0, 0, 0, 0]) })
        bytes[0] = UInt8(version)
        bytes.removeSubrange(session + 8 + version..<session + 11)
        var reader = ByteReader(bytes)
        #expect(try SparkplugHost(from: &reader) == bench.host)
    }

    @Test func aDeathOfAnOlderSessionIsIgnored() throws {
        var bench = SparkplugBench()
        try bench.birth(bdSeq: 9)
        #expect(try bench.death(bdSeq: 7) == ["problem", "rebirth"])
        #expect(bench.host.presence == .online)
        #expect(try bench.data(seq: 1, 2) == ["t=2.0"])
        #expect(try bench.death(bdSeq: nil) == ["problem", "death g/n"], "which session cannot be told")
        var unknown = SparkplugBench()
        #expect(try unknown.death(bdSeq: 3) == ["death g/n"], "nothing was known, and now it is")
    }

    @Test func dataBeforeABirthAsksForOneOncePerWindow() throws {
        var bench = SparkplugBench(limits: SparkplugLimits(rebirthMilliseconds: 1000))
        #expect(try bench.data(seq: 5, 1, at: 0) == ["problem", "rebirth"], "an alias means nothing yet")
        #expect(try bench.data(seq: 6, 1, at: 400) == ["problem"])
        #expect(try bench.receive(.deviceData, device: "d", seq: 7, at: 500) == [])
        #expect(bench.host.nextDueMilliseconds == 1000)
        #expect(bench.tick(at: 999) == [])
        #expect(bench.tick(at: 1000) == ["rebirth"])
        #expect(bench.tick(at: 5000) == [], "the node has said nothing since")
        #expect(try bench.data(seq: 8, 1, at: 6000) == ["problem", "rebirth"])
        #expect(try bench.birth(at: 6100) == ["birth g/n", "t=20.0"])
        #expect(bench.host.nextDueMilliseconds == nil)
    }

    @Test func aClockThatIsSetBackDoesNotSilenceRequests() throws {
        var bench = SparkplugBench()
        #expect(try bench.data(seq: 0, 1, at: 1_000_000).contains("rebirth"))
        #expect(try bench.data(seq: 1, 1, at: 500).contains("rebirth"))
    }

    @Test func theRequestIsACommandByName() throws {
        var bench = SparkplugBench()
        try bench.data(seq: 0, 1, at: 4000)
        guard case .rebirthRequest(let topic, let payload)? = bench.output.events.last else {
            Issue.record("no request in \(bench.output.events)")
            return
        }
        #expect(topic == "spBv1.0/g/NCMD/n")
        var reader = SparkplugPayload()
        try payload.withUnsafeBytes { bytes in
            try reader.decode(bytes)
            #expect(reader.seq == nil && reader.timestampMilliseconds == 4000 && reader.metrics.count == 1)
            #expect(Array(reader.metrics[0].name(in: bytes)) == Array("Node Control/Rebirth".utf8))
            #expect(reader.metrics[0].datatype == .boolean)
            #expect(try reader.metrics[0].value(as: .boolean, in: bytes) == .bool(true))
        }
    }

    /// A gateway that starts in the middle of things reads what explains itself; after a death it may be a straggler.
    @Test func whatExplainsItselfIsReadBeforeTheFirstBirthOnly() throws {
        var bench = SparkplugBench()
        let metric = FixtureMetric.full("t", .int32, .number(4))
        #expect(try bench.receive(.nodeData, seq: 9, [metric]) == ["t=4.0", "rebirth"])
        #expect(try bench.receive(.deviceData, device: "d", seq: 10, [metric]) == ["d:t=4.0"])
        #expect(bench.host.metrics.indices.allSatisfy { bench.host.isStale(metric: $0) })
        try bench.birth()
        #expect(
            try bench.receive(.deviceData, device: "d", seq: 1, at: 50_000, [metric]) == ["rebirth", "d:t=4.0"], "the device is unknown")
        try bench.death(bdSeq: 7)
        #expect(try bench.receive(.nodeData, seq: 1, at: 90_000, [metric]) == ["rebirth"])
        #expect(try bench.receive(.deviceData, device: "d", seq: 2, at: 90_000, [metric]) == [])
    }

    /// Libraries that call a metric otherwise in births than in data are asked once, and not twice a minute for ever.
    @Test func aNameThatNoBirthTellsAsksForOneBirthOnly() throws {
        var bench = SparkplugBench(limits: SparkplugLimits(rebirthMilliseconds: 1000))
        let metric = FixtureMetric.full("speed", .int32, .number(4))
        try bench.birth()
        #expect(try bench.receive(.nodeData, seq: 1, at: 5000, [metric]) == ["speed=4.0", "rebirth"])
        try bench.birth(at: 50_000, time: 50_000)
        #expect(try bench.receive(.nodeData, seq: 1, at: 60_000, [metric]) == ["problem", "speed=4.0"])
        #expect(try bench.receive(.nodeData, seq: 2, at: 120_000, [metric]) == ["speed=4.0"])
        #expect(bench.tick(at: 180_000) == [])
        var writer = ByteWriter()
        bench.host.write(to: &writer)
        var reader = ByteReader(writer.bytes)
        bench.host = try SparkplugHost(from: &reader)
        #expect(try bench.receive(.nodeData, seq: 3, at: 240_000, [metric]) == ["speed=4.0"])
    }

    @Test func anAliasThatNoBirthToldAsksForABirth() throws {
        var bench = SparkplugBench()
        try bench.birth()
        let metrics: [FixtureMetric] = [.alias(1, .double, .number(3)), .alias(2, .double, .number(4))]
        #expect(try bench.receive(.nodeData, seq: 1, metrics) == ["problem", "t=3.0", "rebirth"])
        #expect(bench.output.unreadMetrics == 1)
    }

    @Test func anAliasOfAnotherDeviceOrTypeIsNotBelieved() throws {
        var bench = SparkplugBench()
        try bench.birth()
        try bench.receive(.deviceBirth, device: "d", seq: 1, [.full("u", .int32, .number(5), alias: 9)])
        #expect(try bench.receive(.deviceData, device: "d", seq: 2, [.alias(1, .double, .number(3))]) == ["problem", "rebirth"])
        let typed = FixtureMetric(alias: 9, datatype: .double, value: .number(3))
        #expect(try bench.receive(.deviceData, device: "d", seq: 3, at: 40_000, [typed]) == ["problem", "rebirth"])
        #expect(try bench.receive(.deviceData, device: "d", seq: 4, [.alias(9, .int32, .number(6))]) == ["d:u=6.0"])
    }

    @Test func anAliasThatStandsForTwoMetricsMeansNeither() throws {
        var bench = SparkplugBench()
        let metrics: [FixtureMetric] = [.full("a", .int32, .number(1), alias: 3), .full("b", .int32, .number(2), alias: 3)]
        #expect(
            try bench.receive(.nodeBirth, seq: 0, [.full("bdSeq", .int64, .number(0))] + metrics)
                == ["birth g/n", "problem", "a=1.0", "b=2.0"])
        #expect(try bench.receive(.nodeData, seq: 1, [.alias(3, .int32, .number(9))]) == ["problem", "rebirth"])
    }

    /// The node did not stop when it was asked to tell everything anew, and neither did its devices.
    @Test func aRebirthWithinTheSessionGivesDevicesTimeToBeBornAgain() throws {
        var bench = SparkplugBench(limits: SparkplugLimits(deviceBirthMilliseconds: 5000))
        try bench.birth()
        for (index, device) in ["d", "e"].enumerated() { try bench.receive(.deviceBirth, device: device, seq: UInt64(index) + 1) }
        #expect(try bench.birth(at: 100) == ["birth g/n", "t=20.0"])
        #expect(bench.host.nextDueMilliseconds == 5100)
        #expect(try bench.receive(.deviceBirth, device: "d", seq: 1, at: 200) == ["birth g/n/d"])
        #expect(try bench.receive(.deviceData, device: "e", seq: 2, at: 300) == ["rebirth"])
        #expect(bench.tick(at: 5100) == ["death g/n/e"])
        #expect(try bench.birth(bdSeq: 8, at: 6000) == ["death g/n/d", "birth g/n", "t=20.0"], "another session: all devices are gone")
        #expect(bench.host.devices.count == 1)
    }

    @Test func limitsHold() throws {
        var bench = SparkplugBench(limits: SparkplugLimits(devices: 1, metrics: 3, nameBytes: 5))
        try bench.birth()
        let many: [FixtureMetric] = ["a", "long name", "b", "c"].map { .full($0, .int32, .number(1)) }
        #expect(try bench.receive(.deviceBirth, device: "d", seq: 1, many).filter { $0 != "problem" } == ["birth g/n/d", "d:a=1.0"])
        #expect(bench.output.unreadMetrics == 3)
        #expect(try bench.receive(.deviceBirth, device: "e", seq: 2, many) == ["problem"])
        #expect(bench.host.devices.count == 2 && bench.host.metrics.count == 3)
        let bad = (0..<100).map { FixtureMetric.alias(UInt64($0 + 50), .int32, .number(1)) }
        #expect(try bench.receive(.nodeData, seq: 3, bad).count == SparkplugOutput.maximumProblems + 1)
    }

    @Test func anUnreadableMessageIsRefusedAndAnUnreadableBirthAskedForAgain() throws {
        var bench = SparkplugBench()
        #expect(bench.receive(.nodeBirth, at: 0, raw: [0x13]) == ["rebirth"])
        #expect(bench.output.refusal?.reason == .wireType)
        try bench.birth()
        #expect(bench.output.refusal == nil)
        #expect(bench.receive(.nodeData, at: 0, raw: [0x08]) == [])
        #expect(bench.output.refusal?.reason == .truncated)
        #expect(try bench.data(seq: 256, 1) == [])
        #expect(bench.output.refusal?.reason == .seq)
        #expect(try bench.data(seq: 1, 5) == ["t=5.0"])
    }

    @Test func whatIsForOthersYieldsNothing() throws {
        var bench = SparkplugBench()
        for kind in [SparkplugTopic.Kind.nodeCommand, .deviceCommand, .state] {
            #expect(try bench.receive(kind, seq: nil, [.full("Node Control/Rebirth", .boolean, .bool(true))]) == [])
        }
        #expect(bench.host == SparkplugBench().host)
    }

    @Test func tablesAreSteppedOver() throws {
        var bench = SparkplugBench()
        var payload = try SparkplugBench.payload(seq: 0, [.full("bdSeq", .int64, .number(0)), .full("a", .int32, .number(1))])
        payload += [0x12, 0x08, 0x0A, 0x01, 0x74, 0x20, 0x10, 0x8A, 0x01, 0x00]  // "t", a DataSet, empty
        #expect(bench.receive(.nodeBirth, at: 0, raw: payload) == ["birth g/n", "problem", "a=1.0"])
        #expect(bench.output.unreadMetrics == 1)
    }

    @Test func commandsUseTheBirthsTypeAndAlias() throws {
        var bench = SparkplugBench()
        #expect(throws: SparkplugCommandError.offline) { try bench.host.command(device: nil, metric: "t", value: .number(1), at: 5) }
        try bench.birth()
        try bench.receive(.deviceBirth, device: "d", seq: 1, [.full("led", .boolean, .bool(false)), .full("i", .int8, .number(0))])
        let node = try bench.host.command(device: nil, metric: "t", value: .number(1.5), at: 5)
        #expect(node.topic == "spBv1.0/g/NCMD/n")
        var expected = SparkplugPayloadWriter(timestampMilliseconds: 5)
        try expected.add(alias: 1, timestampMilliseconds: 5, datatype: .double, value: .number(1.5))
        #expect(node.payload == expected.bytes)
        let device = try bench.host.command(device: "d", metric: "led", value: .bool(true), at: 6)
        #expect(device.topic == "spBv1.0/g/DCMD/n/d")
        expected = SparkplugPayloadWriter(timestampMilliseconds: 6)
        try expected.add(name: "led", timestampMilliseconds: 6, datatype: .boolean, value: .bool(true))
        #expect(device.payload == expected.bytes)
        for (name, metric, value, error) in [
            ("x", "led", .bool(true), .unknownDevice), ("d", "x", .bool(true), .unknownMetric), ("d", "led", .number(1), .value(.mismatch)),
            ("d", "i", .number(200), .value(.outOfRange)),
        ] as [(String, String, SparkplugValue, SparkplugCommandError)] {
            #expect(throws: error) { try bench.host.command(device: name, metric: metric, value: value, at: 7) }
        }
        try bench.receive(.deviceDeath, device: "d", seq: 2)
        #expect(throws: SparkplugCommandError.offline) { try bench.host.command(device: "d", metric: "led", value: .bool(true), at: 8) }
    }
}
