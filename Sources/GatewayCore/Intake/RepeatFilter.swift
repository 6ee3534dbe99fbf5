import CivilCalendar
import Documents

/// Recognises what the broker sends again although it is committed: its acknowledgement did not reach the broker, or not in time.
///
/// Content is no proof: a device without a clock says "jam", "clear", and "jam" again in the same bytes. What proves a repeat is this:
///
/// 1. A broker marks what it sent before with DUP (MQTT 3.1.1, 3.3.1.1), keeps its packet id (4.4), and gives no other message that id until
///    it has our PUBACK (2.3.1). A message without DUP is new. So a marked one is compared with one message only: the last that came with
///    its id. Where the two differ, that last one was acknowledged, and the marked one never came.
/// 2. On one connection nothing is lost. If the message with that id came on *this* connection and is the same, the marked one is that
///    message: had it been another one of this connection, it would have come without DUP before. (NATS sends again after 30 s, asked or not.)
/// 3. Over a reconnect with a kept session the marked one may be (A) that message, whose PUBACK was lost, or (B) a later one of the same bytes,
///    sent under the same id after the broker had our PUBACK, and lost with the connection. A broker that counts its ids onward (mosquitto,
///    RabbitMQ, EMQX, VerneMQ) comes to the same id after 65,535 messages only, so it is (A). `Ascent` says when that is known.
/// 4. Other brokers take the lowest free id, or begin at 1 again whenever nothing is in flight (NATS). PUBACKs arrive in the order in which we
///    sent them, so what the broker did not see is a *suffix* of what came on a connection. Under (A) the whole suffix comes again, from
///    the first that repeats to the last that we have; a gap proves that those before it are new. So they wait until the suffix is whole. Two
///    seconds without another end the wait, and everything that comes meanwhile waits behind them, so that the order stays.
/// 5. A whole suffix is still (B) if the broker sent the very same messages once more. Nobody can know that, as both ways look alike to us. They
///    are taken for repeats only if one of them holds words that nobody has said before or since among the remembered; else they are taken
///    as new. So a message that says what is said again and again may count twice after a crash with such a broker, and none is lost.
struct RepeatFilter: Sendable {
    /// A message that waits for the verdict, or behind one that does.
    struct Waiting: Sendable, Equatable {
        var number: Int64
        var isRetained: Bool
        /// Where the message stands that it may repeat; -1 for one that only keeps its turn.
        var place: Int64 = -1
        var topic: [UInt8]
        var payload: [UInt8]
    }

    enum Judgement: Equatable {
        case new, repeated
        /// To be handed to `wait`.
        case undecided(place: Int64)
    }

    static let waitMilliseconds: Int64 = 2_000
    static let longestWaitMilliseconds: Int64 = 10_000
    static let maximumWaitingBytes = 4 << 20
    private static let maximumConnections = 64

    // The last messages that came with a packet id: a ring. A place is the number of a message since the filter began. An id of 0 stands
    // where the message came again and has a newer place.
    private var ids: [UInt16]
    private var hashes: [UInt64]
    private var next = 0
    private var end: Int64 = 0
    private var count = 0
    /// Where each remembered connection begins; the last is the present one.
    private var connections: [Int64] = [0]
    private var ascent = Ascent()
    private(set) var waiting: [Waiting] = []
    private var waitingPlaces: Set<Int64> = []
    private var waitingBytes = 0
    private var waitingSince: Int64 = 0
    private var lastCandidate: Int64 = 0

    /// - Parameter capacity: at least what a broker may have in flight; below 32,768, so that ids that count onward are unique in it.
    init(capacity: Int) {
        let capacity = min(max(capacity, 1), 32_767)
        ids = Array(repeating: 0, count: capacity)
        hashes = Array(repeating: 0, count: capacity)
    }

    var isWaiting: Bool { !waiting.isEmpty }
    /// When those that wait are judged with what there is, in arrival time.
    var dueMilliseconds: Int64 {
        waiting.isEmpty ? .max : min(lastCandidate &+ Self.waitMilliseconds, waitingSince &+ Self.longestWaitMilliseconds)
    }

