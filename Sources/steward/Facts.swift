import Gateway
import TerminalProgram

/// Lines of `name  value`.
struct Facts: Sendable {
    private var rows: [(name: String, cell: Table.Cell)] = []

    var isEmpty: Bool { rows.isEmpty }

    mutating func add(_ name: String, _ cell: Table.Cell) { rows.append((TerminalText.visible(name), cell)) }

    func render(_ terminal: Terminal) -> String {
        let width = rows.map { TerminalText.width($0.name) }.max() ?? 0
        return rows.map { name, cell in
            let gap = String(repeating: " ", count: width - TerminalText.width(name) + 2)
            let value = terminal.columns.map { TerminalText.cut(cell.text, toColumns: max(8, $0 - width - 2)) } ?? cell.text
            return name + gap + terminal.paint(value, cell.colour) + "\n"
        }.joined()
    }

    /// `2026-11-21 22:04:05 UTC (3 min ago)`
    static func moment(_ value: APIValue, _ terminal: Terminal) -> Table.Cell {
        guard let milliseconds = value.integer else { return Table.Cell("never", .dim) }
        let age = HumanText.age(milliseconds, nowMilliseconds: terminal.nowMilliseconds)
        return Table.Cell("\(HumanText.time(milliseconds)) UTC (\(age))")
    }
}
