import Glibc
import HTTPService
import Synchronization
import Testing

/// Clients that are slow, many, or gone must not keep others out.
@Suite(.serialized) struct SlowConnectionTests {
    private static let head =
        "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"

    @Test func aTrickleEndsAtTheDeadline() throws {
        let server = try startServer(change: { $0.requestTimeoutSeconds = 1 })
        defer { server.stop() }
        let headers = try RawClient(port: server.boundPort)
        let body = try RawClient(port: server.boundPort)
        body.send(Self.head)
        // Each byte starts the library's own time-out anew.
        #expect(
            eventually {
                usleep(50_000)
                return !headers.send("G") && !body.send("1")
            })
        #expect(try RawClient(port: server.boundPort).request("GET", "/").status == 200)
    }

    @Test func aSecondRequestOfAConnectionHasADeadlineToo() throws {
        let server = try startServer(change: { $0.requestTimeoutSeconds = 1 })
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        #expect(try client.request("GET", "/").status == 200)
        client.send(Self.head)
        #expect(
            eventually {
                usleep(50_000)
                return !client.send("1")
            })
    }

    @Test func atTheLimitTheOldestIncompleteRequestMakesRoom() throws {
        let counters = HTTPServerCounters()
        let server = try startServer(change: {
            $0.connectionLimit = 8
            $0.counters = counters
        })
        defer { server.stop() }
        var slow: [RawClient] = []
        for number in 0..<40 {
            slow.append(try RawClient(port: server.boundPort))
            slow[number].send(number.isMultiple(of: 2) ? "GET / HT" : Self.head)
            if number % 10 == 9 { #expect(try RawClient(port: server.boundPort).request("GET", "/api/v1/devices/a").text == "a") }
        }
        #expect(slow[0].isClosedByServer())
        #expect(counters.connectionsEnded.load(ordering: .relaxed) >= 30)
    }

    @Test func whatIsBeingAnsweredKeepsItsPlace() throws {
        let entered = Flag()
        let release = Flag()
        let server = try startServer(
            change: { $0.connectionLimit = 3 },
            handler: { request in
                guard request.path == ["wait"] else { return .text("quick") }
                entered.raise()
                _ = eventually { release.isRaised }
                return .text("finished")
            })
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(eventually { entered.isRaised })
        for _ in 0..<10 { #expect(try RawClient(port: server.boundPort).request("GET", "/").text == "quick") }
        release.raise()
        #expect(try client.readResponse().text == "finished")
    }

    @Test func handlersThatWaitHoldUpNeitherProbesNorWhoIsPreferred() throws {
        let release = Flag()
        let running = Atomic<Int>(0)
        var configuration = HTTPServerConfiguration(listen: "127.0.0.1:0")
        configuration.threadCount = 2
        let server = try HTTPServer(
            configuration: configuration, immediate: { $0.path == ["healthz"] ? .text("ok") : nil },
            lane: { $0.bearerToken == "operator" ? .preferred : $0.path == ["metrics"] ? .quick : .common },
            handler: { request in
                if request.bearerToken != nil { return .text("preferred") }
                if request.path == ["metrics"] { return .text("figures") }
                running.add(1, ordering: .relaxed)
                _ = eventually { release.isRaised }
                return .text("")
            })
        defer { server.stop() }
        let waiting = try (0..<100).map { _ in try RawClient(port: server.boundPort) }
        for client in waiting { client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") }
        #expect(eventually { running.load(ordering: .relaxed) == 2 })
        #expect(try RawClient(port: server.boundPort).request("GET", "/healthz").text == "ok")
        let response = try RawClient(port: server.boundPort).request("GET", "/", headers: ["Authorization: Bearer operator"])
        #expect(response.text == "preferred")
        #expect(try RawClient(port: server.boundPort).request("GET", "/metrics").text == "figures")
        // Only so many may wait; the others hear at once when to come again.
        let refused = try waiting.last?.readResponse()
        #expect(refused?.status == 503)
        #expect(refused?.headers["retry-after"] == "1")
        release.raise()
        #expect(try waiting[0].readResponse().status == 200)
    }

    @Test func aQuestionWhoseAskerHasGoneIsNotAsked() throws {
        let release = Flag()
        let entered = Flag()
        let asked = Atomic<Int>(0)
        let server = try startServer(
            change: { $0.threadCount = 1 },
            handler: { request in
                if request.path == ["wait"] {
                    entered.raise()
                    _ = eventually { release.isRaised }
                } else if request.path == ["gone"] {
                    asked.add(1, ordering: .relaxed)
                }
                return .text("")
            })
        defer { server.stop() }
        let first = try RawClient(port: server.boundPort)
        first.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(eventually { entered.isRaised })
        for _ in 0..<20 { try RawClient(port: server.boundPort).send("GET /gone HTTP/1.1\r\nHost: localhost\r\n\r\n") }
        let last = try RawClient(port: server.boundPort)
        last.send("GET /last HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(eventually { server.requestsInFlight == 22 })
        usleep(150_000)
        release.raise()
        #expect(try last.readResponse().status == 200)
        #expect(asked.load(ordering: .relaxed) == 0)
    }

    @Test func answersThatNobodyTakesAreBounded() throws {
        let server = try startServer(
            change: { $0.waitingResponseLimitBytes = 20 << 20 },
            handler: { $0.path == ["large"] ? .text(String(repeating: "a", count: 8 << 20)) : .text("small") })
        defer { server.stop() }
        let greedy = try (0..<8).map { _ in try RawClient(port: server.boundPort) }
        for client in greedy { client.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n") }
        #expect(eventually { (try? RawClient(port: server.boundPort).request("GET", "/large").status) == 503 })
        #expect(try RawClient(port: server.boundPort).request("GET", "/").text == "small")
    }
}
