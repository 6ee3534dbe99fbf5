import TestSupport
import Testing

@testable import Documents

@Suite struct DocumentParserTests {
    private func parse(_ text: String) throws -> DocumentNode { try DocumentParser.parse(Array(text.utf8), file: "f.json") }

    private func mistake(_ bytes: [UInt8]) -> Diagnostic? {
        do {
            _ = try DocumentParser.parse(bytes, file: "f.json")
            return nil
        } catch { return error }
    }

    private func json(_ text: String) throws -> String {
        var writer = JSONWriter()
        try parse(text).write(to: &writer)
        return writer.text
    }

    @Test(arguments: [
        ("{ // to the end\n a: 1, /* and\n over lines */ 'b': [true, null,], }", #"{"a":1,"b":[true,null]}"#),
        ("\u{FEFF}{}", "{}"),
        ("[+1, -0.5, .5, 5., 0x1F, -0x10, 1e3, 9007199254740993]", "[1,-0.5,0.5,5,31,-16,1000,9007199254740993]"),
        ("[\"\\u00e9\", \"\\ud83d\\ude00\", '\\'', \"a\\\nb\"]", "[\"é\",\"😀\",\"'\",\"ab\"]"),
        (#"{"": 1, $x_1: 2, ключ: 3}"#, #"{"":1,"$x_1":2,"ключ":3}"#),
        ("  7 // done", "7"),
    ])
    func readsJSON5(_ text: String, _ expected: String) throws {
        #expect(try json(text) == expected)
    }

    @Test(arguments: [
        ("", 1, 1, "end of the file"),
        ("{\n  a: 1\n  b: 2\n}", 3, 3, "expected , or }"),
        ("{\n a: 1,\n a: 2 }", 3, 2, "already on line 2"),
        ("{ a: hello }", 1, 6, "text needs quotes"),
        ("[1, 2", 1, 6, "expected , or ]"),
        ("{a: [", 1, 5, "no ]"),
        ("/* never", 1, 1, "no */"),
        ("{ a: 1 / 2 }", 1, 8, "a comment is"),
        ("\"abc\ndef\"", 1, 1, "no closing quote"),
        (#""\ud800""#, 1, 2, "surrogate"),
        (#""\ud800A""#, 1, 2, "surrogate"),
        (#""\udc00""#, 1, 2, "no character"),
        (#""\u12""#, 1, 2, "four hexadecimal digits"),
        (#""\u+123""#, 1, 2, "four hexadecimal digits"),
        (#""\q""#, 1, 2, "no escape"),
        ("1e999", 1, 1, "not a finite number"),
        ("-Infinity", 1, 1, "not a finite number"),
        ("-0x-8000000000000000", 1, 1, "not a finite number"),
        ("0x", 1, 1, "not a finite number"),
        ("1 2", 1, 3, "end of the file after"),
        ("\u{FEFF}x", 1, 1, "text needs quotes"),
    ])
    func namesThePlaceOfAMistake(_ text: String, _ line: Int, _ column: Int, _ words: String) {
        let found = mistake(Array(text.utf8))
        #expect(found?.position == SourcePosition(line: line, column: column), "\(text): \(String(describing: found))")
        #expect(found?.message.contains(words) == true, "\(text): \(String(describing: found))")
        #expect(found?.file == "f.json")
    }

    @Test func depthAndSizeAreBounded() {
        let deep = DocumentParser.maximumDepth
        #expect(mistake(Array((String(repeating: "[", count: deep) + String(repeating: "]", count: deep)).utf8)) == nil)
        #expect(mistake(Array(repeating: UInt8(ascii: "["), count: deep + 1))?.message.contains("nested deeper") == true)
        #expect(mistake(Array(repeating: UInt8(ascii: "["), count: 1_000_000))?.message.contains("nested deeper") == true)
        #expect(mistake(Array(repeating: 0x20, count: DocumentParser.maximumBytes + 1))?.message.contains("at most") == true)
    }

    @Test func badUTF8InAStringIsNamed() {
        #expect(mistake([0x22, 0xC3, 0x28, 0x22])?.message.contains("UTF-8") == true)
    }

    @Test func positionsOfValuesAndKeys() throws {
        let node = try parse("{\n  key: [10,\n    'x'] }")
        guard case .object(let members) = node.value, case .array(let items) = members[0].node.value else {
            Issue.record("another shape")
            return
        }
        #expect(members[0].keyPosition == SourcePosition(line: 2, column: 3))
        #expect(items[0].position == SourcePosition(line: 2, column: 9))
        #expect(items[1].position == SourcePosition(line: 3, column: 5))
    }

    /// Whatever stands in the file, the parser answers; and what it reads, it reads again from its own output.
    @Test func hostileFilesNeverTrap() throws {
        let seed: UInt64 = 20_261
        print("DocumentParser fuzz seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "'", "\\", "\\u", "\\ud83d", "\\ude00", "//", "/*", "*/", "\n", "-", "+", ".", "0x", "-0x",
            "1",
            "8000000000000000", "e", "999", "true", "null", "key", " ", "\u{FEFF}", "é", "\0", "/", "\"k\":", "\"v\",",
        ]
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<16, using: &generator) {
                if Int.random(in: 0..<12, using: &generator) == 0 {
                    bytes.append(UInt8.random(in: 0...255, using: &generator))
                } else {
                    bytes += Array(pieces[Int.random(in: 0..<pieces.count, using: &generator)].utf8)
                }
            }
            guard let node = try? DocumentParser.parse(bytes, file: "f") else { continue }
            var writer = JSONWriter()
            node.write(to: &writer)
            var again = JSONWriter()
            try DocumentParser.parse(writer.bytes, file: "f").write(to: &again)
            #expect(again.text == writer.text, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
