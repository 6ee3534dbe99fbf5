/// State of an open chunk of samples of one metric: plain data, so that hundreds of thousands lie in one flat array.
///
/// Times are coded as deltas of deltas (Gorilla: Pelkonen et al., VLDB 2015, 4.1.1, but in ms and with any jump),
/// values as deltas of decimal integers where that is exact bit for bit, else as XOR of doubles (Gorilla, 4.1.2).
/// The code is lossless for every finite double and every pair of `Int64` times. The encoder allocates nothing
/// and keeps no pointer: the caller owns the storage and passes the same bytes to every `append`.
public struct SampleEncoder: Equatable, Sendable {
    /// The storage that one open chunk needs. 512 would save about 3 % of bytes, and double what an idle metric holds.
    public static let capacityBytes = 256

    /// Samples in the chunk; the decoder must be told this number.
    public private(set) var count: Int32 = 0
    private var bitCount: Int32 = 0
    /// Time of the first and of the most recently appended sample in ms; both 0 while `count` is 0.
    public private(set) var firstMilliseconds: Int64 = 0
    public private(set) var lastMilliseconds: Int64 = 0
    private var lastDelta: Int64 = 0
    /// The bits of the unfinished word, from the top; also in the storage, so that the chunk is valid at any moment.
    private var pending: UInt64 = 0
    private var lastBits: UInt64 = 0
    private var lastInteger: Int64 = 0
    private var exponent: UInt8 = 0
    private var isDecimal = true
    private var leading: UInt8 = SampleCode.noWindow
    private var meaningful: UInt8 = 0
    /// Values in a row that would have been decimals while XOR is on; two of them switch back.
    private var decimalRun: UInt8 = 0

    public init() {}

    /// Finished bytes so far: `[0, byteCount)` of the storage is a valid chunk of `count` samples after each `append`.
    public var byteCount: Int { (Int(bitCount) &+ 7) &>> 3 }

    /// Appends one sample, writing whole words of 8 bytes into `storage`, which must hold what earlier calls wrote.
    ///
    /// - Parameter storage: `capacityBytes` bytes; another size works, of which whole words up to 64 KiB are used. When it is full, the same
    ///   sample can be appended to a larger storage that begins with the same bytes.
    /// - Returns: false if the sample does not fit any more: close the chunk, begin anew with `init()` and append the
    ///   same sample. Also false, in any chunk, for a value that is not finite: callers refuse those before.
    ///   When it returns false neither the encoder nor the storage has changed.
    public mutating func append(timeMilliseconds time: Int64, value: Double, into storage: UnsafeMutableRawBufferPointer) -> Bool {
        guard value.isFinite, let base = storage.baseAddress else { return false }
        let roomBits = (min(storage.count, 65_536) &>> 3) &<< 6 &- Int(bitCount)
        if roomBits >= SampleCode.maximumBits {
            // In place: a copy of the state, field by field written and then read as a block, costs more than the code.
            let code = codeTime(time)
            put(code, codeValue(value), base)
            return true
        }
        // Near the end a copy shows whether the sample fits before anything has changed.
        var next = self
        let timeCode = next.codeTime(time)
        let valueCode = next.codeValue(value)
        guard timeCode.width &+ valueCode.width <= roomBits else { return false }
        next.put(timeCode, valueCode, base)
        self = next
        return true
    }

    /// Codes the time against the last ones and remembers it.
    @inline(__always)
    private mutating func codeTime(_ time: Int64) -> BitCode {
        count &+= 1
        if count == 1 {
            firstMilliseconds = time
            lastMilliseconds = time
            return BitCode(head: UInt64(bitPattern: time), headWidth: 64)
        }
        let delta = time &- lastMilliseconds
        let code = Self.timeCode(delta &- lastDelta)
        lastMilliseconds = time
        lastDelta = delta
        return code
    }

