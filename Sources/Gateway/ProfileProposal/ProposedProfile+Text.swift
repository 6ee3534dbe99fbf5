/// The profile as a file: JSON5 with comments, which `steward profile check` takes.
extension ProposedProfile {
    public var text: String {
        var lines: [String] = []
        lines.append("// Proposed by steward: read it, and change what is wrong. `steward profile check` tells mistakes.")
        if !devices.isEmpty {
            let shown = devices.prefix(20).map(ProposalText.plain).joined(separator: ", ")
            lines.append("// Made from: \(shown)\(devices.count > 20 ? " and \(devices.count - 20) more" : "")")
        }
        for note in notes { lines.append("// " + ProposalText.plain(note)) }
        lines += ["{", "  profile: \(ProposalText.quoted(name)),", "  title: \(ProposalText.quoted(ProposalText.plain(title))),"]
        if let silentAfterSeconds { lines.append("  silentAfterSeconds: \(silentAfterSeconds),") }
        lines.append("  messages: [")
        for message in messages { lines += text(message) }
        lines += ["  ],", "  metrics: {"]
        for metric in metrics { lines += text(metric) }
        lines.append("  },")
        if !supplies.isEmpty {
            lines.append("  supplies: {")
            for supply in supplies {
                if let comment = supply.comment { lines.append("    // " + ProposalText.plain(comment)) }
                lines.append(
                    "    \(ProposalText.key(supply.name)): { message: \(ProposalText.quoted(supply.message)), "
                        + "level: \(ProposalText.quoted(supply.pointer)), order: false },")
            }
            lines.append("  },")
        }
        if !alerts.isEmpty {
            lines += ["  // Codes that the lists hold raise alarms of their own.", "  alerts: ["]
            for list in alerts {
                lines.append(
                    "    { message: \(ProposalText.quoted(list.message)), pointer: \(ProposalText.quoted(list.pointer)), severity: \"minor\" },"
                )
            }
            lines.append("  ],")
        }
        if !commands.isEmpty {
            lines += ["  // Nothing sends them before a playbook of a fault names them.", "  commands: {"]
            for command in commands {
                lines.append(
                    "    \(ProposalText.key(command.name)): { topic: \(ProposalText.quoted(command.topic)), format: \"text\", "
                        + "payload: \(ProposalText.quoted(command.payload)), reply: false },")
            }
            lines.append("  },")
        }
        lines += statusHint
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    private func text(_ message: Message) -> [String] {
        var members = ["name: \(ProposalText.quoted(message.name))", "topic: \(ProposalText.quoted(message.topic))"]
        if message.format != .json { members.append("format: \"\(message.format.rawValue)\"") }
        // Without a word of its own in front the topic takes messages of others, too: it yields to profiles that know them.
        if message.topic.hasPrefix("{") { members.append("general: true") }
        if let time = message.time { members.append("time: { pointer: \(ProposalText.quoted(time.pointer)), unit: \"\(time.unit)\" }") }
        if let liveness = message.liveness {
            var parts = ["online: \(ProposalText.list(liveness.online))", "offline: \(ProposalText.list(liveness.offline))"]
            if liveness.pointers != ["/value"] {
                let one = liveness.pointers.count == 1 ? liveness.pointers.first : nil
                parts.append("pointer: " + (one.map(ProposalText.quoted) ?? ProposalText.list(liveness.pointers)))
            }
            members.append("liveness: { \(parts.joined(separator: ", ")) }")
        }
        let line = "    { " + members.joined(separator: ", ") + " },"
        return message.comment.map { ["    // " + ProposalText.plain($0), line] } ?? [line]
    }

    private func text(_ metric: Metric) -> [String] {
        var members = ["message: \(ProposalText.quoted(metric.message))", "pointer: \(ProposalText.quoted(metric.pointer))"]
        if metric.kind != .gauge { members.append("kind: \"\(metric.kind.rawValue)\"") }
        if !metric.unit.isEmpty { members.append("unit: \(ProposalText.quoted(metric.unit))") }
        if metric.scale != 1 { members.append("scale: \(metric.scale)") }
        if !metric.states.isEmpty { members.append("states: \(ProposalText.list(metric.states))") }
        if !metric.values.isEmpty {
            let values = metric.values.map { "\(ProposalText.key($0.raw)): \(ProposalText.quoted($0.meaning))" }
            members.append("values: { \(values.joined(separator: ", ")) }")
        }
        if !metric.unknown.isEmpty { members.append("unknown: [\(metric.unknown.joined(separator: ", "))]") }
        let line = "    \(ProposalText.key(metric.name)): { " + members.joined(separator: ", ") + " },"
        return metric.comment.map { ["    // " + ProposalText.plain($0), line] } ?? [line]
    }

    /// Which states mean that the device works nobody can guess.
    private var statusHint: [String] {
        let words = ["status", "state", "mode", "operation"]
        let metric = metrics.first { metric in
            metric.kind == .state
                && words.contains { metric.name.lowercased().split(separator: ".").last.map(String.init)?.hasSuffix($0) ?? false }
        }
        guard let metric else { return [] }
        return [
            "  // Which of its states mean what? For downtime and incidents:",
            "  // status: { metric: \(ProposalText.quoted(ProposalText.plain(metric.name))), productive: [], standby: [], unscheduledDowntime: [] },",
        ]
    }
}
