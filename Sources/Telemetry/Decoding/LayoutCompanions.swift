/// What other members tell of a value: its unit, whether it holds, whether it is a word. None of it is on the hot path of plain numbers.
extension ProfileLayout {
    func find(_ place: CompanionPlace, _ tape: JSONTape, beside parent: Int) -> Int? {
        switch place {
        case .beside(let member): parent > 0 ? tape.member(parent, member.utf8) : nil
        case .pointer(let path): tape.find(path, from: partIndex) ?? tape.find(path)
        }
    }

    /// The word by which the device says that the value does not hold; nil when it holds.
    func badQuality(_ rule: QualityRule, _ tape: JSONTape, beside parent: Int) -> String? {
        guard let place = find(rule.place, tape, beside: parent), !tape.isNull(place) else { return nil }
        switch rule.good {
        case .words(let words):
            guard let word = tape.text(place, maximumBytes: Self.maximumNameBytes) else { return "that is no word" }
            return words.contains { Self.isSame($0, word) } ? nil : word
        case .convention(let convention):
            let (number, word) = Self.status(tape, place)
            if let number { return convention.isGood(number) ? nil : word ?? String(number) }
            // The names of all good codes begin so; an object without a code is how Good is written.
            guard let word else { return nil }
            return word == "true" || word.lowercased().hasPrefix("good") ? nil : word
        }
    }

    /// A status as a number, a text, or an object that holds them as OPC UA (Part 6, 5.4.2.12) and libraries of it write them.
    private static func status(_ tape: JSONTape, _ index: Int) -> (number: Int64?, word: String?) {
        guard tape.type(index) == UInt8(ascii: "{") else {
            if let number = tape.integer(index) { return (number, nil) }
            let text = tape.text(index, maximumBytes: maximumNameBytes)
            return (text.flatMap(number), text)
        }
        let code = ["Code", "code", "value", "Value"].lazy.compactMap { tape.member(index, $0.utf8) }.first
        let word = ["Symbol", "symbol", "name"].lazy.compactMap { tape.member(index, $0.utf8) }.first
        return (code.flatMap { tape.integer($0) }, word.flatMap { tape.text($0, maximumBytes: maximumNameBytes) })
    }

    /// `2147483648`, `0x80000000`
    private static func number(_ text: String) -> Int64? {
        text.hasPrefix("0x") || text.hasPrefix("0X") ? Int64(text.dropFirst(2), radix: 16) : Int64(text)
    }

    /// Whether the device says of the value that it is a word, or that it is none; nil when it says nothing.
    func saysWord(_ rule: CompanionWords, _ tape: JSONTape, beside parent: Int) -> Bool? {
        find(rule.place, tape, beside: parent).flatMap { tape.text($0, maximumBytes: Self.maximumNameBytes) }.map {
            rule.words.contains($0)
        }
    }

    /// "-127" is the number -127.0 too.
    static func isSame(_ listed: String, _ sent: String) -> Bool {
        if listed == sent { return true }
        guard let a = Double(listed), let b = Double(sent) else { return false }
        return a == b
    }

    /// A value that the device says not to know, whatever it has sent. Returns false when it says nothing of the kind.
    mutating func isSaidToBeUnknown(
        _ tape: JSONTape, _ index: Int, _ rule: MetricRule, slot: SlotIndex, name: String, in parent: Int, _ decoded: inout DecodedMessage
    ) -> Bool {
        if rule.isAlwaysUnknown {
            // Null in place of an error is none.
            if tape.isNull(index) { return true }
            problem(.error(tape.text(index, maximumBytes: Self.maximumNameBytes) ?? "an error"), name, &decoded)
        } else if let quality = rule.quality, let word = badQuality(quality, tape, beside: parent) {
            problem(.quality(word), name, &decoded)
        } else {
            return false
        }
        if !slot.isNone { decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true)) }
        return true
    }
}

extension QualityRule.Convention {
    func isGood(_ status: Int64) -> Bool {
        switch self {
        case .opcUA: UInt32(truncatingIfNeeded: status) >> 30 == 0
        case .opcDA: status & 0xC0 == 0xC0
        }
    }
}
