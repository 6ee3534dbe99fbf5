import Telemetry

/// Messages that overtake one another. Where the profile allows lateness, what a device says is taken that much later and in the order of
/// its own times, so that the order of arrival changes nothing. Where it does not, nothing waits and nothing is paid.
extension StewardCore {
    /// Messages of one device that may wait; beyond it the oldest goes before its time.
    static var maximumHeldMessages: Int { 256 }

    mutating func takeInOrder(_ device: DeviceIndex, _ profile: ProfileIndex, _ time: Int64, allowed: Int64, _ effects: inout [Effect]) {
        let alerts = decoded.alerts.filter { $0.list < 4 }.map { alerts in
            let (scope, codes) = reportedCodes(profile, alerts, former: fleet.records[device].alertCodes)
            return HeldMessage.Alerts(list: alerts.list, hash: alerts.hash, scope: scope, codes: codes)
        }
        let said = decoded.readings.map { decoded.supply($0) }
        // What a supply is, its name and its numbers, is read off the message and does not wait with the level.
        for reading in said { if let reading { noteFacts(device, profile, Int(reading.supply), reading) } }
        let message = HeldMessage(timeMilliseconds: time, readings: decoded.readings, levels: said.map { $0?.level }, alerts: alerts)
        let waiting = fleet.records[device].heldMessages
        // Behind those of the same time: then the order of arrival decides.
        let place = (waiting.lastIndex { $0.timeMilliseconds <= time } ?? -1) + 1
        fleet.records[device].heldMessages.insert(message, at: place)
        if waiting.isEmpty { waitingDevices.append(device) }
        nextQuietCheck = min(nextQuietCheck, now &+ allowed)
        let newest = fleet.records[device].heldMessages.last?.timeMilliseconds ?? time
        settle(device, profile, through: newest &- allowed, &effects)
        while fleet.records[device].heldMessages.count > Self.maximumHeldMessages {
            counters.earlyMessages &+= 1
            settle(device, profile, through: fleet.records[device].heldMessages[0].timeMilliseconds, &effects)
        }
    }

    /// Takes the waiting messages up to a time.
    mutating func settle(_ device: DeviceIndex, _ profile: ProfileIndex, through time: Int64, _ effects: inout [Effect]) {
        while let message = fleet.records[device].heldMessages.first, message.timeMilliseconds <= time {
            fleet.records[device].heldMessages.removeFirst()
            let levels = zip(message.slots, message.levels).map { slot, level in
                level.map { (supply: fleet.profiles[profile].layout.slots[Int(slot)].supply, level: $0) }
            }
            decoded.replace(readings: message.readings, levels: levels)
            fleet.devices[device].newestMilliseconds = max(fleet.devices[device].newestMilliseconds, message.timeMilliseconds)
            takeAll(device, profile, message.timeMilliseconds, &effects)
            for alerts in message.alerts {
                fleet.devices[device].alertHashes[alerts.list] = alerts.hash
                deviceAlerts(
                    device, profile, list: alerts.list, scope: alerts.scope, reported: alerts.codes, message.timeMilliseconds, &effects)
            }
            followUp(device, profile, message.timeMilliseconds, &effects)
        }
    }

    /// Where nothing came for so long that nothing can be on the way any more, what waits is taken, and a backfill is over.
    mutating func followQuiet(_ effects: inout [Effect]) {
        guard now >= nextQuietCheck else { return }
        for device in waitingDevices.sorted() {
            let profile = fleet.devices[device].profile
            let allowed = fleet.profiles[profile].layout.profile.allowedLatenessMilliseconds
            if now &- fleet.devices[device].arrivalMilliseconds >= allowed { settle(device, profile, through: .max, &effects) }
        }
        endLanesIfQuiet(&effects)
        findNextQuietCheck()
    }

    mutating func findNextQuietCheck() {
        waitingDevices.removeAll { fleet.records[$0].heldMessages.isEmpty }
        nextQuietCheck = .max
        for device in waitingDevices {
            let allowed = fleet.profiles[fleet.devices[device].profile].layout.profile.allowedLatenessMilliseconds
            nextQuietCheck = min(nextQuietCheck, fleet.devices[device].arrivalMilliseconds &+ allowed)
        }
        for device in laneDevices {
            guard let lane = fleet.records[device].lanes.first else { continue }
            nextQuietCheck = min(nextQuietCheck, lane.arrivalMilliseconds &+ LateLane.pauseMilliseconds &+ 1)
        }
    }
}
