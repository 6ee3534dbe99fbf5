import Testing

@testable import TerminalProgram
@testable import steward

extension Table.Cell: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(text) }
}

@Suite struct TableTests {
    private func lines(_ table: Table, columns: Int?, coloured: Bool = false) -> [String] {
        table.render(Terminal(isColoured: coloured, columns: columns)).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast().map(String.init)
    }

    @Test(arguments: [
        ("plain äöü", "plain äöü"), ("a\u{1B}[2Jb", "a␛[2Jb"), ("a\nb\r\tc", "a␊b␍␉c"), ("\u{0}\u{7F}", "␀␡"),
        ("x\u{9B}31m", "x\u{FFFD}31m"),
        ("exe.\u{202E}gnp", "exe.\u{FFFD}gnp"), ("\u{2066}a\u{2069}", "\u{FFFD}a\u{FFFD}"), ("a\u{200B}b", "a\u{FFFD}b"),
        ("a\u{2028}b", "a\u{FFFD}b"),
        ("a" + String(repeating: "\u{301}", count: 50), "a\u{301}\u{301}\u{301}"),
    ])
    func hostileTextIsMadeVisible(_ text: String, _ visible: String) {
        #expect(Array(TerminalText.visible(text).unicodeScalars) == Array(visible.unicodeScalars))
    }

    @Test(arguments: [("", 0), ("abc", 3), ("ä", 1), ("a\u{301}", 1), ("日本", 4), ("한", 2), ("🖨️", 2), ("█░", 2), ("ﾊﾝ", 2)])
    func widths(_ text: String, _ width: Int) { #expect(TerminalText.width(text) == width) }

    @Test(arguments: [
        ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("abcdef", 1, "…"), ("abcdef", 0, ""), ("日本語", 5, "日本…"), ("日本語", 4, "日…"),
        ("日本語", 6, "日本語"), ("", 3, ""),
    ])
    func cuts(_ text: String, _ columns: Int, _ cut: String) {
        #expect(TerminalText.cut(text, toColumns: columns) == cut)
        #expect(TerminalText.width(cut) <= columns)
    }

    @Test func alignsByDisplayWidth() {
        var table = Table([.init("NAME"), .init("N", .number), .init("REST")])
        table.add(["日本", "5", "x"])
        table.add(["abcdef", "123", ""])
        #expect(lines(table, columns: nil) == ["NAME      N  REST", "日本      5  x", "abcdef  123  –"])
    }

    @Test func hostileCellsStayInTheirLine() {
        var table = Table([.init("DEVICE"), .init("STATE")])
        table.add([.init("a\nb\u{1B}]0;title\u{7}"), .init("\u{1B}[31mred", .red)])
        let text = table.render(Terminal(isColoured: false))
        #expect(text.split(separator: "\n").count == 2)
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        let coloured = table.render(Terminal(isColoured: true))
        // Ours only: begin and end of two titles in bold and of one red cell.
        #expect(coloured.unicodeScalars.filter { $0 == "\u{1B}" }.count == 6)
    }

    @Test func noLineIsWiderThanTheTerminal() {
        var table = Table([.init("DEVICE"), .init("TEXT"), .init("TIME", .spare), .init("AGE", .fixed), .init("ID", .spare)])
        table.add([
            .init("printer-日本語-with-a-long-name"), .init(String(repeating: "long words ", count: 20)), "2026-11-21 22:04:05", "3 min ago",
            "al-1",
        ])
        table.add(["p", "short", "2026-11-21 22:04:05", "4 d ago", "al-2"])
        for columns in 24...300 {
            let lines = lines(table, columns: columns)
            #expect(lines.allSatisfy { TerminalText.width($0) <= columns }, "\(columns) columns: \(lines)")
            #expect(lines.contains { $0.contains("3 min ago") }, "a fixed cell is never cut: \(columns)")
        }
        #expect(lines(table, columns: 90).first?.contains("ID") == true)
        #expect(lines(table, columns: 50).first?.contains("ID") == false)
        #expect(lines(table, columns: 24).contains { $0.hasPrefix("ID      al-1") })
    }

    @Test func sparklineTakesExtremeNumbers() {
        #expect(HistoryCommand.sparkline([0, 1], 0, 1, columns: 60) == "▁█")
        #expect(HistoryCommand.sparkline([5, 5], 5, 5, columns: 60) == "▁▁")
        let huge = Double.greatestFiniteMagnitude
        #expect(HistoryCommand.sparkline([-huge, huge, huge], -huge, huge, columns: 3) == "▁██")
    }

    @Test(arguments: [
        ("1970-01-02", Int64(86_400_000)), ("2026-11-21T22:04:05Z", Int64(1_795_298_645_000)),
        ("2026-11-21 22:04", Int64(1_795_298_640_000)),
        ("12345", Int64(12_345)), ("2h", Int64(1_000_000_000 - 7_200_000)), ("30min", Int64(1_000_000_000 - 1_800_000)), ("99d", Int64(0)),
    ])
    func readsTimes(_ text: String, _ milliseconds: Int64) {
        #expect(TimeArgument.milliseconds(text, nowMilliseconds: 1_000_000_000) == milliseconds)
    }

    @Test(arguments: [
        "", "2026-02-30", "2026-13-01", "-5", "yesterday", "2026-11-21T25:00", "9999999999999d", "h", "2026-11-21T22:04:05+01:00", "²h",
    ])
    func refusesTimes(_ text: String) { #expect(TimeArgument.milliseconds(text, nowMilliseconds: 0) == nil) }
}
