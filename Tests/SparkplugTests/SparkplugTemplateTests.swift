import Testing

@testable import Sparkplug

/// Template instances (UDTs): their members are metrics below their name.
@Suite struct SparkplugTemplateTests {
    private typealias Wire = SparkplugWire

    private static let motor = [Wire.metric("Amps", 12.5), Wire.metric("Volts", 400, alias: 8)]

    private func born(_ more: [[UInt8]] = [], limits: SparkplugLimits = SparkplugLimits()) -> (SparkplugBench, [String]) {
        var bench = SparkplugBench(limits: limits)
        let metrics = [Wire.session(), Wire.template("Line1/Motor1", Self.motor, alias: 5), Wire.metric("Speed", 1, alias: 6)]
        let words = bench.receive(.nodeBirth, at: 0, raw: Wire.payload(seq: 0, metrics + more))
        return (bench, words)
    }

    @Test func membersAreMetricsOfTheInstance() {
        var (bench, words) = born()
        #expect(words == ["birth g/n", "Line1/Motor1/Amps=12.5", "Line1/Motor1/Volts=400.0", "Speed=1.0"])
        #expect(bench.output.unreadMetrics == 0)
        for (seq, metrics, expected) in [
            (1, [Wire.template("Line1/Motor1", [Wire.metric("Amps", 13)])], ["Line1/Motor1/Amps=13.0"]),
            (2, [Wire.template(nil, [Wire.metric("Amps", 14)], alias: 5)], ["Line1/Motor1/Amps=14.0"]),
            (3, [Wire.template(nil, [Wire.metric(nil, 401, alias: 8)], alias: 5)], ["Line1/Motor1/Volts=401.0"]),
            (4, [Wire.metric(nil, 402, alias: 8)], ["Line1/Motor1/Volts=402.0"]),
            (5, [Wire.template("Line1/Motor1", [Wire.metric("Amps", nil)])], ["Line1/Motor1/Amps=null"]),
            (
                6, [Wire.counted(1, "Line1/Motor1".utf8) + Wire.number(4, 19) + Wire.number(7, 1)],
                ["Line1/Motor1/Amps=null", "Line1/Motor1/Volts=null"]
            ),
            (7, [Wire.number(2, 5) + Wire.number(7, 1)], ["Line1/Motor1/Amps=null", "Line1/Motor1/Volts=null"]),
        ] as [(UInt64, [[UInt8]], [String])] {
            #expect(bench.receive(.nodeData, at: 0, raw: Wire.payload(seq: seq, metrics)) == expected, "\(seq)")
            #expect(bench.output.unreadMetrics == 0)
        }
    }

