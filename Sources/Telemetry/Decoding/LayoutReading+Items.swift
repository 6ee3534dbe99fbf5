/// The names of a list's items.
extension ProfileLayout {
    /// Calls `body` with the name of an item: its position from 0, or the text of the member that the profile names. Several members may be
    /// named, with `|` between them: the first that is there counts, and `#` stands for the position from 1. An item without any of them
    /// has no name and is stepped over. `position` is nil for a member of an object. Allocates nothing for texts and whole numbers.
    mutating func withItemName(
        _ tape: JSONTape, _ index: Int, _ position: Int?, _ node: Int32,
        _ body: (inout ProfileLayout, UnsafeBufferPointer<UInt8>) -> Void
    ) {
        let field = nodes[Int(node)]
        guard field.itemMemberOffset >= 0 else {
            if let position { Self.withDigits(position) { body(&self, $0) } }
            return
        }
        let end = Int(field.itemMemberOffset) + Int(field.itemMemberLength)
        var start = Int(field.itemMemberOffset)
        while start <= end {
            var stop = start
            while stop < end, keyBytes[stop] != UInt8(ascii: "|") { stop += 1 }
            if let position, stop == start + 1, keyBytes[start] == UInt8(ascii: "#") {
                return Self.withDigits(position + 1) { body(&self, $0) }
            }
            if let member = tape.member(index, keyBytes[start..<stop]) {
                if tape.isString(member) { return body(&self, tape.string(member)) }
                if tape.type(member) != UInt8(ascii: "d"), let whole = tape.integer(member) {
                    return Self.withDigits(Int(whole)) { body(&self, $0) }
                }
                if let text = tape.text(member) { return Array(text.utf8).withUnsafeBufferPointer { body(&self, $0) } }
            }
            start = stop + 1
        }
    }

    static func withDigits(_ number: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { buffer in
            var at = buffer.count
            var rest = number.magnitude
            repeat {
                at -= 1
                buffer[at] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 {
                at -= 1
                buffer[at] = UInt8(ascii: "-")
            }
            body(UnsafeBufferPointer(rebasing: buffer[at...]))
        }
    }
}
