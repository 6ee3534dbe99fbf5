import Documents

/// The lists of codes that a device reports.
extension ProfileReader {
    /// One rule for each place where the list may stand.
    func alertList(_ reader: ObjectReader) -> [AlertListRule] {
        let paths = alertPlaces(reader)
        let form = codeForm(reader)
        let message = reader.string("message")
        let severity = reader.choice("severity", Severity.self) ?? .major
        let codes = reader.named("codes", "an alert code").map { named in
            let code = AlertCodeRule(
                code: named.member.key, severity: named.reader.choice("severity", Severity.self), text: named.reader.string("text"),
                playbook: named.reader.string("playbook"))
            named.reader.finish()
            return code
        }
        var rule = AlertListRule(path: PathPattern(key: ""), form: form, codes: codes, defaultSeverity: severity)
        rule.message = message
        rule.severityMembers = reader.strings("severityMember") ?? []
        rule.severities = severities(reader)
        rule.textMembers = reader.strings("textMember") ?? []
        rule.ignored = reader.strings("ignore") ?? []
        reader.finish()
        return paths.map { path in
            var rule = rule
            rule.path = path
            return rule
        }
    }

    /// `pointer: "/errors"`, or a list of pointers for what different senders call differently.
    private func alertPlaces(_ reader: ObjectReader) -> [PathPattern] {
        guard let node = reader.optional("pointer"), case .array(let items) = node.value else {
            return path(reader, "pointer", mayCapture: true).map { [$0] } ?? []
        }
        if items.isEmpty { report.add("\"pointer\" needs at least one pointer", at: node.position) }
        return (reader.strings("pointer") ?? []).compactMap { text in
            do { return try PathPattern(text) } catch {
                report.add("pointer \"\(text)\": \(error)", at: node.position)
                return nil
            }
        }
    }

    private func codeForm(_ reader: ObjectReader) -> AlertListRule.CodeForm {
        var form = AlertListRule.CodeForm.plain
        if let member = reader.string("member") { form = .member(member) }
        if let node = reader.optional("code"), let text = reader.string("code") {
            if let template = AlertCodeTemplate(text) {
                form = .template(template)
            } else {
                report.add("\"code\" holds members of the item in braces, such as \"prt-{group}-{code}\"", at: node.position)
            }
        }
        if let pair = reader.object("hexPair", "the hexadecimal pair") { form = hexPair(pair) ?? form }
        if let node = reader.optional("bits") { form = bits(node) }
        if reader.bool("errorState") == true { form = .errorState }
        let given = reader.members.filter { ["member", "code", "hexPair", "bits", "errorState"].contains($0.key) }
        if given.count > 1 {
            report.add("only one of member, code, hexPair, bits, errorState can say what a code is", at: given[1].keyPosition)
        }
        return form
    }

    func hexPair(_ pair: ObjectReader) -> AlertListRule.CodeForm? {
        defer { pair.finish() }
        guard let high = pair.requiredString("high", "the member with the first number"),
            let low = pair.requiredString("low", "the member with the second number")
        else { return nil }
        return .hexPair(prefix: pair.string("prefix") ?? "", high: high, low: low)
    }

    /// `severities: { "3": "major", "4": "warning" }`.
    private func severities(_ reader: ObjectReader) -> [String: Severity] {
        guard let node = reader.optional("severities") else { return [:] }
        var found: [String: Severity] = [:]
        for member in ObjectReader(node, "values and their severities", report).members {
            guard case .string(let text) = member.node.value, let severity = Severity(rawValue: text) else {
                let all = Severity.allCases.map(\.rawValue).joined(separator: ", ")
                report.add("\"\(member.key)\" must mean one of \(all)", at: member.node.position)
                continue
            }
            found[member.key] = severity
        }
        return found
    }

    /// `bits: { "0": "low-paper", "3": "cover-open" }`, bit 0 being the lowest of the number.
    func bits(_ node: DocumentNode) -> AlertListRule.CodeForm {
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
}
