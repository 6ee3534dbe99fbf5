import FaultDetection
import RemoteSupport
import Telemetry

/// One device has a bounded number of alarms and tickets at a time. What goes beyond is counted and told together, the most severe alarms stay, and
/// a device that makes up codes fills neither the site's lists nor a ticket desk.
extension StewardCore {
    static var maximumStandingAlarms: Int { 64 }
    /// Codes that are remembered of one list of a device, with all its scopes.
    static var maximumReportedCodes: Int { 256 }
    static var maximumOpenTickets: Int { 16 }
    static var maximumOpenRunsPerDevice: Int { 16 }
    static var foldedCondition: String { "steward:too-many-alarms" }

    /// Whether one more alarm may stand; makes room when a less severe one stands. What the gateway itself says is not counted.
    mutating func hasRoom(_ device: DeviceIndex, for cause: AlarmCause, at time: Int64, _ effects: inout [Effect]) -> Bool {
        guard fleet.records[device].activeAlarms.count >= Self.maximumStandingAlarms, isFromDevice(cause.source),
            cause.condition != Self.foldedCondition
        else { return true }
        var least: Alarm?
        for alarm in fleet.records[device].activeAlarms.compactMap({ alarms[$0] })
        where isFromDevice(alarm.source) && alarm.condition != Self.foldedCondition && alarm.severity >= least?.severity ?? .critical {
            // Of the least severe ones the newest.
            least = alarm
        }
        guard let least, cause.severity < least.severity else { return false }
        finish(device, least.id, at: time, [], &effects)
        // As if it had not been reported, so that it is told when there is room and it is reported again.
        for list in fleet.records[device].alertCodes.indices where least.source == .deviceAlert {
            fleet.records[device].alertCodes[list].removeAll { $0 == least.condition }
        }
        fold(device, at: time, &effects)
        return true
    }

    private func isFromDevice(_ source: Alarm.Source) -> Bool { source == .condition || source == .deviceAlert || source == .anomaly }

    /// One alarm says that there are more than are shown.
    mutating func fold(_ device: DeviceIndex, at time: Int64, _ effects: inout [Effect]) {
        budgets.count(.alarmsFolded)
        guard standing(device, Self.foldedCondition, .deviceAlert) == nil else { return }
        let cause = AlarmCause(
            condition: Self.foldedCondition, source: .deviceAlert, severity: .major,
            text: "The device has more than \(Self.maximumStandingAlarms) alarms at a time; the least severe of them are only counted",
            playbook: nil, onsetMilliseconds: time)
        raise(device, cause, at: time, &effects)
    }

    /// It ends when half of the room is free.
    mutating func unfold(_ device: DeviceIndex, at time: Int64, _ effects: inout [Effect]) {
        guard fleet.records[device].activeAlarms.count <= Self.maximumStandingAlarms / 2,
            standing(device, Self.foldedCondition, .deviceAlert) != nil
        else { return }
        clear(device, condition: Self.foldedCondition, source: .deviceAlert, at: time, [], &effects)
    }

    /// Whether a ticket is opened by itself. One that is worse than all that are open always is; the others are told by one that says so.
    mutating func takesTicket(_ device: DeviceIndex, _ ticket: Ticket, _ effects: inout [Effect]) -> Bool {
        let open = (fleet.records[device].openTickets ?? []).filter { tickets[$0]?.state == .open }
        let isWorse = open.allSatisfy { tickets[$0].map { ticket.severity < $0.severity } ?? true }
        guard open.count >= Self.maximumOpenTickets, !isWorse else {
            fleet.records[device].openTickets = open + [ticket.id]
            return true
        }
        budgets.count(.ticketsFolded)
        let together = Ticket(
            alarm: "\(fleet.records[device].id)/\(Self.foldedCondition)", device: fleet.records[device].id, severity: ticket.severity,
            text: "The device has more troubles than tickets are opened for",
            reason: "\(open.count) tickets about it are open; further ones are not opened one by one", onsetMilliseconds: now)
        if tickets[together.id]?.state != .open { tellTicket(together, &effects) }
        return false
    }
}
