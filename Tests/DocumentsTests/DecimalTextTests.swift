import Documents
import Testing

@Suite struct DecimalTextTests {
    private func text(_ number: Double) -> String {
        var bytes: [UInt8] = []
        bytes.append(decimal: number)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func expected(_ number: Double) -> String {
        Int64(exactly: number).flatMap { $0.magnitude < 1 << 53 ? String($0) : nil } ?? number.description
    }

    @Test func edges() {
        let powers = (-12...17).map { Double("1e\($0)") ?? 0 }
        let around = powers.flatMap { [$0, $0.nextUp, $0.nextDown, $0 * 9.5, -$0, $0 / 3] }
        let special: [Double] = [
            0, -0.0, 0.1, 0.05, -0.001, 0.1 + 0.2, 1 / 3, 20.37, 999_999_999.999_999, 123_456_789.5, 4_503_599_627_370_495.5, 0.000_100_1,
            .leastNonzeroMagnitude, .greatestFiniteMagnitude, Double(Float(20.37)), 9_007_199_254_740_991, 9_007_199_254_740_992,
        ]
        for number in around + special { #expect(text(number) == expected(number)) }
        for number in [Int64.min, -10, -1, 0, 9, 10, 1_000_000, .max] {
            var bytes: [UInt8] = []
            bytes.append(decimal: number)
            #expect(String(decoding: bytes, as: UTF8.self) == String(number))
        }
    }

    /// The text is the one that Swift writes, whatever the number of decimals.
    @Test func everyNumberIsWrittenAsSwiftWritesIt() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        func random() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 11
        }
        for _ in 0..<200_000 {
            let scale = (Double("1e\(random() % 9)") ?? 1)
            let few = (Double(random() % 100_000_000_000) / scale) * (random() % 2 == 0 ? 1 : -1)
            #expect(text(few) == expected(few), "seed \(seed)")
            let any = Double(bitPattern: random() << 11 | random() & 0x7FF)
            if any.isFinite { #expect(text(any) == expected(any), "seed \(seed)") }
        }
    }
}
