/// Why bytes are no chunk of samples. Chunks come from a file, so that any bytes may come here.
public enum ChunkError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes end inside the sample of this index, or cannot hold as many samples as asked for.
    case truncated(sampleIndex: Int)
    /// The sample of this index has a code that no encoder writes.
    case malformed(sampleIndex: Int)
    /// The count asked for is negative.
    case negativeCount(Int)

    public var description: String {
        switch self {
        case .truncated(let index): "The chunk ends inside sample \(index); it was cut off, or belongs to another count."
        case .malformed(let index): "Sample \(index) of the chunk has a code that is never written; the bytes are damaged."
        case .negativeCount(let count): "A chunk cannot hold \(count) samples; the stored count is damaged."
        }
    }
}

/// The reading side of `SampleEncoder`.
public enum SampleChunk {
    /// The samples of a chunk in the order in which they were appended.
    ///
    /// Bytes behind the last sample are not looked at, so that a whole storage may be given, too. Damaged bytes give
    /// an error or other finite samples, never a trap, and never more memory than `bytes` can hold samples.
    ///
    /// - Parameters:
    ///   - bytes: `[0, byteCount)` of the storage.
    ///   - count: the encoder's `count`.
    public static func decode(_ bytes: UnsafeRawBufferPointer, count: Int) throws(ChunkError) -> [Sample] {
        guard count >= 0 else { throw .negativeCount(count) }
        guard count > 0 else { return [] }
        // The first sample takes 65 bits, every other one at least 2. Checked before anything is allocated.
        guard bytes.count > 8, (count &- 1) / 4 <= bytes.count &- 8 else { throw .truncated(sampleIndex: 0) }

        var decoder = SampleDecoder(bytes: bytes)
        var samples: [Sample] = []
        samples.reserveCapacity(count)
        for index in 0..<count { samples.append(try decoder.next(index)) }
        return samples
    }
}

/// Reads one sample after another; mirrors the state of `SampleEncoder`.
struct SampleDecoder {
    private var reader: BitReader
    private var isFirst = true
    private var lastMilliseconds: Int64 = 0
    private var lastDelta: Int64 = 0
    private var lastBits: UInt64 = 0
    private var lastInteger: Int64 = 0
    private var exponent: UInt8 = 0
    private var isDecimal = true
    private var leading = Int(SampleCode.noWindow)
    private var meaningful = 0

    init(bytes: UnsafeRawBufferPointer) {
        reader = BitReader(bytes: bytes)
    }

    /// The sample of this index, which an error names.
    mutating func next(_ index: Int) throws(ChunkError) -> Sample {
        readTime()
        let isWellFormed = isDecimal ? readDecimal() : readXOR()
        // Past the end the reader gives zeros, so that one look at the end of a sample is enough.
        guard !reader.isPastEnd else { throw .truncated(sampleIndex: index) }
        let value = Double(bitPattern: lastBits)
        guard isWellFormed, value.isFinite else { throw .malformed(sampleIndex: index) }
        return Sample(timeMilliseconds: lastMilliseconds, value: value)
    }

    private mutating func readTime() {
        if isFirst {
            isFirst = false
            lastMilliseconds = Int64(bitPattern: reader.read(64))
            return
        }
        let ones = reader.readOnes(atMost: SampleCode.timeMaximumOnes)
        if ones > 0 {
            let rest = reader.read(SampleCode.timeWidth(ones))
            let zigzag = rest &+ Self.smallerCodes(ones, SampleCode.timeWidth) &+ 1
            lastDelta = lastDelta &+ ZigZag.decode(zigzag)
        }
        lastMilliseconds = lastMilliseconds &+ lastDelta
    }

    /// The number of codes in the buckets before this one.
    @inline(__always)
    private static func smallerCodes(_ ones: Int, _ width: (Int) -> Int) -> UInt64 {
        var sum: UInt64 = 0
        var bucket = 1
        while bucket < ones {
            sum &+= 1 &<< UInt64(truncatingIfNeeded: width(bucket))
            bucket &+= 1
        }
        return sum
    }

    private mutating func readDecimal() -> Bool {
        let ones = reader.readOnes(atMost: SampleCode.doubleOnes)
        switch ones {
        case 0:
            return true
        case SampleCode.doubleOnes:
            lastBits = reader.read(64)
            isDecimal = false
            leading = Int(SampleCode.noWindow)
            return true
        case SampleCode.rebaseOnes:
            return readRebase()
        default:
            let rest = reader.read(SampleCode.valueWidth(ones))
            let zigzag = rest &+ Self.smallerCodes(ones, SampleCode.valueWidth) &+ 1
            return set(integer: lastInteger &+ ZigZag.decode(zigzag))
        }
    }

    private mutating func readRebase() -> Bool {
        let newExponent = UInt8(truncatingIfNeeded: reader.read(SampleCode.exponentWidth))
        let length = Int(truncatingIfNeeded: reader.read(SampleCode.integerLengthWidth))
        guard newExponent <= DecimalForm.maximumExponent, length <= SampleCode.integerMaximumWidth else { return false }
        exponent = newExponent
        isDecimal = true
        return set(integer: ZigZag.decode(reader.read(length)))
    }

    private mutating func set(integer: Int64) -> Bool {
        guard integer.magnitude <= 1 << 51 else { return false }
        lastInteger = integer
        lastBits = DecimalForm.value(integer, exponent: exponent).bitPattern
        return true
    }

    private mutating func readXOR() -> Bool {
        guard reader.read(1) == 1 else { return true }
        if reader.read(1) == 1 {
            let newLeading = Int(truncatingIfNeeded: reader.read(SampleCode.leadingWidth))
            let newMeaningful = Int(truncatingIfNeeded: reader.read(SampleCode.meaningfulWidth)) &+ 1
            if newLeading == SampleCode.leadingMaximum, newMeaningful == 64 { return readRebase() }
            guard newLeading &+ newMeaningful <= 64 else { return false }
            leading = newLeading
            meaningful = newMeaningful
        } else if leading == Int(SampleCode.noWindow) {
            return false
        }
        let behind = 64 &- leading &- meaningful
        lastBits ^= reader.read(meaningful) &<< UInt64(truncatingIfNeeded: behind)
        return true
    }
}
