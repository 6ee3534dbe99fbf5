import CivilCalendar

/// What is so in one device through the whole year, whoever hears of it: what it prints, which cartridge lies where, and what breaks. It is
/// drawn before the year begins, so that the clean world and the one with chaos share it whatever the gateway does.
struct DeviceTruth: Sendable {
    enum Kind: Sendable {
        /// Speaks the native telemetry and takes commands.
        case native
        /// An office printer behind a collector.
        case office
    }

    struct Slot: Sendable {
        var name: String
        var item: String
        var stays: [CartridgeStay] = []
        /// Times in which nothing lies in it, because somebody has taken the cartridge out to put it back.
        var absences: [Range<Int64>] = []
    }

    let name: String
    let kind: Kind
    let tellsLevelsByAlertOnly: Bool
    let pageClock: PageClock
    private(set) var slots: [Slot]
    private(set) var cartridges: [TrueCartridge] = []
    private(set) var faults: [TrueFault] = []
    /// When the printer was replaced by another one.
    private(set) var replacements: [Int64] = []
    /// How often two cartridges changed places.
    private(set) var exchanges = 0
    let pagesAtBegin: Double
    /// Printed in a day on average: yields are chosen by it.
    private let averagePages: Double

    static func name(_ number: Int) -> String { "p-" + String(10_000 + number).dropFirst() }

    init(number: Int, _ scenario: ChaosScenario) {
        name = Self.name(number)
        var generator = SplitMix64(seed: scenario.seed, name: "truth/" + name)
        kind = generator.chance(0.5) ? .native : .office
        tellsLevelsByAlertOnly = generator.chance(scenario.rates[.levelToldByAlertOnly]) && kind == .office
        averagePages = generator.number(60, 500)
        pagesAtBegin = generator.number(1000, 90_000).rounded()
        // What is drawn day by day has dice of its own, so that a longer year begins as a shorter one.
        var pageGenerator = SplitMix64(seed: scenario.seed, name: "pages/" + name)
        pageClock = PageClock(
            start: ChaosScenario.startMilliseconds, days: scenario.days + 200, averagePages: averagePages,
            worksAtWeekends: generator.chance(0.2), zone: scenario.zone, generator: &pageGenerator)
        slots = Self.slots(kind, &generator)
        live(scenario, &generator)
        var faultGenerator = SplitMix64(seed: scenario.seed, name: "faults/" + name)
        drawFaults(scenario, &faultGenerator)
    }

    private static func slots(_ kind: Kind, _ generator: inout SplitMix64) -> [Slot] {
        let colours = ["black", "cyan", "magenta", "yellow"]
        switch (kind, generator.integer(0...3)) {
        case (.native, 0): return [Slot(name: "black", item: "supply-black")]
        case (.native, _): return colours.map { Slot(name: $0, item: "supply-" + $0) }
        case (.office, 0): return [Slot(name: "1", item: "TN-black")]
        // Two cartridges of one item, which can change places.
        case (.office, 1): return [Slot(name: "1", item: "TN-black"), Slot(name: "2", item: "TN-black")]
        case (.office, _): return colours.enumerated().map { Slot(name: String($0 + 1), item: "TN-" + $1) }
        }
    }

    // MARK: Asking

