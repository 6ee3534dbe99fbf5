/// A logarithm for binning: from the bits of the number and a polynomial, the same on every machine.
enum FastLog {
    /// To 0.00001; positive finite numbers, or infinity, which gives 38.5.
    static func log10(_ value: Float) -> Float {
        let bits = value.bitPattern
        let exponent = Float(Int32(bits >> 23 & 0xFF) - 127)
        let mantissa = Float(bitPattern: bits & 0x7F_FFFF | 0x3F80_0000)
        // log2 of 1 to 2: a polynomial fitted by least squares, exact at both ends so that there is no step between octaves.
        let x = mantissa - 1
        let log2 = exponent + x + x * (1 - x) * (0.441_740_3 + x * (-0.266_029_9 + x * (0.146_314_3 - x * 0.044_004_7)))
        return log2 * 0.301_029_996
    }
}
