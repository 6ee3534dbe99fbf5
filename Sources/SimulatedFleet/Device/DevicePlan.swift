/// The times and rates of one device's simulated life. Times are milliseconds since 1970.
public struct DevicePlan: Sendable, Equatable {
    /// The hourly reports of the past begin here; at `liveStart` there are none.
    public var historyStart: Int64
    public var liveStart: Int64
    public var reportMilliseconds: Int64
    /// The first live report comes so much after `liveStart`, which spreads the devices over the interval.
    public var phaseMilliseconds: Int64
    /// Only in the live phase; 0 for none.
    public var faultsPerHour: Double
    /// One of its supplies has only a few days left when the live phase begins.
    public var isNearEnd: Bool

    public init(
        historyStart: Int64, liveStart: Int64, reportMilliseconds: Int64 = 2000, phaseMilliseconds: Int64 = 0, faultsPerHour: Double = 30,
        isNearEnd: Bool = false
    ) {
        self.historyStart = min(historyStart, liveStart)
        self.liveStart = liveStart
        self.reportMilliseconds = max(100, reportMilliseconds)
        self.phaseMilliseconds = max(0, phaseMilliseconds)
        self.faultsPerHour = faultsPerHour.isFinite ? max(0, faultsPerHour) : 0
        self.isNearEnd = isNearEnd
    }
}
