import CivilCalendar
import Documents
import Telemetry

/// Which event time a message gets.
///
/// Everything runs on the device's own time, less what its clock is known to be ahead, so that it lies on one line with the times of messages
/// that have none and are dated by their arrival.
extension StewardCore {
    /// The device's own time where it is believable, otherwise the arrival time, counted. `DeviceTime` says what is believable.
    @inline(__always)
    mutating func eventTime(_ message: DecodedMessage, _ device: DeviceIndex, isLive: Bool) -> Int64 {
        let arrival = replayedArrivalMilliseconds ?? now
        guard message.stamp != nil else {
            if replayedArrivalMilliseconds == nil { fleet.devices[device].isDatedByArrival = true }
            return arrival
        }
        let newest = fleet.devices[device].newestMilliseconds
        let hasClock = fleet.devices[device].hasClock
        let time = DeviceTime.resolve(
            stamp: message.stamp, unit: message.unit, zone: message.zone, previousMilliseconds: newest == .min ? nil : newest,
            arrivalMilliseconds: arrival, offsetMilliseconds: hasClock ? clocks[device].offsetMilliseconds : 0)
        guard time.quality.isDeviceTime else {
            out.counters.clockProblems &+= 1
            if replayedArrivalMilliseconds == nil { fleet.devices[device].isDatedByArrival = true }
            return time.milliseconds
        }
        if time.quality != .device { out.counters.clockProblems &+= 1 }
        if replayedArrivalMilliseconds == nil { fleet.devices[device].isDatedByArrival = false }
        if !hasClock, abs(arrival &- time.milliseconds) <= DeviceClock.toleranceMilliseconds { return time.milliseconds }
        return correctedTime(time.milliseconds, arrival, message, device, isLive: isLive && replayedArrivalMilliseconds == nil)
    }

    /// `isLive`: the message has just come, as far as anybody knows, and so teaches something of the clock.
    @inline(never)
    private mutating func correctedTime(
        _ stamp: Int64, _ arrival: Int64, _ message: DecodedMessage, _ device: DeviceIndex, isLive: Bool
    ) -> Int64 {
        guard isLive else { return clocks[device].time(of: stamp) }
        var clock = clocks[device]
        let before = clock
        let finding = clock.observe(
            stamp: stamp, arrival: arrival, allowedMilliseconds: fleet.rules(of: device).allowedLatenessMilliseconds,
            isFirst: fleet.devices[device].newestMilliseconds == .min)
        if clock.frozenMilliseconds == nil, clock.mayStandStill(at: stamp, arrival: arrival),
            saysOtherwise(message, device, at: clock.time(of: stamp))
        {
            clock.freeze(at: stamp)
        }
        if finding != .nothing || clock.frozenMilliseconds != before.frozenMilliseconds { tell(&clock, before, device) }
        note(clock, device)
        // What was late moved nothing; otherwise the last of these messages is the newest.
        if case .wasSlow(let first, let last, let isFromTheBeginning) = finding, fleet.devices[device].newestMilliseconds == last {
            date(device, anew: before.offsetMilliseconds &- clock.offsetMilliseconds, since: first, all: isFromTheBeginning)
        }
        if clock.isWrong { out.counters.clockProblems &+= 1 }
        guard clock.frozenMilliseconds == nil else {
            fleet.devices[device].isDatedByArrival = true
            return arrival
        }
        return clock.time(of: stamp)
    }

    /// What is known of a device's clock; of one that was never found wrong, that it is right.
    package func clock(of device: DeviceIndex) -> DeviceClock { fleet.devices[device].hasClock ? clocks[device] : DeviceClock() }

    mutating func note(_ clock: DeviceClock, _ device: DeviceIndex) {
        clocks[device] = clock
        fleet.devices[device].hasClock = !clock.isOrdinary
    }

    /// A metric had another value at the same time.
    private func saysOtherwise(_ message: DecodedMessage, _ device: DeviceIndex, at time: Int64) -> Bool {
        message.readings.contains { reading in
            guard case .live(let value, atMilliseconds: time) = fleet.value(device, reading.slot) else { return false }
            return !reading.isUnknown && value != reading.value
        }
    }

    /// The clock has been slow for some messages, before it was known. What they began goes on on the line of the times from here on.
    private mutating func date(_ device: DeviceIndex, anew step: Int64, since: Int64, all: Bool) {
        if all { return shiftReadings(device, byMilliseconds: step, since: now) }
        shiftTimers(device, byMilliseconds: step, since: since)
    }

    /// At most once an hour a device, because a clock that cannot decide would fill the journal.
    private mutating func tell(_ clock: inout DeviceClock, _ before: DeviceClock, _ device: DeviceIndex) {
        guard clock.isWrong != before.isWrong || clock.toldMilliseconds.map({ now &- $0 >= 3_600_000 }) ?? true else { return }
        guard clock.toldMilliseconds.map({ now &- $0 >= 60_000 }) ?? true else { return }
        clock.toldMilliseconds = now
        let told = clock
        out.decide(.deviceClock, at: now, device: fleet.records[device].id) { writer in
            writer.member("aheadMilliseconds", told.offsetMilliseconds)
            if told.frozenMilliseconds != nil { writer.member("frozen", true) }
            writer.member("text", "its clock " + told.words)
        }
    }
}

extension DeviceClock {
    /// What is said of it after "its clock".
    package var words: String {
        if let frozenMilliseconds { return "stands still at \(UTCText.iso8601(frozenMilliseconds)); messages are dated by their arrival" }
        guard isWrong else { return "is right" }
        let seconds = abs(offsetMilliseconds) / 1000
        let span =
            seconds >= 2 * 86_400
            ? "\(seconds / 86_400) days" : seconds >= 2 * 3600 ? "\(seconds / 3600) h \(seconds % 3600 / 60) min" : "\(seconds / 60) min"
        return "is \(span) \(offsetMilliseconds < 0 ? "slow" : "fast"); its times are corrected by that"
    }
}
