import Documents

/// Metrics, and the names that tell them apart.
extension ProfileReader {
    /// One metric, or a list of the places where it may stand.
    func places(_ member: DocumentMember) -> [MetricRule] {
        guard case .array(let items) = member.node.value else {
            return withRows(member, ObjectReader(member.node, "a metric", report))
        }
        if items.isEmpty { report.add("\"\(member.key)\" needs at least one place", at: member.keyPosition) }
        let places = items.map { withRows(member, ObjectReader($0, "a metric", report)) }
        for (place, item) in zip(places, items) where place.count != places[0].count || !zip(place, places[0]).allSatisfy({ $0.means($1) })
        {
            report.add(
                "the places of \"\(member.key)\" must agree in kind, unit, states and values, in anomalies, and in what \"named\" says of these",
                at: item.position)
        }
        return places.flatMap { $0 }
    }

    /// The rule of a metric, and behind it those of the names of which it says something else. Each of these has all keys of the metric that it
    /// does not give itself.
    private func withRows(_ member: DocumentMember, _ reader: ObjectReader) -> [MetricRule] {
        let rows = reader.named("named", "what holds for a name")
        let mistakes = report.diagnostics.count
        guard let general = metric((member, reader)) else { return [] }
        // What the rows inherit was wrong already.
        guard report.diagnostics.count == mistakes else { return [general] }
        if !rows.isEmpty, general.name.captures.isEmpty || general.match != nil {
            reader.add("\"named\" is for names that a pointer, a topic or the payload tells", at: "named")
        }
        return [general]
            + rows.compactMap { row in
                if row.member.key.count(where: { $0 == "*" }) > 1 {
                    report.add("a name has one * at most: it stands for any part of the name", at: row.member.keyPosition)
                }
                for key in ["pointer", "message", "match", "named"] where row.reader.members.contains(where: { $0.key == key }) {
                    row.reader.add("\"\(key)\" is said of all names together", at: key)
                }
                let own = row.reader.members
                var misfits = Self.keysThatDoNotFit(kind: own.first { $0.key == "kind" }?.node.text)
                if let unit = own.first(where: { $0.key == "unit" })?.node.text {
                    misfits.append("unitAfter")
                    // Nothing is converted into a unit such as {strokes}.
                    if UnitConversion.find(unit) == nil { misfits.append("unitFrom") }
                }
                let inherited = reader.members.filter { known in
                    !misfits.contains(known.key) && !own.contains { $0.key == known.key }
                }
                let node = DocumentNode(.object(inherited + own), at: row.member.node.position)
                let count = positions.count
                var rule = metric((member, ObjectReader(node, "what holds for a name", report)))
                // The names of the metric are checked once.
                positions.removeLast(positions.count - count)
                textCaptures[count] = nil
                rule?.onlyName = row.member.key
                return rule
            }
    }

    /// What a row of another kind does not take over.
    private static func keysThatDoNotFit(kind: String?) -> [String] {
        switch kind {
        case nil, WrittenKind.any.rawValue: ["named"]
        case MetricKind.state.rawValue: ["named", "stateWhen", "unit", "unitFrom", "minimum", "maximum", "scale", "offset", "anomalies"]
        default: ["named", "stateWhen", "states"]
        }
    }

    /// What a profile may say of a kind: those of the values, and "any" where the first value decides.
    enum WrittenKind: String, CaseIterable { case gauge, counter, state, level, any }

