import Telemetry

/// Writes the profile of one group of topics.
struct DraftWriter {
    private let group: TopicGroups.Group
    private static let maximumRules = 60

    init(_ group: TopicGroups.Group) { self.group = group }

    private struct Form {
        var pattern: String
        var levels: [String]
        var places = PayloadPlaces()
        var messages = 0
    }

    func profile(notes: inout [String]) -> ProposedProfile? {
        var forms: [String: Form] = [:]
        var devices: [String] = []
        for topic in group.topics {
            guard let pattern = DeviceLevel.pattern(topic.levels, device: group.device) else {
                notes.append("left out: \(topic.levels.joined(separator: "/")): its words cannot stand in a pattern")
                continue
            }
            let device = topic.levels[group.device]
            if !devices.contains(device), devices.count < 10_000 { devices.append(device) }
            var form = forms[pattern] ?? Form(pattern: pattern, levels: topic.levels)
            for message in topic.messages { form.places.add(message, device: device) }
            form.messages += topic.messages.count
            forms[pattern] = form
        }
        guard let first = group.topics.first, !forms.isEmpty else { return nil }
        // Without a level of its own for the device the name is the only one.
        let word = first.levels.enumerated().first { $0.offset != group.device && !DeviceLevel.isGeneric($0.element) }?.element
        let name = word ?? first.levels[group.device]
        var profile = ProposedProfile(name: ProposalText.profileName(name), title: "Devices at \(forms.keys.min() ?? "")")
        profile.devices = devices.sorted()
        profile.note("Guessed from a recording: kinds and units have to be looked up, and what the recording does not show is not here.")
        let ordered = forms.values.sorted { ($1.messages, $0.pattern) < ($0.messages, $1.pattern) }
        for form in ordered.dropFirst(Self.maximumRules) {
            profile.note("left out: \(form.pattern): there are more than \(Self.maximumRules) topics")
        }
        for form in ordered.prefix(Self.maximumRules).sorted(by: { $0.pattern < $1.pattern }) {
            write(form, isOnly: forms.count == 1, &profile)
        }
        return profile.metrics.isEmpty && profile.supplies.isEmpty ? nil : profile
    }

    private func write(_ form: Form, isOnly: Bool, _ profile: inout ProposedProfile) {
        let isText = form.places.texts > 0
        let format: ProposedProfile.Message.Format = !isText ? .json : form.places.documents > 0 ? .auto : .text
        guard form.places.documents + form.places.texts > 0 else {
            return profile.note("left out: \(form.pattern): its payload is neither JSON nor text")
        }
        let actual = form.levels.joined(separator: "/")
        guard let message = profile.message(actual, level: group.device, format: format) else { return }
        let time = form.places.time
        if let index = profile.messages.firstIndex(where: { $0.name == message }) {
            profile.messages[index].time = time
            if form.places.unreadable > 0 { profile.messages[index].comment = "\(form.places.unreadable) of its payloads are no JSON" }
        }
        if form.places.isFull || form.places.strangeNames > 0 {
            profile.note("\(form.pattern): it has more members than are looked at, or some whose names cannot stand in a pointer")
        }
        let prefix = isOnly ? [] : [DeviceLevel.shortName(form.levels, device: group.device)]
        for (pointer, names) in form.places.lists.sorted(by: { $0.key < $1.key }) where PayloadPlaces.namesCodes(names) {
            if profile.alerts.count < 4 { profile.alerts.append(ProposedProfile.AlertList(message: message, pointer: pointer)) }
        }
        for place in form.places.places where place.pointer != time?.pointer {
            write(place, message, prefix, isPayload: isText && place.pointer == "/value", &profile)
        }
    }

