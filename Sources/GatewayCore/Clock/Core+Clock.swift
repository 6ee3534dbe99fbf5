import CivilCalendar
import ConsumableForecast
import Documents
import FaultDetection
import Sparkplug
import Telemetry

/// The gateway's clock was set. The shell says so before anything that is dated by the new clock, and by how much, so nothing here has to
/// guess: every stamp of arrival moves along, and whatever has been waited for goes on being waited for, neither longer nor shorter.
///
/// Stays as it is: what people and suppliers live by (maintenance windows, calendars), what is history (finished alarms, incidents, samples),
/// and the event time of devices that have a clock of their own. A device whose readings are dated by their arrival has no other clock than
/// ours, so its event time moves as well; otherwise its conditions, its downtime and its forecast would take the step for time that passed.
extension StewardCore {
    /// The step that the segment begins with; nil: an ordinary one.
    func clockStep(in segment: borrowing Segment) -> Int64? {
        guard let frame = segment.frame(at: 0), frame.kind == Segment.Kind.control.rawValue, frame.payload.count < 128,
            ControlEvent.mayBeClockStep(frame.payload), case .clockStepped(let step)? = ControlEvent(decoding: frame.payload)
        else { return nil }
        return step
    }

    mutating func stepClock(byMilliseconds step: Int64, to arrival: Int64) {
        let before = now
        now = now.shifted(byMilliseconds: step)
        shiftTimers(byMilliseconds: step)
        var redated: Int64 = 0
        for device in fleet.devices.indices where !fleet.devices[device].isVacant {
            shiftArrivals(device, byMilliseconds: step, since: before)
            if shiftClock(device, byMilliseconds: step, to: arrival) {
                shiftReadings(device, byMilliseconds: step, since: before)
                redated += fleet.devices[device].isDatedByArrival ? 0 : 1
            }
        }
        clock.steps &+= 1
        clock.lastStepMilliseconds = step
        clock.lastStepAtMilliseconds = arrival
        clock.redatedDevices &+= redated
        findDueTimes()
        out.decide(.clockStepped, at: arrival, device: "") { writer in
            writer.member("byMilliseconds", step)
            if redated > 0 { writer.member("redatedDevices", redated) }
        }
    }

    /// Whether the device's readings are dated by our clock: it has none, or a wrong one that is corrected by ours.
    private mutating func shiftClock(_ device: DeviceIndex, byMilliseconds step: Int64, to arrival: Int64) -> Bool {
        if fleet.devices[device].hasClock {
            var clock = clocks[device]
            clock.shift(byMilliseconds: step)
            note(clock, device)
            if clock.followsOurs { return true }
        }
        if fleet.devices[device].isDatedByArrival { return true }
        // Its own clock agreed with ours from before. By the new one its readings would lie in the future, and all that comes before then would
        // be late: from here on it counts as a clock that is ahead by as much, so that a step the other way takes this one back.
        guard fleet.devices[device].newestMilliseconds > arrival.shifted(byMilliseconds: DeviceClock.toleranceMilliseconds) else {
            return false
        }
        note(DeviceClock(aheadMilliseconds: 0 &- step), device)
        return true
    }

    private mutating func shiftTimers(byMilliseconds step: Int64) {
        presence.shift(byMilliseconds: step)
        support.shift(byMilliseconds: step)
        orders.shift(byMilliseconds: step)
        supplies.shift(byMilliseconds: step)
        alarms.shift(byMilliseconds: step)
        sparkplug.shift(byMilliseconds: step)
        storeDamage.shift(byMilliseconds: step)
        repeats.shift(byMilliseconds: step)
        backlog.shift(byMilliseconds: step)
    }

    /// What of a device is dated by arrival in any case.
    private mutating func shiftArrivals(_ device: DeviceIndex, byMilliseconds step: Int64, since before: Int64) {
        fleet.devices[device].arrivalMilliseconds = fleet.devices[device].arrivalMilliseconds.shifted(byMilliseconds: step)
        presence.shift(device, byMilliseconds: step, last: fleet.devices[device].arrivalMilliseconds)
        fleet.records[device].expectedSinceMilliseconds = fleet.records[device].expectedSinceMilliseconds.shifted(byMilliseconds: step)
        fleet.devices[device].fieldProblemMilliseconds = fleet.devices[device].fieldProblemMilliseconds.shifted(byMilliseconds: step)
        shiftConditions(device, byMilliseconds: step, arrivals: true, readings: false)
        alarms.shiftAlarms(of: device, byMilliseconds: step, readings: false, since: before)
    }

