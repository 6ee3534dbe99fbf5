import Testing

@testable import Sparkplug

/// Payloads that are packed into another one.
@Suite struct SparkplugCompressionTests {
    private typealias Wire = SparkplugWire

    private static let birth = Wire.payload(seq: 0, [Wire.session(), Wire.metric("t", 181.5, alias: 1)])

    @Test(
        arguments: [
            (.gzip, "GZIP"), (.zlib, "DEFLATE"), (.raw, "DEFLATE"), (.gzip, nil), (.zlib, nil), (.zlib, "deflate"), (.zlib, "GZIP"),
        ] as [(SparkplugWire.Packing, String?)])
    func whatIsPackedIsRead(packing: SparkplugWire.Packing, algorithm: String?) {
        var bench = SparkplugBench()
        #expect(
            bench.receive(.nodeBirth, at: 0, raw: Wire.envelope(Wire.packed(Self.birth, packing), algorithm: algorithm))
                == ["birth g/n", "t=181.5"])
        let data = Wire.packed(Wire.payload(seq: 1, [Wire.metric(nil, 182.5, alias: 1)]), packing)
        #expect(bench.receive(.nodeData, at: 0, raw: Wire.envelope(data, algorithm: algorithm)) == ["t=182.5"])
    }

    /// The order is that of the payload within, or of the envelope where that has none; a message that waits is kept unpacked.
    @Test func orderAndTimeAreTakenFromEither() {
        var bench = SparkplugBench()
        _ = bench.receive(.nodeBirth, at: 0, raw: Self.birth)
        func data(_ value: Double, seq: UInt64) -> [UInt8] {
            let inner = Wire.counted(2, Wire.metric("t", value))
            return Wire.number(1, 1000) + Wire.envelope(Wire.packed(inner, .gzip), algorithm: "GZIP", seq: seq)
        }
        #expect(bench.receive(.nodeData, at: 0, raw: data(3, seq: 2)) == [])
        #expect(bench.receive(.nodeData, at: 0, raw: data(2, seq: 1)) == ["t=2.0", "t=3.0"])
    }

    private func inflate(_ packed: [UInt8], maximumBytes: Int) throws -> [UInt8] {
        try packed.withUnsafeBytes { try SparkplugInflater.inflate($0, maximumBytes: maximumBytes) }
    }

    @Test func aBombIsRefusedAtTheBound() {
        let zeros = [UInt8](repeating: 0, count: 3_000_000)
        for packing in Wire.Packing.allCases {
            let bomb = Wire.packed(zeros, packing)
            #expect(bomb.count < 4000)
            #expect(throws: SparkplugPayloadError(.inflatedTooLarge, offset: 100_000)) { try inflate(bomb, maximumBytes: 100_000) }
        }
        var bench = SparkplugBench()
        #expect(
            bench.receive(.nodeBirth, at: 0, raw: Wire.envelope(Wire.packed(zeros, .gzip), algorithm: "GZIP")) == ["rebirth"])
        #expect(bench.output.refusal?.description == "the compressed payload has more than 1048576 bytes (limits.payloadBytes)")
    }

    @Test func whatFitsExactlyIsTaken() throws {
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        for packing in Wire.Packing.allCases {
            let packed = Wire.packed(bytes, packing)
            #expect(try inflate(packed, maximumBytes: 5000) == bytes)
            #expect(throws: SparkplugPayloadError(.inflatedTooLarge, offset: 4999)) { try inflate(packed, maximumBytes: 4999) }
        }
    }

    @Test func whatCannotBeUnpackedIsRefusedWithItsReason() {
        let packed = Wire.packed(Self.birth, .gzip)
        var wrongSum = packed
        wrongSum[packed.count - 6] ^= 1
        let nested = Wire.packed(Wire.envelope(packed, algorithm: "GZIP"), .gzip)
        for (payload, reason) in [
            (Wire.envelope(packed, algorithm: "LZ4"), .unknownCompression), (Wire.envelope([], algorithm: "GZIP"), .damagedCompression),
            (Wire.envelope(packed.dropLast(1), algorithm: "GZIP"), .damagedCompression),
            (Wire.envelope(wrongSum, algorithm: "GZIP"), .damagedCompression),
            (Wire.envelope(Array("no compression".utf8), algorithm: "GZIP"), .damagedCompression),
            (Wire.envelope(nested, algorithm: "GZIP"), .compressedTwice),
            (Wire.envelope(Wire.packed([0x13], .zlib), algorithm: "DEFLATE"), .wireType),
        ] as [([UInt8], SparkplugPayloadError.Reason)] {
            var bench = SparkplugBench()
            #expect(bench.receive(.nodeBirth, at: 0, raw: payload) == ["rebirth"])
            #expect(bench.output.refusal?.reason == reason)
            #expect(bench.host.metrics.isEmpty)
        }
    }

    @Test func anotherUuidPacksNothing() {
        var bench = SparkplugBench()
        #expect(bench.receive(.nodeBirth, at: 0, raw: Self.birth + Wire.counted(4, "a-b-c".utf8)) == ["birth g/n", "t=181.5"])
    }
}

extension SparkplugWire {
    fileprivate static func envelope(_ body: ArraySlice<UInt8>, algorithm: String?) -> [UInt8] {
        envelope(Array(body), algorithm: algorithm)
    }
}
