import Testing

@testable import GatewayCore

/// A group that is null, an empty list, or left out of a full report: everything that was told below it is unknown.
@Suite struct NullGroupTests {
    private static let profile = """
        { profile: "maker", silentAfterSeconds: 600,
          messages: [
            { name: "delta", topic: "m/{device}/delta" },
            { name: "whole", topic: "m/{device}/whole", full: true },
            { name: "shadow", topic: "m/{device}/shadow" },
            { name: "named", topic: "m/{device}/shadow/{shadow}" },
          ],
          metrics: {
            status: { message: "delta", pointer: "/state/status", kind: "state" },
            completion: [{ message: "delta", pointer: "/progress/completion" }, { message: "whole", pointer: "/progress/completion" }],
            left: [{ message: "delta", pointer: "/progress/left", unit: "s" }, { message: "whole", pointer: "/progress/left", unit: "s" }],
            door: { message: "whole", pointer: "/door", kind: "state" },
            "heater.{n}.temp": { message: "delta", pointer: "/heat/heaters/{n}/current", unit: "Cel" },
            "heater.{n}.state": { message: "delta", pointer: "/heat/heaters/{n}/state", kind: "state" },
            "fan.{n}.temp": { message: "delta", pointer: "/fans/{n}/temp" },
            "{a}": { message: "shadow", pointer: "/reported/{a}", kind: "any" },
            "{a}.{b}": { message: "shadow", pointer: "/reported/{a}/{b}", kind: "any" },
            "{a}.{b}.{c}": { message: "shadow", pointer: "/reported/{a}/{b}/{c}", kind: "any" },
            "{shadow}:{a}.{b}": { message: "named", pointer: "/reported/{a}/{b}", kind: "any" },
          },
          supplies: { "{slot}": { message: "delta", level: "/ams/{slot}/remain", floorPercent: 1 } },
          alerts: [{ message: "delta", pointer: "/state/errors" }],
          faults: { hot: { severity: "major", raise: { metric: "heater.1.temp", above: 250, forSeconds: 30 } } },
        }
        """

