/// Turns a JSON5 document into a `DeviceProfile`, and tells every mistake with its place.
public final class ProfileReader {
    private let report: DocumentReport
    private let extent: Extent

    /// What of a profile that `extends` others is there when it is read.
    enum Extent {
        /// Itself only, and nobody to look for its parent.
        case alone
        case withParents
        /// Its parent is missing, which was told already: what it refers to may stand there.
        case withoutParents
    }

    /// Names with pointers, to be checked when the topics are known.
    private var positions: [(NameTemplate, PathPattern, message: String?, SourcePosition)] = []

    private let zones: (String) -> ZoneRules?

    private init(_ report: DocumentReport, _ extent: Extent, _ zones: @escaping (String) -> ZoneRules?) {
        self.report = report
        self.extent = extent
        self.zones = zones
    }

    /// Throws `DocumentProblems` with all mistakes. `zones` finds the rules of a named time zone; reading files is the caller's business.
    public static func read(
        _ bytes: [UInt8], file: String, zones: @escaping (String) -> ZoneRules? = { _ in nil }
    ) throws(DocumentProblems) -> DeviceProfile {
        let root: DocumentNode
        do {
            root = try DocumentParser.parse(bytes, file: file)
        } catch {
            throw DocumentProblems([error])
        }
        return try read(root, file: file, extent: .alone, zones: zones)
    }

    /// Reads a document. `ProfileSet` has given it the members of its parents.
    static func read(
        _ root: DocumentNode, file: String, extent: Extent, zones: @escaping (String) -> ZoneRules?
    ) throws(DocumentProblems) -> DeviceProfile {
        let report = DocumentReport(file: file)
        let profile = ProfileReader(report, extent, zones).profile(ObjectReader(root, "a device profile", report))
        try report.throwIfAny()
        return profile
    }

    private func profile(_ reader: ObjectReader) -> DeviceProfile {
        let name = reader.requiredString("profile", "its name, such as \"label-printer\"") ?? ""
        if !name.isEmpty, !Self.isPlainName(name) {
            report.add("a profile's name has letters, digits, - and . only", at: reader.node.position(of: ["profile"]))
        }
        // Editors look here for the schema, and `ProfileSet` for the parent.
        _ = reader.string("$schema")
        if reader.string("extends") != nil, extent == .alone {
            report.add(
                "\"extends\" names another profile, so both have to be loaded together", at: reader.node.position(of: ["extends"]))
        }
        var profile = DeviceProfile(name: name, title: reader.string("title") ?? name, source: report.file)
        profile.messages = reader.list("messages", "a message rule").compactMap(message)
        profile.replies = reader.list("replies", "a reply rule").compactMap(reply)
        profile.metrics = reader.named("metrics", "a metric").compactMap(metric)
        profile.supplies = reader.named("supplies", "a supply").compactMap(supply)
        profile.alerts = reader.list("alerts", "an alert list").compactMap(alertList)
        profile.status = reader.object("status", "the status rule").flatMap(status)
        profile.faults = reader.named("faults", "a fault").compactMap(fault)
        profile.commands = reader.named("commands", "a command").compactMap(command)
        profile.playbooks = reader.named("playbooks", "a playbook").compactMap(playbook)
        profile.silentAfterMilliseconds = seconds(reader, "silentAfterSeconds") ?? profile.silentAfterMilliseconds
        profile.gapMilliseconds = seconds(reader, "gapSeconds") ?? profile.gapMilliseconds
        reader.finish()
        if reader.node.node(at: ["messages", .index(0)]) == nil, extent != .withoutParents {
            report.add("a profile needs \"messages\" with at least one topic", at: reader.node.position(of: ["messages"]))
        }
        // The decoder keeps a bit for each message rule and a place for each list.
        if profile.messages.count > 32 { report.add("\"messages\" may have at most 32 rules", at: reader.node.position(of: ["messages"])) }
        if profile.alerts.count > 4 { report.add("\"alerts\" may have at most 4 lists", at: reader.node.position(of: ["alerts"])) }
        if extent != .withoutParents {
            checkNames(profile, reader)
            checkReferences(profile, reader)
        }
        return profile
    }

    static func isPlainName(_ name: String) -> Bool {
        name.utf8.count <= 64
            && name.utf8.allSatisfy { ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E }
    }

