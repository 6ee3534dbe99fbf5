import Documents

/// The lists of codes that a device reports.
extension ProfileReader {
    /// One rule for each place where the list may stand.
    func alertList(_ reader: ObjectReader) -> [AlertListRule] {
        let places = paths(reader, "pointer")
        var rule = AlertListRule(path: PathPattern(key: ""), form: codeForm(reader))
        rule.message = reader.string("message")
        rule.defaultSeverity = reader.choice("severity", Severity.self) ?? .major
        rule.codes = reader.named("codes", "an alert code").map { member, code in
            defer { code.finish() }
            return AlertCodeRule(
                code: member.key, severity: code.choice("severity", Severity.self), text: code.string("text"),
                playbook: code.string("playbook"))
        }
        rule.severityMembers = reader.strings("severityMember") ?? []
        rule.severities = severities(reader)
        rule.textMembers = reader.strings("textMember") ?? []
        rule.ignored = reader.strings("ignore") ?? []
        reader.finish()
        return places.map { place in
            rule.path = place
            return rule
        }
    }

    private func codeForm(_ reader: ObjectReader) -> AlertListRule.CodeForm {
        var form = AlertListRule.CodeForm.plain
        if let member = reader.string("member") { form = .member(member) }
        if let text = reader.string("code") {
            if let template = AlertCodeTemplate(text) {
                form = .template(template)
            } else {
                reader.add("\"code\" holds members of the item in braces, such as \"prt-{group}-{code}\"", at: "code")
            }
        }
        if let pair = reader.object("hexPair", "the hexadecimal pair") { form = hexPair(pair) ?? form }
        if let names = reader.object("bits", "bits and their codes") { form = bits(names) }
        if reader.bool("errorState") == true { form = .errorState }
        let given = reader.members.filter { ["member", "code", "hexPair", "bits", "errorState"].contains($0.key) }
        if given.count > 1 {
            report.add("only one of member, code, hexPair, bits, errorState can say what a code is", at: given[1].keyPosition)
        }
        return form
    }

    private func hexPair(_ pair: ObjectReader) -> AlertListRule.CodeForm? {
        defer { pair.finish() }
        guard let high = pair.requiredString("high", "the member with the first number"),
            let low = pair.requiredString("low", "the member with the second number")
        else { return nil }
        return .hexPair(prefix: pair.string("prefix") ?? "", high: high, low: low)
    }

    /// `severities: { "3": "major", "4": "warning" }`.
    private func severities(_ reader: ObjectReader) -> [String: Severity] {
        var found: [String: Severity] = [:]
        for member in reader.object("severities", "values and their severities")?.members ?? [] {
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
    private func bits(_ reader: ObjectReader) -> AlertListRule.CodeForm {
        var names: [Int: String] = [:]
        for member in reader.members {
            guard let bit = Int(member.key), (0..<64).contains(bit), case .string(let code) = member.node.value else {
                report.add("a bit is a number from 0 to 63, and its code a string", at: member.keyPosition)
                continue
            }
            names[bit] = code
        }
        return .bits(names)
    }
}
