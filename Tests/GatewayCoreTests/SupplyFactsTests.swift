import CoreViews
import Documents
import Replenishment
import Telemetry
import Testing

@testable import GatewayCore

/// What a device says of its supplies, as the API shows it, through snapshots and into orders.
@Suite struct SupplyFactsTests {
    private static let profile = """
        { profile: "office", messages: [{ topic: "o/{device}" }],
          metrics: {
            printer: { pointer: "/printer", kind: "state", states: ["idle", "busy", "other"] },
            unit: { pointer: "/unit", kind: "state", states: ["running", "down"] },
          },
          supplies: {
            "{i}": { level: "/rows/{i=i}/level", capacityMember: "max", classMember: "class", labelMember: "name", serialMember: "serial",
              floorPercent: 10, item: "{partNumber}" },
            tray: { level: "/tray", unit: "sheets", capacityMember: "trayMax", order: false },
          },
          status: { metric: "printer", productive: ["busy"], standby: ["idle"], downWhen: { metric: "unit", in: ["down"] } },
          alerts: [{ pointer: "/bits", errorState: true, severity: "minor", codes: { jammed: { severity: "major", text: "Jam" } } }],
        }
        """

    /// What is ordered for a slot whose cartridges say these names one after the other, the last of which is used up; `!` when a person is asked.
    @Test(arguments: [
        (["Toner A"], "Toner A"), (["Toner A", ""], "Toner A"), (["Toner A", "Used or non-original supply"], "Toner A"),
        (["Toner A", "Non-HP counterfeit", ""], "Toner A"), (["Toner A", "Toner B"], "Toner B"),
        (["Refilled cartridge", "Toner B"], "Toner B"), ([""], "5!"), (["Non-genuine toner"], "5!"), (["Toner;PNX-1", ""], "X-1"),
    ])
    func theItemIsThatOfTheLastNamedCartridge(_ names: [String], _ expected: String) throws {
        var driver = try Driver([Self.profile])
        // The level falls far only once it was told again.
        for (number, name) in (names + [names[names.count - 1], names[names.count - 1]]).enumerated() {
            let level = number + 1 < names.count ? 80 : 5
            driver.send("o/d1", #"{"rows":[{"i":5,"level":\#(level),"max":100,"name":"\#(name)"}]}"#, at: Double(number) * 4000)
        }
        let orders = driver.core.orders.all
        #expect(orders.map { $0.item + ($0.state == .awaitingApproval ? "!" : "") } == [expected])
        #expect(orders.first?.terms.approvalReason?.contains("does not say what to order") == (expected == "5!" ? true : nil))
        // Over a restart, too.
        let core = try #require(
            try StewardCore(configuration: CoreConfiguration(), profiles: [Driver.profile(Self.profile)], snapshot: driver.snapshot()))
        let supply = try #require(core.fleet.supply(named: "5", of: 0))
        #expect(core.supplies.item(0, supply, core.fleet) + (core.supplies.knownItem(0, supply, core.fleet) == nil ? "!" : "") == expected)
    }

