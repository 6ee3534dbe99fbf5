import CivilCalendar
import FaultDetection

/// The gateway's clock was set (`Core+Clock` says what moves along).
extension AlarmDesk {
    /// What is waited for in arrival time.
    mutating func shift(byMilliseconds step: Int64) {
        for id in flapping { _ = alarms.update(id) { $0.shiftQuiet(byMilliseconds: step) } }
        for device in shelvingDevices {
            update(device) { state in
                for index in state.shelves.indices {
                    state.shelves[index].untilMilliseconds = state.shelves[index].untilMilliseconds.shifted(byMilliseconds: step)
                }
            }
        }
        for device in laneDevices {
            update(device) { $0.lane = $0.lane?.shifted(byMilliseconds: step, arrivals: true) }
        }
    }

    /// Alarms of one device that the passing of arrival time raised, or with `readings` those that its readings raised, as far as they are
    /// recent: `before` is what the clock said before the step.
    mutating func shiftAlarms(of device: DeviceIndex, byMilliseconds step: Int64, readings: Bool, since before: Int64) {
        let known = state(of: device)
        for id in known.active + known.recent {
            guard let alarm = alarms[id], Self.isRaisedByWaiting(alarm) != readings, Self.isRecent(alarm, before) else { continue }
            _ = alarms.update(id) { $0.shift(byMilliseconds: step) }
        }
    }

    /// The event time of a device moves, and with it that of its late readings.
    mutating func shiftLane(of device: DeviceIndex, byMilliseconds step: Int64, _ conditions: FaultConditions) {
        guard state(of: device).lane != nil else { return }
        update(device) { state in
            state.lane = state.lane?.shifted(byMilliseconds: step, arrivals: false)
            state.lane?.cells.withUnsafeMutableBufferPointer { cells in
                guard let block = cells.baseAddress else { return }
                conditions.shift(block, byMilliseconds: step, arrivals: false, readings: true)
            }
        }
    }

    /// These are raised by the passing of arrival time, whatever clock the device has.
    private static func isRaisedByWaiting(_ alarm: Alarm) -> Bool { alarm.source == .silence || alarm.source == .order }

    /// An alarm that went away more than a day ago is history; it cannot be the one that comes again.
    private static func isRecent(_ alarm: Alarm, _ before: Int64) -> Bool {
        alarm.isActive || alarm.clearedMilliseconds.map { before &- $0 < 86_400_000 } == true
    }
}
