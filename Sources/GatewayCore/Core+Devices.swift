import FaultDetection
import Telemetry

/// How devices come to be known.
extension StewardCore {
    /// Topics are remembered, so their length needs a limit; the broker's own is 65,535 bytes.
    static var maximumTopicBytes: Int { 1024 }

    /// A topic that is seen for the first time. Nil after it was turned away with a reason.
    mutating func resolve(_ frame: Segment.Frame, hash: UInt64, _ number: Int64, _ effects: inout [Effect]) -> TopicTable.Route? {
        budget.begin(number, effects: effects.count)
        if takeOrderStatus(frame, &effects) { return nil }
        guard frame.topic.count <= Self.maximumTopicBytes else {
            reject(nil, "the topic has \(frame.topic.count) bytes; at most \(Self.maximumTopicBytes) are taken")
            return nil
        }
        // Profiles that yield to others come last.
        for isGeneral in [false, true] {
            let candidates = layouts.indices.compactMap {
                bases[$0] == $0 ? resolve(frame, profile: $0, isGeneral: isGeneral) : nil
            }
            guard var best = candidates.first else { continue }
            // Of several general ones the narrowest counts.
            for candidate in candidates.dropFirst() where isGeneral && topic(of: candidate).isNarrower(than: topic(of: best)) {
                best = candidate
            }
            return admit(best, frame, hash: hash, number, &effects)
        }
        reject(nil, "no profile reads this topic")
        return nil
    }

    /// Which rules of a profile read the topic, with the range of the device's name in it.
    struct Candidate {
        var profile: Int
        var message: Int?
        /// Rules that read the topic as well.
        var further: [Int] = []
        var reply: Int?
        var range: Range<Int>
    }

    private func resolve(_ frame: Segment.Frame, profile: Int, isGeneral: Bool) -> Candidate? {
        let rules = layouts[profile].profile
        let matching = rules.messages.indices.filter {
            rules.messages[$0].isGeneral == isGeneral && rules.messages[$0].topic.match(frame.topic) != nil
        }
        let message = matching.first
        let further = matching.dropFirst().filter { rules.messages[$0].isAdditional }
        let reply = isGeneral ? nil : rules.replies.firstIndex { $0.topic.match(frame.topic) != nil }
        let range =
            message.flatMap { rules.messages[$0].topic.match(frame.topic) } ?? reply.flatMap { rules.replies[$0].topic.match(frame.topic) }
        return range.map { Candidate(profile: profile, message: message, further: further, reply: reply, range: $0) }
    }

    private func topic(of candidate: Candidate) -> TopicPattern {
        let profile = layouts[candidate.profile].profile
        // There is a message rule, or a reply rule.
        return candidate.message.map { profile.messages[$0].topic } ?? profile.replies[candidate.reply ?? 0].topic
    }

