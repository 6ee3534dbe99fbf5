import CivilCalendar
import FoundationEssentials
import Telemetry
import TestSupport
import Testing

@testable import FaultDetection
@testable import GatewayCore

/// Detectors in the core: what feeds them, what they raise, and that neither batches nor snapshots change them.
@Suite struct AnomalyTests {
    static func profile(_ more: String = "", temp: String = "", lateness: Int = 0) -> String {
        """
        { profile: "kiln", gapSeconds: 900, allowedLatenessSeconds: \(lateness), \(more)
          messages: [{ topic: "t/{device}/data", time: { pointer: "/ts" } }],
          metrics: {
            temp: { pointer: "/temp", unit: "Cel"\(temp) },
            made: { pointer: "/made", kind: "counter", unit: "{parts}" },
            mode: { pointer: "/mode", kind: "state" },
            "any.{name}": { pointer: "/any/{name}", kind: "any" },
          } }
        """
    }

    struct Reading {
        var second: Double
        var members: String
    }

    /// Ten quiet days at five minutes, and then more of them `shift` above.
    static func shifted(_ metric: String = "temp", seed: UInt64, by shift: Double = 40, days: Int = 15) -> [Reading] {
        var generator = SeededGenerator(seed: seed)
        return (0..<days * 288).map { step in
            let noise = Double.random(in: -1...1, using: &generator) + Double.random(in: -1...1, using: &generator)
            let isShifted = step >= 10 * 288
            return Reading(second: Double(step) * 300, members: "\"\(metric)\":\(200 + noise + (isShifted ? shift : 0))")
        }
    }

    private func raised(_ driver: Driver) -> [Alarm] { driver.core.alarms.all.filter { $0.source == .anomaly } }
    private func anomalyLines(_ driver: Driver) -> [String] {
        driver.core.digestLines().filter { $0.hasPrefix("anomaly ") || $0.hasPrefix("machine ") }
    }

    @Test func aLevelShiftRaisesOneWarningThatClears() throws {
        var driver = try Driver([Self.profile()])
        for reading in Self.shifted(seed: 1) { driver.tell("k1", reading.members, at: reading.second) }
        let alarms = raised(driver)
        #expect(alarms.count == 1, "\(alarms.map(\.text))")
        let alarm = try #require(alarms.first)
        #expect(alarm.condition == "anomaly:temp")
        #expect(alarm.severity == .warning)
        #expect(!alarm.isActive, "it stands until \(alarm.state)")
        #expect(alarm.text.contains("temp") && alarm.text.contains(" Cel"), "\(alarm.text)")
        #expect(alarm.text.contains("above") || alarm.text.contains("risen"), "\(alarm.text)")
        #expect(alarm.raisedBy.first?.metric == "temp")
        let shift = Driver.start + 10 * 86_400_000
        #expect((shift..<shift + 6 * 3_600_000).contains(alarm.onsetMilliseconds))
        #expect(driver.deliveries.isEmpty && driver.kinds(.command, .ticket).isEmpty)
        #expect(driver.core.watchedMetrics == 1)
    }

    @Test func aLateWarningSetsNothingOffEither() throws {
        var driver = try Driver([Self.profile()])
        // All of it comes after an outage of the link: fresh for nobody.
        for reading in Self.shifted(seed: 1) { driver.tell("k1", reading.members, at: 40 * 86_400, time: reading.second) }
        #expect(raised(driver).count == 1)
        #expect(raised(driver).first?.isLate == true)
        #expect(!driver.core.alarms.awaitsConfirmation(0))
        #expect(driver.deliveries.isEmpty)
    }

