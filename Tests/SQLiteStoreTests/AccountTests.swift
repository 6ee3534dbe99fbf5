import Testing

@testable import SQLiteStore

/// The account of downtime in the store.
@Suite struct AccountTests {
    private func row(_ device: String, _ state: Int, _ from: Int64, _ to: Int64) -> StateIntervalRow {
        StateIntervalRow(device: device, state: state, fromMilliseconds: from, toMilliseconds: to, causes: state == 2 ? "jam\ncover" : "")
    }

    private func days(_ store: Store, _ range: ClosedRange<Int> = -10...100, device: String? = nil) throws -> [StateDayRow] {
        var found: [StateDayRow] = []
        try store.stateDays(range, device: device) { found.append($0) }
        return found
    }

    @Test func entriesAddUpByDayAndCountOnce() throws {
        let directory = try TemporaryDirectory()
        let store = try Store(path: directory.storePath)
        for _ in 0..<2 {
            try store.appendStateInterval(row("a", 0, 0, 300), shares: [(1, 100), (2, 200)], cause: nil)
            try store.appendStateInterval(row("a", 2, 300, 350), shares: [(2, 50)], cause: "jam")
            try store.appendIncident(
                IncidentRow(
                    device: "a", onsetMilliseconds: 300, restoredMilliseconds: 350, downtimeMilliseconds: 50, detectedMilliseconds: 310,
                    actedMilliseconds: nil, isRemote: true, causes: "jam"))
        }
        try store.appendStateInterval(row("b", 4, 0, 10), shares: [(2, 10)], cause: nil)
        #expect(
            try days(store) == [
                StateDayRow(day: 1, device: "a", states: [100, 0, 0, 0, 0]), StateDayRow(day: 2, device: "a", states: [200, 0, 50, 0, 0]),
                StateDayRow(day: 2, device: "b", states: [0, 0, 0, 0, 10]),
            ])
        #expect(try days(store, 2...2, device: "b").count == 1)
        #expect(try store.causeDays(1...2) == [CauseDayRow(day: 2, device: "a", cause: "jam", milliseconds: 50)])
        #expect(try store.incidents(from: 300, to: 301).map(\.isRemote) == [true])
        #expect(try store.incidents(from: 0, to: 300).isEmpty && store.incidents(from: 0, to: 400, device: "b").isEmpty)
        #expect(try store.stateIntervals(device: "a", from: 299, to: 301, limit: 10).map(\.state) == [0, 2])
        #expect(try store.stateIntervals(device: "a", from: 0, to: 400, limit: 1).count == 1)
        #expect(throws: StoreError.self) { try store.appendStateInterval(row("a", 9, 0, 1), shares: [], cause: nil) }
    }

    @Test func entriesAreForgottenAndTheirSumsStay() throws {
        let directory = try TemporaryDirectory()
        var limits = StoreLimits()
        limits.stateIntervals = 10
        limits.incidents = 5
        let store = try Store(path: directory.storePath, limits: limits)
        for index in 0..<40 as Range<Int64> {
            try store.appendStateInterval(row("a", 0, index, index + 1), shares: [(Int(index / 10), 1)], cause: nil)
            try store.appendIncident(
                IncidentRow(
                    device: "a", onsetMilliseconds: index, restoredMilliseconds: index, downtimeMilliseconds: 0, detectedMilliseconds: nil,
                    actedMilliseconds: nil, isRemote: false, causes: ""))
        }
        let left = try store.stateIntervals(device: "a", from: 0, to: 100, limit: 100)
        #expect(left.count <= 10 && left.last?.fromMilliseconds == 39)
        #expect(try store.incidents(from: 0, to: 100).count <= 5)
        #expect(try days(store).map(\.states[0]) == [10, 10, 10, 10])
        try store.trimAccount(beforeDay: 2)
        #expect(try days(store).map(\.day) == [2, 3])
    }

    @Test func theSumsOutliveADamagedStore() throws {
        let directory = try TemporaryDirectory()
        let old = try Store(path: directory.storePath)
        try old.appendStateInterval(row("a", 2, 0, 300), shares: [(1, 100), (2, 200)], cause: "jam")
        try old.appendIncident(
            IncidentRow(
                device: "a", onsetMilliseconds: 0, restoredMilliseconds: 300, downtimeMilliseconds: 300, detectedMilliseconds: nil,
                actedMilliseconds: 5, isRemote: false, causes: "jam"))
        let sums = try days(old)
        try old.close()
        let place = try TemporaryDirectory()
        let new = try Store(path: place.storePath)
        _ = try new.salvage(from: directory.storePath, formats: [7])
        #expect(try days(new) == sums && sums.count == 2)
        #expect(try new.causeDays(1...2).map(\.milliseconds) == [100, 200])
        #expect(try new.incidents(from: 0, to: 1).map(\.actedMilliseconds) == [5])
    }
}
