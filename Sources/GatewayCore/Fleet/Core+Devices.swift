import Telemetry

/// How devices come to be known.
extension StewardCore {
    /// Topics are remembered, so their length needs a limit; the broker's own is 65,535 bytes.
    static var maximumTopicBytes: Int { 1024 }

    /// A topic that is seen for the first time. Nil after it was turned away with a reason.
    mutating func resolve(_ frame: Segment.Frame, hash: UInt64, _ number: Int64) -> TopicTable.Route? {
        budget.begin(number, effects: out.effects.count)
        if takeOrderStatus(frame) { return nil }
        guard frame.topic.count <= Self.maximumTopicBytes else {
            reject(nil, "the topic has \(frame.topic.count) bytes; at most \(Self.maximumTopicBytes) are taken")
            return nil
        }
        let candidates = candidates(frame)
        if candidates.isEmpty {
            if configuration.keepsUnreadTopics { reject(nil, "no profile reads this topic") } else { out.budgets.count(.strangers) }
            return nil
        }
        // The first that reads something in the message, or that has the device already. A refusal is told when nobody takes the message.
        var refusal: (profile: String, reason: String)?
        for candidate in candidates {
            switch claim(candidate, frame) {
            case .stands: return admit(candidate, frame, hash: hash, number)
            case .refused(let reason): refusal = refusal ?? (fleet.profiles[candidate.profile].layout.profile.name, reason)
            case .nothing: break
            }
        }
        if let refusal { reject(refusal.profile, refusal.reason) } else { out.budgets.count(.strangers) }
        return nil
    }

    /// Who reads the topic, in the order in which they are asked: firm claims before broad ones, and these before those that yield; of two alike
    /// the narrower topic, and of two such the profile that was loaded last, which is the site's own.
    private func candidates(_ frame: Segment.Frame) -> [Candidate] {
        let all = fleet.baseProfiles.reversed().flatMap { profile in
            [false, true].compactMap { resolve(frame, profile: profile, isGeneral: $0) }
        }
        // With few elements, and stable.
        return all.reduce(into: []) { sorted, candidate in
            let place = sorted.firstIndex { other in
                let (own, foreign) = (firmness(of: candidate), firmness(of: other))
                return own == foreign ? topic(of: candidate).isNarrower(than: topic(of: other)) : own > foreign
            }
            sorted.insert(candidate, at: place ?? sorted.endIndex)
        }
    }

    /// Which rules of a profile read the topic, with the range of the device's name in it.
    struct Candidate {
        var profile: ProfileIndex
        var message: Int?
        /// Rules that read the topic as well.
        var further: [Int] = []
        var reply: Int?
        var range: Range<Int>
        /// The profile says that nothing of the topic is read.
        var isSkipped = false
    }

    private func resolve(_ frame: Segment.Frame, profile: ProfileIndex, isGeneral: Bool) -> Candidate? {
        let rules = fleet.profiles[profile].layout.profile
        let matching = rules.messages.indices.filter {
            rules.messages[$0].isGeneral == isGeneral && rules.messages[$0].topic.match(frame.topic) != nil
        }
        var message = matching.first
        let isSkipped = message.map { rules.messages[$0].isSkipped } ?? false
        let further = matching.dropFirst().filter { rules.messages[$0].isAdditional }
        let reply = isGeneral ? nil : rules.replies.firstIndex { $0.topic.match(frame.topic) != nil }
        // An answer on such a topic is read all the same.
        if isSkipped, reply != nil { message = nil }
        let range =
            message.flatMap { rules.messages[$0].topic.match(frame.topic) } ?? reply.flatMap { rules.replies[$0].topic.match(frame.topic) }
        return range.map {
            Candidate(
                profile: profile, message: message, further: isSkipped ? [] : further, reply: reply, range: $0,
                isSkipped: isSkipped && reply == nil)
        }
    }

    func topic(of candidate: Candidate) -> TopicPattern {
        let profile = fleet.profiles[candidate.profile].layout.profile
        // There is a message rule, or a reply rule.
        return candidate.message.map { profile.messages[$0].topic } ?? profile.replies[candidate.reply ?? 0].topic
    }

    func firmness(of candidate: Candidate) -> ClaimFirmness {
        let isGeneral = candidate.message.map { fleet.profiles[candidate.profile].layout.profile.messages[$0].isGeneral } ?? false
        return isGeneral ? .yielding : topic(of: candidate).isBroad ? .broad : .firm
    }

    private mutating func admit(
        _ candidate: Candidate, _ frame: Segment.Frame, hash: UInt64, _ number: Int64
    ) -> TopicTable.Route? {
        let profile = candidate.profile
        if candidate.isSkipped {
            let route = TopicTable.Route(device: .none, profile: profile, root: 0, message: -1, reply: -1)
            fleet.topics.insert(frame.topic, hash: hash, route, owner: TopicTable.everybody)
            return route
        }
        let title = fleet.profiles[profile].layout.profile.name
        var device = DeviceIndex.none
        var node: Int32 = -1
        let isSparkplug = candidate.message.map { fleet.profiles[profile].layout.profile.messages[$0].format == .sparkplug } ?? false
        if isSparkplug {
            guard let host = sparkplugHost(frame, title) else { return nil }
            node = host
        }
        let namesDevice = topic(of: candidate).namesDevice
        if namesDevice {
            let name = Array(frame.topic[candidate.range])
            guard let known = admit(String(decoding: name, as: UTF8.self), profile: profile) else {
                out.counters.refusedDevices &+= 1
                reject(title, refusal(name, title))
                return nil
            }
            device = known
            fleet.records[known].claim = max(fleet.records[known].claim, firmness(of: candidate))
            noteSource(known, candidate, frame)
            learnLeadTime(known, candidate, frame)
            adopt(known, candidate, frame)
        }
        var own = namesDevice ? fleet.devices[device].profile : profile
        var root: Int32? = 0
        if let message = candidate.message {
            root = self.root(own, message: message, topic: frame.topic)
            if namesDevice, followGrowth(device, own) {
                own = fleet.devices[device].profile
                root = self.root(own, message: message, topic: frame.topic)
            }
        }
        guard let root else {
            reject(title, "the topic brings a name that cannot be used, or one too many for its device")
            return nil
        }
        var route = TopicTable.Route(
            device: device, node: node, profile: own, root: root, message: Int16(candidate.message ?? -1),
            reply: isSparkplug ? -1 : Int16(candidate.reply ?? -1))
        if candidate.message == nil, let reply = candidate.reply, fleet.profiles[own].layout.profile.replies[reply].hasTopicOfItsOwn {
            return route
        }
        for message in candidate.further.reversed() where !isSparkplug {
            guard let added = self.further(message, of: profile, beside: route, frame) else { continue }
            route.next = fleet.topics.keep(added)
        }
        let owner =
            isSparkplug
            ? TopicTable.owner(node: node) : namesDevice ? TopicTable.owner(device: device) : TopicTable.everybody
        fleet.topics.insert(frame.topic, hash: hash, route, owner: owner)
        return route
    }

