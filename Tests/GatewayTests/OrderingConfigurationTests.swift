import CivilCalendar
import Documents
import GatewayCore
import Replenishment
import Testing

@testable import Gateway

/// The service level and the supplier's calendar.
@Suite struct OrderingConfigurationTests {
    private func read(_ text: String) throws -> GatewayConfiguration { try ConfigurationReader.read(Array(text.utf8), file: "test.json") }

    @Test func theyReachTheCore() throws {
        let core = try read(
            "{ replenishment: { serviceLevelPercent: 99, calendar: { workingDays: ['Monday', 'saturday'], holidays: ['1970-01-03', '2024-02-29'], cutoffHour: 14.5, zone: 'America/Sao_Paulo' } } }"
        ).core
        #expect(core.serviceLevel == 0.99)
        let calendar = try #require(core.supplierCalendar)
        #expect(calendar.workingDays == [.monday, .saturday] && calendar.holidays == [2, 19_782])
        #expect(calendar.cutoffHour == 14.5 && calendar.zone.offsetSeconds(atUTCSeconds: 1_767_225_600) == -3 * 3600)
        // 1970-01-03 is a Saturday and a holiday; the Monday after it is worked.
        #expect(!calendar.works(onDay: 2) && calendar.works(onDay: 4) && calendar.works(onDay: 9))
    }

    @Test func withoutThemEveryDayCounts() throws {
        let core = try read("{ replenishment: { dryRun: true } }").core
        #expect(core.serviceLevel == 0.95 && core.supplierCalendar == nil && core.replenishment.isDryRun)
        #expect(try read("{ replenishment: { calendar: {} } }").core.supplierCalendar == SupplierCalendar())
    }

    @Test func aSupplierHasTimesOfItsOwn() throws {
        let policy = try read(
            """
            { replenishment: { calendar: { zone: 'Europe/Berlin' } }, suppliers: [
              { name: 'far', url: 'http://127.0.0.1:1/', items: 'F-*', calendar: { workingDays: ['sunday'], zone: 'Asia/Tokyo' }, leadTimeDays: 9.5, leadTimeSpread: 0.4 },
              { name: 'near', url: 'http://127.0.0.1:1/' } ] }
            """
        ).core.replenishment
        let far = try #require(policy.supplier(named: "far"))
        #expect(far.leadTimeDays == 9.5 && far.leadTimeSpread == 0.4)
        #expect(far.calendar?.workingDays == [.sunday] && far.calendar?.zone.offsetSeconds(atUTCSeconds: 0) == 9 * 3600)
        #expect(policy.supplier(named: "near")?.calendar == nil && policy.hasSupplierTimes)
    }

    @Test(arguments: [
        ("leadTimeDays: 366", "0 to 365"), ("leadTimeSpread: -1", "0 to 2"), ("calendar: { zone: 'Mars/Base' }", "Mars/Base"),
        ("calendar: { workingDays: [] }", "at least one"),
    ]) func mistakesInASuppliersTimes(_ members: String, _ word: String) {
        #expect {
            try read("{ suppliers: [{ name: 'a', url: 'http://127.0.0.1:1/', \(members) }] }")
        } throws: { error in
            (error as? DocumentProblems)?.diagnostics.contains { $0.message.contains(word) } == true
        }
    }

    @Test(arguments: [
        ("serviceLevelPercent: 49", "50 to 99.9"), ("serviceLevelPercent: 100", "50 to 99.9"), ("serviceLevelPercent: '95'", "a number"),
        ("calendar: 3", "object"), ("calendar: { workingDays: [] }", "at least one"),
        ("calendar: { workingDays: ['munday'] }", "monday"), ("calendar: { workday: 'monday' }", "workingDays"),
        ("calendar: { holidays: ['2026-02-29'] }", "2026-12-25"), ("calendar: { holidays: ['25.12.2026'] }", "2026-12-25"),
        ("calendar: { holidays: ['2026-+1-01'] }", "2026-12-25"), ("calendar: { cutoffHour: 25 }", "0 to 24"),
        ("calendar: { zone: 'Europe/Berlyn' }", "not known here"), ("calendar: { zone: '../../etc/passwd' }", "not known here"),
        ("calendar: { utcOffsetHours: 1 }", "utcOffsetHours"),
    ]) func mistakes(_ members: String, _ word: String) {
        #expect {
            try read("{ replenishment: { \(members) } }")
        } throws: { error in
            (error as? DocumentProblems)?.diagnostics.contains { $0.message.contains(word) } == true
        }
    }
}
