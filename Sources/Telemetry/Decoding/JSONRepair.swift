/// JSON as devices write it: with a byte order mark, NULs behind it, `NaN` and `Infinity` for values, several documents in one message.
///
/// Runs only after the parser has refused the payload, in one pass over it. What it gives back is at most a quarter longer, and is parsed as ever,
/// so it need not find every mistake.
struct JSONRepair {
    static let maximumDocuments = 64

    /// The documents, one behind the other, with room behind for the parser to look ahead.
    private(set) var bytes: [UInt8] = []
    private(set) var documents: [Range<Int>] = []
    /// Documents beyond those that are read.
    private(set) var dropped = 0

    private var start = 0
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// The last byte that is no blank, outside of texts.
    private var last: UInt8 = 0

    /// Nil when it is not one of these forms: the brackets do not close, something else stands outside of them, or there is nothing to repair.
    init?(_ payload: UnsafeRawBufferPointer) {
        bytes.reserveCapacity(payload.count + payload.count / 4 + MessageDecoder.padding)
        var at = payload.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var hasWords = false
        while at < payload.count {
            let byte = payload[at]
            if depth > 0, !isInString, let length = Self.wordForUnknown(payload, at), Self.isBeforeValue(last) {
                bytes += Array("null".utf8)
                last = UInt8(ascii: "l")
                hasWords = true
                at += length
                continue
            }
            guard take(byte) else { return nil }
            at += 1
        }
        guard depth == 0, let first = documents.first, hasWords || first.count < payload.count else { return nil }
        bytes.append(contentsOf: repeatElement(0, count: MessageDecoder.padding))
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        if depth == 0 {
            if Self.isBetweenDocuments(byte) { return true }
            guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") else { return false }
            start = bytes.count
        }
        bytes.append(byte)
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return true
        }
        if byte > 0x20 { last = byte }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            if depth == 0 { endDocument() }
        default: break
        }
        return true
    }

    private mutating func endDocument() {
        if documents.count < Self.maximumDocuments {
            documents.append(start..<bytes.count)
        } else {
            dropped += 1
            bytes.removeLast(bytes.count - start)
        }
    }

    /// Blanks, line ends, NUL, and the record separator of RFC 7464.
    private static func isBetweenDocuments(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D || byte == 0 || byte == 0x1E
    }

    private static func isBeforeValue(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "[")
    }

    /// The length of `NaN`, `Infinity` or `inf` at this place, with a sign or without, in small or capital letters, as Python, JavaScript and
    /// the printf of C write them; C also writes `nan(ind)`. Nil for everything else.
    private static func wordForUnknown(_ payload: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        var at = start
        if payload[at] == UInt8(ascii: "-") || payload[at] == UInt8(ascii: "+") { at += 1 }
        guard at < payload.count, payload[at] | 0x20 == UInt8(ascii: "n") || payload[at] | 0x20 == UInt8(ascii: "i") else { return nil }
        let word = payload[at..<min(at + 9, payload.count)].prefix { (0x61...0x7A).contains($0 | 0x20) }
        let names: [StaticString] = ["nan", "inf", "infinity"]
        let isName = names.contains { name in
            name.utf8CodeUnitCount == word.count && zip(word, 0..<word.count).allSatisfy { $0 | 0x20 == name.utf8Start[$1] }
        }
        guard isName else { return nil }
        at += word.count
        if at < payload.count, payload[at] == UInt8(ascii: "(") {
            let inner = payload[(at + 1)..<min(at + 18, payload.count)].prefix {
                (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0)
            }
            guard inner.endIndex < payload.count, payload[inner.endIndex] == UInt8(ascii: ")") else { return nil }
            at = inner.endIndex + 1
        }
        return at - start
    }
}
