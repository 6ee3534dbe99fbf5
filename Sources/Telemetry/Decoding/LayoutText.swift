import Hashing

/// Values that are more than a number or a word: texts with units, texts that hold a value, words for "unknown", kinds that are not known
/// before. None of it is on the hot path of plain numbers.
extension ProfileLayout {
    private static var quote: UInt8 { UInt8(ascii: "\"") }

    /// A number that is written as a text, with a unit or without, or as a word of the profile. Tells what is wrong with it.
    func written(_ tape: JSONTape, _ index: Int, node: Int32, slot: SlotIndex, _ decoded: inout DecodedMessage) -> Double? {
        let rule = nodes[Int(node)].rule
        if !(tape.isString(index)), let number = tape.text(index).flatMap({ meaning(of: $0, rule: rule) }) {
            return Double(number)
        }
        guard tape.isString(index) else {
            problem(.notANumber, self[slot].name, &decoded)
            return nil
        }
        let text = tape.string(index)
        guard let (number, unit) = DecimalText.parse(text), !DecimalText.mayBeIdentifier(text) || isDecimalText(rule) else {
            if let number = meaning(of: String(decoding: text, as: UTF8.self), rule: rule).flatMap({ Double($0) }) { return number }
            if DecimalText.isUnknown(text) {
                decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true))
            } else {
                problem(DecimalText.parse(text) == nil ? .notANumber : .mayBeIdentifier, self[slot].name, &decoded)
            }
            return nil
        }
        // A profile that converts by itself has said what the number is.
        guard !unit.isEmpty, rule >= 0, !nodes[Int(node)].isConverted else { return number }
        return inUnit(number, String(decoding: unit, as: UTF8.self), rule, slot, &decoded)
    }

    private func isDecimalText(_ rule: Int32) -> Bool { rule >= 0 && profile.metrics[Int(rule)].isDecimalText }

    /// The number in the metric's unit, when it came in another one of the same kind. A unit that nobody knows says nothing.
    private func inUnit(_ number: Double, _ unit: String, _ rule: Int32, _ slot: SlotIndex, _ decoded: inout DecodedMessage) -> Double? {
        let wanted = profile.metrics[Int(rule)].unit
        guard unit != wanted, let sent = UnitConversion.find(unit), let known = UnitConversion.find(wanted) else { return number }
        let converted = sent.convert(number, to: known)
        if converted == nil { problem(.unit, self[slot].name, &decoded) }
        return converted
    }

    /// What the rule says of unknown values and of a unit that the device tells. True when that was all there is to say.
    mutating func peculiar(
        _ tape: JSONTape, _ index: Int, node: Int32, slot: SlotIndex, in parent: Int, _ decoded: inout DecodedMessage
    ) -> Bool {
        let number = Int(nodes[Int(node)].rule)
        let rule = profile.metrics[number]
        if rule.hasCompanions,
            isSaidToBeUnknown(tape, index, rule, slot: slot, name: self[slot].name, in: parent, &decoded)
        {
            return true
        }
        if !rule.unknown.isEmpty, let text = tape.text(index), isListed(text, rule, isState: self[slot].kind == .state) {
            decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true))
            return true
        }
        if let packing = rule.packing {
            unpack(tape, index, packing, number, slot, &decoded)
            return true
        }
        guard let place = rule.unitPlace, self[slot].kind != .state, let unit = find(place, tape, beside: parent).flatMap({ tape.text($0) })
        else { return false }
        if rule.unit.isEmpty {
            setUnit(UnitConversion.code(unit), of: slot)
            return false
        }
        guard let value = tape.number(index) ?? written(tape, index, node: node, slot: slot, &decoded) else { return true }
        if let converted = UnitConversion.convert(value, from: unit, to: rule.unit) {
            appendBounded(converted, raw: value, number, slot, &decoded)
        } else {
            problem(.unit, self[slot].name, &decoded)
        }
        return true
    }

    /// The numbers among them are compared with those of a gauge or counter as numbers, not here.
    private func isListed(_ text: String, _ rule: MetricRule, isState: Bool) -> Bool {
        rule.unknown.contains { isState ? Self.isSame($0, text) : Double($0) == nil && $0 == text }
    }

    // MARK: Values in texts

    private static var maximumLines: Int { 1000 }

    /// Each line of the text, by the first rule that it looks like.
    mutating func texts(_ tape: JSONTape, _ index: Int, node: Int32, _ decoded: inout DecodedMessage) {
        guard tape.isString(index) else { return }
        // The last piece is what is left when there are too many lines.
        for line in tape.string(index).split(maxSplits: Self.maximumLines, whereSeparator: { $0 == 0x0A || $0 == 0x0D })
            .prefix(Self.maximumLines)
        {
            text(line.trimmed(), node: node, &decoded)
        }
    }

    private mutating func text(_ line: Slice<UnsafeBufferPointer<UInt8>>, node: Int32, _ decoded: inout DecodedMessage) {
        for position in origins[Int(node)] {
            guard position.depth == patterns[position.pattern].tokens.count, case .metric(let index) = patterns[position.pattern].target,
                let found = profile.metrics[index].match?.match(line)
            else { continue }
            let rule = profile.metrics[index]
            let name = rule.name.filled(position.captures + found.captures)
            guard name.utf8.count <= 4 * Self.maximumNameBytes, let slot = makeSlot(name: name, metricRule: index) else {
                return problem(.tooManyNames, String(name.prefix(Self.maximumNameBytes)), &decoded)
            }
            // What stands twice in one text is what it was first.
            guard !decoded.readings.contains(where: { $0.slot == slot }) else { return }
            return appendReading(UnsafeBufferPointer(rebasing: found.value), rule, Int32(index), slot, &decoded)
        }
    }

    private mutating func appendReading(
        _ value: UnsafeBufferPointer<UInt8>, _ rule: MetricRule, _ index: Int32, _ slot: SlotIndex, _ decoded: inout DecodedMessage
    ) {
        let text = String(decoding: value, as: UTF8.self)
        if isListed(text, rule, isState: rule.kind == .state) || (rule.kind != .state && DecimalText.isUnknown(value)) {
            decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true))
        } else if rule.kind == .state {
            learn(text, rule: index, slot: slot, &decoded)
        } else if let number = DecimalText.number(value) ?? meaning(of: text, rule: index).flatMap({ Double($0) }) {
            appendBounded(number, raw: number, Int(index), slot, &decoded)
        } else {
            problem(.notANumber, self[slot].name, &decoded)
        }
    }

    // MARK: Kinds that the first value decides

    /// A number, or a text that is nothing but one, makes a gauge; any other text, true and false make a state. What comes later and is of
    /// the other kind has a metric of its own, because devices of one profile may mean different things by one name.
    mutating func openReading(_ tape: JSONTape, _ index: Int, node: Int32, in parent: Int, _ decoded: inout DecodedMessage) {
        let type = tape.type(index)
        var isWord: Bool?
        if nodes[Int(node)].isPeculiar {
            let rule = profile.metrics[Int(nodes[Int(node)].rule)]
            if rule.hasCompanions, isOpenUnknown(tape, index, rule, node: node, in: parent, &decoded) { return }
            isWord = rule.wordsWhen.flatMap { saysWord($0, tape, beside: parent) }
        }
        let isUnknown = type == UInt8(ascii: "n") || (type == Self.quote && DecimalText.isUnknown(tape.string(index)))
        let known = nodes[Int(node)].slot
        if isUnknown {
            if !known.isNone { decoded.readings.append(Reading(slot: known, value: 0, isUnknown: true)) }
            return
        }
        let isNumber = isWord != true && (tape.number(index) != nil || (type == Self.quote && DecimalText.isPlain(tape.string(index))))
        if isWord == false, !isNumber { return problem(.notANumber, key(of: node), &decoded) }
        guard let slot = openSlot(node, isNumber: isNumber) else {
            return problem(.tooManyNames, key(of: node), &decoded)
        }
        reading(tape, index, node: node, slot: slot, in: parent, &decoded)
    }

    /// A value that does not hold decides no kind; what is known under its name is not known any more.
    private mutating func isOpenUnknown(
        _ tape: JSONTape, _ index: Int, _ rule: MetricRule, node: Int32, in parent: Int, _ decoded: inout DecodedMessage
    ) -> Bool {
        let general = generalRule(of: Int(nodes[Int(node)].rule))
        let position = origins[Int(node)].first { patterns[$0.pattern].target == .metric(general) }
        let name = rule.name.filled(position?.captures ?? [])
        if rule.isUnit {
            // Before the first value there is nothing that it could be the unit of.
            if let slot = slot(named: name), let unit = tape.text(index, maximumBytes: Self.maximumNameBytes) {
                setUnit(UnitConversion.code(unit), of: slot)
            }
            return true
        }
        guard isSaidToBeUnknown(tape, index, rule, slot: .none, name: name, in: parent, &decoded) else { return false }
        if rule.isAlwaysUnknown, tape.isNull(index) { return true }
        for known in [name, name + ".text", name + ".number"] {
            if let slot = slot(named: known) { decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true)) }
        }
        return true
    }

    private mutating func openSlot(_ node: Int32, isNumber: Bool) -> SlotIndex? {
        let (first, other) = (nodes[Int(node)].slot, nodes[Int(node)].otherSlot)
        if !first.isNone, (self[first].kind != .state) == isNumber { return first }
        if !other.isNone { return other }
        let index = Int(nodes[Int(node)].rule)
        let general = generalRule(of: index)
        guard let position = origins[Int(node)].first(where: { patterns[$0.pattern].target == .metric(general) }) else { return nil }
        let rule = profile.metrics[index]
        let name = rule.name.filled(position.captures)
        let kind: MetricKind = isNumber ? .gauge : .state
        // A slot of an earlier layout, or of another place, says what the name means already.
        let present = slot(named: name).map { self[$0].kind } ?? kind
        guard present != .level else { return nil }
        if nodes[Int(node)].slot.isNone {
            guard let slot = makeSlot(name: name, kind: present, unit: present == .state ? "" : rule.unit, owner: .metric(index)) else {
                return nil
            }
            nodes[Int(node)].slot = slot
            if isNumber { takeUnit(of: position, slot) }
            if (present != .state) == isNumber { return slot }
        }
        let suffix = isNumber ? ".number" : ".text"
        guard let slot = makeSlot(name: name + suffix, kind: kind, unit: isNumber ? rule.unit : "", owner: .metric(index)) else {
            return nil
        }
        nodes[Int(node)].otherSlot = slot
        if isNumber { takeUnit(of: position, slot) }
        return slot
    }
}
