import FaultDetection
import Telemetry

/// Live readings on their way through the detectors that need no rule. What they find is a warning, and sets nothing off.
extension StewardCore {
    static var machineCondition: String { "anomaly:machine" }

    static func anomalyCondition(_ metric: String) -> String {
        // The name of the device as a whole is taken.
        metric == "machine" ? "anomaly:metric:machine" : "anomaly:\(metric)"
    }

    /// Metrics that are watched, and those for which there was no room (`limits.anomalyMetrics`).
    public var watchedMetrics: Int { metricWatches.count - freeWatches.count }

    /// Only for a slot that is watched. `last` is when the metric was known before, or `Int64.min`; `former` what it was then.
    @inline(__always)
    mutating func watch(
        _ device: Int, _ profile: Int, _ reading: Reading, former: Double?, last: Int64, at time: Int64, _ effects: inout [Effect]
    ) {
        // A dead letter that is taken once more tells of the past.
        guard replayedArrivalMilliseconds == nil else { return }
        let index = Int(hot[device].firstMetric + reading.slot)
        if metrics[index].watch < 0 {
            // One reading is no series: many names are seen once.
            guard former != nil else { return }
            admitWatch(index)
        }
        let place = Int(metrics[index].watch)
        guard place >= 0 else { return }
        var value = reading.value
        if derived[profile].isRate[Int(reading.slot)] {
            let isContinuous = former.map { reading.value >= $0 } == true && time &- last <= layouts[profile].profile.gapMilliseconds
            guard let rate = metricWatches[place].rate(value, at: time, isContinuous: isContinuous) else { return }
            value = rate
        }
        let before = metricWatches[place].detector.isAnomalous
        guard metricWatches[place].detector.take(value, atMilliseconds: time).isAnomalous != before else { return }
        turn(device, profile, reading, isAnomalous: !before, at: time, &effects)
    }

    /// Gives a metric a detector, or notes that there is no room.
    private mutating func admitWatch(_ index: Int) {
        let isNew = metrics[index].watch == MetricWatch.none
        if let free = freeWatches.popLast() {
            metricWatches[Int(free)] = MetricWatch()
            metrics[index].watch = free
        } else if metricWatches.count < configuration.maximumAnomalyMetrics {
            metrics[index].watch = place(MetricWatch())
        } else {
            metrics[index].watch = MetricWatch.refused
            if isNew { refusedWatches += 1 }
            return
        }
        if !isNew { refusedWatches -= 1 }
    }

    /// The array grows by a quarter: doubling would leave half of tens of megabytes empty.
    mutating func place(_ watch: MetricWatch) -> Int32 {
        if metricWatches.count == metricWatches.capacity {
            metricWatches.reserveCapacity(metricWatches.count + max(64, metricWatches.count / 4))
        }
        metricWatches.append(watch)
        return Int32(metricWatches.count - 1)
    }

    private mutating func turn(
        _ device: Int, _ profile: Int, _ reading: Reading, isAnomalous: Bool, at time: Int64, _ effects: inout [Effect]
    ) {
        let slot = layouts[profile].slots[Int(reading.slot)]
        let condition = Self.anomalyCondition(slot.name)
        let evidence = [Alarm.Evidence(metric: slot.name, value: reading.value, timeMilliseconds: time)]
        guard isAnomalous else { return clear(device, condition: condition, source: .anomaly, at: time, evidence, &effects) }
        let place = Int(metrics[Int(hot[device].firstMetric + reading.slot)].watch)
        let isRate = derived[profile].isRate[Int(reading.slot)]
        let text = metricWatches[place].detector.reason.text(
            metric: isRate ? "the rate of \(slot.name)" : slot.name, unit: Self.unitText(slot) + (isRate ? "/h" : ""))
        let cause = AlarmCause(
            condition: condition, source: .anomaly, severity: .warning, text: text, onsetMilliseconds: time, evidence: evidence)
        raise(device, cause, at: time, &effects)
    }

    private static func unitText(_ slot: MetricSlot) -> String {
        slot.unit.isEmpty ? "" : " " + slot.unit.filter { $0 != "{" && $0 != "}" }
    }

