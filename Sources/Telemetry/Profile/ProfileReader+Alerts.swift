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
        rule.supplies = reader.list("supplies", "what codes say of supplies").compactMap(alertSupply)
        reader.finish()
        return places.map { place in
            rule.path = place
            return rule
        }
    }

    /// `{ codes: ["prt-1104-11-*"], supply: "{groupIndex}", level: [0, 10] }`: `supply`, `types` or neither, and `level` or `"doubtful"`.
    private func alertSupply(_ reader: ObjectReader) -> AlertSupplyRule? {
        defer { reader.finish() }
        let codes = reader.required("codes", "a list of codes") == nil ? nil : reader.strings("codes")
        guard let target = supplyTarget(reader), let node = reader.required("level", "[0, 10], or \"doubtful\""), let codes else {
            return nil
        }
        switch node.value {
        case .string("doubtful"): return AlertSupplyRule(codes: codes, target: target, level: nil)
        case .array(let items) where items.count == 2:
            guard let low = items[0].number, let high = items[1].number, 0 <= low, low <= high, high <= 100 else { break }
            guard target != .all else {
                reader.add("a level belongs to one supply: \"supply\" or \"types\" says to which", at: "level")
                return nil
            }
            return AlertSupplyRule(codes: codes, target: target, level: low...high)
        default: break
        }
        reader.add("\"level\" is two percentages of what is left, such as [0, 10], or \"doubtful\"", at: "level")
        return nil
    }

    private func supplyTarget(_ reader: ObjectReader) -> AlertSupplyRule.Target? {
        let (name, words) = (reader.string("supply"), reader.strings("types"))
        if name != nil, words != nil {
            reader.add("only one of supply, types can say of which supply it is", at: "types")
            return nil
        }
        if let name {
            let isPlain = !name.isEmpty && !name.contains("{") && !name.contains("}")
            guard let template = isPlain ? AlertCodeTemplate(plain: name) : AlertCodeTemplate(name) else {
                reader.add(
                    "\"supply\" is a supply's name, and may hold members of the item in braces, such as \"{groupIndex}\"", at: "supply")
                return nil
            }
            return .named(template)
        }
        guard let words else { return .all }
        var types: [String] = []
        for word in words {
            guard let type = SupplyType(word) else {
                reader.add("\"\(word)\" is no type of a supply such as toner-cartridge", at: "types")
                return nil
            }
            types.append(type.keyword)
        }
        return .types(types)
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
