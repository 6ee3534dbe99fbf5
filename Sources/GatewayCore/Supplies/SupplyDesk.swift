import CivilCalendar
import ConsumableForecast
import Documents
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
    /// The clock on the wall of the site, by which supplies are used.
    private var local: LocalOffset
    private var devices = Table<DeviceIndex, Table<SupplyIndex, SupplyState>>()
    /// What the devices of each profile taught.
    private var learned = Table<ProfileIndex, SupplyLearning>()
    /// What the codes that stand say of the supplies of each device.
    var hints = Table<DeviceIndex, [HintList]>()
    /// The supplies whose level is in doubt, with the arrival time at which a person is asked.
    var asks: [Doubted: Int64] = [:]
    /// The earliest of these.
    private(set) var nextAsk: Int64 = .max

    init(_ configuration: CoreConfiguration) {
        policy = configuration.replenishment
        serviceLevel = configuration.serviceLevel
        calendar = configuration.supplierCalendar
        local = LocalOffset(configuration.zone)
    }

    package func supplies(of device: DeviceIndex) -> [SupplyState] { devices.contains(device) ? devices[device].rows : [] }

    @inline(__always)
    private func knows(_ device: DeviceIndex, _ supply: SupplyIndex) -> Bool {
        devices.contains(device) && devices[device].contains(supply)
    }

    package func state(_ device: DeviceIndex, _ supply: SupplyIndex) -> SupplyState? {
        knows(device, supply) ? devices[device][supply] : nil
    }

    func generation(_ device: DeviceIndex, _ supply: SupplyIndex) -> Int32 {
        knows(device, supply) ? devices[device][supply].model.generation : 1
    }

    package func learning(of profile: ProfileIndex) -> SupplyLearning {
        learned.contains(profile) ? learned[profile] : SupplyLearning()
    }

    /// Makes room for a supply.
    private mutating func reach(_ device: DeviceIndex, _ supply: SupplyIndex) {
        devices.reach(device, with: Table())
        devices[device].reach(supply, with: SupplyState())
    }

    mutating func update(_ device: DeviceIndex, _ supply: SupplyIndex, _ change: (inout SupplyState) -> Void) {
        reach(device, supply)
        change(&devices[device][supply])
    }

    // MARK: Readings

    /// Takes what a device says of a level now, and says what has changed and since when that has been told: a new cartridge may have to be told
    /// twice before it is believed. `level` is unknown when a full report does not name the supply;
    /// `counter` is what its usage counter says, and `base` the profile whose devices learn from one another. `isHinted`: a code of the device
    /// says that the supply is low. `isRefillable`: it is topped up in place.
    mutating func observe(
        _ device: DeviceIndex, _ supply: SupplyIndex, _ level: SupplyLevel, counter: Double?, isHinted: Bool, isRefillable: Bool,
        base: ProfileIndex, at time: Int64
    ) -> (change: SupplyChange, sinceMilliseconds: Int64) {
        reach(device, supply)
        learned.reach(base, with: SupplyLearning())
        devices[device][supply].reported = level
        // The same number for the same cartridge, where the device tells one from the next.
        let serial = devices[device][supply].facts?.serialHash
        let wasLow = devices[device][supply].model.saidLowPercent != nil
        let since = devices[device][supply].model.candidateMilliseconds ?? time
        let isDoubted = !devices[device][supply].$doubt.isNone
        let change = devices[device][supply].model.observe(
            timeMilliseconds: time, level: level, counter: counter, serial: serial, isRefillable: isRefillable,
            after: isDoubted ? devices[device][supply].doubt?.fall : nil,
            utcOffsetSeconds: local.offsetSeconds(atMilliseconds: time), fleet: &learned[base].priors)
        var isAtEnd = false
        if case .levelChanged(_, let to) = change { isAtEnd = to <= SupplyModel.bottomPercent }
        // Of nearly all readings there is nothing to doubt, and the state need not be looked at as a whole.
        if isDoubted || isHinted || isAtEnd || (!wasLow && devices[device][supply].model.saidLowPercent != nil) {
            followDoubt(device, supply, level, change, isHinted: isHinted, wasLow: wasLow, since: since, at: time)
        }
        return (change, since)
    }

    /// What a message says of a level, before any of its levels is taken: a code that names only a type is weighed against all of them.
    mutating func preview(_ device: DeviceIndex, _ supply: SupplyIndex, _ level: SupplyLevel) {
        update(device, supply) { $0.reported = level }
    }

    mutating func noteThreshold(_ device: DeviceIndex, _ supply: SupplyIndex, _ change: SupplyChange, _ time: Int64) {
        guard case .levelChanged(_, let level) = change, level <= Self.thresholdPercent else { return }
        update(device, supply) { if $0.thresholdMilliseconds == nil { $0.thresholdMilliseconds = time } }
    }

    /// The forecast moves with levels and with days; asking once an hour and at each step of the level is enough.
    mutating func evaluate(
        _ device: DeviceIndex, _ supply: SupplyIndex, _ level: SupplyLevel, _ change: SupplyChange, at time: Int64, _ out: inout StepOutput
    ) {
        let evaluated = devices[device][supply].evaluatedMilliseconds
        guard out.isFresh(time) else {
            // What the past has changed is asked by the first reading of the present.
            if change != .none { devices[device][supply].evaluatedMilliseconds = .min }
            return
        }
        if !devices[device][supply].$doubt.isNone, isDoubted(device, supply) { return waitForProof(device, supply, &out) }
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
        guard !devices[device][supply].model.awaitsProof else { return }
        devices[device][supply].evaluatedMilliseconds = time
        out.tell(.supplyEvaluated(device, supply: supply, at: time))
    }

    // MARK: Facts

    /// Whether the message says something new of the supply itself: messages of different kinds name different members, and only what changes is
    /// kept.
    func wantsFacts(_ device: DeviceIndex, _ reading: SupplyReading) -> Bool {
        guard reading.factsHash != 0 else { return false }
        return !knows(device, reading.supply) || reading.factsHash != devices[device][reading.supply].factsHash
    }

    mutating func note(_ facts: SupplyFacts, hash: UInt64, _ device: DeviceIndex, _ supply: SupplyIndex, _ slot: SupplySlot) {
        update(device, supply) {
            // What the cartridge before was named is kept when this one names nothing.
            if let named = Self.named(slot, $0.facts), Self.named(slot, facts) == nil { $0.namedItem = named }
            $0.facts = facts
            $0.factsHash = hash
        }
    }

    /// What to order: the profile may leave it to the supply that is in the device, and what that does not tell, to the last one that did.
    /// Nil when nothing has ever told it.
    func knownItem(_ device: DeviceIndex, _ supply: SupplyIndex, _ fleet: FleetState) -> String? {
        let state = state(device, supply)
        return Self.named(fleet.supplySlot(device, supply), state?.facts) ?? state?.namedItem
    }

    /// For people: where nothing has told the item, the supply's name stands for it.
    package func item(_ device: DeviceIndex, _ supply: SupplyIndex, _ fleet: FleetState) -> String {
        knownItem(device, supply, fleet) ?? fleet.supplySlot(device, supply).name
    }

    /// The slot's item with what the device says of the supply in it; nil where neither says anything by which one could order.
    static func named(_ slot: SupplySlot, _ facts: SupplyFacts?) -> String? {
        guard slot.item.contains("{partNumber}") || slot.item.contains("{label}") else { return slot.item }
        // Where the profile has words of its own, as in "TN-{label}", the supply's name completes them.
        let words = slot.item.replacing("{partNumber}", with: "").replacing("{label}", with: "")
        guard let label = facts?.genuineLabel ?? facts?.partNumber ?? (words.contains(where: \.isLetter) ? slot.name : nil) else {
            return nil
        }
        return NameTemplate(slot.item).filled([("partNumber", facts?.partNumber ?? label), ("label", label)])
    }

    // MARK: Lead times

    /// How long an order of this supply takes: as its topic says, else as the supplier's entry says, else as the profile says.
    package func leadTime(_ device: DeviceIndex, _ supply: SupplyIndex, _ fleet: FleetState) -> LeadTime {
        let rule = fleet.supplyRule(device, supply)
        let told = rule.leadTimeCapture == nil ? nil : fleet.records[device].topicLeadDays
        let supplier = supplierWithTimes(device, supply, fleet)
        return LeadTime(
            days: told ?? supplier?.leadTimeDays ?? Double(rule.leadTimeMilliseconds) / 86_400_000,
            spread: supplier?.leadTimeSpread ?? rule.leadTimeSpread)
    }

    /// The days on which whoever would deliver it works; nil counts every day.
    func supplierCalendar(_ device: DeviceIndex, _ supply: SupplyIndex, _ fleet: FleetState) -> SupplierCalendar? {
        supplierWithTimes(device, supply, fleet)?.calendar ?? calendar
    }

    /// The supplier that would take an order of this supply; nil, for nothing, where all suppliers have the same times.
    private func supplierWithTimes(_ device: DeviceIndex, _ supply: SupplyIndex, _ fleet: FleetState) -> ReplenishmentPolicy.Supplier? {
        guard policy.hasSupplierTimes else { return nil }
        return policy.supplier(
            item: item(device, supply, fleet), profile: fleet.rules(of: device).name, site: policy.site(ofDevice: fleet.records[device].id))
    }

    package func reorderRule(_ rule: SupplyRule) -> ReorderRule {
        ReorderRule(serviceLevel: rule.serviceLevel ?? serviceLevel, floorPercent: rule.floorPercent)
    }

    // MARK: Doors

    /// The present order of a supply; nil: none.
    mutating func setOrder(_ order: String?, _ device: DeviceIndex, _ supply: SupplyIndex) { update(device, supply) { $0.order = order } }

    /// The same cartridge in the device under its new name: what is known of it goes along, and what the device says of it stays.
    mutating func adopt(_ known: SupplyState, _ device: DeviceIndex, _ supply: SupplyIndex) {
        update(device, supply) {
            let (reported, facts, hash) = ($0.reported, $0.facts, $0.factsHash)
            $0 = known
            $0.order = nil
            $0.doubt = nil
            ($0.reported, $0.facts, $0.factsHash) = (reported ?? known.reported, facts ?? known.facts, hash ?? known.factsHash)
        }
    }

    /// The supply that has this order.
    func supply(ofOrder order: String, _ device: DeviceIndex) -> SupplyIndex? {
        supplies(of: device).firstIndex { $0.order == order }.map { SupplyIndex($0) }
    }

    /// The cartridge before is in the slot again, and this was its order.
    mutating func takeOver(order: String?, _ device: DeviceIndex, _ supply: SupplyIndex) {
        update(device, supply) {
            $0.order = order
            $0.orderedMilliseconds = nil
        }
    }

    /// What waited for company was ordered when it went, and its life is to be judged by that.
    mutating func orderWaited(_ order: String, _ device: DeviceIndex, milliseconds: Int64) {
        guard let supply = supplies(of: device).firstIndex(where: { $0.order == order }) else { return }
        update(device, SupplyIndex(supply)) { $0.orderedMilliseconds = $0.orderedMilliseconds.map { $0 &+ milliseconds } }
    }

    mutating func vacate(_ device: DeviceIndex) {
        if devices.contains(device) { devices[device] = Table() }
        if hints.contains(device) { hints[device] = [] }
    }

    mutating func noteAsk(_ doubted: Doubted, _ due: Int64) {
        asks[doubted] = due
        nextAsk = min(nextAsk, due)
    }

    mutating func findNextAsk() { nextAsk = asks.values.min() ?? .max }

    /// The gateway's clock was set.
    mutating func shift(byMilliseconds step: Int64) {
        for (doubted, due) in asks {
            asks[doubted] = due.shifted(byMilliseconds: step)
            update(doubted.device, doubted.supply) { $0.doubt?.askMilliseconds = due.shifted(byMilliseconds: step) }
        }
        findNextAsk()
    }

    func isForgettable(_ device: DeviceIndex) -> Bool { supplies(of: device).allSatisfy { $0.order == nil } }

    /// The event time of the device moves.
    mutating func shiftReadings(of device: DeviceIndex, byMilliseconds step: Int64) {
        guard devices.contains(device) else { return }
        for supply in devices[device].indices { devices[device][supply].shift(byMilliseconds: step) }
        guard hasHints(device) else { return }
        for list in hints[device].indices { hints[device][list].shift(byMilliseconds: step) }
    }

    /// The device has another layout, in which its supplies have other numbers; none for one that is not there.
    mutating func renumber(_ device: DeviceIndex, numberOf: [SupplyIndex]) {
        restore(device, supplies(of: device), numberOf: numberOf)
    }

    // MARK: Snapshot

    /// The models have bytes of their own.
    struct DeviceMemory: Codable {
        var states: [SupplyState]
        var models: [[UInt8]]
        var hints: [HintList]?
    }

    func memory(of device: DeviceIndex) throws -> DeviceMemory? {
        let known = supplies(of: device)
        let said = hasHints(device) ? hints[device] : nil
        guard !known.isEmpty || said != nil else { return nil }
        return DeviceMemory(states: known, models: try known.map { try $0.model.bytes() }, hints: said)
    }

    /// - Parameter numberOf: the present number of each supply that it had, or none.
    mutating func restore(_ device: DeviceIndex, _ memory: DeviceMemory, numberOf: [SupplyIndex]) throws {
        guard memory.models.count == memory.states.count else { throw SnapshotError.inconsistent }
        var states = memory.states
        for supply in states.indices { states[supply].model = try SupplyModel(bytes: memory.models[supply]) }
        restore(device, states, numberOf: numberOf)
        guard let said = memory.hints else { return }
        hints.reach(device, with: [])
        // The profile may say something else of the codes now: each list is read again with the next message that has it.
        hints[device] = said.map { HintList(list: $0.list, scope: $0.scope, hash: 0, hints: $0.hints) }
    }

    /// - Parameter names: of the supplies that the device has shown, by their numbers; nil for one that it has not.
    func digestLines(_ device: DeviceIndex, named name: String, _ names: [String?]) -> [String] {
        zip(supplies(of: device), names).flatMap { supply, slot -> [String] in
            guard let slot else { return [] }
            return [
                "supply \(name) \(slot) \(supply.order ?? "-") \(digestText(supply.model))",
                "cartridge \(name) \(slot) \(digestText(supply.reported)) \(digestText(supply.facts))",
            ] + (supply.doubt.map { ["doubt \(name) \(slot) \(digestText($0))"] } ?? [])
        }
    }

    func hasLearned(of profile: ProfileIndex) -> Bool { learning(of: profile) != SupplyLearning() }

    private mutating func restore(_ device: DeviceIndex, _ supplies: [SupplyState], numberOf: [SupplyIndex]) {
        if devices.contains(device) { devices[device] = Table() }
        for (old, new) in numberOf.enumerated() where !new.isNone && old < supplies.count {
            update(device, new) { $0 = supplies[old] }
            if let due = supplies[old].doubt?.askMilliseconds { noteAsk(Doubted(device: device, supply: new), due) }
        }
    }

    mutating func restore(_ learning: SupplyLearning, of profile: ProfileIndex) {
        learned.reach(profile, with: SupplyLearning())
        learned[profile] = learning
    }

    mutating func update(learningOf profile: ProfileIndex, _ change: (inout SupplyLearning) -> Void) {
        var learning = learning(of: profile)
        change(&learning)
        restore(learning, of: profile)
    }

    var stateBytes: Int { devices.rows.reduce(0) { $0 + $1.rows.reduce(MemoryLayout<[SupplyState]>.stride) { $0 + $1.stateBytes } } }
}
