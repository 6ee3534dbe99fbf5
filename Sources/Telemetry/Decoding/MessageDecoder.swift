/// Reads payloads by a profile's layout. It owns the parser's memory; one owner, one thread.
public final class MessageDecoder {
    public static let maximumDepth = 64
    private let parser: JSONParser
    private(set) var tape: JSONTape?
    /// Text and CSV as JSON, with room behind for the parser to look ahead.
    private var converted: [UInt8] = []
    /// The documents of a payload that has several; the first of them is read at once.
    private var repaired: JSONRepair?
    /// The parts of the message that was opened last.
    public private(set) var parts: [MessagePart] = []
    /// Parts that the message has beyond those that are read.
    public private(set) var droppedParts = 0
    /// Where the whole message has what a part has not: a scan of the message for each of its parts would take minutes.
    private var wholePlaces: [(path: PathPattern, index: Int?)] = []
    /// Where the message proper stands in its envelope; 1 without one.
    private var start = 1
    /// Longer names of devices are refused, and cut one byte behind it.
    public static let maximumDeviceNameBytes = 128
    public let maximumBytes: Int

    /// How many bytes behind every payload must be readable: simdjson looks ahead.
    public static var padding: Int { JSONParser.padding }

    /// Nil when memory is short.
    public init?(maximumBytes: Int) {
        guard let parser = JSONParser(maximumBytes: max(maximumBytes, 4096), maximumDepth: Self.maximumDepth) else { return nil }
        self.parser = parser
        self.maximumBytes = maximumBytes
    }

    /// Reads one payload into `decoded`. `payload` is followed by `padding` readable bytes. The layout may learn new names.
    ///
    /// Throws why nothing of the message can be used. A message that carries no readings by the profile's `requires` decodes as empty.
    public func decode(
        _ payload: UnsafeRawBufferPointer, message rule: Int, root: Int32 = 0, layout: inout ProfileLayout,
        into decoded: inout DecodedMessage
    ) throws(DecodeError) {
        decoded.clear()
        tape = nil
        try checkSize(of: payload)
        let tape = try parseAsSent(payload)
        guard tape.type(1) == UInt8(ascii: "{") || tape.isList(1) else {
            throw DecodeError("expected a JSON object, found a single value")
        }
        self.tape = tape
        layout.read(tape, message: rule, root: root, into: &decoded)
    }

    /// Parses a payload of any format and finds its `parts`, which `read` then takes one by one.
    public func open(_ payload: UnsafeRawBufferPointer, _ rule: MessageRule) throws(DecodeError) {
        tape = nil
        parts.removeAll(keepingCapacity: true)
        droppedParts = 0
        wholePlaces.removeAll(keepingCapacity: true)
        try checkSize(of: payload)
        let parsed: JSONTape
        switch rule.format {
        case .json: parsed = try parseAsSent(payload)
        case .text: parsed = try parse(try Self.json(text: Self.bare(payload), maximumBytes: maximumBytes))
        case .csv: parsed = try parse(try Self.json(csv: Self.bare(payload), rule, maximumBytes: maximumBytes))
        case .sparkplug: throw DecodeError("a Sparkplug message is read by its edge node's session")
        case .auto:
            parsed =
                Self.isStructured(Self.bare(payload))
                ? try parseAsSent(payload) : try parse(try Self.json(text: Self.unquoted(Self.bare(payload)), maximumBytes: maximumBytes))
        }
        tape = parsed
        start = rule.unwrap.isEmpty ? 1 : try unwrap(rule.unwrap, parsed)
        parts = try findParts(tape ?? parsed, rule)
    }

    /// Where the message proper stands behind the steps. What a step leads to is an object or a list, or a text that holds JSON or the base64
    /// of it: that is then parsed and takes the envelope's place.
    private func unwrap(_ steps: [PathPattern], _ envelope: JSONTape) throws(DecodeError) -> Int {
        var (current, start) = (envelope, 1)
        for step in steps {
            guard let place = current.find(step, from: start) else { continue }
            guard current.isString(place) else {
                if !current.isNull(place) { start = place }
                continue
            }
            let text = UnsafeRawBufferPointer(current.string(place))
            guard let bytes = Self.isStructured(text) ? Array(text) : Base64Text.bytes(text) else {
                throw DecodeError("\"\(step.text)\" holds neither JSON nor the base64 of JSON")
            }
            (current, start) = (try parse(bytes), 1)
            tape = current
        }
        return start
    }

