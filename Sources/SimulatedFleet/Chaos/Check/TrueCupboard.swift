/// What really lies in the site's cupboard, by item: units that were delivered when the cartridge they were ordered for had been changed already, for
/// one from elsewhere. Whoever changes the next one takes such a unit, so a need that it covers has to be ordered by nobody.
struct TrueCupboard: Sendable {
    private struct Change: Sendable {
        var at: Int64
        var key: NeedKey
        var item: String
        /// The printer left with the cartridge, and its successor brought its own.
        var leftWithPrinter: Bool
    }

    /// All changes of the year, in the order of time.
    private var changes: ArraySlice<Change>
    /// Units that were delivered for a cartridge that is still in use.
    private var waiting: [NeedKey: Int] = [:]
    private var spares: [String: Int] = [:]
    /// Boxes that say this item on the delivery note, and hold another.
    private var wrong: [String: Int] = [:]
    private var reserved: [NeedKey: String] = [:]
    /// Taken aside by the gateway before the unit was there, in that order.
    private var hoped: [(key: NeedKey, item: String)] = []

    init(_ truths: [DeviceTruth]) {
        var all: [Change] = []
        for (device, truth) in truths.enumerated() {
            for cartridge in truth.cartridges {
                guard let ended = cartridge.ended else { continue }
                all.append(
                    Change(
                        at: ended.at, key: NeedKey(device: device, cartridge: cartridge.id), item: truth.item(ofCartridge: cartridge.id),
                        leftWithPrinter: ended.why == .printerReplaced))
            }
        }
        changes = all.sorted { ($0.at, $0.key) < ($1.at, $1.key) }[...]
    }

    func spareUnits(_ item: String) -> Int { (spares[item] ?? 0) - reserved.values.count { $0 == item } }

    mutating func addWrong(_ item: String) { wrong[item, default: 0] += 1 }

    /// Whether what is taken for a unit of this item is a box with another one. That is then found out.
    mutating func mistake(_ item: String) -> Bool {
        guard let boxes = wrong[item], boxes > 0 else { return false }
        wrong[item] = boxes - 1
        return true
    }

    /// Those taken aside included.
    mutating func units(_ item: String, at time: Int64) -> Int {
        advance(to: time)
        return spares[item] ?? 0
    }

    private mutating func advance(to time: Int64) {
        while let change = changes.first, change.at <= time {
            changes.removeFirst()
            let own = waiting.removeValue(forKey: change.key) ?? 0
            hoped.removeAll { $0.key == change.key }
            let isReserved = reserved.removeValue(forKey: change.key) != nil
            if change.leftWithPrinter {
                spares[change.item, default: 0] += own
            } else if own > 0 {
                spares[change.item, default: 0] += own - 1
            } else if isReserved || spareUnits(change.item) > 0 {
                spares[change.item, default: 0] -= 1
            }
        }
    }

    /// A parcel came for a cartridge. Returns a cartridge for which it had been taken aside before: somebody had taken a unit of the cupboard in its
    /// place meanwhile, which the gateway held for this one.
    mutating func delivered(for key: NeedKey, item: String, at time: Int64, isInUse: Bool) -> NeedKey? {
        advance(to: time)
        guard !isInUse else {
            waiting[key, default: 0] += 1
            return nil
        }
        spares[item, default: 0] += 1
        guard spareUnits(item) > 0, let place = hoped.firstIndex(where: { $0.item == item }) else { return nil }
        let served = hoped.remove(at: place).key
        reserved[served] = item
        return served
    }

    /// The gateway takes a unit aside for a cartridge in use. False when there is none yet.
    mutating func reserve(for key: NeedKey, item: String, at time: Int64) -> Bool {
        advance(to: time)
        guard reserved[key] == nil else { return true }
        guard spareUnits(item) > 0 else {
            if !hoped.contains(where: { $0.key == key }) { hoped.append((key, item)) }
            return false
        }
        reserved[key] = item
        return true
    }
}
