import Foundation
import GatewayCore
import Telemetry
import Testing

@testable import Gateway

@Suite struct ReplayLineTests {
    private func line(_ text: String) throws -> ReplayLine { try ReplayLine(Array(text.utf8)[...]) }

    @Test(arguments: [
        (#"{"time":5,"topic":"a/b","payload":{"x": [1, "}"]}}"#, #"{"x": [1, "}"]}"#),
        (#"{"time":5,"topic":"a/b","payload":"{\"x\":1}"}"#, #"{"x":1}"#),
        (#"{"payload_b64":"eyJ4IjoxfQ==","topic":"a/b","time":5}"#, #"{"x":1}"#),
        (#" { "time" : 5 , "topic" : "a\/\u0062" , "payload" : 1e999 } "#, "1e999"),
        (#"{"time":5.0,"topic":"a/b","payload":"","extra":[{}]}"#, ""),
        (#"{"time":5,"topic":"a/b","payload":{"x":1,"x":2},"note":"a\\\"b"}"#, #"{"x":1,"x":2}"#),
        (#"{"time":5,"topic":"a/b","payload":null}"#, "null"),
        (#"{"time":5,"topic":"a/b","payload":"\ud83d\ude00"}"#, "😀"),
    ]) func payloadsAreTakenAsTheyStand(_ text: String, _ payload: String) throws {
        let parsed = try line(text)
        #expect(parsed.timeMilliseconds == 5 && parsed.topic.elementsEqual("a/b".utf8) && !parsed.isRetained)
        #expect(String(decoding: parsed.payload, as: UTF8.self) == payload)
    }

    @Test func retained() throws {
        #expect(try line(#"{"time":5,"topic":"a","payload":1,"retained":true}"#).isRetained)
        #expect(try line(#"{"time":5,"topic":"a","payload":1,"retained": true }"#).isRetained)
        #expect(try !line(#"{"time":5,"topic":"a","payload":1,"retained":false}"#).isRetained)
    }

    @Test(arguments: [
        "", "x", "[]", "{}", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":\"x", "{\"a\":\"x\\", "{\"a\":[",
        #"{"time":5,"topic":"a"}"#,
        #"{"time":"5","topic":"a","payload":1}"#, #"{"time":5.5,"topic":"a","payload":1}"#, #"{"time":1e300,"topic":"a","payload":1}"#,
        #"{"time":5,"topic":7,"payload":1}"#, #"{"time":5,"topic":"a","payload_b64":"%%"}"#, #"{"time":5,"topic":"a","payload":"\ud800"}"#,
        #"{"time":5 "topic":"a","payload":1}"#, #"{"time":5,"topic":"a","payload":}"#, #"{"time":,"topic":"a","payload":1}"#,
    ]) func hostileLinesAreRefused(_ text: String) { #expect(throws: ConfigurationError.self) { try line(text) } }

    @Test func mutatedLinesNeverTrap() {
        let seed: UInt64 = 99
        print("ReplayLine seed \(seed)")
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let fixture = Array(
            #"{"time":1700000000000,"topic":"devices/a/telemetry","payload":{"ts":1,"s":{"a":[1,"\"x"]}},"payload_b64":"eyJ4IjoxfQ=="}"#
                .utf8)
        for _ in 0..<20_000 {
            var bytes = fixture
            for _ in 0...next(3) {
                guard !bytes.isEmpty else { break }
                switch next(3) {
                case 0: bytes[next(bytes.count)] = UInt8(next(256))
                case 1: bytes.remove(at: next(bytes.count))
                default: bytes.insert(Array("{}[]\",:\\ ".utf8)[next(9)], at: next(bytes.count))
                }
            }
            _ = try? ReplayLine(bytes[...])
        }
    }
}

@Suite struct ReplayTests {
    private func profiles() throws -> [DeviceProfile] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try ProfileLoader.load([root.appending(path: "DeviceProfiles").path])
    }

    private func made() throws -> Replay {
        guard let replay = Replay(configuration: CoreConfiguration(), profiles: try profiles()) else {
            throw ConfigurationError("no memory")
        }
        return replay
    }

    private static let start: Int64 = 1_767_225_600_000

    private func telemetry(_ second: Int, _ members: String) -> String {
        let time = Self.start + Int64(second) * 1000
        return "{\"time\":\(time),\"topic\":\"devices/d1/telemetry\",\"payload\":{\"ts\":\(time),\(members)}}"
    }

    private func run(_ lines: [String]) throws -> [[String: Any]] {
        var replay = try made()
        var output: [[UInt8]] = []
        for line in lines { try replay.process(Array(line.utf8)[...]) { output.append($0) } }
        return try output.map { try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]) }
    }

    /// The contract of `steward replay`: a line for each decision with time, kind and device; an order has supply, generation and reason.
    @Test func decisionsKeepTheContract() throws {
        var lines = [telemetry(0, "\"status\":\"printing\",\"supplies\":{\"black\":43}")]
        for second in stride(from: 10, through: 40, by: 10) {
            lines.append(telemetry(second, "\"status\":\"error\",\"fuserTemp\":215,\"errors\":[\"cover-open\"],\"supplies\":{\"black\":4}"))
        }
        for minute in 1...4 {
            lines.append(telemetry(60 * minute, "\"status\":\"idle\",\"fuserTemp\":150,\"errors\":[],\"supplies\":{\"black\":4}"))
        }
        for minute in 5...60 { lines.append(telemetry(60 * minute, "\"status\":\"idle\",\"supplies\":{\"black\":4}")) }
        let decisions = try run(lines)
        for decision in decisions {
            #expect(decision["time"] is NSNumber && decision["kind"] is String && decision["device"] as? String == "d1")
        }
        let kinds = decisions.compactMap { $0["kind"] as? String }
        for kind in ["order", "alarm.raised", "alarm.cleared", "command", "incident.opened", "incident.closed"] {
            #expect(kinds.contains(kind), "\(kind) is missing in \(kinds)")
        }
        let order = try #require(decisions.first { $0["kind"] as? String == "order" })
        #expect(order["supply"] as? String == "black" && order["generation"] as? Int == 1 && order["reason"] is String)
        #expect(kinds.filter { $0 == "order" }.count == 1)
    }

    /// Between two lines time passes as it does for `run`: what a deadline or a silence decides has its own time.
    @Test func timeBetweenTheLinesPasses() throws {
        let decisions = try run([
            telemetry(0, "\"errors\":[\"jam\"]"), telemetry(100_000, "\"errors\":[\"jam\"]"),
        ])
        let shown = decisions.map { "\($0["kind"] ?? "") \((($0["time"] as? Int64) ?? 0) - Self.start)" }
        #expect(
            shown.contains("command 0") && shown.contains("command 30000") && shown.contains("ticket 60000")
                || shown.contains("ticket 150000"), "\(shown)")
        #expect(shown.contains { $0.hasPrefix("alarm.raised 9") }, "\(shown)")
    }

    /// Nobody was asked, so nobody failed to answer; the alarm that went by itself was not mended by a command.
    @Test func commandsOfAReplayAreNotSent() throws {
        let stays = try run([
            telemetry(0, "\"errors\":[\"jam\"]"), telemetry(3600, "\"errors\":[\"jam\"]"),
        ])
        let outcomes = stays.filter { $0["kind"] as? String == "command.outcome" }.compactMap { $0["outcome"] as? String }
        #expect(!outcomes.isEmpty && outcomes.allSatisfy { $0 == "not-sent" }, "\(outcomes)")
        let ticket = try #require(stays.first { $0["kind"] as? String == "ticket" })
        #expect((ticket["reason"] as? String)?.contains("a replay sends nothing") == true)
        let goes = try run([telemetry(0, "\"errors\":[\"jam\"]"), telemetry(20, "\"errors\":[]")])
        #expect(goes.compactMap { $0["outcome"] as? String } == ["overtaken"])
    }

    /// A pause of a year, of a century or of the age of the universe is whole, and over at once.
    @Test func longPausesAreWhole() throws {
        for seconds in [400 * 86_400, 40_000 * 86_400, 4_000_000_000_000_000] {
            let decisions = try run([
                telemetry(0, "\"status\":\"idle\""), telemetry(60, "\"errors\":[\"jam\"]"),
                "{\"time\":\(Self.start + Int64(seconds) * 1000),\"topic\":\"x\",\"payload\":1}",
            ])
            let times = decisions.filter { $0["condition"] as? String == "silent" }.compactMap { ($0["time"] as? NSNumber)?.int64Value }
            // The device was young, so it was waited for as long as for one that reports once a day.
            #expect(times.count == 1 && times[0] - Self.start >= 26 * 3_600_000 && times[0] - Self.start < 26 * 3_600_000 + 120_000)
            #expect(decisions.contains { $0["kind"] as? String == "ticket" })
        }
    }

    @Test func aBadLineIsToldAndTheReplayGoesOn() throws {
        var replay = try made()
        var count = 0
        do {
            try replay.process(Array("{".utf8)[...]) { _ in count += 1 }
            Issue.record("the line was taken")
        } catch { #expect(error.description == "the line is no whole JSON object") }
        try replay.process(Array(telemetry(1, "\"errors\":[\"cover-open\"]").utf8)[...]) { _ in count += 1 }
        try replay.process(Array("{\"time\":\(Self.start),\"topic\":\"x\",\"payload\":1}".utf8)[...]) { _ in count += 1 }
        #expect(count == 1)
        // Replay is not copyable, so the macro gets a copy of the numbers only.
        let summary = replay.summary
        let numbers: [Int] = [summary.lines, summary.unreadableLines, summary.decisions, summary.deadLetters]
        // A topic that no profile reads is counted.
        #expect(numbers == [3, 1, 1, 0])
        let strangers = replay.strangers
        #expect(strangers == 1)
    }

    @Test func extremeTimesNeverTrap() throws {
        var lines: [String] = []
        for time in [Int64.min, -1, 0, 1, Self.start, .max - 1, .max, .min, Self.start] {
            for payload in [
                "{\"status\":\"error\",\"supplies\":{\"black\":2},\"errors\":[\"jam\"],\"fuserTemp\":300}",
                "{\"status\":\"idle\",\"ts\":\(time)}",
            ] {
                lines.append("{\"time\":\(time),\"topic\":\"devices/d1/telemetry\",\"payload\":\(payload)}")
            }
        }
        _ = try run(lines)
    }

    @Test func theSameRecordingGivesTheSameDigest() throws {
        let lines = (0..<200).map {
            telemetry($0 * 30, "\"status\":\"\($0 % 7 == 0 ? "error" : "idle")\",\"fuserTemp\":\(190 + $0 % 40),\"x\($0 % 9)\":1")
        }
        var digests: Set<String> = []
        for _ in 0..<2 {
            var replay = try made()
            for line in lines { try replay.process(Array(line.utf8)[...]) { _ in } }
            digests.insert(replay.digest)
            let messages = replay.counters.messages
            #expect(messages == 200)
        }
        #expect(digests.count == 1)
    }
}