    /// The gateway's clock was set: the waits are as long as before.
    mutating func shift(byMilliseconds step: Int64) {
        waitingSince = waitingSince.shifted(byMilliseconds: step)
        lastCandidate = lastCandidate.shifted(byMilliseconds: step)
        ascent.shift(byMilliseconds: step)
    }

    /// Nothing may wait. A session that was not kept has forgotten everything, and so do we.
    mutating func connected(sessionPresent: Bool) {
        guard sessionPresent else {
            self = RepeatFilter(capacity: ids.count)
            return
        }
        if connections.last != end { connections.append(end) }
        while connections.count > 1, connections[1] <= end - Int64(count) || connections.count > Self.maximumConnections {
            connections.removeFirst()
            count = min(count, Int(end - connections[0]))
        }
    }

    /// A message that the broker did not mark: new.
    @inline(__always)
    mutating func note(_ hash: UInt64, id: UInt16, atMilliseconds now: Int64) {
        guard id != 0 else { return }
        ascent.take(id, place: end, atMilliseconds: now)
        append(hash, id)
    }

    /// A message that the broker marked as sent before.
    mutating func judge(_ hash: UInt64, id: UInt16, atMilliseconds now: Int64) -> Judgement {
        guard id != 0, let place = lastPlace(of: id), hashes[index(place)] == hash else {
            note(hash, id: id, atMilliseconds: now)
            return .new
        }
        if place >= connections[connections.count - 1] { return .repeated }
        let isProven = waitingPlaces.isEmpty && ascent.proves(place)
        ids[index(place)] = 0
        append(hash, id)
        return isProven ? .repeated : .undecided(place: place)
    }

    /// - Returns: true when everything that waits can be judged now.
    mutating func wait(_ message: Waiting, atMilliseconds now: Int64) -> Bool {
        if waiting.isEmpty { waitingSince = now }
        waiting.append(message)
        waitingBytes += message.topic.count + message.payload.count
        if message.place >= 0 {
            lastCandidate = now
            waitingPlaces.insert(message.place)
            if suffixes().reduce(0, { $0 + $1.count }) == waitingPlaces.count { return true }
        }
        return waitingBytes > Self.maximumWaitingBytes || waiting.count > ids.count
    }

    /// Judges those that wait with what there is.
    /// - Returns: in the order of their arrival those that are new, and the number of repeats among the others.
    mutating func release() -> (new: [Waiting], repeats: Int) {
        var repeated: Set<Int64> = []
        let recurring = recurringHashes()
        for suffix in suffixes() where suffix.contains(where: { !recurring.contains(hashes[index($0)]) }) { repeated.formUnion(suffix) }
        let new = waiting.filter { !repeated.contains($0.place) }
        let repeats = waiting.count - new.count
        // Another message had the id of an earlier one, as far as we know: then the broker does not count onward.
        if new.contains(where: { $0.place >= 0 }) { ascent = Ascent() }
        waiting = []
        waitingPlaces = []
        waitingBytes = 0
        return (new, repeats)
    }

    /// Of each earlier connection the waiting ones that are its last messages, without a gap.
    private func suffixes() -> [[Int64]] {
        connections.indices.dropLast().map { number in
            var suffix: [Int64] = []
            var place = connections[number + 1] - 1
            while place >= max(connections[number], end - Int64(count)) {
                if waitingPlaces.contains(place) {
                    suffix.append(place)
                } else if ids[index(place)] != 0 {
                    break
                }
                place -= 1
            }
            return suffix
        }
    }

    /// What more than one message of the earlier connections says.
    private func recurringHashes() -> Set<UInt64> {
        var once: Set<UInt64> = []
        var again: Set<UInt64> = []
        for place in (end - Int64(count))..<max(connections[connections.count - 1], end - Int64(count))
        where ids[index(place)] != 0 || waitingPlaces.contains(place) {
            if !once.insert(hashes[index(place)]).inserted { again.insert(hashes[index(place)]) }
        }
        return again
    }

    @inline(__always)
    private mutating func append(_ hash: UInt64, _ id: UInt16) {
        ids[next] = id
        hashes[next] = hash
        next += 1
        if next == ids.count { next = 0 }
        if count < ids.count { count += 1 }
        end &+= 1
    }

