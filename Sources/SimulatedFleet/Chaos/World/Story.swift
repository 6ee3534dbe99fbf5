import CivilCalendar

/// The last messages of one device and decisions about it, for whoever has to understand a violation.
struct Story {
    enum Kind: String {
        case message = "message "
        case decision = "decision"
        case world = "world   "
        case belief = "belief  "
    }

    private struct Entry {
        var at: Int64
        var kind: Kind
        var text: [UInt8]
    }

    private static let maximumTextBytes = 400
    /// Messages come so often that they would push out everything else.
    private static let messages = 4
    private let length: Int
    private var lately: [Entry] = []
    private var others: [Entry] = []
    private var (nextMessage, nextOther) = (0, 0)

    init(length: Int) { self.length = max(length, 1) }

    mutating func add(_ kind: Kind, _ text: [UInt8], at time: Int64) {
        let entry = Entry(at: time, kind: kind, text: text)
        if kind == .message {
            Self.add(entry, to: &lately, &nextMessage, length: Self.messages)
        } else {
            Self.add(entry, to: &others, &nextOther, length: length)
        }
    }

    private static func add(_ entry: Entry, to ring: inout [Entry], _ next: inout Int, length: Int) {
        if ring.count < length { return ring.append(entry) }
        ring[next] = entry
        next = (next + 1) % length
    }

    static func line(_ kind: Kind, _ text: [UInt8], at time: Int64) -> String {
        "\(UTCText.iso8601(time)) \(kind.rawValue) \(String(decoding: text.prefix(maximumTextBytes), as: UTF8.self))"
    }

    /// In the order of time.
    var lines: [String] {
        let messages = lately[nextMessage...] + lately[..<nextMessage]
        let all = Array(others[nextOther...] + others[..<nextOther]) + messages
        let order = all.indices.sorted { (all[$0].at, $0) < (all[$1].at, $1) }
        return order.map { Self.line(all[$0].kind, all[$0].text, at: all[$0].at) }
    }
}
