import CivilCalendar
import Documents
import TerminalProgram

/// The rows of a CSV file: a time and some numbers each. Quoted cells may hold delimiters and doubled quotes, but no line feeds.
struct SeriesTable {
    struct Row {
        /// As it stands in the file, quoted where CSV needs it; the row's number where there is no column of times.
        var time: String
        var milliseconds: Int64
        /// Newer than all before.
        var isInOrder: Bool
        /// NaN where unknown.
        var values: [Double]
    }

    private let lines: LineReader
    private let path: String
    private let delimiter: UInt8
    private var timeIndex: Int?
    private var valueIndices: [Int] = []
    private let names: [String]
    private var rows: Int64 = 0
    private var newest = Int64.min

    /// Reads the line of names. Throws `CommandFailure` when a column is missing.
    init(_ lines: LineReader, path: String, delimiter: UInt8, time: String?, values: [String]) throws(CommandFailure) {
        self.lines = lines
        self.path = path
        self.delimiter = delimiter
        guard let head = lines.next() else { throw CommandFailure("\(path): is empty; a line of column names was expected") }
        // A byte order mark is no part of the first name.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        names = Self.cells(head.starts(with: mark) ? head.dropFirst(3) : head, delimiter).map { String(decoding: $0, as: UTF8.self) }
        if let time { timeIndex = try column(time) }
        for name in values { valueIndices.append(try column(name)) }
    }

    private func column(_ name: String) throws(CommandFailure) -> Int {
        if let index = names.firstIndex(of: name) { return index }
        let shown = names.prefix(20).map { Arguments.shown($0) }.joined(separator: ", ")
        let hint = Spelling.hint(name, among: names)
        throw CommandFailure("\(path):1: there is no column \(Arguments.shown(name))\(hint.isEmpty ? "; there are \(shown)" : hint)")
    }

    /// Throws `CommandFailure` for a row that cannot be read. Empty lines are passed over.
    mutating func next() throws(CommandFailure) -> Row? {
        while let line = lines.next() {
            let cells = Self.cells(line, delimiter)
            if cells.count == 1, cells[0].isEmpty { continue }
            guard cells.count == names.count else {
                throw failure("\(cells.count) cells, but the first line names \(names.count) columns")
            }
            rows += 1
            var values: [Double] = []
            for index in valueIndices { values.append(try number(cells[index], names[index])) }
            guard let timeIndex else {
                return Row(time: String(rows), milliseconds: rows * 300_000, isInOrder: true, values: values)
            }
            let text = String(decoding: cells[timeIndex], as: UTF8.self)
            let milliseconds = try time(text)
            defer { newest = max(newest, milliseconds) }
            return Row(time: Self.quoted(text), milliseconds: milliseconds, isInOrder: milliseconds > newest, values: values)
        }
        return nil
    }

    private func failure(_ text: String) -> CommandFailure { CommandFailure("\(path):\(lines.number): \(text)") }

    private func number(_ cell: [UInt8], _ name: String) throws(CommandFailure) -> Double {
        var text = String(decoding: cell, as: UTF8.self).trimmingBlanks()
        // So NumPy 2 writes a number where a script asks for its repr().
        for prefix in ["np.float64(", "np.float32("] where text.hasPrefix(prefix) && text.hasSuffix(")") {
            text = String(text.dropFirst(prefix.count).dropLast())
        }
        if ["", "null", "nan", "na", "n/a", "-"].contains(text.lowercased()) { return .nan }
        guard let number = Double(text) else { throw failure("\(Arguments.shown(text)) in column \(Arguments.shown(name)) is no number") }
        return number.isFinite ? number : .nan
    }

    private func time(_ text: String) throws(CommandFailure) -> Int64 {
        switch LocalTimeText(text) {
        case .instant(let milliseconds): return milliseconds
        case .local(let wall): return wall.milliseconds()
        case .number(let number):
            // Seconds reach that in the year 5138, milliseconds did in 1973.
            let milliseconds = abs(number) < 1e11 ? number * 1000 : number
            if abs(milliseconds) < 1e15 { return Int64(milliseconds) }
        case nil: break
        }
        throw failure("\(Arguments.shown(text)) is no time that can be read; ISO 8601, or seconds or milliseconds since 1970, are")
    }

    static func cells(_ line: ArraySlice<UInt8>, _ delimiter: UInt8) -> [[UInt8]] {
        var cells: [[UInt8]] = []
        var cell: [UInt8] = []
        var isQuoted = false
        var rest = line
        if rest.last == 0x0D { rest.removeLast() }
        while let byte = rest.popFirst() {
            if isQuoted {
                if byte != 0x22 {
                    cell.append(byte)
                } else if rest.first == 0x22 {
                    cell.append(0x22)
                    rest.removeFirst()
                } else {
                    isQuoted = false
                }
            } else if byte == 0x22, cell.isEmpty {
                isQuoted = true
            } else if byte == delimiter {
                cells.append(cell)
                cell = []
            } else {
                cell.append(byte)
            }
        }
        cells.append(cell)
        return cells
    }

    private static func quoted(_ text: String) -> String {
        text.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 < 0x20 }
            ? "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\"" : text
    }
}

extension String {
    fileprivate func trimmingBlanks() -> String {
        let start = drop { $0 == " " || $0 == "\t" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
