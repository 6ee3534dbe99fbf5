import CoreViews
import Documents
import FoundationEssentials
import Telemetry
import Testing

@testable import GatewayCore

/// Silence by habit through the whole core: alarms, restarts, reloads, what explains it, and time that passes at once.
@Suite struct LearnedSilenceTests {
    private static let said = #"silentAfterSeconds: 600, "#
    private static func profile(_ more: String = "") -> String {
        "{ profile: 'sensor', \(more)messages: [{ topic: 's/{device}' }], metrics: { temp: { pointer: '/t' } } }"
    }

    /// Reports every `step` seconds from `first` to before `last`.
    private static func report(_ driver: inout Driver, every step: Double, from first: Double, to last: Double) {
        var second = first
        while second < last {
            driver.wait(until: second)
            driver.send("s/a", "{\"t\":\(Int(second / step) % 7)}", at: second)
            second += step
        }
    }

    private static func silences(_ driver: Driver) -> Int {
        driver.kinds(.alarmRaised).filter { String(decoding: $0.line, as: UTF8.self).contains("\"silent\"") }.count
    }

    private static func expected(_ driver: Driver) throws -> DocumentNode {
        var writer = JSONWriter()
        try #require(driver.core.writeExplanation("a", condition: "silent", atMilliseconds: driver.core.now, &writer))
        let explanation = try DocumentParser.parse(writer.bytes, file: "explanation")
        return try #require(explanation.member("conditions")?.items?.first)
    }

    @Test func anHourlyReporterIsNotSilentAndItsDeathIsFound() throws {
        var driver = try Driver([Self.profile()])
        Self.report(&driver, every: 3600, from: 10, to: 3 * 86_400)
        #expect(Self.silences(driver) == 0)
        // The last report came within the hour before; a little more than two hours after it, it is missed.
        driver.wait(until: 3 * 86_400 + 3600)
        #expect(Self.silences(driver) == 0)
        driver.wait(until: 3 * 86_400 + 8000)
        #expect(Self.silences(driver) == 1)
    }

    /// What its profile says holds, whatever the habit; and a reload that says nothing any more finds the habit learned.
    @Test func theProfileMaySayOtherwise() throws {
        var driver = try Driver([Self.profile(Self.said)])
        Self.report(&driver, every: 3600, from: 10, to: 86_400)
        #expect(Self.silences(driver) >= 23)
        #expect(driver.core.silentAfterMilliseconds("a") == 600_000)
        try driver.core.reload(with: [try Driver.profile(Self.profile())])
        #expect(driver.core.silentAfterMilliseconds("a") == 8_000_000)
        let before = Self.silences(driver)
        Self.report(&driver, every: 3600, from: 86_410, to: 2 * 86_400)
        #expect(Self.silences(driver) == before)
        try driver.core.reload(with: [try Driver.profile(Self.profile(Self.said))])
        #expect(driver.core.silentAfterMilliseconds("a") == 600_000)
        driver.wait(until: 2 * 86_400)
        #expect(Self.silences(driver) == before + 1)
    }

