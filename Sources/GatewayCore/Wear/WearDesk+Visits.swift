import CivilCalendar
import FaultDetection
import Hashing
import RemoteSupport
import Telemetry

/// Visits that are planned before a part is worn: together with a delivery that comes in time, or alone.
extension WearDesk {
    private static let dayMilliseconds: Int64 = 86_400_000
    /// After a supply was installed, so many days show whether the part was replaced at the same visit.
    private static let daysToShow: Int64 = 4

    /// What is known of the device beside its wear.
    struct Surroundings {
        /// The state of the ticket of the present plan; nil where it is forgotten.
        var ticket: Ticket.State?
        /// The order that the visit is planned with comes no more.
        var isCalledOff = false
        /// The next delivery, where it may be joined.
        var visit: SupplyVisit?
        /// What the parts that wear beside this one add to a ticket of its own.
        var otherParts = ""
    }

    /// The time of day has come at which the wear of this device is looked at.
    @inline(__always)
    func isDue(_ device: DeviceIndex, at time: Int64) -> Bool { !visits.contains(device) || time >= visits[device].dueMilliseconds }

    /// Next time is tomorrow. Devices have different times of day, so that not all forecasts of a fleet are made in the minute after midnight.
    mutating func looked(_ device: DeviceIndex, named name: String, at time: Int64, of count: Int) {
        visits.reach(device, with: DeviceVisits())
        while visits[device].plans.count < count { visits[device].plans.append(VisitPlan()) }
        let offset = Int64(ContentHash.combine(ContentHash.seed, name) % UInt64(Self.dayMilliseconds))
        let days = (time &- offset).dividedDown(by: Self.dayMilliseconds)
        visits[device].dueMilliseconds = (days &+ 1) &* Self.dayMilliseconds &+ offset
    }

    package func plan(_ device: DeviceIndex, _ place: Int) -> VisitPlan? {
        guard visits.contains(device), visits[device].plans.indices.contains(place) else { return nil }
        return visits[device].plans[place]
    }

    /// A new course of wear has begun.
    mutating func noteReplacement(_ device: DeviceIndex, _ place: Int) {
        if plan(device, place) != nil { visits[device].plans[place].isReplaced = true }
    }

    /// What was planned is over because the part was replaced, or what it was planned with has come or comes no more.
    mutating func settle(
        _ device: DeviceIndex, _ place: Int, part: String, _ around: Surroundings, at time: Int64, _ out: inout StepOutput
    ) {
        guard var plan = plan(device, place) else { return }
        defer { visits[device].plans[place] = plan }
        if plan.isReplaced {
            if let subject = plan.subject {
                let words = "\(part) seems to have been replaced: its wear has begun anew"
                out.tell(plan.order == nil ? .subjectMended(subject) : .ticketNote(subject: subject, words))
            }
            plan = VisitPlan(course: plan.course + 1)
        } else if plan.order != nil, let subject = plan.subject {
            if around.ticket == .open, around.isCalledOff {
                out.tell(.subjectMended(subject))
                plan = VisitPlan(course: plan.course)
            } else if around.ticket == .recovered {
                let again = plan.againMilliseconds ?? time &+ Self.daysToShow &* Self.dayMilliseconds
                plan.againMilliseconds = again
                if time >= again { plan = VisitPlan(course: plan.course) }
            }
        }
    }

