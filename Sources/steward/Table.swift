import TerminalProgram

/// Aligned columns for a terminal. Cells may come from devices: they are made visible here, so that no caller can forget it.
struct Table: Sendable {
    struct Column: Sendable {
        enum Kind: Sendable {
            /// May be cut.
            case text
            /// Never cut: half a time or a number would say something else.
            case fixed
            /// Never cut, and to the right.
            case number
            /// Never cut, but left out where there is no room, the last of them first.
            case spare
        }

        let title: String
        let kind: Kind

        init(_ title: String, _ kind: Kind = .text) {
            self.title = title
            self.kind = kind
        }
    }

    struct Cell: Sendable {
        let text: String
        let colour: Terminal.Colour?

        init(_ text: String?, _ colour: Terminal.Colour? = nil) {
            self.text = text.map { $0.isEmpty ? "–" : TerminalText.visible($0) } ?? "–"
            self.colour = colour
        }
    }

    let columns: [Column]
    private(set) var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// A row with too few cells is filled up, the cells beyond the last column are left away.
    mutating func add(_ cells: [Cell]) {
        rows.append(Array(cells.prefix(columns.count)) + Array(repeating: Cell(nil), count: max(0, columns.count - cells.count)))
    }

    private static let gap = 2
    private static let comfortableWidth = 16
    private static let leastWidth = 8

    func render(_ terminal: Terminal) -> String {
        let all = Array(columns.indices)
        let natural = all.map { index in
            rows.reduce(TerminalText.width(columns[index].title)) { max($0, TerminalText.width($1[index].text)) }
        }
        guard let limit = terminal.columns else { return lines(all, natural, terminal) }
        var shown = all
        while true {
            let spare = shown.last { columns[$0].kind == .spare }
            if let widths = fit(shown, natural, limit, spare == nil ? Self.leastWidth : Self.comfortableWidth) {
                return lines(shown, widths, terminal)
            }
            guard let spare else { return records(limit, terminal) }
            shown.removeAll { $0 == spare }
        }
    }

    /// Widths that fit `limit`, taking from the widest text column first, none below `least`; nil when that is not enough.
    private func fit(_ shown: [Int], _ natural: [Int], _ limit: Int, _ least: Int) -> [Int]? {
        var widths = natural
        var excess = shown.reduce(Self.gap * (shown.count - 1)) { $0 + widths[$1] } - limit
        while excess > 0 {
            let candidates = shown.filter { columns[$0].kind == .text && widths[$0] > max(least, TerminalText.width(columns[$0].title)) }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { return nil }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func lines(_ shown: [Int], _ widths: [Int], _ terminal: Terminal) -> String {
        var text = line(shown, widths, columns.map { Cell($0.title, .bold) }, terminal)
        for row in rows { text += line(shown, widths, row, terminal) }
        return text
    }

    private func line(_ shown: [Int], _ widths: [Int], _ cells: [Cell], _ terminal: Terminal) -> String {
        var text = ""
        var pending = 0
        for index in shown {
            let cut = TerminalText.cut(cells[index].text, toColumns: widths[index])
            let fill = max(0, widths[index] - TerminalText.width(cut))
            let isRight = columns[index].kind == .number
            text += String(repeating: " ", count: pending + (isRight ? fill : 0)) + terminal.paint(cut, cells[index].colour)
            // Blanks at the end of a line would wrap it on a narrow terminal.
            pending = Self.gap + (isRight ? 0 : fill)
        }
        return text + "\n"
    }

    /// A row as a block of `TITLE  value` lines, for terminals that are too narrow for columns.
    private func records(_ limit: Int, _ terminal: Terminal) -> String {
        let width = columns.map { TerminalText.width($0.title) }.max() ?? 0
        return rows.map { row in
            columns.indices.map { index in
                let title = columns[index].title
                let gap = String(repeating: " ", count: width - TerminalText.width(title) + Self.gap)
                let value = TerminalText.cut(row[index].text, toColumns: max(Self.leastWidth, limit - width - Self.gap))
                return terminal.paint(title, .bold) + gap + terminal.paint(value, row[index].colour) + "\n"
            }.joined()
        }.joined(separator: "\n")
    }
}
