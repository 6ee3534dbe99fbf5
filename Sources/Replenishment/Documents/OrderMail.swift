import CivilCalendar

/// An order as an e-mail: MIME text (RFC 5322, 2045, 2047). The Message-ID is the idempotency key, so a mail that is sent twice is one mail
/// to whoever looks, and an answer names the order in In-Reply-To.
public enum OrderMail {
    public struct Envelope: Equatable, Sendable {
        public var from: String
        public var to: [String]

        public init(from: String, to: [String]) {
            self.from = from
            self.to = to
        }
    }

    /// A plain `local@domain`: no blanks, no controls, no list, nothing that could begin another header or SMTP command.
    public static func isAddress(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...64 * 3).contains($0.count) }) else { return false }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"<>()[],;:\\\"".utf8.contains($0) }
    }

    /// - Parameter attempt: 1 for the first try. SMTP cannot tell a repeat, so a higher number says that an equal mail may have come before.
    public static func message(_ document: OrderDocument, _ envelope: Envelope, site: String, attempt: Int = 1) -> [UInt8] {
        let domain = envelope.from.split(separator: "@").last.map { String($0) } ?? "steward"
        let first = document.lines.first
        let what = document.lines.count == 1 ? first?.item ?? "" : "\(document.lines.count) items"
        let headers = [
            ("From", oneLine(envelope.from)), ("To", envelope.to.map(oneLine).joined(separator: ",\r\n ")),
            ("Subject", encodedWords("\(document.isCancellation ? "Cancellation" : "Order") \(document.subject): \(what)")),
            ("Date", UTCText.mailDate(document.createdMilliseconds)), ("Message-ID", "<\(document.key)@\(domain)>"),
            ("References", "<\(document.isCancellation ? document.subject : document.key)@\(domain)>"),
            ("X-Steward-Attempt", String(max(attempt, 1))), ("Auto-Submitted", "auto-generated"),
            ("MIME-Version", "1.0"), ("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "quoted-printable"),
        ]
        let head = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
        return Array((head + "\r\n" + quotedPrintable(body(document, site: site))).utf8)
    }

    private static func body(_ document: OrderDocument, site: String) -> String {
        var text = document.isCancellation ? "Please cancel:\n" : "Please deliver:\n"
        for line in document.lines {
            text += "\n  1 x \(oneLine(line.item))\n"
            text += "      order:  \(line.order)\n      device: \(oneLine(line.device)), \(oneLine(line.supply))\n"
            text += "      site:   \(oneLine(line.site ?? site))\n"
            if let amount = line.amountHundredths { text += "      price:  \(Money.text(amount)) \(oneLine(line.currency ?? ""))\n" }
            if let reason = line.reason { text += "      why:    \(oneLine(reason))\n" }
        }
        return text
            + "\nThe number \(document.subject) names this order. A mail with the same Message-ID is the same order and counts once.\n"
    }

    /// Controls become blanks: a line feed in a device's name must not begin a line of its own.
    static func oneLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
            line.unicodeScalars.append(isControl ? " " : scalar)
        }
        return line
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "=" + (digits.utf8.count < 2 ? "0" : "") + digits
    }

    /// RFC 2047: printable ASCII stays, other text becomes words of at most 75 characters on lines of their own.
    static func encodedWords(_ text: String) -> String {
        let text = String(oneLine(text).prefix(200))
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }), !text.contains("=?"), text.utf8.count < 60 { return text }
        var words: [String] = []
        var word = ""
        for scalar in text.unicodeScalars {
            let piece = String(scalar).utf8.map { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    String(Unicode.Scalar(byte))
                default: hex(byte)
                }
            }.joined()
            if word.utf8.count + piece.utf8.count > 60 {
                words.append(word)
                word = ""
            }
            word += piece
        }
        words.append(word)
        return words.map { "=?utf-8?Q?\($0)?=" }.joined(separator: "\r\n ")
    }

    /// RFC 2045 §6.7, with lines of at most 76 characters.
    static func quotedPrintable(_ text: String) -> String {
        var result = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var width = 0
            let bytes = Array(line.utf8)
            for (index, byte) in bytes.enumerated() {
                let isBlank = byte == 0x20 || byte == 0x09
                let isPlain = (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=") && !(byte == UInt8(ascii: ".") && width == 0)
                let piece = isPlain || (isBlank && index + 1 < bytes.count) ? String(Unicode.Scalar(byte)) : hex(byte)
                if width + piece.utf8.count > 75 {
                    result += "=\r\n"
                    width = 0
                }
                result += piece
                width += piece.utf8.count
            }
            result += "\r\n"
        }
        return result
    }
}
