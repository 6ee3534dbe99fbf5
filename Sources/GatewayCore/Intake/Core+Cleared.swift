import Telemetry

/// Empty messages: a retained topic that is taken back reaches a subscriber as one.
extension StewardCore {
    /// Nil where an empty message says nothing: it makes no device known, and a retained one counts only where the profile says what it means.
    @inline(never)
    mutating func routeOfEmpty(_ frame: Segment.Frame, hash: UInt64, _ number: Int64) -> TopicTable.Route? {
        if frame.isRetained {
            out.counters.retained &+= 1
            guard rules(reading: frame).contains(where: { $0.rule.cleared != nil }) else { return nil }
        }
        if let known = fleet.topics.find(frame.topic, hash: hash) { return known }
        let strangers = rules(reading: frame).map { isStranger(frame, $0.rule) }
        return !strangers.isEmpty && strangers.allSatisfy { $0 } ? nil : resolve(frame, hash: hash, number)
    }

    private func rules(reading frame: Segment.Frame) -> [(profile: ProfileIndex, rule: MessageRule)] {
        fleet.baseProfiles.flatMap { profile in
            fleet.profiles[profile].rules.messages.filter { $0.topic.match(frame.topic) != nil }.map { (profile, $0) }
        }
    }

    private func isStranger(_ frame: Segment.Frame, _ rule: MessageRule) -> Bool {
        guard rule.format != .sparkplug, rule.topic.namesDevice, let range = rule.topic.match(frame.topic) else { return false }
        return fleet.device(named: String(decoding: frame.topic[range], as: UTF8.self)) == nil
    }

    /// Whether it is known of which device an empty message on this topic speaks.
    func isCleared(_ route: TopicTable.Route) -> Bool {
        guard route.message >= 0, !route.device.isNone else { return false }
        let rule = fleet.profiles[route.profile].layout.profile.messages[Int(route.message)]
        return rule.format != .sparkplug && rule.names.isEmpty
    }

    /// What the topic told is not known any more. It is no sign of life: whoever empties a topic need not be the device.
    mutating func clear(_ route: TopicTable.Route, _ frame: Segment.Frame) {
        let device = route.device
        let profile = fleet.devices[device].profile
        let rule = fleet.profiles[route.profile].layout.profile.messages[Int(route.message)]
        if frame.isRetained, rule.cleared == nil { return }
        decoded.clear()
        let own = profile == route.profile ? route.root : root(profile, message: Int(route.message), topic: frame.topic)
        guard let own else { return }
        addUnknowns(device, profile, own)
        let time = max(now, fleet.devices[device].newestMilliseconds)
        if !decoded.readings.isEmpty, replayedArrivalMilliseconds == nil { takePresent(decoded, device, profile, time) }
        if rule.cleared == .over, replayedArrivalMilliseconds == nil, !frame.isRetained {
            for (list, scope) in fleet.profiles[profile].layout.lists(ofTopicAt: own) where list < 4 {
                take(CodeReport(list: list, hash: ReportedAlerts.emptyHash, scope: scope, codes: []), device, at: time)
            }
        }
        guard rule.cleared == .gone else { return }
        presence.goOffline(
            device, text: "Its topic was emptied: it was removed or has another name", isRetained: frame.isRetained, &fleet, &out)
        drain()
    }
}