    private mutating func shiftConditions(_ device: DeviceIndex, byMilliseconds step: Int64, arrivals: Bool, readings: Bool) {
        let faults = fleet.profiles[fleet.devices[device].profile].derived.faults
        guard faults.cellCount > 0 else { return }
        fleet.cells.withPointer(to: Int(fleet.devices[device].firstCell)) { block in
            faults.shift(block, byMilliseconds: step, arrivals: arrivals, readings: readings)
        }
    }

    /// The event time of one device. `before` is what the clock said before the step.
    mutating func shiftReadings(_ device: DeviceIndex, byMilliseconds step: Int64, since before: Int64) {
        fleet.devices[device].newestMilliseconds = fleet.devices[device].newestMilliseconds.shifted(byMilliseconds: step)
        for (_, place) in fleet.places(of: device) {
            fleet.metrics[place].timeMilliseconds = fleet.metrics[place].timeMilliseconds.shifted(byMilliseconds: step)
        }
        for list in 0..<4 {
            fleet.devices[device].alertMilliseconds[list] = fleet.devices[device].alertMilliseconds[list].shifted(byMilliseconds: step)
        }
        fleet.shiftCounters(of: device, byMilliseconds: step)
        shiftConditions(device, byMilliseconds: step, arrivals: false, readings: true)
        shiftDetectors(device, byMilliseconds: step)
        support.shiftReadings(of: device, byMilliseconds: step)
        availability.shiftReadings(of: device, byMilliseconds: step)
        sequencer.shiftReadings(of: device, byMilliseconds: step)
        supplies.shiftReadings(of: device, byMilliseconds: step)
        alarms.shiftLane(of: device, byMilliseconds: step, fleet.profiles[fleet.devices[device].profile].derived.faults)
        alarms.shiftAlarms(of: device, byMilliseconds: step, readings: true, since: before)
    }

    /// What goes on by the readings of a device since `since`, without what has ended: durations, rates, and the time of its newest words.
    mutating func shiftTimers(_ device: DeviceIndex, byMilliseconds step: Int64, since: Int64) {
        fleet.devices[device].newestMilliseconds = fleet.devices[device].newestMilliseconds.shifted(byMilliseconds: step)
        for (_, place) in fleet.places(of: device) where fleet.metrics[place].timeMilliseconds >= since {
            fleet.metrics[place].timeMilliseconds = fleet.metrics[place].timeMilliseconds.shifted(byMilliseconds: step)
        }
        for list in 0..<4 where fleet.devices[device].alertMilliseconds[list] >= since {
            fleet.devices[device].alertMilliseconds[list] = fleet.devices[device].alertMilliseconds[list].shifted(byMilliseconds: step)
        }
        shiftConditions(device, byMilliseconds: step, arrivals: false, readings: true)
        shiftDetectors(device, byMilliseconds: step)
    }

    private mutating func findDueTimes() {
        sequencer.findNextDue(fleet)
        sparkplug.findNextDue()
        maintenance.clockStepped()
        alarms.findNextDue()
    }
}

extension SupplyState {
    mutating func shift(byMilliseconds step: Int64) {
        model.shift(byMilliseconds: step)
        doubt = doubt?.shifted(byMilliseconds: step)
        evaluatedMilliseconds = evaluatedMilliseconds.shifted(byMilliseconds: step)
        orderedMilliseconds = orderedMilliseconds.shifted(byMilliseconds: step)
        installedMilliseconds = installedMilliseconds.shifted(byMilliseconds: step)
        thresholdMilliseconds = thresholdMilliseconds.shifted(byMilliseconds: step)
    }
}

extension SparkplugSessions {
    /// The caller finds the next due time.
    mutating func shift(byMilliseconds step: Int64) {
        for number in 0..<count { update(number) { host, _, _ in host.shift(byMilliseconds: step) } }
    }
}