    private func device(_ driver: Driver) throws -> String {
        var writer = JSONWriter()
        #expect(driver.core.writeDevice("d1", &writer))
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test(
        arguments: [
            (#""level":30,"max":120"#, #""levelPercent":25,"reported":{"percent":25,"resolutionPercent":0.8333333333333334}"#),
            (
                #""level":-3,"max":20"#,
                #""levelPercent":null,"reported":{"lowPercent":5,"highPercent":100,"reason":"some remaining, 5 to 100 %"}"#
            ),
            (
                #""level":-1"#,
                #""levelPercent":null,"reported":{"noLimit":true,"reason":"the device says that nothing here can run out (-1)"}"#
            ),
            (
                #""level":-2"#,
                #""levelPercent":null,"reported":{"unknown":"deviceDoesNotKnow","reason":"the device says that it does not know the level (-2)"}"#
            ),
            (#""level":40,"max":-1,"class":4"#, #""reported":{"unknown":"capacityUnlimited","#),
        ]) func theAPIShowsWhatWasSaid(_ row: String, _ expected: String) throws
    {
        var driver = try Driver([Self.profile])
        driver.send("o/d1", "{\"rows\":[{\"i\":1,\(row),\"name\":\"Waste box\"}]}", at: 0)
        let text = try device(driver)
        #expect(text.contains(expected), "\(text)")
        #expect(text.contains("\"label\":\"Waste box\""))
        #expect(driver.effects.deadLetters.isEmpty && driver.kinds(.order).isEmpty)
        let restored = try #require(
            try StewardCore(configuration: CoreConfiguration(), profiles: [Driver.profile(Self.profile)], snapshot: driver.snapshot()))
        #expect(restored.digestLines() == driver.core.digestLines())
        var writer = JSONWriter()
        #expect(restored.writeDevice("d1", &writer) && String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    /// Nothing is ordered because of an unknown, an interval or "no limit"; what is ordered is the part that is in the device.
    @Test func onlyAValueIsOrdered() throws {
        var driver = try Driver([Self.profile])
        for (second, level) in ["-3", "-2", "-1", "null", "\"?\"", "-100"].enumerated() {
            driver.send("o/d1", "{\"rows\":[{\"i\":1,\"level\":\(level),\"max\":100}],\"tray\":0,\"trayMax\":250}", at: Double(second))
        }
        #expect(driver.kinds(.order).isEmpty)
        driver.send(
            "o/d1",
            #"{"rows":[{"i":1,"level":4,"max":100,"name":"Black Toner, PN 12K9;SN77B"},{"i":2,"level":5,"name":"Drum"},{"i":3,"level":6}]}"#,
            at: 10)
        let orders = driver.kinds(.order).map { String(decoding: $0.line, as: UTF8.self) }
        #expect(orders.count == 3 && orders[0].contains("\"item\":\"12K9\"") && orders[1].contains("\"item\":\"Drum\""), "\(orders)")
        #expect(orders[2].contains("\"item\":\"3\""))
    }

    @Test func anotherCartridgeIsSeenByItsSerialNumber() throws {
        var driver = try Driver([Self.profile])
        driver.send("o/d1", #"{"rows":[{"i":1,"level":64,"serial":"A1"}]}"#, at: 0)
        #expect(try device(driver).contains("\"serialNumber\":\"A1\""))
        let before = driver.core.supplies.supplies(of: 0)[1].facts?.serialHash
        driver.send("o/d1", #"{"rows":[{"i":1,"level":63}]}"#, at: 60)
        #expect(driver.core.supplies.supplies(of: 0)[1].facts?.serialHash == before && before != nil)
        driver.send("o/d1", #"{"rows":[{"i":1,"level":60,"serial":"B2"}]}"#, at: 120)
        #expect(try device(driver).contains("\"serialNumber\":\"B2\""))
        #expect(driver.core.supplies.supplies(of: 0)[1].facts?.serialHash != before)
    }

    @Test func errorBitsRaiseAndClear() throws {
        var driver = try Driver([Self.profile])
        driver.send("o/d1", #"{"bits":"0400"}"#, at: 0)
        driver.send("o/d1", #"{"bits":""}"#, at: 1)
        driver.send("o/d1", #"{"bits":null}"#, at: 2)
        driver.send("o/d1", #"{"bits":"what"}"#, at: 3)
        #expect(driver.kinds(.alarmRaised).count == 1 && driver.kinds(.alarmCleared).isEmpty)
        #expect(driver.lines.contains { $0.contains("\"condition\":\"jammed\"") && $0.contains("\"text\":\"Jam\"") })
        #expect(driver.effects.deadLetters.count == 1)
        driver.send("o/d1", #"{"bits":0}"#, at: 4)
        #expect(driver.kinds(.alarmCleared).count == 1)
    }

    /// Asleep and unable to print look the same in one metric; the other one tells them apart.
    @Test func aSecondMetricSaysThatItIsDown() throws {
        var driver = try Driver([Self.profile])
        func state() throws -> String? {
            try device(driver).firstMatch(of: /"equipmentState":"(\w+)"/).map { String($0.1) }
        }
        driver.send("o/d1", #"{"unit":"running","printer":"idle"}"#, at: 0)
        #expect(try state() == "standby")
        driver.send("o/d1", #"{"unit":"down","printer":"other"}"#, at: 60)
        #expect(try state() == "unscheduledDowntime" && driver.kinds(.incidentOpened).count == 1)
        // Still down, whatever the first metric says.
        driver.send("o/d1", #"{"printer":"idle"}"#, at: 120)
        driver.send("o/d1", #"{"printer":"busy","unit":"down"}"#, at: 180)
        #expect(try state() == "unscheduledDowntime" && driver.kinds(.incidentClosed).isEmpty)
        driver.send("o/d1", #"{"unit":"running"}"#, at: 240)
        #expect(try state() == "productive" && driver.kinds(.incidentClosed).count == 1)
        // Nobody knows about the second: the first counts.
        driver.send("o/d1", #"{"unit":null,"printer":"idle"}"#, at: 300)
        #expect(try state() == "standby" && driver.kinds(.incidentOpened).count == 1)
    }
}
