import FaultDetection
import FoundationEssentials
import ServiceValue
import Testing

@testable import GatewayCore

/// The gateway's clock is set while it runs. Nothing that is waited for takes longer or shorter, and nobody is blind until a wrong time comes.
@Suite struct ClockStepTests {
    static let steps: [Int64] = [10_000, 3_600_000, 40 * 86_400_000, 3653 * 86_400_000].flatMap { [$0, -$0] }
    private let day: Int64 = 86_400_000

    /// Sets the clock at `second` of the time from before.
    private func step(_ driver: inout Driver, by step: Int64, at second: Double) {
        driver.take([.control(.clockStepped(byMilliseconds: step))], atMilliseconds: Driver.start + Int64(second * 1000) + step)
    }

    private func comparable(_ effects: [Effect]) -> [String] {
        effects.compactMap { effect in
            switch effect {
            case .decision(let decision) where decision.kind == .clockStepped: nil
            case .deadLetter(let letter): "\(letter.reason) \(letter.arrivalMilliseconds)"
            default: "\(effect)"
            }
        }
    }

    @Test(arguments: steps) func thereAndBackIsAsIfNothingHadHappened(_ step: Int64) throws {
        for seed in UInt64(1)...4 {
            let (batches, reference) = try RandomFleet.record(seed: seed, batches: 200)
            var driver = try Driver(isConnected: false)
            for (index, batch) in batches.enumerated() {
                driver.take(batch.happenings, atMilliseconds: batch.time)
                guard index % 7 == 3 else { continue }
                driver.take([.control(.clockStepped(byMilliseconds: step))], atMilliseconds: batch.time + step)
                driver.take([.control(.tick)], atMilliseconds: batch.time + step)
                driver.take([.control(.clockStepped(byMilliseconds: -step))], atMilliseconds: batch.time)
            }
            #expect(comparable(driver.effects) == comparable(reference.effects), "seed \(seed)")
            #expect(driver.core.digestLines() == reference.core.digestLines(), "seed \(seed)")
            #expect(driver.core.counters == reference.core.counters, "seed \(seed)")
        }
    }

    /// The same things happen at the same distances, and the clock is set between two of them: for devices without a clock nothing differs but the
    /// times. Names follow from times, so those of the one run are translated for the other.
    @Test(arguments: steps) func whatHasNoClockOfItsOwnFeelsNoStep(_ step: Int64) throws {
        for seed in UInt64(11)...14 {
            let batches = try RandomFleet.record(seed: seed, batches: 200).batches
            var (plain, stepped) = (try Driver(isConnected: false), try Driver(isConnected: false))
            var names: [(String, String)] = []
            var offset: Int64 = 0
            for (index, batch) in batches.enumerated() {
                if index % 40 == 20 {
                    // There on odd ones, back on even ones, so that it stays within what a clock can say.
                    let by = offset == 0 ? step : -step
                    offset += by
                    stepped.take([.control(.clockStepped(byMilliseconds: by))], atMilliseconds: plain.core.now + offset)
                }
                let happenings = batch.happenings.map(withoutTime)
                let (one, other) = (plain.deliveries.count, stepped.deliveries.count)
                plain.take(happenings.map { translated($0, []) }, atMilliseconds: batch.time)
                stepped.take(happenings.map { translated($0, names) }, atMilliseconds: batch.time + offset)
                names += zip(plain.deliveries[one...], stepped.deliveries[other...]).map { ($0.key, $1.key) }
            }
            #expect(outline(plain) == outline(stepped), "seed \(seed)")
            #expect(plain.core.counters == stepped.core.counters, "seed \(seed)")
            #expect(outline(plain).contains { $0.hasPrefix("command ") }, "seed \(seed): nothing was done")
        }
    }

    private func outline(_ driver: Driver) -> [String] {
        driver.effects.allDecisions.filter { $0.kind != .clockStepped }.map { "\($0.kind.rawValue) \($0.device)" }
            + driver.deliveries.map { "\($0.channel) \($0.device)" }
    }

    private func withoutTime(_ happening: Happening) -> Happening {
        guard case .message(let topic, let payload, let isRetained) = happening else { return happening }
        let text = String(decoding: payload, as: UTF8.self).replacing(/"ts":-?\d+,?/, with: "")
        return .message(topic: topic, payload: Array(text.utf8), isRetained: isRetained)
    }

    /// The recording names what a third run decided, whose devices have clocks; what it does not know here is passed over by both alike.
    private func translated(_ happening: Happening, _ names: [(String, String)]) -> Happening {
        func text(_ text: String) -> String { names.reduce(text) { $0.replacing($1.0, with: $1.1) } }
        switch happening {
        case .message(let topic, let payload, let isRetained):
            return .message(topic: topic, payload: Array(text(String(decoding: payload, as: UTF8.self)).utf8), isRetained: isRetained)
        case .packet: return happening
        case .control(let event):
            let bytes = Array(text(String(decoding: event.encoded(), as: UTF8.self)).utf8)
            return bytes.withUnsafeBytes { ControlEvent(decoding: $0) }.map { .control($0) } ?? happening
        }
    }

    // MARK: Single things

