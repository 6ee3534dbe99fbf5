import Documents

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
    static func collect(_ tape: JSONTape, _ rule: MessageRule, from start: Int, into parts: inout [MessagePart]) -> Int {
        let tokens = rule.format == .csv ? [.each(capture: "row", member: nil, prefix: [])] : rule.each?.tokens ?? []
        var dropped = 0
        collect(tape, start, tokens[...], nil, &parts, &dropped)
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

    /// Without a byte order mark in front and NULs behind, which are no part of a text.
    static func bare(_ payload: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard payload.first == 0xEF || payload.last == 0 else { return payload }
        var payload = payload[...]
        if payload.starts(with: [0xEF, 0xBB, 0xBF]) { payload = payload.dropFirst(3) }
        while payload.last == 0 { payload = payload.dropLast() }
        return UnsafeRawBufferPointer(rebasing: payload)
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
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("value")
        writer.string(utf8: text)
        writer.endObject()
        try checkSize(of: writer, maximumBytes)
        return writer.bytes
    }

    /// What the parser has no room for is refused before more memory is taken for it.
    private static func checkSize(of writer: JSONWriter, _ maximumBytes: Int) throws(DecodeError) {
        if writer.bytes.count > max(maximumBytes, 4096) {
            throw DecodeError(
                "with its control characters or the names of its columns it has more than \(maximumBytes) bytes (limits.payloadBytes)")
        }
    }

    /// Lines as a list of objects with the columns' names. A line with too few values leaves the last columns out; more are an error.
    /// Walks the bytes without lists of lines and cells, which would take many times their room.
    static func json(csv: UnsafeRawBufferPointer, _ rule: MessageRule, maximumBytes: Int) throws(DecodeError) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginArray()
        var number = 0
        var start = 0
        while start < csv.count {
            let end = csv[start...].firstIndex(of: 0x0A) ?? csv.count
            defer { start = end + 1 }
            if end == start { continue }
            number += 1
            let line = csv[start..<(csv[end - 1] == 0x0D ? end - 1 : end)]
            if line.isEmpty { continue }
            try appendObject(line, rule, number: number, &writer)
            try checkSize(of: writer, maximumBytes)
        }
        writer.endArray()
        try checkSize(of: writer, maximumBytes)
        return writer.bytes
    }

    private static func appendObject(
        _ line: Slice<UnsafeRawBufferPointer>, _ rule: MessageRule, number: Int, _ writer: inout JSONWriter
    ) throws(DecodeError) {
        let count = line.reduce(1) { $0 + ($1 == rule.delimiter ? 1 : 0) }
        guard count <= rule.columns.count else {
            throw DecodeError("line \(number) has \(count) values, and the profile names \(rule.columns.count) columns")
        }
        writer.beginObject()
        var start = line.startIndex
        for column in rule.columns.prefix(count) {
            let end = line[start...].firstIndex(of: rule.delimiter) ?? line.endIndex
            let cell = line[start..<end]
            start = min(end + 1, line.endIndex)
            if cell.isEmpty { continue }
            writer.key(column)
            writer.string(utf8: trimmed(cell))
        }
        writer.endObject()
    }

    /// Without blanks around it and without quotes around that.
    private static func trimmed(_ cell: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var cell = cell
        while let first = cell.first, first == 0x20 || first == 0x09 { cell = cell.dropFirst() }
        while let last = cell.last, last == 0x20 || last == 0x09 { cell = cell.dropLast() }
        if cell.count >= 2, cell.first == UInt8(ascii: "\""), cell.last == UInt8(ascii: "\"") { cell = cell.dropFirst().dropLast() }
        return cell
    }
}