    @Test func whatTheInstanceSaysHoldsForItsMembers() {
        var (bench, _) = born()
        let members = [Wire.metric("Amps", 9, more: Wire.number(3, 300)), Wire.metric("Volts", 8, more: Wire.quality(192))]
        let more = Wire.number(3, 500) + Wire.number(5, 1) + Wire.quality(0)
        #expect(
            bench.receive(.nodeData, at: 0, raw: Wire.payload(seq: 1, [Wire.template("Line1/Motor1", members, more: more)]))
                == ["problem", "Line1/Motor1/Amps=null@300 late", "Line1/Motor1/Volts=8.0@500 late"])
    }

    @Test func definitionsAreNoReadings() {
        let (bench, words) = born([Wire.template("_types_/Motor", Self.motor, isDefinition: true)])
        #expect(words.count == 4 && bench.output.unreadMetrics == 0)
        #expect(!bench.host.metrics.contains { $0.name.hasPrefix("_types_") })
    }

    @Test func templatesWithinTemplatesAreReadToTheirDepth() {
        var value = Wire.template("T9", [Wire.metric("v", 9)])
        for depth in (1..<9).reversed() { value = Wire.template("T\(depth)", [Wire.metric("v", Double(depth)), value]) }
        let (bench, words) = born([value])
        #expect(words.contains("T1/T2/T3/T4/T5/T6/T7/T8/v=8.0") && !words.contains { $0.contains("T9/v") })
        #expect(words.contains("problem") && bench.output.unreadMetrics == 1)
    }

    /// Nesting without end is cut at the depth, and what is below it costs nothing.
    @Test func limitsHold() {
        var deep = Wire.metric("v", 1)
        for _ in 0..<2000 { deep = Wire.template("T", [deep]) }
        let (bench, _) = born([deep])
        #expect(bench.output.unreadMetrics == 1)
        let many = Wire.template("M", (0..<20_000).map { Wire.metric("m\($0)", 1) })
        let (full, words) = born([many], limits: SparkplugLimits(metrics: 50))
        #expect(full.host.metrics.count == 50 && words.filter { $0.hasPrefix("M/") }.count == 50 - 6)
        let (short, told) = born(limits: SparkplugLimits(nameBytes: 17))
        #expect(told == ["problem", "birth g/n", "Line1/Motor1/Amps=12.5", "Speed=1.0"] && short.output.unreadMetrics == 1)
    }

    /// A long name of an instance is not copied for each of its members.
    @Test func aLongNameOfAnInstanceCostsItOnce() {
        let long = Wire.template(String(repeating: "n", count: 500_000), (0..<10_000).map { _ in Wire.metric("m", 1) })
        let (bench, words) = born([long])
        #expect(words.filter { $0 != "problem" }.count == 4 && bench.output.unreadMetrics == 10_001)
    }

    @Test func aDamagedTemplateCostsItselfOnly() {
        let broken = Wire.counted(1, "Broken".utf8) + Wire.number(4, 19) + Wire.counted(18, [0x12, 0x7F])
        let (bench, words) = born([broken, Wire.template("Nameless", [Wire.number(4, 10) + Wire.double(1)])])
        #expect(words == ["problem", "birth g/n", "Line1/Motor1/Amps=12.5", "Line1/Motor1/Volts=400.0", "Speed=1.0"])
        #expect(bench.output.unreadMetrics == 2)
    }

    @Test func anInstanceThatNoBirthToldAsksForOne() {
        var (bench, _) = born()
        let raw = Wire.payload(seq: 1, [Wire.template(nil, [Wire.metric("Amps", 14)], alias: 77)])
        #expect(bench.receive(.nodeData, at: 0, raw: raw) == ["problem", "rebirth"])
        let scalar = Wire.payload(seq: 2, [Wire.metric(nil, 3, alias: 5)])
        #expect(bench.receive(.nodeData, at: 40_000, raw: scalar) == ["rebirth"], "an instance is no number")
    }

    @Test func manyNullInstancesCostABoundedTime() {
        var (bench, _) = born()
        let null = Wire.number(2, 5) + Wire.number(7, 1)
        _ = bench.receive(.nodeData, at: 0, raw: Wire.payload(seq: 1, Array(repeating: null, count: 10_000)))
        #expect(bench.output.readings.count == 512 && bench.output.unreadMetrics == 10_000 - 256)
    }

    @Test func aMemberThatWaitsIsReadByTheBirthBeforeIt() {
        var (bench, _) = born()
        #expect(bench.receive(.nodeData, at: 0, raw: Wire.payload(seq: 2, [Wire.template(nil, [Wire.metric("Amps", 2)], alias: 5)])) == [])
        #expect(
            bench.receive(.nodeData, at: 0, raw: Wire.payload(seq: 1, [Wire.template(nil, [Wire.metric("Amps", 1)], alias: 5)]))
                == ["Line1/Motor1/Amps=1.0", "Line1/Motor1/Amps=2.0"])
    }

    @Test func aMemberCannotBeSetAlone() {
        let (bench, _) = born()
        #expect(throws: SparkplugCommandError.member) {
            try bench.host.command(device: nil, metric: "Line1/Motor1/Amps", value: .number(1), at: 5)
        }
        #expect(throws: Never.self) { try bench.host.command(device: nil, metric: "Speed", value: .number(1), at: 5) }
    }

    @Test func theDocumentHasTheMembersInTheirInstance() {
        let (bench, _) = born([Wire.metric("Line1/Count", 3)])
        var document = SparkplugDocument()
        document.follow(bench.host.metrics, generation: bench.host.generation)
        document.write(bench.output.readings[...])
        #expect(
            String(decoding: document.bytes, as: UTF8.self)
                == #"{"Line1":{"Count":3,"Motor1":{"Amps":12.5,"Volts":400}},"Speed":1}"#)
        let amps = bench.host.metrics.firstIndex { $0.name == "Line1/Motor1/Amps" }!
        #expect(document.path(Int32(amps), "Line1/Motor1/Amps") == ["Line1", "Motor1", "Amps"])
    }
}
