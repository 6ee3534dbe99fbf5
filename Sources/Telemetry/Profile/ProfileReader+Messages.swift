import CivilCalendar
import Documents

/// What a message looks like: its topic, its format, its parts and its time.
extension ProfileReader {
    func message(_ reader: ObjectReader) -> MessageRule? {
        let each = path(reader, "each", required: false, mayCapture: true)
        let device = path(reader, "device", required: false)
        let namesDevice = device != nil || each?.captures.contains("device") == true
        let format = reader.choice("format", MessageRule.Format.self) ?? .json
        let isSkipped = reader.bool("skip") ?? false
        let topic = topic(reader, needsDevice: !namesDevice && format != .sparkplug && !isSkipped)
        if let topic, topic.namesDevice, namesDevice {
            report.add("the device is named twice: by the topic and by the payload", at: reader.node.position)
        }
        if let foreign = each?.captures.first(where: { $0 != "device" && $0 != "row" }) {
            report.add("\"each\" knows {device} and {row}, not {\(foreign)}", at: reader.node.position)
        }
        let name = reader.string("name")
        let columns = reader.strings("columns") ?? []
        let delimiter = reader.string("delimiter") ?? ","
        if format == .csv, columns.isEmpty || columns.count > 256 {
            report.add("csv needs \"columns\": the names of 1 to 256 columns in their order", at: reader.node.position)
        }
        if delimiter.utf8.count != 1 { report.add("\"delimiter\" is one character such as \";\"", at: reader.node.position) }
        if format == .sparkplug {
            checkSparkplug(topic, reader)
        } else if format == .csv || format == .text, each != nil {
            report.add("\"each\" is for JSON; every line of csv is a part already", at: reader.node.position)
        }
        // One without a topic is reported and not given back; the rest of it is read all the same, for the sake of its mistakes.
        var rule = MessageRule(topic: topic ?? .never)
        rule.name = name
        rule.isSkipped = isSkipped
        rule.format = format
        rule.columns = columns
        rule.delimiter = delimiter.utf8.first ?? UInt8(ascii: ",")
        rule.each = each
        rule.device = device
        rule.requires = path(reader, "requires", required: false)
        rule.time = reader.object("time", "the time rule").flatMap(timeRule)
        rule.names = namePointers(reader)
        rule.isGeneral = reader.bool("general") ?? false
        rule.isAdditional = reader.bool("also") ?? false
        rule.isForKnownDevices = reader.bool("knownOnly") ?? false
        rule.liveness = reader.object("liveness", "the liveness rule").map { livenessRule($0, format) }
        rule.full = reader.optional("full").flatMap { selection($0, "full") }
        rule.historical = reader.optional("historical").flatMap { selection($0, "historical") }
        rule.unwrap = (reader.strings("unwrap") ?? []).compactMap { plainPath($0, at: reader.node.position(of: ["unwrap"])) }
        if !rule.unwrap.isEmpty, format != .json, format != .auto {
            reader.add("\"unwrap\" is for JSON: text and csv have no envelope", at: "unwrap")
        }
        rule.cleared = reader.choice("cleared", ClearedRule.self)
        if rule.cleared != nil, topic?.namesDevice == false || !rule.names.isEmpty {
            reader.add("\"cleared\" needs a topic that names the device: an empty message does not", at: "cleared")
        }
        reader.finish()
        return topic == nil ? nil : rule
    }

    /// The specification says where a Sparkplug message names device, time, life and death, so a profile has nothing to add.
    private func checkSparkplug(_ topic: TopicPattern?, _ reader: ObjectReader) {
        for key in ["each", "device", "columns", "delimiter", "requires", "time", "liveness", "full", "historical", "unwrap", "cleared"] {
            guard let member = reader.members.first(where: { $0.key == key }) else { continue }
            report.add("\"\(key)\" has no place in a sparkplug rule: the format itself says it", at: member.keyPosition)
        }
        guard let topic else { return }
        let isPlain = topic.captures.isEmpty && !topic.namesDevice
        guard isPlain, topic.levels.first == .literal(Array("spBv1.0".utf8)), topic.levels.count == 4 || topic.levels.count == 5 else {
            return reader.add(
                "the topic of a sparkplug rule is \"spBv1.0/+/+/+\" (nodes) or \"spBv1.0/+/+/+/+\" (devices), a word in place of a + at will",
                at: "topic")
        }
    }

