import Telemetry

/// A batch of events in the order in which they arrived: one row of the inbox, and the only way into the core.
///
/// Frame: kind (1 byte), flags (1), topic length (2), payload length (4), topic, payload; little-endian.
/// Flags: 1 for a retained message, 2 for one that is surely no repeat.
/// The memory behind the last frame is readable for `MessageDecoder.padding` bytes, because the JSON parser looks ahead.
/// Not copyable: one batch has one owner, which hands it from the socket to the store to the core.
public struct Segment: ~Copyable, @unchecked Sendable {
    // @unchecked: the memory is owned by this value alone, and a value that is not copyable is in one place at a time.
    static let headerBytes = 8

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
    /// - Parameter isFirstDelivery: the broker says that it never sent this message before, so that it cannot be a repeat.
    public mutating func append(
        kind: Kind = .message, isRetained: Bool = false, isFirstDelivery: Bool = false, topic: UnsafeRawBufferPointer,
        payload: UnsafeRawBufferPointer
    ) {
        let topicBytes = min(topic.count, Int(UInt16.max))
        let frameBytes = Self.headerBytes + topicBytes + payload.count
        reserve(frameBytes)
        let frame = UnsafeMutableRawBufferPointer(rebasing: memory[byteCount..<byteCount + frameBytes])
        frame.storeBytes(of: kind.rawValue, toByteOffset: 0, as: UInt8.self)
        frame.storeBytes(of: (isRetained ? 1 : 0) | (isFirstDelivery ? 2 : 0), toByteOffset: 1, as: UInt8.self)
        frame.storeBytes(of: UInt16(topicBytes).littleEndian, toByteOffset: 2, as: UInt16.self)
        frame.storeBytes(of: UInt32(payload.count).littleEndian, toByteOffset: 4, as: UInt32.self)
        UnsafeMutableRawBufferPointer(rebasing: frame[Self.headerBytes..<Self.headerBytes + topicBytes])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: topic[..<topicBytes]))
        UnsafeMutableRawBufferPointer(rebasing: frame[(Self.headerBytes + topicBytes)...]).copyMemory(from: payload)
        byteCount += frameBytes
        count += 1
    }

    public mutating func append(topic: String, payload: [UInt8], isRetained: Bool = false, isFirstDelivery: Bool = false) {
        var topic = topic
        topic.withUTF8 { name in
            payload.withUnsafeBytes {
                append(isRetained: isRetained, isFirstDelivery: isFirstDelivery, topic: UnsafeRawBufferPointer(name), payload: $0)
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
        var isFirstDelivery: Bool
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
        guard byteCount - offset - Self.headerBytes >= topicBytes + payloadBytes else { return nil }
        let topic = at + Self.headerBytes
        let flags = at.load(fromByteOffset: 1, as: UInt8.self)
        return Frame(
            kind: at.load(as: UInt8.self), isRetained: flags & 1 != 0, isFirstDelivery: flags & 2 != 0,
            topic: UnsafeRawBufferPointer(start: topic, count: topicBytes),
            payload: UnsafeRawBufferPointer(start: topic + topicBytes, count: payloadBytes),
            end: offset + Self.headerBytes + topicBytes + payloadBytes)
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