    @inline(__always)
    private static func timeCode(_ deltaOfDeltas: Int64) -> BitCode {
        if deltaOfDeltas == 0 { return BitCode(head: 0, headWidth: 1) }
        var rest = ZigZag.encode(deltaOfDeltas) &- 1
        if rest < 1 << 6 { return BitCode(head: 0b10 << 6 | rest, headWidth: 8) }
        rest &-= 1 << 6
        if rest < 1 << 10 { return BitCode(head: 0b110 << 10 | rest, headWidth: 13) }
        rest &-= 1 << 10
        if rest < 1 << 13 { return BitCode(head: 0b1110 << 13 | rest, headWidth: 17) }
        rest &-= 1 << 13
        if rest < 1 << 20 { return BitCode(head: 0b11110 << 20 | rest, headWidth: 25) }
        rest &-= 1 << 20
        if rest < 1 << 32 { return BitCode(head: 0b111110 << 32 | rest, headWidth: 38) }
        rest &-= 1 << 32
        return BitCode(head: 0b111111, headWidth: 6, tail: rest, tailWidth: 64)
    }

    /// Codes the value against the last one and remembers it.
    @inline(__always)
    private mutating func codeValue(_ value: Double) -> BitCode {
        let bits = value.bitPattern
        // A chunk begins with +0.0 as its last value, which is as good a guess as any.
        if bits == lastBits { return BitCode(head: 0, headWidth: 1) }
        let difference = bits ^ lastBits
        lastBits = bits
        guard isDecimal else { return codeXOR(value, difference) }
        guard let integer = DecimalForm.integer(of: value, exponent: exponent) else { return leaveExponent(value) }
        let rest = ZigZag.encode(integer &- lastInteger) &- 1
        if let code = Self.integerCode(rest) {
            lastInteger = integer
            return code
        }
        return rebase(exponent, integer, head: 0b1111110, headWidth: 7)
    }

    @inline(__always)
    private static func integerCode(_ zigzagLessOne: UInt64) -> BitCode? {
        var rest = zigzagLessOne
        if rest < 1 << 2 { return BitCode(head: 0b10 << 2 | rest, headWidth: 4) }
        rest &-= 1 << 2
        if rest < 1 << 5 { return BitCode(head: 0b110 << 5 | rest, headWidth: 8) }
        rest &-= 1 << 5
        if rest < 1 << 8 { return BitCode(head: 0b1110 << 8 | rest, headWidth: 12) }
        rest &-= 1 << 8
        if rest < 1 << 13 { return BitCode(head: 0b11110 << 13 | rest, headWidth: 18) }
        rest &-= 1 << 13
        if rest < 1 << 24 { return BitCode(head: 0b111110 << 24 | rest, headWidth: 30) }
        return nil
    }

    /// The value has more decimals than any before it in the chunk, or is no decimal at all.
    @inline(never)
    private mutating func leaveExponent(_ value: Double) -> BitCode {
        if let form = DecimalForm.smallest(of: value, from: 0) {
            return rebase(form.exponent, form.integer, head: 0b1111110, headWidth: 7)
        }
        isDecimal = false
        leading = SampleCode.noWindow
        decimalRun = 0
        return BitCode(head: 0b1111111, headWidth: 7, tail: value.bitPattern, tailWidth: 64)
    }

    private mutating func rebase(_ newExponent: UInt8, _ integer: Int64, head: UInt64, headWidth: Int) -> BitCode {
        exponent = newExponent
        lastInteger = integer
        isDecimal = true
        let zigzag = ZigZag.encode(integer)
        let length = 64 &- zigzag.leadingZeroBitCount
        let fields = head &<< 9 | UInt64(newExponent) &<< 6 | UInt64(truncatingIfNeeded: length)
        return BitCode(head: fields, headWidth: headWidth &+ 9, tail: zigzag, tailWidth: length).joined
    }