    /// A restart between any two batches changes nothing that is decided.
    @Test func restartsChangeNothing() throws {
        func live(restarting: Bool) throws -> (decisions: [String], snapshot: [UInt8]) {
            var driver = try Driver([Self.profile()])
            for number in 0..<30 {
                let first = Double(number) * 7200
                // The habit changes twice.
                let step: Double = number < 10 ? 60 : number < 20 ? 1800 : 300
                Self.report(&driver, every: step, from: first + 10, to: first + (number % 10 == 9 ? 600 : 7200))
                guard restarting else { continue }
                let profiles = [try Driver.profile(Self.profile())]
                driver.core = try #require(
                    try StewardCore(configuration: CoreConfiguration(), profiles: profiles, snapshot: driver.snapshot()))
            }
            driver.wait(until: 30 * 7200 + 86_400)
            return (driver.lines, try driver.snapshot())
        }
        let (straight, restarted) = (try live(restarting: false), try live(restarting: true))
        #expect(straight.decisions == restarted.decisions && straight.decisions.contains { $0.contains("silent") })
        #expect(straight.snapshot == restarted.snapshot)
    }

    @Test func explanationsSayWhatWasLearned() throws {
        var driver = try Driver([Self.profile()])
        Self.report(&driver, every: 3600, from: 10, to: 7300)
        #expect(try Self.expected(driver).member("expected")?.member("from")?.text == "young")
        #expect(try Self.expected(driver).member("why")?.text?.contains("not heard often enough") == true)
        Self.report(&driver, every: 3600, from: 10_810, to: 86_400)
        let learned = try Self.expected(driver)
        #expect(learned.member("expected")?.member("withinSeconds")?.number == 8000)
        #expect(learned.member("expected")?.member("gaps")?.number == 23)
        #expect(
            learned.member("why")?.text?.hasSuffix(
                "counts as silent after 133 min of arrival time, learned from 23 gaps of more than 10 min between its messages") == true)
        var said = try Driver([Self.profile(Self.said)])
        Self.report(&said, every: 60, from: 10, to: 100)
        #expect(try Self.expected(said).member("why")?.text?.hasSuffix("counts as silent after 10 min of arrival time") == true)
    }

    /// The gateway's clock is set by hours: nobody is silent for that, and what was learned goes on.
    @Test func aStepOfTheClockIsNoGap() throws {
        var driver = try Driver([Self.profile()])
        Self.report(&driver, every: 3600, from: 10, to: 86_400)
        let limit = try #require(driver.core.silentAfterMilliseconds("a"))
        driver.control(.clockStepped(byMilliseconds: 30 * 86_400_000), at: 31 * 86_400)
        Self.report(&driver, every: 3600, from: 31 * 86_400 + 100, to: 32 * 86_400)
        #expect(Self.silences(driver) == 0 && driver.core.silentAfterMilliseconds("a") == limit)
    }

    /// A place of a device that is gone keeps no habit for the next one.
    @Test func aRemovedDeviceLeavesNoHabit() throws {
        var driver = try Driver([Self.profile()])
        Self.report(&driver, every: 3600, from: 10, to: 86_400)
        driver.control(.removeDevice(device: "a", by: "ann"), at: 86_401)
        driver.send("s/a", "{\"t\":1}", at: 86_402)
        #expect(driver.core.silentAfterMilliseconds("a") == ReportingHabit.patientLimitMilliseconds)
    }

    // MARK: Time

    /// Idle time that passes at once leaves the state that ticks leave one by one, to the last byte.
    @Test func idleTimeIsTheSameAsItsTicks() throws {
        var decided = 0
        for seed in 1...4 {
            var (slow, fast) = (try Driver([Press.profile, Self.profile()]), try Driver([Press.profile, Self.profile()]))
            var state = UInt64(seed)
            func next(_ bound: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % bound
            }
            var now: Int64 = Driver.start
            for _ in 0..<40 {
                now += Int64([1, 40, 700, 5000, 100_000][next(5)] * 1000 + next(2000))
                wait(&slow, to: now, atOnce: false)
                wait(&fast, to: now, atOnce: true)
                let topic = next(2) == 0 ? "s/a" : "t/p\(next(2))/data"
                let payload = "{\"t\":1,\"status\":\"busy\",\"temp\":\(60 + next(40)),\"errors\":[\(next(4) == 0 ? "\"jam\"" : "")]}"
                for part in [0, 1] {
                    let message = [Happening.message(topic: topic, payload: Array(payload.utf8), isRetained: false)]
                    if part == 0 { slow.take(message, atMilliseconds: now) } else { fast.take(message, atMilliseconds: now) }
                }
            }
            #expect(slow.lines == fast.lines && slow.core.lastEvent == fast.core.lastEvent)
            #expect(try slow.snapshot() == fast.snapshot())
            decided += slow.lines.count
        }
        #expect(decided > 100)
    }

    private func wait(_ driver: inout Driver, to end: Int64, atOnce: Bool) {
        while let due = driver.core.nextDueMilliseconds, due <= end {
            if atOnce {
                let passed = driver.core.passIdleTime(to: end)
                driver.skip(passed)
                if passed > 0 { continue }
            }
            driver.take([.control(.tick)], atMilliseconds: max(due, driver.core.now))
        }
    }

    /// A tick is compared and not decoded, so it has to be what it was decoded from.
    @Test func aTickIsWhatItWasEncodedAs() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(try Array(encoder.encode(ControlEvent.tick)) == ControlEvent.tick.encoded())
        func decoded(_ event: ControlEvent) -> ControlEvent? { event.encoded().withUnsafeBytes { ControlEvent(decoding: $0) } }
        for event in [ControlEvent.tick, .disconnected, .clockStepped(byMilliseconds: -5), .connected(sessionPresent: true)] {
            #expect(decoded(event) == event)
            let isStep = if case .clockStepped = event { true } else { false }
            #expect(event.encoded().withUnsafeBytes { ControlEvent.mayBeClockStep($0) } == isStep)
            #expect(event.encoded().withUnsafeBytes { ControlEvent.isTick($0) } == (event == .tick))
        }
    }
}
