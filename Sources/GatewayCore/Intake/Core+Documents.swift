import Telemetry

/// Messages that are not one document as it should be: several documents, and what cannot be read at all.
extension StewardCore {
    /// Further documents of the message, each as a message of its own that came at once after the other.
    @inline(never)
    mutating func takeFurther(_ frame: Segment.Frame, _ number: Int64) {
        guard let further = decoder.takeFurtherDocuments() else { return }
        budget.proceed(number, documents: further.documents.count + further.dropped, effects: out.effects.count)
        if further.dropped > 0 {
            trouble.drop(further.dropped, of: nil, because: "of one message \(further.documents.count + 1) documents are read")
        }
        further.bytes.withUnsafeBytes { bytes in
            for (place, range) in further.documents.enumerated() {
                if let limit = budget.exhausted(effects: out.effects.count) {
                    return trouble.drop(further.documents.count - place, of: nil, because: limit)
                }
                var document = frame
                document.payload = UnsafeRawBufferPointer(rebasing: bytes[range])
                // A document may bring names that change the topic's route.
                find(document, number)
            }
        }
    }

    /// The message could not be read, and yet a device of which something was heard before has sent it. Of a topic that tells who is there
    /// nobody knows what its word was.
    @inline(never)
    mutating func heard(_ route: TopicTable.Route, _ frame: Segment.Frame) {
        guard !route.device.isNone, route.message >= 0, !frame.isRetained, !frame.payload.isEmpty, replayedArrivalMilliseconds == nil else {
            return
        }
        let rule = fleet.profiles[route.profile].layout.profile.messages[Int(route.message)]
        let device = route.device
        guard rule.format != .sparkplug, rule.liveness == nil, fleet.devices[device].arrivalMilliseconds != .min else { return }
        guard !fleet.devices[device].isSilent || !isLeaving(device) else { return }
        presence.hear(device, &fleet, at: now)
        guard fleet.devices[device].isSilent else { return }
        presence.spokeAgain(device, at: max(now, fleet.devices[device].newestMilliseconds), &fleet, &out)
        drain()
    }
}