    func metric(_ named: (member: DocumentMember, reader: ObjectReader)) -> MetricRule? {
        let reader = named.reader
        let path = path(reader, "pointer", mayCapture: true)
        let written = reader.choice("kind", WrittenKind.self) ?? .gauge
        let kind = MetricKind(rawValue: written.rawValue) ?? .gauge
        let unit = reader.string("unit") ?? ""
        let unitPlace = unitPlace(reader, unit)
        // One without a pointer is reported and not given back; the rest of it is read all the same, for the sake of its mistakes.
        var rule = MetricRule(name: NameTemplate(named.member.key), path: path ?? PathPattern(key: ""), kind: kind, unit: unit, states: [])
        rule.isOpen = written == .any
        rule.unitPlace = unitPlace
        rule.quality = qualityRule(reader)
        readUnitSources(reader, &rule)
        rule.wordsWhen = reader.object("stateWhen", "where the type stands, and which mean words").map(wordsRule)
        if rule.wordsWhen != nil, !rule.isOpen { reader.add("\"stateWhen\" is for the kind \"any\"", at: "stateWhen") }
        if reader.optional("unknown")?.value == .bool(true) {
            rule.isAlwaysUnknown = true
        } else {
            rule.unknown = unknownValues(reader)
        }
        readBounds(reader, &rule)
        rule.match = textPattern(reader)
        rule.isDecimalText = reader.choice("text", WrittenText.self) == .decimal
        rule.packing = packing(reader)
        rule.states = reader.strings("states") ?? []
        rule.message = reader.string("message")
        rule.scale = reader.number("scale") ?? 1
        rule.offset = reader.number("offset") ?? 0
        rule.values = enumeration(reader, kind)
        rule.watchesAnomalies = reader.bool("anomalies")
        reader.finish()
        if kind == .level { reader.add("a level belongs under \"supplies\"", at: "kind") }
        if rule.scale == 0 { report.add("\"scale\" must not be 0", at: reader.node.position) }
        guard let path else { return nil }
        if rule.match != nil, rule.isOpen { reader.add("\"match\" needs a kind other than \"any\"", at: "kind") }
        checkPacking(reader, rule)
        textCaptures[positions.count] = rule.match?.captures
        positions.append((rule.name, path, rule.message, named.member.keyPosition))
        return rule
    }

    /// What a profile may say of texts that hold numbers.
    enum WrittenText: String, CaseIterable { case decimal }

    private static let packingKeys = ["hex", "shift", "mask", "signedBits", "floatBits"]

    /// `hex: true, shift: 2, mask: 0x3FFF, signedBits: 14`, each of which may stand alone.
    private func packing(_ reader: ObjectReader) -> PackedNumber? {
        var packing = PackedNumber()
        packing.isHexadecimal = reader.bool("hex") ?? false
        packing.shift = reader.integer("shift", in: 0...PackedNumber.maximumShift) ?? 0
        // Numbers of a profile are exact up to 53 bits.
        packing.mask = reader.integer("mask", in: 1...(1 << 53)).map { UInt64($0) }
        packing.signedBits = reader.integer("signedBits", in: 2...64)
        packing.floatBits = floatBits(reader)
        return packing == PackedNumber() ? nil : packing
    }

    private func floatBits(_ reader: ObjectReader) -> Int? {
        guard let bits = reader.integer("floatBits", in: 32...64) else { return nil }
        if bits != 32, bits != 64 { reader.add("\"floatBits\" is 32 or 64", at: "floatBits") }
        for key in ["mask", "signedBits"] where reader.node.member(key) != nil {
            reader.add("\"floatBits\" and \"\(key)\" cannot both say what the bits are", at: key)
        }
        return bits
    }

    private func checkPacking(_ reader: ObjectReader, _ rule: MetricRule) {
        if rule.isDecimalText, rule.packing?.isHexadecimal == true {
            reader.add("a text is either \"decimal\" or hex, not both", at: "text")
        }
        if rule.isDecimalText, rule.kind == .state || rule.isOpen {
            reader.add("\"text\" is for the numbers of gauges and counters; a state is a text as it is", at: "text")
        }
        guard rule.packing != nil, let key = Self.packingKeys.first(where: { reader.node.member($0) != nil }) else { return }
        if rule.isOpen { reader.add("\"\(key)\" needs a kind other than \"any\"", at: key) }
        if rule.match != nil { reader.add("\"\(key)\" and \"match\" cannot both say how the value is read", at: key) }
        if rule.unitPlace != nil { reader.add("\"\(key)\" is for raw numbers, which have no \"unitFrom\"", at: key) }
    }

