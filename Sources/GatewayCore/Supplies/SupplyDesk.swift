import ConsumableForecast
import Replenishment
import Telemetry

/// Supplies: each level teaches the model of its slot; when the forecast crosses the reorder point, an order is asked for.
package struct SupplyDesk: Sendable {
    /// Reports come a little early or late; a question is due again after most of an hour.
    private static let questionMilliseconds: Int64 = 45 * 60_000
    /// The threshold that people use today, beside which a backtest is read.
    static let thresholdPercent = 20.0

    let policy: ReplenishmentPolicy
    private let serviceLevel: Double
    /// When suppliers without a calendar of their own work; nil: every day.
    private let calendar: SupplierCalendar?
    /// The supplies of each device, by the places of devices.
    private var devices: [[SupplyState]] = []
    /// What the devices of each profile taught, by the places of profiles.
    private var learned: [SupplyLearning] = []

    init(_ configuration: CoreConfiguration) {
        policy = configuration.replenishment
        serviceLevel = configuration.serviceLevel
        calendar = configuration.supplierCalendar
    }

    package func supplies(of device: DeviceIndex) -> [SupplyState] {
        devices.indices.contains(Int(device.place)) ? devices[Int(device.place)] : []
    }

    package func state(_ device: DeviceIndex, _ supply: Int) -> SupplyState? {
        let supplies = supplies(of: device)
        return supplies.indices.contains(supply) ? supplies[supply] : nil
    }

    func generation(_ device: DeviceIndex, _ supply: Int) -> Int32 {
        let place = Int(device.place)
        return devices.indices.contains(place) && devices[place].indices.contains(supply) ? devices[place][supply].model.generation : 1
    }

    package func learning(of profile: ProfileIndex) -> SupplyLearning {
        learned.indices.contains(Int(profile.place)) ? learned[Int(profile.place)] : SupplyLearning()
    }

    /// Makes room for a supply.
    private mutating func reach(_ device: DeviceIndex, _ supply: Int) {
        let place = Int(device.place)
        while devices.count <= place { devices.append([]) }
        while devices[place].count <= supply { devices[place].append(SupplyState()) }
    }

    mutating func update(_ device: DeviceIndex, _ supply: Int, _ change: (inout SupplyState) -> Void) {
        reach(device, supply)
        change(&devices[Int(device.place)][supply])
    }

    // MARK: Readings

    /// Takes what a device says of a level now, and says what has changed. `level` is unknown when a full report does not name the supply;
    /// `counter` is what its usage counter says, and `base` the profile whose devices learn from one another.
    mutating func observe(
        _ device: DeviceIndex, _ supply: Int, _ level: SupplyLevel, counter: Double?, base: ProfileIndex, at time: Int64
    ) -> SupplyChange {
        reach(device, supply)
        let place = Int(device.place)
        while learned.count <= Int(base.place) { learned.append(SupplyLearning()) }
        devices[place][supply].reported = level
        // The same number for the same cartridge, where the device tells one from the next.
        let serial = devices[place][supply].facts?.serialHash
        return devices[place][supply].model.observe(
            timeMilliseconds: time, level: level, counter: counter, serial: serial, fleet: &learned[Int(base.place)].priors)
    }

    mutating func noteThreshold(_ device: DeviceIndex, _ supply: Int, _ change: SupplyChange, _ time: Int64) {
        guard case .levelChanged(_, let level) = change, level <= Self.thresholdPercent else { return }
        update(device, supply) { if $0.thresholdMilliseconds == nil { $0.thresholdMilliseconds = time } }
    }

    /// The forecast moves with levels and with days; asking once an hour and at each step of the level is enough.
    mutating func evaluate(
        _ device: DeviceIndex, _ supply: Int, _ level: SupplyLevel, _ change: SupplyChange, at time: Int64, _ out: inout StepOutput
    ) {
        let place = Int(device.place)
        let evaluated = devices[place][supply].evaluatedMilliseconds
        guard out.isFresh(time) else {
            // What the past has changed is asked by the first reading of the present.
            if change != .none { devices[place][supply].evaluatedMilliseconds = .min }
            return
        }
        if case .levelChanged = change {
        } else if evaluated != .min, time &- evaluated < Self.questionMilliseconds {
            return
        }
        // Nothing is ordered because of an unknown, and not beside one either.
        switch level {
        case .unknown, .noLimit: return
        case .percent, .interval: break
        }
        // Two cartridges are possible, and an order for the one that has perhaps gone already would be one too many.
        guard !devices[place][supply].model.awaitsProof else { return }
        devices[place][supply].evaluatedMilliseconds = time
        out.tell(.supplyEvaluated(device, supply: supply, at: time))
    }

    // MARK: Facts

    /// Whether the message says something new of the supply itself: messages of different kinds name different members, and only what changes is
    /// kept.
    func wantsFacts(_ device: DeviceIndex, _ reading: SupplyReading) -> Bool {
        guard reading.factsHash != 0 else { return false }
        let (place, supply) = (Int(device.place), Int(reading.supply))
        guard devices.indices.contains(place), devices[place].indices.contains(supply) else { return true }
        return reading.factsHash != devices[place][supply].factsHash
    }

    mutating func note(_ facts: SupplyFacts, hash: UInt64, _ device: DeviceIndex, _ supply: Int) {
        update(device, supply) {
            $0.facts = facts
            $0.factsHash = hash
        }
    }

    /// What to order: the profile may leave it to the supply that is in the device. What the device does not tell is named by the label, and
    /// that by the supply's name.
    package func item(_ device: DeviceIndex, _ supply: Int, _ fleet: FleetState) -> String {
        let slot = fleet.supplySlot(device, supply)
        let facts = state(device, supply)?.facts
        let label = facts?.label ?? slot.name
        return NameTemplate(slot.item).filled([("partNumber", facts?.partNumber ?? label), ("label", label)])
    }

    // MARK: Lead times

    /// How long an order of this supply takes: as its topic says, else as the supplier's entry says, else as the profile says.
    package func leadTime(_ device: DeviceIndex, _ supply: Int, _ fleet: FleetState) -> LeadTime {
        let rule = fleet.supplyRule(device, supply)
        let told = rule.leadTimeCapture == nil ? nil : fleet.records[device].topicLeadDays
        let supplier = supplierWithTimes(device, supply, fleet)
        return LeadTime(
            days: told ?? supplier?.leadTimeDays ?? Double(rule.leadTimeMilliseconds) / 86_400_000,
            spread: supplier?.leadTimeSpread ?? rule.leadTimeSpread)
    }

    /// The days on which whoever would deliver it works; nil counts every day.
    func supplierCalendar(_ device: DeviceIndex, _ supply: Int, _ fleet: FleetState) -> SupplierCalendar? {
        supplierWithTimes(device, supply, fleet)?.calendar ?? calendar
    }

    /// The supplier that would take an order of this supply; nil, for nothing, where all suppliers have the same times.
    private func supplierWithTimes(_ device: DeviceIndex, _ supply: Int, _ fleet: FleetState) -> ReplenishmentPolicy.Supplier? {
        guard policy.hasSupplierTimes else { return nil }
        return policy.supplier(
            item: item(device, supply, fleet), profile: fleet.rules(of: device).name, site: policy.site(ofDevice: fleet.records[device].id))
    }

    package func reorderRule(_ rule: SupplyRule) -> ReorderRule {
        ReorderRule(serviceLevel: rule.serviceLevel ?? serviceLevel, floorPercent: rule.floorPercent)
    }

    // MARK: Doors

    /// The present order of a supply; nil: none.
    mutating func setOrder(_ order: String?, _ device: DeviceIndex, _ supply: Int) { update(device, supply) { $0.order = order } }

    /// The cartridge before is in the slot again, and this was its order.
    mutating func takeOver(order: String?, _ device: DeviceIndex, _ supply: Int) {
        update(device, supply) {
            $0.order = order
            $0.orderedMilliseconds = nil
        }
    }

    /// What waited for company was ordered when it went, and its life is to be judged by that.
    mutating func orderWaited(_ order: String, _ device: DeviceIndex, milliseconds: Int64) {
        guard let supply = supplies(of: device).firstIndex(where: { $0.order == order }) else { return }
        update(device, supply) { $0.orderedMilliseconds = $0.orderedMilliseconds.map { $0 &+ milliseconds } }
    }

    mutating func vacate(_ device: DeviceIndex) {
        if devices.indices.contains(Int(device.place)) { devices[Int(device.place)] = [] }
    }

    func isForgettable(_ device: DeviceIndex) -> Bool { supplies(of: device).allSatisfy { $0.order == nil } }

    /// The event time of the device moves.
    mutating func shiftReadings(of device: DeviceIndex, byMilliseconds step: Int64) {
        guard devices.indices.contains(Int(device.place)) else { return }
        for supply in devices[Int(device.place)].indices { devices[Int(device.place)][supply].shift(byMilliseconds: step) }
    }

    /// The device has another layout, in which its supplies have other numbers; -1 for one that is not there.
    mutating func renumber(_ device: DeviceIndex, numberOf: [Int]) {
        restore(device, supplies(of: device), numberOf: numberOf)
    }

    // MARK: Snapshot

    /// The models have bytes of their own.
    struct DeviceMemory: Codable {
        var states: [SupplyState]
        var models: [[UInt8]]
    }

    func memory(of device: DeviceIndex) throws -> DeviceMemory? {
        let known = supplies(of: device)
        return known.isEmpty ? nil : DeviceMemory(states: known, models: try known.map { try $0.model.bytes() })
    }

    /// - Parameter numberOf: the present number of each supply that it had, or -1.
    mutating func restore(_ device: DeviceIndex, _ memory: DeviceMemory, numberOf: [Int]) throws {
        guard memory.models.count == memory.states.count else { throw SnapshotError.inconsistent }
        var states = memory.states
        for supply in states.indices { states[supply].model = try SupplyModel(bytes: memory.models[supply]) }
        restore(device, states, numberOf: numberOf)
    }

    /// - Parameter names: of the supplies that the device has shown, by their numbers; nil for one that it has not.
    func digestLines(_ device: DeviceIndex, named name: String, _ names: [String?]) -> [String] {
        zip(supplies(of: device), names).flatMap { supply, slot -> [String] in
            guard let slot else { return [] }
            return [
                "supply \(name) \(slot) \(supply.order ?? "-") \(digestText(supply.model))",
                "cartridge \(name) \(slot) \(digestText(supply.reported)) \(digestText(supply.facts))",
            ]
        }
    }

    func hasLearned(of profile: ProfileIndex) -> Bool { learning(of: profile) != SupplyLearning() }

    private mutating func restore(_ device: DeviceIndex, _ supplies: [SupplyState], numberOf: [Int]) {
        vacate(device)
        for (old, new) in numberOf.enumerated() where new >= 0 && old < supplies.count { update(device, new) { $0 = supplies[old] } }
    }

    mutating func restore(_ learning: SupplyLearning, of profile: ProfileIndex) {
        while learned.count <= Int(profile.place) { learned.append(SupplyLearning()) }
        learned[Int(profile.place)] = learning
    }

    mutating func update(learningOf profile: ProfileIndex, _ change: (inout SupplyLearning) -> Void) {
        var learning = learning(of: profile)
        change(&learning)
        restore(learning, of: profile)
    }

    var stateBytes: Int { devices.reduce(0) { $0 + $1.reduce(MemoryLayout<[SupplyState]>.stride) { $0 + $1.stateBytes } } }
}
