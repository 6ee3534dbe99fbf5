import CivilCalendar
import Hashing

/// The walk over a parsed message: members that the layout does not know cost one comparison and are stepped over whole.
extension ProfileLayout {
    /// `index` is where the part of the message stands on the tape: 1 for a whole message.
    /// `wholeTime` is where a part finds the time that it has not itself; what a part must have was looked for by the caller.
    mutating func read(
        _ tape: JSONTape, at index: Int = 1, message rule: Int, root: Int32 = 0, wholeTime: Int? = nil, into decoded: inout DecodedMessage
    ) {
        messageStamp &+= 1
        partIndex = index
        precondition(rule < Self.maximumMessages, "a message rule without a bit: the profile's reader lets no more of them through")
        let bit: UInt64 = 1 << UInt64(truncatingIfNeeded: rule)
        if index == 1, let path = profile.messages[rule].requires, tape.find(path) == nil { return }
        value(tape, index, node: root, in: 0, bit, &decoded)
        if decoded.stamp == nil, let wholeTime { time(tape, wholeTime, bit, &decoded) }
    }

    /// `parent` is the object that holds the value as a member, or 0.
    mutating func value(
        _ tape: JSONTape, _ index: Int, node: Int32, in parent: Int, _ bit: UInt64, _ decoded: inout DecodedMessage
    ) {
        if nodes[Int(node)].isIgnored { return }
        switch tape.type(index) {
        case UInt8(ascii: "{"):
            let isTaken = nodes[Int(node)].holdsCodes && groupOfCodes(tape, index, node: node, &decoded)
            if leadsOn(node) {
                object(tape, index, node: node, bit, &decoded)
            } else if !isTaken {
                misfit(node, bit, &decoded)
            }
        case UInt8(ascii: "["):
            let isTaken = nodes[Int(node)].holdsCodes && groupOfCodes(tape, index, node: node, &decoded)
            if leadsOn(node) {
                if tape.end(index) == index + 2 { decoded.clearedGroups.append(node) }
                items(tape, index, node: node, bit, &decoded)
            } else if tape.end(index) == index + 2, !isTaken {
                nothing(node, &decoded)
            } else if !isTaken {
                misfit(node, bit, &decoded)
            }
        case let type:
            if type == UInt8(ascii: "n"), leadsOn(node) { decoded.clearedGroups.append(node) }
            leaf(tape, index, node: node, in: parent, bit, &decoded)
        }
    }

    /// Whether the profile looks for anything below this member.
    private func leadsOn(_ node: Int32) -> Bool { nodes[Int(node)].firstChild >= 0 || meetsNew(node) }

    func meetsNew(_ node: Int32) -> Bool { nodes[Int(node)].takesNew || nodes[Int(node)].isLazy }

