import ServiceValue
import TestSupport
import Testing

@testable import GatewayCore

/// The entries of the ledger that the core hands out, and that they and the incidents are the same downtime.
@Suite struct DowntimeLedgerEffectTests {
    private static let press = """
        { profile: "press", silentAfterSeconds: 1800, messages: [{ topic: "t/{device}/data", time: { pointer: "/ts" } }],
          metrics: { mode: { pointer: "/mode", kind: "state", states: ["run", "wait", "fault", "service"] }, x: { pointer: "/x" } },
          status: { metric: "mode", productive: ["run"], standby: ["wait"], unscheduledDowntime: ["fault"], scheduledDowntime: ["service"] },
          faults: { broken: { severity: "major", raise: { metric: "mode", equals: "fault" } } } }
        """

    private func intervals(_ effects: [Effect]) -> [StateInterval] {
        effects.compactMap { if case .interval(let interval) = $0 { interval } else { nil } }
    }

    private func incidents(_ effects: [Effect]) -> [Incident] {
        effects.compactMap { if case .incident(let incident) = $0 { incident } else { nil } }
    }

    private func interval(_ state: EquipmentState, _ from: Double, _ to: Double, _ causes: [String] = []) -> StateInterval {
        StateInterval(
            device: "p1", state: state, fromMilliseconds: Driver.start + Int64(from * 1000),
            toMilliseconds: Driver.start + Int64(to * 1000),
            causes: causes)
    }

    @Test func eachStateIsAnEntryWhenItEnds() throws {
        var driver = try Driver([Self.press])
        for (second, mode) in [(0.0, "run"), (60, "run"), (120, "fault"), (600, "service"), (900, "wait"), (1000, "wait")] {
            driver.tell("p1", "\"mode\":\"\(mode)\"", at: second)
        }
        #expect(
            intervals(driver.effects) == [
                interval(.productive, 0, 120), interval(.unscheduledDowntime, 120, 600, ["broken"]), interval(.scheduledDowntime, 600, 900),
            ])
        let incident = try #require(incidents(driver.effects).first)
        #expect(incident.downtimeMilliseconds == 480_000 && incident.plannedMilliseconds == 300_000)
        #expect(incident.detectedMilliseconds == Driver.start + 120_000 && incident.alarmKinds == ["broken"])
        // Without a playbook the ticket for a person is the first that was done.
        #expect(incident.actedMilliseconds == Driver.start + 120_000)
        let open = try #require(
            driver.core.availability.openInterval(of: 0, named: "p1", upTo: driver.core.fleet.devices[0].newestMilliseconds))
        #expect(open == interval(.standby, 900, 1000))
    }

    /// An alarm that comes again soon is the same, with its old onset, and the cause of the next incident all the same.
    @Test func anAlarmThatComesAgainIsACauseAgain() throws {
        var driver = try Driver([Self.press])
        for (second, mode) in [(0.0, "fault"), (60, "run"), (90, "fault"), (120, "run")] {
            driver.tell("p1", "\"mode\":\"\(mode)\"", at: second)
        }
        #expect(driver.core.alarms.count == 1)
        #expect(incidents(driver.effects).map(\.alarmKinds) == [["broken"], ["broken"]])
    }

    @Test func whatNobodyWatchedIsUnknown() throws {
        var driver = try Driver([Self.press])
        driver.tell("p1", "\"mode\":\"fault\"", at: 0)
        driver.tell("p1", "\"mode\":\"fault\"", at: 600)
        // The gateway is off: no scan found the device silent. It goes on in the state that it was in.
        driver.control(.disconnected, at: 601)
        driver.control(.connected(sessionPresent: false), at: 20_000)
        driver.tell("p1", "\"x\":1", at: 20_010)
        driver.tell("p1", "\"mode\":\"run\"", at: 21_010)
        #expect(
            intervals(driver.effects) == [
                interval(.unscheduledDowntime, 0, 600, ["broken"]), interval(.unknown, 600, 20_010),
                interval(.unscheduledDowntime, 20_010, 21_010, ["broken"]),
            ])
        let incident = try #require(incidents(driver.effects).first)
        #expect(incident.downtimeMilliseconds == 1_600_000 && incident.unknownMilliseconds == 19_410_000)
    }

    @Test func silenceEndsAStateAtTheLastWord() throws {
        var driver = try Driver([Self.press])
        driver.tell("p1", "\"mode\":\"run\"", at: 0)
        driver.tell("p1", "\"mode\":\"run\"", at: 300)
        driver.wait(until: 4000)
        #expect(intervals(driver.effects) == [interval(.productive, 0, 300)])
        driver.tell("p1", "\"mode\":\"run\"", at: 5000)
        driver.tell("p1", "\"mode\":\"wait\"", at: 5100)
        #expect(intervals(driver.effects).dropFirst() == [interval(.unknown, 300, 5000), interval(.productive, 5000, 5100)])
        // Who is taken out leaves what was open.
        driver.tell("p1", "\"mode\":\"wait\"", at: 5200)
        driver.control(.removeDevice(device: "p1", by: "anna"), at: 5300)
        #expect(intervals(driver.effects).last == interval(.standby, 5100, 5200))
    }

    /// Entries follow one another without a gap, and what is down in them is what the incidents were down.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func entriesAndIncidentsAreTheSameDowntime(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var driver = try Driver([Self.press])
        var second = 0.0
        for _ in 0..<400 {
            second += Double([30, 300, 300, 300, 1700, 9000].randomElement(using: &generator) ?? 30)
            driver.wait(until: second)
            switch Int.random(in: 0..<12, using: &generator) {
            case 0:
                driver.control(.disconnected, at: second)
                second += 40
                driver.control(.connected(sessionPresent: Bool.random(using: &generator)), at: second)
            case 1: driver.tell("p1", "\"x\":\(second)", at: second)
            default:
                let mode = ["run", "wait", "fault", "fault", "service"].randomElement(using: &generator) ?? "run"
                let age = Int.random(in: 0..<8, using: &generator) == 0 ? 200.0 : 0
                driver.tell("p1", "\"mode\":\"\(mode)\"", at: second, time: second - age)
            }
        }
        driver.tell("p1", "\"mode\":\"run\"", at: second + 1)
        driver.tell("p1", "\"mode\":\"wait\"", at: second + 2)
        let entries = intervals(driver.effects)
        for (before, after) in zip(entries, entries.dropFirst()) {
            #expect(before.toMilliseconds == after.fromMilliseconds, "seed \(seed)")
            // Two times of silence with one word between them are two entries.
            #expect(before.state != after.state || before.state == .unknown, "seed \(seed)")
        }
        #expect(entries.allSatisfy { $0.fromMilliseconds < $0.toMilliseconds }, "seed \(seed)")
        let down = entries.filter { $0.state == .unscheduledDowntime }.reduce(0) { $0 + $1.toMilliseconds - $1.fromMilliseconds }
        let told = incidents(driver.effects).reduce(0) { $0 + ($1.downtimeMilliseconds ?? 0) }
        #expect(down == told, "seed \(seed)")
        #expect(entries.contains { $0.state == .unknown } && !incidents(driver.effects).isEmpty, "seed \(seed)")
    }
}
