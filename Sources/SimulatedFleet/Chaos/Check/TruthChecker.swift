/// Knows the truth of each device, is told what suppliers took and devices executed, and finds what must not be. It knows nothing of the core.
struct TruthChecker: Sendable {
    /// How long after a change of cartridges the news of it may be on its way.
    static let newsMilliseconds: Int64 = 3_600_000
    /// A cartridge with more than that left, and that lasts longer than that, is not low.
    static let notLowPercent = 25.0
    static let notLowDays = 21.0
    /// So long a forecast that began with nothing may err: what it then orders too early is counted apart.
    static let learningMilliseconds: Int64 = 21 * 86_400_000
    /// An alarm may follow its fault so late: messages come late.
    private static let matchMilliseconds: Int64 = 2 * 3_600_000
    private static let maximumViolations = 500

    private struct FaultRecord: Sendable {
        var kind: TrueFault.Kind
        var began: Int64
        var ended: Int64?
        var wasHeard = false
        /// Each condition that was raised for it.
        var raised: Set<String> = []
    }

    let truths: [DeviceTruth]
    private(set) var violations: [ChaosViolation] = []
    /// Also those that are too many to be kept.
    private(set) var violationCounts: [ChaosViolation.Kind: Int] = [:]
    private(set) var needs: [NeedKey: Need] = [:]
    private var needOfOrder: [String: NeedKey] = [:]
    private var cupboard: TrueCupboard
    private var changesSeen: [[Int: Int64]]
    private var faults: [[FaultRecord]]
    private(set) var findings = ChaosFindings()

    init(truths: [DeviceTruth]) {
        self.truths = truths
        faults = truths.map { _ in [] }
        cupboard = TrueCupboard(truths)
        changesSeen = truths.map { _ in [:] }
    }

    mutating func violate(_ kind: ChaosViolation.Kind, at time: Int64, device: String, _ text: String, story: [String] = []) {
        violationCounts[kind, default: 0] += 1
        guard violations.count < Self.maximumViolations else { return }
        violations.append(ChaosViolation(kind: kind, atMilliseconds: time, device: device, text: text, story: story))
    }

    // MARK: Counts

    /// A message that the core has taken; whether it tells of a fault.
    mutating func count(message tellsFault: Bool, device: Int) {
        findings.messages += 1
        if tellsFault, let last = faults[device].indices.last { faults[device][last].wasHeard = true }
    }

    mutating func countDeadLetter() { findings.deadLetters += 1 }

    mutating func count(restartWithStateBytes bytes: Int) {
        findings.restarts += 1
        findings.largestStateBytes = max(findings.largestStateBytes, bytes)
    }

    // MARK: Orders

    /// The core decided on an order.
    mutating func decided(order id: String, device: Int, slot: Int, at time: Int64) {
        let key = need(device: device, slot: slot, at: time)
        findings.orders += 1
        needOfOrder[id] = key
        let order = Need.Order(id: id, decided: time, percent: percent(of: key, slot: slot, at: time))
        needs[key, default: Need()].orders.append(order)
    }

    /// The core has seen another cartridge in a slot: what it orders from now on is for that one.
    mutating func sawChange(device: Int, slot: Int, at time: Int64) { changesSeen[device][slot] = time }

    /// The cartridge that an order of this moment is for: the one in the slot or, while the core does not know of it and it is full, the one before
    /// it, unless that has an order.
    private func need(device: Int, slot: Int, at time: Int64) -> NeedKey {
        let truth = truths[device]
        let present = truth.cartridge(slot: slot, at: time)
        if !isLow(device, present, percent: truth.percent(slot: slot, at: time), at: time),
            let former = truth.former(slot: slot, at: time), time - former.until <= Self.newsMilliseconds,
            changesSeen[device][slot] ?? .min < former.until
        {
            let key = NeedKey(device: device, cartridge: former.cartridge)
            if needs[key]?.orders.contains(where: { $0.end == .open }) != true { return key }
        }
        return NeedKey(device: device, cartridge: present)
    }

    private func percent(of key: NeedKey, slot: Int, at time: Int64) -> Double {
        let cartridge = truths[key.device].cartridges[key.cartridge]
        if let ended = cartridge.ended, ended.at <= time { return ended.percent }
        return truths[key.device].percent(slot: slot, at: time)
    }

    /// Also what would end soon if it were used as in the last weeks: nobody can know that an office will close for Christmas.
    private func isLow(_ device: Int, _ cartridge: Int, percent: Double, at time: Int64) -> Bool {
        guard percent > Self.notLowPercent else { return true }
        if truths[device].daysLeft(ofCartridge: cartridge, percent: percent, at: time) <= Self.notLowDays { return true }
        guard let empty = truths[device].cartridges[cartridge].emptyMilliseconds else { return false }
        return Double(empty - time) <= Self.notLowDays * 86_400_000
    }

