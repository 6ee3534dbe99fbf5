import Documents

/// The parts of a snapshot, each with what one desk, or one table of the core, keeps: of the whole gateway, of one device, or of one thing.
///
/// A snapshot is one part behind the other: its name, its version (UInt16) and its content as counted bytes. Parts of a device follow its part
/// `device`. A part that this program does not know is passed over.
///
/// A new field needs nothing here: a part without it reads as zero or empty (`StateDecoder`), and a program without it passes over it. A part
/// gets a new version when a field changes its meaning, or bytes their layout; what reads the part then reads the earlier versions as well.
enum SnapshotPart: String, CaseIterable {
    case core, presence
    /// A profile, or the layout that a device has to itself, and what its devices taught.
    case layout, supplyLearning
    case device, counters, availability, deviceAlarms, deviceSupport, supplies, heldMessages, detectors, deviceClock, backlog,
        reportingHabit, wear, wearVisits
    case alarm, alarmDesk, run, ticket, supportDesk, order, orderDesk, maintenance, experience
    case sparkplugNode, repeats, refusedNames, storeDamage
    /// Without it a snapshot that was cut between two parts would pass for a whole one.
    case end

    /// Every earlier version is read as well.
    var version: UInt16 {
        switch self {
        // 2: of each metric and each list of codes, whether its time is one of arrival; when the lists were told; since when it is expected.
        // 3: how firmly its profile claims it, and where its topics come from.
        case .device: 3
        default: 1
        }
    }
}

/// Hands a snapshot out in pieces of about half a megabyte.
struct SnapshotWriter {
    private static let pieceBytes = 512 * 1024
    private var writer = ByteWriter()
    private let sink: ([UInt8]) throws -> Void

    init(_ sink: @escaping ([UInt8]) throws -> Void) { self.sink = sink }

    mutating func write(_ part: SnapshotPart, _ value: some Encodable) throws { try write(part, bytes: StateEncoder.encode(value)) }

    mutating func write(_ part: SnapshotPart, bytes: [UInt8]) throws {
        writer.write(part.rawValue)
        writer.write(part.version)
        writer.write(blob: bytes)
        if writer.count >= Self.pieceBytes || part == .end { try sink(writer.drain()) }
    }
}

/// Goes through the parts of a snapshot, which comes in pieces of any size. A piece is let go of when it was read, so that the bytes and the
/// state that is made of them never lie in memory as wholes.
struct SnapshotReader {
    private var reader = ByteReader([])
    private let nextPiece: () throws -> [UInt8]?

    /// - Parameter nextPiece: nil behind the last one.
    init(_ nextPiece: @escaping () throws -> [UInt8]?) { self.nextPiece = nextPiece }

    /// The next part that this program knows. Throws for a later version of it, for damage, and when nothing follows.
    mutating func next() throws -> (part: SnapshotPart, version: UInt16, content: [UInt8]) {
        while true {
            let (name, version, content) = try whole()
            guard let part = SnapshotPart(rawValue: name) else { continue }
            guard version <= part.version else { throw SnapshotError.later(part: name, version: version) }
            if part == .end {
                guard try reader.isAtEnd && nextPiece() == nil else { throw SnapshotError.tooLong }
            }
            return (part, version, content)
        }
    }

    /// A part may be cut by the end of a piece.
    private mutating func whole() throws -> (name: String, version: UInt16, content: [UInt8]) {
        while true {
            var ahead = reader
            do {
                let part = (name: try ahead.text(), version: try ahead.integer(UInt16.self), content: try ahead.blob())
                reader = ahead
                return part
            } catch {
                guard let piece = try nextPiece() else { throw error }
                reader = ByteReader(reader.rest + piece)
            }
        }
    }
}

public enum SnapshotError: Error, CustomStringConvertible {
    case inconsistent, noMemory, tooLong
    case format(Int)
    case later(part: String, version: UInt16)

    public var description: String {
        switch self {
        case .inconsistent: "the snapshot contradicts itself"
        case .noMemory: "there is not enough memory for the state"
        // What was read before it cannot be trusted either.
        case .tooLong: "the data is damaged: it goes on behind its end"
        case .format(let format): "the snapshot has format \(format), which this program does not read"
        case .later(let part, let version):
            "a later program wrote the snapshot: version \(version) of its part \"\(part)\" is not known here"
        }
    }
}
