import Testing

@testable import SQLiteStore

@Suite struct QueryPlanTests {
    /// These walk a table on purpose: in its order up to a limit, or at a start, or because it is bounded and small.
    private static let walks: Set<Query> = [
        .loadCounters, .firstSegment, .oldestSegments, .journal, .oldestJournal, .deadLetters, .oldestDeadLetters, .quarantined,
        .forgetOldestCrash, .snapshots, .previousSnapshot, .deleteOldParts, .deleteSnapshots, .nextPart, .deleteEmptySeries, .oldestChunks,
        .openLanes, .shiftOutbox, .segmentsFrom, .forgetFinished, .countInbox, .countOpen, .countFinished,
        .damagedDeliveries, .abandonDamagedDeliveries, .countCrashes, .countDamagedCrashes, .dropDamagedCrashes, .countDamagedRequests,
        .dropDamagedRequests, .countJournal,
        .countLetters, .allCrashes, .intactDeliveries, .segmentsBackwards, .countChunks, .countSeries, .lastSession, .forgetSessions,
        .countStateIntervals, .countIncidents, .oldestStateIntervals, .oldestIncidents,
    ]

    @Test func noOtherStatementScansATable() throws {
        let directory = try TemporaryDirectory()
        let store = try Store(path: directory.storePath)
        for query in Query.allCases where !Self.walks.contains(query) {
            let plan = try plan(store, query)
            #expect(!plan.contains("SCAN"), "\(query): \(plan)")
        }
    }

    /// The finished entries are the many; the open ones are in an index of their own.
    @Test func deliveriesAreFoundAmongTheOpenOnesOnly() throws {
        let directory = try TemporaryDirectory()
        let store = try Store(path: directory.storePath)
        for query in [Query.dueOnLane, .nextDueOnLane, .openLanes, .shiftOutbox] {
            let plan = try plan(store, query)
            #expect(plan.contains("outbox_due"), "\(query): \(plan)")
        }
        let plan = try plan(store, .forgetFinished)
        #expect(plan.contains("outbox_finished"), "\(plan)")
    }

    @Test func whatWalksInOrderNeedsNoSorting() throws {
        let directory = try TemporaryDirectory()
        let store = try Store(path: directory.storePath)
        for query in [
            Query.oldestSegments, .journal, .journalOfDevice, .oldestJournal, .deadLetters, .oldestChunks, .segmentsFrom, .dueOnLane,
            .forgetFinished,
        ] {
            let plan = try plan(store, query)
            #expect(!plan.contains("TEMP B-TREE"), "\(query): \(plan)")
        }
    }

    private func plan(_ store: Store, _ query: Query) throws -> String {
        let sql = "\(query.sql)"
        guard ["SELECT", "INSERT", "UPDATE", "DELETE"].contains(where: sql.hasPrefix) else { return "" }
        return try queryTexts(store.connection.path, "EXPLAIN QUERY PLAN " + sql, column: 3).joined(separator: "; ")
    }
}