    private func checkSize(of payload: UnsafeRawBufferPointer) throws(DecodeError) {
        if payload.isEmpty { throw DecodeError("the payload is empty") }
        if payload.count > maximumBytes {
            throw DecodeError("the payload has \(payload.count) bytes; at most \(maximumBytes) are read (limits.payloadBytes)")
        }
    }

    /// Where the rule's parts stand, with the names of their devices; only those that have what the rule requires.
    private func findParts(_ tape: JSONTape, _ rule: MessageRule) throws(DecodeError) -> [MessagePart] {
        var parts: [MessagePart] = []
        droppedParts = Self.collect(tape, rule, from: start, into: &parts)
        guard let path = rule.device else { return parts }
        if let required = rule.requires { parts.removeAll { place(required, tape, in: $0.index) == nil } }
        for index in parts.indices {
            let name = place(path, tape, in: parts[index].index).flatMap { tape.text($0, maximumBytes: Self.maximumDeviceNameBytes + 1) }
            guard let name else { throw DecodeError("\"\(path.text)\" names no device") }
            parts[index].device = name
        }
        return parts
    }

    /// Where a part has something, or else the whole message.
    private func place(_ path: PathPattern, _ tape: JSONTape, in part: Int) -> Int? {
        tape.find(path, from: part) ?? whole(path, tape)
    }

    private func whole(_ path: PathPattern, _ tape: JSONTape) -> Int? {
        if let known = wholePlaces.first(where: { $0.path == path }) { return known.index }
        let whole = tape.find(path, from: start) ?? tape.find(path)
        wholePlaces.append((path, whole))
        return whole
    }

    /// Parses a JSON document that was made from another format; it is one part.
    public func open(document: [UInt8]) throws(DecodeError) -> MessagePart {
        parts.removeAll(keepingCapacity: true)
        tape = nil
        start = 1
        let parsed = try parse(document)
        tape = parsed
        return MessagePart(device: nil, index: 1)
    }

