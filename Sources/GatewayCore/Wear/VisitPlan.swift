import CivilCalendar
import Telemetry

/// What is planned for one part that wears. Once per course of wear: what a person has closed is not opened again.
package struct VisitPlan: Equatable, Sendable, Codable {
    /// How many parts were replaced so far, so that each has a ticket of its own.
    var course = 0
    /// What the ticket is about; nil while no visit is planned.
    package var subject: String?
    /// The order whose supply is installed at the same visit; nil where the visit is for the part alone.
    var order: String?
    /// The part was replaced since the plan was looked at.
    var isReplaced = false
    /// The supply was installed and the part goes on wearing: it is planned anew from this event time on, when a replacement would have shown.
    var againMilliseconds: Int64?
}

/// The plans of one device, in the order of its profile's `WearWatch`es.
struct DeviceVisits: Equatable, Sendable {
    /// Event time from which on its wear is looked at again.
    var dueMilliseconds = Int64.min
    var plans: [VisitPlan] = []

    var stateBytes: Int { MemoryLayout<DeviceVisits>.stride + plans.count * MemoryLayout<VisitPlan>.stride }

    mutating func shift(byMilliseconds step: Int64) {
        if dueMilliseconds != .min { dueMilliseconds = dueMilliseconds.shifted(byMilliseconds: step) }
        for place in plans.indices { plans[place].againMilliseconds = plans[place].againMilliseconds.shifted(byMilliseconds: step) }
    }
}

/// The next time that somebody has to go to a device anyway: to install a supply that was ordered for it.
struct SupplyVisit: Sendable {
    var order: String
    /// What the ticket of that visit is about.
    var subject: String
    /// "black (BK-1)".
    var supply: String
    /// Where it is, as the end of a sentence.
    var whereabouts: String
    /// Arrival time by which it is there, as likely as not to be late as a delivery is.
    var dueMilliseconds: Int64
    /// It comes no more.
    var isCalledOff = false
}
