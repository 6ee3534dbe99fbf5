/// Which slots lie below a member: a group that is null takes all of them with it.
///
/// They are found by their names, because a layout that comes from a snapshot knows its slots and has not met the members that lead to them, and
/// has to give the same answer.
extension ProfileLayout {
    /// The slots that a message would have named that tells everything below this member, in their order.
    public mutating func slots(below node: Int32) -> [SlotIndex] {
        if let known = groups[node], known.slotCount == slots.count { return known.slots }
        measureNames()
        let forms = origins[Int(node)].compactMap { nameForm(patterns[$0.pattern].target, $0.captures) }
        let found = slots.indices.filter { slot in
            forms.contains { $0.literalBytes >= slotNames[slot].literalBytes && $0.matches(slotNames[slot].bytes) }
        }
        let group = LayoutGroup(slotCount: slots.count, slots: found.map { SlotIndex($0) })
        groups[node] = group
        return group.slots
    }

    /// The lists of codes that the messages of a topic tell, with what stands in front of their codes. Lists that a pointer with captures leads to
    /// are left out: the message alone says which there are.
    public func lists(ofTopicAt root: Int32) -> [(list: Int, scope: String)] {
        origins[Int(root)].compactMap { position in
            guard case .alerts(let list) = patterns[position.pattern].target, profile.alerts[list].path.captures.isEmpty else { return nil }
            return (list, position.captures.reduce("") { $0 + $1.value + "." })
        }
    }

    /// Of several rules whose names have the form of a slot's name it belongs to the one that says most of it outright.
    private mutating func measureNames() {
        guard slotNames.count < slots.count else { return }
        let forms = patterns.compactMap { nameForm($0.target, []) }
        for slot in slots[slotNames.count...] {
            let bytes = Array(slot.name.utf8)
            slotNames.append((bytes, forms.lazy.filter { $0.matches(bytes) }.map(\.literalBytes).max() ?? .max))
        }
    }

    private func nameForm(_ target: FieldTarget, _ captures: [(name: String, value: String)]) -> NameForm? {
        switch target {
        case .metric(let rule): NameForm(profile.metrics[rule].name.text, captures, isOpen: profile.metrics[rule].isOpen)
        case .supply(let rule): NameForm("supply." + profile.supplies[rule].name.text, captures, isOpen: false)
        default: nil
        }
    }
}

/// What was found for a member, when the layout had so many slots.
struct LayoutGroup: Sendable {
    var slotCount: Int
    var slots: [SlotIndex]
}

/// The form of the names that a rule can give: pieces of text with a capture between each two.
struct NameForm {
    private var pieces: [[UInt8]] = []
    /// How much of the name the rule itself says; a name without captures says everything.
    let literalBytes: Int
    private let isOpen: Bool

    /// `captures` are those that are known already; of the rest any text may stand there.
    init(_ template: String, _ captures: [(name: String, value: String)], isOpen: Bool) {
        var piece: [UInt8] = []
        var rest = template[...]
        var literal = 0
        var isPlain = true
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            piece += Array(rest[..<open].utf8)
            literal += rest[..<open].utf8.count
            isPlain = false
            let name = rest[rest.index(after: open)..<close]
            if let value = captures.first(where: { $0.name == name })?.value {
                piece += Array(value.utf8)
            } else {
                pieces.append(piece)
                piece = []
            }
            rest = rest[rest.index(after: close)...]
        }
        pieces.append(piece + Array(rest.utf8))
        literalBytes = isPlain ? .max : literal + rest.utf8.count
        self.isOpen = isOpen
    }

    func matches(_ name: [UInt8]) -> Bool {
        if isForm(of: name[...]) { return true }
        guard isOpen else { return false }
        // What came later and is of the other kind.
        return [".text", ".number"].contains {
            name.count > $0.utf8.count && name.suffix($0.utf8.count).elementsEqual($0.utf8)
                && isForm(of: name.dropLast($0.utf8.count))
        }
    }

    private func isForm(of name: ArraySlice<UInt8>) -> Bool {
        guard name.starts(with: pieces[0]) else { return false }
        guard pieces.count > 1, let last = pieces.last else { return name.count == pieces[0].count }
        var at = name.startIndex + pieces[0].count
        for piece in pieces.dropFirst().dropLast() {
            // A capture takes a byte at least.
            at += 1
            while at + piece.count <= name.endIndex, !name[at...].starts(with: piece) { at += 1 }
            guard at + piece.count <= name.endIndex else { return false }
            at += piece.count
        }
        return at < name.endIndex - last.count && name.suffix(last.count).elementsEqual(last)
    }
}