    @Test func theRateOfACounterIsWatched() throws {
        var driver = try Driver([Self.profile()])
        var made = 0.0
        var generator = SeededGenerator(seed: 5)
        for step in 0..<13 * 288 {
            // Counters that begin anew are no fall of the rate.
            if step % 500 == 499 { made = 0 }
            made += Double(Int.random(in: 48...52, using: &generator)) * (step < 12 * 288 ? 1 : 3)
            driver.tell("k1", "\"made\":\(made)", at: Double(step) * 300)
            if step == 12 * 288 - 1 { #expect(raised(driver).isEmpty, "\(raised(driver).map(\.text))") }
        }
        let alarm = try #require(raised(driver).first)
        #expect(alarm.condition == "anomaly:made")
        #expect(alarm.text.contains("the rate of made") && alarm.text.contains("parts/h"), "\(alarm.text)")
    }

    @Test func twoReadingsCloseTogetherAreNoRate() {
        var watch = MetricWatch()
        #expect(watch.rate(10, at: 0, isContinuous: false) == nil)
        #expect(watch.rate(11, at: 10, isContinuous: true) == nil)
        #expect(watch.rate(20, at: 60_000, isContinuous: true) == 600)
        #expect(watch.rate(5, at: 120_000, isContinuous: false) == nil)
        #expect(watch.rate(6, at: 180_000, isContinuous: true) == 60)
    }

    @Test func statesLevelsAndWhatOptedOutAreNotWatched() throws {
        func watched(_ profile: String) throws -> [String] {
            var driver = try Driver([profile])
            for second in 0..<3 {
                driver.tell(
                    "k1", "\"temp\":\(second),\"made\":\(second),\"mode\":\"on\",\"any\":{\"x\":\(second),\"word\":\"on\"}",
                    at: Double(second) * 300)
            }
            return anomalyLines(driver).map { String($0.split(separator: " ")[2]) }.sorted()
        }
        #expect(try watched(Self.profile()) == ["any.x", "made", "temp"])
        #expect(try watched(Self.profile(temp: ", anomalies: false")) == ["any.x", "made"])
        #expect(try watched(Self.profile("anomalies: false,")) == [])
        #expect(try watched(Self.profile("anomalies: false,", temp: ", anomalies: true")) == ["temp"])
    }

    @Test func onlyLiveReadingsInOrderFeed() throws {
        var driver = try Driver([Self.profile()])
        for step in 0..<20 { driver.tell("k1", "\"temp\":\(20 + step % 3),\"made\":\(step)", at: Double(step) * 300) }
        let before = anomalyLines(driver)
        #expect(before.count == 2)
        driver.tell("k1", "\"temp\":900", at: 6000, time: 3000)
        driver.tell("k1", "\"temp\":900", at: 6001, time: 6001, retained: true)
        driver.tell("k1", "\"temp\":null", at: 6002)
        driver.control(
            .replayed(
                topic: Data("t/k1/data".utf8), payload: Data("{\"ts\":\(Driver.start + 6_003_000),\"temp\":900}".utf8), isRetained: false,
                arrivalMilliseconds: Driver.start + 6_003_000), at: 6003)
        #expect(anomalyLines(driver) == before)
        driver.tell("k1", "\"temp\":21", at: 6300)
        #expect(anomalyLines(driver) != before)
    }

    /// Eight o'clock on the wall is one time of the day, in winter and in summer; by UTC it is two.
    @Test func habitsGoByTheClockOnTheWallOfTheSite() throws {
        for (zone, slots) in [(try ZoneRules(tzif: ZoneFixture.berlin), [16]), (.utc, [12, 14])] {
            var configuration = CoreConfiguration()
            configuration.zone = zone
            var driver = try Driver([Self.profile()], configuration: configuration)
            // Weekdays around 29 March 2026, when clocks in Berlin are put forward.
            for day in 74..<102 where ![2, 3].contains(day % 7) {
                for minute in [5, 10, 15, 20] {
                    let summer = day >= 87 ? 3600.0 : 0
                    driver.tell("k1", "\"temp\":\(20 + minute)", at: Double(day) * 86_400 + 7 * 3600 - summer + Double(minute) * 60)
                }
            }
            let detector = try #require(driver.core.anomalies.metrics.first).detector
            #expect((0..<UInt8(96)).filter { detector.tables.find(.season, $0) != nil }.map { Int($0) } == slots)
        }
    }

    @Test func theLimitIsKept() throws {
        var configuration = CoreConfiguration()
        configuration.maximumAnomalyMetrics = 3
        var driver = try Driver([Self.profile()], configuration: configuration)
        for second in 0..<4 {
            for device in ["k1", "k2", "k3"] { driver.tell(device, "\"temp\":1,\"made\":\(second)", at: Double(second) * 300) }
        }
        #expect(driver.core.watchedMetrics == 3)
        #expect(driver.core.refusedWatches == 3)
        let bytes = try driver.snapshot()
        let profiles = [try Driver.profile(Self.profile())]
        let same = try #require(try StewardCore(configuration: configuration, profiles: profiles, snapshot: bytes))
        #expect(same.watchedMetrics == 3 && same.refusedWatches == 3)
        #expect(same.digestLines() == driver.core.digestLines())
        // With more room those that were refused are taken.
        configuration.maximumAnomalyMetrics = 5
        var more = Driver(
            core: try #require(try StewardCore(configuration: configuration, profiles: profiles, snapshot: bytes)), number: 1000)
        for device in ["k1", "k2", "k3"] { more.tell(device, "\"temp\":1,\"made\":9", at: 1500) }
        #expect(more.core.watchedMetrics == 5 && more.core.refusedWatches == 1)
    }

    @Test func theDetectorMovesWithItsMetric() throws {
        var driver = try Driver([Self.profile()])
        var alone = try Driver([Self.profile()])
        for step in 0..<40 {
            let members = "\"temp\":\(20 + step % 7)"
            driver.tell("k1", members, at: Double(step) * 300)
            alone.tell("k1", members, at: Double(step) * 300)
            if step == 10 { driver.tell("k2", "\"temp\":5", at: Double(step) * 300 + 1) }
            // The second device shows names; the first is moved when it speaks again.
            if step == 20 {
                driver.tell("k2", "\"any\":{\(["a", "b", "c", "d", "e", "f"].map { "\"\($0)\":1" }.joined(separator: ","))}", at: 6001)
            }
        }
        #expect(anomalyLines(driver).filter { $0.contains(" k1 temp ") } == anomalyLines(alone).filter { $0.contains(" temp ") })
    }

    // MARK: Batches, snapshots, replays

