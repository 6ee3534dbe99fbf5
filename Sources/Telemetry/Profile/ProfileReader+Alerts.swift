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
        rule.severities = severities(reader.object("severities", "values and their severities"))
        rule.severityPacking = severityPacking(reader, rule)
        rule.suffixes = severities(reader.object("suffixes", "ends of codes and their severities")).map {
            AlertSuffix(end: $0.key, severity: $0.value)
        }
        .sorted { ($1.end.utf8.count, $0.end) < ($0.end.utf8.count, $1.end) }
        rule.separator = reader.string("separator")
        rule.event = reader.object("event", "how codes come and go").flatMap(event)
        rule.textMembers = reader.strings("textMember") ?? []
        rule.ignored = reader.strings("ignore") ?? []
        rule.supplies = reader.list("supplies", "what codes say of supplies").compactMap(alertSupply)
        checkForm(reader, rule)
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

    private static let forms = ["member", "code", "hexPair", "hexNumber", "bits", "errorState"]

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
        if let number = reader.object("hexNumber", "the hexadecimal number") { form = hexNumber(number) }
        let isHexadecimal = reader.bool("hex") ?? false
        if let names = reader.object("bits", "bits and their codes") { form = bits(names, isHexadecimal: isHexadecimal) }
        if reader.bool("errorState") == true { form = .errorState }
        let given = reader.members.filter { Self.forms.contains($0.key) }
        if given.count > 1 {
            report.add("only one of \(Self.forms.joined(separator: ", ")) can say what a code is", at: given[1].keyPosition)
        }
        return form
    }

    /// What belongs to some forms of codes only.
    private func checkForm(_ reader: ObjectReader, _ rule: AlertListRule) {
        let (isPlain, isItem) =
            switch rule.form {
            case .plain: (true, false)
            case .member, .template, .hexPair: (false, true)
            case .hexNumber, .bits, .errorState: (false, false)
            }
        if let separator = rule.separator, !isPlain || separator.isEmpty {
            reader.add(
                "\"separator\" is what stands between the codes of a text, such as \",\"; the codes are the pieces themselves",
                at: "separator")
        }
        if rule.event != nil, !isItem {
            reader.add("\"event\" needs \"member\", \"code\" or \"hexPair\", which say what the code of an event is", at: "event")
        }
        if rule.event != nil, !rule.supplies.isEmpty {
            reader.add("codes that come as events cannot say anything of supplies", at: "supplies")
        }
        if reader.node.member("hex") != nil, reader.node.member("bits") == nil { reader.add("\"hex\" belongs to \"bits\"", at: "hex") }
    }

    /// `severityShift: 16, severityMask: 0xFF`: the severity is some bits of a number.
    private func severityPacking(_ reader: ObjectReader, _ rule: AlertListRule) -> PackedNumber? {
        let (shift, mask) = (reader.integer("severityShift", in: 0...63), reader.integer("severityMask", in: 1...(1 << 53)))
        guard shift != nil || mask != nil else { return nil }
        let key = shift == nil ? "severityMask" : "severityShift"
        if rule.severities.isEmpty { reader.add("\"\(key)\" needs \"severities\", which say what the bits mean", at: key) }
        return PackedNumber(shift: shift ?? 0, mask: mask.map { UInt64($0) })
    }

    private func event(_ reader: ObjectReader) -> AlertEvent? {
        defer { reader.finish() }
        let member = reader.requiredString("member", "the member that says whether the code begins or ends")
        let set = reader.required("set", "the words that say that a code begins to stand") == nil ? nil : reader.strings("set")
        let clear = reader.required("clear", "the words that say that a code stands no longer") == nil ? nil : reader.strings("clear")
        guard let member, let set, let clear else { return nil }
        if let both = set.first(where: clear.contains) { reader.add("\"\(both)\" cannot mean both", at: "clear") }
        return AlertEvent(member: member, set: set, clear: clear)
    }

    /// `hexNumber: { prefix: "E", digits: 8 }`.
    private func hexNumber(_ reader: ObjectReader) -> AlertListRule.CodeForm {
        defer { reader.finish() }
        return .hexNumber(prefix: reader.string("prefix") ?? "", digits: reader.integer("digits", in: 1...16) ?? 8)
    }

    private func hexPair(_ pair: ObjectReader) -> AlertListRule.CodeForm? {
        defer { pair.finish() }
        guard let high = pair.requiredString("high", "the member with the first number"),
            let low = pair.requiredString("low", "the member with the second number")
        else { return nil }
        return .hexPair(prefix: pair.string("prefix") ?? "", high: high, low: low)
    }

    /// `severities: { "3": "major", "4": "ignore" }`.
    private func severities(_ table: ObjectReader?) -> [String: SaidSeverity] {
        var found: [String: SaidSeverity] = [:]
        for member in table?.members ?? [] {
            if member.node.text == "ignore" {
                found[member.key] = .ignored
            } else if let severity = member.node.text.flatMap({ Severity(rawValue: $0) }) {
                found[member.key] = .severity(severity)
            } else {
                let all = Severity.allCases.map(\.rawValue).joined(separator: ", ")
                report.add("\"\(member.key)\" must mean one of \(all), ignore", at: member.node.position)
            }
        }
        return found
    }

    /// `bits: { "0": "low-paper", "3": "cover-open" }`, bit 0 being the lowest of the number.
    private func bits(_ reader: ObjectReader, isHexadecimal: Bool) -> AlertListRule.CodeForm {
        var names: [Int: String] = [:]
        for member in reader.members {
            guard let bit = Int(member.key), (0..<64).contains(bit), case .string(let code) = member.node.value else {
                report.add("a bit is a number from 0 to 63, and its code a string", at: member.keyPosition)
                continue
            }
            names[bit] = code
        }
        return .bits(AlertBits(names: names, isHexadecimal: isHexadecimal))
    }
}
