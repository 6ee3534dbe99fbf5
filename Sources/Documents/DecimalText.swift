/// Numbers as decimal text, straight into a byte array: the same text as Swift's `description`, which makes a `String` of each.
extension [UInt8] {
    /// Appends a whole number.
    public mutating func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(digits: number.magnitude, decimals: 0)
    }

    /// Appends the shortest decimal that is read as this number again. A whole number has no fraction; the number must be finite.
    public mutating func append(decimal number: Double) {
        if let whole = Int64(exactly: number), whole.magnitude < 1 << 53 { return append(decimal: whole) }
        // What devices measure has few decimals. Decimals of at most 15 digits are all different numbers, so the one that gives this number
        // again is the shortest once its last digit is not 0. Smaller numbers are written with an exponent.
        let millionths = (number * 1e6).rounded()
        guard number.magnitude >= 1e-4, millionths.magnitude < 1e15, millionths / 1e6 == number else {
            return append(contentsOf: number.description.utf8)
        }
        var digits = UInt64(millionths.magnitude)
        var decimals = 6
        while digits % 10 == 0 {
            digits /= 10
            decimals -= 1
        }
        if number < 0 { append(UInt8(ascii: "-")) }
        append(digits: digits, decimals: decimals)
    }

    /// From the last digit to the first; at least one stands before the point.
    private mutating func append(digits: UInt64, decimals: Int) {
        var (rest, decimals) = (digits, decimals)
        // 20 digits and a point.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { buffer in
            var first = buffer.count
            repeat {
                first -= 1
                buffer[first] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
                decimals -= 1
                if decimals == 0 {
                    first -= 1
                    buffer[first] = UInt8(ascii: ".")
                }
            } while rest > 0 || decimals >= 0
            append(contentsOf: UnsafeMutableBufferPointer(rebasing: buffer[first...]))
        }
    }
}
