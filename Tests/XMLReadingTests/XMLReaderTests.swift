import Testing

@testable import XMLReading

/// What strangers send: bombs, thieves, and documents that are merely wrong.
@Suite struct XMLReaderTests {
    private func pieces(_ text: String, _ limits: XMLReader.Limits = XMLReader.Limits()) throws -> [XMLReader.Piece] {
        var found: [XMLReader.Piece] = []
        try XMLReader.read(Array(text.utf8), limits: limits) { found.append($0) }
        return found
    }

    private func texts(_ text: String) throws -> String {
        try pieces(text).map { if case .text(let text) = $0 { text } else { "" } }.joined()
    }

    @Test func aDocumentInPieces() throws {
        let found = try pieces("<?xml version=\"1.0\"?><!-- c --><a x=\"1&amp;2\"><n:b xmlns:n=\"u\"/>t&lt;&#65;<![CDATA[<raw>]]></a>")
        #expect(
            found == [
                .start(name: "a", attributes: [.init(name: "x", value: "1&2")]),
                .start(name: "b", attributes: [.init(name: "n", value: "u")]), .end, .text("t<A"), .text("<raw>"), .end,
            ])
    }

    /// cXML names its DTD by an address on the network. It is passed over, not fetched.
    @Test func aDocumentTypeThatIsOnlyNamedIsTaken() throws {
        let text =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE cXML SYSTEM \"http://127.0.0.1:1/schemas/cXML/1.2.014/cXML.dtd\">\n<cXML a=\"b\">x</cXML>"
        #expect(try texts(text) == "x")
    }

    @Test(arguments: [
        // Billion laughs.
        "<!DOCTYPE a [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;&l;&l;&l;&l;&l;&l;&l;&l;\"><!ENTITY n \"&m;&m;&m;&m;&m;&m;&m;&m;&m;&m;\">]><a>&n;</a>",
        // In an attribute, where a parser has to expand it.
        "<!DOCTYPE a [<!ENTITY l \"lollollol\">]><a b=\"&l;&l;&l;\"/>",
        // XXE: a file, the network, by a parameter entity.
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"http://127.0.0.1:1/\">]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY % x SYSTEM \"file:///etc/passwd\"> %x;]><a/>",
        "<!DOCTYPE a [<!ENTITY % p \"<!ENTITY q 'x'>\"> %p;]><a>&q;</a>",
        // Quadratic blow-up.
        "<!DOCTYPE a [<!ENTITY x \"\(String(repeating: "x", count: 5000))\">]><a>\(String(repeating: "&x;", count: 5000))</a>",
        "<!DOCTYPE a [<!ATTLIST a b CDATA \"default\">]><a/>",
        "<a>&undeclared;</a>",
    ]) func declarationsAreRefused(_ text: String) throws {
        var seen: [XMLReader.Piece] = []
        #expect(throws: XMLProblem.self) { try XMLReader.read(Array(text.utf8)) { seen.append($0) } }
        // Nothing of a file or of an expansion came out before the refusal.
        let shown = "\(seen)"
        #expect(!shown.contains("root") && !shown.contains("lol") && !shown.contains("xxxx"))
    }

    /// The same in another encoding, where a search of the bytes would not find it.
    @Test func declarationsInUTF16AreRefused() throws {
        let text = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"
        let bytes: [UInt8] = [0xFF, 0xFE] + text.utf16.flatMap { unit -> [UInt8] in [UInt8(unit & 255), UInt8(unit >> 8)] }
        #expect(throws: XMLProblem.self) { try XMLReader.read(bytes) { _ in } }
    }

    @Test(arguments: [
        "", " ", "{}", "<a>", "<a></b>", "<a/><b/>", "<a b=1/>", "\u{0}", "<a>\u{1}</a>", "<?xml version=\"1.0\" encoding=\"x\"?><a/>",
    ])
    func whatIsNoXMLIsRefused(_ text: String) { #expect(throws: XMLProblem.self) { try pieces(text) } }

    @Test func limits() throws {
        let deep = String(repeating: "<a>", count: 70) + String(repeating: "</a>", count: 70)
        #expect(throws: XMLProblem.self) { try pieces(deep) }
        #expect(throws: XMLProblem.self) { try pieces("<a>" + String(repeating: "<b/>", count: 50_000) + "</a>") }
        var small = XMLReader.Limits()
        small.maximumBytes = 10
        #expect(throws: XMLProblem.self) { try pieces("<abcdefgh/>", small) }
        #expect(try pieces("<abcdef/>", small).count == 2)
    }

    /// Any damage ends in an error or in pieces, never in a crash.
    @Test func damagedDocumentsNeverCrash() {
        let whole = Array("<?xml version=\"1.0\"?><!DOCTYPE a SYSTEM \"x\"><a b=\"c\"><d>text &amp; more</d><!-- e --><f/></a>".utf8)
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed | 1
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 24)
            }
            try? XMLReader.read(bytes) { _ in }
        }
        #expect(Bool(true), "seed \(seed)")
    }
}
