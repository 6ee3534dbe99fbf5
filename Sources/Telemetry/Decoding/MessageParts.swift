/// A part of a message that speaks for itself: about one device, at one time.
public struct MessagePart: Equatable, Sendable {
    /// The device that the payload names; nil: the one of the topic.
    public var device: String?
    let index: Int
}

/// Messages that are more, or other, than one JSON object about one device.
extension MessageDecoder {
    public static let maximumParts = 10_000

    /// Where the parts of a parsed message stand, in its order. Returns how many more there are than are read.
    static func collect(_ tape: JSONTape, _ rule: MessageRule, into parts: inout [MessagePart]) -> Int {
        let tokens = rule.format == .csv ? [.each(capture: "row", member: nil, prefix: [])] : rule.each?.tokens ?? []
        var dropped = 0
        collect(tape, 1, tokens[...], nil, &parts, &dropped)
        return dropped
    }

    /// `{device}` takes each member and its name; `{row}` takes each item of a list, or the value itself where there is no list.
    private static func collect(
        _ tape: JSONTape, _ index: Int, _ tokens: ArraySlice<PathPattern.Token>, _ device: String?, _ parts: inout [MessagePart],
        _ dropped: inout Int
    ) {
        guard let token = tokens.first else {
            guard parts.count < maximumParts else {
                dropped += 1
                return
            }
            return parts.append(MessagePart(device: device, index: index))
        }
        let rest = tokens.dropFirst()
        switch token {
        case .key(let name):
            if let value = tape.member(index, name) { collect(tape, value, rest, device, &parts, &dropped) }
        case .each(let capture, _, _) where capture == "device":
            tape.forEachMember(index) { key, value in
                let name = String(decoding: key.prefix(maximumDeviceNameBytes + 1), as: UTF8.self)
                collect(tape, value, rest, name, &parts, &dropped)
            }
        case .each:
            guard tape.isList(index) else { return collect(tape, index, rest, device, &parts, &dropped) }
            tape.forEachItem(index) { item in
                collect(tape, item, rest, device, &parts, &dropped)
                return true
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
    static func json(text: UnsafeRawBufferPointer, maximumBytes: Int) throws(DecodeError) -> [UInt8] {
        var bytes = Array("{\"value\":".utf8)
        appendString(text, &bytes)
        bytes.append(UInt8(ascii: "}"))
        return try bounded(bytes, maximumBytes)
    }

    /// What the parser has no room for is refused before more memory is taken for it.
    private static func bounded(_ bytes: [UInt8], _ maximumBytes: Int) throws(DecodeError) -> [UInt8] {
        guard bytes.count <= max(maximumBytes, 4096) else {
            throw DecodeError(
                "with its control characters or the names of its columns it has more than \(maximumBytes) bytes (limits.payloadBytes)")
        }
        return bytes
    }

    /// Lines as a list of objects with the columns' names. A line with too few values leaves the last columns out; more are an error.
    /// Walks the bytes without lists of lines and cells, which would take many times their room.
    static func json(csv: UnsafeRawBufferPointer, _ rule: MessageRule, maximumBytes: Int) throws(DecodeError) -> [UInt8] {
        let names = rule.columns.map { name -> [UInt8] in
            var quoted: [UInt8] = []
            var name = name
            name.withUTF8 { appendString(UnsafeRawBufferPointer($0), &quoted) }
            return quoted + [UInt8(ascii: ":")]
        }
        var bytes = [UInt8(ascii: "[")]
        var number = 0
        var start = 0
        while start < csv.count {
            let end = csv[start...].firstIndex(of: 0x0A) ?? csv.count
            defer { start = end + 1 }
            if end == start { continue }
            number += 1
            let line = csv[start..<(csv[end - 1] == 0x0D ? end - 1 : end)]
            if line.isEmpty { continue }
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            try appendObject(line, rule.delimiter, names, number: number, &bytes)
            bytes = try bounded(bytes, maximumBytes)
        }
        bytes.append(UInt8(ascii: "]"))
        return try bounded(bytes, maximumBytes)
    }

    private static func appendObject(
        _ line: Slice<UnsafeRawBufferPointer>, _ delimiter: UInt8, _ names: [[UInt8]], number: Int, _ bytes: inout [UInt8]
    ) throws(DecodeError) {
        let count = line.reduce(1) { $0 + ($1 == delimiter ? 1 : 0) }
        guard count <= names.count else {
            throw DecodeError("line \(number) has \(count) values, and the profile names \(names.count) columns")
        }
        let opening = bytes.count
        bytes.append(UInt8(ascii: "{"))
        var start = line.startIndex
        for name in names.prefix(count) {
            let end = line[start...].firstIndex(of: delimiter) ?? line.endIndex
            let cell = line[start..<end]
            start = min(end + 1, line.endIndex)
            if cell.isEmpty { continue }
            if bytes.count > opening + 1 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: name)
            appendString(UnsafeRawBufferPointer(rebasing: trimmed(cell)), &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
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
