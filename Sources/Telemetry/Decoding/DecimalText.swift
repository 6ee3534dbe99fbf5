/// Numbers that devices send as text: "26.2", "-66dBm", "43 %".
enum DecimalText {
    static let maximumBytes = 48

    /// The number that the text begins with, when only a unit (letters, %, °, µ, spaces) follows it; otherwise nil.
    static func number(_ bytes: UnsafeBufferPointer<UInt8>, mayHaveUnit: Bool = true) -> Double? {
        guard bytes.count <= maximumBytes else { return nil }
        var at = 0
        while at < bytes.count, bytes[at] == 0x20 { at += 1 }
        let start = at
        if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") { at += 1 }
        let digits = at
        while at < bytes.count, isDigit(bytes[at]) || bytes[at] == UInt8(ascii: ".") { at += 1 }
        guard at > digits else { return nil }
        at = exponent(bytes, from: at)
        if !mayHaveUnit, at < bytes.count { return nil }
        // 0xFF is no zero with a unit.
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "x") { return nil }
        for byte in bytes[at...] where isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-")
        {
            return nil
        }
        return Double(String(decoding: bytes[start..<at], as: UTF8.self))
    }

    private static func exponent(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        guard start < bytes.count, bytes[start] | 0x20 == UInt8(ascii: "e") else { return start }
        var at = start + 1
        if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") { at += 1 }
        let digits = at
        while at < bytes.count, isDigit(bytes[at]) { at += 1 }
        return at > digits ? at : start
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
