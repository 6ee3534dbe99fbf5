import Testing

@testable import Sparkplug

/// The wire format, byte by byte, and the values in it.
@Suite struct SparkplugPayloadTests {
    private func read(_ bytes: [UInt8]) throws -> SparkplugPayload {
        var payload = SparkplugPayload()
        try bytes.withUnsafeBytes { try payload.decode($0) }
        return payload
    }

    private func value(_ metric: [UInt8], _ datatype: SparkplugDatatype) throws -> SparkplugValue {
        let bytes = [0x12, UInt8(metric.count)] + metric
        let payload = try read(bytes)
        return try bytes.withUnsafeBytes { try payload.metrics[0].value(as: datatype, in: $0, maximumTextBytes: 4) }
    }

    /// Encoded by hand from sparkplug_b.proto, so that reader and writer cannot share a mistake.
    @Test func aPayloadOfBytesWrittenByHand() throws {
        let bytes: [UInt8] = [
            0x08, 0xE8, 0x07,  // timestamp 1000
            0x12, 0x15,  // a metric of 21 bytes
            0x0A, 0x01, 0x74,  // name "t"
            0x10, 0x05,  // alias 5
            0x18, 0xE9, 0x07,  // timestamp 1001
            0x20, 0x0A,  // Double
            0x28, 0x01,  // historical
            0x69, 0, 0, 0, 0, 0, 0, 0x35, 0x40,  // 21.0
            0x18, 0x81, 0x02,  // seq 257, which the host refuses and not the reader
            0x22, 0x01, 0x75,  // uuid
            0xA2, 0x06, 0x02, 0xFF, 0xFF,  // field 100, of a later version
        ]
        let payload = try read(bytes)
        #expect(payload.timestampMilliseconds == 1000)
        #expect(payload.seq == 257)
        let metric = try #require(payload.metrics.first)
        #expect(payload.metrics.count == 1)
        #expect(bytes.withUnsafeBytes { Array(metric.name(in: $0)) } == Array("t".utf8))
        #expect(metric.alias == 5 && metric.timestampMilliseconds == 1001 && metric.datatype == .double)
        #expect(metric.flags == [.hasAlias, .hasTime, .isHistorical])
        #expect(try bytes.withUnsafeBytes { try metric.value(as: .double, in: $0) } == .number(21))
        #expect(try read([]).metrics.isEmpty)
    }

