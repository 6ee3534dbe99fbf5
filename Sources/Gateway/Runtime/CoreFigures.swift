import CoreViews
import Documents
import GatewayCore
import Threading

/// What the core tells of itself for `/metrics` and `/api/v1/status`. The core's thread publishes it, so nobody has to ask: what is read
/// is at most a moment old, also while the core has a long piece of work in hand.
struct CoreFigures: Sendable {
    let event: Int64
    let counters: CoreCounters
    let totals: StewardCore.Totals
    let stateBytes: Int
    let budgets: [(name: String, value: Int64)]
    /// The members of `/api/v1/status` as a JSON object.
    let status: [UInt8]
    /// On the monotonic clock. Counting over twenty thousand devices takes a while: not before this time again, so that it takes a fiftieth of the time at most.
    let nextNanoseconds: Int64

    init(_ core: StewardCore) {
        let began = Clock.threadNanoseconds()
        event = core.lastEvent
        counters = core.counters
        totals = core.totals()
        stateBytes = core.stateBytes
        budgets = core.budgetFigures
        status = JSONWriter.object { core.writeStatus(&$0) }
        nextNanoseconds = Clock.monotonicNanoseconds() + 50 * (Clock.threadNanoseconds() - began)
    }

    func isCurrent(_ core: StewardCore) -> Bool { core.lastEvent == event }
}
