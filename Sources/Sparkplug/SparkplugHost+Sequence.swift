import Hashing

/// The sequence of messages: seq counts from 0 to 255 and begins anew.
extension SparkplugHost {
    /// A number at most this far behind the next one is a repeat or too late; any other distance is a gap.
    static var behindWindow: UInt8 { 32 }
    static var maximumBehindRun: UInt8 { 4 }

    mutating func sequenced(_ message: Message, _ reader: inout SparkplugPayload, _ output: inout SparkplugOutput) {
        if let seq = reader.seq, seq > 255 {
            output.refusal = SparkplugPayloadError(.seq, offset: 0)
            return
        }
        guard presence == .online else { return beforeBirth(message, reader, &output) }
        // Some libraries leave out a number that is 0; some send no seq at all, and their messages count as they come.
        let seq = reader.seq.map { UInt8(truncatingIfNeeded: $0) }
        guard let seq = seq ?? (nextSeq == 0 ? 0 : nil) else { return apply(message, reader, &output) }
        let ahead = seq &- nextSeq
        if ahead == 0 {
            remember(seq, Self.hash(message))
            apply(message, reader, &output)
            nextSeq &+= 1
            behindRun = 0
            if !pending.isEmpty { drain(at: message.now, &reader, &output) }
        } else if ahead > 255 - Self.behindWindow {
            late(message, seq, reader, &output)
        } else {
            keep(message, seq, &reader, &output)
        }
    }

    /// A repeat, or a message that comes after its gap was given up. Late data is read, as it has a time of its own; a late birth or death
    /// is not, because the messages after it were read without it.
    private mutating func late(_ message: Message, _ seq: UInt8, _ reader: SparkplugPayload, _ output: inout SparkplugOutput) {
        let hash = Self.hash(message)
        guard recent[Int(seq % Self.behindWindow)] != hash else {
            output.ignoredMessages += 1
            return
        }
        remember(seq, hash)
        output.lateMessages += 1
        if message.kind == .nodeData || message.kind == .deviceData {
            if reader.timestampMilliseconds != nil { apply(message, reader, &output) }
        } else {
            askForRebirth(at: message.now, &output)
        }
        behindRun += 1
        guard behindRun >= Self.maximumBehindRun else { return }
        behindRun = 0
        output.problem("\(devices[0].key): the order of its messages is lost")
        askForRebirth(at: message.now, &output)
    }

    private mutating func remember(_ seq: UInt8, _ hash: UInt64) { recent[Int(seq % Self.behindWindow)] = hash }

    private static func hash(_ message: Message) -> UInt64 {
        ContentHash.combine(
            ContentHash.combine(ContentHash.combine(ContentHash.seed, UInt64(message.kind.rawValue)), message.device), message.payload)
    }

    /// Keeps a message until those before it have come.
    private mutating func keep(_ message: Message, _ seq: UInt8, _ reader: inout SparkplugPayload, _ output: inout SparkplugOutput) {
        behindRun = 0
        let first = nextSeq
        let place = pending.firstIndex { $0.seq &- first >= seq &- first } ?? pending.endIndex
        if place < pending.endIndex, pending[place].seq == seq {
            output.ignoredMessages += 1
            return
        }
        pending.insert(
            Pending(
                seq: seq, kind: message.kind, device: Array(message.device), payload: Array(message.payload),
                arrivalMilliseconds: message.now,
                timestampMilliseconds: reader.timestampMilliseconds ?? .min), at: place)
        pendingBytes += message.payload.count
        if pending.count > limits.pendingMessages || pendingBytes > limits.pendingBytes {
            output.problem("\(devices[0].key): too many messages came before the one with seq \(nextSeq)")
            giveUpSequence(at: message.now, &reader, &output)
        }
    }

    /// Applies what follows without a gap.
    mutating func drain(at now: Int64, _ reader: inout SparkplugPayload, _ output: inout SparkplugOutput) {
        var taken = 0
        while taken < pending.count, pending[taken].seq == nextSeq {
            applyPending(pending[taken], at: now, &reader, &output)
            nextSeq &+= 1
            taken += 1
        }
        remove(taken)
    }

    /// The missing message will not come: what came after it counts, and the node is asked to tell everything anew.
    mutating func giveUpSequence(at now: Int64, _ reader: inout SparkplugPayload, _ output: inout SparkplugOutput) {
        flush(pending.count, at: now, &reader, &output)
        askForRebirth(at: now, &output)
    }

    /// Applies the first `count` pending messages, gaps or not.
    mutating func flush(_ count: Int, at now: Int64, _ reader: inout SparkplugPayload, _ output: inout SparkplugOutput) {
        for index in 0..<count {
            applyPending(pending[index], at: now, &reader, &output)
            nextSeq = pending[index].seq &+ 1
        }
        remove(count)
    }

    private mutating func remove(_ count: Int) {
        for index in 0..<count { pendingBytes -= pending[index].payload.count }
        pending.removeFirst(count)
    }

    private mutating func applyPending(
        _ waiting: Pending, at now: Int64, _ reader: inout SparkplugPayload, _ output: inout SparkplugOutput
    ) {
        waiting.payload.withUnsafeBytes { payload in
            waiting.device.withUnsafeBytes { device in
                let message = Message(kind: waiting.kind, device: device, payload: payload, now: now)
                // It was read before it was kept, so it reads again; a damaged snapshot is the exception.
                do throws(SparkplugPayloadError) { try reader.decode(payload) } catch {
                    output.refusal = error
                    return
                }
                if waiting.timestampMilliseconds != .min { reader.inherit(timestampMilliseconds: waiting.timestampMilliseconds) }
                remember(waiting.seq, Self.hash(message))
                apply(message, reader, &output)
            }
        }
    }
}
