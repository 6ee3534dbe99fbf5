import Documents

/// Warnings about words: a state that a rule waits for and that its metric does not list.
extension ProfileReader {
    func warnOfWords(_ profile: DeviceProfile, _ root: DocumentNode) {
        if let status = profile.status {
            let lists = [
                ("productive", status.productive), ("standby", status.standby), ("unscheduledDowntime", status.unscheduledDowntime),
                ("scheduledDowntime", status.scheduledDowntime),
            ]
            for (key, words) in lists { warn(of: words, status.metric, profile, "the status rule", root, ["status", .key(key)]) }
            if let down = status.downWhen {
                warn(of: down.values, down.metric, profile, "the status rule", root, ["status", "downWhen", "in"])
            }
            var seen: [String: String] = [:]
            for (key, words) in lists {
                for word in words {
                    if let other = seen[word] {
                        report.warn(
                            "\"\(word)\" stands under \"\(other)\" and under \"\(key)\"; the first counts",
                            at: root.position(of: ["status", .key(key)]))
                    }
                    seen[word] = seen[word] ?? key
                }
            }
        }
        for fault in profile.faults {
            for node in conditionNodes(of: fault, root) {
                guard let metric = node.member("metric")?.text, case .object(let members) = node.value else { continue }
                for member in members where ConditionForm(rawValue: member.key)?.subject == .state {
                    let words = member.node.items?.compactMap(\.text) ?? [member.node.text].compactMap { $0 }
                    warn(of: words, metric, profile, "fault \"\(fault.id)\"", at: member.node.position)
                }
            }
        }
        for (index, message) in profile.messages.enumerated() { warnOfLiveness(message, index, profile, root) }
    }

    /// What nobody wants and something reads all the same.
    func warnOfIgnored(_ profile: DeviceProfile, _ root: DocumentNode) {
        let readers =
            profile.metrics.map { ("metric \"\($0.name.text)\"", $0.path) }
            + profile.supplies.map { ("supply \"\($0.name.text)\"", $0.level) }
            + profile.alerts.map { ("an alert list", $0.path) }
        for ignored in profile.ignored {
            for (reader, path) in readers where PathPattern.haveSameForm(ignored.tokens, path.tokens) {
                report.warn(
                    "\"\(ignored.text)\" is ignored, so \(reader) at the same pointer reads nothing", at: root.position(of: ["ignore"]))
            }
        }
    }

    private func warn(
        of words: [String], _ metric: String, _ profile: DeviceProfile, _ user: String, _ root: DocumentNode, _ path: [DocumentNode.Step]
    ) {
        warn(of: words, metric, profile, user, at: root.position(of: path))
    }

    private func warn(of words: [String], _ metric: String, _ profile: DeviceProfile, _ user: String, at position: SourcePosition) {
        guard let known = profile.listedStates(of: metric) else { return }
        for word in words where !known.contains(word) {
            report.warn(
                "\(user) waits for the state \"\(word)\" of \"\(metric)\", which its \"states\" do not list\(Spelling.hint(word, among: known))",
                at: position)
        }
    }

    /// Where the word of liveness is a state as well, the two rules must know the same words.
    private func warnOfLiveness(_ message: MessageRule, _ index: Int, _ profile: DeviceProfile, _ root: DocumentNode) {
        guard let liveness = message.liveness, !liveness.isAlwaysOffline else { return }
        let place = root.position(of: ["messages", .index(index), "liveness"])
        let both = liveness.online.filter(liveness.offline.contains)
        if let word = both.first { report.warn("\"\(word)\" means both online and offline", at: place) }
        let states = profile.metrics.filter {
            $0.kind == .state && !$0.isOpen && ($0.message == nil || $0.message == message.name) && liveness.paths.contains($0.path)
                && $0.values.isEmpty && $0.match == nil
        }
        guard let metric = states.first(where: { !$0.states.isEmpty }) else { return }
        for word in liveness.online + liveness.offline where !metric.states.contains(word) {
            report.warn(
                "liveness waits for \"\(word)\", which the states of \"\(metric.name.text)\" do not list\(Spelling.hint(word, among: metric.states))",
                at: place)
        }
        // Without a list of words that mean online, every other word does.
        guard !liveness.online.isEmpty else { return }
        for word in metric.states where !liveness.online.contains(word) && !liveness.offline.contains(word) {
            report.warn("the state \"\(word)\" of \"\(metric.name.text)\" is neither online nor offline for liveness", at: place)
        }
    }

    func conditionNodes(of fault: FaultRule, _ root: DocumentNode) -> [DocumentNode] {
        ["raise", "clear"].compactMap { root.node(at: ["faults", .key(fault.id), .key($0)]) }.flatMap(\.conditions)
    }
}

extension DeviceProfile {
    /// The states that the rules of a metric list, or make of other words; nil where no rule lists any, or a number may be meant.
    fileprivate func listedStates(of metric: String) -> [String]? {
        let rules = metrics.filter { $0.name.text == metric }
        guard !rules.isEmpty, rules.allSatisfy({ $0.kind == .state && !$0.isOpen && !$0.states.isEmpty }) else { return nil }
        return rules.flatMap { $0.states + $0.values.map(\.meaning) }
    }
}
