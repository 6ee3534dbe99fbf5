import Documents
import Hashing

/// Who was turned away because there are devices enough, so that one who comes again is told from one who was made up for a single message.
///
/// A mark of 32 bits each in a table of fixed size; a newer name may take the place of an older one, and then that one is met as for the first time.
struct RefusedNames: Equatable, Sendable {
    private static let places = 16_384
    /// Empty until somebody is refused.
    private var marks: [UInt32] = []

    /// Notes the name. True when it was refused before.
    mutating func isAgain(_ name: String) -> Bool {
        if marks.isEmpty { marks = Array(repeating: 0, count: Self.places) }
        let hash = ContentHash.combine(ContentHash.seed, name)
        let place = Int(truncatingIfNeeded: hash) & (Self.places - 1)
        let mark = UInt32(truncatingIfNeeded: hash >> 32) | 1
        defer { marks[place] = mark }
        return marks[place] == mark
    }

    /// Nil when there is nothing to keep.
    var bytes: [UInt8]? {
        guard !marks.isEmpty else { return nil }
        var writer = ByteWriter()
        for mark in marks { writer.write(mark) }
        return writer.bytes
    }

    init() {}

    init(bytes: [UInt8]) throws(ByteCodingError) {
        var reader = ByteReader(bytes)
        for _ in 0..<Self.places { marks.append(try reader.integer(UInt32.self)) }
    }
}
