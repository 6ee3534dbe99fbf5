import Hashing

/// What a level means: by the profile, and by the members that stand beside it.
extension ProfileLayout {
    /// The members beside a level, by `SupplyMember`: where each stands on the tape, or 0.
    private typealias Places = SIMD8<Int32>

    mutating func level(_ tape: JSONTape, _ index: Int, slot: SlotIndex, in parent: Int, _ decoded: inout DecodedMessage) {
        let supply = self[slot].supply
        guard !supply.isNone else { return }
        guard supplyStamps[Int(supply.place)] != messageStamp else {
            // Two names of one supply in one message: nobody knows which the device means.
            decoded.readings.removeAll { $0.slot == slot }
            return problem(.twice, self[slot].name, &decoded)
        }
        supplyStamps[Int(supply.place)] = messageStamp
        let rule = self[supply].rule
        let places = profile.supplies[rule].members.isEmpty || parent == 0 ? Places() : members(tape, parent, rule)
        let word = profile.supplies[rule].quality.flatMap { badQuality($0, tape, beside: parent) }
        if let word { problem(.quality(word), self[slot].name, &decoded) }
        let level = word == nil ? level(tape, index, rule, supply: supply, parent: parent, places) : .unknown(.saidToMeanNothing)
        switch level {
        case .unknown(.notANumber): problem(.notANumber, self[slot].name, &decoded)
        // Another unit than the profile believes; where the device itself says what is full, it is the device's mistake.
        case .unknown(.levelAboveCapacity) where profile.supplies[rule].capacity != nil:
            problem(.outOfRange, self[slot].name, &decoded)
        default: break
        }
        var reading = Reading(slot: slot, value: 0, isUnknown: true)
        if case .percent(let percent, _) = level { reading = Reading(slot: slot, value: percent) }
        reading.level = Int16(exactly: decoded.levels.count) ?? -1
        decoded.readings.append(reading)
        decoded.levels.append(
            SupplyReading(supply: supply, level: level, factsHash: factsHash(tape, places), row: Int32(truncatingIfNeeded: parent)))
    }

    private mutating func level(
        _ tape: JSONTape, _ index: Int, _ rule: Int, supply: SupplyIndex, parent: Int, _ places: Places
    ) -> SupplyLevel {
        if tape.isNull(index) { return .unknown(.absent) }
        if !profile.supplies[rule].unknownWhen.isEmpty, isSaidToMeanNothing(tape, parent, rule) { return .unknown(.saidToMeanNothing) }
        let number = tape.numberOrText(index)
        if !profile.supplies[rule].values.isEmpty, let value = value(tape, index, number, rule) {
            return meaning(of: value, tape, rule, supply: supply, places)
        }
        guard let number else { return .unknown(.notANumber) }
        return understanding(tape, rule, places).level(number, capacity: capacity(tape, rule, supply: supply, places))
    }

    // MARK: Values that the profile explains

    private func value(_ tape: JSONTape, _ index: Int, _ number: Double?, _ rule: Int) -> SupplyValueName.Meaning? {
        let isText = tape.isString(index)
        return profile.supplies[rule].values.first { value in
            if let known = value.number, let number { return known == number }
            return isText && Self.isSame(tape.string(index), value.raw)
        }?.meaning
    }

    /// Without regard to upper and lower case, and to blanks around it.
    private static func isSame(_ text: UnsafeBufferPointer<UInt8>, _ raw: [UInt8]) -> Bool {
        let text = text[...].trimmed()
        return text.count == raw.count && zip(text, raw).allSatisfy { folded($0) == folded($1) }
    }

    private static func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    private mutating func meaning(
        of value: SupplyValueName.Meaning, _ tape: JSONTape, _ rule: Int, supply: SupplyIndex, _ places: Places
    ) -> SupplyLevel {
        switch value {
        case .percent(let percent): .percent(percent, resolution: profile.supplies[rule].meaning.stepPercent ?? 1)
        case .interval(let low, let high): .interval(low: low, high: high)
        case .code(let code):
            understanding(tape, rule, places).coded(code, capacity(tape, rule, supply: supply, places))
        }
    }

    private func isSaidToMeanNothing(_ tape: JSONTape, _ parent: Int, _ rule: Int) -> Bool {
        guard parent > 0 else { return false }
        return profile.supplies[rule].unknownWhen.contains { when in
            guard let member = tape.member(parent, when.member.utf8), let text = tape.text(member) else { return false }
            return when.values.contains(text)
        }
    }

    /// A member beside the level that may say that the level is not known: it does where the level itself is not told.
    mutating func absence(_ tape: JSONTape, _ index: Int, node: Int32, in parent: Int, _ decoded: inout DecodedMessage) {
        let supply = nodes[Int(node)].absentSupply
        let rule = self[supply].rule
        guard let text = tape.text(index), parent > 0, case .key(let level)? = profile.supplies[rule].level.tokens.last,
            tape.member(parent, level) == nil, supplyStamps[Int(supply.place)] != messageStamp,
            profile.supplies[rule].unknownWhen.contains(where: { nodes[Int(node)].isKey($0.member, keyBytes) && $0.values.contains(text) })
        else { return }
        supplyStamps[Int(supply.place)] = messageStamp
        var reading = Reading(slot: self[supply].metric, value: 0, isUnknown: true)
        reading.level = Int16(exactly: decoded.levels.count) ?? -1
        decoded.readings.append(reading)
        decoded.levels.append(
            SupplyReading(supply: supply, level: .unknown(.saidToMeanNothing), factsHash: 0, row: 0))
    }