    private func index(_ place: Int64) -> Int {
        let index = next - Int(end - place)
        return index < 0 ? index + ids.count : index
    }

    private func lastPlace(of id: UInt16) -> Int64? {
        var index = next
        for back in 0..<count {
            index = index == 0 ? ids.count - 1 : index - 1
            if ids[index] == id { return end - 1 - Int64(back) }
        }
        return nil
    }
}

extension RepeatFilter {
    func write(to writer: inout ByteWriter) {
        let begin = end - Int64(count)
        writer.write(UInt32(count))
        for place in begin..<end {
            writer.write(ids[index(place)])
            writer.write(hashes[index(place)])
        }
        writer.write(UInt32(connections.count))
        for connection in connections { writer.write(connection - begin) }
        ascent.write(to: &writer, from: begin)
        writer.write(UInt32(waiting.count))
        for message in waiting {
            writer.write(message.number)
            writer.write(message.isRetained)
            writer.write(message.place < 0 ? -1 : message.place - begin)
            writer.write(blob: message.topic)
            writer.write(blob: message.payload)
        }
        writer.write(waitingSince)
        writer.write(lastCandidate)
    }

    /// Places are numbered anew from 0. Of more than fit the oldest are forgotten.
    mutating func read(from reader: inout ByteReader) throws(ByteCodingError) {
        self = RepeatFilter(capacity: ids.count)
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let id: UInt16 = try reader.integer()
            append(try reader.integer(), id)
        }
        connections = []
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let place = min(try reader.integer(Int64.self), end)
            connections.append(max(place, connections.last ?? end - Int64(count)))
        }
        if connections.isEmpty { connections = [end - Int64(count)] }
        ascent = try Ascent(from: &reader)
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let message = Waiting(
                number: try reader.integer(), isRetained: try reader.bool(), place: try reader.integer(), topic: try reader.blob(),
                payload: try reader.blob())
            waiting.append(message)
            waitingBytes += message.topic.count + message.payload.count
            if message.place >= 0 { waitingPlaces.insert(message.place) }
        }
        waitingSince = try reader.integer()
        lastCandidate = try reader.integer()
    }
}

/// Whether the broker counts its packet ids onward, as seen from the ids of new messages.
///
/// They rise with each message, for longer than any acknowledgement takes: then the broker does not take the lowest free id, because those
/// of the beginning have been free for long. It may still be one that begins again when nothing is in flight; but it would begin with the id with
/// which the rise began. So a repeat is proven behind the first message of a rise.
private struct Ascent: Sendable {
    private static let provenMilliseconds: Int64 = 5_000
    private var beginPlace: Int64 = 0
    private var beginMilliseconds: Int64 = 0
    private var lastMilliseconds: Int64 = 0
    /// 0 before the first message.
    private var last: UInt16 = 0

    init() {}

    @inline(__always)
    mutating func take(_ id: UInt16, place: Int64, atMilliseconds now: Int64) {
        // Behind 65,535 comes 1. A step of half the circle or more is one back.
        if last == 0 || !(1..<0x8000).contains(id &- last) {
            beginPlace = place
            beginMilliseconds = now
        }
        last = id
        lastMilliseconds = now
    }

    mutating func shift(byMilliseconds step: Int64) {
        beginMilliseconds = beginMilliseconds.shifted(byMilliseconds: step)
        lastMilliseconds = lastMilliseconds.shifted(byMilliseconds: step)
    }

    func proves(_ place: Int64) -> Bool { place > beginPlace && lastMilliseconds &- beginMilliseconds >= Self.provenMilliseconds }

    func write(to writer: inout ByteWriter, from begin: Int64) {
        writer.write(beginPlace - begin)
        writer.write(beginMilliseconds)
        writer.write(lastMilliseconds)
        writer.write(last)
    }

    init(from reader: inout ByteReader) throws(ByteCodingError) {
        beginPlace = try reader.integer()
        beginMilliseconds = try reader.integer()
        lastMilliseconds = try reader.integer()
        last = try reader.integer()
    }
}
