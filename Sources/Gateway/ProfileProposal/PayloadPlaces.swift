import Documents
import Telemetry

/// The places of values in the payloads of one topic's form, each with what its values are like.
struct PayloadPlaces {
    struct Place {
        /// A JSON pointer; `{n}` takes every item of a list.
        var pointer: String
        /// The names on the way, for a metric's name.
        var names: [String]
        var statistics = ValueStatistics()
        /// How often it can be the time of the message, by unit.
        var times: [String: Int] = [:]
    }

    private static let maximumPlaces = 600
    private static let maximumDepth = 10

    private(set) var places: [Place] = []
    private var index: [String: Int] = [:]
    private(set) var documents = 0
    private(set) var texts = 0
    private(set) var unreadable = 0
    private(set) var isFull = false
    /// Lists of texts or of nothing: codes, perhaps.
    private(set) var lists: [String: [String]] = [:]
    /// Names that cannot stand in a pointer.
    private(set) var strangeNames = 0

    mutating func add(_ message: RecordedMessage, device: String) {
        guard message.payload.first == UInt8(ascii: "{") || message.payload.first == UInt8(ascii: "[") else {
            texts += 1
            let text = ValueTemplate.trimmed(String(decoding: message.payload.prefix(256), as: UTF8.self))
            return addText(text, "/value", ["value"], device, message.arrivalMilliseconds)
        }
        guard let root = try? DocumentParser.parse(message.payload, file: "") else {
            unreadable += 1
            return
        }
        documents += 1
        walk(root, "", [], 0, device, message.arrivalMilliseconds)
    }

    private mutating func walk(
        _ node: DocumentNode, _ pointer: String, _ names: [String], _ captures: Int, _ device: String, _ arrival: Int64
    ) {
        switch node.value {
        case .object(let members):
            guard names.count < Self.maximumDepth else { return }
            for member in members.prefix(1000) {
                guard ProposalText.isLiteral(member.key) else {
                    strangeNames += 1
                    continue
                }
                walk(member.node, pointer + "/" + ProposalText.token(member.key), names + [member.key], captures, device, arrival)
            }
        case .array(let items):
            let holdsCodes = !pointer.isEmpty && captures == 0 && items.allSatisfy { if case .string = $0.value { true } else { false } }
            if holdsCodes, index[pointer + "/{n}"] == nil, lists[pointer] != nil || lists.count < 64 { lists[pointer] = names }
            guard names.count < Self.maximumDepth, captures < 3, !(holdsCodes && Self.namesCodes(names)) else { return }
            let capture = ["{n}", "{m}", "{k}"][captures]
            for item in items.prefix(256) { walk(item, pointer + "/" + capture, names + [capture], captures + 1, device, arrival) }
        case .number(let number, _):
            at(pointer, names) { place in
                place.statistics.addNumber(number, device: device)
                Self.noteTime(number, arrival, &place)
            }
        case .bool(let flag): at(pointer, names) { $0.statistics.addFlag(flag) }
        case .null: if !pointer.isEmpty { at(pointer, names) { $0.statistics.addNull() } }
        case .string(let text): addText(text, pointer, names, device, arrival)
        }
    }

    private mutating func addText(_ text: String, _ pointer: String, _ names: [String], _ device: String, _ arrival: Int64) {
        at(pointer, names) { place in
            if let number = Double(text), !text.isEmpty {
                place.statistics.addNumber(number, device: device, isWritten: true)
            } else {
                place.statistics.addText(text)
                if Self.isISO8601(text) { place.times["iso8601", default: 0] += 1 }
            }
        }
    }

    private mutating func at(_ pointer: String, _ names: [String], _ change: (inout Place) -> Void) {
        guard !pointer.isEmpty else { return }
        if index[pointer] == nil {
            guard places.count < Self.maximumPlaces else {
                isFull = true
                return
            }
            index[pointer] = places.count
            places.append(Place(pointer: pointer, names: names))
        }
        if let place = index[pointer] { change(&places[place]) }
    }

    // MARK: What names and values look like

    private static let dayMilliseconds: Double = 86_400_000

    private static func noteTime(_ number: Double, _ arrival: Int64, _ place: inout Place) {
        if abs(number * 1000 - Double(arrival)) < dayMilliseconds { place.times["seconds", default: 0] += 1 }
        if abs(number - Double(arrival)) < dayMilliseconds { place.times["milliseconds", default: 0] += 1 }
    }

    /// `2026-05-01T12:00`, or with a blank for T.
    private static func isISO8601(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(16))
        let form = Array("dddd-dd-ddTdd:dd".utf8)
        guard bytes.count == 16, text.utf8.count <= 40 else { return false }
        return zip(bytes, form).allSatisfy { byte, kind in
            switch kind {
            case UInt8(ascii: "d"): (0x30...0x39).contains(byte)
            case UInt8(ascii: "T"): byte == UInt8(ascii: "T") || byte == 0x20
            default: byte == kind
            }
        }
    }

    static func namesCodes(_ names: [String]) -> Bool {
        guard let name = names.last?.lowercased() else { return false }
        return ["err", "alarm", "alert", "fault", "warn", "problem", "reason"].contains { name.contains($0) }
    }

    /// Where the time of the messages stands, and its unit.
    var time: (pointer: String, unit: String)? {
        let words: Set<String> = [
            "ts", "time", "timestamp", "at", "date", "datetime", "_timestamp", "when", "t", "utc", "unixtime", "epoch", "created",
            "sampled_at", "lastseen",
        ]
        for place in places where place.names.count <= 3 && !place.pointer.contains("{") {
            guard let name = place.names.last?.lowercased(), words.contains(name) || name.hasSuffix("timestamp"),
                let best = place.times.max(by: { $0.value < $1.value }), best.value * 10 >= documents * 9, best.value > 0
            else { continue }
            return (place.pointer, best.key)
        }
        return nil
    }
}
