/// Part and serial number that stand behind the name of a supply: `Fuser, PN 008R13062;SN0123`, `Toner S/N:CRUM-9`, `Drum (P/N: 44)`.
enum SupplySuffix {
    private static let marks: [(text: String, isPart: Bool)] = [("PN", true), ("P/N", true), ("SN", false), ("S/N", false)]
    /// Words by which devices say that they do not know.
    private static let nothing: Set<String> = ["unknown", "none", "n/a", "na", "null", "-", "?"]

    /// The text itself, or nil for one that says nothing.
    static func known(_ text: String) -> String? { text.isEmpty || nothing.contains(text.lowercased()) ? nil : text }

    static func split(_ text: String) -> SupplyName {
        let bytes = Array(text.utf8)
        var name = SupplyName(text: text)
        var nameEnd = bytes.count
        var at = 0
        while at < bytes.count {
            guard let mark = mark(bytes, at) else {
                at += 1
                continue
            }
            let value = value(bytes, mark.valueStart)
            let word = String(decoding: bytes[value], as: UTF8.self)
            let known = word.isEmpty || nothing.contains(word.lowercased()) ? nil : word
            // The first of each counts; a second one is no better known.
            if mark.isPart { name.partNumber = name.partNumber ?? known } else { name.serialNumber = name.serialNumber ?? known }
            nameEnd = min(nameEnd, at)
            at = max(value.upperBound, at + 1)
        }
        guard nameEnd < bytes.count else { return name }
        while nameEnd > 0, isEdge(bytes[nameEnd - 1]) { nameEnd -= 1 }
        // What has no name in front of its number is better shown as it is.
        if nameEnd > 0 { name.text = String(decoding: bytes[..<nameEnd], as: UTF8.self) }
        return name
    }

    private static func isEdge(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "(") || byte == UInt8(ascii: "[")
    }

    /// A mark in capitals at the start of a word. Behind a comma or semicolon the number may follow at once; elsewhere a colon or an equals
    /// sign has to stand between, or a space and then a digit, so that `SNAP PN2` stays a name.
    private static func mark(_ bytes: [UInt8], _ at: Int) -> (isPart: Bool, valueStart: Int)? {
        guard at > 0, isEdge(bytes[at - 1]) else { return nil }
        var before = at - 1
        while before > 0, bytes[before] == 0x20 { before -= 1 }
        let isListed = bytes[before] != 0x20 && isEdge(bytes[before])
        for mark in marks where bytes[at...].starts(with: mark.text.utf8) {
            var next = at + mark.text.utf8.count
            guard next < bytes.count else { return isListed ? (mark.isPart, next) : nil }
            let byte = bytes[next]
            if byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "#") {
                next += 1
            } else if byte == 0x20 {
                guard isListed || (next + 1 < bytes.count && bytes[next + 1].isDigit) else { return nil }
            } else if !isListed || !(byte.isDigit || hasDigitOrUnknown(bytes, next)) {
                return nil
            }
            while next < bytes.count, bytes[next] == 0x20 { next += 1 }
            return (mark.isPart, next)
        }
        return nil
    }

    /// `SNunknown` and `SNA1B2` are marks, `SNOW` is a word.
    private static func hasDigitOrUnknown(_ bytes: [UInt8], _ start: Int) -> Bool {
        let word = bytes[value(bytes, start)]
        return word.contains(where: \.isDigit) || nothing.contains(String(decoding: word, as: UTF8.self).lowercased())
    }

    private static func value(_ bytes: [UInt8], _ start: Int) -> Range<Int> {
        var end = start
        while end < bytes.count, !isEdge(bytes[end]), bytes[end] != UInt8(ascii: ")"), bytes[end] != UInt8(ascii: "]") { end += 1 }
        return start..<end
    }
}