    private mutating func admit(
        _ candidate: Candidate, _ frame: Segment.Frame, hash: UInt64, _ number: Int64, _ effects: inout [Effect]
    ) -> TopicTable.Route? {
        let profile = candidate.profile
        let title = layouts[profile].profile.name
        var device: Int32 = -1
        let isSparkplug = candidate.message.map { layouts[profile].profile.messages[$0].format == .sparkplug } ?? false
        if isSparkplug {
            guard let host = sparkplugHost(frame, title) else { return nil }
            device = host
        }
        let namesDevice = topic(of: candidate).namesDevice
        if namesDevice {
            let name = Array(frame.topic[candidate.range])
            if let problem = Self.problem(withDeviceName: name) {
                reject(title, problem)
                return nil
            }
            guard let known = admit(String(decoding: name, as: UTF8.self), profile: profile, &effects) else {
                counters.refusedDevices &+= 1
                reject(title, refusal(name, title))
                return nil
            }
            device = known
            learnLeadTime(Int(known), candidate, frame)
            adopt(Int(known), candidate, frame)
        }
        var own = namesDevice ? Int(hot[Int(device)].profile) : profile
        var root: Int32? = 0
        if let message = candidate.message {
            root = self.root(own, message: message, topic: frame.topic)
            if namesDevice, followGrowth(Int(device), own) {
                own = Int(hot[Int(device)].profile)
                root = self.root(own, message: message, topic: frame.topic)
            }
        }
        guard let root else {
            reject(title, "the topic brings a name that cannot be used, or one too many for its device")
            return nil
        }
        var route = TopicTable.Route(
            device: device, profile: Int32(own), root: root, message: Int16(candidate.message ?? -1),
            reply: isSparkplug ? -1 : Int16(candidate.reply ?? -1))
        if candidate.message == nil, let reply = candidate.reply, layouts[own].profile.replies[reply].hasTopicOfItsOwn { return route }
        for message in candidate.further.reversed() where !isSparkplug {
            guard let added = self.further(message, of: profile, beside: route, frame, &effects) else { continue }
            route.next = topics.keep(added)
        }
        let owner =
            isSparkplug
            ? TopicTable.owner(node: device) : namesDevice ? TopicTable.owner(device: device) : TopicTable.everybody
        topics.insert(frame.topic, hash: hash, route, owner: owner)
        return route
    }

    /// The profile may name the parent by what its topic captures.
    private mutating func adopt(_ device: Int, _ candidate: Candidate, _ frame: Segment.Frame) {
        guard let template = layouts[candidate.profile].profile.parent, !template.captures.isEmpty, let message = candidate.message,
            configuration.parents[records[device].id] == nil
        else { return }
        let captures = layouts[candidate.profile].profile.messages[message].topic.captured(frame.topic)
        let name = template.filled(captures.map { ($0.name, $0.value) })
        adopt(device, by: name)
    }

    mutating func adopt(_ device: Int, by parent: String?) {
        guard let parent, !parent.contains("{"), parent != records[device].id, Self.problem(withDeviceName: Array(parent.utf8)) == nil
        else {
            return
        }
        records[device].parent = parent
        hasParents = true
    }

    /// Where the layout's walk begins for this topic; where the payload tells a part of the names, each message has its own.
    mutating func root(_ profile: Int, message: Int, topic: UnsafeRawBufferPointer, names: [(name: String, value: String)] = []) -> Int32? {
        guard layouts[profile].profile.messages[message].names.count == names.count else { return 0 }
        let captures = layouts[profile].profile.messages[message].topic.captured(topic)
        let root = layouts[profile].root(message: message, captures: captures + names)
        if layouts[profile].revision != derived[profile].revision { derived[profile] = LayoutDerived(layouts[profile]) }
        return root
    }

    /// A rule that reads the topic too; nil when there is no room for the device that it names there.
    private mutating func further(
        _ message: Int, of profile: Int, beside route: TopicTable.Route, _ frame: Segment.Frame, _ effects: inout [Effect]
    ) -> TopicTable.Route? {
        let rule = layouts[profile].profile.messages[message]
        var added = TopicTable.Route(device: -1, profile: Int32(profile), root: 0, message: Int16(message), reply: -1, next: route.next)
        if rule.topic.namesDevice, let range = rule.topic.match(frame.topic) {
            let name = Array(frame.topic[range])
            guard Self.problem(withDeviceName: name) == nil,
                let device = admit(String(decoding: name, as: UTF8.self), profile: profile, &effects)
            else {
                return nil
            }
            added.device = device
            added.profile = hot[Int(device)].profile
        }
        guard let root = root(Int(added.profile), message: message, topic: frame.topic) else { return nil }
        added.root = root
        return added
    }

    func refusal(_ name: [UInt8], _ profile: String) -> String {
        let id = String(decoding: name, as: UTF8.self)
        if let known = deviceIndex[id], layouts[Int(hot[Int(known)].profile)].profile.name != profile {
            return "the device is known with the profile \(layouts[Int(hot[Int(known)].profile)].profile.name); one device has one profile"
        }
        if deviceIndex[id] != nil { return "another device has a name that looks the same in other bytes" }
        if !budget.hasRoomForDevices {
            return "one message brings at most \(MessageBudget.maximumNewDevices) new devices; the next one may bring more"
        }
        return "there are \(deviceCount) devices already (limits.devices), and each of them has more to show for itself"
    }