    /// `unknown: [-127, 65535, "n/a"]`; one word may stand without the brackets.
    private func unknownValues(_ reader: ObjectReader) -> [String] {
        guard let node = reader.optional("unknown") else { return [] }
        let items = if case .array(let items) = node.value { items } else { [node] }
        return items.compactMap { item in
            switch item.value {
            case .string(let text): return text
            // JSON5 has ways to write a number that mean nothing elsewhere.
            case .number(let number, let text): return Double(text) == number ? text : "\(number)"
            default:
                report.add("\"unknown\" lists words and numbers, or is true where every value means unknown", at: item.position)
                return nil
            }
        }
    }

    private func readBounds(_ reader: ObjectReader, _ rule: inout MetricRule) {
        rule.minimum = reader.number("minimum") ?? rule.minimum
        rule.maximum = reader.number("maximum") ?? rule.maximum
        guard rule.minimum.isFinite || rule.maximum.isFinite else { return }
        let place = rule.minimum.isFinite ? "minimum" : "maximum"
        if rule.kind == .state, !rule.isOpen {
            reader.add("\"minimum\" and \"maximum\" are for numbers; for a state list the word under \"unknown\"", at: place)
        }
        if rule.minimum >= rule.maximum { reader.add("\"minimum\" must be below \"maximum\"", at: place) }
    }

    /// `unitFrom: "/TempUnit"` is a member of the message, `unitFrom: "PressureUnit"` one beside the value.
    func unitPlace(_ reader: ObjectReader, _ unit: String) -> CompanionPlace? {
        guard let text = reader.string("unitFrom") else { return nil }
        if UnitConversion.find(unit) == nil, !(unit.isEmpty && namesPerDevice) {
            reader.add(
                "\"unitFrom\" needs a \"unit\" that is known, such as Cel, hPa or kW.h; without one the profile needs \"namesPerDevice\"",
                at: "unitFrom")
        }
        return companion(text, at: reader.node.position(of: ["unitFrom"]))
    }

    /// Ways to tell the unit that go with a device's own names only.
    private func readUnitSources(_ reader: ObjectReader, _ rule: inout MetricRule) {
        rule.isUnit = reader.bool("isUnit") ?? false
        rule.unitSign = reader.string("unitAfter")
        for (key, isGiven) in [("isUnit", rule.isUnit), ("unitAfter", rule.unitSign != nil)] where isGiven {
            if !namesPerDevice { reader.add("\"\(key)\" needs \"namesPerDevice\": another device may have another unit", at: key) }
            if !rule.unit.isEmpty { reader.add("the unit is told twice: by \"unit\" and by \"\(key)\"", at: key) }
        }
        if rule.unitSign == "" { reader.add("\"unitAfter\" is a sign such as \"|\"", at: "unitAfter") }
    }

    private func companion(_ text: String, at position: SourcePosition) -> CompanionPlace? {
        guard text.hasPrefix("/") else { return .beside(text) }
        return plainPath(text, at: position).map { .pointer($0) }
    }

    /// `quality: { from: "q", good: [true, 192] }`, `quality: { from: "StatusCode", good: "opcUA" }`
    func qualityRule(_ reader: ObjectReader) -> QualityRule? {
        guard let rule = reader.object("quality", "where the quality stands, and what is good") else { return nil }
        let text = rule.requiredString("from", "the member beside the value that tells the quality, or a pointer to it")
        let good = rule.required("good", "a list of what means that the value holds, or one of opcUA, opcDA")
        rule.finish()
        guard let text, let good, let place = companion(text, at: rule.node.position) else { return nil }
        if case .string(let name) = good.value {
            guard let convention = QualityRule.Convention(rawValue: name) else {
                let known = QualityRule.Convention.allCases.map(\.rawValue)
                report.add(
                    "\"good\" cannot be \"\(name)\"\(Spelling.hint(name, among: known)); it is a list, or one of \(known.joined(separator: ", "))",
                    at: good.position)
                return nil
            }
            return QualityRule(place: place, good: .convention(convention))
        }
        return QualityRule(place: place, good: .words(plainValues(good, "good")))
    }