    /// The profile does not want the metric watched, as was found out when a name that a snapshot remembered was met again.
    mutating func unwatch(_ device: Int, _ profile: Int, _ slot: Int32, at time: Int64, _ effects: inout [Effect]) {
        let index = Int(hot[device].firstMetric + slot)
        if metrics[index].watch == MetricWatch.refused { refusedWatches -= 1 }
        if metrics[index].watch >= 0 { freeWatches.append(metrics[index].watch) }
        metrics[index].watch = MetricWatch.none
        clear(device, condition: Self.anomalyCondition(layouts[profile].slots[Int(slot)].name), source: .anomaly, at: time, [], &effects)
        endMachine(device, ifItHas: slot, at: time, &effects)
    }

    // MARK: The device as a whole

    /// The device has told all that it tells at this time.
    mutating func watchMachine(_ device: Int, _ profile: Int, at time: Int64, _ effects: inout [Effect]) {
        guard replayedArrivalMilliseconds == nil else { return }
        guard hot[device].machine >= 0 else { return admitMachine(device, profile) }
        let place = Int(hot[device].machine)
        let before = machineWatches[place].detector.isAnomalous
        let verdict = machineWatches[place].note(
            metrics, first: Int(hot[device].firstMetric), at: time, gapMilliseconds: layouts[profile].profile.gapMilliseconds)
        guard let verdict, verdict.isAnomalous != before else { return }
        let reason = machineWatches[place].detector.reason
        let evidence = reason.parts.map { part in
            let slot = machineWatches[place].slots[part.channel]
            let metric = metrics[Int(hot[device].firstMetric + slot)]
            return Alarm.Evidence(
                metric: layouts[profile].slots[Int(slot)].name, value: metric.value, timeMilliseconds: metric.timeMilliseconds)
        }
        guard verdict.isAnomalous else {
            return clear(device, condition: Self.machineCondition, source: .anomaly, at: time, evidence, &effects)
        }
        let text = reason.text { channel in
            let slot = layouts[profile].slots[Int(machineWatches[place].slots[channel])]
            return (slot.name, Self.unitText(slot))
        }
        let cause = AlarmCause(
            condition: Self.machineCondition, source: .anomaly, severity: .warning, text: text, onsetMilliseconds: time, evidence: evidence)
        raise(device, cause, at: time, &effects)
    }

    /// Its channels are the gauges that it has shown by then. So a device is asked at every sixteenth message only, when most names
    /// have been met.
    private mutating func admitMachine(_ device: Int, _ profile: Int) {
        guard hot[device].messages & 15 == 0 else { return }
        let first = Int(hot[device].firstMetric)
        var slots: [Int32] = []
        for slot in 0..<min(layouts[profile].slots.count, Int(hot[device].metricCapacity))
        where slots.count < MachineDetector.maximumChannels && metrics[first + slot].watch >= 0 && !derived[profile].isRate[slot] {
            slots.append(Int32(slot))
        }
        guard slots.count >= MachineWatch.minimumGauges else { return }
        hot[device].machine = place(MachineWatch(slots: slots))
    }

    mutating func place(_ watch: MachineWatch) -> Int32 {
        if let free = freeMachines.popLast() {
            machineWatches[Int(free)] = watch
            return free
        }
        machineWatches.append(watch)
        return Int32(machineWatches.count - 1)
    }

    /// One of its gauges is watched no more: it begins anew without it.
    private mutating func endMachine(_ device: Int, ifItHas slot: Int32, at time: Int64, _ effects: inout [Effect]) {
        let place = Int(hot[device].machine)
        guard place >= 0, machineWatches[place].slots.contains(slot) else { return }
        releaseMachine(device)
        clear(device, condition: Self.machineCondition, source: .anomaly, at: time, [], &effects)
    }

    mutating func releaseMachine(_ device: Int) {
        guard hot[device].machine >= 0 else { return }
        machineWatches[Int(hot[device].machine)] = MachineWatch(slots: [])
        freeMachines.append(hot[device].machine)
        hot[device].machine = MetricWatch.none
    }

    /// Whether a detector still says what the alarm says. Alarms of detectors that are gone have to be ended.
    func isWatched(_ device: Int, _ alarm: Alarm) -> Bool {
        if alarm.condition == Self.machineCondition {
            let place = Int(hot[device].machine)
            return place >= 0 && machineWatches[place].detector.isAnomalous
        }
        let layout = layouts[Int(hot[device].profile)]
        return layout.slots.indices.contains { slot in
            guard slot < Int(hot[device].metricCapacity), Self.anomalyCondition(layout.slots[slot].name) == alarm.condition else {
                return false
            }
            let place = Int(metrics[Int(hot[device].firstMetric) + slot].watch)
            return place >= 0 && metricWatches[place].detector.isAnomalous
        }
    }
}
