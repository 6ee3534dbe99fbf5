import Foundation
import Glibc
import HTTPService
import Synchronization
import Testing

@Suite(.serialized) struct LifecycleTests {
    @Test func aPortInUseIsAClearError() throws {
        let server = try startServer()
        defer { server.stop() }
        let address = "127.0.0.1:\(server.boundPort)"
        #expect(throws: HTTPServerError.addressInUse(address)) { try startServer(change: { $0.listen = address }) }
        let text = HTTPServerError.addressInUse(address).description
        #expect(text.contains(address) && text.contains("http.listen") && text.contains("ss -ltnp"))
    }

    @Test func aForeignAddressIsAClearError() {
        #expect { try startServer(change: { $0.listen = "192.0.2.1:0" }) } throws: { "\($0)".contains("no such address") }
    }

    @Test func servesOnIPv6() throws {
        let server: HTTPServer
        do {
            server = try startServer(change: { $0.listen = "[::1]:0" })
        } catch HTTPServerError.cannotListen(_, let reason) {
            // Machines without IPv6 exist; they get the clear error.
            #expect(!reason.isEmpty)
            return
        }
        defer { server.stop() }
        #expect(server.boundAddress == "[::1]:\(server.boundPort)")
        let (status, body) = try curl(["http://[::1]:\(server.boundPort)/peer"])
        #expect(status == "200" && body == "::1")
    }

    @Test func theSamePortCanBeTakenAgainAtOnce() throws {
        let first = try startServer()
        _ = try RawClient(port: first.boundPort).request("GET", "/")
        first.stop()
        first.stop()
        #expect(throws: RawClient.Failure.self) { try RawClient(port: first.boundPort) }
        let second = try startServer(change: { $0.listen = "127.0.0.1:\(first.boundPort)" })
        defer { second.stop() }
        #expect(try RawClient(port: second.boundPort).request("GET", "/").status == 200)
    }

    @Test func aServerLetGoStops() throws {
        var server: HTTPServer? = try startServer()
        let port = try #require(server?.boundPort)
        server = nil
        #expect(throws: RawClient.Failure.self) { try RawClient(port: port) }
    }

    @Test func stopLetsARequestInFlightFinish() throws {
        let entered = Flag()
        let release = Flag()
        let server = try startServer(handler: { _ in
            entered.raise()
            _ = eventually { release.isRaised }
            return .text("finished")
        })
        let idle = try RawClient(port: server.boundPort)
        idle.send("GET / HT")
        let client = try RawClient(port: server.boundPort)
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(eventually { entered.isRaised })
        let stopped = Flag()
        let port = server.boundPort
        Thread.detachNewThread {
            server.stop()
            stopped.raise()
        }
        // Once new connections are refused, stop() has begun.
        #expect(eventually { (try? RawClient(port: port)) == nil })
        #expect(!stopped.isRaised)
        release.raise()
        #expect(try client.readResponse().text == "finished")
        #expect(eventually { stopped.isRaised })
        #expect(idle.isClosedByServer())
    }

    @Test func stopDoesNotWaitForeverForAClientThatSendsNoMore() throws {
        let server = try startServer(change: { $0.stopGraceMilliseconds = 50 })
        let client = try RawClient(port: server.boundPort)
        client.send("POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[")
        #expect(eventually { server.requestsInFlight == 1 })
        server.stop()
        #expect(client.isClosedByServer())
        #expect(server.requestsInFlight == 0)
    }

    @Test func manyClientsAtOnceEachGetTheirOwnAnswer() throws {
        let server = try startServer()
        defer { server.stop() }
        let wrong = Mutex<[String]>([])
        let port = server.boundPort
        DispatchQueue.concurrentPerform(iterations: 40) { worker in
            do {
                let client = try RawClient(port: port)
                for round in 0..<25 {
                    let body = Array("[\(worker),\(round)]".utf8)
                    let response = try client.request("POST", "/api/v1/echo", headers: ["Content-Type: application/json"], body: body)
                    if response.body != body { wrong.withLock { $0.append(response.text) } }
                }
            } catch {
                wrong.withLock { $0.append("\(error)") }
            }
        }
        #expect(wrong.withLock { $0 } == [])
        #expect(eventually { server.requestsInFlight == 0 })
    }

    @Test func slowClientsDoNotHoldUpOthers() throws {
        let server = try startServer()
        defer { server.stop() }
        let slow = try (0..<10).map { _ in try RawClient(port: server.boundPort) }
        for client in slow {
            client.send("POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n[")
        }
        #expect(eventually { server.requestsInFlight == 10 })
        #expect(try RawClient(port: server.boundPort).request("GET", "/api/v1/devices/a").text == "a")
        for client in slow {
            client.send("12]")
            #expect(try client.readResponse().text == "[12]")
        }
    }

    @Test func servesCurl() throws {
        let server = try startServer()
        defer { server.stop() }
        let url = "http://localhost:\(server.boundPort)/api/v1"
        #expect(try curl(["-4", "\(url)/devices/%7Bx%7D"]) == ("200", "{x}"))
        #expect(try curl(["-4", "\(url)/echo", "-H", "Content-Type: application/json", "-d", "{\"a\":1}"]) == ("201", "{\"a\":1}"))
        #expect(try curl(["-4", "\(url)/echo", "-d", "a=1"]).status == "415")
        #expect(try curl(["-4", "--http2", "\(url)/devices/a"]) == ("200", "a"))
    }
}

final class Flag: Sendable {
    private let state = Atomic<Bool>(false)
    var isRaised: Bool { state.load(ordering: .acquiring) }
    func raise() { state.store(true, ordering: .releasing) }
}

/// Status and body that the curl program gets.
func curl(_ arguments: [String]) throws -> (status: String, body: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
    process.arguments = ["--silent", "--noproxy", "*", "--max-time", "20", "--write-out", "\n%{http_code}"] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    var lines = text.components(separatedBy: "\n")
    return (lines.removeLast(), lines.joined(separator: "\n"))
}
