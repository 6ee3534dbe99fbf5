import Telemetry

/// The way of messages that come in a burst after an outage.
extension StewardCore {
    /// Some message may be one of a burst.
    @inline(__always)
    var mayBeBacklog: Bool { presence.isCatchingUp || !backlog.isEmpty }

    /// Keeps a message without a time of its own for the end of the burst. One with a time says itself when that was.
    /// - Returns: whether it was kept.
    @inline(never)
    mutating func isBacklog(
        _ message: DecodedMessage, _ device: DeviceIndex, _ profile: ProfileIndex, at time: Int64, wasSilent: Bool, lastHeard: Int64
    ) -> Bool {
        guard presence.isCatchingUp || wasSilent || backlog[device] != nil else { return false }
        guard fleet.devices[device].isDatedByArrival else { return false }
        let heardUntil = wasSilent ? min(lastHeard, presence.isCatchingUp ? presence.heardUntil : lastHeard) : presence.heardUntil
        out.counters.backlog &+= 1
        let said = message.readings.map { message.supply($0) }
        for reading in said { if let reading { noteFacts(device, profile, reading) } }
        backlog.note(
            device,
            HeldMessage(
                timeMilliseconds: time, readings: message.readings, levels: said.map { $0?.level },
                alerts: codeReports(message, device, profile)), at: now, heardUntil: heardUntil)
        return true
    }

    /// When the last of the devices that are being heard out will be, if they say nothing more; nil: there is none.
    public var backlogEndMilliseconds: Int64? { backlog.devices.compactMap { backlog[$0]?.dueMilliseconds }.max() }

    /// Devices that are through with their queues.
    mutating func followBacklog() {
        guard now >= backlog.nextDue, !presence.isCatchingUp else { return }
        for device in backlog.devices where backlog[device].map({ now >= $0.dueMilliseconds }) == true {
            endBurst(device, isQueue: false)
        }
        backlog.findNextDue()
    }

    /// The gateway has taken what waited for it at the broker, or is cut off from the rest.
    mutating func endBacklog() {
        guard presence.isCatchingUp else { return }
        presence.caughtUp()
        for device in backlog.devices { endBurst(device, isQueue: true) }
        backlog.findNextDue()
    }

    /// - Parameter isQueue: what it said is known to be of an outage.
    private mutating func endBurst(_ device: DeviceIndex, isQueue: Bool) {
        guard let burst = backlog.take(device) else { return }
        let message = burst.message
        let profile = fleet.devices[device].profile
        out.isOfThePast = (isQueue || burst.isQueue) && !out.isFresh(burst.heardUntilMilliseconds)
        let time = message.timeMilliseconds
        moveNewest(device, to: max(fleet.devices[device].newestMilliseconds, time))
        fleet.devices[device].isDatedByArrival = true
        fleet.devices[device].isNewestByArrival = fleet.devices[device].newestMilliseconds == time
        let wasDown = fleet.devices[device].isDownByCode
        noteDownCodes(device, with: message.alerts)
        takeAll(message.decoded(fleet.profiles[profile].layout.slots), device, profile, time)
        for report in message.alerts {
            fleet.devices[device].note(list: report.list, at: time)
            take(report, device, at: time)
        }
        if fleet.devices[device].isDownByCode != wasDown { tellDownByCode(device, at: time) }
        followUp(device, profile, lists: message.alerts.map(\.list), time)
        out.isOfThePast = false
    }
}
