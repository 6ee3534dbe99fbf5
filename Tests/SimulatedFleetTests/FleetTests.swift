import Foundation
import Telemetry
import Testing

@testable import SimulatedFleet

/// Wednesday, 2026-03-04 10:00 UTC.
let liveStart: Int64 = 1_772_618_400_000

func makeFleet(_ count: Int = 40, seed: UInt64 = 7, historyDays: Int = 3, faultsPerHour: Double = 30) -> Fleet {
    Fleet(
        count: count, seed: seed, liveStart: liveStart, historyDays: historyDays, reportMilliseconds: 2000,
        faultsPerDevicePerHour: faultsPerHour)
}

@Suite struct FleetTests {
    @Test func sameSeedGivesTheSameBytesHoweverTimeIsCutUp() {
        var whole = makeFleet()
        var cut = makeFleet()
        let end = liveStart + 300_000
        let once = whole.step(to: end)
        var pieces: [FleetMessage] = []
        var pace = SplitMix64(seed: 99)
        var at = liveStart - 3 * 86_400_000
        while at < end {
            at = min(end, at + pace.integer(1...7_000_000))
            pieces += cut.step(to: at)
        }
        for topic in Set(once.map(\.topic)) {
            #expect(once.filter { $0.topic == topic } == pieces.filter { $0.topic == topic }, "\(topic)")
        }
        let happenings = (whole.drainHappenings(), cut.drainHappenings())
        #expect(happenings.0 == happenings.1 && !happenings.0.isEmpty)
        var other = makeFleet(seed: 8)
        let others = other.step(to: end)
        #expect(others != once)
    }

    @Test func fortyDevicesAreMadeUpAsDescribed() {
        let fleet = makeFleet()
        let counts = Dictionary(grouping: fleet.devices, by: \.kind).mapValues(\.count)
        #expect(counts == [.officePrinter: 20, .labelPrinter: 8, .filamentPrinter: 8, .pump: 2, .compressor: 2])
        #expect(Set(fleet.devices.map(\.id)).count == 40)
        for name in ["prn-0001", "lbl-0008", "bbl0001", "pump-02", "comp-01"] { #expect(fleet[name] != nil, "\(name)") }
        for count in [1, 3, 17, 1000] { #expect(makeFleet(count, historyDays: 0).devices.count == count) }
    }

    @Test func theGatewayReadsEveryPayloadWithoutAProblem() throws {
        let native = try ProfileReading("steward-native")
        let bambu = try ProfileReading("bambu-lab")
        var fleet = makeFleet()
        var codes: Set<String> = []
        for message in fleet.step(to: liveStart + 600_000) {
            let isBambu = message.topic.hasPrefix("device/")
            let reading = isBambu ? bambu : native
            #expect(message.payload.count <= (isBambu ? 2048 : 1024))
            try reading.read(message.payload)
            #expect(reading.decoded.fieldProblems == 0, "\(reading.decoded.fieldProblem?.description ?? "") in \(text(message.payload))")
            #expect(isBambu || reading.decoded.deviceMilliseconds != nil)
            #expect(try JSONSerialization.jsonObject(with: Data(message.payload)) is [String: Any])
            for code in reading.codes {
                #expect(reading.knownCodes.contains(code), "\(code)")
                codes.insert(code)
            }
        }
        #expect(codes.isSuperset(of: ["jam", "head-clogged", "HMS_0300_0D00_0001_0003"]), "\(codes)")
    }

    @Test func thePastIsHourlyInOrderAndWithoutErrors() throws {
        let native = try ProfileReading("steward-native")
        var fleet = makeFleet(historyDays: 14)
        var times: [String: [Int64]] = [:]
        for message in fleet.step(to: liveStart - 1) {
            try native.read(message.payload)
            let time = try #require(native.decoded.deviceMilliseconds)
            #expect(time < liveStart)
            #expect(native.codes.isEmpty)
            #expect(native.state("status") != "error")
            times[message.topic, default: []].append(time)
        }
        #expect(times.count == 32, "3D printers have no past")
        for (topic, times) in times {
            #expect(times.count == 14 * 24, "\(topic)")
            #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 3_600_000 }, "\(topic)")
        }
        // And goes on with the present, still in order.
        let live = fleet.step(to: liveStart + 10_000).filter { $0.topic == "devices/prn-0002/telemetry" }
        try native.read(try #require(live.first).payload)
        #expect(try #require(native.decoded.deviceMilliseconds) >= liveStart)
        #expect(live.count >= 5)
    }

    @Test func levelsFallCountersRiseAndShortSuppliesAreShort() throws {
        let native = try ProfileReading("steward-native")
        var fleet = makeFleet(historyDays: 14, faultsPerHour: 0)
        var series: [String: [(black: Double, pages: Double)]] = [:]
        for message in fleet.step(to: liveStart + 60_000) where message.topic.hasPrefix("devices/prn") {
            try native.read(message.payload)
            let black = try #require(native.value("supply.black"))
            series[message.topic, default: []].append((black, try #require(native.value("pageCount"))))
        }
        for (topic, values) in series {
            #expect(zip(values, values.dropFirst()).allSatisfy { $1.black <= $0.black && $1.pages >= $0.pages }, "\(topic)")
            #expect(try #require(values.first).black - #require(values.last).black >= 3, "\(topic)")
        }
        let short = try #require(series["devices/prn-0001/telemetry"]?.last)
        #expect(short.black > 5 && short.black < 22)
        #expect(try #require(series["devices/prn-0002/telemetry"]?.last).black > 40)
    }

    @Test func anInstallationRaisesTheLevelAndItStays() throws {
        let native = try ProfileReading("steward-native")
        var fleet = makeFleet(faultsPerHour: 0)
        _ = fleet.step(to: liveStart + 10_000)
        let before = try #require(fleet["prn-0001"]?.level(of: "black"))
        #expect(before < 40)
        let results = [("prn-0001", "black"), ("prn-0001", "ribbon"), ("nobody", "black")].map { device, supply in
            fleet.install(device: device, supply: supply, at: liveStart + 10_000)
        }
        #expect(results == [true, false, false])
        let happenings = fleet.drainHappenings()
        #expect(happenings == [.installed(device: "prn-0001", supply: "black")])
        for message in fleet.step(to: liveStart + 120_000) where message.topic == "devices/prn-0001/telemetry" {
            try native.read(message.payload)
            #expect(text(message.payload).contains("\"black\":100"))
        }
    }

    @Test func faultsComeAboutAsOftenAsAskedFor() {
        var quiet = makeFleet(faultsPerHour: 0)
        _ = quiet.step(to: liveStart + 3_600_000)
        let none = quiet.drainHappenings()
        #expect(none.isEmpty)
        var busy = makeFleet(faultsPerHour: 30)
        _ = busy.step(to: liveStart + 120_000)
        let began = busy.drainHappenings().count { if case .faultBegan = $0 { true } else { false } }
        #expect((12...60).contains(began), "\(began) faults of 40 devices in 2 minutes")
    }

    @Test func nobodyHearsOfAStretchThatWasSkipped() throws {
        let native = try ProfileReading("steward-native")
        var fleet = makeFleet(1, historyDays: 0, faultsPerHour: 0)
        _ = fleet.step(to: liveStart + 4_000)
        fleet.skip(to: liveStart + 3_600_000)
        let next = fleet.step(to: liveStart + 3_600_000)
        #expect(next.count == 1)
        try native.read(try #require(next.first).payload)
        #expect(native.decoded.deviceMilliseconds == liveStart + 3_600_000)
    }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
