import Hashing

/// The codes that a device reports itself, in every form in which they come: a list, one object, one number or one text.
///
/// The walk notes only that there are codes, where they stand, and a hash of them. They are read when the hash has changed
/// (`MessageDecoder.codes`), so a device that repeats them with every message costs no allocation.
extension ProfileLayout {
    /// An object or a list, at a member that reads codes. False when none of its rules takes it.
    func groupOfCodes(_ tape: JSONTape, _ index: Int, node: Int32, _ decoded: inout DecodedMessage) -> Bool {
        var isTaken = false
        var at = node
        while at >= 0 {
            let list = Int(nodes[Int(at)].alertList)
            if list >= 0, profile.alerts[list].form.takes(tape.type(index)) {
                isTaken = true
                // An object without the members that tell the code says nothing, neither that there is one nor that there is none.
                if tape.isList(index) || profile.alerts[list].form.hasCode(tape, index) { note(tape, index, list, at, &decoded) }
            }
            at = nodes[Int(at)].further
        }
        return isTaken
    }

    /// A number, a text, or a truth value.
    func valueOfCodes(_ tape: JSONTape, _ index: Int, node: Int32, _ decoded: inout DecodedMessage) {
        // Null is not known.
        if tape.isNull(index) { return }
        let list = Int(nodes[Int(node)].alertList)
        switch profile.alerts[list].form {
        case .bits(let bits):
            guard let number = bits.number(tape, index) else { break }
            let hash = number == 0 ? ReportedAlerts.emptyHash : ContentHash.combine(1, number)
            decoded.alerts.append(ReportedAlerts(list: list, hash: hash, tapeIndex: index, node: node))
            return
        case .errorState:
            guard let state = ErrorStateBits(tape, index) else { break }
            // Nothing is not the same as "no error".
            if state.saysNothing { return }
            let hash = ContentHash.combine(UInt64(state.octets), UInt64(state.bits))
            decoded.alerts.append(ReportedAlerts(list: list, hash: hash, tapeIndex: index, node: node))
            return
        case .hexNumber where tape.whole(index) == nil: break
        case .plain, .hexNumber:
            // A word for "not known" neither raises nor clears anything.
            if tape.isString(index), NoCode.saysNothing(tape.string(index)), !profile.alerts[list].names(tape.text(index) ?? "") { return }
            return note(tape, index, list, node, &decoded)
        case .member, .template, .hexPair: break
        }
        // Where the value has another purpose as well, it may be meant for that one.
        if nodes[Int(node)].further < 0 { problem(.noCodes, profile.alerts[list].path.text, &decoded) }
    }

    private func note(_ tape: JSONTape, _ index: Int, _ list: Int, _ node: Int32, _ decoded: inout DecodedMessage) {
        decoded.alerts.append(ReportedAlerts(list: list, hash: Self.contentHash(tape, index), tapeIndex: index, node: node))
    }

    /// A hash over everything in a value; equal values in two messages have equal hashes, and a list without items has `emptyHash`.
    private static func contentHash(_ tape: JSONTape, _ index: Int) -> UInt64 {
        var hash = ReportedAlerts.emptyHash
        let isGroup = tape.isList(index) || tape.type(index) == UInt8(ascii: "{")
        let close = isGroup ? tape.end(index) - 1 : tape.next(index)
        var at = isGroup ? index + 1 : index
        while at < close {
            switch tape.type(at) {
            case UInt8(ascii: "\""):
                let bytes = tape.string(at)
                hash = ContentHash.combine(ContentHash.combine(hash, UInt64(bytes.count)), UnsafeRawBufferPointer(bytes))
                at += 1
            case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"):
                hash = ContentHash.combine(hash, tape.words[at + 1])
                at += 2
            default:
                hash = ContentHash.combine(hash, UInt64(tape.type(at)))
                at += 1
            }
        }
        return hash
    }

    /// Whether a device may have several of a list of codes, told apart by what pointer, topic or payload name.
    public func isScoped(_ list: Int) -> Bool {
        let rule = profile.alerts[list]
        return !rule.path.captures.isEmpty
            || profile.messages.contains {
                (rule.message == nil || rule.message == $0.name) && (!$0.topic.captures.isEmpty || !$0.names.isEmpty)
            }
    }

    /// What the pointer of a list of codes captured: lists of different parts of a device must not clear one another's codes.
    public func scope(of alerts: ReportedAlerts) -> String {
        let position = origins[Int(alerts.node)].first { position in
            position.depth == patterns[position.pattern].tokens.count && patterns[position.pattern].target == .alerts(alerts.list)
        }
        return (position?.captures ?? []).reduce("") { $0 + $1.value + "." }
    }
}

extension AlertListRule.CodeForm {
    /// Whether codes of this form stand in a list (`[`) or are an object (`{`).
    func takes(_ type: UInt8) -> Bool {
        switch self {
        case .bits: false
        case .plain, .hexNumber, .errorState: type == UInt8(ascii: "[")
        case .member, .template, .hexPair: true
        }
    }

    /// Whether an object has what its code is made of.
    func hasCode(_ tape: JSONTape, _ index: Int) -> Bool {
        func isThere(_ name: String) -> Bool { tape.member(index, name.utf8).map { !tape.isNull($0) } ?? false }
        switch self {
        case .member(let name): return isThere(name)
        case .template(let template): return template.members.contains { $0.contains(where: isThere) }
        case .hexPair(_, let high, let low): return isThere(high) && isThere(low)
        case .plain, .hexNumber, .bits, .errorState: return false
        }
    }
}

/// What devices send in place of a code when there is none.
enum NoCode {
    /// Compared without regard to case and to blanks around them.
    private static let words: Set<String> = [
        "", "0", "none", "ok", "okay", "normal", "no error", "no errors", "no_error", "no-error", "noerror", "no fault", "no_fault",
        "nofault",
        "no alarm", "no_alarm", "no alert", "no alerts", "false", "off", "clear", "null", "nil", "-", "--", "---",
    ]
    private static let unknownWords: Set<String> = ["unknown", "unavailable", "undefined", "n/a", "na", "nan"]
    private static let maximumBytes = 15

    /// Whether the text says that there is no code, as zeros do too.
    static func isNone(_ text: String) -> Bool {
        guard text.utf8.count <= maximumBytes else { return false }
        let bytes = Array(text.utf8)[...].trimmed()
        let word = String(decoding: bytes, as: UTF8.self).lowercased()
        if words.contains(word) { return true }
        let digits = word.hasPrefix("0x") ? word.dropFirst(2) : word[...]
        return digits.allSatisfy { $0 == "0" || $0 == "." } && digits.contains("0")
    }

    /// Whether the text says that the device does not know.
    static func saysNothing(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let text = text[...].trimmed()
        return text.count <= maximumBytes && unknownWords.contains(String(decoding: text, as: UTF8.self).lowercased())
    }
}