    @Test(arguments: steps) func aDeadlineIsNeitherMissedNorForgotten(_ by: Int64) throws {
        var driver = try Driver()
        driver.send("t/p1/data", #"{"errors":["jam"]}"#, at: 1)
        #expect(driver.commands.count == 1)
        step(&driver, by: by, at: 2)
        let offset = Double(by) / 1000
        driver.tick(at: 30 + offset)
        #expect(driver.commands.count == 1, "its deadline has not come")
        driver.tick(at: 32 + offset)
        #expect(driver.commands.count == 2, "and now it has")
    }

    @Test(arguments: steps) func aDeviceWithoutAClockIsHeardAtOnce(_ by: Int64) throws {
        var driver = try Driver()
        driver.send("t/p1/data", #"{"status":"busy","errors":[]}"#, at: 1)
        step(&driver, by: by, at: 2)
        let offset = Double(by) / 1000
        driver.send("t/p1/data", #"{"status":"down","errors":["fire"]}"#, at: 3 + offset)
        #expect(driver.kinds(.alarmRaised, .incidentOpened).map(\.device) == ["p1", "p1"])
        #expect(driver.core.counters.late == 0)
        driver.send("t/p1/data", #"{"status":"busy","errors":[]}"#, at: 13 + offset)
        let log = driver.core.availability.state(of: 0)!.incidents
        #expect(log.downtimeMilliseconds == 10_000, "the step is no downtime")
    }

    @Test(arguments: steps) func aConditionGoesOn(_ by: Int64) throws {
        var driver = try Driver()
        driver.send("t/p1/data", #"{"temp":90}"#, at: 1)
        driver.send("t/p1/data", #"{"temp":90}"#, at: 16)
        step(&driver, by: by, at: 17)
        let offset = Double(by) / 1000
        driver.send("t/p1/data", #"{"temp":90}"#, at: 30 + offset)
        #expect(driver.kinds(.alarmRaised).isEmpty, "29 s are not 30")
        driver.send("t/p1/data", #"{"temp":90}"#, at: 31 + offset)
        #expect(driver.kinds(.alarmRaised).count == 1)
    }

    @Test(arguments: steps) func silenceIsFoundAfterAsLongAsEver(_ by: Int64) throws {
        var driver = try Driver()
        driver.send("t/p1/data", #"{"temp":20}"#, at: 1)
        driver.wait(until: 300)
        step(&driver, by: by, at: 300)
        let offset = Double(by) / 1000
        driver.wait(until: 590 + offset)
        #expect(driver.kinds(.alarmRaised).isEmpty)
        driver.wait(until: 700 + offset)
        #expect(driver.kinds(.alarmRaised).count == 1)
    }

    @Test(arguments: steps) func aShelfLastsAsLongAsWasSaid(_ by: Int64) throws {
        var driver = try Driver()
        driver.send("t/p1/data", #"{"errors":["fire"]}"#, at: 1)
        let alarm = try #require(driver.core.alarms.ids.first)
        driver.control(.shelve(alarm: alarm, by: "anna", untilMilliseconds: Driver.start + 100_000, reason: "known"), at: 2)
        step(&driver, by: by, at: 50)
        let offset = Double(by) / 1000
        driver.tick(at: 99 + offset)
        #expect(driver.kinds(.alarmUnshelved).isEmpty)
        driver.tick(at: 101 + offset)
        #expect(driver.kinds(.alarmUnshelved).count == 1)
    }

    /// Our clock was years ahead and so was the device's, which was therefore believed. Now it is not, and must not be late until then.
    @Test func whatWasDatedInTheFutureIsDatedAnew() throws {
        var driver = try Driver()
        let years = 20 * 365 * day
        driver.take([.control(.clockStepped(byMilliseconds: years))], atMilliseconds: Driver.start + years)
        driver.tell("p1", #""temp":20"#, at: Double(years) / 1000 + 10)
        driver.take([.control(.clockStepped(byMilliseconds: -years))], atMilliseconds: Driver.start + 20_000)
        #expect(driver.core.clock.redatedDevices == 1)
        driver.tell("p1", #""errors":["jam"]"#, at: 30)
        #expect(driver.commands.count == 1)
        #expect(driver.lines.contains { $0.contains(#""redatedDevices":1"#) })
        #expect(driver.core.clock.steps == 2)
    }

    /// The state of an earlier version may stand in the future for good; the shell then tells a step back at the next start.
    @Test func aCoreThatStoodInTheFutureComesBack() throws {
        var driver = try Driver()
        driver.send("t/p1/data", #"{"temp":20}"#, at: 1)
        driver.tick(at: 40 * 86_400)
        let core = try StewardCore(
            configuration: CoreConfiguration(), profiles: [try Driver.profile(Press.profile)], snapshot: try driver.snapshot())
        driver = Driver(core: try #require(core), number: driver.number)
        driver.take([.control(.clockStepped(byMilliseconds: -40 * day))], atMilliseconds: Driver.start + 10_000)
        driver.send("t/p1/data", #"{"errors":["jam"]}"#, at: 11)
        #expect(driver.commands.count == 1)
        driver.tick(at: 42)
        #expect(driver.commands.count == 2)
    }

    @Test func aStepInTheMiddleOfASegmentIsNone() throws {
        var driver = try Driver()
        driver.take([.control(.tick), .control(.clockStepped(byMilliseconds: day))], atMilliseconds: Driver.start + 1000)
        #expect(driver.core.now == Driver.start + 1000)
        #expect(driver.core.clock.steps == 0)
    }

    @Test(arguments: [Int64.min, .max]) func noStepIsTooLarge(_ by: Int64) throws {
        var driver = try Driver()
        driver.send("t/p1/data", #"{"errors":["jam"],"temp":90,"supplies":{"black":5}}"#, at: 1)
        driver.take([.control(.clockStepped(byMilliseconds: by))], atMilliseconds: by)
        driver.send("t/p1/data", #"{"errors":[]}"#, at: 2)
        #expect(driver.core.clock.steps == 1)
    }
}
