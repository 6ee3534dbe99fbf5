import HTTPService
import Testing

@Suite struct RoutingTests {
    @Test func answersARouteWithItsParameters() throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        let response = try client.request("GET", "/api/v1/devices/a%2Fb%20%C3%A4")
        #expect(response.status == 200)
        #expect(response.text == "a/b ä")
        #expect(try client.request("GET", "/api/v1/devices/new").text == "literal")
        #expect(try client.request("GET", "/peer").text == "127.0.0.1")
    }

    @Test func decodesTheQuery() throws {
        let server = try startServer()
        defer { server.stop() }
        let response = try RawClient(port: server.boundPort).request("GET", "/api/v1/query?a=1+2&b=%26&&c&a=x=y")
        #expect(response.text == "a=1 2|b=&|c=|a=x=y")
    }

    @Test func answersHeadLikeGetWithoutTheBody() throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        let response = try client.request("HEAD", "/api/v1/devices/abc")
        #expect(response.status == 200)
        #expect(response.headers["content-length"] == "3")
        // The connection is still in step, so no body was sent.
        #expect(try client.request("GET", "/api/v1/devices/x").text == "x")
    }

    @Test func echoesABodyInPieces() throws {
        let server = try startServer()
        defer { server.stop() }
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let client = try RawClient(port: server.boundPort)
        let response = try client.request("POST", "/api/v1/echo", headers: ["Content-Type: application/json; charset=utf-8"], body: body)
        #expect(response.status == 201)
        #expect(response.body == body)
    }

    @Test func readsAChunkedBody() throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        client.send("POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("3\r\n[1,\r\n")
        client.send("2\r\n2]\r\n0\r\n\r\n")
        #expect(try client.readResponse().text == "[1,2]")
    }

    @Test func answersUnknownPathsAndMethodsWithProblems() throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        for path in ["/nothing", "/api/v1/devices", "/api/v1/devices/", "/api//v1/devices/a", "/api/v1/devices/a/"] {
            let response = try client.request("GET", path)
            #expect(response.status == 404, "\(path)")
            #expect(try response.problem()["type"] as? String == "about:blank")
        }
        let response = try client.request("PUT", "/api/v1/devices/a", headers: ["Content-Type: application/json"], body: [0x30])
        #expect(response.status == 405)
        #expect(response.headers["allow"] == "GET, HEAD, DELETE")
        #expect(try response.problem()["title"] as? String == "Method not allowed")
    }

    @Test func refusesOtherMethods() throws {
        let server = try startServer()
        defer { server.stop() }
        for (method, target) in [("OPTIONS", "*"), ("PATCH", "/"), ("TRACE", "/"), ("BREW", "/")] {
            let response = try RawClient(port: server.boundPort).request(method, target)
            #expect(response.status == 405)
            #expect(response.headers["allow"] == "GET, HEAD, POST, PUT, DELETE")
            _ = try response.problem()
        }
    }

    @Test func addsSecurityHeaders() throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        for path in ["/", "/api/v1/devices/a", "/nothing"] {
            let response = try client.request("GET", path)
            #expect(response.headers["x-content-type-options"] == "nosniff")
            #expect(response.headers["cache-control"] == "no-store")
            #expect(response.headers["referrer-policy"] == "no-referrer")
            #expect(
                response.headers["content-security-policy"]?.hasPrefix(path == "/" ? "default-src 'self'" : "default-src 'none'") == true)
        }
        #expect(try client.request("GET", "/cached").headers["cache-control"] == "max-age=60")
    }

    @Test func doesNotLetAHandlerSplitTheResponse() throws {
        let server = try startServer()
        defer { server.stop() }
        let response = try RawClient(port: server.boundPort).request("GET", "/broken")
        #expect(response.status == 500)
        #expect(response.headers["set-cookie"] == nil)
    }
}
