/// A part of a message that speaks for itself: about one device, at one time.
public struct MessagePart: Equatable, Sendable {
    /// The device that the payload names; nil: the one of the topic.
    public var device: String?
    let index: Int
}

/// Messages that are more, or other, than one JSON object about one device.
extension MessageDecoder {
    static let maximumParts = 10_000

    /// Where the parts of a parsed message stand, in its order.
    static func parts(_ tape: JSONTape, _ rule: MessageRule) throws(DecodeError) -> [MessagePart] {
        var parts: [MessagePart] = []
        let tokens = rule.format == .csv ? [.each(capture: "row", member: nil, prefix: [])] : rule.each?.tokens ?? []
        collect(tape, 1, tokens[...], nil, &parts)
        guard parts.count < maximumParts else { throw DecodeError("the message has \(maximumParts) parts or more") }
        guard let path = rule.device else { return parts }
        if let required = rule.requires {
            parts.removeAll { tape.find(required, from: $0.index) == nil && tape.find(required) == nil }
        }
        return try parts.map { part throws(DecodeError) in
            guard let name = (tape.find(path, from: part.index) ?? tape.find(path)).flatMap({ tape.text($0) }) else {
                throw DecodeError("\"\(path.text)\" names no device")
            }
            return MessagePart(device: name, index: part.index)
        }
    }

    /// `{device}` takes each member and its name; `{row}` takes each item of a list, or the value itself where there is no list.
    private static func collect(
        _ tape: JSONTape, _ index: Int, _ tokens: ArraySlice<PathPattern.Token>, _ device: String?, _ parts: inout [MessagePart]
    ) {
        guard parts.count < maximumParts else { return }
        guard let token = tokens.first else { return parts.append(MessagePart(device: device, index: index)) }
        let rest = tokens.dropFirst()
        switch token {
        case .key(let name):
            if let value = tape.member(index, name) { collect(tape, value, rest, device, &parts) }
        case .each(let capture, _, _) where capture == "device":
            tape.forEachMember(index) { key, value in collect(tape, value, rest, String(decoding: key, as: UTF8.self), &parts) }
        case .each:
            guard tape.type(index) == UInt8(ascii: "[") else { return collect(tape, index, rest, device, &parts) }
            let close = tape.end(index) - 1
            var at = index + 1
            while at < close {
                collect(tape, at, rest, device, &parts)
                at = tape.next(at)
            }
        }
    }

    /// Whether the first sign of the payload begins an object or a list.
    static func isStructured(_ payload: UnsafeRawBufferPointer) -> Bool {
        let first = payload.first { $0 > 0x20 }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    /// A word in the quotes of JSON is the word.
    static func unquoted(_ payload: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard payload.count >= 2, payload.first == UInt8(ascii: "\""), payload.last == UInt8(ascii: "\"") else { return payload }
        return UnsafeRawBufferPointer(rebasing: payload[1..<payload.count - 1])
    }

    /// Text as `{"value": "…"}`.
    static func json(text: UnsafeRawBufferPointer) -> [UInt8] {
        var bytes = Array("{\"value\":".utf8)
        appendString(text, &bytes)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Lines as a list of objects with the columns' names. A line with too few values leaves the last columns out; more are an error.
    static func json(csv: UnsafeRawBufferPointer, _ rule: MessageRule) throws(DecodeError) -> [UInt8] {
        var bytes = [UInt8(ascii: "[")]
        var number = 0
        for line in csv.split(separator: 0x0A) {
            number += 1
            let line = line.last == 0x0D ? line.dropLast() : line
            if line.isEmpty { continue }
            let cells = line.split(separator: rule.delimiter, omittingEmptySubsequences: false)
            guard cells.count <= rule.columns.count else {
                throw DecodeError("line \(number) has \(cells.count) values, and the profile names \(rule.columns.count) columns")
            }
            bytes.append(contentsOf: bytes.count > 1 ? [UInt8(ascii: ","), UInt8(ascii: "{")] : [UInt8(ascii: "{")])
            var isFirst = true
            for (name, cell) in zip(rule.columns, cells) where !cell.isEmpty {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                var name = name
                name.withUTF8 { appendString(UnsafeRawBufferPointer($0), &bytes) }
                bytes.append(UInt8(ascii: ":"))
                appendString(UnsafeRawBufferPointer(rebasing: trimmed(cell)), &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    /// Without blanks around it and without quotes around that.
    private static func trimmed(_ cell: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var cell = cell
        while let first = cell.first, first == 0x20 || first == 0x09 { cell = cell.dropFirst() }
        while let last = cell.last, last == 0x20 || last == 0x09 { cell = cell.dropLast() }
        if cell.count >= 2, cell.first == UInt8(ascii: "\""), cell.last == UInt8(ascii: "\"") { cell = cell.dropFirst().dropLast() }
        return cell
    }

    private static func appendString(_ text: UnsafeRawBufferPointer, _ bytes: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
