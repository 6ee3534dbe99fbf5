import HTTPService
import Testing

@Suite struct ProtectionTests {
    @Test(arguments: ["localhost", "LOCALHOST:8420", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8420"])
    func takesNamesOfThisMachine(host: String) throws {
        let server = try startServer()
        defer { server.stop() }
        #expect(try RawClient(port: server.boundPort).request("GET", "/", host: host).status == 200)
    }

    @Test(arguments: [
        "evil.example", "evil.example:8420", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:80@evil.example",
        "localhost:evil", "[::1", "[::2]", "",
    ])
    func refusesOtherNames(host: String) throws {
        let server = try startServer()
        defer { server.stop() }
        let response = try RawClient(port: server.boundPort).request("GET", "/", host: host)
        #expect(response.status == 421)
        _ = try response.problem()
    }

    @Test func theAuthorityOfAnAbsoluteTargetCounts() throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        #expect(try client.request("GET", "http://localhost:1/api/v1/devices/a").text == "a")
        #expect(try client.request("GET", "http://evil.example/api/v1/devices/a").status == 421)
        #expect(try client.request("GET", "http://localhost@evil.example/").status == 421)
    }

    @Test func takesNamesThatAreAllowed() throws {
        let server = try startServer(change: { $0.allowedHosts = ["Gateway.example"] })
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        #expect(try client.request("GET", "/", host: "gateway.EXAMPLE:443").status == 200)
        #expect(try client.request("GET", "/", host: "other.example").status == 421)
    }

    @Test(arguments: [
        "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site",
        "Origin: http://evil.example", "Origin: null", "Origin: http://localhost:1", "Origin: file://",
    ])
    func refusesPagesOfOtherOrigins(header: String) throws {
        let server = try startServer(change: { $0.openPaths = ["/peer"] })
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        for target in ["/", "/api/v1/query", "/nowhere"] {
            let response = try client.request("GET", target, headers: [header])
            #expect(response.status == 403)
            _ = try response.problem()
        }
        let body = try client.request("POST", "/api/v1/echo", headers: [header, "Content-Type: application/json"], body: [0x31])
        #expect(body.status == 403)
        #expect(try client.request("GET", "/peer", headers: [header]).status == 200)
    }

    @Test func takesThePageThatAProxyShows() throws {
        let server = try startServer(change: { $0.allowedHosts = ["gateway.example"] })
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        #expect(try client.request("GET", "/", headers: ["Origin: https://Gateway.example"]).status == 200)
        #expect(try client.request("GET", "/", headers: ["Origin: https://gateway.example:8443"]).status == 200)
        #expect(try client.request("GET", "/", headers: ["Origin: https://evil.example"]).status == 403)
        #expect(try client.request("GET", "/", headers: ["Origin: https://localhost:1"]).status == 403)
    }

    @Test(arguments: ["Sec-Fetch-Site: none", "Sec-Fetch-Site: same-origin", "Origin: http://LOCALHOST", "Origin: https://localhost"])
    func takesItsOwnPage(header: String) throws {
        let server = try startServer()
        defer { server.stop() }
        #expect(try RawClient(port: server.boundPort).request("GET", "/", headers: [header]).status == 200)
    }

    @Test(arguments: [nil, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", ""])
    func refusesWhatAFormCanSend(contentType: String?) throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        let headers = contentType.map { ["Content-Type: \($0)"] } ?? []
        let response = try client.request("POST", "/api/v1/echo", headers: headers, body: Array("{}".utf8))
        #expect(response.status == 415)
        _ = try response.problem()
        // The body was read and dropped, so the connection goes on in step.
        #expect(try client.request("GET", "/api/v1/devices/a").text == "a")
        #expect(try client.request("POST", "/api/v1/echo", headers: headers + ["Content-Length: 0"]).status == 415)
    }

    @Test func takesJSONAndCloudEvents() throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        for type in ["application/json", "Application/JSON ; charset=utf-8", "application/cloudevents+json"] {
            #expect(try client.request("POST", "/api/v1/echo", headers: ["Content-Type: \(type)"], body: [0x31]).status == 201)
        }
        #expect(try client.request("DELETE", "/api/v1/devices/a").status == 204)
        #expect(try client.request("DELETE", "/api/v1/devices/a", body: [0x31]).status == 415)
    }

    @Test func protectedRoutesWantTheToken() throws {
        let server = try startServer()
        defer { server.stop() }
        let client = try RawClient(port: server.boundPort)
        let without = try client.request("GET", "/api/v1/secret")
        #expect(without.status == 401)
        #expect(without.headers["www-authenticate"] == "Bearer realm=\"steward\"")
        _ = try without.problem()
        for header in ["Bearer wrong", "Basic right", "Bearer", "right", "Bearer right x"] {
            let response = try client.request("GET", "/api/v1/secret", headers: ["Authorization: \(header)"])
            #expect(response.status == 401, "\(header)")
            #expect(response.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
        }
        #expect(try client.request("GET", "/api/v1/secret", headers: ["Authorization: bearer right"]).status == 200)
        #expect(try client.request("HEAD", "/api/v1/secret").status == 401)
    }

    @Test func aRouterWithoutAHookLetsNobodyIn() {
        var router = Router()
        router.register(.get, "/a", isProtected: true) { _ in .text("open") }
        #expect(router.handle(HTTPRequest(method: .get, path: ["a"])).status == 401)
    }
}
