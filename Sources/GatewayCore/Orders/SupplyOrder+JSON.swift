import Documents
import Replenishment

extension JSONWriter {
    /// What an order is about: for the journal, for suppliers and for people.
    package mutating func members(of order: SupplyOrder) {
        member("order", order.id)
        member("supply", order.supply)
        member("item", order.item)
        if order.terms.isForStock == true { member("forStock", true) } else { member("generation", Int64(order.generation)) }
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