    /// `stateWhen: { from: "valueType", in: ["String", "Bool"] }`
    func wordsRule(_ rule: ObjectReader) -> CompanionWords {
        let text = rule.requiredString("from", "the member beside the value that tells its type, or a pointer to it") ?? ""
        let words = rule.required("in", "the types that mean words").map { plainValues($0, "in") } ?? []
        rule.finish()
        return CompanionWords(place: companion(text, at: rule.node.position) ?? .beside(text), words: words)
    }

    /// Words, numbers, true and false as texts.
    private func plainValues(_ node: DocumentNode, _ key: String) -> [String] {
        let items = if case .array(let items) = node.value { items } else { [node] }
        return items.compactMap { item in
            switch item.value {
            case .string(let text): return text
            case .bool(let flag): return flag ? "true" : "false"
            case .number(let number, let text): return Double(text) == number ? text : "\(number)"
            default:
                report.add("\"\(key)\" lists words, numbers, true and false", at: item.position)
                return nil
            }
        }
    }

    func textPattern(_ reader: ObjectReader) -> TextPattern? {
        guard let text = reader.string("match") else { return nil }
        do { return try TextPattern(text) } catch {
            reader.add("match \"\(text)\": \(error)", at: "match")
            return nil
        }
    }

    /// `values: { "ON": 1 }` for a number, `values: { "3": "printing" }` for a state.
    func enumeration(_ reader: ObjectReader, _ kind: MetricKind) -> [ValueName] {
        (reader.object("values", "words and what they mean")?.members ?? []).compactMap { member in
            switch member.node.value {
            case .string(let text) where kind == .state: return ValueName(raw: member.key, meaning: text)
            case .number(_, let text) where kind != .state: return ValueName(raw: member.key, meaning: text)
            default:
                report.add("\"\(member.key)\" must mean \(kind == .state ? "a state, as a string" : "a number")", at: member.node.position)
                return nil
            }
        }
    }

    /// Names must tell apart what the captures of the pointer and of the topic tell apart.
    func checkNames(_ profile: DeviceProfile, _ reader: ObjectReader) {
        for (index, (name, path, message, position)) in positions.enumerated() {
            let rules = profile.messages.filter { message == nil || $0.name == message }
            if let message, rules.isEmpty {
                let names = profile.messages.compactMap(\.name)
                report.add("no message has the name \"\(message)\"\(Spelling.hint(message, among: names))", at: position)
                continue
            }
            // The topics of all rules it belongs to; without any rule the pointer alone is looked at.
            // What a level of the topic tells of the lead time need not stand in the names of metrics.
            let lead = profile.supplies.compactMap(\.leadTimeCapture)
            var topics = rules.map { ($0.topic.captures + $0.names.map(\.name)).filter { !lead.contains($0) } }
            if topics.isEmpty { topics = [[]] }
            for captures in Set(topics) {
                checkCaptures(name, path.captures + (textCaptures[index] ?? []) + captures, path.text, at: position)
            }
        }
    }

    func checkCaptures(_ name: NameTemplate, _ captures: [String], _ pointer: String, at position: SourcePosition) {
        let missing = captures.filter { !name.captures.contains($0) }
        let foreign = name.captures.filter { !captures.contains($0) }
        if !missing.isEmpty { report.add("\"\(name.text)\" must hold {\(missing[0])}, or two values would share one name", at: position) }
        if !foreign.isEmpty { report.add("{\(foreign[0])} is no part of the pointer \"\(pointer)\"", at: position) }
    }
}
