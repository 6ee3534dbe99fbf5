import GatewayCore
import Replenishment

/// The supplier's book: what it has taken, and what becomes of it. Each order has dice of its own, so that an order that both worlds place has the
/// same lead time in both.
struct ChaosSupplier {
    static let name = "world"

    struct Order {
        var device: String
        var supply: String
        var shippedAt: Int64
        var isCancelled = false
    }

    /// How one try of a delivery ended for the gateway.
    enum Answer: Equatable {
        case taken
        /// The supplier has it already.
        case conflict
        /// An error, or no answer at all.
        case nothing
    }

    private let scenario: ChaosScenario
    private(set) var orders: [String: Order] = [:]
    /// Deliveries that were taken, by their key.
    private(set) var takenKeys: Set<String> = []
    /// The supply of each order that was ever tried.
    private(set) var slotOfOrder: [String: String] = [:]
    /// Deliveries whose repeats it fails.
    private var failedKeys: Set<String> = []
    private let downTimes: [Range<Int64>]

    init(_ scenario: ChaosScenario) {
        self.scenario = scenario
        var dice = SplitMix64(seed: scenario.seed, name: "supplier")
        var times: [Range<Int64>] = []
        var at = Double(ChaosScenario.startMilliseconds)
        if let mean = scenario.meanMilliseconds(.supplierDownForHours) {
            while true {
                at += dice.waiting(mean: mean) + 60_000
                guard at < Double(scenario.endMilliseconds) else { break }
                times.append(Int64(at)..<Int64(at) + dice.integer(600_000...20 * 3_600_000))
            }
        }
        downTimes = times
    }

    func isDown(at time: Int64) -> Bool { downTimes.contains { $0.contains(time) } }
    var downCount: Int { downTimes.count }

    func hasFailed(_ key: String) -> Bool { failedKeys.contains(key) }
    mutating func fail(_ key: String) { failedKeys.insert(key) }

    mutating func remember(_ document: OrderDocument) {
        for line in document.lines { slotOfOrder[line.order] = line.supply }
    }

    mutating func take(_ document: OrderDocument, shippedAt: [Int64]) {
        takenKeys.insert(document.key)
        for (line, shipped) in zip(document.lines, shippedAt) {
            orders[line.order] = Order(device: line.device, supply: line.supply, shippedAt: shipped)
        }
    }

    /// Whether the cancellation comes in time.
    mutating func cancel(_ order: String, at time: Int64) -> Bool {
        guard let known = orders[order], time < known.shippedAt else { return false }
        orders[order]?.isCancelled = true
        return true
    }
}
