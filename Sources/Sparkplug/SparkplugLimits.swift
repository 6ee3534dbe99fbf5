/// Limits and times of one edge node's session.
public struct SparkplugLimits: Equatable, Sendable {
    public var devices: Int
    /// Metrics of the node and all its devices.
    public var metrics: Int
    public var nameBytes: Int
    public var textBytes: Int
    /// Messages kept while an earlier one is missing.
    public var pendingMessages: Int
    public var pendingBytes: Int
    /// How long a missing message is waited for, in arrival time.
    public var reorderMilliseconds: Int64
    /// At most one rebirth is asked for in this time.
    public var rebirthMilliseconds: Int64
    /// How long after a rebirth of the node its devices have to be born again before they count as dead.
    public var deviceBirthMilliseconds: Int64

    public init(
        devices: Int = 256, metrics: Int = 4096, nameBytes: Int = 256, textBytes: Int = 1024, pendingMessages: Int = 64,
        pendingBytes: Int = 262_144, reorderMilliseconds: Int64 = 2000, rebirthMilliseconds: Int64 = 30_000,
        deviceBirthMilliseconds: Int64 = 30_000
    ) {
        self.devices = devices
        self.metrics = metrics
        self.nameBytes = nameBytes
        self.textBytes = textBytes
        // A pending message lies ahead of the next one; with more than half of all numbers ahead and behind could not be told apart.
        self.pendingMessages = min(max(pendingMessages, 1), 128)
        self.pendingBytes = pendingBytes
        self.reorderMilliseconds = reorderMilliseconds
        self.rebirthMilliseconds = rebirthMilliseconds
        self.deviceBirthMilliseconds = deviceBirthMilliseconds
    }
}
