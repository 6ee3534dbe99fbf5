/// A double seen as `integer / 10^exponent`, which is how most devices mean their numbers: 24.03, 182.5, 43.
///
/// The XOR of two doubles such as 24.03 and 24.04 has dozens of bits, their integers 2403 and 2404 differ by one.
/// The form is only used where it is exact, bit for bit; everything else stays a double.
enum DecimalForm {
    /// Six decimals are more than any sensor of a printer says; one more would not pay for its trial.
    static let maximumExponent: UInt8 = 6
    /// Below 2^51 a scaled value is less than half a unit away from its integer, so that rounding finds it.
    static let magnitudeLimit: Double = 0x1p51

    @inline(__always)
    static func power(_ exponent: UInt8) -> Double {
        switch exponent {
        case 0: 1
        case 1: 10
        case 2: 100
        case 3: 1_000
        case 4: 10_000
        case 5: 100_000
        default: 1_000_000
        }
    }

    /// The integer m with `Double(m) / 10^exponent` equal to `value` bit for bit, or nil if there is none.
    ///
    /// Bit patterns are compared, not numbers, because −0.0 == 0.0 would lose the sign.
    @inline(__always)
    static func integer(of value: Double, exponent: UInt8) -> Int64? {
        let power = power(exponent)
        let scaled = value * power
        // The comparison is false for an overflow to infinity, too.
        guard scaled.magnitude < magnitudeLimit else { return nil }
        // Rounding by hand: the conversion truncates, and `rounded()` is a call into libm on baseline x86-64.
        let integer = Int64(scaled + (scaled < 0 ? -0.5 : 0.5))
        guard (Double(integer) / power).bitPattern == value.bitPattern else { return nil }
        return integer
    }

    /// The double that `integer` and `exponent` stand for: a correctly rounded quotient of two exact numbers.
    @inline(__always)
    static func value(_ integer: Int64, exponent: UInt8) -> Double {
        Double(integer) / power(exponent)
    }

    /// The smallest exponent from `lowest` on that is exact, with its integer; nil if there is none.
    static func smallest(of value: Double, from lowest: UInt8) -> (exponent: UInt8, integer: Int64)? {
        var exponent = lowest
        while exponent <= maximumExponent {
            if let integer = integer(of: value, exponent: exponent) { return (exponent, integer) }
            exponent &+= 1
        }
        return nil
    }
}

/// Maps small numbers of either sign to small numbers without one: 0, −1, 1, −2, 2 … to 0, 1, 2, 3, 4 …
enum ZigZag {
    @inline(__always)
    static func encode(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value &<< 1) ^ (value &>> 63))
    }

    @inline(__always)
    static func decode(_ code: UInt64) -> Int64 {
        Int64(bitPattern: code &>> 1) ^ (0 &- Int64(bitPattern: code & 1))
    }
}
