import CivilCalendar
import CoreViews
import FoundationEssentials
import ServiceValue
import Testing

@testable import GatewayCore

/// Maintenance windows: what waits, what counts, and when they are open.
@Suite struct MaintenanceTests {
    private static let profile = AlarmLifeTests.profile(
        "hot: { severity: \"critical\", raise: { metric: \"temp\", above: 80 }, playbook: \"mend\" }")

    private func window(_ id: String, _ from: Double, _ until: Double, _ scope: MaintenanceWindow.Scope = .all) -> MaintenanceWindow {
        MaintenanceWindow(
            id: id, scope: scope,
            schedule: .once(fromMilliseconds: Driver.start + Int64(from * 1000), untilMilliseconds: Driver.start + Int64(until * 1000)),
            by: "anna", reason: "new belt")
    }

    @Test func dispatchWaitsAndWhatStandsGoesWhenTheWindowEnds() throws {
        var driver = try Driver([Self.profile])
        driver.control(.addMaintenance(window("w", 100, 3600)), at: 1)
        driver.tell("p1", "\"temp\":81", at: 50)
        #expect(driver.commands.count == 1)
        driver.tell("p1", "\"temp\":1", at: 60)
        driver.wait(until: 100)
        #expect(driver.kinds(.maintenanceBegan).count == 1)
        driver.tell("p1", "\"errors\":[\"jam\"]", at: 200)
        driver.tell("p2", "\"temp\":81", at: 200)
        driver.tell("p3", "\"temp\":81", at: 200)
        driver.tell("p3", "\"temp\":1", at: 300)
        #expect(driver.kinds(.alarmRaised).count == 4 && driver.commands.count == 1 && driver.kinds(.ticket).isEmpty)
        #expect(driver.core.nextDueMilliseconds.map { $0 <= Driver.start + 3_600_000 } == true)
        driver.wait(until: 3599)
        #expect(driver.commands.count == 1)
        driver.wait(until: 3600)
        // The jam of p1 has no playbook; p2 is still hot; p3 is not any more.
        #expect(driver.commands.map(\.device) == ["p1", "p2"] && driver.kinds(.ticket).map(\.device) == ["p1"])
        #expect(!driver.core.hasWindow("w"))
    }

    @Test(arguments: [
        (MaintenanceWindow.Scope.all, 0), (.device("p1"), 0), (.device("p2"), 1), (.profile("press"), 0), (.profile("other"), 1),
    ]) func scopes(_ scope: MaintenanceWindow.Scope, _ commands: Int) throws {
        var driver = try Driver([Self.profile])
        driver.control(.addMaintenance(window("w", 0, 3600, scope)), at: 1)
        driver.tell("p1", "\"temp\":81", at: 50)
        #expect(driver.commands.count == commands)
    }

    @Test func endingAWindowEarlySetsOffAtOnce() throws {
        var driver = try Driver([Self.profile])
        driver.control(.addMaintenance(window("w", 0, 3600)), at: 1)
        driver.tell("p1", "\"temp\":81", at: 50)
        driver.control(.endMaintenance(window: "none", by: "anna"), at: 60)
        #expect(driver.core.counters.refusedControls == 1 && driver.commands.isEmpty)
        driver.control(.endMaintenance(window: "w", by: "anna"), at: 70)
        #expect(driver.commands.count == 1)
    }

    @Test func downtimeCountsAsScheduled() throws {
        var driver = try Driver([Self.profile])
        driver.control(.addMaintenance(window("w", 100, 500)), at: 1)
        driver.tell("p1", "\"status\":\"busy\"", at: 0)
        driver.tell("p1", "\"status\":\"down\"", at: 200)
        #expect(driver.kinds(.incidentOpened).isEmpty)
        driver.wait(until: 600)
        // Still down: from the end of the window on it is a fault.
        #expect(driver.kinds(.incidentOpened).map(\.timeMilliseconds) == [Driver.start + 500_000])
        let totals = driver.core.availability.state(of: 0)!.ledger.totals(atMilliseconds: Driver.start + 600_000)
        #expect(totals.scheduledDowntimeMilliseconds == 300_000 && totals.unscheduledDowntimeMilliseconds == 100_000)
    }

    /// Down before the window, in it and after it: the incident and the ledger count the same time.
    @Test func aWindowInAnIncidentIsNotItsDowntime() throws {
        var driver = try Driver([Self.profile])
        driver.control(.addMaintenance(window("w", 200, 500)), at: 1)
        driver.tell("p1", "\"status\":\"busy\"", at: 0)
        for second in stride(from: 100.0, through: 600, by: 50) {
            driver.wait(until: second)
            driver.tell("p1", "\"status\":\"down\"", at: second)
        }
        driver.tell("p1", "\"status\":\"busy\"", at: 700)
        let closed = try #require(driver.kinds(.incidentClosed).first)
        let line = String(decoding: closed.line, as: UTF8.self)
        #expect(line.contains("\"downtimeMilliseconds\":300000,\"plannedMilliseconds\":300000"), "\(line)")
        let totals = driver.core.availability.state(of: 0)!.ledger.totals(atMilliseconds: Driver.start + 700_000)
        #expect(totals.scheduledDowntimeMilliseconds == 300_000 && totals.unscheduledDowntimeMilliseconds == 300_000)
    }

