import Hashing

/// Which answers were counted, and as what: one that is sent again is known, and can be corrected or withdrawn.
///
/// Bounded: of more than `limit` answers the oldest are forgotten, and one of these that is sent again is counted again.
struct CountedAnswers: Equatable, Sendable {
    static let limit = 65_536
    /// An earlier program counted it and did not note as what.
    static let unknownCell = UInt8.max
    /// It counts no more, and does not when it is sent again.
    static let withdrawnCell = UInt8.max - 1

    /// A hash of question and id each, in the order in which they came; a ring once it is full, with the oldest at `oldest`.
    private var hashes: [UInt64] = []
    /// The counter that each was counted into.
    private var cells: [UInt8] = []
    private var oldest = 0
    private var places: [UInt64: Int] = [:]

    /// 64 bits of SHA-256: two answers of the same hash among as many as are kept come once in some billion sites.
    static func hash(_ question: SurveyQuestion, _ id: String) -> UInt64 {
        UInt64(StableID.make(question.rawValue, id).prefix(16), radix: 16) ?? 0
    }

    /// The counter that the answer was counted into; nil for one that is not known.
    subscript(hash: UInt64) -> UInt8? { places[hash].map { cells[$0] } }

    /// Notes a new answer, or that a known one counts as another.
    mutating func note(_ hash: UInt64, cell: UInt8) {
        if let place = places[hash] {
            cells[place] = cell
        } else if hashes.count < Self.limit {
            places[hash] = hashes.count
            hashes.append(hash)
            cells.append(cell)
        } else {
            places[hashes[oldest]] = nil
            places[hash] = oldest
            hashes[oldest] = hash
            cells[oldest] = cell
            oldest = (oldest + 1) % Self.limit
        }
    }
}

extension CountedAnswers: Codable {
    private enum CodingKeys: CodingKey { case hashes, cells, oldest }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        var bytes: [UInt8] = []
        for hash in hashes { withUnsafeBytes(of: hash.littleEndian) { bytes.append(contentsOf: $0) } }
        try values.encode(bytes, forKey: .hashes)
        try values.encode(cells, forKey: .cells)
        try values.encode(oldest, forKey: .oldest)
    }

    /// Throws for what no `encode` wrote, because its numbers become places.
    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let bytes = try values.decode([UInt8].self, forKey: .hashes)
        cells = try values.decode([UInt8].self, forKey: .cells)
        oldest = try values.decode(Int.self, forKey: .oldest)
        hashes = bytes.withUnsafeBytes { raw in
            (0..<raw.count / 8).map { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
        }
        for (place, hash) in hashes.enumerated() { places[hash] = place }
        guard bytes.count == cells.count * 8, cells.count <= Self.limit, places.count == cells.count, (0..<Self.limit).contains(oldest),
            cells.allSatisfy({ $0 < ExperienceScores.counterCount || $0 >= Self.withdrawnCell })
        else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "These are no counted answers; restore an older snapshot."))
        }
    }
}
