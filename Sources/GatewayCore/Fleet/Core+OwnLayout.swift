import Telemetry

/// The names of a profile belong to all its devices, and there is room for so many only. A device that brings more than its share, or that finds
/// no room for its own, gets a layout of its own: what it makes up then costs nobody else a name, and what others made up costs it none.
extension StewardCore {
    /// What one device may add to the layout that it shares with others: a quarter of its metrics, or fewer of them and some words of states.
    static var maximumBroughtNames: Int { 256 }
    /// And of its members, which are met anew after each start.
    static var maximumBroughtFields: Int32 { 512 }
    /// Layouts that devices have to themselves for this reason; each may take some hundred kilobytes.
    static var maximumOwnLayouts: Int { 256 }

    /// Lays what a layout has learned to the device's account. True when the device has got a layout of its own, so that the message has to be
    /// read once more.
    mutating func followGrowth(_ device: DeviceIndex, _ profile: ProfileIndex) -> Bool {
        let growth = fleet.profiles[profile].layout.takeGrowth()
        fleet.profiles[profile].followLayout()
        budget.grew(by: growth.fields + growth.words)
        guard fleet.profiles[profile].base == profile else { return false }
        // A word of a state is scarcer than a metric.
        let brought = fleet.records[device].broughtNames + growth.metrics * 4 + growth.words * 16
        if brought > 0 { fleet.records[device].broughtNames = brought }
        fleet.devices[device].broughtFields += Int32(growth.fields)
        guard brought > Self.maximumBroughtNames || fleet.devices[device].broughtFields > Self.maximumBroughtFields || growth.refused > 0
        else {
            return false
        }
        return giveOwnLayout(device)
    }

    private mutating func giveOwnLayout(_ device: DeviceIndex) -> Bool {
        let old = fleet.devices[device].profile
        guard fleet.ownLayouts < Self.maximumOwnLayouts else { return false }
        let told = Set(fleet.places(of: device).filter { !fleet.metrics[$0.place].isBlank }.map(\.slot))
        let former = fleet.profiles[old].layout
        var layout = ProfileLayout(former.profile, remembering: told.sorted().map { former[$0] })
        layout.adoptSupplies(former.supplies.filter { told.contains($0.metric) }.map { (name: $0.name, rule: $0.rule, item: $0.item) })
        _ = layout.takeGrowth()
        let new = fleet.add(layout, base: old)
        out.budgets.count(.ownLayouts)
        let slotOf = Table<SlotIndex, SlotIndex>(former.slots.map { layout.slot(named: $0.name) ?? .none })
        fleet.move(device, to: new, slotOf: slotOf)
        supplies.renumber(device, numberOf: former.supplies.map { layout.supply(named: $0.name) ?? .none })
        sequencer.renumber(device, slotOf: slotOf)
        backlog.renumber(device, slotOf: slotOf)
        anomalies.renumber(machine: fleet.devices[device].machine, slotOf: slotOf)
        // Its topics and its place in a Sparkplug session say how the old layout is walked.
        fleet.topics.forget(owner: TopicTable.owner(device: device))
        sparkplug.targets[fleet.records[device].id] = nil
        return true
    }
}
