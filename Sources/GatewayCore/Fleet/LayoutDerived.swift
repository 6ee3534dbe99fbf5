import FaultDetection
import ServiceValue
import Telemetry

/// What is computed from a layout; it is made anew when the layout learns a name. An object that never changes, because the hot path holds it for
/// a message, and copying one reference is cheap.
package final class LayoutDerived: Sendable {
    let revision: Int
    let faults: FaultConditions
    /// The slot of the metric that tells the operating status, or none.
    package let statusSlot: SlotIndex
    /// The slot of the metric that may say that the device is down, or none, and for each value of it whether it says so. It may be that of the
    /// status; `furtherDownSlot` is none then.
    let downSlot: SlotIndex
    let furtherDownSlot: SlotIndex
    private let isDown: [Bool]
    /// Codes of the device may say that it is down; where `downSlot` is there, in its states only.
    let hasDownCodes: Bool
    /// A productive status that is told later ends that.
    let downEndsWithWork: Bool
    /// The equipment state of each value of the status.
    private let equipmentStates: [EquipmentState]
    /// Slots that history keeps.
    let isKept: Table<SlotIndex, Bool>
    /// Slots that are watched for anomalies, and those of them whose rate is.
    let isWatched: Table<SlotIndex, Bool>
    let isRate: Table<SlotIndex, Bool>
    /// For each slot what one count of a counter is; 0 where that is not known.
    let counterScales: Table<SlotIndex, Double>
    /// For each slot the supply whose level it is, or none.
    let supplies: Table<SlotIndex, SupplyIndex>
    /// The slot of the usage counter of each supply, or none.
    let counters: Table<SupplyIndex, SlotIndex>
    /// Supplies that are topped up in place.
    let isRefillable: Table<SupplyIndex, Bool>
    /// A fault of the profile may be the cause of another.
    let hasSuppression: Bool
    /// Faults of which the remaining life is forecast, in the order of the profile.
    let wear: [WearWatch]
    /// For one of them a visit is planned ahead.
    let plansVisits: Bool
    /// Each message of a device is a report on the same things, at one time: there is one topic, and nothing but the device in its name.
    let hasOneSource: Bool
    /// For each list of codes whether a device may have several of it.
    let isCapturedList: [Bool]
    /// For each list of codes whether they say something of supplies, and whether any does.
    let isHintList: [Bool]
    let hasHints: Bool

    init(_ layout: ProfileLayout) {
        revision = layout.revision
        isHintList = layout.profile.alerts.map { !$0.supplies.isEmpty }
        hasHints = isHintList.contains(true)
        isCapturedList = layout.profile.alerts.indices.map(layout.isScoped)
        let messages = layout.profile.messages
        hasOneSource =
            messages.count == 1 && layout.isPlainMessage[0] && messages[0].topic.captures.allSatisfy { $0 == "device" }
        faults = FaultConditions(layout: layout)
        hasSuppression = layout.profile.faults.contains { !$0.suppressedBy.isEmpty }
        wear = layout.profile.faults.indices.compactMap { WearWatch(fault: $0, layout) }
        plansVisits = wear.contains { $0.rule.visitDays != nil }
        isKept = Table(layout.slots.map { $0.kind != .state })
        isWatched = Table(layout.slots.map(\.isWatched))
        supplies = Table(layout.slots.map(\.supply))
        counters = Table(layout.supplies.map(\.counter))
        isRefillable = Table(layout.supplies.map { layout.profile.supplies[$0.rule].isRefillable })
        isRate = Table(layout.slots.map { $0.kind == .counter })
        counterScales = Table(
            layout.slots.map { slot in
                guard let rule = layout.profile.metrics.first(where: { $0.name.text == slot.name }) else { return 1 }
                return rule.offset == 0 ? rule.scale : 0
            })
        let status = layout.profile.status
        downEndsWithWork = status?.downWhen?.endsWithWork ?? false
        statusSlot = status.flatMap { layout.slot(named: $0.metric) } ?? .none
        guard let status, !statusSlot.isNone else {
            (downSlot, furtherDownSlot) = (.none, .none)
            hasDownCodes = false
            isDown = []
            equipmentStates = []
            return
        }
        let down = status.downWhen
        let second = down.flatMap { layout.slot(named: $0.metric) }
        downSlot = second ?? .none
        furtherDownSlot = downSlot == statusSlot ? .none : downSlot
        hasDownCodes = !status.downCodes.isEmpty
        isDown = second.map { layout[$0].states.map { down?.values.contains($0) ?? false } } ?? []
        equipmentStates = layout[statusSlot].states.map { state in
            if status.productive.contains(state) { return .productive }
            if status.standby.contains(state) { return .standby }
            if status.unscheduledDowntime.contains(state) { return .unscheduledDowntime }
            if status.scheduledDowntime.contains(state) { return .scheduledDowntime }
            return .unknown
        }
    }

    func saysDown(_ value: Double) -> Bool {
        guard let index = Int(exactly: value), isDown.indices.contains(index) else { return false }
        return isDown[index]
    }

    func equipmentState(_ value: Double) -> EquipmentState {
        guard let index = Int(exactly: value), equipmentStates.indices.contains(index) else { return .unknown }
        return equipmentStates[index]
    }
}
