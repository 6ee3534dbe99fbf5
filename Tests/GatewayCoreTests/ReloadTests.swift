import ConsumableForecast
import CoreViews
import SampleCodec
import Testing

@testable import GatewayCore

/// A reload with other profiles keeps what the new ones still have a place for.
@Suite struct ReloadTests {
    private func reload(_ driver: inout Driver, _ profiles: String...) throws {
        try driver.core.reload(with: try profiles.map(Driver.profile))
    }

    private func running() throws -> Driver {
        var driver = try Driver()
        driver.tell("p1", "\"temp\":90,\"pages\":5,\"status\":\"busy\",\"extra\":7,\"supplies\":{\"black\":50,\"cyan\":60}", at: 0)
        driver.tell("p1", "\"temp\":90", at: 20)
        return driver
    }

    @Test func aDurationGoesOnOverAReload() throws {
        var driver = try running()
        try reload(&driver, Press.text(metrics: #"speed: { pointer: "/speed" }, temp: { pointer: "/temp" },"#))
        driver.tell("p1", "\"temp\":90,\"speed\":3", at: 30)
        #expect(driver.kinds(.alarmRaised).count == 1)
        #expect(driver.core.openSamples(device: "p1", metric: "temp")?.samples.count == 3)
        #expect(driver.core.openSamples(device: "p1", metric: "extra")?.samples.map(\.value) == [7])
        #expect(driver.core.openSamples(device: "p1", metric: "speed")?.samples.map(\.value) == [3])
    }

    @Test func aMetricMayBeRenamedOrGo() throws {
        var driver = try running()
        let other = Press.text(metrics: #"heat: { pointer: "/temp" },"#, hot: #"hot: { raise: { metric: "heat", above: 80 } },"#)
        try reload(&driver, other)
        driver.tell("p1", "\"temp\":91,\"pages\":6", at: 30)
        #expect(driver.core.openSamples(device: "p1", metric: "heat")?.samples.map(\.value) == [91])
        // What was measured under the old name is not lost.
        #expect(driver.core.openSamples(device: "p1", metric: "temp")?.samples.map(\.value) == [90, 90])
        #expect(driver.kinds(.alarmRaised).count == 1)
    }

    @Test func supplyRulesMayChangeTheirOrder() throws {
        var driver = try running()
        let rules = #"""
            waste: { level: "/waste", capacity: 7, floorPercent: 100, item: "bin" }, "toner.{slot}": { level: "/toner/{slot}", capacity: 9 },
            "{slot}": { level: "/supplies/{slot}", counter: "pages", leadTimeDays: 3, floorPercent: 10, item: "new-{slot}" },
            """#
        try reload(&driver, Press.text(supplies: rules))
        let models = driver.core.supplies.supplies(of: 0).map(\.model.levelPercent)
        #expect(models.filter { $0 != nil }.count == 2)
        driver.tell("p1", "\"supplies\":{\"black\":50,\"cyan\":60}", at: 40)
        #expect(driver.kinds(.order).isEmpty, "\(driver.lines)")
        driver.tell("p1", "\"supplies\":{\"black\":9}", at: 50)
        driver.tell("p1", "\"supplies\":{\"black\":9}", at: 800)
        driver.tell("p1", "\"supplies\":{\"black\":9}", at: 5000)
        let line = try #require(driver.lines.first { $0.contains("\"kind\":\"order\"") })
        #expect(line.contains("\"supply\":\"black\"") && line.contains("\"item\":\"new-black\"") && line.contains("\"generation\":1"))
    }

    /// What nothing can clear any more must not stay for ever.
    @Test func theAlarmOfARemovedFaultEnds() throws {
        var driver = try running()
        driver.tell("p1", "\"temp\":90", at: 30)
        #expect(driver.core.totals().activeAlarms == 1)
        try reload(&driver, Press.text(hot: ""))
        driver.tell("p1", "\"temp\":90", at: 40)
        #expect(driver.core.totals().activeAlarms == 0)
        #expect(driver.kinds(.alarmCleared).count == 1)
        #expect(driver.core.support.openRuns.isEmpty)
    }

    @Test func aProfileMayGoAndComeBack() throws {
        var driver = try running()
        driver.tell("p1", "\"temp\":90", at: 30)
        let supplies = driver.core.digestLines().filter { $0.hasPrefix("supply ") }
        let other = "{ profile: 'other', messages: [{ topic: 'o/{device}' }], metrics: { x: { pointer: '/x' } } }"
        try reload(&driver, other)
        driver.tell("p1", "\"temp\":20", at: 40)
        #expect(driver.effects.deadLetters.last?.reason == "no profile reads this topic")
        driver.send("o/q1", "{\"x\":1}", at: 41)
        try reload(&driver, other, Press.profile)
        #expect(driver.core.digestLines().filter { $0.hasPrefix("supply ") } == supplies)
        #expect(driver.core.totals().activeAlarms == 1)
        // The fault still knows that it is active: the same heat is not told twice, and the end of it is told.
        for second in [50.0, 80, 90] { driver.tell("p1", "\"temp\":95", at: second) }
        #expect(driver.kinds(.alarmRaised).count == 1)
        for second in [100.0, 110] { driver.tell("p1", "\"temp\":20", at: second) }
        #expect(driver.kinds(.alarmCleared).count == 1)
        #expect(driver.core.openSamples(device: "q1", metric: "x")?.samples.map(\.value) == [1])
    }

    @Test func anAddedFaultJudgesFromThenOn() throws {
        var driver = try Driver([Press.text(hot: "")])
        driver.tell("p1", "\"temp\":90", at: 0)
        driver.tell("p1", "\"temp\":90", at: 40)
        #expect(driver.effects.isEmpty)
        try reload(&driver, Press.profile)
        for second in stride(from: 50.0, through: 80, by: 10) { driver.tell("p1", "\"temp\":90", at: second) }
        #expect(driver.kinds(.alarmRaised).map(\.timeMilliseconds) == [Driver.start + 80_000])
    }

    @Test func openRunsGoOnOverAReload() throws {
        var driver = try running()
        driver.tell("p1", "\"temp\":90", at: 30)
        let request = try #require(driver.commands.first).key
        try reload(&driver, Press.profile)
        driver.reply(to: request, at: 35)
        for second in [40.0, 50] { driver.tell("p1", "\"temp\":20", at: second) }
        #expect(driver.core.counters.runsMended == 1)
    }
}
