import Telemetry

extension MetricSlot {
    /// The word of a state's value.
    package func text(of value: Double) -> String {
        guard let index = Int(exactly: value), states.indices.contains(index) else { return "?" }
        return states[index]
    }
}
