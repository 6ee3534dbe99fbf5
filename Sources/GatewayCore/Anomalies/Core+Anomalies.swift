import Documents
import FaultDetection
import Telemetry

/// Live readings on their way through the detectors that need no rule. What they find is a warning, and sets nothing off.
extension StewardCore {
    /// Metrics that are watched, and those for which there was no room (`limits.anomalyMetrics`).
    public var watchedMetrics: Int { anomalies.watchedMetrics }
    public var refusedWatches: Int { anomalies.refusedMetrics }
    /// Metrics whose detector in the snapshot was of another version, so that they are learned anew.
    public var restartedWatches: Int { anomalies.restartedMetrics }
    /// What the detectors take of `stateBytes`.
    public var detectorBytes: Int { anomalies.stateBytes }

    /// Only for a slot that is watched. `last` is when the metric was known before, or `Int64.min`; `former` what it was then.
    @inline(__always)
    mutating func watch(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ reading: Reading, former: Double?, last: Int64, at time: Int64
    ) {
        // A dead letter that is taken once more tells of the past. Between two sources of time a series may go back a little.
        guard replayedArrivalMilliseconds == nil, time >= last else { return }
        let index = fleet.takePlace(device, reading.slot)
        let isRate = fleet.profiles[profile].derived.isRate[reading.slot]
        let hasTurned = anomalies.take(
            reading.value, former: former, last: last, at: time, isRate: isRate,
            gapMilliseconds: fleet.profiles[profile].layout.profile.gapMilliseconds, place: &fleet.metrics[index].watch)
        guard hasTurned else { return }
        let slot = fleet.profiles[profile].layout[reading.slot]
        tell(
            anomalies.turn(slot, isRate: isRate, value: reading.value, at: time, place: fleet.metrics[index].watch), device, at: time)
    }

    /// The device has told all that it tells at this time.
    mutating func watchMachine(_ device: DeviceIndex, _ profile: ProfileIndex, at time: Int64) {
        guard replayedArrivalMilliseconds == nil else { return }
        let machine = fleet.devices[device].machine
        guard machine >= 0 else { return admitMachine(device, profile) }
        let gap = fleet.profiles[profile].rules.gapMilliseconds
        guard let hasTurned = anomalies.advance(machine: machine, to: time, gapMilliseconds: gap) else { return }
        // One by one: to hand the fleet to the desk would copy its tables' references at each message.
        for gauge in 0..<anomalies.gaugeCount(machine: machine) {
            let slot = anomalies.slot(ofGauge: gauge, machine: machine)
            guard case .live(let value, let measured) = fleet.value(device, slot), time &- measured <= gap else { continue }
            anomalies.note(value, gauge: gauge, machine: machine)
        }
        if hasTurned { tell(anomalies.machineTurn(fleet, device), device, at: time) }
    }

    private mutating func tell(_ turn: AnomalyTurn, _ device: DeviceIndex, at time: Int64) {
        guard let reason = turn.reason else {
            return out.tell(.conditionEnded(device, condition: turn.condition, source: .anomaly, at: time, evidence: turn.evidence))
        }
        let cause = AlarmCause(
            condition: turn.condition, source: .anomaly, severity: .warning, text: reason, onsetMilliseconds: time, evidence: turn.evidence)
        out.tell(.conditionBegan(device, cause, at: time))
    }

    /// Its channels are the gauges that it has shown by then. So a device is asked at every sixteenth message only, when most names
    /// have been met.
    private mutating func admitMachine(_ device: DeviceIndex, _ profile: ProfileIndex) {
        guard fleet.devices[device].messages & 15 == 0 else { return }
        let places = anomalyPlaces(device)
        let gauges = places.indices.filter { places[$0] >= 0 && !fleet.profiles[profile].derived.isRate[SlotIndex($0)] }.prefix(
            MachineDetector.maximumChannels)
        anomalies.admitMachine(gauges.map { SlotIndex($0) }, place: &fleet.devices[device].machine)
    }

