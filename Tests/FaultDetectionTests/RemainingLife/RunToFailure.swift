import FaultDetection

/// Readings of one machine from the first day until its condition is met, with the time at which it was.
protocol RunToFailure {
    var readings: [RunReading] { get }
    /// When the condition began to be met by a level that was kept up; nil when it never was.
    var endMilliseconds: Int64? { get }
    /// Wear goes by the counter of the readings, not by time.
    var isByLoad: Bool { get }
    /// Before it nothing can be foretold, because something was done to the machine later that no telemetry announces; 0: never.
    var foreseeableFromMilliseconds: Int64 { get }
}

struct RunReading {
    var milliseconds: Int64
    /// Beyond the bound when above 0.
    var distance: Double
    var counter: Double?
}

extension RunToFailure {
    var foreseeableFromMilliseconds: Int64 { 0 }

    /// The forecast after a share of the life, and in how many days the condition is met then. Nil where there is no end, or nothing could be foretold.
    func forecast(afterShare share: Double) -> (life: RemainingLife, truth: Double)? {
        guard let end = endMilliseconds, let start = readings.first?.milliseconds else { return nil }
        let now = start + Int64(Double(end - start) * share)
        guard now >= foreseeableFromMilliseconds else { return nil }
        return (trend(until: now).remainingLife(byLoad: isByLoad), Double(end - now) / 86_400_000)
    }

    func trend(until now: Int64) -> WearTrend {
        var trend = WearTrend()
        for reading in readings {
            if reading.milliseconds > now { break }
            trend.take(
                reading.distance, atMilliseconds: reading.milliseconds, holdMilliseconds: WearingMachine.holdMilliseconds,
                gapMilliseconds: WearingMachine.gapMilliseconds, counter: reading.counter)
        }
        return trend
    }
}

/// Collects hourly readings until a level beyond the bound was kept up for as long as the condition has to hold.
struct RunRecorder {
    private(set) var readings: [RunReading] = []
    private(set) var endMilliseconds: Int64?
    private var heldSince = Int64.min

    /// False when the condition is met: the run is over.
    mutating func take(_ distance: Double, atMilliseconds time: Int64, counter: Double?) -> Bool {
        readings.append(RunReading(milliseconds: time, distance: distance, counter: counter))
        guard distance > 0 else {
            heldSince = .min
            return true
        }
        if heldSince == .min { heldSince = time }
        guard time - heldSince >= WearingMachine.holdMilliseconds else { return true }
        endMilliseconds = time
        return false
    }
}
