import FaultDetection
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
    mutating func followGrowth(_ device: Int, _ profile: Int) -> Bool {
        let growth = layouts[profile].takeGrowth()
        if layouts[profile].revision != derived[profile].revision { derived[profile] = LayoutDerived(layouts[profile]) }
        budget.grew(by: growth.fields + growth.words)
        guard Int(bases[profile]) == profile else { return false }
        // A word of a state is scarcer than a metric.
        let brought = (records[device].broughtNames ?? 0) + growth.metrics * 4 + growth.words * 16
        if brought > 0 { records[device].broughtNames = brought }
        hot[device].broughtFields += Int32(growth.fields)
        guard brought > Self.maximumBroughtNames || hot[device].broughtFields > Self.maximumBroughtFields || growth.refused > 0 else {
            return false
        }
        return giveOwnLayout(device)
    }

    private mutating func giveOwnLayout(_ device: Int) -> Bool {
        let old = Int(hot[device].profile)
        guard ownLayouts < Self.maximumOwnLayouts else { return false }
        let first = Int(hot[device].firstMetric)
        let told = layouts[old].slots.indices.filter { slot in
            guard slot < Int(hot[device].metricCapacity) else { return false }
            let metric = metrics[first + slot]
            return metric.timeMilliseconds != .min || metric.encoder.count > 0 || metric.watch != MetricWatch.none
        }
        var layout = ProfileLayout(layouts[old].profile, remembering: told.map { layouts[old].slots[$0] })
        layout.adoptSupplies(
            layouts[old].supplies.filter { told.contains(Int($0.metric)) }.map { (name: $0.name, rule: $0.rule, item: $0.item) })
        _ = layout.takeGrowth()
        let new = add(layout, base: old)
        budgets.count(.ownLayouts)
        move(device, to: new, slotOf: layouts[old].slots.map { layouts[new].slot(named: $0.name) ?? -1 }, told)
        // Its topics and its place in a Sparkplug session say how the old layout is walked.
        topics.forget(owner: TopicTable.owner(device: Int32(device)))
        sparkplug.targets[records[device].id] = nil
        return true
    }

    /// Gives everything that is kept by the number of a metric or of a supply its new number.
    private mutating func move(_ device: Int, to new: Int, slotOf: [Int32], _ told: [Int]) {
        let old = Int(hot[device].profile)
        let former = (first: Int(hot[device].firstMetric), capacity: Int(hot[device].metricCapacity))
        hot[device].profile = Int32(new)
        hot[device].metricCapacity = 0
        growMetrics(device, layouts[new].slots.count)
        for slot in told where slotOf[slot] >= 0 {
            copyMetric(from: former.first + slot, to: Int(hot[device].firstMetric) + Int(slotOf[slot]))
        }
        release(metrics: former.first, capacity: former.capacity)
        let supplies = records[device].supplies
        records[device].supplies = []
        for (number, supply) in layouts[old].supplies.enumerated() where number < supplies.count {
            guard let place = layouts[new].supplies.firstIndex(where: { $0.name == supply.name }) else { continue }
            while records[device].supplies.count <= place { records[device].supplies.append(SupplyState()) }
            records[device].supplies[place] = supplies[number]
        }
        for index in records[device].heldMessages.indices { records[device].heldMessages[index].renumber(slotOf) }
        anomalies.renumber(machine: hot[device].machine, slotOf: slotOf)
    }
}
