/// A value that is some bits of a whole number: value = (number >> shift) & mask. Nozzles of a printer tell actual and wanted temperature in one
/// number, and sensors with IO-Link a measured value and their switches.
public struct PackedNumber: Equatable, Sendable {
    /// Texts are hexadecimal digits, as `03C5`, `0x03C5` or `03 C5`; otherwise they are decimal.
    public var isHexadecimal = false
    /// How many bits on the right are left out.
    public var shift = 0
    /// Which bits count of what is left; nil: all 64.
    public var mask: UInt64?
    /// So many bits of what is left are a number in two's complement; nil: the number has no sign of its own.
    public var signedBits: Int?
    /// So many bits of what is left, 32 or 64, are a floating-point number of IEEE 754; nil: a whole number.
    public var floatBits: Int?

    public static let maximumShift = 1023
    /// A text has at most so many bytes: process data of IO-Link has up to 32 octets, with blanks between them 95 characters.
    static let maximumTextBytes = 384

    /// - Parameter number: a whole number as the device sent it.
    func value(of number: Int64) -> Double {
        // Shifted with its sign, which is lost when a mask or the number of bits says what counts.
        let shifted = number >> Int64(shift)
        return mask == nil && signedBits == nil && floatBits == nil ? Double(shifted) : value(bits: UInt64(bitPattern: shifted))
    }

    /// For a number beyond those with a sign.
    func value(of number: UInt64) -> Double { value(bits: number >> UInt64(shift)) }

    /// Nil for a text that is not hexadecimal.
    func value(ofHexadecimal text: UnsafeBufferPointer<UInt8>) -> Double? {
        Self.bits(ofHexadecimal: text, shift: shift).map { value(bits: $0) }
    }

    /// 64 bits of a number of any length, from the one on that `shift` says.
    static func bits(ofHexadecimal text: UnsafeBufferPointer<UInt8>, shift: Int = 0) -> UInt64? {
        guard text.count <= maximumTextBytes else { return nil }
        var digits = text[...].trimmed()
        if HexText.isMarked(digits) { digits = digits.dropFirst(2) }
        // A separator in front may be a sign, and that is none of these numbers.
        guard let first = digits.first, !HexText.isSeparator(first) else { return nil }
        var (bits, offset, isEmpty): (UInt64, Int, Bool) = (0, -shift, true)
        for byte in digits.reversed() where !HexText.isSeparator(byte) {
            guard let digit = HexText.digit(byte) else { return nil }
            // A shift beyond the width gives 0, and one below 0 goes the other way.
            bits |= UInt64(digit) << offset
            offset += 4
            isEmpty = false
        }
        return isEmpty ? nil : bits
    }

    /// Not a number where the bits of a floating-point number say so.
    private func value(bits: UInt64) -> Double {
        if let floatBits {
            return floatBits == 64 ? Double(bitPattern: bits) : Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        }
        let bits = bits & (mask ?? .max)
        guard let signedBits else { return Double(bits) }
        let unused = UInt64(64 - signedBits)
        return Double(Int64(bitPattern: bits << unused) >> Int64(unused))
    }
}
