import CoreViews
import Documents
import GatewayCore
import Threading

/// The core's figures for `/metrics` and `/api/v1/status`. The core's thread publishes them, so that readers need not ask it and do not wait
/// while it is busy.
struct CoreFigures: Sendable {
    let event: Int64
    let counters: CoreCounters
    let totals: StewardCore.Totals
    let stateBytes: Int
    let budgets: [(name: String, value: Int64)]
    /// The members of `/api/v1/status` as a JSON object.
    let status: [UInt8]
    /// When they may be made again, on the monotonic clock: counting over twenty thousand devices is slow, and takes a fiftieth of the core's
    /// time at most.
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
