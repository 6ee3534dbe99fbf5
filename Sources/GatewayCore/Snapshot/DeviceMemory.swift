import ServiceValue

/// What a snapshot of version 6 keeps of one device as JSON, from all desks.
struct DeviceMemory: Sendable, Codable {
    var id: String
    var ledger = DowntimeLedger()
    var incidents: IncidentLog
    var supplies: [SupplyState] = []
    var alertCodes: [[String]] = []
    var activeAlarms: [String] = []
    var recentAlarms: [String] = []
    var shelves: [Shelf] = []
    var heldMessages: [HeldMessage] = []
    /// None or one.
    var lanes: [LateLane] = []
    var parent: String?
    var openRuns: [String] = []
    var topicLeadDays: Double?
    var mendedMilliseconds: Int64?
    var broughtNames: Int?
    var openTickets: [String]?

    init(_ core: StewardCore, _ device: DeviceIndex) {
        let record = core.fleet.records[device]
        id = record.id
        parent = record.parent
        topicLeadDays = record.topicLeadDays
        broughtNames = record.broughtNames == 0 ? nil : record.broughtNames
        let downtime = core.availability.state(of: device) ?? AvailabilityDesk.OfDevice(incidents: IncidentLog(device: id))
        ledger = downtime.ledger
        incidents = downtime.incidents
        supplies = core.supplies.supplies(of: device)
        let alarms = core.alarms.state(of: device)
        alertCodes = alarms.codes
        activeAlarms = alarms.active
        recentAlarms = alarms.recent
        shelves = alarms.shelves
        lanes = alarms.lane.map { [$0] } ?? []
        heldMessages = core.sequencer.waiting(of: device)
        let support = core.support.state(of: device)
        openRuns = support.openRuns
        mendedMilliseconds = support.mendedMilliseconds
        openTickets = support.openTickets.isEmpty ? nil : support.openTickets
    }

    /// Gives the desks what is theirs. Supplies, whose numbers may have changed, are given by the caller.
    func restore(_ core: inout StewardCore, _ device: DeviceIndex, awaitsConfirmation: Bool) {
        core.fleet.records[device].topicLeadDays = topicLeadDays
        core.fleet.records[device].broughtNames = broughtNames ?? 0
        core.availability.restore(device, AvailabilityDesk.OfDevice(ledger: ledger, incidents: incidents))
        core.alarms.restore(
            device,
            AlarmDesk.OfDevice(active: activeAlarms, recent: recentAlarms, shelves: shelves, codes: alertCodes, lane: lanes.first),
            awaitsConfirmation: awaitsConfirmation)
        core.sequencer.restore(device, heldMessages)
        core.support.restore(
            device,
            SupportDesk.OfDevice(openRuns: openRuns, openTickets: openTickets ?? [], mendedMilliseconds: mendedMilliseconds))
    }
}
