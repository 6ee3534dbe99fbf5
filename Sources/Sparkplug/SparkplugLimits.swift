/// Limits and times of one edge node's session.
public struct SparkplugLimits: Equatable, Sendable {
    public var devices = 256
    /// Metrics of the node and all its devices.
    public var metrics = 4096
    public var nameBytes = 256
    public var textBytes = 1024
    /// A longer `engUnit` is no unit.
    public var unitBytes = 32
    /// Messages kept while an earlier one is missing, 1 to 128: such a message lies ahead of the next one, and with more than half of all
    /// sequence numbers ahead and behind could not be told apart.
    public var pendingMessages = 64
    public var pendingBytes = 262_144
    /// How long a missing message is waited for, in arrival time.
    public var reorderMilliseconds: Int64 = 2000
    /// At most one rebirth is asked for in this time.
    public var rebirthMilliseconds: Int64 = 30_000
    /// How long after a rebirth of the node its devices have to be born again before they count as dead.
    public var deviceBirthMilliseconds: Int64 = 30_000

    public static let standard = SparkplugLimits()
}
