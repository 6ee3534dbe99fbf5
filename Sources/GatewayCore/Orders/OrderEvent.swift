import Replenishment

/// What people and suppliers say about orders and stock beyond the plain report of a state (`ControlEvent.orderUpdate`).
public enum OrderEvent: Equatable, Sendable, Codable {
    /// A second person agrees.
    case approve(order: String, by: String)
    case reject(order: String, by: String, reason: String?)
    case cancel(order: String, by: String, reason: String?)
    /// A person asks for an order by hand.
    /// `despite` names the order that failed and may have been taken all the same.
    case request(device: String, supply: String, by: String, despite: String? = nil)
    /// The supplier has the order, or the shipment, of this key already, and not from us.
    case duplicate(key: String, detail: String?)
    /// A report on one line, counted from 1, of an order or a shipment.
    case line(key: String, line: Int, state: SupplyOrder.State, reference: String?, detail: String?)
    case stockCounted(item: String, units: Int, by: String)
    /// Units that came, or with a minus were taken.
    case stockAdded(item: String, units: Int, by: String)
}
