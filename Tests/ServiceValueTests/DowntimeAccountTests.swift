import CivilCalendar
import Testing

@testable import ServiceValue

@Suite struct DowntimeAccountTests {
    private let days = LocalDays(zone: .utc)
    private static let day: Int64 = 86_400_000

    @Test func timeCausesAndIncidentsAgree() {
        var account = DowntimeAccount(days: 100...101)
        // Half of it lies before the period.
        account.add(
            StateInterval(
                device: "a", state: .unscheduledDowntime, fromMilliseconds: 99 * Self.day + Self.day / 2,
                toMilliseconds: 100 * Self.day + Self.day / 2, causes: ["jam", "cover"]), days)
        account.add(
            StateInterval(device: "a", state: .productive, fromMilliseconds: 100 * Self.day + Self.day / 2, toMilliseconds: 103 * Self.day),
            days)
        account.add(StateInterval(device: "b", state: .unknown, fromMilliseconds: 100 * Self.day, toMilliseconds: 102 * Self.day), days)
        #expect(account.totals.unscheduledDowntimeMilliseconds == Self.day / 2)
        #expect(account.totals.productiveMilliseconds == Self.day * 3 / 2)
        #expect(account.totals.availability == 0.75 && account.totals.knownShare == 0.5)
        #expect(account.byDevice["b"]?.availability == nil && account.byDevice["b"]?.unknownMilliseconds == 2 * Self.day)
        #expect(account.byDay.keys.sorted() == [100, 101])
        #expect(account.causesBySize == [.init(name: "jam", milliseconds: Self.day / 2, incidents: 0)])
        for state in EquipmentState.allCases {
            #expect(account.byDay.values.reduce(0) { $0 + $1.milliseconds(in: state) } == account.totals.milliseconds(in: state))
        }
    }

    @Test func incidentsThatStandAreInTheTimes() {
        var account = DowntimeAccount(days: 0...9)
        #expect(account.meanTimeBetweenFailuresMilliseconds == nil)
        account.add(8 * Self.day, in: .standby, of: "a", onDay: 0)
        for (onset, restored, acted) in [(0, 60, 10), (1000, 1120, nil), (2000, nil, nil)] as [(Int64, Int64?, Int64?)] {
            account.add(
                .init(
                    device: "a", onsetMilliseconds: onset, restoredMilliseconds: restored, downtimeMilliseconds: 1,
                    detectedMilliseconds: onset + 5,
                    actedMilliseconds: acted, isRemote: false, cause: restored == nil ? nil : "jam"))
        }
        let restore = account.timeToRestore(now: 5000)
        #expect(restore.count == 3 && restore.openCount == 1 && restore.median.milliseconds == 120)
        #expect(account.timeToDetect.median.milliseconds == 5)
        #expect(account.timeToAct(now: 5000).openCount == 2 && account.timeToAct(now: 5000).quantile(0.2).milliseconds == 10)
        #expect(account.causesBySize.map(\.name) == ["jam", ""] && account.causesBySize[0].incidents == 2)
        #expect(account.meanTimeBetweenFailuresMilliseconds == Double(8 * Self.day) / 3)
    }
}
