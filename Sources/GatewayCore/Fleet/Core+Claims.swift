import Documents
import Hashing
import Telemetry

/// Whether a profile may have the device that a topic names. A topic alone proves nothing: other programs write to the same broker, and some of their
/// topics have the shape of a profile's. So a device comes into being with the first message in which its profile finds something.
extension StewardCore {
    enum Claim {
        case stands
        /// The topic is the profile's, but this message cannot be taken, for a reason that somebody should be told.
        case refused(String)
        /// The topic has the shape of one of the profile's, and the message has nothing that the profile reads.
        case nothing
    }

    func isKnown(_ name: [UInt8], _ profile: ProfileIndex) -> Bool {
        fleet.device(spelled: String(decoding: name, as: UTF8.self)).map { fleet.base(of: $0) == profile } ?? false
    }

    mutating func claim(_ candidate: Candidate, _ frame: Segment.Frame) -> Claim {
        guard topic(of: candidate).namesDevice, !candidate.isSkipped else { return .stands }
        let name = Array(frame.topic[candidate.range])
        if let problem = DeviceName.problem(name) { return .refused(problem) }
        if isKnown(name, candidate.profile) { return .stands }
        guard let message = candidate.message else {
            // An answer to nothing that was asked.
            out.budgets.count(.unknownReplies)
            return .nothing
        }
        var found = trial(message, of: candidate.profile, frame)
        for message in candidate.further where !found.isUnderstood { found = trial(message, of: candidate.profile, frame) }
        switch found {
        case .nothing: return .nothing
        case .unreadable(let reason): return topic(of: candidate).isBroad ? .nothing : .refused(reason)
        case .understood: break
        }
        let id = String(decoding: name, as: UTF8.self)
        guard let holder = fleet.device(named: id) else { return .stands }
        guard fleet.device(spelled: id) != nil, givesWay(holder, to: candidate) else {
            out.counters.refusedDevices &+= 1
            return .refused(refusal(name, fleet.profiles[candidate.profile].layout.profile.name))
        }
        giveWay(holder, to: candidate)
        return .stands
    }

    // MARK: Trials

    enum Trial {
        case understood, nothing
        case unreadable(String)

        var isUnderstood: Bool { if case .understood = self { true } else { false } }
    }

    /// Whether a rule finds a reading, a state, a supply, a list of codes or one of its words of liveness in the message. It is read with a
    /// layout that knows no names but the profile's own, so the answer is the same whatever devices have taught, and strangers teach nothing.
    mutating func trial(_ message: Int, of profile: ProfileIndex, _ frame: Segment.Frame) -> Trial {
        let rules = fleet.profiles[profile].layout.profile
        let rule = rules.messages[message]
        if rule.isForKnownDevices { return .nothing }
        // Sparkplug knows its nodes by their births.
        guard rule.format != .sparkplug else { return .understood }
        // Taken out, so that reading does not copy it.
        var layouts = trialLayouts.removeValue(forKey: profile) ?? TrialLayouts(rules)
        defer {
            layouts.forgetGrowth()
            trialLayouts[profile] = layouts
            decoded.clear()
            // Whoever takes the message reads it once more, and its further documents then.
            _ = decoder.takeFurtherDocuments()
        }
        do {
            if rule.isPlain {
                guard let root = layouts.working.root(message: message, captures: rule.topic.captured(frame.topic)) else { return .nothing }
                try decoder.decode(frame.payload, message: message, root: root, layout: &layouts.working, into: &decoded)
                return isSomething(rule) ? .understood : .nothing
            }
            try decoder.open(frame.payload, rule)
            for part in decoder.parts.prefix(64) where isUnderstood(part, message, rule, &layouts.working, frame) { return .understood }
            return .nothing
        } catch {
            return .unreadable(error.description)
        }
    }

    private mutating func isUnderstood(
        _ part: MessagePart, _ message: Int, _ rule: MessageRule, _ layout: inout ProfileLayout, _ frame: Segment.Frame
    ) -> Bool {
        if let liveness = rule.liveness {
            if liveness.isAlwaysOffline { return true }
            // Any other word at such a place is somebody else's.
            if let word = word(of: part, liveness), !liveness.online.isEmpty {
                return liveness.online.contains(word) || liveness.offline.contains(word)
            }
        }
        guard let names = rule.names.isEmpty ? [] : decoder.names(rule.names, of: part),
            let root = layout.root(message: message, captures: rule.topic.captured(frame.topic) + names)
        else { return false }
        decoder.read(part, message: message, root: root, layout: &layout, into: &decoded)
        return isSomething(rule)
    }

    /// A member of the profile whose value cannot be read is told of the device, where the topic leaves no doubt whose it is.
    private func isSomething(_ rule: MessageRule) -> Bool { !decoded.isEmpty || decoded.fieldProblems > 0 && !rule.topic.isBroad }

    // MARK: Giving way

    /// Whether a device may get another profile: its own has never found anything in what it said, is not loaded any more, or claims it less
    /// firmly. Where the configuration says of which profile it is, it is of that one.
    private func givesWay(_ holder: DeviceIndex, to candidate: Candidate) -> Bool {
        if let expected = configuration.expected[fleet.records[holder].id] {
            if expected.profile == fleet.rules(of: holder).name { return false }
            if expected.profile == fleet.profiles[candidate.profile].layout.profile.name { return true }
        }
        if fleet.rules(of: holder).messages.isEmpty || fleet.records[holder].claim < firmness(of: candidate) { return true }
        return fleet.places(of: holder).allSatisfy { fleet.metrics[$0.place].isBlank } && alarms.isForgettable(holder)
    }

    /// What is open of the device ends, and the name is free.
    private mutating func giveWay(_ holder: DeviceIndex, to candidate: Candidate) {
        let id = fleet.records[holder].id
        let former = fleet.rules(of: holder).name
        let next = fleet.profiles[candidate.profile].layout.profile.name
        let pattern = topic(of: candidate).text
        end(holder, by: "steward")
        out.decide(.deviceRemoved, at: now, device: id) { writer in
            writer.member("by", "steward")
            writer.member(
                "reason", "it speaks as the profile \(next) says (\(pattern)); it was taken for one of \(former), and begins anew")
        }
        vacate(holder)
        out.budgets.count(.devicesReclaimed)
    }

    /// Two devices whose topics differ only where the profile forgets a level would be one device. That is told once.
    mutating func noteSource(_ device: DeviceIndex, _ candidate: Candidate, _ frame: Segment.Frame) {
        guard let message = candidate.message, !fleet.records[device].isSourceDoubtful else { return }
        let pattern = fleet.profiles[candidate.profile].layout.profile.messages[message].topic
        let levels = pattern.forgotten(frame.topic)
        let source = levels.withUnsafeBytes { ContentHash.combine(ContentHash.seed, $0) }
        let former = fleet.records[device].source
        fleet.records[device].source = source
        guard let former, former != source else { return }
        fleet.records[device].isSourceDoubtful = true
        reject(
            fleet.rules(of: device).name,
            "the device speaks on topics that differ before its name: are there two of that name? {device...} in the profile keeps them apart. "
                + "The message was taken; this is told once a device")
    }
}