    private func path(_ reader: ObjectReader, _ key: String, required: Bool = true, mayCapture: Bool = false) -> PathPattern? {
        guard let node = required ? reader.required(key, "a JSON pointer such as \"/temp\"") : reader.optional(key) else { return nil }
        guard let text = reader.string(key) else { return nil }
        do {
            let path = try PathPattern(text)
            if !mayCapture, let capture = path.captures.first {
                report.add("pointer \"\(text)\" captures nothing here: {\(capture)} belongs to metrics and supplies", at: node.position)
            }
            return path
        } catch {
            report.add("pointer \"\(text)\": \(error)", at: node.position)
            return nil
        }
    }

    private func topic(_ reader: ObjectReader, needsDevice: Bool = true) -> TopicPattern? {
        guard let node = reader.required("topic", "such as \"devices/{device}/telemetry\""), let text = reader.string("topic") else {
            return nil
        }
        do { return try TopicPattern(text, needsDevice: needsDevice) } catch {
            report.add("topic \"\(text)\": \(error)", at: node.position)
            return nil
        }
    }

    private func seconds(_ reader: ObjectReader, _ key: String) -> Int64? {
        guard let number = reader.number(key) else { return nil }
        guard number >= 0, number <= 31_536_000 else {
            report.add("\"\(key)\" must be from 0 to 31536000 (a year)", at: reader.node.position(of: [.key(key)]))
            return nil
        }
        return Int64(number * 1000)
    }

