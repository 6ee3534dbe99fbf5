import FaultDetection
import ServiceValue
import Telemetry

/// What is computed from a layout and must follow when the layout learns a name.
struct LayoutDerived: Sendable {
    var revision: Int
    var faults: FaultConditions
    /// The slot of the metric that tells the operating status, or -1.
    var statusSlot: Int32 = -1
    /// The slot of the metric that may say that the device is down, or -1, and for each value of it whether it says so.
    var downSlot: Int32 = -1
    private var isDown: [Bool] = []
    /// The equipment state of each value of the status.
    private var equipmentStates: [EquipmentState] = []
    /// Slots that history keeps.
    private(set) var isKept: [Bool] = []
    /// Slots that are watched for anomalies, and those of them whose rate is.
    private(set) var isWatched: [Bool] = []
    private(set) var isRate: [Bool] = []
    /// A fault of the profile may be the cause of another.
    let hasSuppression: Bool
    /// For each list of codes whether a device may have several of it.
    let isCapturedList: [Bool]

    init(_ layout: ProfileLayout) {
        revision = layout.revision
        isCapturedList = layout.profile.alerts.indices.map(layout.isScoped)
        faults = FaultConditions(layout: layout)
        hasSuppression = layout.profile.faults.contains { !$0.suppressedBy.isEmpty }
        isKept = layout.slots.map { $0.kind != .state }
        isWatched = layout.slots.map(\.isWatched)
        isRate = layout.slots.map { $0.kind == .counter }
        guard let status = layout.profile.status, let slot = layout.slot(named: status.metric) else { return }
        statusSlot = slot
        if let down = status.downWhen, let second = layout.slot(named: down.member) {
            downSlot = second
            isDown = layout.slots[Int(second)].states.map { down.values.contains($0) }
        }
        equipmentStates = layout.slots[Int(slot)].states.map { state in
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
