import FaultDetection
import Telemetry

/// Messages that are more, or other, than one JSON object about the device of the topic.
extension StewardCore {
    mutating func parts(_ route: TopicTable.Route, _ frame: Segment.Frame, _ number: Int64) throws(DecodeError) {
        if fleet.profiles[route.profile].layout.profile.messages[Int(route.message)].format == .sparkplug {
            return try sparkplug(route, frame, number)
        }
        let rule = fleet.profiles[route.profile].layout.profile.messages[Int(route.message)]
        try decoder.open(frame.payload, rule)
        let parts = decoder.parts
        budget.begin(number, parts: parts.count + decoder.droppedParts, effects: out.effects.count)
        if decoder.droppedParts > 0 {
            trouble.drop(
                decoder.droppedParts, of: fleet.profiles[route.profile].layout.profile.name,
                because: "of one message \(MessageDecoder.maximumParts) are read")
        }
        for (place, part) in parts.enumerated() {
            if let limit = budget.exhausted(effects: out.effects.count) {
                return trouble.drop(parts.count - place, of: fleet.profiles[route.profile].layout.profile.name, because: limit)
            }
            guard let device = device(of: part, route) else { continue }
            var profile = fleet.devices[device].profile
            guard var root = root(of: part, profile, route, frame) else { continue }
            decoder.read(part, message: Int(route.message), root: root, layout: &fleet.profiles[profile].layout, into: &decoded)
            if !fleet.profiles[profile].layout.growth.isNothing, followGrowth(device, profile) {
                profile = fleet.devices[device].profile
                guard let own = self.root(of: part, profile, route, frame) else { continue }
                root = own
                decoder.read(part, message: Int(route.message), root: root, layout: &fleet.profiles[profile].layout, into: &decoded)
                _ = followGrowth(device, profile)
            }
            if let liveness = rule.liveness, isOffline(part, liveness) {
                wentOffline(device, isRetained: frame.isRetained)
                continue
            }
            if let full = rule.full, isMeant(part, full) {
                addUnknowns(device, profile, root)
            } else if !decoded.clearedGroups.isEmpty {
                addUnknowns(device, profile, below: decoded.clearedGroups)
            }
            let isHistorical = rule.historical.map { isMeant(part, $0) } ?? false
            apply(
                decoded, device, profile, isRetained: frame.isRetained, isHistorical: isHistorical, isWordOfLife: rule.liveness != nil)
        }
    }

    /// The device that the part is about; nil after it was turned away with a reason.
    private mutating func device(
        of part: MessagePart, _ route: TopicTable.Route
    ) -> DeviceIndex? {
        guard let name = part.device else { return route.device.isNone ? nil : route.device }
        let profile = fleet.profiles[route.profile].layout.profile.name
        if let problem = DeviceName.problem(Array(name.utf8)) {
            reject(profile, problem)
            return nil
        }
        if let device = admit(name, profile: route.profile) { return device }
        out.counters.refusedDevices &+= 1
        reject(profile, refusal(Array(name.utf8), profile))
        return nil
    }

    private func isOffline(_ part: MessagePart, _ rule: LivenessRule) -> Bool {
        rule.isAlwaysOffline || word(of: part, rule).map { rule.offline.contains($0) } ?? false
    }

    func word(of part: MessagePart, _ rule: LivenessRule) -> String? {
        rule.paths.lazy.compactMap { decoder.text($0, of: part) }.first
    }

    private func isMeant(_ part: MessagePart, _ rule: MessageSelection) -> Bool {
        switch rule {
        case .always: true
        case .when(let path, let values): decoder.text(path, of: part).map { values.contains($0) } ?? false
        }
    }

    /// Where the walk begins: the payload may tell a part of the names, and the device may have names of its own. Nil when the payload should
    /// tell and does not: then it has no readings.
    private mutating func root(of part: MessagePart, _ profile: ProfileIndex, _ route: TopicTable.Route, _ frame: Segment.Frame) -> Int32? {
        let rule = fleet.profiles[profile].layout.profile.messages[Int(route.message)]
        if rule.names.isEmpty, profile == route.profile { return route.root }
        guard let names = rule.names.isEmpty ? [] : decoder.names(rule.names, of: part) else { return nil }
        return root(profile, message: Int(route.message), topic: frame.topic, names: names)
    }

    /// What a full report leaves out is not known any more, as far as the device has ever told it.
    mutating func addUnknowns(_ device: DeviceIndex, _ profile: ProfileIndex, _ root: Int32) {
        addUnknowns(device, profile, below: [root])
    }

    /// Likewise everything in a group that the message says to be null.
    mutating func addUnknowns(_ device: DeviceIndex, _ profile: ProfileIndex, below nodes: [Int32]) {
        var named = Set(decoded.readings.map(\.slot))
        for node in nodes {
            for slot in fleet.profiles[profile].layout.slots(below: node) where fleet.value(device, slot) != .never {
                if named.insert(slot).inserted { decoded.addUnknown(slot) }
            }
        }
    }

    /// How long after such a word a device may still be sending: it says that it leaves, and then closes what it has open.
    private static let leavingMilliseconds: Int64 = 10_000

    /// The silent device has just said that it leaves. What it still sends does not mean that it is back, where it has a word for that:
    /// otherwise its last will, which follows, would be a second silence.
    func isLeaving(_ device: DeviceIndex) -> Bool {
        let profile = fleet.profiles[fleet.devices[device].profile].layout.profile
        guard profile.messages.contains(where: { $0.liveness?.online.isEmpty == false }),
            let alarm = alarms.standing(device, PresenceDesk.condition, .silence).flatMap({ alarms[$0] })
        else { return false }
        // The silence of a device that has said nothing began longer ago.
        return now &- alarm.onsetMilliseconds < min(Self.leavingMilliseconds, presence.limit(of: device, fleet))
    }

    /// The device's last will, or a bridge's word, says that it is gone. A retained word tells state and raises nothing.
    private mutating func wentOffline(_ device: DeviceIndex, isRetained: Bool) {
        // The words themselves, so that a person can see them.
        for reading in decoded.readings where !reading.isUnknown {
            let place = fleet.takePlace(device, reading.slot)
            fleet.metrics[place].value = reading.value
            fleet.metrics[place].isUnknown = false
            fleet.metrics[place].timeMilliseconds = max(now, fleet.metrics[place].timeMilliseconds)
        }
        let text = "The device went offline, as its last will or its bridge says"
        presence.goOffline(device, text: text, isRetained: isRetained, &fleet, &out)
        drain()
    }
}
