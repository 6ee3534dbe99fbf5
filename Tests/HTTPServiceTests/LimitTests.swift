import HTTPService
import Testing

@Suite(.serialized) struct LimitTests {
    private static let json = ["Content-Type: application/json"]

    @Test func refusesALargerBodyAndKeepsTheConnection() throws {
        let server = try startServer(change: { $0.bodyLimitBytes = 1_000 })
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        let body = [UInt8](repeating: 0x31, count: 1_000)
        #expect(try client.request("POST", "/api/v1/echo", headers: Self.json, body: body).status == 201)
        let response = try client.request("POST", "/api/v1/echo", headers: Self.json, body: body + [0x31])
        #expect(response.status == 413)
        _ = try response.problem()
        #expect(try client.request("GET", "/api/v1/devices/a").text == "a")
    }

    @Test func refusesAHugeBodyBeforeItComes() throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        client.send(
            "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n")
        let response = try client.readResponse()
        #expect(response.status == 413)
        #expect(response.headers["connection"]?.lowercased() == "close")
    }

    @Test func saysNoInsteadOfContinue() throws {
        let server = try startServer(change: { $0.bodyLimitBytes = 10 })
        defer { server.stop() }
        let head = "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
        let refused = try RawClient(port: server.boundPort)
        refused.send(head + "Content-Length: 11\r\n\r\n")
        #expect(try refused.readResponse().status == 413)
        let taken = try RawClient(port: server.boundPort)
        taken.send(head + "Content-Length: 2\r\n\r\n")
        #expect(try taken.readResponse().status == 100)
        taken.send("[]")
        #expect(try taken.readResponse().text == "[]")
    }

    @Test func refusesAChunkedBodyThatGrowsTooLarge() throws {
        let server = try startServer(change: { $0.bodyLimitBytes = 1_000 })
        defer { server.stop() }
        let head = "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunk = "200\r\n" + String(repeating: "1", count: 0x200) + "\r\n"
        let client = try RawClient(port: server.boundPort)
        client.send(head + chunk + chunk + "0\r\n\r\n")
        #expect(try client.readResponse().status == 413)

        let endless = try RawClient(port: server.boundPort)
        endless.send(head)
        #expect(eventually { !endless.send(chunk) })
        #expect(eventually { server.requestsInFlight == 0 })
    }

    @Test func refusesLargeHeaders() throws {
        let server = try startServer(change: { $0.headerLimitBytes = 2_048 })
        defer { server.stop() }
        let little = try RawClient(port: server.boundPort).request("GET", "/", headers: ["X-A: " + String(repeating: "a", count: 1_500)])
        #expect(little.status == 200)
        let more = try RawClient(port: server.boundPort).request("GET", "/", headers: ["X-A: " + String(repeating: "a", count: 2_100)])
        #expect(more.status == 431)
        _ = try more.problem()
        // This is more than the library keeps, so the answer is its own.
        let huge = try RawClient(port: server.boundPort).request("GET", "/", headers: ["X-A: " + String(repeating: "a", count: 60_000)])
        #expect(huge.status == 431)
        #expect(eventually { server.requestsInFlight == 0 })
    }

    @Test func anIdleConnectionIsClosed() throws {
        let server = try startServer(change: { $0.idleTimeoutSeconds = 1 })
        defer { server.stop() }
        let silent = try RawClient(port: server.boundPort)
        let halfway = try RawClient(port: server.boundPort)
        halfway.send("GET / HTT")
        #expect(silent.isClosedByServer())
        #expect(halfway.isClosedByServer())
    }

    @Test func refusesLimitsThatMakeNoSense() throws {
        #expect(throws: HTTPServerError.invalidConfiguration("threadCount is 0, expected 1 to 64")) {
            try startServer(change: { $0.threadCount = 0 })
        }
        #expect(throws: HTTPServerError.self) { try startServer(change: { $0.idleTimeoutSeconds = 0 }) }
        #expect(throws: HTTPServerError.self) { try startServer(change: { $0.bodyLimitBytes = -1 }) }
    }
}
