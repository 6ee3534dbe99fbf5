import FaultDetection
import Testing

@testable import GatewayCore

/// Devices that an operator expects and that may never say anything.
@Suite struct ExpectedDeviceTests {
    private static let hour = 3600.0

    private static var configuration: CoreConfiguration {
        var configuration = CoreConfiguration()
        configuration.expected = ["p7": ExpectedDevice(profile: "press", withinMilliseconds: 8 * 3_600_000)]
        return configuration
    }

    private func conditions(_ driver: Driver) -> [String] {
        guard let device = driver.core.fleet.device(named: "p7") else { return [] }
        return driver.core.alarms.standingAlarms(of: device).map(\.condition)
    }

    @Test func itIsListedAtOnceAndMissedWhenItsTimeIsOver() throws {
        var driver = try Driver(configuration: Self.configuration)
        driver.wait(until: 60)
        #expect(driver.core.fleet.device(named: "p7") != nil && conditions(driver).isEmpty)
        driver.wait(until: 7.9 * Self.hour)
        #expect(conditions(driver).isEmpty)
        driver.wait(until: 8.1 * Self.hour)
        #expect(conditions(driver) == ["never-heard"])
        #expect(driver.deliveries.isEmpty, "as silence, it sets nothing off")
        driver.tell("p7", "\"status\":\"idle\"", at: 9 * Self.hour)
        #expect(conditions(driver).isEmpty)
        // From here on it is a device like all others.
        driver.wait(until: 10 * Self.hour)
        #expect(conditions(driver) == ["silent"])
    }

    @Test func timeInWhichNobodyListensDoesNotCount() throws {
        var driver = try Driver(configuration: Self.configuration)
        driver.wait(until: Self.hour)
        driver.control(.disconnected, at: Self.hour)
        driver.control(.connected(sessionPresent: true), at: 20 * Self.hour)
        driver.wait(until: 27 * Self.hour)
        #expect(conditions(driver).isEmpty)
        driver.wait(until: 28.1 * Self.hour)
        #expect(conditions(driver) == ["never-heard"])
    }

    @Test func aRestartAsksAsLongAsBefore() throws {
        var driver = try Driver(configuration: Self.configuration)
        driver.wait(until: 5 * Self.hour)
        let core = try #require(
            try StewardCore(configuration: Self.configuration, profiles: [Driver.profile(Press.profile)], snapshot: driver.snapshot()))
        driver = Driver(core: core, number: driver.number)
        driver.wait(until: 8.1 * Self.hour)
        #expect(conditions(driver) == ["never-heard"])
        // It stands through another one.
        let again = try #require(
            try StewardCore(configuration: Self.configuration, profiles: [Driver.profile(Press.profile)], snapshot: driver.snapshot()))
        #expect(conditions(Driver(core: again, number: driver.number)) == ["never-heard"])
    }

    @Test func itIsNotForgottenForOthers() throws {
        var configuration = Self.configuration
        configuration.maximumDevices = 3
        var driver = try Driver(configuration: configuration)
        driver.wait(until: 60)
        for number in 0..<10 { driver.tell("x\(number)", "\"temp\":20", at: 400 + Double(number) * 400) }
        #expect(driver.core.fleet.device(named: "p7") != nil)
    }
}