    private func stay(slot: Int, at time: Int64) -> CartridgeStay? {
        let stays = slots[slot].stays
        var (low, high) = (0, stays.count)
        while low < high {
            let middle = (low + high) / 2
            if stays[middle].from <= time { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? stays[low - 1] : stays.first
    }

    /// The cartridge that lies in the slot, or that will be put back into it.
    func cartridge(slot: Int, at time: Int64) -> Int { stay(slot: slot, at: time)?.cartridge ?? 0 }

    /// The one that left the slot last before the one that is there now, and when.
    func former(slot: Int, at time: Int64) -> (cartridge: Int, until: Int64)? {
        slots[slot].stays.last { $0.until <= time }.map { ($0.cartridge, $0.until) }
    }

    func percent(slot: Int, at time: Int64, pages: Double) -> Double {
        guard let stay = stay(slot: slot, at: time) else { return 0 }
        return max(0, stay.percentAtBegin - (pages - stay.pagesAtBegin) * 100 / cartridges[stay.cartridge].yieldPages)
    }

    func percent(slot: Int, at time: Int64) -> Double { percent(slot: slot, at: time, pages: pageClock.pages(at: time)) }

    /// Days until a cartridge is empty if it goes on being used as in the four weeks before.
    func daysLeft(ofCartridge cartridge: Int, percent: Double, at time: Int64) -> Double {
        let from = max(ChaosScenario.startMilliseconds, time - 28 * 86_400_000)
        let days = Double(time - from) / 86_400_000
        let pages = pageClock.pages(at: time) - pageClock.pages(at: from)
        guard days >= 7, pages > 0 else { return .infinity }
        return percent / 100 * cartridges[cartridge].yieldPages / (pages / days)
    }

    func item(ofCartridge cartridge: Int) -> String {
        slots.first { $0.stays.contains { $0.cartridge == cartridge } }?.item ?? ""
    }

    func isTakenOut(slot: Int, at time: Int64) -> Bool {
        !slots[slot].absences.isEmpty && slots[slot].absences.contains { $0.contains(time) }
    }

    func slot(named name: String) -> Int? { slots.firstIndex { $0.name == name } }

    /// The printer's own count: that of another printer begins elsewhere.
    func pageCount(at time: Int64, pages: Double) -> Int64 {
        let replaced = replacements.last { $0 <= time }
        guard let replaced else { return Int64(pagesAtBegin + pages) }
        return Int64(pages - pageClock.pages(at: replaced)) + 12
    }

    // MARK: Drawing

    private mutating func newCartridge(_ scenario: ChaosScenario, _ generator: inout SplitMix64) -> Int {
        let lifeDays = generator.number(18, 95)
        // The dice are thrown in any case, so that another rate changes nothing else.
        let isEarly = generator.chance(scenario.rates[.cartridgeSwappedEarly])
        let isLow = generator.chance(0.15)
        let (earlyPercent, lowPercent) = (generator.number(15, 50), generator.number(1, 8))
        let isRefurbished = generator.chance(scenario.rates[.cartridgeRefurbished])
        let cartridge = TrueCartridge(
            id: cartridges.count, yieldPages: averagePages * 0.8 * lifeDays * 5 / 7, isRefurbished: isRefurbished,
            endPercent: isEarly ? earlyPercent : (isLow ? lowPercent : 0), plannedEnd: isEarly ? .early : (isLow ? .low : .empty),
            changeHours: generator.chance(0.1) ? generator.number(4, 20) : generator.number(0.2, 3))
        cartridges.append(cartridge)
        return cartridge.id
    }

    private mutating func insert(_ cartridge: Int, slot: Int, at time: Int64, percent: Double) {
        slots[slot].stays.append(
            CartridgeStay(
                cartridge: cartridge, from: time, until: .max, percentAtBegin: percent, pagesAtBegin: pageClock.pages(at: time)))
    }

    private mutating func remove(slot: Int, at time: Int64) { slots[slot].stays[slots[slot].stays.count - 1].until = time }

    /// When people will take the cartridge of a slot out, as it is used now.
    private func end(slot: Int) -> Int64 {
        guard let stay = slots[slot].stays.last else { return .max }
        let cartridge = cartridges[stay.cartridge]
        let pages = stay.pagesAtBegin + max(0, stay.percentAtBegin - cartridge.endPercent) * cartridge.yieldPages / 100
        guard let reached = pageClock.time(ofPages: pages) else { return .max }
        return max(pageClock.nextWork(from: reached + Int64(cartridge.changeHours * 3_600_000)), stay.from + 60_000)
    }

    private func empty(slot: Int) -> Int64? {
        guard let stay = slots[slot].stays.last else { return nil }
        let pages = stay.pagesAtBegin + stay.percentAtBegin * cartridges[stay.cartridge].yieldPages / 100
        return pageClock.time(ofPages: pages)
    }

    private enum Happening { case takeOut, exchange, replacePrinter }

    private mutating func live(_ scenario: ChaosScenario, _ generator: inout SplitMix64) {
        let start = ChaosScenario.startMilliseconds
        for slot in slots.indices {
            insert(newCartridge(scenario, &generator), slot: slot, at: start, percent: generator.number(8, 100))
        }
        var happenings = happenings(scenario)[...]
        while true {
            let (slot, ends) = slots.indices.map { ($0, end(slot: $0)) }.min { $0.1 < $1.1 } ?? (0, .max)
            let next = min(ends, happenings.first?.at ?? .max)
            guard next < scenario.endMilliseconds else { break }
            if let (at, what) = happenings.first, at <= ends {
                happenings.removeFirst()
                happen(what, at: at, scenario, &generator)
            } else {
                change(slot: slot, at: next, scenario, &generator)
            }
        }
        for slot in slots.indices {
            guard let stay = slots[slot].stays.last else { continue }
            cartridges[stay.cartridge].emptyMilliseconds = empty(slot: slot)
        }
    }

    private func happenings(_ scenario: ChaosScenario) -> [(at: Int64, what: Happening)] {
        var all: [(at: Int64, what: Happening)] = []
        let kinds: [(ChaosKind, Happening)] = [
            (.cartridgeTakenOut, .takeOut), (.cartridgesExchanged, .exchange), (.printerReplaced, .replacePrinter),
        ]
        for (kind, what) in kinds where what != .exchange || slots.count == 2 {
            guard let mean = scenario.meanMilliseconds(kind) else { continue }
            var generator = SplitMix64(seed: scenario.seed, name: "\(kind.rawValue)/\(name)")
            var at = Double(ChaosScenario.startMilliseconds) + 86_400_000
            while true {
                at += generator.waiting(mean: mean)
                guard at < Double(scenario.endMilliseconds) else { break }
                all.append((Int64(at), what))
            }
        }
        return all.sorted { $0.at < $1.at }
    }

    private mutating func happen(_ what: Happening, at time: Int64, _ scenario: ChaosScenario, _ generator: inout SplitMix64) {
        switch what {
        case .takeOut:
            let slot = Int(generator.integer(0...Int64(slots.count - 1)))
            let until = time + generator.integer(120_000...2_400_000)
            // Nobody takes out what is about to be changed.
            if end(slot: slot) > until + 3_600_000 { slots[slot].absences.append(time..<until) }
        case .exchange:
            exchanges += 1
            let levels = [percent(slot: 0, at: time), percent(slot: 1, at: time)]
            let lying = [cartridge(slot: 0, at: time), cartridge(slot: 1, at: time)]
            for slot in 0...1 {
                remove(slot: slot, at: time)
                insert(lying[1 - slot], slot: slot, at: time, percent: levels[1 - slot])
            }
        case .replacePrinter:
            replacements.append(time)
            for slot in slots.indices {
                let old = cartridge(slot: slot, at: time)
                cartridges[old].emptyMilliseconds = empty(slot: slot)
                cartridges[old].ended = (time, percent(slot: slot, at: time), .printerReplaced)
                remove(slot: slot, at: time)
                let new = newCartridge(scenario, &generator)
                cartridges[new].installedMilliseconds = time
                insert(new, slot: slot, at: time, percent: generator.number(40, 100))
            }
        }
    }

    private mutating func change(slot: Int, at time: Int64, _ scenario: ChaosScenario, _ generator: inout SplitMix64) {
        let old = cartridge(slot: slot, at: time)
        cartridges[old].emptyMilliseconds = empty(slot: slot)
        cartridges[old].ended = (time, percent(slot: slot, at: time), cartridges[old].plannedEnd)
        remove(slot: slot, at: time)
        let new = newCartridge(scenario, &generator)
        let partial = generator.number(70, 95)
        cartridges[new].installedMilliseconds = time
        insert(new, slot: slot, at: time, percent: cartridges[new].isRefurbished ? partial : 100)
    }

    private mutating func drawFaults(_ scenario: ChaosScenario, _ generator: inout SplitMix64) {
        guard let mean = scenario.meanMilliseconds(.fault) else { return }
        var at = ChaosScenario.startMilliseconds + 7_200_000
        while true {
            // Two faults of a device are at least two days apart, so that each alarm belongs to one.
            at += 2 * 86_400_000 + Int64(generator.waiting(mean: max(mean - 2 * 86_400_000, 1)))
            guard at < scenario.endMilliseconds - 2 * 86_400_000 else { return }
            let kind: TrueFault.Kind = kind == .office ? .jam : TrueFault.Kind.allCases[generator.index(weights: [5, 3, 2])]
            let mendsItself = generator.chance(0.3)
            let mendsAfter = Int64(60_000 + generator.waiting(mean: 1_200_000))
            faults.append(
                TrueFault(
                    kind: kind, onset: at, mendsItselfAfter: mendsItself ? mendsAfter : nil, yieldsToCommand: generator.chance(0.7),
                    personAfter: generator.integer(1_800_000...14_400_000), foundAfter: generator.integer(28_800_000...86_400_000)))
        }
    }
}
