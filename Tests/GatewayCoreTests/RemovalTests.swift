import FaultDetection
import Testing

@testable import GatewayCore

/// Devices that go: taken out by a person, or giving way because almost nothing was heard of them.
@Suite struct RemovalTests {
    private func limited(_ devices: Int) -> CoreConfiguration {
        var configuration = CoreConfiguration()
        configuration.maximumDevices = devices
        return configuration
    }

    @Test func whatIsOpenOfARemovedDeviceEndsInOrder() throws {
        var driver = try Driver()
        driver.tell("p1", "\"status\":\"down\",\"errors\":[\"jam\",\"fire\"],\"temp\":20,\"supplies\":{\"black\":3},\"pages\":5", at: 1)
        driver.tell("p2", "\"status\":\"busy\",\"temp\":30", at: 1)
        let command = try #require(driver.commands.first)
        driver.effects = []
        driver.control(.removeDevice(device: "p1", by: "ann"), at: 5)
        #expect(driver.effects.contains(.withdraw(key: command.key)))
        let kinds = driver.effects.decidedKinds
        for kind in ["command.outcome", "incident.closed", "alarm.cleared", "ticket.closed", "device.removed"] {
            #expect(kinds.contains(kind), "\(kind)")
        }
        #expect(kinds.last == "device.removed")
        // What was measured goes to the history.
        #expect(driver.effects.chunks.contains { $0.device == "p1" && $0.metric == "temp" && $0.count == 1 })
        #expect(driver.core.alarms.all.allSatisfy { $0.device != "p1" || !$0.isActive })
        #expect(driver.core.support.openRuns.isEmpty)
        #expect(driver.core.deviceCount == 1)
        #expect(!driver.core.digestLines().contains { $0.contains(" p1 ") && $0.hasPrefix("device") })
        // It may come again, and then it begins anew.
        driver.tell("p1", "\"temp\":21", at: 6)
        #expect(driver.core.fleet.devices.count == 2)
        #expect(driver.core.fleet.devices[try #require(driver.core.fleet.device(named: "p1"))].messages == 1)
        // One that is not there is refused.
        driver.control(.removeDevice(device: "p9", by: "ann"), at: 7)
        #expect(driver.core.counters.refusedControls == 1)
    }

    @Test func theRoomOfRemovedDevicesIsUsedAgain() throws {
        var driver = try Driver()
        for device in 0..<50 { driver.tell("p\(device)", "\"temp\":20,\"pages\":5,\"supplies\":{\"black\":50}", at: 1) }
        let before = (driver.core.fleet.metrics.count, driver.core.fleet.cells.count, driver.core.fleet.topics.count)
        for round in 0..<40 {
            for device in 0..<50 { driver.control(.removeDevice(device: "p\(device)", by: "ann"), at: 2) }
            #expect(driver.core.fleet.topics.count == 0)
            for device in 0..<50 { driver.tell("p\(device)", "\"temp\":\(round),\"pages\":5,\"supplies\":{\"black\":50}", at: 3) }
        }
        #expect(driver.core.fleet.devices.count == 50)
        #expect((driver.core.fleet.metrics.count, driver.core.fleet.cells.count, driver.core.fleet.topics.count) == before)
    }

    @Test func aReplayAndASnapshotComeToTheSame() throws {
        func feed(_ driver: inout Driver) {
            for device in 0..<8 { driver.tell("q\(device)", "\"temp\":\(device),\"errors\":[\"dust\"]", at: 10) }
            driver.control(.removeDevice(device: "q2", by: "ann"), at: 11)
            driver.tell("new", "\"temp\":1", at: 12)
            driver.wait(until: 1000)
        }
        var driver = try Driver()
        for device in 0..<8 { driver.tell("p\(device)", "\"temp\":20,\"errors\":[\"jam\"]", at: 1) }
        for device in [1, 5, 6] { driver.control(.removeDevice(device: "p\(device)", by: "ann"), at: 2) }
        let restored = try #require(
            try StewardCore(
                configuration: CoreConfiguration(), profiles: [try Driver.profile(Press.profile)], snapshot: try driver.snapshot()))
        var second = Driver(core: restored, number: driver.number)
        driver.effects = []
        feed(&driver)
        feed(&second)
        #expect(driver.effects == second.effects)
        #expect(try driver.snapshot() == second.snapshot())
    }

    @Test func inventedDevicesGiveWayToThoseThatCome() throws {
        var driver = try Driver(configuration: limited(40))
        for device in 0..<5 {
            for second in 1..<4 { driver.tell("real\(device)", "\"temp\":\(second)", at: Double(second)) }
        }
        for device in 0..<35 { driver.tell("invented\(device)", "\"temp\":20", at: 5) }
        // They have just come, so they have the benefit of the doubt.
        driver.tell("early", "\"temp\":20", at: 6)
        #expect(driver.core.fleet.device(named: "early") == nil)
        #expect(driver.effects.deadLetters.last?.reason.contains("limits.devices") == true)
        // Who comes again has said more than they, also after a restart.
        let restored = try #require(
            try StewardCore(
                configuration: limited(40), profiles: [try Driver.profile(Press.profile)], snapshot: try driver.snapshot()))
        driver = Driver(core: restored, number: driver.number)
        driver.tell("early", "\"temp\":21", at: 7)
        driver.tell("early", "\"temp\":22", at: 8)
        #expect(driver.core.fleet.device(named: "early") != nil)
        #expect(driver.core.deviceCount == 40)
        for device in 0..<34 { driver.tell("late\(device)", "\"temp\":20", at: 400) }
        #expect(driver.core.deviceCount == 40)
        #expect(driver.core.budgets[.devicesForgotten] == 35)
        #expect((0..<34).allSatisfy { driver.core.fleet.device(named: "late\($0)") != nil })
        // Who has shown to be a device never goes.
        #expect((0..<5).allSatisfy { driver.core.fleet.device(named: "real\($0)") != nil })
    }

    @Test func aDeviceOfWhichNothingWasUnderstoodGivesWayAtOnce() throws {
        var driver = try Driver(configuration: limited(3))
        for device in 0..<3 { driver.send("t/garbage\(device)/data", "garbage", at: 1) }
        driver.tell("p1", "\"temp\":20", at: 2)
        #expect(driver.core.fleet.device(named: "p1") != nil)
    }

    @Test func oneMessageOfLongAgoIsKeptWhenAnAlarmOrAnOrderHangsOnIt() throws {
        var driver = try Driver(configuration: limited(2))
        driver.tell("p1", "\"errors\":[\"jam\"]", at: 1)
        driver.tell("p2", "\"supplies\":{\"black\":1},\"pages\":100", at: 1)
        let hasOrder = driver.deliveries.contains { $0.channel == .order && $0.device == "p2" }
        driver.tell("p3", "\"temp\":1", at: 1000)
        #expect(driver.core.fleet.device(named: "p1") != nil)
        #expect((driver.core.fleet.device(named: "p2") != nil) == hasOrder)
    }
}
