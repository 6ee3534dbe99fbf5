/// Reads bits, the highest of each byte first. Past the end it gives zeros and `isPastEnd` is true, so that no single read has to check.
struct BitReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Whether more bits were read than there are.
    var isPastEnd: Bool { position > bytes.count &<< 3 }

    /// The next `width` (0…64) bits as a number.
    @inline(__always)
    mutating func read(_ width: Int) -> UInt64 {
        assert(width <= 64, "a number has at most 64 bits")
        guard width > 0 else { return 0 }
        let offset = position &>> 3
        let skip = position & 7
        position &+= width
        let word = word(at: offset)
        let taken = (word &<< UInt64(truncatingIfNeeded: skip)) &>> UInt64(truncatingIfNeeded: 64 &- width)
        let missing = skip &+ width &- 64
        guard missing > 0 else { return taken }
        // At most 7 bits of a ninth byte.
        guard offset &+ 8 < bytes.count else { return taken }
        return taken | UInt64(bytes[offset &+ 8]) &>> UInt64(truncatingIfNeeded: 8 &- missing)
    }

    /// The number of ones before the next zero, which is read, too; after `limit` ones no zero is expected.
    @inline(__always)
    mutating func readOnes(atMost limit: Int) -> Int {
        let ones = (~(word(at: position &>> 3) &<< UInt64(truncatingIfNeeded: position & 7))).leadingZeroBitCount
        guard ones < limit else {
            position &+= limit
            return limit
        }
        position &+= ones &+ 1
        return ones
    }

    @inline(__always)
    private func word(at offset: Int) -> UInt64 {
        guard offset &+ 8 > bytes.count else {
            return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        var word: UInt64 = 0
        var index = 0
        while index < 8 {
            let byte = offset &+ index < bytes.count ? bytes[offset &+ index] : 0
            word = word &<< 8 | UInt64(byte)
            index &+= 1
        }
        return word
    }
}
