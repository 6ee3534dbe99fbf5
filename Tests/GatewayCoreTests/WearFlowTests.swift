import CoreViews
import Documents
import FaultDetection
import RemoteSupport
import TestSupport
import Testing

@testable import GatewayCore

/// Wear from telemetry to the days that are left: in answers, in snapshots, and on the ticket of somebody who goes there anyway.
@Suite struct WearFlowTests {
    static let profile = Press.text(
        hot: """
            hot: { severity: "critical", text: "Fuser too hot", raise: { metric: "temp", above: 80 }, clear: { metric: "temp", below: 70 },
              remainingLife: { load: "pages", duringWork: true, part: "the fuser" } },
            """)

    /// A press that prints by day; its temperature at work rises by 0.5 a day. Readings of idle hours are far beyond the bound in both ways.
    static func wear(_ driver: inout Driver, _ device: String = "p1", days: Range<Int>, level: ((Int) -> Int)? = nil) {
        var random = SeededGenerator(seed: 4)
        for hour in days.lowerBound * 24..<days.upperBound * 24 {
            let isBusy = hour % 24 >= 8 && hour % 24 < 18
            let worn = 40 + Double(hour) / 48 + Double.random(in: -0.5...0.5, using: &random)
            let pages = 1000 + hour / 24 * 100 + min(max(hour % 24 - 7, 0), 10) * 10
            let supplies = level.map { ",\"supplies\":{\"black\":\($0(hour))}" } ?? ""
            driver.tell(
                device, "\"status\":\"\(isBusy ? "busy" : "idle")\",\"pages\":\(pages),\"temp\":\(isBusy ? worn : 20)\(supplies)",
                at: Double(hour) * 3600)
        }
    }

    private func answer(_ driver: Driver, _ write: (StewardCore, inout JSONWriter) -> Bool) -> String {
        var writer = JSONWriter()
        #expect(write(driver.core, &writer))
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func life(_ driver: Driver, _ device: String = "p1") throws -> RemainingLife {
        let index = try #require(driver.core.fleet.device(named: device))
        return try #require(driver.core.remainingLives(of: index).first).life
    }

    /// After 50 of 80 days.
    @Test func daysAreShownAndExplained() throws {
        var driver = try Driver([Self.profile])
        Self.wear(&driver, days: 0..<50)
        let days = try #require(try life(driver).days)
        #expect(days.earliest < 30 && days.latest > 29 && abs(days.likely - 30) < 5, "\(days)")
        let device = answer(driver) { $0.writeDevice("p1", &$1) }
        #expect(
            device.contains(
                #""remainingLife":[{"condition":"hot","text":"Fuser too hot","metric":"temp","bound":80,"load":"pages","part":"the fuser","days":{"earliest":"#
            ))
        let explanation = answer(driver) { $0.writeExplanation("p1", condition: "hot", atMilliseconds: driver.core.now, &$1) }
        #expect(explanation.contains("days by how temp has moved with pages\""))
        #expect(driver.kinds(.alarmRaised).isEmpty, "a forecast is no alarm")
    }

    @Test func reasonsAreShown() throws {
        var driver = try Driver([Self.profile])
        Self.wear(&driver, days: 0..<5)
        let device = answer(driver) { $0.writeDevice("p1", &$1) }
        #expect(
            device.contains(
                #""days":null,"missingEvidence":"tooShort","why":"not enough evidence: temp was told on fewer than 10 whole days"#))
        driver.tell("p1", "\"status\":\"busy\",\"temp\":95", at: 6 * 86_400)
        #expect(try life(driver) == .unknown(.alreadyMet))
        var plain = try Driver()
        plain.tell("p1", "\"temp\":20", at: 0)
        #expect(!answer(plain) { $0.writeDevice("p1", &$1) }.contains("remainingLife"))
        #expect(plain.core.wear.stateBytes == 0, "who does not ask pays nothing")
    }

    /// A snapshot keeps it, and a changed condition begins anew.
    @Test func aRestartForgetsNothing() throws {
        var driver = try Driver([Self.profile])
        Self.wear(&driver, days: 0..<50)
        let bytes = try driver.snapshot()
        func restart(_ profile: String) throws -> Driver {
            let core = try #require(
                try StewardCore(configuration: driver.core.configuration, profiles: [try Driver.profile(profile)], snapshot: bytes))
            return Driver(core: core, number: driver.number)
        }
        var again = try restart(Self.profile)
        #expect(try again.core.digest() == driver.core.digest() && life(again) == life(driver))
        Self.wear(&again, days: 50..<55)
        Self.wear(&driver, days: 50..<55)
        #expect(try again.core.digest() == driver.core.digest() && life(again) == life(driver))
        let other = try restart(Self.profile.replacing("above: 80", with: "above: 90"))
        #expect(try life(other) == .unknown(.tooShort))
        #expect(try restart(Press.profile).core.wear.stateBytes == 0)
        driver.control(.removeDevice(device: "p1", by: "Ann"), at: 56 * 86_400)
        driver.tell("p1", "\"temp\":20", at: 57 * 86_400)
        #expect(try life(driver) == .unknown(.tooShort))
    }

    /// The cartridge ends and its successor lies there: who goes to install it takes the fuser along, if it will be worn before the next visit.
    @Test(arguments: [true, false]) func aVisitIsPlannedTogether(_ isWorn: Bool) throws {
        var driver = try Driver([Self.profile])
        driver.control(.order(.stockCounted(item: "black", units: 1, by: "Ann")), at: 0)
        let last = isWorn ? 60 : 9
        // It is found in the slot, and lasts until the last day.
        Self.wear(&driver, days: 0..<last) { max(0, 100 - $0 * 100 / (last * 24 - 48)) }
        let tickets = driver.core.support.tickets.all
        let visit = try #require(tickets.first { $0.alarm.hasSuffix("/visit") }, "\(tickets)")
        #expect(visit.text == "Install black (black)")
        #expect(visit.reason.contains("; also replace the fuser: ") == isWorn, "\(visit.reason)")
        if isWorn { #expect(visit.reason.contains(" days left until \"Fuser too hot\" is expected")) }
    }
}