    /// An empty list in place of a value: there is none (Venus OS writes an invalid value of D-Bus so).
    private func nothing(_ node: Int32, _ decoded: inout DecodedMessage) {
        let field = nodes[Int(node)]
        for slot in [field.slot, field.otherSlot] where !slot.isNone && self[slot].kind != .level {
            decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true))
        }
        if field.further >= 0 { nothing(field.further, &decoded) }
    }

    /// An object or a list where the profile reads a value, or anything but a list where it reads codes.
    private func misfit(_ node: Int32, _ bit: UInt64, _ decoded: inout DecodedMessage) {
        let field = nodes[Int(node)]
        if field.alertList >= 0 {
            problem(.noCodes, profile.alerts[Int(field.alertList)].path.text, &decoded)
        } else if !field.slot.isNone {
            problem(self[field.slot].kind == .state ? .notAState : .notANumber, self[field.slot].name, &decoded)
        } else if field.timeOf & bit != 0 {
            problem(.badTime, profile.messages[Int(bit.trailingZeroBitCount)].time?.path.text ?? "", &decoded)
        }
    }

    private mutating func object(_ tape: JSONTape, _ index: Int, node: Int32, _ bit: UInt64, _ decoded: inout DecodedMessage) {
        let close = tape.end(index) - 1
        var at = index + 1
        while at < close {
            let valueIndex = at + 1
            let key = tape.string(at)
            var child = find(key, in: node)
            if child >= 0 {
                if nodes[Int(child)].isNamedByKey { child = namedInside(tape, valueIndex, key, in: node, &decoded) ?? child }
            } else if nodes[Int(node)].itemMemberOffset >= 0 {
                child = named(tape, valueIndex, key, in: node, &decoded)
            } else if meetsNew(node) {
                child = meet(key, in: node, tape, valueIndex, &decoded)
            }
            if child >= 0 {
                if nodes[Int(child)].stamp == messageStamp {
                    doubt(child, &decoded)
                } else {
                    nodes[Int(child)].stamp = messageStamp
                    value(tape, valueIndex, node: child, in: index, bit, &decoded)
                }
            }
            at = tape.next(valueIndex)
        }
    }

    /// Members of one kind of message come in one order, so the search begins where it is expected to end.
    @inline(__always)
    mutating func find(_ key: UnsafeBufferPointer<UInt8>, in node: Int32) -> Int32 {
        let first = nodes[Int(node)].firstChild
        let start = nodes[Int(node)].expected >= 0 ? nodes[Int(node)].expected : first
        guard start >= 0, let wanted = key.baseAddress else { return -1 }
        var at = start
        repeat {
            let candidate = nodes[Int(at)]
            let following = candidate.nextSibling >= 0 ? candidate.nextSibling : first
            if Int(candidate.keyLength) == key.count,
                keyBytes.withUnsafeBufferPointer({ bytes in
                    var i = 0
                    let base = Int(candidate.keyOffset)
                    while i < key.count, bytes[base + i] == wanted[i] { i += 1 }
                    return i == key.count
                })
            {
                nodes[Int(node)].expected = following
                return at
            }
            at = following
        } while at != start
        return -1
    }

    /// A name that the layout has not met. Only a value that a metric can hold makes it learn the name.
    mutating func meet(
        _ key: UnsafeBufferPointer<UInt8>, in node: Int32, _ tape: JSONTape, _ valueIndex: Int, isOwnName: Bool = false,
        _ decoded: inout DecodedMessage
    ) -> Int32 {
        if nodes[Int(node)].isLazy {
            let refused = refusedNames
            let child = growLiteral(from: node, key: key)
            if refusedNames != refused { problem(.tooManyNames, String(decoding: key, as: UTF8.self), &decoded) }
            if let child {
                nodes[Int(node)].expected = nodes[Int(node)].firstChild
                return child
            }
            guard nodes[Int(node)].takesNew else { return -1 }
        }
        switch tape.type(valueIndex) {
        case UInt8(ascii: "\""), UInt8(ascii: "t"), UInt8(ascii: "f"):
            guard takesText(node, key) else { return -1 }
        case UInt8(ascii: "n"):
            // After a restart a group may be null before it is met.
            guard takesText(node, key) || takesContainers(node, key) else { return -1 }
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard isOwnName || takesContainers(node, key) else { return -1 }
        default: break
        }
        guard key.count <= Self.maximumKeyBytes else { return -1 }
        let refused = refusedNames
        let grown = grow(from: node, key: Array(key), isOwnName: isOwnName)
        if refusedNames != refused { problem(.tooManyNames, String(decoding: key, as: UTF8.self), &decoded) }
        guard let child = grown else { return -1 }
        growLiterals(from: child)
        // The list of siblings changed; new children stand in front.
        nodes[Int(node)].expected = nodes[Int(node)].firstChild
        return child
    }

    /// Whether a pattern with a capture ends here in a state or a level.
    private func takesText(_ node: Int32, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
        origins[Int(node)].contains { position in
            let pattern = patterns[position.pattern]
            guard position.depth + 1 == pattern.tokens.count, case .each(_, _, let prefix) = pattern.tokens[position.depth],
                key.starts(with: prefix)
            else { return false }
            switch pattern.target {
            case .metric(let rule): return takesText(rule: rule)
            case .supply: return true
            default: return false
            }
        }
    }

    private func takesContainers(_ node: Int32, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
        origins[Int(node)].contains { position in
            let pattern = patterns[position.pattern]
            guard position.depth < pattern.tokens.count, case .each(_, _, let prefix) = pattern.tokens[position.depth] else { return false }
            if case .alerts = pattern.target, position.depth + 1 == pattern.tokens.count { return key.starts(with: prefix) }
            return position.depth + 1 < pattern.tokens.count && key.starts(with: prefix)
        }
    }

    /// A member that is named by one of its own members, or by its key when it has none.
    private mutating func named(
        _ tape: JSONTape, _ index: Int, _ key: UnsafeBufferPointer<UInt8>, in node: Int32, _ decoded: inout DecodedMessage
    ) -> Int32 {
        namedInside(tape, index, key, in: node, &decoded) ?? (meetsNew(node) ? meet(key, in: node, tape, index, &decoded) : -1)
    }

    /// Nil when it has no such member.
    private mutating func namedInside(
        _ tape: JSONTape, _ index: Int, _ key: UnsafeBufferPointer<UInt8>, in node: Int32, _ decoded: inout DecodedMessage
    ) -> Int32? {
        guard tape.type(index) == UInt8(ascii: "{"), isNamedInside(node, key) else { return nil }
        var child: Int32?
        withItemName(tape, index, nil, node) { layout, name in
            let known = layout.find(name, in: node)
            child = known >= 0 || !layout.meetsNew(node) ? known : layout.meet(name, in: node, tape, index, isOwnName: true, &decoded)
        }
        return child
    }

    private func isNamedInside(_ node: Int32, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
        origins[Int(node)].contains { position in
            let tokens = patterns[position.pattern].tokens
            guard position.depth < tokens.count, case .each(_, _?, let prefix) = tokens[position.depth] else { return false }
            return key.starts(with: prefix)
        }
    }

    private mutating func items(_ tape: JSONTape, _ index: Int, node: Int32, _ bit: UInt64, _ decoded: inout DecodedMessage) {
        let close = tape.end(index) - 1
        var at = index + 1
        var position = 0
        while at < close {
            withItemName(tape, at, position, node) { layout, key in
                let known = layout.find(key, in: node)
                let child = known >= 0 || !layout.meetsNew(node) ? known : layout.meet(key, in: node, tape, at, &decoded)
                guard child >= 0, layout.nodes[Int(child)].stamp != layout.messageStamp else { return }
                layout.nodes[Int(child)].stamp = layout.messageStamp
                layout.value(tape, at, node: child, in: 0, bit, &decoded)
            }
            at = tape.next(at)
            position += 1
        }
    }

    /// A value for all its purposes. Most have one, so the others are taken apart from the short way.
    @inline(__always)
    private mutating func leaf(
        _ tape: JSONTape, _ index: Int, node: Int32, in parent: Int, _ bit: UInt64, _ decoded: inout DecodedMessage
    ) {
        purpose(tape, index, node: node, in: parent, bit, &decoded)
        let further = nodes[Int(node)].further
        if further >= 0 { purposes(tape, index, from: further, in: parent, bit, &decoded) }
    }

    @inline(never)
    private mutating func purposes(
        _ tape: JSONTape, _ index: Int, from first: Int32, in parent: Int, _ bit: UInt64, _ decoded: inout DecodedMessage
    ) {
        var node = first
        while node >= 0 {
            purpose(tape, index, node: node, in: parent, bit, &decoded)
            node = nodes[Int(node)].further
        }
    }

    @inline(__always)
    private mutating func purpose(
        _ tape: JSONTape, _ index: Int, node: Int32, in parent: Int, _ bit: UInt64, _ decoded: inout DecodedMessage
    ) {
        let slot = nodes[Int(node)].slot
        if nodes[Int(node)].hasTextRules { texts(tape, index, node: node, &decoded) }
        if nodes[Int(node)].isOpen {
            openReading(tape, index, node: node, in: parent, &decoded)
        } else if !slot.isNone {
            reading(tape, index, node: node, slot: slot, in: parent, &decoded)
        } else if nodes[Int(node)].timeOf & bit != 0 {
            time(tape, index, bit, &decoded)
        } else if nodes[Int(node)].alertList >= 0 {
            valueOfCodes(tape, index, node: node, &decoded)
        } else if !nodes[Int(node)].absentSupply.isNone {
            absence(tape, index, node: node, in: parent, &decoded)
        }
    }

    mutating func reading(_ tape: JSONTape, _ index: Int, node: Int32, slot: SlotIndex, in parent: Int, _ decoded: inout DecodedMessage) {
        let kind = self[slot].kind
        if kind == .level { return level(tape, index, slot: slot, in: parent, &decoded) }
        if tape.isNull(index) {
            // Null in place of an error is none.
            if nodes[Int(node)].isPeculiar, profile.metrics[Int(nodes[Int(node)].rule)].isAlwaysUnknown { return }
            decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true))
            return
        }
        if nodes[Int(node)].isPeculiar, peculiar(tape, index, node: node, slot: slot, in: parent, &decoded) { return }
        if kind == .state { return state(tape, index, rule: nodes[Int(node)].rule, slot: slot, &decoded) }
        guard let number = tape.number(index) ?? written(tape, index, node: node, slot: slot, &decoded) else { return }
        guard number.isFinite else { return problem(.outOfRange, self[slot].name, &decoded) }
        if nodes[Int(node)].isBounded {
            appendBounded(number, raw: number, Int(nodes[Int(node)].rule), slot, &decoded)
        } else if nodes[Int(node)].isConverted {
            append(profile.metrics[Int(nodes[Int(node)].rule)].converted(number), slot, &decoded)
        } else {
            decoded.readings.append(Reading(slot: slot, value: number))
        }
    }

    func append(_ value: Double, _ slot: SlotIndex, _ decoded: inout DecodedMessage) {
        guard value.isFinite else { return problem(.outOfRange, self[slot].name, &decoded) }
        decoded.readings.append(Reading(slot: slot, value: value))
    }

    mutating func state(_ tape: JSONTape, _ index: Int, rule: Int32, slot: SlotIndex, _ decoded: inout DecodedMessage) {
        if tape.isString(index) {
            let bytes = tape.string(index)
            if let known = knownState(UnsafeRawBufferPointer(bytes), of: slot) {
                decoded.readings.append(Reading(slot: slot, value: Double(known)))
                return
            }
        }
        guard let text = tape.text(index) else { return problem(.notAState, self[slot].name, &decoded) }
        learn(text, rule: rule, slot: slot, &decoded)
    }

    /// A state by its word; a new one is learned. A long text is cut, and where there is no room for a new one the state is unknown: in both cases
    /// the word before it does not hold any more.
    mutating func learn(_ text: String, rule: Int32, slot: SlotIndex, _ decoded: inout DecodedMessage) {
        let meaning = meaning(of: text, rule: rule)
        guard let learned = learnState(meaning ?? Self.shortened(text), of: slot) else {
            decoded.readings.append(Reading(slot: slot, value: 0, isUnknown: true))
            return problem(.notAState, self[slot].name, &decoded)
        }
        if meaning != nil { learnAlias(text, for: learned, of: slot) }
        decoded.readings.append(Reading(slot: slot, value: Double(learned)))
    }

    private mutating func time(_ tape: JSONTape, _ index: Int, _ bit: UInt64, _ decoded: inout DecodedMessage) {
        let message = bit.trailingZeroBitCount
        switch tape.type(index) {
        case UInt8(ascii: "n"): return
        case UInt8(ascii: "\""):
            let text = tape.string(index)
            // An empty text is how many firmwares say that they have no time.
            if text.allSatisfy({ $0 <= 0x20 }) { return }
            decoded.stamp = LocalTimeText(text)
        default: decoded.stamp = tape.number(index).map { .number($0) }
        }
        guard decoded.stamp != nil else { return problem(.badTime, profile.messages[message].time?.path.text ?? "", &decoded) }
        decoded.unit = timeForms[message].unit
        if timeForms[message].hasZone { decoded.zone = profile.messages[message].time?.zone }
    }

    /// A member that stands twice: nobody knows which one the device means, so what it said is taken back. Of two times of one message the first is
    /// as good as the other.
    private mutating func doubt(_ node: Int32, _ decoded: inout DecodedMessage) {
        if nodes[Int(node)].timeOf != 0, nodes[Int(node)].slot.isNone, !nodes[Int(node)].isOpen { return }
        takeBack(node, &decoded)
        problem(.twice, key(of: node), &decoded)
    }

    func key(of node: Int32) -> String {
        let offset = Int(nodes[Int(node)].keyOffset)
        return String(decoding: keyBytes[offset..<offset + Int(nodes[Int(node)].keyLength)], as: UTF8.self)
    }

    /// Everything that was read at a node and below it.
    private func takeBack(_ node: Int32, _ decoded: inout DecodedMessage) {
        let field = nodes[Int(node)]
        if !field.slot.isNone { decoded.readings.removeAll { $0.slot == field.slot || $0.slot == field.otherSlot } }
        decoded.clearedGroups.removeAll { $0 == node }
        if field.timeOf != 0 { decoded.stamp = nil }
        if field.alertList >= 0 { decoded.alerts.removeAll { $0.list == Int(field.alertList) } }
        if field.further >= 0 { takeBack(field.further, &decoded) }
        var child = field.firstChild
        while child >= 0 {
            // What this message has not met has nothing to take back.
            if nodes[Int(child)].stamp == messageStamp { takeBack(child, &decoded) }
            child = nodes[Int(child)].nextSibling
        }
    }

    func problem(_ kind: FieldProblem.Kind, _ name: String, _ decoded: inout DecodedMessage) {
        decoded.fieldProblems += 1
        if decoded.fieldProblem == nil { decoded.fieldProblem = FieldProblem(kind: kind, name: name) }
    }
}