    private func write(
        _ place: PayloadPlaces.Place, _ message: String, _ prefix: [String], isPayload: Bool, _ profile: inout ProposedProfile
    ) {
        let statistics = place.statistics
        let names = isPayload ? (prefix.isEmpty ? ["value"] : prefix) : place.names
        var metric = ProposedProfile.Metric(name: Self.name(names), message: message, pointer: place.pointer, kind: .gauge)
        if !isPayload, profile.metrics.contains(where: { $0.name == metric.name }) { metric.name = Self.name(prefix + names) }
        if statistics.isNumber {
            guard number(statistics, place, names, &metric, &profile) else { return }
        } else if statistics.isMixed {
            metric.kind = .any
            metric.comment = "sometimes a number and sometimes not"
        } else if statistics.flags > 0 {
            (metric.kind, metric.states) = (.state, ["true", "false"])
        } else if statistics.texts > 0 {
            guard !statistics.hasManyWords else {
                return profile.note("left out: \(place.pointer) of \(message): texts that are long or always different")
            }
            if place.times["iso8601"] == statistics.texts {
                return profile.note("left out: \(place.pointer) of \(message): a point in time")
            }
            (metric.kind, metric.states) = (.state, statistics.words.sorted())
            if isPayload { liveness(message, &metric, &profile) }
        } else {
            return profile.note("left out: \(place.pointer) of \(message): it was null whenever it came")
        }
        profile.add(metric)
    }

    /// False where the number is no metric.
    private func number(
        _ statistics: ValueStatistics, _ place: PayloadPlaces.Place, _ names: [String], _ metric: inout ProposedProfile.Metric,
        _ profile: inout ProposedProfile
    ) -> Bool {
        if Self.namesSupply(names), let range = statistics.range, range.lowerBound >= 0, range.upperBound <= 100, !statistics.isCounter {
            let name = metric.name
            if !profile.metrics.contains(where: { $0.name == name }), !profile.supplies.contains(where: { $0.name == name }) {
                profile.supplies.append(
                    ProposedProfile.Supply(
                        name: name, message: metric.message, pointer: place.pointer,
                        comment: "0 to 100 and named like a supply: if it is one, `item` says what to order and `order: false` goes"))
                return false
            }
        }
        if statistics.isCounter {
            metric.kind = .counter
            metric.comment = "it never fell and rose \(statistics.rises) times"
        }
        let odd = statistics.suspected
        if !odd.isEmpty {
            let list = odd.map { $0 == $0.rounded() && abs($0) < 1e15 ? "\(Int64($0))" : "\($0)" }
            metric.comment =
                "\(list.joined(separator: ", ")) lies far from the rest, and may mean that it is not known: unknown: [\(list.joined(separator: ", "))]"
        }
        return true
    }

    /// Words by which a device, or its last will, says whether it is there; in the spelling of the device.
    private func liveness(_ message: String, _ metric: inout ProposedProfile.Metric, _ profile: inout ProposedProfile) {
        let words = metric.states
        let pairs = [("online", "offline"), ("connected", "disconnected"), ("available", "unavailable")]
        for (online, offline) in pairs where !words.isEmpty {
            guard words.allSatisfy({ $0.lowercased() == online || $0.lowercased() == offline }) else { continue }
            let isUpper = words.allSatisfy { $0 == $0.uppercased() }
            let isCapital = words.allSatisfy { $0.first?.isUppercase == true }
            let spell = { (word: String) in
                isUpper ? word.uppercased() : isCapital ? word.prefix(1).uppercased() + word.dropFirst() : word
            }
            profile.addLiveness(message, pointer: "/value", online: spell(online), offline: spell(offline))
            metric.states = [spell(online), spell(offline)]
        }
    }

    private static func name(_ names: [String]) -> String {
        names.map { $0.hasPrefix("{") ? $0 : ProposalText.name($0) }.joined(separator: ".")
    }

    private static func namesSupply(_ names: [String]) -> Bool {
        let words = [
            "toner", "ink", "ribbon", "paper", "resin", "filament", "supply", "supplies", "cartridge", "drum", "fuser", "black", "cyan",
            "magenta", "yellow",
            "level", "remaining", "remain", "consumable",
        ]
        let others = ["temp", "target", "progress", "speed", "battery", "humidity", "signal", "bright", "volume"]
        let name = names.joined(separator: ".").lowercased()
        return words.contains { name.contains($0) } && !others.contains { name.contains($0) }
    }
}
