/// How long an order may stay in each state before somebody has to look.
public struct OrderDeadlines: Equatable, Sendable {
    private static let hour: Int64 = 3_600_000

    /// Milliseconds in each state; one that is missing has no limit. Planned: to reach the supplier at all. Sent: for the supplier to accept.
    /// A delivered cartridge may rightly wait until the old one ends; when that has ended, a visit is due instead.
    public var limits: [OrderLife.State: Int64] = [
        .planned: 4 * hour, .awaitingApproval: 48 * hour, .sent: 72 * hour, .accepted: 7 * 24 * hour, .shipped: 7 * 24 * hour,
    ]

    public init() {}

    /// When the present step of an order is overdue; nil when it never is. An order that nobody is to get cannot be late.
    public func deadlineMilliseconds(_ order: SupplyOrder) -> Int64? {
        guard !order.terms.isDryRun, order.terms.supplier != nil, let limit = limits[order.state] else { return nil }
        // Waiting for other orders to travel with is intended, and is no delay.
        let since =
            order.state == .planned
            ? max(order.life.sinceMilliseconds, order.terms.holdUntilMilliseconds ?? .min, order.terms.handedMilliseconds ?? .min)
            : order.life.sinceMilliseconds
        let (deadline, overflow) = since.addingReportingOverflow(limit)
        return overflow ? nil : deadline
    }
}
