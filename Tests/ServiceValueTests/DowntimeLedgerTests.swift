import FoundationEssentials
import ServiceValue
import Testing

@Suite struct DowntimeLedgerTests {
    @Test func booksEveryState() {
        var ledger = DowntimeLedger()
        #expect(ledger.totals(atMilliseconds: 1_000) == StateTotals())
        #expect(ledger.totals(atMilliseconds: 1_000).availability == nil)
        #expect(ledger.enter(.productive, atMilliseconds: 1_000) == .entered(from: .unknown, sinceMilliseconds: nil))
        #expect(ledger.enter(.standby, atMilliseconds: 1_600) == .entered(from: .productive, sinceMilliseconds: 1_000))
        #expect(ledger.enter(.unscheduledDowntime, atMilliseconds: 1_700) == .entered(from: .standby, sinceMilliseconds: 1_600))
        #expect(ledger.enter(.scheduledDowntime, atMilliseconds: 1_850) == .entered(from: .unscheduledDowntime, sinceMilliseconds: 1_700))
        #expect(ledger.enter(.unknown, atMilliseconds: 2_000) == .entered(from: .scheduledDowntime, sinceMilliseconds: 1_850))
        #expect(ledger.enter(.productive, atMilliseconds: 5_000) == .entered(from: .unknown, sinceMilliseconds: 2_000))
        let totals = ledger.totals(atMilliseconds: 5_000)
        #expect(totals.productiveMilliseconds == 600 && totals.standbyMilliseconds == 100)
        #expect(totals.unscheduledDowntimeMilliseconds == 150 && totals.scheduledDowntimeMilliseconds == 150)
        #expect(totals.unknownMilliseconds == 3_000)
        // 700 of 1000 known; unknown is neither up nor down.
        #expect(ledger.totals(atMilliseconds: 5_000).availability == 0.7)
        #expect(ledger.totals(atMilliseconds: 6_000).productiveMilliseconds == 1_600)
        #expect(ledger.totals(atMilliseconds: 4_000) == totals)
    }

    @Test func lateTransitionsAreCountedOnly() {
        var ledger = DowntimeLedger()
        ledger.enter(.productive, atMilliseconds: 1_000)
        ledger.hear(atMilliseconds: 3_000)
        ledger.hear(atMilliseconds: 2_000)
        #expect(ledger.lastHeardMilliseconds == 3_000)
        #expect(ledger.enter(.unscheduledDowntime, atMilliseconds: 2_500) == .late)
        #expect(ledger.enter(.standby, atMilliseconds: 500) == .late)
        #expect(ledger.enter(.productive, atMilliseconds: 1_000) == .unchanged)
        #expect(ledger.enter(.productive, atMilliseconds: 4_000) == .unchanged)
        #expect(ledger.lateTransitionCount == 2)
        #expect(ledger.state == .productive)
        #expect(ledger.totals(atMilliseconds: 4_000).productiveMilliseconds == 3_000)
    }

    @Test func silenceIsUnknownFromTheLastWordOn() {
        var ledger = DowntimeLedger()
        #expect(ledger.fallSilent() == .unchanged)
        ledger.enter(.productive, atMilliseconds: 0)
        ledger.hear(atMilliseconds: 500)
        #expect(ledger.fallSilent() == .entered(from: .productive, sinceMilliseconds: 0))
        #expect(ledger.fallSilent() == .unchanged)
        ledger.enter(.standby, atMilliseconds: 10_000)
        let totals = ledger.totals(atMilliseconds: 10_100)
        #expect(totals.productiveMilliseconds == 500 && totals.unknownMilliseconds == 9_500 && totals.standbyMilliseconds == 100)
    }

    @Test func aRestartDoesNotCountTwice() throws {
        let events: [(EquipmentState, Int64)] = [(.productive, 0), (.unscheduledDowntime, 400), (.standby, 900)]
        var ledger = DowntimeLedger()
        for event in events { ledger.enter(event.0, atMilliseconds: event.1) }
        let before = ledger.totals(atMilliseconds: 1_000)
        var restored = try JSONDecoder().decode(DowntimeLedger.self, from: try JSONEncoder().encode(ledger))
        #expect(restored == ledger)
        for event in events { restored.enter(event.0, atMilliseconds: event.1) }
        #expect(restored.totals(atMilliseconds: 1_000) == before)
    }

    @Test func extremeTimesSaturate() {
        var ledger = DowntimeLedger()
        ledger.enter(.productive, atMilliseconds: .min)
        ledger.enter(.unscheduledDowntime, atMilliseconds: .max)
        ledger.enter(.standby, atMilliseconds: .max)
        #expect(ledger.totals(atMilliseconds: .max).productiveMilliseconds == .max)
        #expect(ledger.totals(atMilliseconds: .min).standbyMilliseconds == 0)
        #expect(ledger.totals(atMilliseconds: .max).availability == 1)
    }
}

