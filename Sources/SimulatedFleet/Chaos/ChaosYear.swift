import CivilCalendar
import Telemetry
import Threading

/// The same year twice, in a clean world and with chaos, and what must not be.
public enum ChaosYear {
    /// An order that comes so much later than in the clean world counts as later.
    static let laterMilliseconds: Int64 = 86_400_000
    /// Ordered so long before its end, a supply is there in time: 19 of 20 orders take less than 4.5 days where 3 are quoted.
    static let inTimeMilliseconds: Int64 = 5 * 86_400_000
    /// The share of needs that may be ordered later.
    public static let allowedLaterShare = 0.01
    /// Beyond that the state of the core is not bounded by what its devices told. Detectors and models are the most of it.
    static let maximumStateBytesPerDevice = 512 * 1024

    /// Nil when memory is short.
    /// - Parameter tell: is handed each line of the story of the followed or only device, with chaos.
    public static func run(_ scenario: ChaosScenario, profiles: [DeviceProfile], tell: ((String) -> Void)? = nil) -> ChaosReport? {
        let truths = (1...scenario.devices).filter { scenario.only == nil || DeviceTruth.name($0) == scenario.only }.map {
            DeviceTruth(number: $0, scenario)
        }
        var clean = scenario
        clean.rates = scenario.rates.clean
        guard let calm = ChaosWorld(clean, truths: truths, profiles: profiles),
            let stormy = ChaosWorld(scenario, truths: truths, profiles: profiles, tell: tell)
        else { return nil }
        // The worlds share nothing, so each has a thread.
        nonisolated(unsafe) let other = calm
        let thread = try? NamedThread("clean world") { other.run() }
        stormy.run()
        if let thread { thread.join() } else { calm.run() }
        compare(calm, stormy)
        examineState(stormy)
        return ChaosReport(scenario, clean: calm, chaos: stormy)
    }

    private static func compare(_ calm: ChaosWorld, _ stormy: ChaosWorld) {
        var comparison = TruthChecker.Comparison()
        for key in stormy.checker.trueNeeds {
            guard let inTime = calm.checker.needs[key]?.firstOrdered else { continue }
            comparison.needs += 1
            if stormy.checker.needs[key]?.hasWrongUnit == true, stormy.checker.needs[key]?.firstOrdered == nil {
                comparison.wrongUnits += 1
                continue
            }
            let device = stormy.devices[key.device]
            let ordered = stormy.checker.needs[key]?.firstOrdered
            let end = ordered ?? stormy.scenario.endMilliseconds
            let unheard = overlap(device.unheard + stormy.deaf, inTime..<max(inTime, end))
            guard end - inTime - unheard > laterMilliseconds else { continue }
            // A forecast that has heard a little less crosses its limit on another day; that costs nobody anything as long as it is in time.
            let empty = stormy.checker.truths[key.device].cartridges[key.cartridge].emptyMilliseconds ?? .max
            guard ordered == nil || empty - end < inTimeMilliseconds else {
                comparison.laterInTime += 1
                continue
            }
            comparison.later += 1
            let what = ordered.map { "\(($0 - inTime) / 3_600_000) hours later than in the clean world" } ?? "not ordered at all"
            stormy.checker.violate(
                .laterOrder, at: end, device: device.truth.name, "cartridge \(key.cartridge): \(what)",
                story: [device.traits, "in the clean world:"] + story(calm, key) + ["with chaos:"] + story(stormy, key))
        }
        stormy.checker.note(comparison)
    }

    private static func story(_ world: ChaosWorld, _ key: NeedKey) -> [String] {
        let cartridge = world.checker.truths[key.device].cartridges[key.cartridge]
        let empty = cartridge.emptyMilliseconds.map { "  it is empty at \(UTCText.iso8601($0))" }
        return [empty].compactMap { $0 } + (world.checker.needs[key]?.orders ?? []).map { "  " + $0.summary }
    }

    /// Milliseconds of the range that lie in any of the times; those may overlap.
    static func overlap(_ times: [Range<Int64>], _ range: Range<Int64>) -> Int64 {
        var (sum, covered): (Int64, Int64) = (0, range.lowerBound)
        for time in times.map({ $0.clamped(to: range) }).filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            sum += max(0, time.upperBound - max(time.lowerBound, covered))
            covered = max(covered, time.upperBound)
        }
        return sum
    }

    private static func examineState(_ world: ChaosWorld) {
        let bytes = world.checker.findings.largestStateBytes
        let allowed = world.devices.count * maximumStateBytesPerDevice
        if bytes > allowed {
            world.checker.violate(.invariant, at: world.now, device: "", "the state has \(bytes) bytes, more than \(allowed)")
        }
    }
}