    /// A supplier has taken an order, and will deliver.
    mutating func took(order id: String, at time: Int64, story: @autoclosure () -> [String]) {
        guard let key = needOfOrder[id], let place = needs[key]?.orders.firstIndex(where: { $0.id == id }),
            needs[key]?.orders[place].taken == nil
        else { return }
        needs[key]?.orders[place].taken = time
        guard let need = needs[key] else { return }
        let order = need.orders[place]
        let device = truths[key.device].name
        findDoubleOrder(key, at: time, story: story())
        guard !isLow(key.device, key.cartridge, percent: order.percent, at: order.decided) else { return }
        if order.decided - ChaosScenario.startMilliseconds < Self.learningMilliseconds {
            findings.earlyOrdersWhileLearning += 1
        } else {
            let left = truths[key.device].cartridges[key.cartridge].emptyMilliseconds.map { days(order.decided, $0) } ?? "very many"
            violate(
                .orderWithoutNeed, at: time, device: device,
                "order \(id) for cartridge \(key.cartridge), which has \(Int(order.percent)) % and \(left) days left", story: story())
        }
    }

    private mutating func findDoubleOrder(_ key: NeedKey, at time: Int64, story: @autoclosure () -> [String]) {
        let counting = (needs[key]?.orders ?? []).filter(\.counts)
        guard counting.count > 1 else { return }
        let ids = counting.map(\.id).joined(separator: ", ")
        violate(
            .doubleOrder, at: time, device: truths[key.device].name, "cartridge \(key.cartridge) has the orders \(ids)", story: story())
    }

    /// The core takes a unit of the cupboard aside for a cartridge and orders nothing. If the unit is there, the cartridge has what an order would bring.
    mutating func reserved(device: Int, slot: Int, at time: Int64) {
        let key = need(device: device, slot: slot, at: time)
        let item = truths[device].slots[slot].item
        guard cupboard.reserve(for: key, item: item, at: time) else {
            findings.unitsNotThere += 1
            if cupboard.mistake(item) { needs[key, default: Need()].hasWrongUnit = true }
            return
        }
        findings.unitsReserved += 1
        if needs[key, default: Need()].covered == nil { needs[key, default: Need()].covered = time }
    }

    /// The core counts the parcel of an order as a unit of the cupboard. That the supplier packed another item nobody has told it.
    mutating func shelved(order id: String) {
        guard let key = needOfOrder[id], needs[key]?.orders.first(where: { $0.id == id })?.end == .wrongItem else { return }
        cupboard.addWrong(truths[key.device].item(ofCartridge: key.cartridge))
    }

    /// What a person counts who looks.
    mutating func unitsInCupboard(_ item: String, at time: Int64) -> Int { cupboard.units(item, at: time) }

    /// The core means an order for another cartridge now: the one before was changed for one from elsewhere.
    mutating func carried(order id: String, device: Int, slot: Int, at time: Int64, story: @autoclosure () -> [String]) {
        let key = need(device: device, slot: slot, at: time)
        guard let former = needOfOrder[id], former != key, let place = needs[former]?.orders.firstIndex(where: { $0.id == id }),
            var order = needs[former]?.orders[place]
        else { return }
        needs[former]?.orders[place].end = .carried
        order.decided = time
        order.percent = percent(of: key, slot: slot, at: time)
        needs[key, default: Need()].orders.append(order)
        needOfOrder[id] = key
        findDoubleOrder(key, at: time, story: story())
    }

    private func days(_ from: Int64, _ to: Int64) -> String { String(Int((to - from) / 86_400_000)) }

    /// The order brings nothing any more.
    mutating func ended(order id: String, _ end: Need.Order.End) {
        guard let key = needOfOrder[id], let place = needs[key]?.orders.firstIndex(where: { $0.id == id }) else { return }
        needs[key]?.orders[place].end = end
    }

    mutating func delivered(order id: String, at time: Int64) {
        guard let key = needOfOrder[id], let place = needs[key]?.orders.firstIndex(where: { $0.id == id }) else { return }
        needs[key]?.orders[place].delivered = time
        guard needs[key]?.orders[place].end == .open else { return }
        let truth = truths[key.device]
        let served = cupboard.delivered(
            for: key, item: truth.item(ofCartridge: key.cartridge), at: time,
            isInUse: truth.cartridges[key.cartridge].ended.map { time < $0.at } ?? true)
        if let served, needs[served, default: Need()].covered == nil { needs[served, default: Need()].covered = time }
    }

    /// Whether somebody who looks at the device would order again, though this order was tried.
    func isStillNeeded(order id: String, slot: Int, at time: Int64) -> Bool {
        guard let key = needOfOrder[id] else { return false }
        return truths[key.device].cartridge(slot: slot, at: time) == key.cartridge
    }

    // MARK: Commands

