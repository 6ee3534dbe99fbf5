import Foundation
import HTTPService
import Testing

@testable import TerminalProgram
@testable import steward

@Suite struct JSONTextTests {
    private func visible(_ text: String) -> String { String(decoding: JSONText.visible(Array(text.utf8)), as: UTF8.self) }

    @Test(arguments: [
        ("\u{1B}[2J", "\\u001b[2J"), ("\u{9B}2J", "\\u009b2J"), ("\u{85}", "\\u0085"), ("\u{7F}", "\\u007f"), ("\u{202E}", "\\u202e"),
        ("\u{2066}\u{2069}", "\\u2066\\u2069"), ("\u{61C}\u{200F}", "\\u061c\\u200f"), ("\u{200B}\u{FEFF}", "\\u200b\\ufeff"),
        ("\u{2028}", "\\u2028"), ("\u{E0041}", "\\udb40\\udc41"), ("\r\u{7}", "\\u000d\\u0007"),
    ])
    func whatATerminalObeysIsEscaped(raw: String, shown: String) throws {
        #expect(visible("{\"name\":\"a\(raw)b\"}") == "{\"name\":\"a\(shown)b\"}\n")
        // And means the same as before. (Raw C0 controls are no JSON, so there is nothing that they could mean.)
        guard raw.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) else { return }
        let object = try JSONSerialization.jsonObject(with: Data(visible("{\"name\":\"a\(raw)b\"}").utf8)) as? [String: String]
        #expect(object?["name"] == "a\(raw)b")
    }

    @Test func everythingElseStays() {
        let text = "{\"a\":[1,\t\"ü–😀 العربية\\n\"]}\n"
        #expect(visible(text) == text)
        #expect(JSONText.visible([0x22, 0xFF, 0x9B, 0x22]) == Array("\"\u{FFFD}\u{FFFD}\"\n".utf8))
    }

    @Test(arguments: [
        ("http://127.0.0.1:8420", true), ("http://localhost", true), ("http://[::1]:8420/x", true),
        ("http://127.0.0.1.evil.example", false),
        ("http://localhost@evil.example", false), ("http://evil.example", false), ("https://localhost:1", true),
        ("http://localhost.", false),
    ])
    func theTokenThatIsFoundIsForThisMachine(url: String, isThisMachine: Bool) {
        #expect(OperatorToken.isThisMachine(url) == isThisMachine)
    }

    @Test(arguments: [
        ("http://127.0.0.1:8420", 8420), ("http://[::1]:8421/x", 8421), ("http://localhost", 80), ("https://localhost/a:1", 443),
        ("http://[::1]", 80),
    ])
    func thePortOfAnAddress(url: String, port: Int) { #expect(OperatorToken.port(url) == UInt16(port)) }

    @Test func whoListensIsKnown() throws {
        let server = try HTTPServer(configuration: HTTPServerConfiguration(listen: "127.0.0.1:0")) { _ in .text("") }
        #expect(Listeners.users(port: server.boundPort) == [geteuid()])
        server.stop()
        #expect(Listeners.users(port: server.boundPort).isEmpty)
    }
}