    @Test func theWriterWritesTheSameBytes() throws {
        var writer = SparkplugPayloadWriter(timestampMilliseconds: 1000)
        try writer.add(name: "t", alias: 5, timestampMilliseconds: 1001, datatype: .double, value: .number(21), isHistorical: true)
        #expect(
            writer.bytes == [
                0x08, 0xE8, 0x07, 0x12, 0x15, 0x0A, 0x01, 0x74, 0x10, 0x05, 0x18, 0xE9, 0x07, 0x20, 0x0A, 0x28, 0x01, 0x69, 0, 0, 0, 0, 0,
                0,
                0x35, 0x40,
            ])
    }

    @Test(
        arguments: [
            ([0x08], .truncated), ([0x08, 0x80], .truncated), ([0x12, 0x05, 0x0A], .truncated),
            ([0x12, 0x02, 0x0A, 0x01, 0x41], .truncated),
            ([0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], .truncated), ([0x12, 0x02, 0x69, 0x00], .truncated),
            ([0x0D, 1, 2, 3], .truncated), ([0x13], .wireType), ([0x14], .wireType), ([0x0E], .wireType), ([0x0F], .wireType),
            ([0x12, 0x01, 0x4B], .wireType), ([0x00, 0x00], .fieldNumber), ([0x88, 0x80, 0x80, 0x80, 0x10, 0x00], .fieldNumber),
            ([0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02], .longVarint),
            ([0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], .longVarint),
        ] as [([UInt8], SparkplugPayloadError.Reason)])
    func whatIsNoPayloadIsRefused(_ bytes: [UInt8], _ reason: SparkplugPayloadError.Reason) {
        do {
            let payload = try read(bytes)
            Issue.record("\(bytes) was read as \(payload)")
        } catch let error as SparkplugPayloadError {
            #expect(error.reason == reason)
            #expect(error.offset <= bytes.count)
        } catch { Issue.record(error) }
    }

    @Test func aPayloadOfTooManyMetricsIsRefused() throws {
        let most = Array(repeating: [0x12, 0x00] as [UInt8], count: SparkplugPayload.maximumMetrics).flatMap { $0 }
        #expect(try read(most).metrics.count == SparkplugPayload.maximumMetrics)
        #expect(throws: SparkplugPayloadError(.tooManyMetrics, offset: most.count + 2)) { try read(most + [0x12, 0x00]) }
    }

    @Test func nothingStaysOfTheMessageBefore() throws {
        var payload = SparkplugPayload()
        try SparkplugBench.payload(seq: 3, [.full("a", .boolean, .bool(true))]).withUnsafeBytes { try payload.decode($0) }
        #expect(payload.metrics.count == 1 && payload.seq == 3)
        #expect(throws: SparkplugPayloadError.self) { try ([0x12, 0x00, 0x13] as [UInt8]).withUnsafeBytes { try payload.decode($0) } }
        #expect(payload.metrics.isEmpty && payload.seq == nil && payload.timestampMilliseconds == nil)
    }

    /// Two's complement in unsigned fields, as the specification has it and as libraries do it.
    @Test(
        arguments: [
            (.int8, [0x50, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], -1), (.int8, [0x50, 0xFF, 0x01], -1), (.int8, [0x50, 0x80, 0x01], -128),
            (.int8, [0x50, 0x7F], 127), (.int8, [0x50, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], -1),
            (.int16, [0x50, 0xFE, 0xFF, 0x03], -2), (.int16, [0x50, 0xFE, 0xFF, 0xFF, 0xFF, 0x0F], -2),
            (.int32, [0x50, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], -1),
            (.int32, [0x58, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], -1),
            (.int32, [0x58, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], -1),
            (.int64, [0x58, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], -1),
            (.uint8, [0x50, 0xFF, 0x01], 255), (.uint16, [0x50, 0xFF, 0xFF, 0x03], 65_535),
            (.uint32, [0x50, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], 4_294_967_295),
            (.uint32, [0x58, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], 4_294_967_295),
            (.uint64, [0x58, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], 18_446_744_073_709_551_616),
            (.dateTime, [0x58, 0xE8, 0x07], 1000), (.float, [0x65, 0, 0, 0xC0, 0x3F], 1.5), (.unknown, [0x65, 0, 0, 0xC0, 0x3F], 1.5),
            (.double, [0x50, 0x02], 2),
        ] as [(SparkplugDatatype, [UInt8], Double)])
    func numbers(_ datatype: SparkplugDatatype, _ field: [UInt8], _ expected: Double) throws {
        #expect(try value(field, datatype) == .number(expected))
    }

    @Test func otherValues() throws {
        #expect(try value([0x70, 0x01], .boolean) == .bool(true))
        #expect(try value([0x50, 0x00], .boolean) == .bool(false))
        #expect(try value([0x7A, 0x02, 0x68, 0x69], .string) == .text("hi"))
        #expect(try value([0x7A, 0x02, 0x68, 0x69], .uuid) == .text("hi"))
        // Cut where a character begins.
        #expect(try value([0x7A, 0x05, 0x61, 0x62, 0x63, 0xC3, 0xA9], .text) == .text("abc"))
        #expect(try value([0x38, 0x01, 0x50, 0x05], .int32) == .null, "null wins over a value")
        #expect(try value([0x38, 0x00, 0x50, 0x05], .int32) == .number(5))
        #expect(try value([], .int32) == .null)
        #expect(try value([0x50, 0x05, 0x70, 0x01], .boolean) == .bool(true), "the last of a oneof counts")
    }

    @Test(
        arguments: [
            (.int8, [0x50, 0x80, 0x02], .outOfRange), (.uint8, [0x50, 0x80, 0x02], .outOfRange),
            (.uint16, [0x50, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], .outOfRange), (.int32, [0x58, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F], .outOfRange),
            (.double, [0x69, 0, 0, 0, 0, 0, 0, 0xF8, 0x7F], .notFinite), (.float, [0x65, 0, 0, 0x80, 0x7F], .notFinite),
            (.unknown, [0x50, 0x01], .noDatatype), (.string, [0x50, 0x01], .mismatch), (.int32, [0x7A, 0x00], .mismatch),
            (.boolean, [0x50, 0x02], .mismatch), (.int32, [0x69, 0, 0, 0, 0, 0, 0, 0, 0], .mismatch), (.double, [0x70, 0x01], .mismatch),
            (.bytes, [0x82, 0x01, 0x01, 0xFF], .notScalar), (.dataSet, [0x8A, 0x01, 0x00], .notScalar),
            (.template, [0x92, 0x01, 0x00], .notScalar),
        ] as [(SparkplugDatatype, [UInt8], SparkplugValueProblem)])
    func whatIsNoValue(_ datatype: SparkplugDatatype, _ field: [UInt8], _ problem: SparkplugValueProblem) {
        #expect(throws: problem) { try value(field, datatype) }
    }

    @Test(
        arguments: [
            (.int8, -128), (.int8, 127), (.int16, -32_768), (.int32, -2_147_483_648), (.int64, -9_007_199_254_740_992), (.uint8, 255),
            (.uint16, 65_535), (.uint32, 4_294_967_295), (.uint64, 9_007_199_254_740_992), (.float, 0.25), (.double, -1e300),
            (.dateTime, 1.7e12),
        ] as [(SparkplugDatatype, Double)])
    func whatIsWrittenIsReadBack(_ datatype: SparkplugDatatype, _ number: Double) throws {
        let bytes = try SparkplugBench.payload(seq: 255, [.full("m", datatype, .number(number))])
        let payload = try read(bytes)
        #expect(payload.seq == 255)
        #expect(payload.metrics[0].datatype == datatype)
        #expect(try bytes.withUnsafeBytes { try payload.metrics[0].value(as: datatype, in: $0) } == .number(number))
    }

    @Test func theWriterRefusesWhatDoesNotFit() {
        for (datatype, value, problem) in [
            (.int8, .number(128), .outOfRange), (.uint32, .number(-1), .outOfRange), (.int32, .number(0.5), .outOfRange),
            (.float, .number(1e300), .outOfRange), (.double, .number(.nan), .notFinite), (.boolean, .number(1), .mismatch),
            (.string, .bool(true), .mismatch), (.int32, .text("1"), .mismatch), (.dataSet, .null, .notScalar),
            (.unknown, .null, .noDatatype),
        ] as [(SparkplugDatatype, SparkplugValue, SparkplugValueProblem)] {
            var writer = SparkplugPayloadWriter(timestampMilliseconds: nil)
            #expect(throws: problem) { try writer.add(name: "m", datatype: datatype, value: value) }
            #expect(writer.bytes.isEmpty)
        }
    }
}
