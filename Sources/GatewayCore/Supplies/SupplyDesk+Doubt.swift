import ConsumableForecast
import Replenishment
import Telemetry

/// Levels that are yet to be proven (`LevelDoubt`).
extension SupplyDesk {
    /// A supply of a device whose doubt a person is asked about at some time.
    struct Doubted: Hashable, Comparable, Sendable {
        var device: DeviceIndex
        var supply: SupplyIndex

        static func < (a: Doubted, b: Doubted) -> Bool { (a.device.place, a.supply.place) < (b.device.place, b.supply.place) }
    }

    /// Whether the level is in doubt, so that nothing may be ordered by it.
    func isDoubted(_ device: DeviceIndex, _ supply: SupplyIndex) -> Bool { state(device, supply)?.doubt.map { !$0.isProven } ?? false }

    /// What a reading means for the doubt in a level: it begins one, proves it or ends it.
    /// - Parameters:
    ///   - isHinted: a code of the device says that the supply is low.
    ///   - wasLow: the device said so before this reading.
    ///   - since: event time since which it tells such a level.
    mutating func followDoubt(
        _ device: DeviceIndex, _ supply: SupplyIndex, _ level: SupplyLevel, _ change: SupplyChange, isHinted: Bool, wasLow: Bool,
        since: Int64, at time: Int64
    ) {
        guard let state = state(device, supply) else { return }
        var doubt = state.doubt
        switch change {
        case .newGeneration, .reinserted, .refilled: doubt = nil
        case .levelChanged(let from, let to):
            if let begun = Self.doubt(from: from, to: to, state.model, since: from == nil ? time : since) {
                doubt = begun
            } else if let known = doubt, to > known.levelPercent + 1 {
                doubt = nil
            }
        // The desk of orders has to know of the doubt that was right.
        case .restored: return
        case .none, .late: break
        }
        if doubt == nil, !wasLow, !isHinted, state.model.saidLowPercent != nil, case .interval(_, let high) = level {
            // A word such as "low".
            doubt = LevelDoubt(
                fall: LevelFall(sinceMilliseconds: time, fromPercent: state.model.levelPercent ?? 100), levelPercent: high)
        }
        if var known = doubt, change != .late {
            let wasProven = known.isProven
            known.take(level, at: time)
            // The level, and a code that says the same of this supply.
            if isHinted, level.percent != nil { known.isProven = true }
            doubt = known.isProven && time &- known.fall.sinceMilliseconds > LevelDoubt.forgottenMilliseconds ? nil : known
            if known.isProven, !wasProven { update(device, supply) { $0.evaluatedMilliseconds = .min } }
        }
        update(device, supply) { $0.doubt = doubt }
    }

    /// A level at its end as the first word, or after a fall that nothing foretold. A number above it is a measurement.
    private static func doubt(from: Double?, to: Double, _ model: SupplyModel, since time: Int64) -> LevelDoubt? {
        guard to <= SupplyModel.bottomPercent else { return nil }
        guard let from else {
            return LevelDoubt(fall: LevelFall(sinceMilliseconds: time, fromPercent: nil), levelPercent: to)
        }
        guard model.hasFallen, from - to >= SupplyModel.newGenerationPercent else { return nil }
        return LevelDoubt(fall: LevelFall(sinceMilliseconds: time, fromPercent: from), levelPercent: to)
    }

    /// The level came back: what was ordered since it fell rests on nothing.
    mutating func refuted(_ device: DeviceIndex, _ supply: SupplyIndex, _ out: inout StepOutput) {
        guard let state = state(device, supply) else { return }
        if let order = state.order, let doubt = state.doubt {
            out.tell(.levelRefuted(device, supply: supply, order: order, sinceMilliseconds: doubt.fall.sinceMilliseconds))
        }
        update(device, supply) { $0.doubt = nil }
    }

    /// No order now; where no second report comes, a person is asked after a while.
    mutating func waitForProof(_ device: DeviceIndex, _ supply: SupplyIndex, _ out: inout StepOutput) {
        guard let doubt = state(device, supply)?.doubt, !doubt.isAsked, doubt.askMilliseconds == nil else { return }
        let due = out.now &+ LevelDoubt.askAfterMilliseconds
        update(device, supply) { $0.doubt?.askMilliseconds = due }
        noteAsk(Doubted(device: device, supply: supply), due)
    }

    /// Time has passed, and no report has proven or refuted a level: a person is asked.
    mutating func expire(_ out: inout StepOutput) {
        guard out.now >= nextAsk else { return }
        for doubted in asks.keys.filter({ asks[$0].map { $0 <= out.now } ?? false }).sorted() {
            asks[doubted] = nil
            guard var doubt = state(doubted.device, doubted.supply)?.doubt, doubt.askMilliseconds != nil else { continue }
            doubt.askMilliseconds = nil
            doubt.isAsked = !doubt.isProven && doubt.toldSinceMilliseconds != nil
            update(doubted.device, doubted.supply) { $0.doubt = doubt }
            if doubt.isAsked { out.tell(.levelUnproven(doubted.device, supply: doubted.supply)) }
        }
        findNextAsk()
    }

    static let doubtReason = "the level rests on one report that nothing has confirmed yet"
}
