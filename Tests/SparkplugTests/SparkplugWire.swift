import CZlib

/// Messages in the wire format, written by the protobuf definition rather than by the writer that is tested.
enum SparkplugWire {
    static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, out) = (value, [UInt8]())
        while rest >= 0x80 {
            out.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return out + [UInt8(rest)]
    }

    static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] { varint(field << 3) + varint(value) }
    static func counted(_ field: UInt64, _ bytes: some Collection<UInt8>) -> [UInt8] {
        varint(field << 3 | 2) + varint(UInt64(bytes.count)) + Array(bytes)
    }
    static func double(_ value: Double) -> [UInt8] {
        varint(13 << 3 | 1) + (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }

    static func payload(seq: UInt64?, _ metrics: [[UInt8]]) -> [UInt8] {
        number(1, 1000) + metrics.flatMap { counted(2, $0) } + (seq.map { number(3, $0) } ?? [])
    }

    static func session(_ number: UInt64 = 7) -> [UInt8] { counted(1, "bdSeq".utf8) + self.number(4, 4) + self.number(11, number) }

    /// A metric with a double, and whatever else.
    static func metric(_ name: String?, _ value: Double?, alias: UInt64? = nil, more: [UInt8] = []) -> [UInt8] {
        (name.map { counted(1, $0.utf8) } ?? []) + (alias.map { number(2, $0) } ?? []) + number(4, 10) + (value.map(double) ?? number(7, 1))
            + more
    }

    /// Properties (9): names, then values in the same order.
    static func properties(_ all: [(name: String, value: [UInt8])]) -> [UInt8] {
        counted(9, all.flatMap { counted(1, $0.name.utf8) } + all.flatMap { counted(2, $0.value) })
    }
    static func int(_ value: Int64) -> [UInt8] { number(1, 3) + number(3, UInt64(UInt32(truncatingIfNeeded: value))) }
    static func text(_ value: String) -> [UInt8] { number(1, 12) + counted(8, value.utf8) }
    static func quality(_ value: Int64) -> [UInt8] { properties([("Quality", int(value))]) }

    /// A template (18) as the value of a metric.
    static func template(
        _ name: String?, _ members: [[UInt8]], alias: UInt64? = nil, isDefinition: Bool = false, more: [UInt8] = []
    ) -> [UInt8] {
        let value =
            members.flatMap { counted(2, $0) } + counted(3, counted(1, "Parameter".utf8) + number(2, 3) + number(3, 5))
            + (isDefinition ? [] : counted(4, "Motor".utf8)) + number(5, isDefinition ? 1 : 0)
        return (name.map { counted(1, $0.utf8) } ?? []) + (alias.map { number(2, $0) } ?? []) + number(4, 19) + counted(18, value) + more
    }

    enum Packing: CaseIterable { case gzip, zlib, raw }

    static func packed(_ bytes: [UInt8], _ packing: Packing) -> [UInt8] {
        var count = compressBound(UInt(bytes.count))
        var out = [UInt8](repeating: 0, count: Int(count))
        precondition(compress2(&out, &count, bytes, UInt(bytes.count), 9) == Z_OK)
        out.removeSubrange(Int(count)...)
        if packing == .zlib { return out }
        // zlib's form is two bytes, the raw one, and a check sum of four.
        let raw = Array(out.dropFirst(2).dropLast(4))
        if packing == .raw { return raw }
        let (sum, size) = (UInt32(crc32(0, bytes, UInt32(bytes.count))), UInt32(bytes.count))
        let tail = [sum, size].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF] + raw + tail
    }

    /// The envelope of a compressed payload.
    static func envelope(_ body: [UInt8], algorithm: String?, seq: UInt64? = nil) -> [UInt8] {
        let metric = algorithm.map { counted(2, counted(1, "algorithm".utf8) + number(4, 12) + counted(15, $0.utf8)) }
        return (metric ?? []) + (seq.map { number(3, $0) } ?? []) + counted(4, "SPBV1.0_COMPRESSED".utf8) + counted(5, body)
    }
}
