import Documents

/// Commands and playbooks, and whether what refers to something finds it.
extension ProfileReader {
    func command(_ named: (member: DocumentMember, reader: ObjectReader)) -> CommandRule? {
        let reader = named.reader
        let format = reader.choice("format", CommandRule.Format.self) ?? .json
        let isSparkplug = format == .sparkplug
        let topic = isSparkplug ? "" : reader.requiredString("topic", "such as \"devices/{device}/commands/\(named.member.key)\"")
        if let topic, !isSparkplug, topic.contains(where: { "+#\0".contains($0) }) || !topic.contains("{device}") {
            reader.add("a command's topic holds {device} and no wildcard", at: "topic")
        }
        let payload = reader.required("payload", "a JSON value; strings may hold {requestId} and {deadlineMilliseconds}")
        let deadline = seconds(reader, "deadlineSeconds") ?? 30_000
        let reply = reader.bool("reply") ?? !isSparkplug
        reader.finish()
        guard let topic, let payload else { return nil }
        if isSparkplug { checkSparkplug(payload, reply) }
        if format == .text, payload.text == nil { report.add("the payload of a text command is a string", at: payload.position) }
        return CommandRule(
            name: named.member.key, topic: topic, payload: payload, format: format, deadlineMilliseconds: deadline, expectsReply: reply)
    }

    private func checkSparkplug(_ payload: DocumentNode, _ reply: Bool) {
        if reply { report.add("a Sparkplug command is never answered: only telemetry can confirm it", at: payload.position) }
        guard case .object(let members) = payload.value, members.count == 1, let value = members.first?.node.value else {
            return report.add("a sparkplug payload has one metric and its value, such as { \"Outputs/Fan\": true }", at: payload.position)
        }
        switch value {
        case .bool, .number, .string: break
        default: report.add("a metric is set to a number, a text, true or false", at: payload.position)
        }
    }

    func playbook(_ named: (member: DocumentMember, reader: ObjectReader)) -> Playbook? {
        let reader = named.reader
        let steps = reader.list("steps", "a step").compactMap { step -> Playbook.Step? in
            let command = step.requiredString("command", "the name of a command of this profile")
            let verify = seconds(step, "verifySeconds") ?? 60_000
            step.finish()
            return command.map { Playbook.Step(command: $0, verifyMilliseconds: verify) }
        }
        let ticket = reader.string("ticket") ?? "Remote help did not mend it"
        reader.finish()
        if steps.isEmpty { reader.add("a playbook needs \"steps\" with at least one command", at: "steps") }
        return Playbook(name: named.member.key, steps: steps, ticketText: ticket)
    }

    /// Names that one part of the profile uses and another must define, and units that both give.
    func checkReferences(_ profile: DeviceProfile, _ reader: ObjectReader) {
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
                    "steps", .index(index), "command")
            }
        }
        for fault in profile.faults {
            check(fault.playbook, among: playbooks, "playbook", "fault \"\(fault.id)\"", at: "faults", .key(fault.id), "playbook")
            checkConditions(of: fault, profile, root, known)
            checkWear(of: fault, profile, root, plain)
            for name in fault.suppressedBy { checkSuppressor(name, of: fault, profile, root) }
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
        // A name that only the telemetry tells may be the status, when a row of `named` says which it is.
        let states = plain + profile.metrics.compactMap(\.onlyName)
        check(profile.status?.metric, among: states, "metric", "the status rule", at: "status", "metric")
        check(profile.status?.downWhen?.metric, among: states, "metric", "the status rule", at: "status", "downWhen", "metric")
        if profile.commands.contains(where: \.expectsReply), profile.replies.isEmpty {
            reader.add("commands are answered, so \"replies\" must say where; or give a command reply: false", at: "commands")
        }
    }
}
