import Testing

@testable import GatewayCore

/// What the core makes of messages that the broker sends again.
@Suite struct RepeatFlowTests {
    private static let topic = "t/p1/data"

    private func packet(_ id: UInt16, _ payload: String, again: Bool = false) -> Happening {
        .packet(topic: Self.topic, payload: payload, id: id, isDuplicate: again)
    }

    private func time(_ second: Double) -> Int64 { Driver.start + Int64(second * 1000) }

    private func reconnect(_ driver: inout Driver, at second: Double, kept: Bool = true) {
        driver.control(.disconnected, at: second)
        driver.control(.connected(sessionPresent: kept), at: second)
    }

    private let jam = #"{"status":"down","errors":["jam"]}"#
    private let clear = #"{"status":"idle","errors":[]}"#

    private func incidents(_ driver: Driver) -> Int { driver.kinds(.incidentOpened).count }

    /// It came, it cleared, and it came again, with a kill in between: the broker has the first one's acknowledgement.
    @Test func aJamThatComesAgainIsNewsAlsoWhenMarked() throws {
        var driver = try Driver()
        driver.take([packet(1, jam)], atMilliseconds: time(0))
        driver.take([packet(1, clear)], atMilliseconds: time(900))
        reconnect(&driver, at: 1800)
        driver.take([packet(1, jam, again: true)], atMilliseconds: time(1801))
        driver.wait(until: 1805)
        #expect(incidents(driver) == 2)
        #expect(driver.core.counters.repeats == 0)
    }

    /// The same two in flight together: the first waits for the second, which does not come.
    @Test func whatWaitsInVainIsTakenInItsOrder() throws {
        var driver = try Driver()
        driver.take([packet(1, jam), packet(2, clear)], atMilliseconds: time(0))
        reconnect(&driver, at: 1800)
        driver.take([packet(1, jam, again: true), packet(2, #"{"pages":7}"#)], atMilliseconds: time(1801))
        #expect(incidents(driver) == 1)
        let due = try #require(driver.core.nextDueMilliseconds)
        #expect(due == time(1803))
        driver.wait(until: 1804)
        #expect(incidents(driver) == 2)
        #expect(driver.core.fleet.devices[0].messages == 4)
        #expect(driver.core.counters.repeats == 0)
    }

    @Test func whatIsSentAgainWholeCountsOnce() throws {
        var driver = try Driver()
        driver.take([packet(1, jam), packet(2, clear)], atMilliseconds: time(0))
        reconnect(&driver, at: 2)
        driver.take([packet(1, jam, again: true), packet(2, clear, again: true), packet(3, jam)], atMilliseconds: time(3))
        #expect(driver.core.counters.repeats == 2)
        #expect(driver.core.fleet.devices[0].messages == 3)
    }

    @Test func aBrokerThatCountsOnwardIsKnownByItsIds() throws {
        var driver = try Driver()
        for minute in 0..<10 { driver.take([packet(UInt16(minute) + 1, #"{"status":"idle"}"#)], atMilliseconds: time(Double(minute) * 60)) }
        reconnect(&driver, at: 600)
        driver.take([packet(10, #"{"status":"idle"}"#, again: true)], atMilliseconds: time(601))
        #expect(driver.core.counters.repeats == 1)
        driver.take([packet(11, #"{"status":"idle"}"#, again: true)], atMilliseconds: time(602))
        #expect(driver.core.counters.repeats == 1)
        #expect(driver.core.fleet.devices[0].messages == 11)
    }

    /// NATS does not wait for a reconnect.
    @Test func whatComesAgainOnOneConnectionCountsOnce() throws {
        var driver = try Driver()
        driver.take([packet(1, jam), packet(2, clear)], atMilliseconds: time(0))
        driver.take([packet(1, jam, again: true), packet(2, clear, again: true)], atMilliseconds: time(30))
        driver.take([packet(1, jam, again: true)], atMilliseconds: time(60))
        #expect(driver.core.counters.repeats == 3)
        #expect(incidents(driver) == 1)
        // An id that is given again is another message's.
        driver.take([packet(1, clear)], atMilliseconds: time(61))
        driver.take([packet(1, jam, again: true)], atMilliseconds: time(91))
        #expect(driver.core.counters.repeats == 3)
    }

    @Test func anotherSessionRepeatsNothing() throws {
        var driver = try Driver()
        driver.take([packet(1, jam), packet(2, clear)], atMilliseconds: time(0))
        reconnect(&driver, at: 2, kept: false)
        driver.take([packet(1, jam, again: true), packet(2, clear, again: true)], atMilliseconds: time(3))
        #expect(driver.core.counters.repeats == 0)
        #expect(driver.core.fleet.devices[0].messages == 4)
    }

    /// A device that says the same every minute, without a time, is heard again at once after a reconnect.
    @Test func aMonotonousDeviceIsNotDeafenedByAReconnect() throws {
        var driver = try Driver()
        for minute in 0..<100 { driver.take([packet(1, #"{"status":"idle"}"#)], atMilliseconds: time(Double(minute) * 60)) }
        reconnect(&driver, at: 6000)
        for minute in 0..<30 {
            driver.wait(until: 6030 + Double(minute) * 60)
            driver.take([packet(1, #"{"status":"idle"}"#, again: minute == 0)], atMilliseconds: time(6030 + Double(minute) * 60))
        }
        #expect(driver.effects.isEmpty, "\(driver.lines)")
        #expect(driver.core.counters.repeats == 0)
    }

    /// What waits is part of the state, and so is what it waits for.
    @Test func aSnapshotHoldsWhatWaits() throws {
        var driver = try Driver()
        driver.take([packet(1, jam), packet(2, clear)], atMilliseconds: time(0))
        reconnect(&driver, at: 2)
        driver.take([packet(1, jam, again: true)], atMilliseconds: time(3))
        let configuration = driver.core.configuration
        let restored = try #require(
            try StewardCore(configuration: configuration, profiles: [Driver.profile(Press.profile)], snapshot: driver.snapshot()))
        var other = Driver(core: restored, number: driver.number)
        driver.take([packet(2, clear, again: true)], atMilliseconds: time(4))
        other.take([packet(2, clear, again: true)], atMilliseconds: time(4))
        #expect(driver.core.counters == other.core.counters && other.core.counters.repeats == 2)
        #expect(driver.core.digest() == other.core.digest())
    }

    /// The decoder may crash on a message that has waited; then the mark names it and not the event that freed it.
    @Test func theMarkNamesTheMessageThatWaited() throws {
        var driver = try Driver()
        driver.take([packet(1, jam), packet(2, clear)], atMilliseconds: time(0))
        reconnect(&driver, at: 2)
        let waiting = driver.number
        driver.core.quarantined = [waiting]
        driver.take([packet(1, jam, again: true)], atMilliseconds: time(3))
        #expect(driver.effects.deadLetters.isEmpty)
        driver.wait(until: 10)
        #expect(driver.effects.deadLetters.map(\.event) == [waiting])
    }
}
