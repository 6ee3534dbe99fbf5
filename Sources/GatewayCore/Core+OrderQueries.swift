import Documents
import Replenishment

/// Orders as the API shows them.
extension StewardCore {
    func countOrders(_ totals: inout Totals) {
        for order in orders.all {
            totals.ordersByState[order.state, default: 0] += 1
            if !order.state.isFinal { totals.openOrders += 1 }
            if order.isOverdue { totals.overdueOrders += 1 }
        }
    }

    func write(_ order: SupplyOrder, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("device", order.device)
        writer.members(of: order)
        writer.member("decided", order.decidedMilliseconds)
        writer.member("since", order.life.sinceMilliseconds)
        writer.member("deadline", configuration.replenishment.deadlines.deadlineMilliseconds(order))
        if order.isOverdue { writer.member("overdue", true) }
        writer.member("approvedBy", order.terms.approvedBy)
        writer.member("latestSend", order.terms.latestSendMilliseconds)
        writer.member("holdUntil", order.terms.holdUntilMilliseconds)
        writer.member("shipment", order.terms.shipment)
        writer.member("reference", order.reference)
        writer.member("detail", order.detail)
        writer.endObject()
    }
}

extension JSONWriter {
    /// What an order is about: for the journal, for suppliers and for people.
    mutating func members(of order: SupplyOrder) {
        member("order", order.id)
        member("supply", order.supply)
        member("item", order.item)
        member("generation", Int64(order.generation))
        if order.attempt > 1 { member("attempt", Int64(order.attempt)) }
        member("reason", order.reason)
        member("levelPercent", order.levelPercent)
        if let days = order.daysLeft {
            key("daysLeft")
            beginArray()
            for day in days { number(day) }
            endArray()
        }
        member("state", order.state.rawValue)
        member("supplier", order.terms.supplier)
        member("site", order.terms.site)
        if let amount = order.terms.amountHundredths { member("amount", Double(amount) / 100) }
        member("currency", order.terms.currency)
        if order.terms.requestedBy != OrderTerms.automatic { member("requestedBy", order.terms.requestedBy) }
        member("approvalReason", order.terms.approvalReason)
        if order.terms.isDryRun { member("dryRun", true) }
    }
}
