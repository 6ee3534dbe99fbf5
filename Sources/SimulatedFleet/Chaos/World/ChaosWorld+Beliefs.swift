import ConsumableForecast
import GatewayCore
import Replenishment
import Telemetry

/// What the core believes of the supplies of the followed device, for whoever has to understand its decisions. Nothing is checked by it.
extension ChaosWorld {
    /// Tells what has changed: the cartridge, its level, its order, or how many days it is given.
    func tellBeliefs() {
        guard let followed, let device = core.fleet.device(named: devices[followed].name) else { return }
        let slots = devices[followed].truth.slots
        if toldBeliefs.count != slots.count { toldBeliefs = slots.map { _ in ("", .infinity) } }
        for (place, slot) in slots.enumerated() {
            guard let supply = core.fleet.supply(named: slot.name, of: device), let state = core.supplies.state(device, supply) else {
                continue
            }
            let model = state.model
            let parts: [String?] = [
                "\(slot.name): generation \(model.generation)", model.levelPercent == nil ? "level unknown" : nil,
                model.candidateMilliseconds == nil ? nil : "another level is to be proven", model.hasFallen ? "has fallen" : nil,
                model.saidLowPercent == nil ? nil : "said to be low", "order \(state.order ?? "none")",
            ]
            let truth = devices[followed].truth
            let belief = parts.compactMap { $0 }.joined(separator: ", ") + "; really cartridge \(truth.cartridge(slot: place, at: now))"
            let level = model.levelPercent ?? -1
            guard belief != toldBeliefs[place].text || abs(level - toldBeliefs[place].percent) >= 5 else { continue }
            toldBeliefs[place] = (belief, level)
            let percent = Int(truth.percent(slot: place, at: now))
            tell?(Story.line(.belief, Array("\(belief) with \(percent) %, told \(level) %; \(forecast(device, supply))".utf8), at: now))
        }
    }

    private func forecast(_ device: DeviceIndex, _ supply: SupplyIndex) -> String {
        let time = now + gatewayOffset
        guard let question = core.supplies.reorderQuestion(device, supply, at: time, core.fleet) else {
            let priors = core.supplies.learning(of: core.fleet.base(of: device)).priors
            guard
                case .notEnoughEvidence(let missing)? = core.supplies.state(device, supply)?.model.forecast(
                    atMilliseconds: time, fleet: priors)
            else { return "no forecast" }
            return "no forecast: \(missing.rawValue)"
        }
        let quantiles = [0.05, 0.5, 0.95].map { ReorderRule.rounded(question.end.quantile($0)) }.joined(separator: "/")
        return "\(quantiles) days left, a late supply costs \(ReorderRule.rounded(question.price.days)) days"
    }
}
