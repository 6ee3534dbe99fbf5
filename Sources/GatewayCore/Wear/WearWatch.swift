import FaultDetection
import Hashing
import Telemetry

/// A fault of a profile whose remaining life is forecast, with the names of its metrics replaced by slots. An object that never changes, because the
/// hot path passes it on for a reading, and copying one reference is cheap.
package final class WearWatch: Sendable {
    /// Its number among the profile's faults.
    package let fault: Int
    package let bound: WearBound
    /// None while no device has shown the metric.
    let slot: SlotIndex
    /// The slot of the counter that the wear goes by; none where it goes by time, or no device has shown it.
    let counter: SlotIndex
    package let rule: WearRule
    package let isByLoad: Bool
    let gapMilliseconds: Int64
    /// What was learned belongs to these conditions, and to this way of looking at them.
    let shape: UInt64

    init?(fault number: Int, _ layout: ProfileLayout) {
        let fault = layout.profile.faults[number]
        guard let rule = fault.wear, let bound = fault.raise.wearBound else { return nil }
        (self.fault, self.rule, self.bound) = (number, rule, bound)
        isByLoad = rule.loadCounter != nil
        gapMilliseconds = layout.profile.gapMilliseconds
        slot = layout.slot(named: bound.metric) ?? .none
        counter = rule.loadCounter.flatMap { layout.slot(named: $0) } ?? .none
        shape = ContentHash.combine(fault.shape, "\(rule.loadCounter ?? "") \(rule.duringWork)")
    }

    /// What has to be replaced, for people.
    func part(_ fault: FaultRule) -> String { rule.part.isEmpty ? "what \"\(fault.text)\" is about" : rule.part }

    /// How far a value is beyond the bound.
    func distance(_ value: Double) -> Double { (value - bound.bound) * bound.direction }
}