    /// Messages as `topic payload`, and what is known after the last of them.
    @Test(
        arguments: [
            (
                [#"delta {"progress":{"completion":88,"left":60},"state":{"status":"printing"}}"#, #"delta {"progress":null}"#],
                ["completion": "unknown", "left": "unknown", "status": "printing"]
            ),
            ([#"delta {"progress":{"completion":88}}"#, #"delta {"progress":[]}"#], ["completion": "unknown"]),
            // Nothing is said by what is absent, and by an empty object.
            ([#"delta {"progress":{"completion":88}}"#, #"delta {"state":{}}"#, #"delta {"progress":{}}"#], ["completion": "88.0"]),
            // What a device has not told stays untold.
            ([#"delta {"state":{"status":"idle"}}"#, #"delta {"progress":null}"#], ["status": "idle"]),
            // Items of a list: one of them, and all.
            (
                [
                    #"delta {"heat":{"heaters":[{"current":20,"state":"off"},{"current":200,"state":"on"}]},"fans":[{"temp":30}]}"#,
                    #"delta {"heat":{"heaters":[{"current":21},null]}}"#,
                ],
                [
                    "heater.0.temp": "21.0", "heater.0.state": "off", "heater.1.temp": "unknown", "heater.1.state": "unknown",
                    "fan.0.temp": "30.0",
                ]
            ),
            (
                [#"delta {"heat":{"heaters":[{"current":20},{"current":200}]},"fans":[{"temp":30}]}"#, #"delta {"heat":{"heaters":[]}}"#],
                ["heater.0.temp": "unknown", "heater.1.temp": "unknown", "fan.0.temp": "30.0"]
            ),
            ([#"delta {"heat":{"heaters":[{"current":20}]}}"#, #"delta {"heat":null}"#], ["heater.0.temp": "unknown"]),
            (
                [#"delta {"ams":{"black":{"remain":40},"cyan":{"remain":50}}}"#, #"delta {"ams":{"black":null}}"#],
                ["supply.black": "unknown", "supply.cyan": "50.0"]
            ),
            ([#"delta {"ams":{"black":{"remain":40}}}"#, #"delta {"ams":null}"#], ["supply.black": "unknown"]),
            // A member that stands twice says nothing.
            ([#"delta {"progress":{"completion":88}}"#, #"delta {"progress":null,"progress":null}"#], ["completion": "88.0"]),
            // Full reports, with the group absent, null, and an empty list.
            (
                [#"whole {"progress":{"completion":10,"left":5},"door":"shut"}"#, #"whole {"door":"open"}"#],
                ["completion": "unknown", "left": "unknown", "door": "open"]
            ),
            ([#"whole {"progress":{"completion":10}}"#, #"whole {"progress":null}"#], ["completion": "unknown"]),
            ([#"whole {"progress":{"completion":10}}"#, #"whole {"progress":[]}"#], ["completion": "unknown"]),
            (
                [#"whole {"progress":{"completion":10,"left":5}}"#, #"whole {"progress":{"left":4}}"#],
                ["completion": "unknown", "left": "4.0"]
            ),
            // A full report of one topic says nothing of what another one tells.
            (
                [#"delta {"state":{"status":"idle"},"fans":[{"temp":30}]}"#, #"whole {"door":"open"}"#],
                ["status": "idle", "fan.0.temp": "30.0", "door": "open"]
            ),
            // Groups that have no names in the profile.
            (
                [
                    #"shadow {"reported":{"lamp":"on","zone":{"top":{"temp":181},"n":2},"zones":{"n":1}}}"#,
                    #"shadow {"reported":{"zone":null}}"#,
                ],
                ["lamp": "on", "zone.top.temp": "unknown", "zone.n": "unknown", "zones.n": "1.0"]
            ),
            (
                [#"shadow {"reported":{"zone":{"top":{"temp":181},"n":2}}}"#, #"shadow {"reported":{"zone":{"top":null}}}"#],
                ["zone.top.temp": "unknown", "zone.n": "2.0"]
            ),
            (
                [#"shadow {"reported":{"a":1,"b":{"c":2}}}"#, #"shadow/x {"reported":{"b":{"c":3}}}"#, #"shadow {"reported":null}"#],
                ["a": "unknown", "b.c": "unknown", "x:b.c": "3.0"]
            ),
            (
                [#"shadow {"reported":{"b":{"c":2}}}"#, #"shadow/x {"reported":{"b":{"c":3}}}"#, #"shadow/x {"reported":{"b":null}}"#],
                ["b.c": "2.0", "x:b.c": "unknown"]
            ),
        ] as [([String], [String: String])])
    func whatIsKnown(_ messages: [String], _ expected: [String: String]) throws {
        for restarts in [false, true] {
            var driver = try Driver([Self.profile])
            for (second, message) in messages.enumerated() {
                if restarts {
                    // A core from a snapshot has not met the members, and comes to the same.
                    let core = try #require(
                        try StewardCore(
                            configuration: CoreConfiguration(), profiles: [try Driver.profile(Self.profile)], snapshot: driver.snapshot()))
                    driver = Driver(core: core, number: driver.number)
                }
                let words = message.split(separator: " ", maxSplits: 1)
                driver.send("m/a/\(words[0])", String(words[1]), at: Double(second + 1))
            }
            #expect(try driver.values("a") == expected, "restarts: \(restarts)")
            #expect(driver.effects.deadLetters.count == (messages.last?.contains("null,") == true ? 1 : 0))
        }
    }

    /// A value that was hot when its group went says nothing of the time after.
    @Test func aGroupThatIsNullMovesNoCondition() throws {
        var driver = try Driver([Self.profile])
        driver.send("m/a/delta", #"{"heat":{"heaters":[{"current":20},{"current":260}]},"state":{"errors":["e1"]}}"#, at: 1)
        #expect(driver.core.counters.alarmsRaised == 1)
        for second in 2..<60 { driver.send("m/a/delta", #"{"heat":null,"state":null}"#, at: Double(second)) }
        driver.wait(until: 70)
        // The code is not taken back by a null either.
        #expect(driver.core.counters.alarmsRaised == 1 && driver.core.counters.alarmsCleared == 0)
        #expect(driver.effects.deadLetters.isEmpty)
    }
}
