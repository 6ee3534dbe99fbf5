import CivilCalendar
import ConsumableForecast
import Replenishment
import Telemetry

/// What the codes that a device reports say of its supplies (`SupplyHint`): for as long as they stand.
extension SupplyDesk {
    /// What one list of codes says, with the hash of the list by which a change is seen.
    struct HintList: Equatable, Sendable, Codable {
        var list: Int
        /// What the list's pointer captured.
        var scope: String
        var hash: UInt64
        var hints: [StandingHint]

        mutating func shift(byMilliseconds step: Int64) {
            for index in hints.indices { hints[index].sinceMilliseconds = hints[index].sinceMilliseconds.shifted(byMilliseconds: step) }
        }
    }

    struct StandingHint: Equatable, Sendable, Codable {
        var hint: SupplyHint
        /// Event time of the first report of it.
        var sinceMilliseconds: Int64
    }

    /// Lists of codes that are kept of a device: a pointer that captures makes several of one.
    static let maximumHintLists = 64

    func hasHints(_ device: DeviceIndex) -> Bool { hints.contains(device) && !hints[device].isEmpty }

    /// Whether the hints of a list are those of these codes.
    func knowsHints(_ device: DeviceIndex, list: Int, hash: UInt64) -> Bool {
        let known = hints.contains(device) ? hints[device].first { $0.list == list } : nil
        return known.map { $0.hash == hash } ?? (hash == ReportedAlerts.emptyHash)
    }

    mutating func note(_ report: CodeReport, _ device: DeviceIndex, at time: Int64) {
        hints.reach(device, with: [])
        let former = hints[device].first { $0.list == report.list && $0.scope == report.scope }?.hints ?? []
        var lists = hints[device].filter { $0.list != report.list || $0.scope != report.scope }
        let said = report.codes.compactMap(\.hint).map { hint in
            StandingHint(hint: hint, sinceMilliseconds: former.first { $0.hint == hint }?.sinceMilliseconds ?? time)
        }
        // A list without hints is kept for its hash.
        if report.hash != ReportedAlerts.emptyHash || !said.isEmpty, lists.count < Self.maximumHintLists {
            lists.append(HintList(list: report.list, scope: report.scope, hash: report.hash, hints: said))
        }
        hints[device] = lists
    }

    /// What a level means beside the codes that stand: where it is no number, an interval that a code tells which has stood for as long as a
    /// proof takes; and an unknown where a code explains a level at its end otherwise. True beside it when a code says that this very
    /// supply is low.
    func hinted(
        _ device: DeviceIndex, _ supply: SupplyIndex, _ level: SupplyLevel, at time: Int64, _ fleet: FleetState
    ) -> (level: SupplyLevel, isLow: Bool) {
        let standing = hints[device].flatMap(\.hints)
        let said = standing.map(\.hint)
        let name = fleet.supplySlot(device, supply).name
        let model = state(device, supply)?.model ?? SupplyModel()
        if isAtEnd(level, model), said.contains(where: { $0.level == nil && concerns($0, device, supply, name) }) {
            return (.unknown(.explainedOtherwise), false)
        }
        let low = standing.filter { standing in
            let hint = standing.hint
            return hint.level != nil && (hint.supply == name || (hint.supply == nil && isTheOnlyOne(hint, device, supply)))
        }
        guard !low.isEmpty else { return (level, false) }
        let proven = low.filter { time &- $0.sinceMilliseconds >= LevelDoubt.proofMilliseconds }.compactMap(\.hint.level)
        guard let low = proven.min(by: { $0.upperBound < $1.upperBound }) else { return (level, true) }
        switch level {
        case .percent(let percent, _) where percent < 100 || !model.knowsOnlyEnds: return (level, true)
        case .interval(_, let high) where high < low.upperBound: return (level, true)
        default: return (.interval(low: low.lowerBound, high: low.upperBound), true)
        }
    }

    /// A level that a cartridge which is out, or an open door, makes: at the end, or far below the one before.
    private func isAtEnd(_ level: SupplyLevel, _ model: SupplyModel) -> Bool {
        guard let percent = level.percent else { return false }
        return percent <= SupplyModel.bottomPercent || (model.levelPercent ?? 0) - percent >= SupplyModel.newGenerationPercent
    }

    private func concerns(_ hint: SupplyHint, _ device: DeviceIndex, _ supply: SupplyIndex, _ name: String) -> Bool {
        if let named = hint.supply { return named == name }
        return hint.types.isEmpty || type(device, supply).map { hint.types.contains($0) } ?? false
    }

    private func type(_ device: DeviceIndex, _ supply: SupplyIndex) -> String? { state(device, supply)?.facts?.type }

    /// Whether a code that names only a type can mean no other supply: all others of the type tell that they are not low.
    private func isTheOnlyOne(_ hint: SupplyHint, _ device: DeviceIndex, _ supply: SupplyIndex) -> Bool {
        guard type(device, supply).map({ hint.types.contains($0) }) ?? false else { return false }
        return supplies(of: device).indices.map { SupplyIndex($0) }.allSatisfy { other in
            guard other != supply, let state = state(device, other), type(device, other).map({ hint.types.contains($0) }) ?? false else {
                return true
            }
            guard case .percent(let percent, _)? = state.reported, percent < 100 || !state.model.knowsOnlyEnds else { return false }
            return percent > SupplyModel.highestLowPercent
        }
    }
}