    // MARK: Members beside the level

    private func members(_ tape: JSONTape, _ parent: Int, _ rule: Int) -> Places {
        var places = Places()
        tape.forEachMember(parent) { key, value in
            for member in profile.supplies[rule].members where member.name.count == key.count && places[member.meaning.rawValue] == 0 {
                if key.elementsEqual(member.name) { places[member.meaning.rawValue] = Int32(truncatingIfNeeded: value) }
            }
        }
        return places
    }

    private static func place(_ places: Places, _ member: SupplyMember) -> Int? {
        places[member.rawValue] > 0 ? Int(places[member.rawValue]) : nil
    }

    private func capacity(_ tape: JSONTape, _ rule: Int, supply: SupplyIndex, _ places: Places) -> Double? {
        let place = Self.place(places, .capacity) ?? capacityPaths[Int(supply.place)].flatMap { tape.find($0, from: partIndex) }
        guard let place, let number = tape.numberOrText(place) else { return profile.supplies[rule].capacity }
        return number
    }

    /// The profile's rule with what the members say of unit and kind.
    private mutating func understanding(_ tape: JSONTape, _ rule: Int, _ places: Places) -> SupplyLevelRule {
        var meaning = profile.supplies[rule].meaning
        if places == Places() { return meaning }
        if let place = Self.place(places, .unit) { meaning.unit = unit(tape, place) ?? meaning.unit }
        let isReceptacle =
            Self.place(places, .supplyClass).flatMap { Self.isReceptacle(tape, supplyClass: $0) }
            ?? Self.place(places, .type).flatMap { Self.isReceptacle(tape, type: $0) }
        if let isReceptacle {
            // What the profile says of the kind is then said of receptacles.
            meaning.kind = isReceptacle ? (meaning.kind == .filledPart ? .filledPart : .spaceLeft) : .consumed
        }
        return meaning
    }

    private mutating func unit(_ tape: JSONTape, _ place: Int) -> SupplyUnit? {
        if let code = tape.number(place).flatMap({ Int(exactly: $0) }) { return SupplyUnit(code: code) }
        guard tape.isString(place) else { return nil }
        let hash = ContentHash.combine(ContentHash.seed, UnsafeRawBufferPointer(tape.string(place)))
        if let known = unitWords.first(where: { $0.hash == hash && $0.word.elementsEqual(tape.string(place)) }) { return known.unit }
        let word = Array(tape.string(place))
        let unit = SupplyUnit(String(decoding: word.prefix(SupplyName.maximumBytes), as: UTF8.self))
        if unitWords.count < 64, word.count <= SupplyName.maximumBytes { unitWords.append((hash, word, unit)) }
        return unit
    }

    /// prtMarkerSuppliesClass: 3 and `supplyThatIsConsumed`, 4 and `receptacleThatIsFilled`; nil for everything else.
    private static func isReceptacle(_ tape: JSONTape, supplyClass place: Int) -> Bool? {
        if let code = tape.numberOrText(place) { return code == 4 ? true : code == 3 ? false : nil }
        guard tape.isString(place) else { return nil }
        let text = tape.string(place)
        if begins(text, "receptacle") || begins(text, "filled") { return true }
        return begins(text, "supply") || begins(text, "consumed") ? false : nil
    }

    /// By the types of which the standard says that they fill: all of them are waste.
    private static func isReceptacle(_ tape: JSONTape, type place: Int) -> Bool? {
        if let code = tape.numberOrText(place) {
            return Int(exactly: code).flatMap { SupplyType(rawValue: $0) }?.isReceptacle
        }
        return tape.isString(place) ? begins(tape.string(place), "waste") : nil
    }

    private static func begins(_ text: UnsafeBufferPointer<UInt8>, _ word: StaticString) -> Bool {
        guard text.count >= word.utf8CodeUnitCount else { return false }
        for offset in 0..<word.utf8CodeUnitCount where folded(text[offset]) != word.utf8Start[offset] { return false }
        return true
    }

    // MARK: What is said of the supply itself

    private func factsHash(_ tape: JSONTape, _ places: Places) -> UInt64 {
        if places == Places() { return 0 }
        var hash: UInt64 = 0
        for member in SupplyMember.facts {
            guard let place = Self.place(places, member) else { continue }
            hash = ContentHash.combine(hash &+ 1, UInt64(member.rawValue))
            switch tape.type(place) {
            case UInt8(ascii: "\""): hash = ContentHash.combine(hash, UnsafeRawBufferPointer(tape.string(place)))
            case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): hash = ContentHash.combine(hash, tape.words[place + 1])
            default: hash = ContentHash.combine(hash, UInt64(tape.type(place)))
            }
        }
        return hash
    }

    /// The facts of a supply with what one message says of them. Not for the hot path: asked when `factsHash` has changed.
    func facts(_ tape: JSONTape, _ reading: SupplyReading, updating known: SupplyFacts) -> SupplyFacts {
        let rule = self[reading.supply].rule
        guard reading.row > 0 else { return known }
        let places = members(tape, Int(reading.row), rule)
        var facts = known
        for member in SupplyMember.facts {
            guard let place = Self.place(places, member) else { continue }
            let text = tape.isString(place) ? Array(tape.string(place)) : tape.text(place).map { Array($0.utf8) } ?? []
            facts.update(member, text)
        }
        return facts
    }
}