    /// The profile may name the parent by what its topic captures.
    private mutating func adopt(_ device: DeviceIndex, _ candidate: Candidate, _ frame: Segment.Frame) {
        let rules = fleet.profiles[candidate.profile].rules
        guard let template = rules.parent, !template.captures.isEmpty, let message = candidate.message,
            configuration.parents[fleet.records[device].id] == nil
        else { return }
        let captures = rules.messages[message].topic.captured(frame.topic)
        fleet.adopt(device, by: template.filled(captures.map { ($0.name, $0.value) }))
    }

    /// Lead times that the topic tells, such as `site/{lead}/{device}/status`: asked once for each topic, when it is met first.
    private mutating func learnLeadTime(_ device: DeviceIndex, _ candidate: Candidate, _ frame: Segment.Frame) {
        guard let message = candidate.message else { return }
        let rules = fleet.profiles[candidate.profile].rules
        guard let name = rules.supplies.lazy.compactMap(\.leadTimeCapture).first else { return }
        let captured = rules.messages[message].topic.captured(frame.topic).first { $0.name == name }?.value
        guard let digits = captured?.drop(while: { !$0.isNumber }).prefix(while: { $0.isNumber || $0 == "." }) else { return }
        guard let days = Double(digits), (0...365).contains(days) else { return }
        fleet.records[device].topicLeadDays = days
    }

    /// Where the layout's walk begins for this topic; where the payload tells a part of the names, each message has its own.
    mutating func root(_ profile: ProfileIndex, message: Int, topic: UnsafeRawBufferPointer, names: [(name: String, value: String)] = [])
        -> Int32?
    {
        guard fleet.profiles[profile].layout.profile.messages[message].names.count == names.count else { return 0 }
        let captures = fleet.profiles[profile].layout.profile.messages[message].topic.captured(topic)
        let root = fleet.profiles[profile].layout.root(message: message, captures: captures + names)
        fleet.profiles[profile].followLayout()
        return root
    }

    /// A rule that reads the topic too; nil when there is no room for the device that it names there.
    private mutating func further(
        _ message: Int, of profile: ProfileIndex, beside route: TopicTable.Route, _ frame: Segment.Frame
    ) -> TopicTable.Route? {
        let rule = fleet.profiles[profile].layout.profile.messages[message]
        var added = TopicTable.Route(device: .none, profile: profile, root: 0, message: Int16(message), reply: -1, next: route.next)
        if rule.topic.namesDevice, let range = rule.topic.match(frame.topic) {
            let name = Array(frame.topic[range])
            guard DeviceName.problem(name) == nil, isKnown(name, profile) || trial(message, of: profile, frame).isUnderstood,
                let device = admit(String(decoding: name, as: UTF8.self), profile: profile)
            else {
                return nil
            }
            added.device = device
            added.profile = fleet.devices[device].profile
        }
        guard let root = root(added.profile, message: message, topic: frame.topic) else { return nil }
        added.root = root
        return added
    }

    func refusal(_ name: [UInt8], _ profile: String) -> String {
        let id = String(decoding: name, as: UTF8.self)
        if let known = fleet.device(named: id), fleet.profiles[fleet.devices[known].profile].layout.profile.name != profile {
            return
                "the device is known with the profile \(fleet.profiles[fleet.devices[known].profile].layout.profile.name); one device has one profile"
        }
        if fleet.device(named: id) != nil { return "another device has a name that looks the same in other bytes" }
        if !budget.hasRoomForDevices {
            return "one message brings at most \(MessageBudget.maximumNewDevices) new devices; the next one may bring more"
        }
        return "there are \(fleet.deviceCount) devices already (limits.devices), and each of them has more to show for itself"
    }

    /// The device of that name; makes room for a new one. Nil at the limit or when another profile has it.
    mutating func admit(_ id: String, profile: ProfileIndex) -> DeviceIndex? {
        if fleet.device(named: id) != nil { return fleet.device(spelled: id).flatMap { fleet.base(of: $0) == profile ? $0 : nil } }
        guard budget.takesDevice(), hasRoomForDevice(id) else { return nil }
        let rules = fleet.profiles[profile].rules
        let device = fleet.add(
            DeviceRecord(id: id), profile: rules.namesPerDevice ? fleet.add(ProfileLayout(rules), base: profile) : profile)
        fleet.adopt(device, by: configuration.parents[id] ?? rules.parent?.text)
        presence.deviceAdded(now)
        return device
    }
}