    static var maximumNameBytes: Int { MessageDecoder.maximumDeviceNameBytes }

    /// Device names come from the network: they must not be able to become a wildcard, a path or a control sequence.
    static func problem(withDeviceName name: [UInt8]) -> String? {
        if name.isEmpty { return "the device's name in the topic is empty" }
        if name.count > maximumNameBytes { return "the device's name has more bytes than are taken; at most \(maximumNameBytes) are" }
        if String(validating: name, as: UTF8.self) == nil { return "the device's name is not valid UTF-8" }
        if name.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "the device's name has a control character" }
        if name.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }) { return "the device's name has a wildcard" }
        if name == Array(".".utf8) || name == Array("..".utf8) { return "the device's name is a path step" }
        return nil
    }

    /// The device of that name; makes room for a new one. Nil at the limit or when another profile has it.
    mutating func admit(_ id: String, profile: Int, _ effects: inout [Effect]) -> Int32? {
        if let known = deviceIndex[id] {
            // Equal text is not enough: to the broker, é and e with an accent are two topics, and one must not speak for the other.
            let isSame = records[Int(known)].id.utf8.elementsEqual(id.utf8)
            return isSame && Int(bases[Int(hot[Int(known)].profile)]) == profile ? known : nil
        }
        guard budget.takesDevice(), hasRoomForDevice(id, &effects) else { return nil }
        var profile = profile
        if layouts[profile].profile.namesPerDevice { profile = add(ProfileLayout(layouts[profile].profile), base: profile) }
        let device = place(
            DeviceHot(
                profile: Int32(profile), firstMetric: 0, metricCapacity: 0,
                firstFault: takeFaultCells(derived[profile].faults.cellCount)), DeviceRecord(id: id))
        adopt(Int(device), by: configuration.parents[id] ?? layouts[profile].profile.parent?.text)
        deviceIndex[id] = device
        growMetrics(Int(device), layouts[profile].slots.count)
        if nextSilenceScan == .min { nextSilenceScan = now &+ Self.silenceScanMilliseconds }
        return device
    }

    /// The lowest vacant place, or a new one at the end.
    private mutating func place(_ state: DeviceHot, _ record: DeviceRecord) -> Int32 {
        if let vacant = vacantDevices.popLast() {
            hot[vacant] = state
            records[vacant] = record
            return Int32(vacant)
        }
        hot.append(state)
        records.append(record)
        return Int32(hot.count - 1)
    }

    /// Gives a device room for the metrics that its profile has learned. The last device grows in place; another moves to the end.
    mutating func growMetrics(_ device: Int, _ wanted: Int) {
        let old = Int(hot[device].firstMetric)
        let oldCount = Int(hot[device].metricCapacity)
        guard wanted > oldCount || oldCount == 0 else { return }
        let isLast = oldCount > 0 && old + oldCount == metrics.count
        // A few at once, because names come in bursts; and half as much again on a move, because what it leaves behind is lost.
        let capacity = max((wanted + 3) & ~3, isLast ? 4 : min(oldCount + oldCount / 2, ProfileLayout.maximumSlots))
        if isLast {
            metrics.append(contentsOf: repeatElement(MetricState(), count: capacity - oldCount))
            chunks.append(contentsOf: repeatElement(0, count: (capacity - oldCount) * SampleEncoder.capacityBytes))
        } else {
            let first = takeMetrics(capacity)
            for index in 0..<oldCount { copyMetric(from: old + index, to: first + index) }
            release(metrics: old, capacity: oldCount)
            hot[device].firstMetric = Int32(first)
        }
        hot[device].metricCapacity = Int32(capacity)
    }
}
