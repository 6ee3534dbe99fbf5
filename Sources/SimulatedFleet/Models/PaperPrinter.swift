import Documents

/// An office printer (four toners, a fuser) or a label printer (ribbon and labels, a print head).
struct PaperPrinter: DeviceModel {
    private let isLabelPrinter: Bool
    private var supplies: [Cartridge]
    private var pages: Double
    private let pagesPerDay: Double
    /// Degrees Celsius: the fuser's, or the print head's.
    private var hotTemperature: Double
    private var roomTemperature = 21.5
    private var humidity = 42.0
    private var isPrinting = false

    init(labels: Bool, plan: DevicePlan, generator: inout SplitMix64) {
        isLabelPrinter = labels
        let names = labels ? ["ribbon", "labels"] : ["black", "cyan", "magenta", "yellow"]
        let shares = WorkingHours.dayShares(from: plan.historyStart, to: plan.liveStart)
        supplies = names.enumerated().map { index, name in
            Cartridge(name: name, isNearEnd: plan.isNearEnd && index == 0, historyDayShares: shares, generator: &generator)
        }
        pages = generator.number(4_000, 90_000)
        pagesPerDay = labels ? generator.number(300, 900) : generator.number(80, 400)
        hotTemperature = labels ? 48 : 182
    }

    mutating func advance(_ passage: Passage, generator: inout SplitMix64) {
        let stops = passage.fault != nil
        isPrinting = !stops && generator.chance(0.15 + 0.75 * passage.activity)
        if !stops {
            let share = WorkingHours.dayShare(activity: passage.activity, milliseconds: passage.milliseconds)
            let busyness = 1 + generator.noise(0.5)
            pages += pagesPerDay * share * busyness
            for index in supplies.indices {
                supplies[index].consume(dayShare: share * (busyness + generator.noise(0.2)))
            }
        }
        let rest = isLabelPrinter ? (isPrinting ? 55.0 : 46.0) : (isPrinting ? 184.0 : 178.0)
        let target = passage.fault == .fuserOverheat ? 224 : rest
        hotTemperature = passage.approach(hotTemperature, target, inertiaSeconds: 5) + generator.noise(0.8)
        let warmth = 21 + 2.5 * passage.activity
        roomTemperature = passage.approach(roomTemperature, warmth, inertiaSeconds: 1800) + generator.noise(0.1)
        humidity = min(70, max(20, passage.approach(humidity, 42, inertiaSeconds: 3600) + generator.noise(0.4)))
    }

    func report(at: Int64, fault: FaultKind?) -> [UInt8] {
        nativeReport(at: at, status: fault != nil ? "error" : (isPrinting ? "printing" : "idle"), fault: fault) { writer in
            writer.member("pageCount", Int64(pages))
            writer.object("supplies") { for supply in supplies { $0.member(supply.name, supply.told) } }
            writer.member(isLabelPrinter ? "headTemp" : "fuserTemp", hotTemperature.rounded(decimals: 1))
            writer.member("temp", roomTemperature.rounded(decimals: 1))
            writer.member("humidity", humidity.rounded(decimals: 1))
        }
    }

    mutating func install(supply: String) -> Bool {
        guard let index = supplies.firstIndex(where: { $0.name == supply }) else { return false }
        supplies[index].refill()
        return true
    }

    func level(of supply: String) -> Double? { supplies.first { $0.name == supply }?.level }
}
