import Documents
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
    mutating func remove(_ id: String, by person: String) -> Bool {
        guard let device = fleet.device(spelled: id) else { return false }
        let successor = handOnByLikeness(device)
        end(device, by: person)
        out.decide(.deviceRemoved, at: now, device: id) { writer in
            writer.member("by", person)
            guard let successor else { return }
            writer.member("successor", successor)
            writer.member("reason", "its counter and its levels go on there")
        }
        vacate(device)
        return true
    }

    /// Whether a new device may be made, when need be in the place of one that hardly proved to be one. Who was refused and comes again has
    /// said more than any of which one message was heard, and need not wait until that is long ago.
    mutating func hasRoomForDevice(_ id: String) -> Bool {
        if deviceCount < configuration.maximumDevices { return true }
        let isAgain = refusedNames.isAgain(id)
        for _ in 0..<min(Self.looksPerAdmission, fleet.devices.count) {
            admissionHand = admissionHand + 1 < fleet.devices.count ? admissionHand + 1 : 0
            let device = DeviceIndex(admissionHand)
            guard isForgettable(device, atOnce: isAgain) else { continue }
            end(device, by: "steward")
            vacate(device)
            out.budgets.count(.devicesForgotten)
            return true
        }
        return false
    }

    /// Nothing of what it said was understood; or one message was, long ago, and it left nothing that anybody could miss.
    func isForgettable(_ device: DeviceIndex, atOnce: Bool = false) -> Bool {
        let state = fleet.devices[device]
        guard state.messages <= 1, !state.isVacant, fleet.records[device].expectedSinceMilliseconds == nil else { return false }
        guard atOnce || state.messages == 0 || now &- state.arrivalMilliseconds >= Self.forgettableMilliseconds else { return false }
        return !support.hasOpenRuns(device) && alarms.isForgettable(device) && availability.isForgettable(device)
            && supplies.isForgettable(device)
    }

    /// Everything that is open of the device ends.
    mutating func end(_ device: DeviceIndex, by person: String) {
        let id = fleet.records[device].id
        alarms.forgetHeld(of: device)
        support.endRuns(of: device, id, &out)
        alarms.endLane(device, fleet, &out)
        handOnBySerial(device)
        orders.cancelAll(of: id, by: person, fleet, &out)
        if availability.hasOpenIncident(device) {
            out.tell(.equipmentState(device, .standby, at: max(now, fleet.devices[device].newestMilliseconds)))
        }
        drain()
        alarms.endAll(of: device, fleet, &out)
        drain()
        support.closeTickets(of: id, by: person, &out)
        for (slot, _) in fleet.places(of: device) { handOutChunk(device, fleet.devices[device].profile, slot) }
    }

    /// Everything that the device took is free, and its place is vacant.
    mutating func vacate(_ device: DeviceIndex) {
        sparkplug.targets[fleet.records[device].id] = nil
        orphans.removeAll { $0.device == device }
        sequencer.vacate(device)
        backlog.vacate(device)
        clocks.vacate(device)
        presence.vacate(device)
        releaseDetectors(device)
        wear.vacate(device)
        alarms.vacate(device, named: fleet.records[device].id)
        let (name, newest) = (fleet.records[device].id, fleet.devices[device].newestMilliseconds)
        availability.vacate(device, named: name, lastMilliseconds: newest, &out)
        supplies.vacate(device)
        fleet.vacate(device)
    }
}
