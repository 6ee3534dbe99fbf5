import CSimdjson

/// A parsed JSON document as simdjson lays it out (its doc/tape.md): 64-bit words, the type in the high byte.
/// It points into the parser and holds until the parser's next call.
struct JSONTape {
    let words: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>

    /// The type byte of the word at `index`: one of `{ [ " l u d t f n`.
    func type(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: words[index] >> 56) }

    func isString(_ index: Int) -> Bool { type(index) == UInt8(ascii: "\"") }
    func isList(_ index: Int) -> Bool { type(index) == UInt8(ascii: "[") }
    func isNull(_ index: Int) -> Bool { type(index) == UInt8(ascii: "n") }

    /// For `{` and `[`: the index after the closing bracket.
    func end(_ index: Int) -> Int { Int(words[index] & 0xFFFF_FFFF) }

    /// The index of the value after the one at `index`.
    func next(_ index: Int) -> Int {
        switch type(index) {
        case UInt8(ascii: "{"), UInt8(ascii: "["): end(index)
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index + 2
        default: index + 1
        }
    }

    func string(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let at = strings + Int(words[index] & 0x00FF_FFFF_FFFF_FFFF)
        let length = UnsafeRawPointer(at).loadUnaligned(as: UInt32.self)
        return UnsafeBufferPointer(start: at + 4, count: Int(length))
    }

    /// The number at `index`, or nil when the value is of another type.
    func number(_ index: Int) -> Double? {
        switch type(index) {
        case UInt8(ascii: "d"): Double(bitPattern: words[index + 1])
        case UInt8(ascii: "l"): Double(Int64(bitPattern: words[index + 1]))
        case UInt8(ascii: "u"): Double(words[index + 1])
        default: nil
        }
    }

    /// The number at `index`, or the one that a text holds.
    func numberOrText(_ index: Int) -> Double? { number(index) ?? (isString(index) ? DecimalText.number(string(index)) : nil) }

    /// A whole number, or a text that is plainly one.
    func whole(_ index: Int) -> Int64? {
        switch type(index) {
        case UInt8(ascii: "l"): return Int64(bitPattern: words[index + 1])
        case UInt8(ascii: "\""):
            guard !DecimalText.mayBeIdentifier(string(index)) else { return nil }
            return DecimalText.number(string(index)).flatMap { Int64(exactly: $0) }
        default: return number(index).flatMap { Int64(exactly: $0) }
        }
    }

    func integer(_ index: Int) -> Int64? {
        switch type(index) {
        case UInt8(ascii: "l"): Int64(bitPattern: words[index + 1])
        case UInt8(ascii: "u"): Int64(exactly: words[index + 1])
        case UInt8(ascii: "d"): Int64(exactly: Double(bitPattern: words[index + 1]).rounded(.towardZero))
        default: nil
        }
    }

    /// A string, a number or a truth value as text; nil for everything else.
    func text(_ index: Int) -> String? {
        switch type(index) {
        case UInt8(ascii: "\""): return String(decoding: string(index), as: UTF8.self)
        case UInt8(ascii: "t"): return "true"
        case UInt8(ascii: "f"): return "false"
        default:
            if type(index) != UInt8(ascii: "d"), let whole = integer(index) { return String(whole) }
            return number(index).map { "\($0)" }
        }
    }

    /// As `text`, but of a long one only the beginning: enough to say that it is too long.
    func text(_ index: Int, maximumBytes: Int) -> String? {
        guard isString(index), string(index).count > maximumBytes else { return text(index) }
        return String(decoding: string(index).prefix(maximumBytes), as: UTF8.self)
    }

    /// Calls `body` with the index of each member's value, in order.
    func forEachMember(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>, Int) -> Void) {
        guard type(index) == UInt8(ascii: "{") else { return }
        let close = end(index) - 1
        var at = index + 1
        while at < close {
            body(string(at), at + 1)
            at = next(at + 1)
        }
    }

    func member(_ index: Int, _ name: some Collection<UInt8>) -> Int? {
        guard type(index) == UInt8(ascii: "{") else { return nil }
        let (close, length) = (end(index) - 1, name.count)
        var at = index + 1
        while at < close {
            let key = string(at)
            if key.count == length, key.elementsEqual(name) { return at + 1 }
            at = next(at + 1)
        }
        return nil
    }

    /// Calls `body` with the index of each item of a list, in order, until it returns false.
    @inline(__always)
    func forEachItem(_ index: Int, _ body: (Int) -> Bool) {
        guard isList(index) else { return }
        let close = end(index) - 1
        var at = index + 1
        while at < close, body(at) { at = next(at) }
    }

    /// The item of a list at the position that the digits say, counted from 0.
    private func item(_ index: Int, _ digits: [UInt8]) -> Int? {
        guard !digits.isEmpty, digits.count <= 6, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        var left = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        var found: Int?
        forEachItem(index) { item in
            if left == 0 { found = item }
            left -= 1
            return found == nil
        }
        return found
    }

    /// A member that is a string, a number or a truth value, as text.
    func memberText(_ index: Int, _ name: String) -> String? { member(index, name.utf8).flatMap { text($0) } }

    /// Follows a pointer without captures, from a part of the message.
    func find(_ path: PathPattern, from index: Int = 1) -> Int? {
        var at = index
        for case .key(let name) in path.tokens {
            guard let value = isList(at) ? item(at, name) : member(at, name) else { return nil }
            at = value
        }
        return at
    }
}

/// simdjson's parser with its reusable memory. Not thread-safe: one owner.
final class JSONParser {
    private let parser: OpaquePointer
    /// CAPACITY, MEMALLOC (nothing is wrong with the document) and DEPTH_ERROR of simdjson's error.h.
    private static let noMemory: Int32 = 2
    private static let tooLongOrDeep: [Int32] = [1, 4]
    /// Whether it was the form of the last document that was refused, and neither its size nor its depth.
    private(set) var isFormRefused = false
    /// How many bytes behind a document must be readable.
    static var padding: Int { csimdjson_padding() }

    /// Nil when memory is short.
    init?(maximumBytes: Int, maximumDepth: Int) {
        guard let parser = csimdjson_parser_new(maximumBytes, maximumDepth) else { return nil }
        self.parser = parser
    }

    deinit { csimdjson_parser_free(parser) }

    /// `bytes` must be followed by `padding` readable bytes.
    func parse(_ bytes: UnsafeRawBufferPointer) throws(DecodeError) -> JSONTape {
        let document = csimdjson_parse(parser, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        isFormRefused = document.error != 0 && document.error != Self.noMemory && !Self.tooLongOrDeep.contains(document.error)
        guard document.error == 0, let words = document.tape, let strings = document.strings else {
            throw DecodeError(
                document.error == Self.noMemory
                    ? "memory was too short to read it; nothing is known against it, so it may be replayed"
                    : "not JSON: " + String(cString: csimdjson_error_message(document.error)))
        }
        return JSONTape(words: words, strings: strings)
    }
}