    /// Plans a visit where the condition may be met soon.
    mutating func planVisit(
        _ device: DeviceIndex, _ place: Int, _ watch: WearWatch, _ fault: FaultRule, _ life: RemainingLife, _ around: Surroundings,
        _ fleet: FleetState, _ out: inout StepOutput
    ) {
        guard let plan = plan(device, place), let visitDays = watch.rule.visitDays, let aloneDays = watch.rule.ownVisitDays else { return }
        guard let days = life.days else {
            // What looked like wear was none.
            if plan.order == nil, let subject = plan.subject, life == .unknown(.noDrift) || life == .unknown(.movesAway) {
                out.tell(.subjectMended(subject))
            }
            return
        }
        let part = watch.part(fault)
        let name = fleet.records[device].id
        let left = "\(StewardCore.span(days.earliest, days.latest)) left until \"\(fault.text)\" is expected"
        func ticket(_ subject: String, _ text: String, _ reason: String) -> Ticket {
            Ticket(alarm: subject, device: name, severity: .minor, text: text, reason: reason, onsetMilliseconds: out.now)
        }
        if plan.subject == nil, life.isWithin(days: Double(visitDays)), let visit = around.visit,
            Double(visit.dueMilliseconds &- out.now) < days.earliest * Double(Self.dayMilliseconds)
        {
            (visits[device].plans[place].subject, visits[device].plans[place].order) = (visit.subject, visit.order)
            let text = "Replace \(part) when \(visit.supply) is installed"
            return out.tell(
                .visitPlanned(
                    device, ticket(visit.subject, text, "\(part): \(left); \(visit.supply) \(visit.whereabouts): one visit for both")))
        }
        // The ticket of an own visit that had recovered is opened again.
        let isOwn = plan.subject != nil && plan.order == nil && around.ticket == .recovered
        guard life.isWithin(days: Double(aloneDays)), plan.subject == nil || isOwn else { return }
        let subject = "\(name)/\(fault.id)/wear/\(plan.course)"
        visits[device].plans[place].subject = plan.subject ?? subject
        out.tell(
            .ticketWanted(
                device, ticket(plan.subject ?? subject, "Replace \(part)", "\(left), and no delivery comes before that\(around.otherParts)")
            ))
    }

    // MARK: Snapshot and digest

    struct VisitMemory: Codable {
        struct Plan: Codable {
            var fault: String
            var shape: UInt64
            var plan: VisitPlan
        }
        var dueMilliseconds: Int64
        var plans: [Plan]
    }

    /// Nil where nothing was planned, and nothing looked at.
    func visitMemory(of device: DeviceIndex, _ fleet: FleetState) -> VisitMemory? {
        guard visits.contains(device), visits[device] != DeviceVisits() else { return nil }
        let profile = fleet.profiles[fleet.devices[device].profile]
        let plans = zip(profile.derived.wear, visits[device].plans).map { watch, plan in
            VisitMemory.Plan(fault: profile.layout.profile.faults[watch.fault].id, shape: watch.shape, plan: plan)
        }
        return VisitMemory(dueMilliseconds: visits[device].dueMilliseconds, plans: plans)
    }

    /// A plan for a condition that is another one now is let go; the next one has a ticket of its own.
    mutating func restore(_ device: DeviceIndex, _ memory: VisitMemory, _ fleet: FleetState) {
        let profile = fleet.profiles[fleet.devices[device].profile]
        guard profile.derived.plansVisits else { return }
        visits.reach(device, with: DeviceVisits())
        visits[device].dueMilliseconds = memory.dueMilliseconds
        visits[device].plans = profile.derived.wear.map { watch in
            let id = profile.layout.profile.faults[watch.fault].id
            guard let known = memory.plans.first(where: { $0.fault == id }) else { return VisitPlan() }
            return known.shape == watch.shape ? known.plan : VisitPlan(course: known.plan.course &+ 1)
        }
    }

    func visitLines(_ device: DeviceIndex, _ fleet: FleetState) -> [String] {
        guard let memory = visitMemory(of: device, fleet) else { return [] }
        let name = fleet.records[device].id
        return ["wear looked at \(name) \(memory.dueMilliseconds)"]
            + memory.plans.map { known in
                let plan = known.plan
                return "visit \(name) \(known.fault) \(plan.course) \(plan.subject ?? "-") \(plan.order ?? "-") \(plan.isReplaced) "
                    + "\(plan.againMilliseconds ?? -1)"
            }
    }
}
