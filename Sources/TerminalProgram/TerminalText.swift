/// Text of devices as a terminal may show it. A device chooses its own name, and an escape sequence in one could rewrite the
/// screen, hide an alarm, or answer for the person who looks.
package enum TerminalText {
    /// Replaces what would not be seen, or would move other text: control characters become their pictures (U+2400 …) and
    /// bidirectional overrides, zero-width and other invisible characters become U+FFFD. Line feeds are control characters, too.
    package static func visible(_ text: String) -> String {
        var visible = String.UnicodeScalarView()
        var marks = 0
        for scalar in text.unicodeScalars {
            marks = isMark(scalar) ? marks + 1 : 0
            // A tower of marks on one letter runs over the lines above and below.
            guard marks <= 3 else { continue }
            visible.append(replacement(scalar) ?? scalar)
        }
        return String(visible)
    }

    private static func replacement(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar.value {
        case 0x00...0x1F: Unicode.Scalar(0x2400 + scalar.value)
        case 0x7F: "\u{2421}"
        case 0x20...0x7E: nil
        // C1 controls, line and paragraph separators, tags and variation selectors of plane 14.
        case 0x80...0x9F, 0x2028, 0x2029, 0xE0000...0xE0FFF: "\u{FFFD}"
        // Soft hyphen, zero widths, joiners, direction marks, embeddings, overrides, isolates, the byte order mark.
        case 0xAD, 0x61C, 0x115F, 0x1160, 0x180E, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0x3164, 0xFEFF, 0xFFA0,
            0xFFF9...0xFFFB:
            "\u{FFFD}"
        default: nil
        }
    }

    /// Columns that the text takes on a terminal, after `visible`: two for East Asian wide characters and emoji (UAX #11),
    /// none for combining marks.
    package static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

    package static func width(_ character: Character) -> Int {
        // A cluster is as wide as its base; a variation selector 16 asks for the wide picture of an emoji.
        guard let base = character.unicodeScalars.first else { return 0 }
        if base.value < 0x300 { return 1 }
        if isMark(base) { return 0 }
        if character.unicodeScalars.contains("\u{FE0F}") { return 2 }
        return isWide(base.value) ? 2 : 1
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x300 else { return false }
        let category = scalar.properties.generalCategory
        return category == .nonspacingMark || category == .enclosingMark
    }

    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x23F0, 0x23F3, 0x25FD...0x25FE, 0x2614...0x2615, 0x2648...0x2653,
            0x267F, 0x2693, 0x26A1, 0x26AA...0x26AB, 0x26BD...0x26BE, 0x26C4...0x26C5, 0x26CE, 0x26D4, 0x26EA, 0x26F2...0x26F3, 0x26F5,
            0x26FA, 0x26FD, 0x2705, 0x270A...0x270B, 0x2728, 0x274C, 0x274E, 0x2753...0x2755, 0x2757, 0x2795...0x2797, 0x27B0, 0x27BF,
            0x2B1B...0x2B1C, 0x2B50, 0x2B55, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18D08, 0x1B000...0x1B2FF, 0x1F004, 0x1F0CF,
            0x1F18E, 0x1F191...0x1F19A, 0x1F1E6...0x1F320, 0x1F32D...0x1F64F, 0x1F680...0x1F6FF, 0x1F7E0...0x1F7EB, 0x1F90C...0x1F9FF,
            0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }

    /// Cuts to at most `columns`, with `…` where something is missing.
    package static func cut(_ text: String, toColumns columns: Int) -> String {
        guard columns > 0 else { return "" }
        var used = 0
        var kept = ""
        for character in text {
            let next = width(character)
            if used + next > columns - 1 { return width(text) <= columns ? text : kept + "…" }
            used += next
            kept.append(character)
        }
        return text
    }
}
