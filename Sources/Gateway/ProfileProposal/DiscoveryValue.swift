/// What an entity tells: a value in a topic, with what it means.
struct DiscoveryValue {
    var topic: String
    var template: ValueTemplate
    var name: String
    var kind: ProposedProfile.Metric.Kind
    var unit = ""
    var states: [String] = []
    var values: [(raw: String, meaning: String)] = []
    var comment: String?

    /// The values of an entity, and what of it could not be said in a profile.
    static func read(_ entity: DiscoveryEntity) -> (values: [DiscoveryValue], problems: [String]) {
        var values: [DiscoveryValue] = []
        var problems: [String] = []
        for key in entity.keys where key.hasSuffix("_topic") {
            let part = String(key.dropLast("_topic".count))
            guard !silent.contains(part), !part.hasSuffix("command"), let topic = entity.topic(key), !topic.isEmpty else { continue }
            do throws(ValueTemplate.Problem) {
                let text = templateText(entity, part)
                var template = try text.map { text throws(ValueTemplate.Problem) in try ValueTemplate(text) } ?? ValueTemplate()
                // Entities with a schema of JSON have no template: the members have fixed names.
                if text == nil, isDocument(entity) { template.pointer = "/state" }
                values.append(value(entity, part, topic, template))
            } catch {
                problems.append("\(entity.place): \(key) \(topic): \(error.reason): \(templateText(entity, part) ?? "")")
            }
        }
        return (values, problems)
    }

    /// Topics that tell no value.
    private static let silent: Set<String> = [
        "availability", "json_attributes", "last_reset", "image", "url", "cleaning_segments", "send_command",
    ]

    private static func isDocument(_ entity: DiscoveryEntity) -> Bool {
        entity.word("schema") == "json" || entity.component == "vacuum" || entity.component == "event" || entity.component == "update"
    }

    private static func templateText(_ entity: DiscoveryEntity, _ part: String) -> String? {
        let stem = part.hasSuffix("_state") ? String(part.dropLast("_state".count)) : part
        let keys =
            part == "state"
            ? ["value_template", "state_value_template", "state_template"]
            : ["\(part)_template", "\(stem)_state_template", "\(stem)_value_template", "\(part)_value_template"]
        return keys.lazy.compactMap { entity.word($0) }.first { !$0.isEmpty }
    }

    private static func value(_ entity: DiscoveryEntity, _ part: String, _ topic: String, _ template: ValueTemplate) -> DiscoveryValue {
        let stem = part.hasSuffix("_state") ? String(part.dropLast("_state".count)) : part
        let name = part == "state" ? shortName(entity) : shortName(entity) + "." + stem
        var value = DiscoveryValue(topic: topic, template: template, name: ProposalText.name(name), kind: .any)
        guard part == "state" else {
            let isNumber = ["temperature", "humidity", "position", "percentage", "brightness", "level", "tilt"].contains {
                part.contains($0)
            }
            value.kind = isNumber ? .gauge : .any
            if part.contains("temperature") { value.unit = DiscoveryKeys.unit(entity.word("temperature_unit").map { "°" + $0 } ?? "°C") }
            return value
        }
        switch entity.component {
        case "sensor": sensor(entity, &value)
        case "number": (value.kind, value.unit) = (.gauge, DiscoveryKeys.unit(entity.word("unit_of_measurement") ?? ""))
        case "binary_sensor", "switch", "light", "fan", "siren", "lock", "valve", "cover", "device_tracker", "humidifier":
            value.kind = .state
            onAndOff(entity, &value)
        case "select": (value.kind, value.states) = (.state, Array(entity.words("options").prefix(64)))
        default: value.kind = .state
        }
        return value
    }

    private static func sensor(_ entity: DiscoveryEntity, _ value: inout DiscoveryValue) {
        let unit = entity.word("unit_of_measurement") ?? ""
        value.unit = DiscoveryKeys.unit(unit)
        let stateClass = entity.word("state_class")
        switch entity.word("device_class") {
        case "timestamp", "date":
            (value.kind, value.unit) = (.state, "")
            value.comment = "a point in time, as a word"
        case "enum":
            (value.kind, value.states) = (.state, Array(entity.words("options").prefix(64)))
        default:
            if stateClass == "total_increasing" {
                value.kind = .counter
            } else if !unit.isEmpty || stateClass != nil {
                value.kind = .gauge
                if stateClass == "total" { value.comment = "a total that may fall; one that only rises is kind: \"counter\"" }
            }
        }
        if value.template.scale != 1, value.kind == .any { value.kind = .gauge }
    }

    /// The words of a state that is on or off. Templates of Home Assistant write true as True.
    private static func onAndOff(_ entity: DiscoveryEntity, _ value: inout DiscoveryValue) {
        guard
            entity.component == "binary_sensor" || entity.component == "switch" || entity.component == "light" || entity.component == "fan"
        else { return }
        if isDocument(entity), entity.component == "light" { return }
        let on = entity.word("state_on") ?? entity.word("payload_on") ?? "ON"
        let off = entity.word("state_off") ?? entity.word("payload_off") ?? "OFF"
        guard on != off else { return }
        for (word, meaning) in [(on, "on"), (off, "off")] {
            value.values.append((raw: word, meaning: meaning))
            if word == "True" || word == "False" { value.values.append((raw: word.lowercased(), meaning: meaning)) }
        }
        value.states = ["on", "off"]
    }

    /// What the announcement calls it, without the name of its device in front.
    static func shortName(_ entity: DiscoveryEntity) -> String {
        let object = ProposalText.name(entity.object)
        for name in entity.deviceNames.map(ProposalText.name).sorted(by: { $0.utf8.count > $1.utf8.count }) {
            guard object.lowercased().hasPrefix(name.lowercased()), object.utf8.count > name.utf8.count else { continue }
            let rest = object.dropFirst(name.count).drop { $0 == "_" || $0 == "-" || $0 == "." }
            if !rest.isEmpty { return String(rest) }
        }
        return object
    }
}
