extension DiscoveryProposal {
    /// What one device announces, and where in its topics its name stands.
    struct Device {
        let title: String
        let model: String
        private(set) var reason = ""
        private var entities: [DiscoveryEntity] = []
        private var values: [DiscoveryValue] = []
        private var problems: [String] = []
        private var level = 0
        /// The word that stands at that level.
        private(set) var name = ""
        /// The forms of its topics, with `{device}` in them.
        private(set) var patterns: Set<String> = []
        private var names: [String]

        init(_ entity: DiscoveryEntity) {
            title = entity.deviceTitle
            model = entity.model
            names = entity.deviceNames
        }

        mutating func add(_ entity: DiscoveryEntity) {
            entities.append(entity)
            let (values, problems) = DiscoveryValue.read(entity)
            self.values += values
            self.problems += problems
        }

        private static func levels(_ topic: String) -> [String] {
            topic.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        }

        /// Whether a topic names this device where its others do.
        private func isOwn(_ levels: [String]) -> Bool { levels.indices.contains(level) && levels[level] == name }

        /// Finds the level of the topics that names the device; false where there is none.
        mutating func place() -> Bool {
            guard !values.isEmpty else {
                reason = problems.first ?? "it announces nothing that has a value"
                return false
            }
            let topics = values.map { Self.levels($0.topic) }
            let isValue = values.allSatisfy { $0.template.pointer == nil }
            guard let level = DeviceLevel.find(topics, names: names, isValue: isValue) else {
                reason = "its topics have no level in common that could be its name: \(values[0].topic)"
                return false
            }
            self.level = level
            name = topics[0][level]
            let availabilities = entities.flatMap(\.availabilities).map { Self.levels($0.topic) }.filter(isOwn)
            patterns = Set((topics + availabilities).compactMap { DeviceLevel.pattern($0, device: level) })
            if patterns.isEmpty { reason = "its topics hold wildcards or braces: \(values[0].topic)" }
            return !patterns.isEmpty
        }

        func write(to profile: inout ProposedProfile) {
            for problem in problems { profile.note("left out: " + problem) }
            for value in values { write(value, &profile) }
            for entity in entities {
                for availability in entity.availabilities { write(availability, &profile) }
                command(entity, &profile)
            }
            let expiries = entities.compactMap { $0.word("expire_after").flatMap { Int($0) } }.filter { (1...31_536_000).contains($0) }
            if let longest = expiries.max() { profile.silentAfterSeconds = max(profile.silentAfterSeconds ?? 0, longest) }
        }

        private func write(_ value: DiscoveryValue, _ profile: inout ProposedProfile) {
            let format: ProposedProfile.Message.Format = value.template.pointer == nil ? .text : .json
            guard let message = profile.message(value.topic, level: level, format: format) else {
                return profile.note("left out: \(value.name): the topic \(value.topic) cannot be a pattern, or there are too many")
            }
            var metric = ProposedProfile.Metric(
                name: value.name, message: message, pointer: value.template.pointer ?? "/value", kind: value.kind, unit: value.unit)
            metric.states = value.states
            metric.values = value.values
            metric.comment = value.comment
            if value.kind == .gauge || value.kind == .counter { metric.scale = value.template.scale }
            if let known = profile.metrics.first(where: { $0.message == message && $0.pointer == metric.pointer }) {
                if known != metric {
                    profile.note("\(value.name): another entity announces \(metric.pointer) of \(value.topic) otherwise, as \(known.name)")
                }
                return
            }
            profile.add(metric)
        }

        private func write(_ availability: DiscoveryEntity.Availability, _ profile: inout ProposedProfile) {
            let levels = Self.levels(availability.topic)
            guard isOwn(levels) else {
                let text = "\(availability.topic) tells whether a bridge is there, not this device: `parent` names the bridge"
                if !profile.notes.contains(text) { profile.note(text) }
                return
            }
            let template: ValueTemplate
            do {
                template =
                    try availability.template.map { text throws(ValueTemplate.Problem) in try ValueTemplate(text) } ?? ValueTemplate()
            } catch {
                return profile.note("left out: availability \(availability.topic): \(error.reason): \(availability.template ?? "")")
            }
            guard availability.online != availability.offline,
                let message = profile.message(availability.topic, level: level, format: template.pointer == nil ? .text : .json)
            else { return }
            profile.addLiveness(
                message, pointer: template.pointer ?? "/value", online: availability.online, offline: availability.offline)
        }

        /// Buttons, and what is switched on and off by two words. The rest needs a value, which a playbook has none of.
        private func command(_ entity: DiscoveryEntity, _ profile: inout ProposedProfile) {
            guard let topic = entity.topic("command_topic") else { return }
            let levels = Self.levels(topic)
            let name = DiscoveryValue.shortName(entity)
            guard isOwn(levels), let pattern = DeviceLevel.pattern(levels, device: level)
            else {
                return profile.note("no command for \(entity.place): \(topic) does not name the device")
            }
            switch entity.component {
            case "button": profile.addCommand(name, pattern, entity.word("payload_press") ?? "PRESS")
            case "switch" where entity.word("command_template") == nil:
                profile.addCommand(name + ".on", pattern, entity.word("payload_on") ?? "ON")
                profile.addCommand(name + ".off", pattern, entity.word("payload_off") ?? "OFF")
            default: profile.note("no command for \(entity.place): \(topic) takes a value")
            }
        }
    }
}

extension ProposedProfile {
    /// The name of the rule of that topic; a new one where there is none. Nil when there is no room, or the topic cannot be one.
    mutating func message(_ topic: String, level: Int, format: Message.Format) -> String? {
        let levels = topic.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard topic.utf8.count <= 512, let pattern = DeviceLevel.pattern(levels, device: level) else { return nil }
        if let known = messages.firstIndex(where: { $0.topic == pattern }) {
            if messages[known].format != format { messages[known].format = .auto }
            return messages[known].name
        }
        guard messages.count < 60 else { return nil }
        let wanted = DeviceLevel.shortName(levels, device: level)
        var name = wanted
        var number = 2
        while messages.contains(where: { $0.name == name }) {
            name = "\(wanted)-\(number)"
            number += 1
        }
        messages.append(Message(name: name, topic: pattern, format: format))
        return name
    }

    mutating func addLiveness(_ message: String, pointer: String, online: String, offline: String) {
        guard let index = messages.firstIndex(where: { $0.name == message }) else { return }
        var liveness = messages[index].liveness ?? Liveness(pointers: [], online: [], offline: [])
        if !liveness.pointers.contains(pointer), liveness.pointers.count < 4 { liveness.pointers.append(pointer) }
        if !liveness.online.contains(online), !liveness.offline.contains(online), liveness.online.count < 8 {
            liveness.online.append(online)
        }
        if !liveness.offline.contains(offline), !liveness.online.contains(offline), liveness.offline.count < 8 {
            liveness.offline.append(offline)
        }
        if !liveness.offline.isEmpty { messages[index].liveness = liveness }
    }

    mutating func addCommand(_ name: String, _ topic: String, _ payload: String) {
        guard commands.count < 64, !commands.contains(where: { $0.topic == topic && $0.payload == payload }) else { return }
        var own = name
        var number = 2
        while commands.contains(where: { $0.name == own }) {
            own = "\(name)-\(number)"
            number += 1
        }
        commands.append(Command(name: own, topic: topic, payload: payload))
    }
}
