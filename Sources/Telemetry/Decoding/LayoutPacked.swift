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
        if number.isNaN {
            // How devices write a floating-point number that they do not have.
            decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true))
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
        if tape.type(index) == UInt8(ascii: "u") { return packing.value(of: tape.words[index + 1]) }
        if tape.isString(index), packing.isHexadecimal { return packing.value(ofHexadecimal: tape.string(index)) }
        let whole = tape.whole(index) ?? (isDecimal ? tape.numberOrText(index).flatMap { Int64(exactly: $0) } : nil)
        return whole.map { packing.value(of: $0) }
    }
}
