import Foundation
import Outbound
import Testing

@Suite(.serialized) struct WebhookClientTests {
    private func response(_ result: WebhookResult) throws -> WebhookResponse {
        switch result {
        case .response(let response): return response
        case .failure(let failure): throw failure
        }
    }

    private func failure(_ result: WebhookResult) -> WebhookFailure? {
        if case .failure(let failure) = result { failure } else { nil }
    }

    private func seen(_ result: WebhookResult) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(response(result).body)) as? [String: Any])
    }

    @Test func deliversBodyAndHeadersAndKeepsTheConnection() throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        let client = try WebhookClient()
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var request = WebhookRequest(
            url: receiver.url + "/echo", headers: [("Content-Type", "application/json"), ("X-Empty", "")], body: body)
        let first = try seen(client.send(request))
        let headers = try #require(first["headers"] as? [String: String])
        #expect(first["method"] as? String == "POST")
        #expect(first["bytes"] as? Int == body.count)
        #expect(first["sha256"] as? String == (try Digests.sha256(body)).map { String(format: "%02x", $0) }.joined())
        #expect(headers["content-type"] == "application/json" && headers["x-empty"] == "" && headers["user-agent"] == "steward")
        #expect(headers["expect"] == nil)

        request = WebhookRequest(method: .get, url: receiver.url + "/echo")
        let second = try seen(client.send(request))
        #expect(second["method"] as? String == "GET" && second["bytes"] as? Int == 0)
        #expect((second["headers"] as? [String: String])?["x-empty"] == nil)
        let third = try seen(client.send(WebhookRequest(url: receiver.url + "/echo")))
        #expect(third["method"] as? String == "POST" && third["bytes"] as? Int == 0)
        let fourth = try seen(client.send(WebhookRequest(url: receiver.url + "/echo", body: [1, 2])))
        #expect(fourth["method"] as? String == "POST" && fourth["bytes"] as? Int == 2)
        #expect(Set([first, second, third, fourth].compactMap { $0["peer"] as? Int }).count == 1)
    }

    @Test(arguments: [200, 204, 400, 404, 410, 500, 503])
    func tellsTheStatus(status: Int) throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        let answer = try response(WebhookClient().send(WebhookRequest(url: receiver.url + "/status/\(status)")))
        #expect(answer.status == status && answer.retryAfterSeconds == nil && !answer.isTruncated)
        if status != 204 { #expect(String(decoding: answer.body, as: UTF8.self) == "status \(status)") }
    }

    @Test func tellsRetryAfter() throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        let client = try WebhookClient()
        let seconds = try response(client.send(WebhookRequest(url: receiver.url + "/retry-seconds/120")))
        #expect(seconds.status == 429 && seconds.retryAfterSeconds == 120)
        let date = try response(client.send(WebhookRequest(url: receiver.url + "/retry-date/3600")))
        #expect(date.status == 503)
        #expect((3_000...3_601).contains(date.retryAfterSeconds ?? 0))
        #expect(try response(client.send(WebhookRequest(url: receiver.url + "/retry-date/-3600"))).retryAfterSeconds == nil)
        #expect(try response(client.send(WebhookRequest(url: receiver.url + "/retry-seconds/soon"))).retryAfterSeconds == nil)
    }

    @Test func doesNotFollowRedirects() throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        #expect(try response(WebhookClient().send(WebhookRequest(url: receiver.url + "/redirect"))).status == 302)
    }

    @Test func readsChunks() throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        let answer = try response(WebhookClient().send(WebhookRequest(url: receiver.url + "/chunked")))
        #expect(String(decoding: answer.body, as: UTF8.self) == "one,two,three")
    }

    @Test func boundsAnEndlessAnswer() throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        let client = try WebhookClient()
        let answer = try response(client.send(WebhookRequest(url: receiver.url + "/huge", maximumResponseBytes: 12_345)))
        #expect(answer.status == 200 && answer.isTruncated && answer.body == [UInt8](repeating: 0x78, count: 12_345))
        let headers = failure(client.send(WebhookRequest(url: receiver.url + "/headers")))
        #expect(headers?.kind == .other)
        #expect(try response(client.send(WebhookRequest(url: receiver.url + "/status/200", maximumResponseBytes: 0))).status == 200)
    }

    @Test func aSlowReceiverTimesOut() throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        let client = try WebhookClient()
        let failed = failure(client.send(WebhookRequest(url: receiver.url + "/slow", timeoutSeconds: 0.3)))
        #expect(failed?.kind == .timeout)
        #expect(failed?.reason.isEmpty == false)
        #expect(try response(client.send(WebhookRequest(url: receiver.url + "/status/200"))).status == 200)
    }

    @Test func aBrokenAnswerIsAFailure() throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        let client = try WebhookClient()
        #expect(failure(client.send(WebhookRequest(url: receiver.url + "/drop")))?.kind == .other)
        #expect(failure(client.send(WebhookRequest(url: receiver.url + "/short")))?.kind == .other)
    }

    @Test func aClosedPortIsAFailureWithoutTheURL() throws {
        let receiver = try Receiver()
        let url = receiver.url
        receiver.stop()
        let failed = failure(try WebhookClient().send(WebhookRequest(url: url + "/token-s3cret")))
        #expect(failed?.kind == .connectionFailed)
        #expect(failed?.reason.contains("s3cret") == false)
        #expect(failure(try WebhookClient().send(WebhookRequest(url: "http://name.invalid/")))?.kind == .nameNotFound)
    }

    @Test(arguments: [
        "file:///etc/passwd", "ftp://127.0.0.1/", "http:/x", "", "127.0.0.1", "http://a b/", "http://a/\r\nX: y", "http://ä/", "gopher://x",
    ])
    func refusesOtherURLs(url: String) throws {
        #expect(failure(try WebhookClient().send(WebhookRequest(url: url)))?.kind == .invalidRequest)
    }

    @Test func refusesHeadersThatWouldSplitTheRequest() throws {
        let client = try WebhookClient()
        for header in [("X-A", "a\r\nX-B: b"), ("X-A\r\n", "a"), ("", "a"), ("X A", "a"), ("X-A", "a\u{0}")] {
            #expect(failure(client.send(WebhookRequest(url: "http://127.0.0.1:1/", headers: [header])))?.kind == .invalidRequest)
        }
        #expect(failure(client.send(WebhookRequest(url: "http://127.0.0.1:1/", timeoutSeconds: .nan)))?.kind == .invalidRequest)
    }

    @Test func cancelBreaksOffAWait() throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        let client = try WebhookClient()
        let url = receiver.url
        Thread.detachNewThread {
            usleep(100_000)
            client.cancel()
        }
        #expect(failure(client.send(WebhookRequest(url: url + "/slow", timeoutSeconds: 50)))?.kind == .cancelled)
    }

    @Test func verifiesCertificates() throws {
        let directory = try makeTemporaryDirectory()
        try makeCertificate("here", names: "DNS:localhost,IP:127.0.0.1", in: directory)
        let receiver = try Receiver(certificate: "here", in: directory)
        defer { receiver.stop() }
        let request = WebhookRequest(url: "https://127.0.0.1:\(receiver.port)/status/200")
        let refused = failure(try WebhookClient().send(request))
        #expect(refused?.kind == .tls)
        #expect(refused?.reason.contains("certificate") == true)
        let caFile = directory.appendingPathComponent("here.pem").path
        #expect(try response(WebhookClient(configuration: .init(caFile: caFile)).send(request)).status == 200)
        #expect(failure(try WebhookClient(configuration: .init(caFile: "/nonexistent.pem")).send(request))?.kind == .tls)
    }

    @Test func verifiesTheNameInTheCertificate() throws {
        let directory = try makeTemporaryDirectory()
        try makeCertificate("elsewhere", names: "DNS:elsewhere.example", in: directory)
        let receiver = try Receiver(certificate: "elsewhere", in: directory)
        defer { receiver.stop() }
        let client = try WebhookClient(configuration: .init(caFile: directory.appendingPathComponent("elsewhere.pem").path))
        #expect(failure(client.send(WebhookRequest(url: "https://127.0.0.1:\(receiver.port)/status/200")))?.kind == .tls)
    }

    @Test func aPythonReceiverVerifiesOurSignature() throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        let client = try WebhookClient()
        let body = Array("{\"a\":\"ä\\n\"}".utf8)
        func status(_ secrets: [String]) throws -> Int {
            let headers = try WebhookSignature(secrets: secrets).headers(id: "msg_1", timestampSeconds: 1_700_000_000, payload: body)
            return try response(client.send(WebhookRequest(url: receiver.url + "/verify", headers: headers, body: body))).status
        }
        let known = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        let other = try WebhookSignature.makeSecret()
        #expect(try status([known]) == 204)
        #expect(try status([other, known]) == 204)
        #expect(try status([other]) == 401)
    }
}
