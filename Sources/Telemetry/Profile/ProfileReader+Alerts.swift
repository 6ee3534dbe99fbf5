/// The lists of codes that a device reports.
extension ProfileReader {
    func alertList(_ reader: ObjectReader) -> AlertListRule? {
        let path = path(reader, "pointer", mayCapture: true)
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