@Suite struct IncidentLogTests {
    @Test func opensAndCloses() throws {
        var log = IncidentLog(device: "press-3")
        #expect(log.follow(.productive, atMilliseconds: 0) == .none)
        guard case .opened(let opened) = log.follow(.unscheduledDowntime, atMilliseconds: 1_000) else { throw Unexpected() }
        #expect(opened.id == 1 && opened.device == "press-3" && opened.onsetMilliseconds == 1_000)
        #expect(opened.downtimeMilliseconds == nil)
        #expect(log.follow(.unscheduledDowntime, atMilliseconds: 1_500) == .none)
        log.note(alarmKind: "jam")
        log.note(alarmKind: "cover")
        log.note(alarmKind: "jam")
        log.noteAction(atMilliseconds: 1_200)
        // Neither silence nor a technician at work is a restoration.
        #expect(log.follow(.unknown, atMilliseconds: 2_000) == .none)
        #expect(log.follow(.scheduledDowntime, atMilliseconds: 2_500) == .none)
        guard case .closed(let closed) = log.follow(.standby, atMilliseconds: 4_000, isHandledRemotely: true) else { throw Unexpected() }
        #expect(closed.alarmKinds == ["jam", "cover"] && closed.actionCount == 1 && closed.isHandledRemotely)
        // Of 3,000 the technician's time is planned, and of the silence before nobody knows.
        #expect(closed.downtimeMilliseconds == 1_000 && closed.plannedMilliseconds == 1_500 && closed.unknownMilliseconds == 500)
        #expect(closed.actedMilliseconds == 1_200 && closed.detectedMilliseconds == nil)
        #expect(log.open == nil && log.closed == [closed])
        #expect(log.follow(.standby, atMilliseconds: 5_000) == .none)
        #expect(log.closedCount == 1 && log.remotelyHandledCount == 1)
    }

    /// Planned time goes off the incident once, however often it is said, and so does time of which nobody knows.
    @Test func plannedTimeIsNotDowntime() throws {
        var log = IncidentLog(device: "a")
        _ = log.follow(.scheduledDowntime, atMilliseconds: 500)
        _ = log.follow(.unscheduledDowntime, atMilliseconds: 1_000)
        for (state, time) in [
            (.scheduledDowntime, 2_000), (.scheduledDowntime, 2_500), (.unknown, 2_700), (.unscheduledDowntime, 3_000),
            (.unscheduledDowntime, 3_500), (.scheduledDowntime, 4_000),
        ] as [(EquipmentState, Int64)] { #expect(log.follow(state, atMilliseconds: time) == .none) }
        log.shift(byMilliseconds: 100)
        log = try JSONDecoder().decode(IncidentLog.self, from: try JSONEncoder().encode(log))
        guard case .closed(let closed) = log.follow(.productive, atMilliseconds: 4_600) else { throw Unexpected() }
        // From 1,100 to 4,600, less 700 and 500 that were planned and 300 of which nobody knows.
        #expect(closed.plannedMilliseconds == 1_200 && closed.unknownMilliseconds == 300)
        #expect(closed.downtimeMilliseconds == 2_000 && log.downtimeMilliseconds == 2_000)
        _ = log.follow(.unscheduledDowntime, atMilliseconds: 5_000)
        guard case .closed(let next) = log.follow(.productive, atMilliseconds: 6_000) else { throw Unexpected() }
        #expect(next.plannedMilliseconds == 0 && next.downtimeMilliseconds == 1_000)
    }

    @Test func lateEventsChangeNothing() {
        var log = IncidentLog(device: "a")
        _ = log.follow(.unscheduledDowntime, atMilliseconds: 1_000)
        #expect(log.follow(.productive, atMilliseconds: 900) == .late)
        _ = log.follow(.productive, atMilliseconds: 2_000)
        #expect(log.follow(.unscheduledDowntime, atMilliseconds: 1_500) == .late)
        #expect(log.lateCount == 2 && log.closedCount == 1 && log.downtimeMilliseconds == 1_000 && log.open == nil)
    }

    @Test func isBounded() {
        var log = IncidentLog(device: String(repeating: "ü", count: 1_000))
        #expect(log.device.utf8.count == 128)
        for index in 0..<200 as Range<Int64> {
            _ = log.follow(.unscheduledDowntime, atMilliseconds: index * 100)
            for kind in 0..<12 { log.note(alarmKind: "kind \(kind)") }
            _ = log.follow(.productive, atMilliseconds: index * 100 + 40)
        }
        #expect(log.closed.count == 64 && log.closed.first?.id == 137 && log.closed.last?.id == 200)
        #expect(log.closed.allSatisfy { $0.alarmKinds.count == 8 && $0.droppedAlarmKindCount == 4 })
        #expect(log.closedCount == 200 && log.downtimeMilliseconds == 8_000)
    }

    @Test func extremeTimesSaturate() {
        var log = IncidentLog(device: "a")
        _ = log.follow(.unscheduledDowntime, atMilliseconds: .min)
        _ = log.follow(.productive, atMilliseconds: .max)
        _ = log.follow(.unscheduledDowntime, atMilliseconds: .max)
        _ = log.follow(.productive, atMilliseconds: .max)
        #expect(log.downtimeMilliseconds == .max && log.closedCount == 2)
    }

    private struct Unexpected: Error {}
}