    private func message(_ reader: ObjectReader) -> MessageRule? {
        let each = path(reader, "each", required: false, mayCapture: true)
        let device = path(reader, "device", required: false)
        let namesDevice = device != nil || each?.captures.contains("device") == true
        let topic = topic(reader, needsDevice: !namesDevice)
        if let topic, topic.namesDevice, namesDevice {
            report.add("the device is named twice: by the topic and by the payload", at: reader.node.position)
        }
        if let foreign = each?.captures.first(where: { $0 != "device" && $0 != "row" }) {
            report.add("\"each\" knows {device} and {row}, not {\(foreign)}", at: reader.node.position)
        }
        let name = reader.string("name")
        let format = reader.choice("format", MessageRule.Format.self) ?? .json
        let columns = reader.strings("columns") ?? []
        let delimiter = reader.string("delimiter") ?? ","
        if format == .csv, columns.isEmpty || columns.count > 256 {
            report.add("csv needs \"columns\": the names of 1 to 256 columns in their order", at: reader.node.position)
        }
        if delimiter.utf8.count != 1 { report.add("\"delimiter\" is one character such as \";\"", at: reader.node.position) }
        if format != .json, each != nil {
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

    private func timeRule(_ reader: ObjectReader) -> TimeRule? {
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

    private func livenessRule(_ reader: ObjectReader, _ format: MessageRule.Format) -> LivenessRule {
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

    private func fullRule(_ node: DocumentNode, _ reader: ObjectReader) -> FullRule? {
        if case .bool(let flag) = node.value { return flag ? .always : nil }
        let rule = ObjectReader(node, "true, or a member and its values", report)
        let pointer = path(rule, "pointer")
        let values = rule.strings("in") ?? []
        rule.finish()
        if values.isEmpty { report.add("\"full\" needs \"in\": the values that mark a full report", at: node.position) }
        return pointer.map { .when($0, values: values) }
    }

    private func reply(_ reader: ObjectReader) -> ReplyRule? {
        let topic = topic(reader)
        let requestID = path(reader, "requestId")
        let outcome = path(reader, "outcome")
        let success = reader.strings("success") ?? ["ok"]
        let reason = path(reader, "reason", required: false)
        reader.finish()
        guard let topic, let requestID, let outcome else { return nil }
        return ReplyRule(topic: topic, requestID: requestID, outcome: outcome, success: success, reason: reason)
    }

    private func metric(_ named: (member: DocumentMember, reader: ObjectReader)) -> MetricRule? {
        let reader = named.reader
        let path = path(reader, "pointer", mayCapture: true)
        let kind = reader.choice("kind", MetricKind.self) ?? .gauge
        let unit = reader.string("unit") ?? ""
        let states = reader.strings("states") ?? []
        let message = reader.string("message")
        let scale = reader.number("scale") ?? 1
        let offset = reader.number("offset") ?? 0
        let values = enumeration(reader, kind)
        reader.finish()
        if kind == .level { report.add("a level belongs under \"supplies\"", at: reader.node.position(of: ["kind"])) }
        if scale == 0 { report.add("\"scale\" must not be 0", at: reader.node.position) }
        guard let path else { return nil }
        var rule = MetricRule(name: NameTemplate(named.member.key), path: path, kind: kind, unit: unit, states: states)
        rule.message = message
        rule.scale = scale
        rule.offset = offset
        rule.values = values
        positions.append((NameTemplate(named.member.key), path, message, named.member.keyPosition))
        return rule
    }

    /// `values: { "ON": 1 }` for a number, `values: { "3": "printing" }` for a state.
    private func enumeration(_ reader: ObjectReader, _ kind: MetricKind) -> [ValueName] {
        guard let node = reader.optional("values") else { return [] }
        return ObjectReader(node, "words and what they mean", report).members.compactMap { member in
            switch member.node.value {
            case .string(let text) where kind == .state: return ValueName(raw: member.key, meaning: text)
            case .number(_, let text) where kind != .state: return ValueName(raw: member.key, meaning: text)
            default:
                report.add(
                    "\"\(member.key)\" must mean \(kind == .state ? "a state, as a string" : "a number")", at: member.node.position)
                return nil
            }
        }
    }

    /// Names must tell apart what the captures of the pointer and of the topic tell apart.
    private func checkNames(_ profile: DeviceProfile, _ reader: ObjectReader) {
        for (name, path, message, position) in positions {
            let rules = profile.messages.filter { message == nil || $0.name == message }
            if let message, rules.isEmpty {
                let names = profile.messages.compactMap(\.name)
                report.add("no message has the name \"\(message)\"\(Spelling.hint(message, among: names))", at: position)
                continue
            }
            // The topics of all rules it belongs to; without any rule the pointer alone is looked at.
            var topics = rules.map(\.topic.captures)
            if topics.isEmpty { topics = [[]] }
            for captures in Set(topics) { checkCaptures(name, path.captures + captures, path.text, at: position) }
        }
    }

    private func checkCaptures(_ name: NameTemplate, _ captures: [String], _ pointer: String, at position: SourcePosition) {
        let missing = captures.filter { !name.captures.contains($0) }
        let foreign = name.captures.filter { !captures.contains($0) }
        if !missing.isEmpty { report.add("\"\(name.text)\" must hold {\(missing[0])}, or two values would share one name", at: position) }
        if !foreign.isEmpty { report.add("{\(foreign[0])} is no part of the pointer \"\(pointer)\"", at: position) }
    }

    private func supply(_ named: (member: DocumentMember, reader: ObjectReader)) -> SupplyRule? {
        let reader = named.reader
        let level = path(reader, "level", mayCapture: true)
        let capacity = reader.number("capacity") ?? 100
        if !(capacity > 0) { report.add("\"capacity\" must be above 0", at: reader.node.position(of: ["capacity"])) }
        var unknown: [Double] = []
        if let node = reader.optional("unknownLevels") {
            if case .array(let items) = node.value {
                for case .number(let number, _) in items.map(\.value) { unknown.append(number) }
            } else {
                report.add("\"unknownLevels\" must be a list of numbers", at: node.position)
            }
        }
        var unknownWhen: MemberRule?
        if let rule = reader.object("unknownWhen", "a member and its values") {
            if let member = rule.requiredString("member", "a member beside the level"), rule.required("in", "a list of its values") != nil {
                unknownWhen = MemberRule(member: member, values: rule.strings("in") ?? [])
            }
            rule.finish()
        }
        let days = reader.number("leadTimeDays") ?? 3
        if !(0...365).contains(days) {
            report.add("\"leadTimeDays\" must be from 0 to 365", at: reader.node.position(of: ["leadTimeDays"]))
        }
        let floor = reader.number("floorPercent") ?? 5
        if !(0...100).contains(floor) {
            report.add("\"floorPercent\" must be from 0 to 100", at: reader.node.position(of: ["floorPercent"]))
        }
        let counter = reader.string("counter")
        let item = NameTemplate(reader.string("item") ?? named.member.key)
        let isOrdered = reader.bool("order") ?? true
        let message = reader.string("message")
        reader.finish()
        guard let level else { return nil }
        positions.append((NameTemplate(named.member.key), level, message, named.member.keyPosition))
        var rule = SupplyRule(
            name: NameTemplate(named.member.key), level: level, capacity: capacity, unknownLevels: unknown, unknownWhen: unknownWhen,
            counter: counter, item: item,
            leadTimeMilliseconds: Int64(min(max(days, 0), 365) * 86_400_000), floorPercent: floor, isOrdered: isOrdered)
        rule.message = message
        return rule
    }

    private func alertList(_ reader: ObjectReader) -> AlertListRule? {
        let path = path(reader, "pointer")
        var form = AlertListRule.CodeForm.plain
        if let member = reader.string("member") { form = .member(member) }
        if let pair = reader.object("hexPair", "the hexadecimal pair") {
            if let high = pair.requiredString("high", "the member with the first number"),
                let low = pair.requiredString("low", "the member with the second number")
            {
                form = .hexPair(prefix: pair.string("prefix") ?? "", high: high, low: low)
            }
            pair.finish()
        }
        if let node = reader.optional("bits") { form = bits(node) }
        let message = reader.string("message")
        let severity = reader.choice("severity", Severity.self) ?? .major
        let codes = reader.named("codes", "an alert code").map { named in
            let code = AlertCodeRule(
                code: named.member.key, severity: named.reader.choice("severity", Severity.self) ?? severity,
                text: named.reader.string("text") ?? named.member.key, playbook: named.reader.string("playbook"))
            named.reader.finish()
            return code
        }
        reader.finish()
        guard let path else { return nil }
        var rule = AlertListRule(path: path, form: form, codes: codes, defaultSeverity: severity)
        rule.message = message
        return rule
    }

    /// `bits: { "0": "low-paper", "3": "cover-open" }`, bit 0 being the lowest of the number.
    private func bits(_ node: DocumentNode) -> AlertListRule.CodeForm {
        var names: [Int: String] = [:]
        for member in ObjectReader(node, "bits and their codes", report).members {
            guard let bit = Int(member.key), (0..<64).contains(bit), case .string(let code) = member.node.value else {
                report.add("a bit is a number from 0 to 63, and its code a string", at: member.keyPosition)
                continue
            }
            names[bit] = code
        }
        return .bits(names)
    }

    private func status(_ reader: ObjectReader) -> StatusRule? {
        let metric = reader.requiredString("metric", "the state metric that tells what the device is doing")
        let rule = StatusRule(
            metric: metric ?? "", productive: reader.strings("productive") ?? [], standby: reader.strings("standby") ?? [],
            unscheduledDowntime: reader.strings("unscheduledDowntime") ?? [], scheduledDowntime: reader.strings("scheduledDowntime") ?? [])
        reader.finish()
        return metric == nil ? nil : rule
    }
}

extension ProfileReader {
    private func condition(_ reader: ObjectReader) -> ConditionRule? {
        let metric = reader.requiredString("metric", "the metric to compare")
        var found: [Comparison] = []
        if let number = reader.number("above") { found.append(.above(number)) }
        if let number = reader.number("atLeast") { found.append(.atLeast(number)) }
        if let number = reader.number("below") { found.append(.below(number)) }
        if let number = reader.number("atMost") { found.append(.atMost(number)) }
        if let text = reader.string("equals") { found.append(.equals(text)) }
        if let text = reader.string("notEquals") { found.append(.notEquals(text)) }
        if let list = reader.strings("in") { found.append(.within(list)) }
        let duration = seconds(reader, "forSeconds") ?? 0
        // Compared with the metric's own unit by `checkUnits`.
        _ = reader.string("unit")
        reader.finish()
        // A comparison with a value of the wrong kind was told already.
        let given = reader.members.filter { ["above", "atLeast", "below", "atMost", "equals", "notEquals", "in"].contains($0.key) }
        guard given.count == 1 else {
            report.add("a condition needs exactly one of above, atLeast, below, atMost, equals, notEquals, in", at: reader.node.position)
            return nil
        }
        guard let metric, let comparison = found.first else { return nil }
        return ConditionRule(metric: metric, comparison: comparison, forMilliseconds: duration)
    }

    private func fault(_ named: (member: DocumentMember, reader: ObjectReader)) -> FaultRule? {
        let reader = named.reader
        let severity = reader.choice("severity", Severity.self) ?? .major
        let text = reader.string("text") ?? named.member.key
        let raise =
            reader.required("raise", "a condition such as { metric: \"temp\", above: 80, forSeconds: 30 }") == nil
            ? nil : reader.object("raise", "a condition").flatMap(condition)
        let clear = reader.object("clear", "a condition").flatMap(condition)
        let playbook = reader.string("playbook")
        reader.finish()
        return raise.map { FaultRule(id: named.member.key, severity: severity, text: text, raise: $0, clear: clear, playbook: playbook) }
    }

    private func command(_ named: (member: DocumentMember, reader: ObjectReader)) -> CommandRule? {
        let reader = named.reader
        let topic = reader.requiredString("topic", "such as \"devices/{device}/commands/\(named.member.key)\"")
        if let topic, topic.contains(where: { "+#\0".contains($0) }) || !topic.contains("{device}") {
            report.add("a command's topic holds {device} and no wildcard", at: reader.node.position(of: ["topic"]))
        }
        let payload = reader.required("payload", "a JSON value; strings may hold {requestId}")
        let deadline = seconds(reader, "deadlineSeconds") ?? 30_000
        let reply = reader.bool("reply") ?? true
        let format = reader.choice("format", CommandRule.Format.self) ?? .json
        reader.finish()
        guard let topic, let payload else { return nil }
        if format == .text, !payload.isString { report.add("the payload of a text command is a string", at: payload.position) }
        return CommandRule(
            name: named.member.key, topic: topic, payload: payload, format: format, deadlineMilliseconds: deadline, expectsReply: reply)
    }

    private func playbook(_ named: (member: DocumentMember, reader: ObjectReader)) -> Playbook? {
        let reader = named.reader
        let steps = reader.list("steps", "a step").compactMap { step -> Playbook.Step? in
            let command = step.requiredString("command", "the name of a command of this profile")
            let verify = seconds(step, "verifySeconds") ?? 60_000
            step.finish()
            return command.map { Playbook.Step(command: $0, verifyMilliseconds: verify) }
        }
        let ticket = reader.string("ticket") ?? "Remote help did not mend it"
        reader.finish()
        if steps.isEmpty { report.add("a playbook needs \"steps\" with at least one command", at: reader.node.position(of: ["steps"])) }
        return Playbook(name: named.member.key, steps: steps, ticketText: ticket)
    }

    /// Names that one part of the profile uses and another must define, and units that both give.
    private func checkReferences(_ profile: DeviceProfile, _ reader: ObjectReader) {
        let root = reader.node
        let commands = profile.commands.map(\.name)
        let playbooks = profile.playbooks.map(\.name)
        let plain = profile.metrics.map(\.name.text)
        let known = plain + profile.supplies.map { "supply." + $0.name.text }
        func check(_ name: String?, among known: [String], _ what: String, _ user: String, at path: DocumentNode.Step...) {
            guard let name, !known.contains(name) else { return }
            report.add(
                "\(user) names the \(what) \"\(name)\", which the profile does not define\(Spelling.hint(name, among: known))",
                at: root.position(of: path))
        }
        for playbook in profile.playbooks {
            for (index, step) in playbook.steps.enumerated() {
                check(
                    step.command, among: commands, "command", "playbook \"\(playbook.name)\"", at: "playbooks", .key(playbook.name),
                    "steps",
                    .index(index), "command")
            }
        }
        for fault in profile.faults {
            check(fault.playbook, among: playbooks, "playbook", "fault \"\(fault.id)\"", at: "faults", .key(fault.id), "playbook")
            for (key, condition) in [("raise", fault.raise), ("clear", fault.clear)] {
                // A pattern among the metrics may give the name.
                guard let condition, !profile.mayGive(condition.metric) else { continue }
                check(
                    condition.metric, among: known, "metric", "fault \"\(fault.id)\"", at: "faults", .key(fault.id), .key(key), "metric")
            }
        }
        for (index, list) in profile.alerts.enumerated() {
            for code in list.codes {
                check(
                    code.playbook, among: playbooks, "playbook", "alert code \"\(code.code)\"", at: "alerts", .index(index), "codes",
                    .key(code.code), "playbook")
            }
        }
        for supply in profile.supplies {
            check(
                supply.counter, among: plain, "metric", "supply \"\(supply.name.text)\"", at: "supplies", .key(supply.name.text), "counter")
        }
        check(profile.status?.metric, among: plain, "metric", "the status rule", at: "status", "metric")
        if profile.commands.contains(where: \.expectsReply), profile.replies.isEmpty {
            report.add(
                "commands are answered, so \"replies\" must say where; or give a command reply: false", at: root.position(of: ["commands"]))
        }
        checkUnits(profile, root, report)
    }
}