    /// The profile does not want the metric watched, as was found out when a name that a snapshot remembered was met again.
    mutating func unwatch(_ device: DeviceIndex, _ profile: ProfileIndex, _ slot: SlotIndex, at time: Int64) {
        anomalies.release(metric: &fleet.metrics[fleet.takePlace(device, slot)].watch)
        let condition = AnomalyDesk.condition(fleet.profiles[profile].layout[slot].name)
        out.tell(.conditionEnded(device, condition: condition, source: .anomaly, at: time))
        // The device as a whole begins anew without it.
        guard anomalies.hasMachine(at: fleet.devices[device].machine, channelOf: slot) else { return }
        anomalies.release(machine: &fleet.devices[device].machine)
        out.tell(.conditionEnded(device, condition: AnomalyDesk.machineCondition, source: .anomaly, at: time))
    }

    /// Its metrics have no detectors any more, nor has the device as a whole.
    mutating func releaseDetectors(_ device: DeviceIndex) {
        for (_, place) in fleet.places(of: device) { anomalies.release(metric: &fleet.metrics[place].watch) }
        anomalies.release(machine: &fleet.devices[device].machine)
    }

    /// The clock that dates its readings was set.
    mutating func shiftDetectors(_ device: DeviceIndex, byMilliseconds step: Int64) {
        for (_, place) in fleet.places(of: device) { anomalies.shift(metric: fleet.metrics[place].watch, byMilliseconds: step) }
        anomalies.shift(machine: fleet.devices[device].machine, byMilliseconds: step)
    }

    /// The places of the detectors of a device's metrics, in the order of its slots.
    private func anomalyPlaces(_ device: DeviceIndex) -> [Int32] {
        fleet.profiles[fleet.devices[device].profile].layout.slots.indices.map {
            fleet.metric(device, SlotIndex($0))?.watch ?? MetricWatch.none
        }
    }

    /// Whether a detector still says what the alarm says. Alarms of detectors that are gone have to be ended.
    func isWatched(_ device: DeviceIndex, _ alarm: Alarm) -> Bool {
        anomalies.stands(
            alarm.condition, fleet.profiles[fleet.devices[device].profile].layout, places: anomalyPlaces(device),
            machine: fleet.devices[device].machine)
    }

    /// A metric that is watched, as a person sees it.
    package struct WatchedMetric {
        package var slot: MetricSlot
        /// The detector looks at the change an hour of a counter.
        package var isRate: Bool
        package var outlook: MetricDetector.Outlook
    }

    /// The watched metrics of a device in the order of its slots, at its newest event time.
    package func watchedMetrics(of device: DeviceIndex) -> [WatchedMetric] {
        let profile = fleet.profiles[fleet.devices[device].profile]
        let newest = fleet.devices[device].newestMilliseconds
        return zip(profile.layout.slots.indices, anomalyPlaces(device)).compactMap { slot, place in
            guard place >= 0, newest != .min else { return nil }
            return WatchedMetric(
                slot: profile.layout.slots[slot], isRate: profile.derived.isRate[SlotIndex(slot)],
                outlook: anomalies.outlook(place, at: newest))
        }
    }

    // MARK: Snapshot and digest

    func detectorBytes(of device: DeviceIndex) -> [UInt8]? {
        anomalies.bytes(
            fleet.profiles[fleet.devices[device].profile].layout, places: anomalyPlaces(device), machine: fleet.devices[device].machine)
    }

    mutating func readDetectors(_ bytes: [UInt8], of device: DeviceIndex) throws {
        var reader = ByteReader(bytes)
        try readDetectors(&reader, of: device)
    }

    mutating func readDetectors(_ reader: inout ByteReader, of device: DeviceIndex) throws {
        let profile = fleet.devices[device].profile
        var places = anomalyPlaces(device)
        try anomalies.read(
            &reader, fleet.profiles[profile].layout, fleet.profiles[profile].derived, places: &places,
            machine: &fleet.devices[device].machine)
        for (slot, place) in places.enumerated() where place != MetricWatch.none {
            fleet.metrics[fleet.takePlace(device, SlotIndex(slot))].watch = place
        }
    }

    func anomalyLines(_ device: DeviceIndex) -> [String] {
        anomalies.digestLines(
            device: fleet.records[device].id, fleet.profiles[fleet.devices[device].profile].layout, places: anomalyPlaces(device),
            machine: fleet.devices[device].machine)
    }
}
