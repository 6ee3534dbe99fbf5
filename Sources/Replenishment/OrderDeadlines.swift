/// How long an order may stay in each state before somebody has to look. Nil: as long as it likes.
public struct OrderDeadlines: Equatable, Sendable {
    private static let hour: Int64 = 3_600_000

    /// To reach the supplier at all.
    public var plannedMilliseconds: Int64? = 4 * hour
    public var awaitingApprovalMilliseconds: Int64? = 48 * hour
    /// For the supplier to accept.
    public var sentMilliseconds: Int64? = 72 * hour
    public var acceptedMilliseconds: Int64? = 7 * 24 * hour
    public var shippedMilliseconds: Int64? = 7 * 24 * hour
    /// A delivered cartridge may rightly wait until the old one ends; when that has ended, a visit is due instead.
    public var deliveredMilliseconds: Int64?

    public init() {}

    public func limitMilliseconds(_ state: OrderLife.State) -> Int64? {
        switch state {
        case .planned: plannedMilliseconds
        case .awaitingApproval: awaitingApprovalMilliseconds
        case .sent: sentMilliseconds
        case .accepted: acceptedMilliseconds
        case .shipped: shippedMilliseconds
        case .delivered: deliveredMilliseconds
        case .installed, .cancelled, .failed: nil
        }
    }

    /// When the present step of an order is overdue; nil when it never is. An order that nobody is to get cannot be late.
    public func deadlineMilliseconds(_ order: SupplyOrder) -> Int64? {
        guard !order.terms.isDryRun, order.terms.supplier != nil, let limit = limitMilliseconds(order.state) else { return nil }
        // The wait for company is meant, and is no delay.
        let since =
            order.state == .planned
            ? max(order.life.sinceMilliseconds, order.terms.holdUntilMilliseconds ?? .min) : order.life.sinceMilliseconds
        let (deadline, overflow) = since.addingReportingOverflow(limit)
        return overflow ? nil : deadline
    }
}
