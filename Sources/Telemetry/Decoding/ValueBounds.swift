/// What the values of one metric rule can be. The numbers that mean unknown lie in a list that all rules share.
struct ValueBounds: Sendable {
    /// value = raw · scale + offset
    var scale: Double
    var offset: Double
    var minimum: Double
    var maximum: Double
    var firstSentinel: Int32
    var endSentinel: Int32

    /// One message may tell the metric in several places, of which it may have more than one: the first counts.
    var isOneOfSeveral: Bool

    var isSet: Bool { isOneOfSeveral || minimum.isFinite || maximum.isFinite || endSentinel > firstSentinel }

    static func of(_ rules: [MetricRule]) -> (bounds: [ValueBounds], sentinels: [Double]) {
        var sentinels: [Double] = []
        let bounds = rules.map { rule in
            let first = Int32(sentinels.count)
            sentinels += rule.unknownNumbers.flatMap(Self.forms)
            return ValueBounds(
                scale: rule.scale, offset: rule.offset, minimum: rule.minimum, maximum: rule.maximum, firstSentinel: first,
                endSentinel: Int32(sentinels.count), isOneOfSeveral: isOneOfSeveral(rule, rules))
        }
        return (bounds, sentinels)
    }

    /// The forms in which a device may send a listed number. One that keeps it with 24 bits of precision sends -327.68 with all digits of 53
    /// (-327.67999267578125). Whole numbers of the usual sizes are exact in both.
    private static func forms(_ listed: Double) -> [Double] {
        let short = Double(Float(listed))
        return listed == listed.rounded() || short == listed ? [listed] : [listed, short]
    }

    private static func isOneOfSeveral(_ rule: MetricRule, _ rules: [MetricRule]) -> Bool {
        let places = rules.filter { $0.name == rule.name && $0.onlyName == nil && !$0.isUnit }
        return places.count { $0.message == nil || rule.message == nil || $0.message == rule.message } > 1
    }
}

extension ProfileLayout {
    /// Takes a number of a rule with scale and offset, or counts it and takes it for unknown when it cannot be.
    /// - Parameters:
    ///   - number: in the rule's unit, before scale and offset.
    ///   - raw: as the device sent it.
    ///
    /// Mutating, although it changes nothing: the layout is then handed over by its address, and not as a copy with a reference to each table.
    mutating func appendBounded(_ number: Double, raw: Double, _ rule: Int, _ slot: SlotIndex, _ decoded: inout DecodedMessage) {
        let bounds = bounds[rule]
        if bounds.isOneOfSeveral {
            if decoded.readings.contains(where: { $0.slot == slot && !$0.isUnknown }) { return }
            decoded.readings.removeAll { $0.slot == slot }
        }
        let value = number * bounds.scale + bounds.offset
        var isPossible = bounds.minimum <= value && value <= bounds.maximum
        for at in bounds.firstSentinel..<bounds.endSentinel where raw == sentinels[Int(at)] { isPossible = false }
        if isPossible, value.isFinite {
            decoded.readings.append(Reading(slot: slot, value: value))
        } else if isPossible {
            problem(.outOfRange, self[slot].name, &decoded)
        } else {
            decoded.impossibleValues += 1
            decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true))
        }
    }
}
