/// The buckets of the sample codec, in one place for the encoder and the decoder.
///
/// Both codes are a unary prefix (ones ended by a zero) that names a bucket, then the zigzag number less the
/// numbers of all smaller buckets, so that no code is wasted. The widths were chosen on synthetic data of office
/// printers (see `SampleSizeTests`); change them only together with the version of what is stored.
enum SampleCode {
    /// Payload bits of a delta of deltas of times in ms, by number of leading ones; 0 ones is "no change".
    /// 6: a jitter of a few ms. 10: ±200 ms and more. 13: clocks that round to seconds. 20: a lost report.
    @inline(__always)
    static func timeWidth(_ ones: Int) -> Int {
        switch ones {
        case 0: 0
        case 1: 6
        case 2: 10
        case 3: 13
        case 4: 20
        case 5: 32
        default: 64
        }
    }
    /// The last prefix needs no ending zero.
    static let timeMaximumOnes = 6

    /// Payload bits of the delta of two decimal integers, by number of leading ones; 0 ones is "no change".
    @inline(__always)
    static func valueWidth(_ ones: Int) -> Int {
        switch ones {
        case 0: 0
        case 1: 2
        case 2: 5
        case 3: 8
        case 4: 13
        default: 24
        }
    }
    /// Six ones and a zero: a new exponent and a new integer follow.
    static let rebaseOnes = 6
    /// Seven ones: a double follows, and from there on XOR.
    static let doubleOnes = 7

    static let exponentWidth = 3
    static let integerLengthWidth = 6
    /// Zigzag of a magnitude of at most 2^51.
    static let integerMaximumWidth = 53

    static let leadingWidth = 5
    static let leadingMaximum = 31
    static let meaningfulWidth = 6
    /// 31 leading zeros and 64 meaningful bits cannot be: the pair says "back to decimals".
    static let decimalEscape: UInt64 = 0b11_11111_111111
    static let decimalEscapeWidth = 13
    /// At least as many bits as any sample takes: 70 of time and 77 of value.
    static let maximumBits = 160
    /// No window of meaningful bits to reuse yet.
    static let noWindow: UInt8 = 255
}

/// Up to 128 bits of code, the first ones in `head`.
struct BitCode {
    var head: UInt64
    var headWidth: Int
    var tail: UInt64 = 0
    var tailWidth: Int = 0

    @inline(__always)
    var width: Int { headWidth &+ tailWidth }
}
