/// What a message looks like: its topic, its format, its parts and its time.
extension ProfileReader {
    func message(_ reader: ObjectReader) -> MessageRule? {
        let each = path(reader, "each", required: false, mayCapture: true)
        let device = path(reader, "device", required: false)
        let namesDevice = device != nil || each?.captures.contains("device") == true
        let format = reader.choice("format", MessageRule.Format.self) ?? .json
        let topic = topic(reader, needsDevice: !namesDevice && format != .sparkplug)
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
        } else if format != .json, each != nil {
            report.add("\"each\" is for JSON; every line of csv is a part already", at: reader.node.position)
        }
        let requires = path(reader, "requires", required: false)
        let time = reader.object("time", "the time rule").flatMap(timeRule)
        let isGeneral = reader.bool("general") ?? false
        let liveness = reader.object("liveness", "the liveness rule").map { livenessRule($0, format) }
        let full = reader.optional("full").flatMap { fullRule($0, reader) }
        reader.finish()
        guard let topic else { return nil }
        var rule = MessageRule(topic: topic)
        rule.name = name
        rule.format = format
        rule.columns = columns
        rule.delimiter = delimiter.utf8.first ?? UInt8(ascii: ",")
        rule.each = each
        rule.device = device
        rule.isGeneral = isGeneral
        rule.liveness = liveness
        rule.full = full
        rule.requires = requires
        rule.time = time
        return rule
    }

    /// The specification says where a Sparkplug message names device, time, life and death, so a profile has nothing to add.
    private func checkSparkplug(_ topic: TopicPattern?, _ reader: ObjectReader) {
        for key in ["each", "device", "columns", "delimiter", "requires", "time", "liveness", "full"] {
            guard let member = reader.members.first(where: { $0.key == key }) else { continue }
            report.add("\"\(key)\" has no place in a sparkplug rule: the format itself says it", at: member.keyPosition)
        }
        guard let topic else { return }
        let isPlain = topic.captures.isEmpty && !topic.namesDevice
        guard isPlain, topic.levels.first == .literal(Array("spBv1.0".utf8)), topic.levels.count == 4 || topic.levels.count == 5 else {
            return report.add(
                "the topic of a sparkplug rule is \"spBv1.0/+/+/+\" (nodes) or \"spBv1.0/+/+/+/+\" (devices), a word in place of a + at will",
                at: reader.node.position(of: ["topic"]))
        }
    }

    func timeRule(_ reader: ObjectReader) -> TimeRule? {
        let path = path(reader, "pointer")
        let unit = reader.choice("unit", TimeRule.Unit.self) ?? .milliseconds
        var zone: ZoneRules?
        if let node = reader.optional("zone"), let name = reader.string("zone") {
            zone = ZoneRules.isName(name) ? zones(name) : nil
            if zone == nil {
                report.add(
                    "the zone \"\(name)\" is not known here; it is a name such as \"Europe/Berlin\" (Debian's tzdata has them)",
                    at: node.position)
            }
        }
        reader.finish()
        return path.map { TimeRule(path: $0, unit: unit, zone: zone) }
    }

    func livenessRule(_ reader: ObjectReader, _ format: MessageRule.Format) -> LivenessRule {
        let pointer = reader.optional("pointer") == nil ? nil : path(reader, "pointer", required: false)
        let online = reader.strings("online") ?? []
        let offline = reader.strings("offline") ?? []
        reader.finish()
        if offline.isEmpty {
            report.add("liveness needs \"offline\": the words that mean that the device is gone", at: reader.node.position)
        }
        if format != .text, pointer == nil { report.add("liveness needs \"pointer\" unless the format is text", at: reader.node.position) }
        return LivenessRule(path: pointer ?? PathPattern(key: "value"), online: online, offline: offline)
    }

    func fullRule(_ node: DocumentNode, _ reader: ObjectReader) -> FullRule? {
        if case .bool(let flag) = node.value { return flag ? .always : nil }
        let rule = ObjectReader(node, "true, or a member and its values", report)
        let pointer = path(rule, "pointer")
        let values = rule.strings("in") ?? []
        rule.finish()
        if values.isEmpty { report.add("\"full\" needs \"in\": the values that mark a full report", at: node.position) }
        return pointer.map { .when($0, values: values) }
    }

    func reply(_ reader: ObjectReader) -> ReplyRule? {
        let topic = topic(reader)
        let requestID = path(reader, "requestId")
        let outcome = path(reader, "outcome")
        let success = reader.strings("success") ?? ["ok"]
        let reason = path(reader, "reason", required: false)
        reader.finish()
        guard let topic, let requestID, let outcome else { return nil }
        return ReplyRule(topic: topic, requestID: requestID, outcome: outcome, success: success, reason: reason)
    }
}
