/// One value of one metric at one event time, as the history keeps it.
public struct Sample: Equatable, Sendable {
    /// Event time in milliseconds since 1970; any value, late samples included.
    public var timeMilliseconds: Int64
    /// The value in the unit of its metric; finite.
    public var value: Double

    public init(timeMilliseconds: Int64, value: Double) {
        self.timeMilliseconds = timeMilliseconds
        self.value = value
    }
}
