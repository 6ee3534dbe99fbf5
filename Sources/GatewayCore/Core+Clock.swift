import CivilCalendar
import ConsumableForecast
import Documents
import FaultDetection
import FoundationEssentials
import RemoteSupport
import Replenishment
import ServiceValue
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
            case .clockStepped(let step)? = ControlEvent(decoding: frame.payload)
        else { return nil }
        return step
    }

    mutating func stepClock(byMilliseconds step: Int64, to arrival: Int64, _ effects: inout [Effect]) {
        let before = now
        now = now.shifted(byMilliseconds: step)
        shiftTimers(byMilliseconds: step)
        var redated: Int64 = 0
        for device in fleet.devices.indices where !fleet.devices[device].isVacant {
            shiftArrivals(device, byMilliseconds: step, since: before)
            if fleet.devices[device].isDatedByArrival {
                shiftReadings(device, byMilliseconds: step, since: before)
            } else if fleet.devices[device].newestMilliseconds > arrival.shifted(byMilliseconds: DeviceTime.aheadMilliseconds) {
                // Its own clock was believed by ours from before, and is not by the new one: until that time came it would only be late. From
                // here on it is dated by arrival, so that a step the other way takes this one back.
                shiftReadings(device, byMilliseconds: step, since: before)
                fleet.devices[device].isDatedByArrival = true
                redated += 1
            }
        }
        clock.steps &+= 1
        clock.lastStepMilliseconds = step
        clock.lastStepAtMilliseconds = arrival
        clock.redatedDevices &+= redated
        findDueTimes()
        effects.decide(.clockStepped, at: arrival, device: "") { writer in
            writer.member("byMilliseconds", step)
            if redated > 0 { writer.member("redatedDevices", redated) }
        }
    }

    private mutating func shiftTimers(byMilliseconds step: Int64) {
        listeningSince = listeningSince.shifted(byMilliseconds: step)
        nextSilenceScan = nextSilenceScan.shifted(byMilliseconds: step)
        for id in openRuns { _ = runs.update(id) { $0.shift(byMilliseconds: step) } }
        for id in orders.ids where orders[id]?.state.isFinal == false { _ = orders.update(id) { $0.shift(byMilliseconds: step) } }
        for id in flapping { _ = alarms.update(id) { $0.shiftQuiet(byMilliseconds: step) } }
        for device in shelvingDevices {
            for index in fleet.records[device].shelves.indices {
                fleet.records[device].shelves[index].untilMilliseconds =
                    fleet.records[device].shelves[index].untilMilliseconds.shifted(byMilliseconds: step)
            }
        }
        sparkplug.shift(byMilliseconds: step)
        storeDamage.shift(byMilliseconds: step)
        repeats.shift(byMilliseconds: step)
    }

    /// What of a device is dated by arrival in any case.
    private mutating func shiftArrivals(_ device: DeviceIndex, byMilliseconds step: Int64, since before: Int64) {
        fleet.devices[device].arrivalMilliseconds = fleet.devices[device].arrivalMilliseconds.shifted(byMilliseconds: step)
        fleet.devices[device].fieldProblemMilliseconds = fleet.devices[device].fieldProblemMilliseconds.shifted(byMilliseconds: step)
        for index in fleet.records[device].lanes.indices {
            let arrival = fleet.records[device].lanes[index].arrivalMilliseconds
            fleet.records[device].lanes[index].arrivalMilliseconds = arrival.shifted(byMilliseconds: step)
        }
        shiftConditions(device, byMilliseconds: step, arrivals: true, readings: false)
        for id in fleet.records[device].activeAlarms + fleet.records[device].recentAlarms {
            guard let alarm = alarms[id], Self.isRaisedByWaiting(alarm), isRecent(alarm, before) else { continue }
            _ = alarms.update(id) { $0.shift(byMilliseconds: step) }
        }
    }

    private mutating func shiftConditions(_ device: DeviceIndex, byMilliseconds step: Int64, arrivals: Bool, readings: Bool) {
        let faults = fleet.profiles[fleet.devices[device].profile].derived.faults
        if faults.cellCount > 0 {
            fleet.cells.withPointer(to: Int(fleet.devices[device].firstCell)) { block in
                faults.shift(block, byMilliseconds: step, arrivals: arrivals, readings: readings)
            }
        }
        guard readings else { return }
        for index in fleet.records[device].lanes.indices {
            let newest = fleet.records[device].lanes[index].newestMilliseconds
            fleet.records[device].lanes[index].newestMilliseconds = newest.shifted(byMilliseconds: step)
            fleet.records[device].lanes[index].cells.withUnsafeMutableBufferPointer { cells in
                guard let block = cells.baseAddress else { return }
                faults.shift(block, byMilliseconds: step, arrivals: false, readings: true)
            }
        }
    }

    /// The event time of one device. `before` is what the clock said before the step.
    private mutating func shiftReadings(_ device: DeviceIndex, byMilliseconds step: Int64, since before: Int64) {
        fleet.devices[device].newestMilliseconds = fleet.devices[device].newestMilliseconds.shifted(byMilliseconds: step)
        fleet.records[device].mendedMilliseconds = fleet.records[device].mendedMilliseconds.shifted(byMilliseconds: step)
        for (_, place) in fleet.places(of: device) {
            fleet.metrics[place].timeMilliseconds = fleet.metrics[place].timeMilliseconds.shifted(byMilliseconds: step)
        }
        shiftDetectors(device, byMilliseconds: step)
        shiftConditions(device, byMilliseconds: step, arrivals: false, readings: true)
        fleet.records[device].ledger.shift(byMilliseconds: step)
        fleet.records[device].incidents.shift(byMilliseconds: step)
        for index in fleet.records[device].heldMessages.indices {
            fleet.records[device].heldMessages[index].timeMilliseconds =
                fleet.records[device].heldMessages[index].timeMilliseconds.shifted(byMilliseconds: step)
        }
        for index in fleet.records[device].supplies.indices { fleet.records[device].supplies[index].shift(byMilliseconds: step) }
        for id in fleet.records[device].activeAlarms + fleet.records[device].recentAlarms {
            guard let alarm = alarms[id], !Self.isRaisedByWaiting(alarm), isRecent(alarm, before) else { continue }
            _ = alarms.update(id) { $0.shift(byMilliseconds: step) }
        }
    }

    /// These are raised by the passing of arrival time, whatever clock the device has.
    private static func isRaisedByWaiting(_ alarm: Alarm) -> Bool { alarm.source == .silence || alarm.source == .order }

    /// An alarm that went away more than a day ago is history; it cannot be the one that comes again.
    private func isRecent(_ alarm: Alarm, _ before: Int64) -> Bool {
        alarm.isActive || alarm.clearedMilliseconds.map { before &- $0 < 86_400_000 } == true
    }

    private mutating func findDueTimes() {
        findNextRunDeadline()
        findNextOrderDue()
        findNextQuietCheck()
        sparkplug.findNextDue()
        // Windows are asked by the new clock.
        if !plans.isEmpty { nextWindowEdge = .min }
        findNextInhibitionCheck()
    }

    // MARK: Snapshot

    static var clockSection: String { "clock" }

    private struct Section: Codable {
        var book: ClockBook
        var datedByArrival: [Int32]
    }

    func clockSection(_ json: JSONEncoder) throws -> [UInt8] {
        let devices = fleet.devices.indices.filter { fleet.devices[$0].isDatedByArrival }.map(\.place)
        return Array(try json.encode(Section(book: clock, datedByArrival: devices)))
    }

    mutating func readClock(_ bytes: [UInt8], _ json: JSONDecoder) throws {
        let section = try json.decode(Section.self, from: Data(bytes))
        clock = section.book
        for place in section.datedByArrival where fleet.devices.contains(DeviceIndex(place: place)) {
            fleet.devices[DeviceIndex(place: place)].isDatedByArrival = true
        }
    }
}

extension SupplyState {
    mutating func shift(byMilliseconds step: Int64) {
        model.shift(byMilliseconds: step)
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