    @inline(never)
    private mutating func codeXOR(_ value: Double, _ difference: UInt64) -> BitCode {
        // One trial with the largest exponent speaks for the smaller ones.
        if DecimalForm.integer(of: value, exponent: DecimalForm.maximumExponent) != nil {
            decimalRun &+= 1
            if decimalRun >= 2, let form = DecimalForm.smallest(of: value, from: 0) {
                return rebase(form.exponent, form.integer, head: SampleCode.decimalEscape, headWidth: SampleCode.decimalEscapeWidth)
            }
        } else {
            decimalRun = 0
        }
        let zerosInFront = min(difference.leadingZeroBitCount, SampleCode.leadingMaximum)
        let zerosBehind = difference.trailingZeroBitCount
        if leading != SampleCode.noWindow {
            let windowBehind = 64 &- Int(leading) &- Int(meaningful)
            // A window much wider than needed costs more than a new one.
            let spare = zerosInFront &- Int(leading) &+ zerosBehind &- windowBehind
            if zerosInFront >= Int(leading), zerosBehind >= windowBehind, spare <= 11 {
                let field = difference &>> UInt64(truncatingIfNeeded: windowBehind)
                return BitCode(head: 0b10, headWidth: 2, tail: field, tailWidth: Int(meaningful)).joined
            }
        }
        let length = 64 &- zerosInFront &- zerosBehind
        leading = UInt8(truncatingIfNeeded: zerosInFront)
        meaningful = UInt8(truncatingIfNeeded: length)
        let head = 0b11 << 11 | UInt64(leading) &<< 6 | UInt64(meaningful &- 1)
        return BitCode(head: head, headWidth: 13, tail: difference &>> UInt64(truncatingIfNeeded: zerosBehind), tailWidth: length).joined
    }

    @inline(__always)
    private mutating func put(_ timeCode: BitCode, _ valueCode: BitCode, _ base: UnsafeMutableRawPointer) {
        let width = timeCode.width &+ valueCode.width
        if width <= 64 {
            // The way of nearly every sample: one word at most is crossed.
            put(timeCode.head &<< UInt64(truncatingIfNeeded: valueCode.headWidth) | valueCode.head, width, base)
        } else {
            put(timeCode.head, timeCode.headWidth, base)
            put(timeCode.tail, timeCode.tailWidth, base)
            put(valueCode.head, valueCode.headWidth, base)
            put(valueCode.tail, valueCode.tailWidth, base)
        }
        if bitCount & 63 != 0 { flush(base) }
    }

    /// Appends the low `width` bits (0…64) of `bits`, which has no others.
    @inline(__always)
    private mutating func put(_ bits: UInt64, _ width: Int, _ base: UnsafeMutableRawPointer) {
        let free = 64 &- Int(bitCount & 63)
        if width < free {
            pending |= bits &<< UInt64(truncatingIfNeeded: free &- width)
        } else {
            let rest = width &- free
            pending |= bits &>> UInt64(truncatingIfNeeded: rest)
            flush(base)
            // A masked shift by 64 would be one by 0.
            pending = rest == 0 ? 0 : bits &<< UInt64(truncatingIfNeeded: 64 &- rest)
        }
        bitCount &+= Int32(truncatingIfNeeded: width)
    }

    /// Writes the word that `bitCount` stands in. The capacity is whole words, so that there is room for it if it
    /// holds a bit; on a word boundary it holds none, and at the very end of the storage it is not there.
    @inline(__always)
    private func flush(_ base: UnsafeMutableRawPointer) {
        base.storeBytes(of: pending.bigEndian, toByteOffset: (Int(bitCount) &>> 6) &<< 3, as: UInt64.self)
    }
}

extension BitCode {
    /// The same bits in one word if they fit into one.
    @inline(__always)
    var joined: BitCode {
        guard width <= 64, tailWidth < 64 else { return self }
        return BitCode(head: head &<< UInt64(truncatingIfNeeded: tailWidth) | tail, headWidth: width)
    }
}
