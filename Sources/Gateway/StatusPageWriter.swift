import HTTPService

/// Gathers the markup of the status page. Whatever comes from a document passes `escaped`.
struct StatusPageWriter {
    private(set) var html = ""
    let nowMilliseconds: Int64?

    init(nowMilliseconds: Int64?) { self.nowMilliseconds = nowMilliseconds }

    /// Everything up to the body's beginning. A page with forms is not renewed: what somebody has typed would be lost.
    mutating func head(title: String, renewSeconds: Int? = nil) {
        raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        if let renewSeconds { raw("<meta http-equiv=\"refresh\" content=\"\(renewSeconds)\">\n") }
        raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        raw("<meta name=\"color-scheme\" content=\"light dark\">\n")
        raw("<title>\(Self.escaped(title)) – Steward</title>\n<style>\(StatusPage.styleSheet)</style>\n</head>\n<body>\n")
    }

    /// Markup of our own.
    mutating func raw(_ markup: String) { html += markup }

    /// A heading with a table, a sentence when there is nothing, or that it could not be read.
    mutating func section(
        _ title: String, _ bytes: [UInt8], list: String, empty: String, _ body: (inout StatusPageWriter, [APIValue]) -> Void
    ) {
        raw("<section aria-labelledby=\"\(list)\">\n<h2 id=\"\(list)\">\(title)</h2>\n")
        if let document = try? APIValue(parsing: bytes), document[list].node != nil {
            let items = document[list].items
            if items.isEmpty { raw("<p class=\"empty\">\(empty)</p>\n") } else { body(&self, items) }
            let total = max(document["total"].integer ?? 0, Int64(items.count))
            let shown = min(items.count, StatusPage.rowLimit)
            if Int64(shown) < total { raw("<p class=\"empty\">\(shown) of \(total) are shown; steward \(list) lists the others.</p>\n") }
        } else {
            unreadable()
        }
        raw("</section>\n")
    }

    mutating func unreadable() { raw("<p class=\"empty\">This part could not be read. The gateway's log may say why.</p>\n") }

    /// Roles stand beside the elements, as the narrow layout changes `display`, which takes the meaning from a table.
    mutating func table(_ caption: String, _ columns: [String], _ rows: [[String]]) {
        raw("<table role=\"table\" aria-label=\"\(caption)\">\n<thead role=\"rowgroup\"><tr role=\"row\">")
        for column in columns { raw("<th role=\"columnheader\" scope=\"col\">\(column)</th>") }
        raw("</tr></thead>\n<tbody role=\"rowgroup\">\n")
        for row in rows.prefix(StatusPage.rowLimit) {
            raw("<tr role=\"row\">")
            for (column, cell) in zip(columns, row) {
                let markup = cell.isEmpty ? "<span class=\"quiet\">–</span>" : cell
                raw("<td role=\"cell\" data-label=\"\(column)\"><div>\(markup)</div></td>")
            }
            raw("</tr>\n")
        }
        raw("</tbody>\n</table>\n")
    }

    /// Text of a document, kept apart from the direction of the text around it.
    func text(_ value: APIValue) -> String { text(value.string) }

    func text(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return "" }
        return "<bdi>\(Self.escaped(text))</bdi>"
    }

    /// Without markup, and without control characters, which a page would not show.
    static func escaped(_ text: String) -> String {
        func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) }
        let visible = text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }
        return TextEscaping.html(String(String.UnicodeScalarView(visible)))
    }

    /// A word on a coloured ground.
    func badge(_ word: String?, _ tone: Tone) -> String {
        guard let word, !word.isEmpty else { return "" }
        return "<span class=\"badge \(tone.rawValue)\">\(text(word))</span>"
    }

    enum Tone: String { case good, fair, poor, bad, neutral }

    func age(_ value: APIValue) -> String {
        guard let milliseconds = value.integer else { return "" }
        let time = Self.escaped(HumanText.time(milliseconds))
        guard let nowMilliseconds else { return "<time>\(time)</time>" }
        return "<time title=\"\(time) UTC\">\(HumanText.age(milliseconds, nowMilliseconds: nowMilliseconds))</time>"
    }

    /// A bar that needs neither style nor script, with its number beside it.
    func level(_ percent: Double?) -> String {
        guard let percent else { return "<span class=\"quiet\">unknown</span>" }
        let width = HumanText.number(min(max(percent, 0), 100), decimals: 1)
        let tone: Tone = percent <= 10 ? .bad : percent <= 25 ? .fair : .good
        return "<svg class=\"bar \(tone.rawValue)\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
            + "<rect class=\"ground\" width=\"100\" height=\"10\"/><rect class=\"fill\" width=\"\(width)\" height=\"10\"/></svg>"
            + "<span class=\"number\">\(HumanText.number(percent, decimals: 0)) %</span>"
    }

    /// Days left, or why nobody can say.
    func daysLeft(_ supply: APIValue) -> String {
        if let reason = supply["missingEvidence"].string {
            return "<span class=\"quiet\">\(text(HumanText.missingEvidence(reason)))</span>"
        }
        guard let days = HumanText.daysLeft(supply["daysLeft"].items.compactMap(\.number)) else { return "" }
        return "<span class=\"number\">\(Self.escaped(days))</span>"
    }
}
