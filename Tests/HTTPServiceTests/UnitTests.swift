import Foundation
import Testing

@testable import HTTPService

@Suite struct UnitTests {
    @Test func takesTargetsApart() throws {
        func target(_ text: String) throws -> RequestTarget { try RequestTarget(Array(text.utf8)) }
        #expect(try target("/").path == [])
        #expect(try target("/a").path == ["a"])
        #expect(try target("/a/").path == ["a", ""])
        #expect(try target("/a+b/%2B").path == ["a+b", "+"])
        #expect(try target("/...").path == ["..."])
        #expect(try target("HTTP://h:1?q=1").authority == "h:1")
        #expect(try target("http://h?q=1").query == [.init(name: "q", value: "1")])
        #expect(try target("//evil.example/a").authority == nil)
        #expect(throws: RequestTarget.Refused.self) { try target("/?" + String(repeating: "a&", count: 129)) }
        #expect(try target("/?" + String(repeating: "a&", count: 128)).query.count == 128)
    }

    @Test func readsListenAddresses() throws {
        let address = try ListenAddress("127.0.0.1:8420")
        #expect(address.host == "127.0.0.1" && address.port == 8420 && !address.isIPv6 && address.isLoopback)
        #expect(try ListenAddress("[::1]:0").isLoopback)
        #expect(try ListenAddress("localhost:1").host == "127.0.0.1")
        #expect(try !ListenAddress("0.0.0.0:1").isLoopback)
        for text in [
            "", ":", "8420", ":8420", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:8420", "[::1]", "host:1",
            "[127.0.0.1]:1",
        ] {
            #expect(throws: HTTPServerError.invalidAddress(text)) { try ListenAddress(text) }
        }
    }

    @Test func beyondLoopbackAnyNameIsTakenUnlessTheyAreListed() throws {
        func status(_ change: (inout HTTPServerConfiguration) -> Void) throws -> Int? {
            var configuration = HTTPServerConfiguration(listen: "0.0.0.0:1")
            change(&configuration)
            let gate = RequestGate(configuration: configuration, address: try ListenAddress(configuration.listen))
            let head = RequestGate.Head(
                method: "GET", version: "HTTP/1.1", target: [0x2F], headers: HTTPHeaders([("Host", "printer-room.example")]),
                headerBytes: 10,
                remoteAddress: "")
            if case .refused(let response, _) = gate.examine(head) { return response.status }
            return nil
        }
        #expect(try status { _ in } == nil)
        #expect(try status { $0.allowedHosts = ["gateway.example"] } == 421)
        #expect(try status { $0.allowedHosts = ["printer-room.example"] } == nil)
    }

    @Test func jsonStringsSurviveTheRoundTrip() throws {
        let every = String(String.UnicodeScalarView((0..<0x3000).compactMap { Unicode.Scalar(UInt32($0)) })) + "😀\u{10FFFF}\r\ne\u{301}"
        let text = TextEscaping.json(every)
        #expect(try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) as? String == every)
        #expect(!text.contains("<") && !text.contains("\u{2028}") && !text.utf8.contains { $0 < 0x20 })
        #expect(TextEscaping.json("a\"b\\\u{1}\r\n") == #""a\"b\\\u0001\r\n""#)
    }

    @Test func problemsCarryHostileText() throws {
        let response = HTTPResponse.problem(status: 400, title: "\"</script>\u{0}", detail: "\\")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
        #expect(object["title"] as? String == "\"</script>\u{0}")
        #expect(object["detail"] as? String == "\\")
        #expect(object["type"] as? String == "about:blank")
    }

    @Test func htmlIsEscaped() {
        #expect(
            TextEscaping.html("<img src=x onerror='a' b=\"c\">&amp;") == "&lt;img src=x onerror=&#39;a&#39; b=&quot;c&quot;&gt;&amp;amp;")
        #expect(TextEscaping.html("a\u{0}\u{202E}b") == "a\u{FFFD}\u{FFFD}b")
        // The combining mark must not hide the '<' that it is attached to.
        #expect(TextEscaping.html("<\u{301}script") == "&lt;\u{301}script")
    }

    @Test func headerNamesKnowNoUnicode() {
        #expect(HTTPHeaders.sameName("Content-Length", "content-length"))
        #expect(!HTTPHeaders.sameName("\u{212A}ey", "key"))
    }
}
