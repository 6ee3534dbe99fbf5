import Foundation
import HTTPService
import SQLiteStore
import Testing

@testable import Gateway

@Suite struct APITests {
    /// Routes that are answered without the core: from its published figures, from the store, or by the shell itself.
    private static let withoutCore: Set<String> = [
        "/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/journal", "/api/v1/deadletters", "/api/v1/requests/{id}",
        "/api/v1/profiles/reload", "/api/v1/deadletters/replay", "/api/v1/surveys", "/api/v1/stock",
        // They ask for a sender's secret first, and are tested with one where suppliers are.
        "/api/v1/cxml", "/api/v1/suppliers/{name}/reports",
    ]

    /// A body with only the members that a route knows, so that the core is asked in any case.
    private static func body(_ pattern: String) -> String {
        switch pattern.split(separator: "/").last {
        case "shelving": #"{"by":"Ann","reason":"r","forSeconds":60}"#
        case "orders": #"{"by":"Ann","device":"d","supply":"black"}"#
        case "updates": #"{"state":"accepted"}"#
        case "maintenance": #"{"by":"Ann","reason":"r","device":"d","from":4000000000000,"until":4000003600000}"#
        default: #"{"by":"Ann"}"#
        }
    }

    @Test func aCoreThatIsNotAskedIsNeverToldAsNotThere() throws {
        let bench = try APIBench()
        bench.worker.closeForQuestions()
        var asked = 0
        for route in GatewayAPI.routes where !Self.withoutCore.contains(route.pattern) {
            let path = route.pattern.replacing("{id}", with: "x").replacing("{supply}", with: "black").replacing("{metric}", with: "m")
            let answer = bench.ask(route.method, path, body: route.method == .post ? Self.body(route.pattern) : "")
            #expect(
                answer.status == 503, "\(route.method) \(route.pattern): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
            asked += 1
        }
        #expect(asked > 20)
    }

    @Test func aCoreThatIsAskedSaysWhatIsNotThere() throws {
        let bench = try APIBench()
        try bench.start()
        for route in GatewayAPI.routes where route.pattern.contains("{id}") && !Self.withoutCore.contains(route.pattern) {
            let path = route.pattern.replacing("{id}", with: "x").replacing("{supply}", with: "black").replacing("{metric}", with: "m")
            let answer = bench.ask(route.method, path, body: route.method == .post ? Self.body(route.pattern) : "")
            #expect(answer.status == 404, "\(route.method) \(route.pattern): \(answer.status)")
        }
    }

    /// What the store has recorded under a key cannot be known while it cannot be read, so nothing may be done, and no 404 or 409 said.
    @Test func aRequestWhoseKeyCannotBeLookedUpIsNotHandled() throws {
        let bench = try APIBench()
        try bench.start()
        bench.rename(table: "request", to: "gone")
        let answer = bench.ask(.post, "/api/v1/alarms/x/acknowledgement", body: #"{"by":"Ann"}"#, headers: [("Idempotency-Key", "k")])
        #expect(answer.status == 500, "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
    }

    @Test(arguments: [
        ("", "expected"), ("[]", "as an object"), (#"{"by":7}"#, "must be a string"), (#"{"by":""}"#, "is empty"),
        (#"{"by":"Ann","buy":1}"#, "unknown key"), ("{}", "needs \"by\""),
    ])
    func bodiesAreRefusedInOneWay(_ body: String, _ part: String) throws {
        let bench = try APIBench()
        try bench.start()
        let text = #"{"item":"toner","units":1,"# + body.dropFirst()
        for (path, body) in [("/api/v1/stock", body.hasPrefix(#"{"by"#) ? text : body)] {
            let answer = bench.ask(.post, path, body: body)
            #expect(answer.status == 400 && answer.headers["Content-Type"] == "application/problem+json")
            #expect(String(decoding: answer.body, as: UTF8.self).contains(part.replacing("\"", with: "\\\"")) || part == "expected")
        }
    }

    /// A name that was cut would be the name of another thing.
    @Test func aNameThatIsTooLongIsRefusedAndATextIsCut() throws {
        let bench = try APIBench()
        let long = String(repeating: "n", count: 257)
        let refused = bench.ask(.post, "/api/v1/stock", body: #"{"item":"\#(long)","units":1,"by":"Ann"}"#)
        #expect(refused.status == 400 && String(decoding: refused.body, as: UTF8.self).contains("1 to 256 bytes"))
        let box = bench.mailbox
        let thread = Thread {
            while true {
                let mails = box.drain()
                if !mails.isEmpty { return box.confirm(mails) }
                usleep(1000)
            }
        }
        thread.start()
        let taken = bench.ask(.post, "/api/v1/stock", body: #"{"item":"toner","units":1,"by":"\#(long)"}"#)
        #expect(taken.status == 202)
    }
}
