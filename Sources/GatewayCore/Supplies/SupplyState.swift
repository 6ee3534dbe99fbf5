import ConsumableForecast
import Documents
import Telemetry

/// One supply slot of one device.
package struct SupplyState: Sendable, Codable {
    package internal(set) var model = SupplyModel()
    /// When the reorder rule was asked last, in event time.
    var evaluatedMilliseconds: Int64 = .min
    /// The order for the present generation, once there is one.
    package internal(set) var order: String?
    /// What was foretold when it was placed, for the price of lateness.
    var orderedMilliseconds: Int64?
    var orderRisk = 0.0
    /// Event time at which the present generation began; nil for the one that was found in the slot.
    var installedMilliseconds: Int64?
    /// When the level was first at or below `SupplyDesk.thresholdPercent`: what a fixed threshold would have done, for the backtest.
    var thresholdMilliseconds: Int64?
    /// What the device said last about the level; the model keeps what it was before.
    package internal(set) var reported: SupplyLevel?
    /// What it says of the supply itself, and the hash by which a change is seen.
    @Rare package internal(set) var facts: SupplyFacts?
    var factsHash: UInt64?
    /// What the last cartridge that was named was named; the present one may say nothing of itself.
    @Rare var namedItem: String?
    /// The present level is yet to be proven, or was not long ago.
    @Rare var doubt: LevelDoubt?

    /// Memory that it takes.
    var stateBytes: Int { MemoryLayout<SupplyState>.stride + model.heapBytes + $facts.heapBytes }

    /// All but the model, which has bytes of its own.
    private enum CodingKeys: String, CodingKey {
        case evaluatedMilliseconds, order, orderedMilliseconds, orderRisk, installedMilliseconds, thresholdMilliseconds, reported, facts
        case factsHash, namedItem, doubt
    }
}