    func timeRule(_ reader: ObjectReader) -> TimeRule? {
        let path = path(reader, "pointer")
        let unit = reader.choice("unit", DeviceTime.Unit.self) ?? .milliseconds
        var zone: ZoneRules?
        if let name = reader.string("zone") {
            zone = ZoneRules.isName(name) ? zones(name) : nil
            if zone == nil {
                reader.add(
                    "the zone \"\(name)\" is not known here; it is a name such as \"Europe/Berlin\" (Debian's tzdata has them)", at: "zone")
            }
        }
        reader.finish()
        return path.map { TimeRule(path: $0, unit: unit, zone: zone) }
    }

    func livenessRule(_ reader: ObjectReader, _ format: MessageRule.Format) -> LivenessRule {
        let paths = (reader.strings("pointer") ?? []).compactMap { plainPath($0, at: reader.node.position(of: ["pointer"])) }
        let online = reader.strings("online") ?? []
        // Some topics are there to say that a device is gone.
        let isAlwaysOffline = reader.optional("offline")?.value == .bool(true)
        let offline = isAlwaysOffline ? [] : reader.strings("offline") ?? []
        reader.finish()
        if isAlwaysOffline { return LivenessRule(paths: [], isAlwaysOffline: true, online: [], offline: []) }
        if offline.isEmpty {
            report.add("liveness needs \"offline\": the words that mean that the device is gone", at: reader.node.position)
        }
        if format != .text, format != .auto, paths.isEmpty {
            report.add("liveness needs \"pointer\" unless the format is text", at: reader.node.position)
        }
        return LivenessRule(paths: paths.isEmpty ? [PathPattern(key: "value")] : paths, online: online, offline: offline)
    }

    func selection(_ node: DocumentNode, _ key: String) -> MessageSelection? {
        if case .bool(let flag) = node.value { return flag ? .always : nil }
        let rule = ObjectReader(node, "true, or a member and its values", report)
        let pointer = path(rule, "pointer")
        let values = rule.strings("in") ?? []
        rule.finish()
        if values.isEmpty { report.add("\"\(key)\" needs \"in\": the values of such messages", at: node.position) }
        return pointer.map { .when($0, values: values) }
    }

    /// `names: { sensor: "/id" }`
    func namePointers(_ reader: ObjectReader) -> [NamePointer] {
        reader.members("names").compactMap { member in
            guard case .string(let text) = member.node.value else {
                report.add("\"\(member.key)\" needs the pointer to its text, such as \"/id\"", at: member.node.position)
                return nil
            }
            if member.key == "device" {
                report.add("the device's name stands in \"device\", not among \"names\"", at: member.keyPosition)
            }
            return plainPath(text, at: member.node.position).map { NamePointer(name: member.key, path: $0) }
        }
    }

    func plainPath(_ text: String, at position: SourcePosition) -> PathPattern? {
        let path = pattern(text, at: position)
        if let capture = path?.captures.first { report.add("pointer \"\(text)\" captures nothing here: {\(capture)}", at: position) }
        return path
    }

    func reply(_ reader: ObjectReader) -> ReplyRule? {
        let device = path(reader, "device", required: false)
        let topic = topic(reader, needsDevice: device == nil)
        let isInTopic = topic?.captures.contains(ReplyRule.topicLevel) == true
        var rule = ReplyRule(topic: topic ?? .never, device: device)
        rule.requestID = path(reader, "requestId", required: !isInTopic)
        rule.outcome = path(reader, "outcome", required: false)
        rule.failure = path(reader, "failure", required: false)
        rule.success = reader.strings("success") ?? ["ok"]
        rule.reason = path(reader, "reason", required: false)
        reader.finish()
        guard topic != nil, isInTopic || rule.requestID != nil else { return nil }
        if isInTopic, rule.requestID != nil {
            report.add("the request is named twice: by the topic and by the payload", at: reader.node.position)
        }
        return rule
    }
}
