/// Values that are some bits of a number.
extension ProfileLayout {
    mutating func unpack(
        _ tape: JSONTape, _ index: Int, _ packing: PackedNumber, _ rule: Int, _ slot: SlotIndex, _ decoded: inout DecodedMessage
    ) {
        guard let number = number(tape, index, packing, isDecimal: profile.metrics[rule].isDecimalText) else {
            if tape.isString(index), DecimalText.isUnknown(tape.string(index)) {
                decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true))
            } else {
                problem(.notWhole, self[slot].name, &decoded)
            }
            return
        }
        guard self[slot].kind == .state else { return appendBounded(number, raw: number, rule, slot, &decoded) }
        guard let whole = Int(exactly: number) else { return problem(.notAState, self[slot].name, &decoded) }
        if !profile.metrics[rule].unknown.isEmpty, profile.metrics[rule].unknown.contains(where: { Double($0) == number }) {
            decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true))
            return
        }
        var known: Int32?
        Self.withDigits(whole) { known = knownState(UnsafeRawBufferPointer($0), of: slot) }
        if let known {
            decoded.readings.append(Reading(slot: slot, value: Double(known)))
        } else {
            learn(String(whole), rule: Int32(rule), slot: slot, &decoded)
        }
    }

    /// Nil for what is no whole number.
    private func number(_ tape: JSONTape, _ index: Int, _ packing: PackedNumber, isDecimal: Bool) -> Double? {
        switch tape.type(index) {
        case UInt8(ascii: "l"): return packing.value(of: Int64(bitPattern: tape.words[index + 1]))
        case UInt8(ascii: "u"): return packing.value(of: tape.words[index + 1])
        case UInt8(ascii: "d"): return tape.number(index).flatMap { Int64(exactly: $0) }.map { packing.value(of: $0) }
        case UInt8(ascii: "\""):
            let text = tape.string(index)
            if packing.isHexadecimal { return packing.value(ofHexadecimal: text) }
            guard isDecimal || !DecimalText.mayBeIdentifier(text), let number = DecimalText.number(text) else { return nil }
            return Int64(exactly: number).map { packing.value(of: $0) }
        default: return nil
        }
    }
}
