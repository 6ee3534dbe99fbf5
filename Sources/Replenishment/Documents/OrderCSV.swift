import CivilCalendar

/// An order as a CSV file (RFC 4180): a heading, a row a line, CRLF.
///
/// Every field stands in quotes. A field that a spreadsheet would take for a formula gets an apostrophe in front, as names of devices come
/// from strangers (OWASP, "CSV Injection").
public enum OrderCSV {
    public static let columns = [
        "key", "kind", "order", "line", "item", "quantity", "device", "supply", "site", "amount", "currency", "created", "source", "reason",
    ]

    /// - Parameter source: the gateway, so that two which see the same device can be told apart.
    public static func file(_ document: OrderDocument, source: String) -> [UInt8] {
        var text = columns.map(field).joined(separator: ",") + "\r\n"
        for (index, line) in document.lines.enumerated() {
            let cells = [
                document.key, document.isCancellation ? "cancellation" : "order", line.order, String(index + 1), line.item, "1",
                line.device, line.supply, line.site ?? "", line.amountHundredths.map(Money.text) ?? "", line.currency ?? "",
                UTCText.iso8601(document.createdMilliseconds), source, line.reason ?? "",
            ]
            text += cells.map(field).joined(separator: ",") + "\r\n"
        }
        return Array(text.utf8)
    }

    static func field(_ text: String) -> String {
        var quoted = "\""
        // The first character that is not a blank counts: spreadsheets drop blanks in front.
        if let first = text.unicodeScalars.first(where: { $0 != " " }), "=+-@\t\r\n＝＋－＠".unicodeScalars.contains(first) { quoted += "'" }
        for scalar in text.unicodeScalars {
            if scalar == "\"" { quoted += "\"\"" } else if scalar.value != 0 { quoted.unicodeScalars.append(scalar) }
        }
        return quoted + "\""
    }
}
