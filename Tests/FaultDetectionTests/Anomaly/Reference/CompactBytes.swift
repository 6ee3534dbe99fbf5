@testable import FaultDetection

/// The byte form of snapshots written and read by separate code, as the plain detectors do it: whole numbers in LEB128, floating point by
/// its bits, little endian.
struct CompactWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func number(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func signed(_ value: Int64) { number(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    mutating func float(_ value: Float) {
        for shift in stride(from: 0 as UInt32, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift)) }
    }

    mutating func double(_ value: Double) {
        for shift in stride(from: 0 as UInt64, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift)) }
    }
}

/// Reads what `CompactWriter` wrote; nil at the end and for numbers that are too long.
struct CompactReader {
    private let bytes: ArraySlice<UInt8>
    private var at: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        at = bytes.startIndex
    }

    var isAtEnd: Bool { at == bytes.endIndex }

    mutating func byte() -> UInt8? {
        guard at < bytes.endIndex else { return nil }
        defer { at += 1 }
        return bytes[at]
    }

    mutating func number() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
            guard let byte = byte() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    mutating func signed() -> Int64? {
        number().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
    }

    /// Only finite numbers: no detector stores others.
    mutating func float() -> Float? {
        var bits: UInt32 = 0
        for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
            guard let byte = byte() else { return nil }
            bits |= UInt32(byte) << shift
        }
        let value = Float(bitPattern: bits)
        return value.isFinite ? value : nil
    }

    /// Only finite numbers.
    mutating func double() -> Double? {
        var bits: UInt64 = 0
        for shift in stride(from: 0 as UInt64, to: 64, by: 8) {
            guard let byte = byte() else { return nil }
            bits |= UInt64(byte) << shift
        }
        let value = Double(bitPattern: bits)
        return value.isFinite ? value : nil
    }
}

extension AnomalyReason {
    func write(to bytes: inout CompactWriter) {
        bytes.byte(kind.rawValue)
        bytes.byte(slot)
        bytes.double(deviation)
        bytes.double(expected)
        bytes.float(times)
        bytes.signed(durationSeconds)
        bytes.float(seen)
        bytes.number(UInt64(days))
    }

    init?(from bytes: inout CompactReader) {
        guard let kind = bytes.byte().flatMap(AnomalyKind.init), let slot = bytes.byte(), slot < 96, let deviation = bytes.double(),
            let expected = bytes.double(), let times = bytes.float(), let duration = bytes.signed(),
            let seen = bytes.float(), let days = bytes.number(), days <= UInt64(UInt16.max)
        else { return nil }
        self.init()
        self.kind = kind
        self.slot = slot
        self.deviation = deviation
        self.expected = expected
        self.times = times
        durationSeconds = duration
        self.seen = seen
        self.days = UInt16(days)
    }
}
