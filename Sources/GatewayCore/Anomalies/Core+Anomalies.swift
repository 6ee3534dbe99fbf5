import FaultDetection
import Telemetry

/// Live readings on their way through the detectors that need no rule. What they find is a warning, and sets nothing off.
extension StewardCore {
    /// Metrics that are watched, and those for which there was no room (`limits.anomalyMetrics`).
    public var watchedMetrics: Int { anomalies.watchedMetrics }
    public var refusedWatches: Int { anomalies.refusedMetrics }

    /// Only for a slot that is watched. `last` is when the metric was known before, or `Int64.min`; `former` what it was then.
    @inline(__always)
    mutating func watch(
        _ device: Int, _ profile: Int, _ reading: Reading, former: Double?, last: Int64, at time: Int64, _ effects: inout [Effect]
    ) {
        // A dead letter that is taken once more tells of the past.
        guard replayedArrivalMilliseconds == nil else { return }
        let index = Int(hot[device].firstMetric + reading.slot)
        let isRate = derived[profile].isRate[Int(reading.slot)]
        let hasTurned = anomalies.take(
            reading.value, former: former, last: last, at: time, isRate: isRate,
            gapMilliseconds: layouts[profile].profile.gapMilliseconds, place: &metrics[index].watch)
        guard hasTurned else { return }
        let slot = layouts[profile].slots[Int(reading.slot)]
        tell(anomalies.turn(slot, isRate: isRate, value: reading.value, at: time, place: metrics[index].watch), device, at: time, &effects)
    }

    /// The device has told all that it tells at this time.
    mutating func watchMachine(_ device: Int, _ profile: Int, at time: Int64, _ effects: inout [Effect]) {
        guard replayedArrivalMilliseconds == nil else { return }
        guard hot[device].machine >= 0 else { return admitMachine(device, profile) }
        let first = Int(hot[device].firstMetric)
        let hasTurned = anomalies.takeRow(
            metrics, first: first, at: time, gapMilliseconds: layouts[profile].profile.gapMilliseconds, place: hot[device].machine)
        guard hasTurned else { return }
        tell(anomalies.machineTurn(layouts[profile], metrics, first: first, place: hot[device].machine), device, at: time, &effects)
    }

    private mutating func tell(_ turn: AnomalyTurn, _ device: Int, at time: Int64, _ effects: inout [Effect]) {
        guard let reason = turn.reason else {
            return clear(device, condition: turn.condition, source: .anomaly, at: time, turn.evidence, &effects)
        }
        let cause = AlarmCause(
            condition: turn.condition, source: .anomaly, severity: .warning, text: reason, onsetMilliseconds: time, evidence: turn.evidence)
        raise(device, cause, at: time, &effects)
    }

    /// Its channels are the gauges that it has shown by then. So a device is asked at every sixteenth message only, when most names
    /// have been met.
    private mutating func admitMachine(_ device: Int, _ profile: Int) {
        guard hot[device].messages & 15 == 0 else { return }
        let places = anomalyPlaces(device)
        let gauges = places.indices.filter { places[$0] >= 0 && !derived[profile].isRate[$0] }.prefix(MachineDetector.maximumChannels)
        anomalies.admitMachine(gauges.map { Int32($0) }, place: &hot[device].machine)
    }

    /// The profile does not want the metric watched, as was found out when a name that a snapshot remembered was met again.
    mutating func unwatch(_ device: Int, _ profile: Int, _ slot: Int32, at time: Int64, _ effects: inout [Effect]) {
        anomalies.release(metric: &metrics[Int(hot[device].firstMetric + slot)].watch)
        let condition = AnomalyDesk.condition(layouts[profile].slots[Int(slot)].name)
        clear(device, condition: condition, source: .anomaly, at: time, [], &effects)
        // The device as a whole begins anew without it.
        guard anomalies.hasMachine(at: hot[device].machine, channelOf: slot) else { return }
        anomalies.release(machine: &hot[device].machine)
        clear(device, condition: AnomalyDesk.machineCondition, source: .anomaly, at: time, [], &effects)
    }

    /// Its metrics have no detectors any more, nor has the device as a whole.
    mutating func releaseDetectors(_ device: Int) {
        for index in metricRange(device) { anomalies.release(metric: &metrics[index].watch) }
        anomalies.release(machine: &hot[device].machine)
    }

    /// The clock that dates its readings was set.
    mutating func shiftDetectors(_ device: Int, byMilliseconds step: Int64) {
        for index in metricRange(device) { anomalies.shift(metric: metrics[index].watch, byMilliseconds: step) }
        anomalies.shift(machine: hot[device].machine, byMilliseconds: step)
    }

    private func metricRange(_ device: Int) -> Range<Int> {
        Int(hot[device].firstMetric)..<Int(hot[device].firstMetric + hot[device].metricCapacity)
    }

    /// The places of the detectors of a device's metrics, in the order of its slots.
    private func anomalyPlaces(_ device: Int) -> [Int32] {
        metrics[metricRange(device)].prefix(layouts[Int(hot[device].profile)].slots.count).map(\.watch)
    }

    /// Whether a detector still says what the alarm says. Alarms of detectors that are gone have to be ended.
    func isWatched(_ device: Int, _ alarm: Alarm) -> Bool {
        anomalies.stands(
            alarm.condition, layouts[Int(hot[device].profile)], places: anomalyPlaces(device), machine: hot[device].machine)
    }

    // MARK: Snapshot and digest

    func anomalySection(_ device: Int) -> [UInt8]? {
        anomalies.section(
            device: records[device].id, layouts[Int(hot[device].profile)], places: anomalyPlaces(device), machine: hot[device].machine)
    }

    mutating func readAnomalies(_ bytes: [UInt8]) throws {
        var reader = ByteReader(bytes)
        guard let index = deviceIndex[try reader.text()] else { return }
        let device = Int(index)
        let profile = Int(hot[device].profile)
        var places = anomalyPlaces(device)
        try anomalies.read(&reader, layouts[profile], derived[profile], places: &places, machine: &hot[device].machine)
        for (index, place) in zip(metricRange(device), places) { metrics[index].watch = place }
    }

    func anomalyLines(_ device: Int) -> [String] {
        anomalies.digestLines(
            device: records[device].id, layouts[Int(hot[device].profile)], places: anomalyPlaces(device), machine: hot[device].machine)
    }
}
