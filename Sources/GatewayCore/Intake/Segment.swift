import Telemetry

/// A batch of events in the order in which they arrived: one row of the inbox, and the only way into the core.
///
/// Frame: kind (1 byte), flags (1), topic length (2), payload length (4), packet id (2, where flag 4 is set), topic, payload; little-endian.
/// Flags: 1 for a retained message, 4 for one with a packet id, 8 for one that the broker marks as sent before (DUP). 2 stood in
/// older stores for a message without DUP and is passed over.
/// The memory behind the last frame is readable for `MessageDecoder.padding` bytes, because the JSON parser looks ahead.
/// Not copyable: one batch has one owner, which hands it from the socket to the store to the core.
public struct Segment: ~Copyable, @unchecked Sendable {
    // @unchecked: the memory is owned by this value alone, and a value that is not copyable is in one place at a time.
    static let headerBytes = 8
    private enum Flag {
        static let retained: UInt8 = 1
        static let packetID: UInt8 = 4
        static let duplicate: UInt8 = 8
    }

    public enum Kind: UInt8, Sendable {
        case message = 1
        case control = 2
    }

    private var memory: UnsafeMutableRawBufferPointer
    public private(set) var byteCount = 0
    public private(set) var count = 0
    /// Number of the first event; set when the batch is committed.
    public var firstEvent: Int64 = 0
    /// When the batch was read, milliseconds since 1970.
    public var arrivalMilliseconds: Int64 = 0

    public init(capacityBytes: Int = 64 * 1024) {
        memory = .allocate(byteCount: capacityBytes + MessageDecoder.padding, alignment: 16)
    }

    /// A batch from the inbox. Frames that do not fit the bytes end the batch early, and `count` tells.
    public init(copying bytes: UnsafeRawBufferPointer, firstEvent: Int64, arrivalMilliseconds: Int64) {
        memory = .allocate(byteCount: bytes.count + MessageDecoder.padding, alignment: 16)
        UnsafeMutableRawBufferPointer(rebasing: memory[..<bytes.count]).copyMemory(from: bytes)
        self.firstEvent = firstEvent
        self.arrivalMilliseconds = arrivalMilliseconds
        byteCount = bytes.count
        var offset = 0
        while let frame = frame(at: offset) {
            offset = frame.end
            count += 1
        }
        byteCount = offset
    }

    deinit { memory.deallocate() }

    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<byteCount]) }
    public var isEmpty: Bool { count == 0 }

    /// Empties it for the next batch; the memory stays.
    public mutating func reset() {
        byteCount = 0
        count = 0
    }

    private mutating func reserve(_ more: Int) {
        let needed = byteCount + more + MessageDecoder.padding
        guard needed > memory.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(needed, memory.count * 2), alignment: 16)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
    }

    /// A topic longer than 65,535 bytes cannot come over MQTT and is cut.
    /// - Parameters:
    ///   - packetID: of the PUBLISH that brought the message, by which a repeat is known; 0 where it has none.
    ///   - isDuplicate: the PUBLISH had the DUP flag.
    public mutating func append(
        kind: Kind = .message, isRetained: Bool = false, packetID: UInt16 = 0, isDuplicate: Bool = false, topic: UnsafeRawBufferPointer,
        payload: UnsafeRawBufferPointer
    ) {
        let topicBytes = min(topic.count, Int(UInt16.max))
        let headBytes = Self.headerBytes + (packetID == 0 ? 0 : 2)
        let frameBytes = headBytes + topicBytes + payload.count
        reserve(frameBytes)
        let frame = UnsafeMutableRawBufferPointer(rebasing: memory[byteCount..<byteCount + frameBytes])
        frame.storeBytes(of: kind.rawValue, toByteOffset: 0, as: UInt8.self)
        let flags = (isRetained ? Flag.retained : 0) | (packetID == 0 ? 0 : Flag.packetID) | (isDuplicate ? Flag.duplicate : 0)
        frame.storeBytes(of: flags, toByteOffset: 1, as: UInt8.self)
        frame.storeBytes(of: UInt16(topicBytes).littleEndian, toByteOffset: 2, as: UInt16.self)
        frame.storeBytes(of: UInt32(payload.count).littleEndian, toByteOffset: 4, as: UInt32.self)
        if packetID != 0 { frame.storeBytes(of: packetID.littleEndian, toByteOffset: Self.headerBytes, as: UInt16.self) }
        UnsafeMutableRawBufferPointer(rebasing: frame[headBytes..<headBytes + topicBytes])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: topic[..<topicBytes]))
        UnsafeMutableRawBufferPointer(rebasing: frame[(headBytes + topicBytes)...]).copyMemory(from: payload)
        byteCount += frameBytes
        count += 1
    }

    public mutating func append(topic: String, payload: [UInt8], isRetained: Bool = false, packetID: UInt16 = 0, isDuplicate: Bool = false)
    {
        var topic = topic
        topic.withUTF8 { name in
            payload.withUnsafeBytes {
                append(
                    isRetained: isRetained, packetID: packetID, isDuplicate: isDuplicate, topic: UnsafeRawBufferPointer(name), payload: $0)
            }
        }
    }

    public mutating func append(_ event: ControlEvent) {
        let payload = event.encoded()
        payload.withUnsafeBytes { append(kind: .control, topic: UnsafeRawBufferPointer(start: nil, count: 0), payload: $0) }
    }

    struct Frame {
        var kind: UInt8
        var isRetained: Bool
        /// 0 where the message has none.
        var packetID: UInt16
        var isDuplicate: Bool
        var topic: UnsafeRawBufferPointer
        var payload: UnsafeRawBufferPointer
        var end: Int
    }

    /// The frame at `offset`, or nil at the end and at damage. The pointers hold as long as the segment is neither changed nor released.
    @inline(__always)
    borrowing func frame(at offset: Int) -> Frame? {
        guard byteCount - offset >= Self.headerBytes, let base = memory.baseAddress else { return nil }
        let at = base + offset
        let topicBytes = Int(UInt16(littleEndian: at.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        let payloadBytes = Int(UInt32(littleEndian: at.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        let flags = at.load(fromByteOffset: 1, as: UInt8.self)
        let headBytes = Self.headerBytes + (flags & Flag.packetID == 0 ? 0 : 2)
        guard byteCount - offset - headBytes >= topicBytes + payloadBytes else { return nil }
        let topic = at + headBytes
        let packetID = headBytes == Self.headerBytes ? 0 : at.loadUnaligned(fromByteOffset: Self.headerBytes, as: UInt16.self)
        return Frame(
            kind: at.load(as: UInt8.self), isRetained: flags & Flag.retained != 0, packetID: UInt16(littleEndian: packetID),
            isDuplicate: flags & Flag.duplicate != 0,
            topic: UnsafeRawBufferPointer(start: topic, count: topicBytes),
            payload: UnsafeRawBufferPointer(start: topic + topicBytes, count: payloadBytes),
            end: offset + headBytes + topicBytes + payloadBytes)
    }

    /// Calls `body` with kind, topic and payload of each event, in order: for tests and for people who look into the inbox.
    public borrowing func forEach(_ body: (Kind?, _ topic: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) throws -> Void)
        rethrows
    {
        var offset = 0
        while let frame = frame(at: offset) {
            try body(Kind(rawValue: frame.kind), frame.topic, frame.payload)
            offset = frame.end
        }
    }
}
