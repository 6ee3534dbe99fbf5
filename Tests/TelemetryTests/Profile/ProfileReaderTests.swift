import Documents
import Foundation
import Testing

@testable import Telemetry

@Suite struct ProfileReaderTests {
    private func problems(_ text: String) -> [String] {
        do {
            _ = try ProfileReader.read(Array(text.utf8), file: "p.json")
            return []
        } catch { return error.diagnostics.map(\.description) }
    }

    private func shipped(_ name: String) throws -> DeviceProfile {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appending(path: "DeviceProfiles/\(name)/\(name).json")
        return try ProfileReader.read(Array(try Data(contentsOf: file)), file: file.path)
    }

    @Test func allMistakesAreToldInOneRun() {
        let found = problems(
            """
            {
              profile: "my printer",
              messages: [{ topic: "devices/telemetry" }],
              metrics: {
                temp: { pointer: "temp", knd: "gauge" },
                "x.{a}": { pointer: "/x/{b}" },
                lvl: { pointer: "/l", kind: "level" },
              },
              supplies: { black: { level: "/b", capacity: 0, leadTimeDays: -1, floorPercent: 101, counter: "pags" } },
              faults: { hot: { raise: { metric: "tmp", above: 1, below: 2 }, playbook: "cool" } },
              commands: { stop: { topic: "d/#", payload: {} } },
              playbooks: { run: { steps: [{ command: "stpo" }] } },
              colour: 1,
            }
            """)
        for (line, words) in [
            ("p.json:2:12:", "letters, digits"), ("p.json:3:", "exactly one level must be {device}"), ("p.json:5:", "begins with /"),
            ("p.json:5:", "did you mean \"kind\"?"), ("p.json:6:", "must hold {b}"), ("p.json:6:", "{a} is no part of the pointer"),
            ("p.json:7:", "belongs under \"supplies\""), ("p.json:9:47:", "\"capacity\" must be above 0"), ("p.json:9:64:", "leadTimeDays"),
            ("p.json:9:", "floorPercent"), ("p.json:10:", "exactly one of above"), ("p.json:11:", "{device} and no wildcard"),
            ("p.json:13:3:", "unknown key \"colour\""),
            ("p.json:12:42:", "command \"stpo\", which the profile does not define, did you mean \"stop\"?"),
            ("p.json:11:13:", "\"replies\" must say where"),
        ] {
            #expect(
                found.contains { $0.hasPrefix(line) && $0.contains(words) },
                "\(line) \(words) is missing in\n\(found.joined(separator: "\n"))")
        }
        #expect(found == found.sorted { Self.line($0) < Self.line($1) })
    }

    private static func line(_ text: String) -> Int { Int(text.split(separator: ":")[1]) ?? 0 }

    @Test(arguments: [
        ("{ profile: 'p', messages: [] }", "at least one topic"),
        ("[]", "found a list"),
        ("{ profile: 'p', messages: [{ topic: 'd/{device}', time: { pointer: '/t', unit: 'hours' } }] }", "milliseconds, seconds, iso8601"),
        ("{ profile: 'p', messages: [{ topic: 'd/{device}', time: { pointer: '/{t}' } }] }", "captures nothing"),
        ("{ profile: 'p', messages: [{ topic: 'd/{device}', requires: '/{t}' }] }", "captures nothing"),
        ("{ profile: 'p', messages: [{ topic: 'd/{device}' }], replies: [{ topic: 'r/{device}' }] }", "needs \"requestId\""),
        (
            "{ profile: 'p', messages: [{ topic: 'd/{device}' }], replies: [{ topic: 'r/{device}', requestId: '/{x}', outcome: '/o' }] }",
            "captures nothing"
        ),
        (
            "{ profile: 'p', messages: [{ topic: 'd/{device}' }], alerts: [{pointer:'/a'},{pointer:'/b'},{pointer:'/c'},{pointer:'/d'},{pointer:'/e'}] }",
            "at most 4"
        ),
        ("{ profile: 'p', messages: [\(String(repeating: "{ topic: 'd/{device}' },", count: 65))] }", "at most 64"),
        ("{ profile: 'p', messages: [{ topic: 'd/{device}' }], faults: { f: { raise: { metric: 'm', above: 1 } } } }", "metric \"m\""),
        ("{ profile: 'p', messages: [{ topic: 'd/{device}' }], silentAfterSeconds: -1 }", "a year"),
    ]) func mistakes(_ text: String, _ words: String) {
        let found = problems(text)
        #expect(found.contains { $0.contains(words) }, "\(words) is missing in \(found)")
    }

    @Test func theNativeProfileSaysWhatDESIGNPromises() throws {
        let profile = try shipped("steward-native")
        #expect(profile.name == "steward-native")
        #expect(profile.messages.map(\.topic.text) == ["devices/{device}/telemetry"])
        #expect(profile.messages[0].time == TimeRule(path: try PathPattern("/ts"), unit: .milliseconds))
        #expect(profile.commands.allSatisfy { $0.topic == "devices/{device}/commands/\($0.name)" })
        #expect(profile.replies.map(\.topic.text) == ["devices/{device}/replies"])
        #expect(
            profile.faults.first { $0.id == "fuser-overheat" }?.raise
                == ConditionRule(.value(metric: "fuserTemp", .above(.number(210)), hysteresis: 0), forMilliseconds: 10_000))
        #expect(profile.supplies.map(\.name.text) == ["{slot}"])
        #expect(profile.supplies[0].leadTimeMilliseconds == 3 * 86_400_000)
        var bench = try DecoderBench(String(decoding: try Data(contentsOf: URL(filePath: profile.source)), as: UTF8.self))
        #expect(
            try bench.read(
                #"{"ts":1,"status":"printing","pageCount":7,"supplies":{"black":43},"errors":["jam"],"fuserTemp":182.5,"odd":1}"#)
                == ["status": "printing", "pageCount": "7.0", "supply.black": "43.0", "fuserTemp": "182.5", "odd": "1.0"])
    }

    @Test func theBambuLabProfileReadsTraysAndCodes() throws {
        let profile = try shipped("bambu-lab")
        #expect(profile.supplies[0].values == [SupplyValueName(raw: Array("-1".utf8), number: -1, meaning: .code(.unknown))])
        #expect(profile.alerts[0].form == .hexPair(prefix: "HMS_", high: "attr", low: "code"))
        #expect(profile.alerts[0].codes.contains { $0.code == "HMS_0300_0100_0001_0007" && $0.severity == .critical })
        var bench = try DecoderBench(String(decoding: try Data(contentsOf: URL(filePath: profile.source)), as: UTF8.self))
        #expect(
            try bench.read(
                #"{"print":{"gcode_state":"RUNNING","wifi_signal":"-66dBm","ams":{"ams":[{"id":"0","humidity":"4","tray":[{"id":"0","remain":-1},{"id":"2","remain":83}]}]}}}"#
            )
                == [
                    "status": "RUNNING", "wifiSignal": "-66.0", "ams.0.humidity": "4.0", "supply.filament.0.0": "?",
                    "supply.filament.0.2": "83.0",
                ])
        #expect(try bench.read(#"{"info":{"command":"get_version"}}"#).isEmpty)
    }
}
