/// What the broker sends again. `RepeatFilter` says how it is known.
extension StewardCore {
    /// For a message that the broker marks, or that comes while others wait for a verdict.
    /// - Returns: true when the message goes no further: it is a repeat, or it waits.
    mutating func isHeldBack(_ frame: Segment.Frame, hash: UInt64, number: Int64) -> Bool {
        var place: Int64 = -1
        if frame.isDuplicate {
            switch repeats.judge(hash, id: frame.packetID, atMilliseconds: now) {
            case .new: break
            case .repeated:
                out.counters.repeats &+= 1
                return true
            case .undecided(let found): place = found
            }
        } else {
            repeats.note(hash, id: frame.packetID, atMilliseconds: now)
        }
        guard place >= 0 || repeats.isWaiting else { return false }
        mustReleaseRepeats = repeats.wait(
            RepeatFilter.Waiting(
                number: number, isRetained: frame.isRetained, place: place, topic: Array(frame.topic), payload: Array(frame.payload)),
            atMilliseconds: now)
        return true
    }

    /// Those that wait are judged before the connection changes, and before anything else of a batch when their time has come.
    mutating func releaseRepeats(before frame: Segment.Frame?, progress: UnsafeMutablePointer<Int64>?) {
        guard repeats.isWaiting else { return }
        var isDue = mustReleaseRepeats || now >= repeats.dueMilliseconds
        if !isDue, let frame, frame.kind == Segment.Kind.control.rawValue {
            switch ControlEvent(decoding: frame.payload) {
            case .connected, .disconnected: isDue = true
            default: break
            }
        }
        guard isDue else { return }
        mustReleaseRepeats = false
        let (new, known) = repeats.release()
        out.counters.repeats &+= Int64(known)
        for message in new {
            // Should the decoder crash on it, it is this one that is set aside, and not the event that freed it.
            progress?.pointee = message.number
            var segment = Segment(capacityBytes: message.topic.count + message.payload.count + Segment.headerBytes)
            message.topic.withUnsafeBytes { topic in
                message.payload.withUnsafeBytes { segment.append(isRetained: message.isRetained, topic: topic, payload: $0) }
            }
            guard let frame = segment.frame(at: 0) else { continue }
            read(frame, message.number)
        }
    }
}
