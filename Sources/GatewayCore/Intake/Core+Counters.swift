import FaultDetection
import Telemetry

/// Readings of counters are judged once, before anything looks at them.
extension StewardCore {
    /// The counter goes on as it did before, at most as steeply.
    @inline(__always)
    func isPlainCount(_ reading: Reading, _ time: Int64, at place: Int) -> Bool {
        let rise = reading.value - fleet.metrics[place].value
        let most = Double(fleet.metrics[place].steepestRise) * Double(CounterLine.elapsed(fleet.metrics[place].timeMilliseconds, time))
        return rise >= 0 && rise <= most && !fleet.metrics[place].hasLine
    }

    /// A reading of a counter that is not simply a little more than the last one. Nil: it does not count, or not yet.
    /// - Returns: the value that counts, and whether the counter begins anew with it.
    @inline(never)
    mutating func judgeCounter(
        _ device: DeviceIndex, _ profile: ProfileIndex, _ reading: Reading, at time: Int64, place: Int
    ) -> (value: Double, begins: Bool)? {
        let metric = fleet.metrics[place]
        // What was retained is of an unknown time, and what was never told is no line.
        // While it is unknown, nobody knows since when it rose.
        let since = metric.isUnknown ? Int64.min : metric.timeMilliseconds
        let last = metric.timeMilliseconds > MetricState.retained ? (metric.value, since) : nil
        var line = fleet.counterLine(at: place)
        var steepest = metric.steepestRise
        let verdict = line.judge(
            reading.value, at: time, last: last, steepest: &steepest,
            scale: fleet.profiles[profile].derived.counterScales[reading.slot])
        fleet.metrics[place].steepestRise = steepest
        fleet.set(line, at: place)
        out.budgets.count(.falseCounts, line.dropped)
        switch verdict {
        case .counts(let value): return (value, false)
        case .begins(let value):
            beginRates(device, profile, reading.slot)
            return (value, true)
        case .waits, .repeats: return nil
        }
    }

    /// What conditions remember of a counter's rise says nothing of the one that begins.
    private mutating func beginRates(_ device: DeviceIndex, _ profile: ProfileIndex, _ slot: SlotIndex) {
        let faults = fleet.profiles[profile].derived.faults
        for watch in faults.rules(watching: slot) {
            fleet.cells.withPointer(to: Int(fleet.devices[device].firstCell)) { faults.beginRates(watch, $0) }
        }
    }
}
