import CoreViews
import Foundation
import GatewayCore
import Testing

@testable import Gateway

/// The shipped limits fit the shipped unit, and what a device costs is what the warning reckons with.
@Suite struct MemoryNeedTests {
    @Test func aDeviceCostsWhatIsReckonedWith() throws {
        var configuration = CoreConfiguration()
        configuration.maximumAnomalyMetrics = 2_000
        let profiles = try DamagedStore.profiles()
        var core = try #require(StewardCore(configuration: configuration, profiles: profiles))
        var effects: [Effect] = []
        let devices = 500
        for round in 0..<4 {
            var segment = Segment()
            for device in 0..<devices {
                segment.append(
                    topic: "devices/d\(device)/telemetry",
                    payload: Array(
                        #"{"ts":\#(1_760_000_000_000 + round * 10_000),"status":"printing","pageCount":\#(round),"supplies":{"black":90,"cyan":80},"fuserTemp":\#(180 + round),"humidity":40,"voltage":229.5,"fanSpeed":1200}"#
                            .utf8))
            }
            segment.firstEvent = core.lastEvent + 1
            segment.arrivalMilliseconds = 1_760_000_000_500 + Int64(round) * 10_000
            core.step(segment, into: &effects)
        }
        let totals = core.totals()
        #expect(totals.devices == devices && totals.watchedMetrics == 2_000)
        let bytes = (core.stateBytes - core.detectorBytes) / devices
        print("a device of 8 members: \(bytes) bytes")
        #expect(bytes <= MemoryNeed.usualDeviceBytes && bytes > MemoryNeed.usualDeviceBytes / 2, "\(bytes) bytes a device")
    }

    @Test func theShippedLimitsFitTheShippedUnitTwice() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let unit = try String(contentsOf: root.appending(path: "deploy/steward.service"), encoding: .utf8)
        func bytes(_ key: String) throws -> Int {
            let line = try #require(unit.split(separator: "\n").first { $0.hasPrefix(key + "=") })
            let text = line.dropFirst(key.count + 1)
            let number = try #require(Int(text.dropLast()))
            return text.hasSuffix("G") ? number << 30 : number << 20
        }
        let need = MemoryNeed.bytes(CoreConfiguration())
        #expect(need * 2 <= (try bytes("MemoryMax")), "\(need >> 20) MiB")
        #expect(need < (try bytes("MemoryHigh")))
    }

    @Test func whatDoesNotFitIsTold() throws {
        var configuration = CoreConfiguration()
        func warning(_ available: Int?, devices: Int = 0, stateBytes: Int = 0) -> String? {
            MemoryNeed.warning(configuration, devices: devices, stateBytes: stateBytes, available: available)
        }
        #expect(warning(nil) == nil && warning(1 << 30) == nil)
        #expect(warning(256 << 20)?.contains("limits.devices (20000)") == true)
        #expect(warning(1 << 30, devices: 1_000, stateBytes: 40_000_000)?.contains("1024 MiB are allowed") == true)
        configuration.maximumDevices = 1_000
        #expect(warning(256 << 20) == nil)
    }
}
