/// Turns a JSON5 document into a `DeviceProfile`, and tells every mistake with its place.
public struct ProfileReader {
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

    private init(_ report: DocumentReport, _ extent: Extent) {
        self.report = report
        self.extent = extent
    }

    /// Throws `DocumentProblems` with all mistakes.
    public static func read(_ bytes: [UInt8], file: String) throws(DocumentProblems) -> DeviceProfile {
        let root: DocumentNode
        do {
            root = try DocumentParser.parse(bytes, file: file)
        } catch {
            throw DocumentProblems([error])
        }
        return try read(root, file: file, extent: .alone)
    }

    /// Reads a document. `ProfileSet` has given it the members of its parents.
    static func read(_ root: DocumentNode, file: String, extent: Extent) throws(DocumentProblems) -> DeviceProfile {
        let report = DocumentReport(file: file)
        let profile = ProfileReader(report, extent).profile(ObjectReader(root, "a device profile", report))
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
        if extent != .withoutParents { checkReferences(profile, reader) }
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

    private func topic(_ reader: ObjectReader) -> TopicPattern? {
        guard let node = reader.required("topic", "such as \"devices/{device}/telemetry\""), let text = reader.string("topic") else {
            return nil
        }
        do { return try TopicPattern(text) } catch {
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
        let topic = topic(reader)
        if let format = reader.string("format"), format != "json" {
            report.add("format \"\(format)\" is not known; known is json", at: reader.node.position(of: ["format"]))
        }
        let requires = path(reader, "requires", required: false)
        var time: TimeRule?
        if let timeReader = reader.object("time", "the time rule") {
            if let path = path(timeReader, "pointer") {
                time = TimeRule(path: path, unit: timeReader.choice("unit", TimeRule.Unit.self) ?? .milliseconds)
            }
            timeReader.finish()
        }
        reader.finish()
        return topic.map { MessageRule(topic: $0, requires: requires, time: time) }
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
        reader.finish()
        if kind == .level { report.add("a level belongs under \"supplies\"", at: reader.node.position(of: ["kind"])) }
        guard let path else { return nil }
        checkCaptures(NameTemplate(named.member.key), path, at: named.member.keyPosition)
        return MetricRule(name: NameTemplate(named.member.key), path: path, kind: kind, unit: unit, states: states)
    }

    private func checkCaptures(_ name: NameTemplate, _ path: PathPattern, at position: SourcePosition) {
        let missing = path.captures.filter { !name.captures.contains($0) }
        let foreign = name.captures.filter { !path.captures.contains($0) }
        if !missing.isEmpty { report.add("\"\(name.text)\" must hold {\(missing[0])}, or two values would share one name", at: position) }
        if !foreign.isEmpty { report.add("{\(foreign[0])} is no part of the pointer \"\(path.text)\"", at: position) }
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
        reader.finish()
        guard let level else { return nil }
        checkCaptures(NameTemplate(named.member.key), level, at: named.member.keyPosition)
        return SupplyRule(
            name: NameTemplate(named.member.key), level: level, capacity: capacity, unknownLevels: unknown, unknownWhen: unknownWhen,
            counter: counter, item: item,
            leadTimeMilliseconds: Int64(min(max(days, 0), 365) * 86_400_000), floorPercent: floor, isOrdered: isOrdered)
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
        let severity = reader.choice("severity", Severity.self) ?? .major
        let codes = reader.named("codes", "an alert code").map { named in
            let code = AlertCodeRule(
                code: named.member.key, severity: named.reader.choice("severity", Severity.self) ?? severity,
                text: named.reader.string("text") ?? named.member.key, playbook: named.reader.string("playbook"))
            named.reader.finish()
            return code
        }
        reader.finish()
        return path.map { AlertListRule(path: $0, form: form, codes: codes, defaultSeverity: severity) }
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
        reader.finish()
        guard let topic, let payload else { return nil }
        return CommandRule(name: named.member.key, topic: topic, payload: payload, deadlineMilliseconds: deadline, expectsReply: reply)
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
