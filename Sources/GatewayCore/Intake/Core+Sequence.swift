import Telemetry

/// The way of a message through the sequencer.
extension StewardCore {
    mutating func takeInOrder(_ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex, at time: Int64, allowed: Int64) {
        let said = message.readings.map { message.supply($0) }
        // What a supply is, its name and its numbers, is read off the message and does not wait with the level.
        for reading in said { if let reading { noteFacts(device, profile, reading) } }
        let held = HeldMessage(
            timeMilliseconds: time, readings: message.readings, levels: said.map { $0?.level },
            alerts: codeReports(message, device, profile))
        sequencer.add(held, device, dueMilliseconds: now &+ allowed)
        let newest = sequencer.waiting(of: device).last?.timeMilliseconds ?? time
        takeWaiting(device, through: newest &- allowed)
        while let oldest = sequencer.waiting(of: device).first, sequencer.waiting(of: device).count > MessageSequencer.maximumWaiting {
            out.counters.earlyMessages &+= 1
            takeWaiting(device, through: oldest.timeMilliseconds)
        }
    }

    /// Takes the waiting messages up to a time.
    private mutating func takeWaiting(_ device: DeviceIndex, through time: Int64) {
        while let message = sequencer.next(device, through: time) {
            let profile = fleet.devices[device].profile
            moveNewest(device, to: max(fleet.devices[device].newestMilliseconds, message.timeMilliseconds))
            let hintLists = fleet.profiles[profile].derived.isHintList
            for report in message.alerts where hintLists.indices.contains(report.list) && hintLists[report.list] {
                supplies.note(report, device, at: message.timeMilliseconds)
            }
            let wasDown = fleet.devices[device].isDownByCode
            noteDownCodes(device, with: message.alerts)
            takeAll(message.decoded(fleet.profiles[profile].layout.slots), device, profile, message.timeMilliseconds)
            for report in message.alerts { fleet.devices[device].note(list: report.list, at: message.timeMilliseconds) }
            for report in message.alerts { take(report, device, at: message.timeMilliseconds) }
            if fleet.devices[device].isDownByCode != wasDown { tellDownByCode(device, at: message.timeMilliseconds) }
            followUp(device, profile, lists: message.alerts.map(\.list), message.timeMilliseconds)
        }
    }

    /// Where nothing came for so long that nothing can be on the way any more, what waits is taken.
    mutating func followSequence() {
        guard now >= sequencer.nextDue else { return }
        for device in sequencer.waitingDevices {
            let allowed = fleet.rules(of: device).allowedLatenessMilliseconds
            if now &- fleet.devices[device].arrivalMilliseconds >= allowed { takeWaiting(device, through: .max) }
        }
        sequencer.findNextDue(fleet)
    }
}
