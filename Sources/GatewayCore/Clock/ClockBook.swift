/// How often the gateway's clock was set while it ran, as the inbox tells it.
public struct ClockBook: Equatable, Sendable, Codable {
    public internal(set) var steps: Int64 = 0
    /// By how much it was set last, forwards or backwards, and what it said afterwards.
    public internal(set) var lastStepMilliseconds: Int64 = 0
    public internal(set) var lastStepAtMilliseconds: Int64?
    /// How often a device's readings lay so far in the future after a step that they were dated anew.
    public internal(set) var redatedDevices: Int64 = 0

    public init() {}
}
