import Documents
import GatewayCore
import Replenishment

/// Orders as the API shows them.
extension StewardCore {
    /// Of an order, or of a shipment.
    public func hasOrder(_ id: String) -> Bool { !orders.orderIDs(id).isEmpty }
    /// Who is to deliver an order or a shipment.
    public func supplier(ofOrder id: String) -> String? { orders.orderIDs(id).first.flatMap { orders[$0]?.terms.supplier } }
    public func orderState(_ id: String) -> SupplyOrder.State? { orders[id]?.state }

    /// Why a report on an order, a shipment or a line of it, counted from 1, would change nothing; nil when it is taken.
    public func problem(reporting state: SupplyOrder.State, of id: String, line: Int? = nil) -> String? {
        orders.problem(reporting: state, of: id, line: line)
    }

    func countOrders(_ totals: inout Totals) {
        for order in orders.all {
            totals.ordersByState[order.state, default: 0] += 1
            if !order.isOver { totals.openOrders += 1 }
            if order.isOverdue { totals.overdueOrders += 1 }
        }
    }

    /// `{"stock":[{"item","units","reserved","available","onOrder","reorderPoint","orderUpTo"}]}`, by item.
    public func writeStock(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("stock")
        writer.beginArray()
        for item in orders.stock.items {
            writer.beginObject()
            writer.member("item", item)
            writer.member("units", orders.stock.unitsOnHand(item))
            writer.member("reserved", orders.stock.unitsReserved(item))
            writer.member("available", orders.stock.unitsAvailable(item))
            writer.member("onOrder", orders.unitsOnOrder(item))
            if let rule = configuration.replenishment.stockRules[item] {
                writer.member("reorderPoint", rule.reorderPoint)
                writer.member("orderUpTo", rule.orderUpTo)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    /// Why this person cannot agree to this order; nil when that is well.
    public func problem(approving id: String, by person: String) -> String? { orders.problem(approving: id, by: person) }

    func write(_ order: SupplyOrder, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("device", order.device)
        writer.members(of: order)
        writer.member("decided", order.decidedMilliseconds)
        writer.member("since", order.life.sinceMilliseconds)
        writer.member("deadline", configuration.replenishment.deadlines.deadlineMilliseconds(order))
        if order.isOverdue { writer.member("overdue", true) }
        if order.terms.isSpare == true, order.terms.isForStock != true { writer.member("spare", true) }
        if order.terms.isShelved == true { writer.member("onShelf", true) }
        if order.terms.mayHaveBeenTaken == true { writer.member("mayHaveBeenTaken", true) }
        writer.member("approvedBy", order.terms.approvedBy)
        writer.member("latestSend", order.terms.latestSendMilliseconds)
        writer.member("holdUntil", order.terms.holdUntilMilliseconds)
        writer.member("shipment", order.terms.shipment)
        writer.member("reference", order.reference)
        writer.member("detail", order.detail)
        writer.endObject()
    }
}