    private func parse(_ json: [UInt8]) throws(DecodeError) -> JSONTape {
        converted = json
        let count = converted.count
        converted.append(contentsOf: repeatElement(0, count: Self.padding))
        return try converted.withUnsafeBufferPointer { (bytes) throws(DecodeError) in
            try parseAsSent(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[..<count])))
        }
    }

    /// Parses what is JSON but for the ways in which devices write it. Of several documents the first; the others wait to be asked for.
    private func parseAsSent(_ payload: UnsafeRawBufferPointer) throws(DecodeError) -> JSONTape {
        do throws(DecodeError) { return try parser.parse(payload) } catch {
            guard parser.isFormRefused, let repair = JSONRepair(payload), let first = repair.documents.first else { throw error }
            if repair.documents.count > 1 { repaired = repair }
            return try repair.bytes.withUnsafeBufferPointer { (bytes) throws(DecodeError) in
                try parser.parse(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[first])))
            }
        }
    }

    public var hasFurtherDocuments: Bool { repaired != nil }

    /// The payload that was read last has further documents: `bytes`, where the documents stand in it, each with `padding` readable bytes behind,
    /// and how many there are beyond those that are read. Asking forgets them.
    public func takeFurtherDocuments() -> (bytes: [UInt8], documents: ArraySlice<Range<Int>>, dropped: Int)? {
        defer { repaired = nil }
        return repaired.map { ($0.bytes, $0.documents.dropFirst(), $0.dropped) }
    }

    /// Reads one part of the message that was opened last.
    public func read(_ part: MessagePart, message rule: Int, root: Int32, layout: inout ProfileLayout, into decoded: inout DecodedMessage) {
        decoded.clear()
        guard let tape else { return }
        let message = layout.profile.messages[rule]
        if part.index > 1, let required = message.requires, place(required, tape, in: part.index) == nil { return }
        // A part that has no time of its own has that of the whole message.
        let time = part.index > 1 ? message.time.flatMap { whole($0.path, tape) } : nil
        layout.read(tape, at: part.index, message: rule, root: root, wholeTime: time, into: &decoded)
    }

    /// A value of a part as text, for the rules about liveness and full reports.
    public func text(_ path: PathPattern, of part: MessagePart) -> String? {
        guard let tape else { return nil }
        return place(path, tape, in: part.index).flatMap { tape.text($0) }
    }

    /// The texts that take part in names; nil when one of them is missing or cannot be a name.
    public func names(_ pointers: [NamePointer], of part: MessagePart) -> [(name: String, value: String)]? {
        var names: [(name: String, value: String)] = []
        for pointer in pointers {
            guard let value = text(pointer.path, of: part), ProfileLayout.isUsableName(Array(value.utf8)) else { return nil }
            names.append((pointer.name, value))
        }
        return names
    }

    /// What the message that was decoded last says of a supply, on top of what was known.
    public func facts(of reading: SupplyReading, layout: ProfileLayout, updating known: SupplyFacts) -> SupplyFacts {
        tape.map { layout.facts($0, reading, updating: known) } ?? known
    }

    static func bounded(_ text: String) -> String {
        text.utf8.count <= ProfileLayout.maximumNameBytes
            ? text : String(decoding: text.utf8.prefix(ProfileLayout.maximumNameBytes), as: UTF8.self)
    }

    /// Looks in the message that was decoded last for the answer to a command.
    /// `topicID` is the request's id where the topic tells it.
    public func reply(_ rule: ReplyRule, topicID: String? = nil) -> CommandReply? {
        guard let id = topicID ?? rule.requestID.flatMap({ tape?.find($0) }).flatMap({ tape?.text($0) }) else { return nil }
        let reason = rule.reason.flatMap { tape?.find($0) }.flatMap { tape?.text($0) }
        func answer(_ succeeded: Bool, _ outcome: String) -> CommandReply {
            CommandReply(
                requestID: Self.bounded(id), succeeded: succeeded, outcome: Self.bounded(outcome), reason: reason.map(Self.bounded))
        }
        if let tape, let failure = rule.failure.flatMap({ tape.find($0) }), !tape.isNull(failure) {
            return answer(false, tape.text(failure) ?? "failed")
        }
        guard let path = rule.outcome else { return answer(rule.success.contains("ok"), rule.success.contains("ok") ? "ok" : "refused") }
        return tape?.find(path).flatMap { tape?.text($0) }.map { answer(rule.success.contains($0), $0) }
    }

    /// The device that the answer names, where its topic does not.
    public func device(of rule: ReplyRule) -> String? {
        rule.device.flatMap { tape?.find($0) }.flatMap { tape?.text($0) }
    }

    /// Parses a payload that carries only replies.
    public func readReply(_ payload: UnsafeRawBufferPointer, _ rule: ReplyRule, topicID: String? = nil) throws(DecodeError) -> CommandReply?
    {
        tape = nil
        // An answer whose topic says all may be anything.
        if topicID != nil, rule.outcome == nil, rule.failure == nil, rule.reason == nil { return reply(rule, topicID: topicID) }
        guard !payload.isEmpty else { throw DecodeError("the reply is empty") }
        guard payload.count <= maximumBytes else {
            throw DecodeError("the reply has \(payload.count) bytes; at most \(maximumBytes) are read")
        }
        tape = try parseAsSent(payload)
        return reply(rule, topicID: topicID)
    }
}

/// Why nothing of a message can be used.
public struct DecodeError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// A device's answer to a command.
public struct CommandReply: Equatable, Sendable {
    public var requestID: String
    public var succeeded: Bool
    /// The device's own word for it, such as "ok" or "failed".
    public var outcome: String
    public var reason: String?
}