    /// A fault of the very reading that opens the incident belongs to it.
    @Test func theFaultOfTheStatusBelongsToItsIncident() throws {
        let profile = AlarmLifeTests.profile("down: { severity: \"major\", raise: { metric: \"status\", equals: \"down\" } }")
        var driver = try Driver([profile])
        driver.tell("p1", "\"status\":\"busy\"", at: 0)
        driver.tell("p1", "\"status\":\"down\"", at: 100)
        driver.tell("p1", "\"status\":\"busy\"", at: 200)
        let closed = try #require(driver.kinds(.incidentClosed).first)
        #expect(String(decoding: closed.line, as: UTF8.self).contains("\"conditions\":[\"down\"]"))
    }

    @Test func aWindowOfTheConfigurationIsCutShortOnlyOnce() throws {
        var configuration = CoreConfiguration()
        // 2026-01-01 is a Thursday.
        configuration.maintenance = [
            MaintenanceWindow(
                id: "c", scope: .all, schedule: .weekly(days: [.thursday, .friday], fromMinute: 0, untilMinute: 60), by: "", reason: "")
        ]
        var driver = try Driver([Self.profile], configuration: configuration)
        driver.tell("p1", "\"temp\":81", at: 60)
        #expect(driver.commands.isEmpty && driver.core.totals().openWindows == 1)
        driver.control(.endMaintenance(window: "c", by: "anna"), at: 70)
        #expect(driver.commands.count == 1 && driver.core.hasWindow("c"))
        let restored = try #require(
            try StewardCore(configuration: configuration, profiles: [try Driver.profile(Self.profile)], snapshot: driver.snapshot()))
        var again = Driver(core: restored, number: driver.number)
        again.tick(at: 100)
        #expect(again.core.totals().openWindows == 0)
        again.tick(at: 86_400)
        #expect(again.core.totals().openWindows == 1)
        again.tick(at: 90_000)
        #expect(again.core.totals().openWindows == 0)
    }

    /// Snapshots and events hold the days as numbers from Sunday as 0, and the ids of windows without one are made of these.
    @Test func storedWindowsOfEarlierVersionsAreRead() throws {
        let stored = #"""
            {"id":"mw-1","scope":{"device":{"_0":"p-1"}},"schedule":{"weekly":{"days":[0,6],"fromMinute":1320,"untilMinute":240}},\#
            "zone":"UTC","zoneBytes":"","by":"kim","reason":"service"}
            """#
        let window = try JSONDecoder().decode(MaintenanceWindow.self, from: Data(stored.utf8))
        #expect(
            window
                == MaintenanceWindow(
                    id: "mw-1", scope: .device("p-1"), schedule: .weekly(days: [.sunday, .saturday], fromMinute: 1320, untilMinute: 240),
                    by: "kim", reason: "service"))
        #expect(String(decoding: try JSONEncoder().encode(window), as: UTF8.self).contains(#""days":[0,6]"#))
        #expect(window.schedule.identity == "weekly(days: [0, 6], fromMinute: 1320, untilMinute: 240)")
        #expect(window.scope.identity == #"device("p-1")"#)
        let once = MaintenanceWindow.Schedule.once(fromMilliseconds: 1, untilMilliseconds: 2)
        #expect(once.identity == "once(fromMilliseconds: 1, untilMilliseconds: 2)")
        #expect(MaintenanceWindow.Scope.all.identity == "all" && MaintenanceWindow.Scope.profile("x").identity == #"profile("x")"#)
    }

    private static func plan(_ days: [Weekday], _ from: Int, _ until: Int) throws -> MaintenancePlan {
        MaintenancePlan(
            MaintenanceWindow(
                id: "w", scope: .all, schedule: .weekly(days: days, fromMinute: from, untilMinute: until), zone: "Europe/Berlin",
                zoneBytes: try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")), by: "", reason: ""), isConfigured: true
        )
    }

    private static func interval(_ plan: MaintenancePlan, _ at: String) throws -> [String] {
        guard case .instant(let time)? = LocalTimeText(at), let found = plan.interval(atOrAfter: time) else { return [] }
        return [found.lowerBound, found.upperBound].map { String((UTCText.rfc3339($0) ?? "").prefix(16)) }
    }

    @Test func recurringWindowsFollowTheClockOnTheWall() throws {
        let (plan, interval) = (Self.plan, Self.interval)
        let night = try plan([.saturday], 22 * 60, 4 * 60)
        // In winter an hour ahead of UTC, in summer two; the night of the change is an hour shorter, or longer.
        #expect(try interval(night, "2026-01-03T12:00:00Z") == ["2026-01-03T21:00", "2026-01-04T03:00"])
        #expect(try interval(night, "2026-01-04T02:59:59Z") == ["2026-01-03T21:00", "2026-01-04T03:00"])
        #expect(try interval(night, "2026-01-04T03:00:00Z") == ["2026-01-10T21:00", "2026-01-11T03:00"])
        #expect(try interval(night, "2026-03-28T12:00:00Z") == ["2026-03-28T21:00", "2026-03-29T02:00"])
        #expect(try interval(night, "2026-10-24T12:00:00Z") == ["2026-10-24T20:00", "2026-10-25T03:00"])
        #expect(try interval(try plan([.sunday, .monday], 0, 1440), "2026-07-05T12:00:00Z") == ["2026-07-04T22:00", "2026-07-05T22:00"])
    }

    /// In the night of 29 March 2026 the clock of Berlin goes from 02:00 to 03:00, in that of 25 October from 03:00 back to 02:00.
    @Test(arguments: [
        (150, 180, "2026-03-22T00:00:00Z", ["2026-03-22T01:30", "2026-03-22T02:00"]),
        // It is not 02:30 that day: the next Sunday.
        (150, 180, "2026-03-28T23:00:00Z", ["2026-04-05T00:30", "2026-04-05T01:00"]),
        (135, 165, "2026-03-28T23:00:00Z", ["2026-04-05T00:15", "2026-04-05T00:45"]),
        (150, 240, "2026-03-28T23:00:00Z", ["2026-03-29T01:00", "2026-03-29T02:00"]),
        (90, 150, "2026-03-28T23:00:00Z", ["2026-03-29T00:30", "2026-03-29T01:00"]),
        (150, 210, "2026-03-28T23:00:00Z", ["2026-03-29T01:00", "2026-03-29T01:30"]),
        (0, 0, "2026-03-28T23:00:00Z", ["2026-03-28T23:00", "2026-03-29T22:00"]),
        // It is 02:15 twice.
        (135, 165, "2026-10-24T23:00:00Z", ["2026-10-25T00:15", "2026-10-25T00:45"]),
        (135, 165, "2026-10-25T00:45:00Z", ["2026-10-25T01:15", "2026-10-25T01:45"]),
        (135, 165, "2026-10-25T01:45:00Z", ["2026-11-01T01:15", "2026-11-01T01:45"]),
        (90, 150, "2026-10-24T23:00:00Z", ["2026-10-24T23:30", "2026-10-25T00:30"]),
        (90, 150, "2026-10-25T00:30:00Z", ["2026-10-25T01:00", "2026-10-25T01:30"]),
        (60, 240, "2026-10-24T22:00:00Z", ["2026-10-24T23:00", "2026-10-25T03:00"]),
    ])
    func nightsInWhichTheClockIsSet(_ from: Int, _ until: Int, _ at: String, _ expected: [String]) throws {
        #expect(try Self.interval(try Self.plan([.sunday], from, until), at) == expected)
    }

    /// A window of people and one of the configuration come again in the week after the one in which there was none.
    @Test(arguments: [true, false]) func aWindowThatTheClockSkipsComesAgain(isConfigured: Bool) throws {
        let window = try Self.plan([.sunday], 150, 180).window
        var configuration = CoreConfiguration()
        if isConfigured { configuration.maintenance = [window] }
        var driver = try Driver([Self.profile], configuration: configuration)
        func second(_ day: Double) -> Double { day * 86_400 }
        // 2026-03-22 is day 80 after the start, the night of the change is that of day 87.
        driver.tick(at: second(79))
        if !isConfigured { driver.control(.addMaintenance(window), at: second(79.5)) }
        driver.wait(until: second(95))
        #expect(driver.core.hasWindow("w"))
        let begun = driver.kinds(.maintenanceBegan).map { Int(Double($0.timeMilliseconds - Driver.start) / 86_400_000) }
        #expect(begun == [80, 94])
    }

    @Test func windowsAreBounded() throws {
        var driver = try Driver([Self.profile])
        for number in 0..<300 { driver.control(.addMaintenance(window("w\(number)", 1000, 2000)), at: 1) }
        driver.control(.addMaintenance(window("over", -20, -10)), at: 1)
        #expect(driver.core.maintenance.plans.count == 256 && driver.core.counters.refusedControls == 45)
        driver.wait(until: 2001)
        #expect(driver.core.maintenance.plans.isEmpty)
    }
}
