import Testing

@testable import Sparkplug

/// What a node says of its values: the properties `Quality` and `engUnit`.
@Suite struct SparkplugQualityTests {
    private typealias Wire = SparkplugWire

    private func born() -> SparkplugBench {
        var bench = SparkplugBench()
        let metric = Wire.metric("t", 20, alias: 1, more: Wire.properties([("engUnit", Wire.text("°C")), ("Quality", Wire.int(192))]))
        #expect(
            bench.receive(.nodeBirth, at: 0, raw: Wire.payload(seq: 0, [Wire.session(), metric, Wire.metric("u", 1)]))
                == ["birth g/n", "t=20.0", "u=1.0"])
        #expect(bench.output.units == [1: "°C"])
        return bench
    }

    @Test(
        arguments: [
            (192, ["t=0.0"], 0), (0, ["problem", "t=null"], 1), (500, ["problem", "t=null"], 1), (64, ["problem", "t=null"], 1),
            (-1, ["problem", "t=null"], 1),
        ] as [(Int64, [String], Int)])
    func onlyTheGoodQualityIsBelieved(quality: Int64, words: [String], unread: Int) {
        var bench = born()
        #expect(bench.receive(.nodeData, at: 0, raw: Wire.payload(seq: 1, [Wire.metric("t", 0, more: Wire.quality(quality))])) == words)
        #expect(bench.output.unreadMetrics == unread && bench.output.units.isEmpty)
    }

    @Test func theReasonIsToldInWords() throws {
        var bench = born()
        _ = bench.receive(.nodeData, at: 0, raw: Wire.payload(seq: 1, [Wire.metric("t", 0, more: Wire.quality(500))]))
        #expect(bench.output.events.first == .problem(#"g/n: "t" has the quality 500 (stale), so its value is unknown"#))
    }

    /// Also where the value could not be read; and a number of 64 bits is a number.
    @Test func aBadValueNeedsNoValue() {
        var bench = born()
        let long = Wire.properties([("Quality", Wire.number(1, 4) + Wire.number(4, 0))])
        let metrics = [Wire.metric("t", .nan, more: Wire.quality(0)), Wire.metric("u", 5, more: long)]
        #expect(bench.receive(.nodeData, at: 0, raw: Wire.payload(seq: 1, metrics)) == ["problem", "problem", "t=null", "u=null"])
    }

    /// Names come first, but need not; other properties, a null, another case and a text are no quality.
    @Test func whatIsNoQualityChangesNothing() {
        var bench = born()
        let values = Wire.counted(2, Wire.int(5)) + Wire.counted(2, Wire.int(0))
        let reversed = Wire.counted(9, values + Wire.counted(1, "x".utf8) + Wire.counted(1, "Quality".utf8))
        for (seq, more) in [
            [], Wire.properties([("quality", Wire.int(0)), ("Low", Wire.int(0))]), Wire.properties([("Quality", Wire.number(2, 1))]),
            Wire.properties([("Quality", Wire.text("bad"))]), Wire.counted(9, []), Wire.counted(9, Wire.counted(1, "Quality".utf8)),
        ].enumerated() {
            let raw = Wire.payload(seq: UInt64(seq + 1), [Wire.metric("t", 3, more: more)])
            #expect(bench.receive(.nodeData, at: 0, raw: raw) == ["t=3.0"], "\(seq)")
        }
        #expect(bench.receive(.nodeData, at: 0, raw: Wire.payload(seq: 7, [Wire.metric("t", 3, more: reversed)])) == ["problem", "t=null"])
        let broken = Wire.payload(seq: 8, [Wire.metric("t", 3, more: Wire.counted(9, [0x0A, 0x7F]))])
        #expect(bench.receive(.nodeData, at: 0, raw: broken) == [] && bench.output.refusal?.reason == .truncated)
    }

    @Test func aBadValueOfThePastStaysInThePast() {
        var bench = born()
        let raw = Wire.payload(seq: 1, [Wire.metric("t", 3, more: Wire.quality(0) + Wire.number(5, 1) + Wire.number(3, 400))])
        #expect(bench.receive(.nodeData, at: 0, raw: raw) == ["problem", "t=null@400 late"])
    }

    @Test func aUnitIsShortAndABirthsOwn() {
        var bench = SparkplugBench()
        let metrics = [
            Wire.metric("a", 1, more: Wire.properties([("engUnit", Wire.text(String(repeating: "x", count: 33)))])),
            Wire.metric("b", 1, more: Wire.properties([("engUnit", Wire.int(4))])),
            Wire.metric("c", 1, more: Wire.properties([("engLow", Wire.int(4)), ("engUnit", Wire.text("bar"))])),
        ]
        _ = bench.receive(.nodeBirth, at: 0, raw: Wire.payload(seq: 0, [Wire.session()] + metrics))
        #expect(bench.output.units == [3: "bar"])
    }
}
