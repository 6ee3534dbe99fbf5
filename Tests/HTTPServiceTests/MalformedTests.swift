import HTTPService
import Testing

@Suite(.serialized) struct MalformedTests {
    /// Sends bytes and closes nothing; returns the status, or nil if the server just closed.
    private func status(_ server: HTTPServer, _ text: String) throws -> Int? {
        let client = try RawClient(port: server.boundPort)
        client.send(text)
        return try? client.readResponse().status
    }

    @Test(arguments: [
        "/%00", "/a%00b", "/%ff", "/%C3%28", "/a/%2e%2e/b", "/a/../b", "/./a", "/..", "/%zz", "/%4", "/%", "/?a=%00", "/?a=%ff", "/?%zz",
        "relative", "?a",
    ])
    func refusesTargets(target: String) throws {
        let server = try startServer()
        defer { server.stop() }
        let response = try RawClient(port: server.boundPort).request("GET", target)
        #expect(response.status == 400)
        _ = try response.problem()
    }

    @Test(arguments: [
        "Content-Length: 2\r\nTransfer-Encoding: chunked", "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2\r\nContent-Length: 2",
        "Content-Length: -1", "Content-Length: +2", "Content-Length: 2, 2", "Content-Length: 0x2", "Content-Length:",
        "Content-Length: 99999999999999999999999", "Transfer-Encoding: gzip", "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Host: localhost",
    ])
    func refusesAmbiguousFraming(fields: String) throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        // The body is a well-formed last chunk, so that a server which just picks one reading would answer, and then answer what is
        // smuggled behind it as a request of its own.
        client.send(
            "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\(fields)\r\n\r\n"
                + "0\r\n\r\nGET /peer HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let response = try? client.readResponse()
        #expect(response == nil || [400, 413].contains(response?.status))
        #expect(client.isClosedByServer())
        #expect(eventually { server.requestsInFlight == 0 })
    }

    @Test func garbageDoesNotBreakTheServer() throws {
        let server = try startServer()
        defer { server.stop() }
        for text in [
            "\r\n\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost localhost\r\n\r\n", "GET /\u{0}x HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\u{0}b\r\n\r\n",
            "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ] {
            let client = try RawClient(port: server.boundPort)
            client.send(text)
            client.finishSending()
            #expect(client.isClosedByServer(), "\(text.debugDescription)")
        }
        #expect(try RawClient(port: server.boundPort).request("GET", "/").status == 200)
        #expect(eventually { server.requestsInFlight == 0 })
    }

    @Test func randomBytesDoNotBreakTheServer() throws {
        let server = try startServer()
        defer { server.stop() }
        var random = SystemRandomNumberGenerator()
        var state = UInt64.random(in: 1 ... .max, using: &random)
        let seed = state
        for _ in 0..<200 {
            var bytes = Array(
                "POST /api/v1/echo?a=b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]".utf8)
            for _ in 0..<(1 + state % 4) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 24)
            }
            let client = try RawClient(port: server.boundPort)
            client.send(bytes)
            client.finishSending()
            #expect(client.isClosedByServer(), "seed \(seed)")
        }
        #expect(try RawClient(port: server.boundPort).request("GET", "/").status == 200, "seed \(seed)")
        #expect(eventually { server.requestsInFlight == 0 }, "seed \(seed)")
    }

    @Test func aTruncatedRequestNeverReachesTheHandler() throws {
        let calls = Flag()
        let server = try startServer(handler: { _ in
            calls.raise()
            return .text("")
        })
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n[1")
        #expect(eventually { server.requestsInFlight == 1 })
        client.finishSending()
        #expect(client.isClosedByServer())
        #expect(eventually { server.requestsInFlight == 0 })
        #expect(!calls.isRaised)
    }

    @Test func pipelinedRequestsAreAnsweredInOrderAndGarbageEndsThem() throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        let one = "GET /api/v1/devices/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let two = "GET /api/v1/devices/2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        client.send(one + two + "garbage\r\n\r\n" + one)
        #expect(try client.readResponse().text == "1")
        #expect(try client.readResponse().text == "2")
        #expect((try? client.readResponse().status) != 200)
        #expect(client.isClosedByServer())
        #expect(try status(server, one) == 200)
    }
}
