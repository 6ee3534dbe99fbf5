import Documents
import FaultDetection
import RemoteSupport
import Replenishment
import SampleCodec
import ServiceValue
import Telemetry

/// How devices go: a person removes them, or they give way to new ones because almost nothing was ever heard of them. What a device took is free
/// for the next one, and its id may come again.
extension StewardCore {
    /// A device of which one message was heard, and nothing for so long after it, may give way.
    static var forgettableMilliseconds: Int64 { 300_000 }
    /// Devices that are looked at for one new one, so that a flood of invented ids costs little each.
    private static var looksPerAdmission: Int { 512 }

    public var deviceCount: Int { fleet.deviceCount }

    /// A person takes a device out. False when there is none of that id.
    mutating func remove(_ id: String, by person: String, _ effects: inout [Effect]) -> Bool {
        guard let device = fleet.device(spelled: id) else { return false }
        end(device, by: person, &effects)
        effects.decide(.deviceRemoved, at: now, device: id) { writer in writer.member("by", person) }
        vacate(device)
        return true
    }

    /// Whether a new device may be made, when need be in the place of one that hardly proved to be one. Who was refused and comes again has
    /// said more than any of which one message was heard, and need not wait until that is long ago.
    mutating func hasRoomForDevice(_ id: String, _ effects: inout [Effect]) -> Bool {
        if deviceCount < configuration.maximumDevices { return true }
        let isAgain = refusedNames.isAgain(id)
        for _ in 0..<min(Self.looksPerAdmission, fleet.devices.count) {
            admissionHand = admissionHand + 1 < fleet.devices.count ? admissionHand + 1 : 0
            let device = DeviceIndex(place: Int32(admissionHand))
            guard isForgettable(device, atOnce: isAgain) else { continue }
            end(device, by: "steward", &effects)
            vacate(device)
            budgets.count(.devicesForgotten)
            return true
        }
        return false
    }

    /// Nothing of what it said was understood; or one message was, long ago, and it left nothing that anybody could miss.
    func isForgettable(_ device: DeviceIndex, atOnce: Bool = false) -> Bool {
        let state = fleet.devices[device]
        guard state.messages <= 1, !state.isVacant else { return false }
        guard atOnce || state.messages == 0 || now &- state.arrivalMilliseconds >= Self.forgettableMilliseconds else { return false }
        let record = fleet.records[device]
        return record.openRuns.isEmpty && record.shelves.isEmpty && record.incidents.open == nil && record.incidents.closedCount == 0
            && record.supplies.allSatisfy { $0.order == nil } && record.activeAlarms.allSatisfy { alarms[$0]?.source == .silence }
    }

    // MARK: The end of what is open

    private mutating func end(_ device: DeviceIndex, by person: String, _ effects: inout [Effect]) {
        let id = fleet.records[device].id
        let own = Set(fleet.records[device].activeAlarms)
        held.removeAll { own.contains($0) }
        for run in fleet.records[device].openRuns { endRun(run, of: id, &effects) }
        fleet.records[device].openRuns = []
        if !fleet.records[device].lanes.isEmpty { endLane(device, &effects) }
        for order in orders.ids where orders[order]?.device == id && orders[order]?.state.isFinal == false {
            _ = cancel(order, person, "the device was removed", &effects)
        }
        if fleet.records[device].incidents.open != nil {
            enter(device, .standby, at: max(now, fleet.devices[device].newestMilliseconds), &effects)
        }
        for alarm in fleet.records[device].activeAlarms { finish(device, alarm, at: now, [], &effects) }
        flapping.removeAll { own.contains($0) }
        for ticket in tickets.ids where tickets[ticket]?.device == id && tickets[ticket]?.state != .closed {
            _ = tickets.update(ticket) { $0.state = .closed }
            effects.decide(.ticketClosed, at: now, device: id) { writer in
                writer.member("ticket", ticket)
                writer.member("by", person)
            }
        }
        for (slot, _) in fleet.places(of: device) { handOutChunk(device, fleet.devices[device].profile, slot, &effects) }
    }

    private mutating func endRun(_ run: String, of device: String, _ effects: inout [Effect]) {
        if let request = runs[run]?.attempts.last?.requestID { effects.append(.withdraw(key: request)) }
        _ = runs.update(run) { $0.deviceWasRemoved() }
        openRuns.removeAll { $0 == run }
        effects.decide(.commandOutcome, at: now, device: device) { writer in
            writer.member("request", runs[run]?.attempts.last?.requestID)
            writer.member("outcome", "overtaken")
            writer.member("detail", "the device was removed")
            writer.member("alarm", runs[run]?.alarm)
        }
    }

    // MARK: What becomes free

    /// Everything that the device took is free, and its place is vacant.
    mutating func vacate(_ device: DeviceIndex) {
        sparkplug.targets[fleet.records[device].id] = nil
        waitingDevices.removeAll { $0 == device }
        laneDevices.removeAll { $0 == device }
        shelvingDevices.removeAll { $0 == device }
        orphans.removeAll { $0.device == device }
        releaseDetectors(device)
        fleet.vacate(device)
    }
}
