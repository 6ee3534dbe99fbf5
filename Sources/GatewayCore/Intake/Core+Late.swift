import Telemetry

/// Messages that are older than the newest of their device.
///
/// Late is what is older than the same thing is known to be already: the same metric, the same list of codes. Times of two sources, a device's
/// clock and an arrival, are not compared to the second: a message that carries whole seconds, or was on its way for a moment, would be older
/// than one without a time that came just before.
extension StewardCore {
    @inline(never)
    mutating func takeOlder(
        _ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex, at time: Int64, isHistorical: Bool
    ) {
        if isHistorical || isOfOneSource(device, profile, at: time) { return takeLate(message, device, profile, at: time) }
        let (late, present) = message.split(
            isLate: { isLate($0, device, at: time) },
            isLateList: { $0.list < 4 && isLate(list: $0.list, device, at: time) })
        if !late.isEmpty { takeLate(late, device, profile, at: time) }
        if !present.isEmpty { takePresent(present, device, profile, time) }
    }

    /// It came the same way as the newest message, so it tells of the same things, and whatever it tells was so before.
    private func isOfOneSource(_ device: DeviceIndex, _ profile: ProfileIndex, at time: Int64) -> Bool {
        fleet.profiles[profile].derived.hasOneSource
            && isLate(time, fleet.devices[device].newestMilliseconds, knownByArrival: fleet.devices[device].isNewestByArrival, device)
    }

    private func isLate(_ reading: Reading, _ device: DeviceIndex, at time: Int64) -> Bool {
        let place = fleet.place(device, reading.slot)
        guard place >= 0 else { return false }
        return isLate(time, fleet.metrics[place].timeMilliseconds, knownByArrival: fleet.metrics[place].isDatedByArrival, device)
    }

    private func isLate(list: Int, _ device: DeviceIndex, at time: Int64) -> Bool {
        let isByArrival = fleet.devices[device].alertsDatedByArrival & (1 << UInt8(list)) != 0
        return isLate(time, fleet.devices[device].alertMilliseconds[list], knownByArrival: isByArrival, device)
    }

    private func isLate(_ time: Int64, _ known: Int64, knownByArrival: Bool, _ device: DeviceIndex) -> Bool {
        guard time < known else { return false }
        return knownByArrival == fleet.devices[device].isDatedByArrival || known &- time > DeviceClock.toleranceMilliseconds
    }

    /// The time for what follows the device as a whole and knows one line of time only: not before its newest when that is but a matter of two
    /// sources of time.
    @inline(__always)
    func inOrder(_ time: Int64, _ device: DeviceIndex) -> Int64 {
        let newest = fleet.devices[device].newestMilliseconds
        return time < newest && newest &- time <= DeviceClock.toleranceMilliseconds ? newest : time
    }

    /// A late reading tells what was: history takes it, the present does not.
    private mutating func takeLate(_ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex, at time: Int64) {
        out.counters.late &+= 1
        for reading in message.readings where !reading.isUnknown && fleet.profiles[profile].derived.isKept[reading.slot] {
            keep(device, profile, reading, time, at: fleet.takePlace(device, reading.slot))
        }
        let reports = message.alerts.filter { $0.list < 4 }.map { alerts in
            codeReport(alerts, profile, former: alarms.lateCodes(of: device, list: alerts.list))
        }
        alarms.takeLate(message.readings, reports, device, at: time, fleet, &out)
        drain()
    }
}