    /// - Parameters:
    ///   - deadline: in true time; nil for a command without one.
    ///   - wasKnown: the gateway could know, when it sent the command, that the device was away.
    mutating func executed(
        command: String, device: Int, deadline: Int64?, wasKnown: Bool, at time: Int64, story: @autoclosure () -> [String]
    ) {
        findings.commandsExecuted += 1
        guard let deadline, time > deadline else { return }
        guard wasKnown else {
            findings.lateCommandsNobodyCouldKnow += 1
            return
        }
        violate(
            .lateCommand, at: time, device: truths[device].name,
            "\(command) was executed \((time - deadline) / 1000) s after its deadline", story: story())
    }

    mutating func commandLeft(device: Int, isMaintained: Bool, at time: Int64, story: @autoclosure () -> [String]) {
        findings.commands += 1
        if !faults[device].contains(where: { $0.began <= time && time <= $0.ended ?? .max }) { findings.commandsWithoutFault += 1 }
        guard isMaintained else { return }
        violate(.commandInMaintenance, at: time, device: truths[device].name, "a command left", story: story())
    }

    // MARK: Faults

    mutating func faultBegan(_ kind: TrueFault.Kind, device: Int, at time: Int64) {
        findings.faults += 1
        faults[device].append(FaultRecord(kind: kind, began: time))
    }

    mutating func faultEnded(device: Int, at time: Int64) {
        guard let last = faults[device].indices.last, faults[device][last].ended == nil else { return }
        faults[device][last].ended = time
    }

    static func conditions(of kind: TrueFault.Kind) -> Set<String> {
        switch kind {
        case .jam: ["jam", "jammed", "prt-8-13-1"]
        case .headClogged: ["head-clogged"]
        case .fuserHot: ["fuser-overheat"]
        }
    }

    private static let allConditions = Set(TrueFault.Kind.allCases.flatMap { conditions(of: $0) })

    /// An alarm was raised. Conditions that no true fault causes are passed over.
    mutating func raised(condition: String, device: Int, at time: Int64) {
        guard Self.allConditions.contains(condition) else { return }
        findings.alarms += 1
        let of = faults[device].indices.filter { Self.conditions(of: faults[device][$0].kind).contains(condition) }
        // One that is or was just there, or else an older one that had no alarm yet: late news.
        let near = of.last { time <= (faults[device][$0].ended ?? .max - Self.matchMilliseconds) + Self.matchMilliseconds }
        if let fault = near ?? of.last(where: { !faults[device][$0].raised.contains(condition) }) {
            faults[device][fault].raised.insert(condition)
        } else {
            findings.falseAlarms += 1
        }
    }

    mutating func silent(device: Int, unheardMilliseconds: Int64, limitMilliseconds: Int64) {
        findings.silences += 1
        if unheardMilliseconds < limitMilliseconds { findings.falseSilences += 1 }
    }

    /// A ticket about a device was opened. Conditions that no true fault causes are passed over.
    mutating func ticket(condition: String, device: Int, at time: Int64) {
        guard Self.allConditions.contains(condition) else { return }
        findings.tickets += 1
        let isTrue = faults[device].contains {
            $0.began <= time && time <= ($0.ended ?? .max - Self.newsMilliseconds) + Self.newsMilliseconds
        }
        if !isTrue { findings.falseTickets += 1 }
    }

    // MARK: The end of the year

    /// A cartridge that was used up in the year, and lived long enough for an order to be of use.
    func isTrueNeed(_ key: NeedKey) -> Bool {
        let cartridge = truths[key.device].cartridges[key.cartridge]
        guard let ended = cartridge.ended, ended.why == .empty else { return false }
        let began = cartridge.installedMilliseconds ?? ChaosScenario.startMilliseconds
        return ended.at - began > 11 * 86_400_000
    }

    var trueNeeds: [NeedKey] {
        truths.indices.flatMap { device in
            truths[device].cartridges.indices.map { NeedKey(device: device, cartridge: $0) }.filter(isTrueNeed)
        }
    }

    /// The orders of this world beside those of the clean one.
    struct Comparison {
        var needs = 0
        var later = 0
        var laterInTime = 0
        var wrongUnits = 0
    }

    mutating func note(_ comparison: Comparison) {
        findings.comparedNeeds = comparison.needs
        findings.laterOrders = comparison.later
        findings.laterOrdersInTime = comparison.laterInTime
        findings.laterOrdersNobodyCouldKnow = comparison.wrongUnits
    }

    mutating func finish() {
        for key in trueNeeds {
            findings.needs += 1
            guard let need = needs[key], need.firstTaken != nil || need.covered != nil else {
                findings.unorderedNeeds += 1
                continue
            }
            if need.covered != nil { continue }
            let cartridge = truths[key.device].cartridges[key.cartridge]
            guard let empty = cartridge.emptyMilliseconds, let delivered = need.firstDelivered else { continue }
            if delivered > empty {
                findings.lateDeliveries += 1
                findings.emptyDays += Double(delivered - empty) / 86_400_000
            }
        }
        for device in faults.indices {
            for fault in faults[device] where fault.wasHeard && fault.raised.isEmpty {
                // What lasted for less than two reports need not be seen.
                if (fault.ended ?? .max) - fault.began > 120_000 { findings.missedFaults += 1 }
            }
        }
    }
}