    /// Three devices with gauges, a counter, faults of the data, and shifts; some late, some retained, some twice.
    private static func recording(seed: UInt64) -> [[(time: Int64, happening: Happening)]] {
        var generator = SeededGenerator(seed: seed)
        var made = [0, 0, 0]
        return (0..<288 * 7).map { step in
            let time = Driver.start + Int64(step) * 300_000
            return (0..<3).compactMap { device in
                guard Int.random(in: 0..<40, using: &generator) != 0 else { return nil }
                made[device] += Int.random(in: 10...12, using: &generator)
                let shift = step > 288 * 5 && step < 288 * 6 ? 30.0 : 0
                func gauge(_ base: Double) -> Double { base + shift + Double.random(in: -1...1, using: &generator) }
                let late: Int64 = Int.random(in: 0..<30, using: &generator) == 0 ? 4_000_000 : 0
                let body =
                    "{\"ts\":\(time - late),\"temp\":\(gauge(200)),\"made\":\(made[device]),\"any\":{\"a\":\(gauge(5)),\"b\":\(gauge(50))}}"
                return (
                    time,
                    .message(
                        topic: "t/k\(device)/data", payload: Array(body.utf8), isRetained: Int.random(in: 0..<50, using: &generator) == 0)
                )
            }
        }
    }

    private func play(_ batches: some Sequence<[(time: Int64, happening: Happening)]>, into driver: inout Driver) {
        for batch in batches where !batch.isEmpty { driver.take(batch.map(\.happening), atMilliseconds: batch[0].time) }
    }

    @Test(arguments: [0, 300]) func batchesReplaysAndSnapshotsChangeNothing(_ lateness: Int) throws {
        let seed = UInt64(77 + lateness)
        print("anomaly seed \(seed)")
        let profile = Self.profile(lateness: lateness)
        let batches = Self.recording(seed: seed)
        var reference = try Driver([profile])
        play(batches, into: &reference)
        // Something has to have been found, by both kinds of detector, or nothing is shown.
        #expect(Set(raised(reference).map(\.condition)).isSuperset(of: ["anomaly:temp", "anomaly:machine"]))
        #expect(raised(reference).contains { !$0.isActive })
        #expect(anomalyLines(reference).count == 3 * 5)

        var again = try Driver([profile])
        play(batches, into: &again)
        #expect(again.effects == reference.effects && again.core.digestLines() == reference.core.digestLines())

        var single = try Driver([profile])
        for batch in batches { play(batch.map { [$0] }, into: &single) }
        #expect(single.effects == reference.effects && single.core.digestLines() == reference.core.digestLines(), "seed \(seed)")

        var generator = SeededGenerator(seed: seed &* 31)
        let parsed = [try Driver.profile(profile)]
        for cut in [288 * 5 + 40] + (0..<3).map({ _ in Int.random(in: 0..<batches.count, using: &generator) }) {
            var first = try Driver([profile])
            play(batches[..<cut], into: &first)
            let bytes = try first.snapshot()
            let core = try #require(try StewardCore(configuration: CoreConfiguration(), profiles: parsed, snapshot: bytes))
            var second = Driver(core: core, number: first.number)
            #expect(try second.snapshot() == bytes, "cut \(cut)")
            play(batches[cut...], into: &second)
            #expect(first.effects + second.effects == reference.effects, "seed \(seed), cut \(cut)")
            #expect(second.core.digestLines() == reference.core.digestLines(), "seed \(seed), cut \(cut)")
            #expect(try second.snapshot() == reference.snapshot(), "seed \(seed), cut \(cut)")
        }
    }

    @Test func anAlarmWhoseMetricOptsOutEnds() throws {
        var driver = try Driver([Self.profile()])
        for reading in Self.shifted(seed: 1).prefix(10 * 288 + 60) { driver.tell("k1", reading.members, at: reading.second) }
        #expect(raised(driver).first?.isActive == true)
        var kept = driver.core
        try kept.reload(with: [Driver.profile(Self.profile())])
        #expect(kept.orphans.isEmpty)
        try driver.core.reload(with: [Driver.profile(Self.profile(temp: ", anomalies: false"))])
        driver.tick(at: 11 * 86_400)
        #expect(raised(driver).first?.isActive == false)
        #expect(driver.core.watchedMetrics == 0)
    }

    /// A name that a snapshot remembers is known to be opted out when it is met again.
    @Test func aRememberedNameThatOptsOutIsLetGo() throws {
        func named(_ more: String) -> String {
            "{ profile: \"p\", messages: [{ topic: \"t/{device}/data\", time: { pointer: \"/ts\" } }], metrics: { \"{name}\": { pointer: \"/{name}\"\(more) } } }"
        }
        var driver = try Driver([named("")])
        for second in 0..<3 { driver.tell("k1", "\"a\":\(second),\"b\":\(second)", at: Double(second) * 60) }
        #expect(driver.core.watchedMetrics >= 2)
        try driver.core.reload(with: [Driver.profile(named(", anomalies: false"))])
        driver.tell("k1", "\"a\":1,\"b\":2", at: 300)
        #expect(!anomalyLines(driver).contains { $0.contains(" a ") || $0.contains(" b ") })
    }
}
