import FaultDetection
import RemoteSupport
import ServiceValue
import Telemetry

/// Wear on its way from readings to the days that are left, and to the person who goes there anyway.
extension StewardCore {
    /// Only for a reading that a rule looks at, of a profile that wants something forecast.
    mutating func noteWear(_ device: DeviceIndex, _ derived: LayoutDerived, _ reading: Reading, _ time: Int64) {
        // A dead letter that is taken once more tells of the past.
        guard replayedArrivalMilliseconds == nil else { return }
        for place in derived.wear.indices where derived.wear[place].slot == reading.slot {
            let watch = derived.wear[place]
            if watch.rule.duringWork, fleet.equipmentState(device) != .productive { continue }
            var counter: Double?
            if watch.isByLoad {
                guard let known = fleet.value(device, watch.counter).live else { continue }
                counter = known
            }
            wear.take(
                watch.distance(reading.value), device, place, of: derived.wear.count, at: time,
                holdMilliseconds: watch.bound.holdMilliseconds, gapMilliseconds: watch.gapMilliseconds, counter: counter)
            // What comes late plans nothing: the present is looked at when it is there.
            if derived.plansVisits, wear.isDue(device, at: time), out.isFresh(time) { out.tell(.wearDue(device, at: time)) }
        }
    }

    /// In how many days a fault's condition will be met, for each fault of which that is forecast.
    package func remainingLives(of device: DeviceIndex) -> [(watch: WearWatch, fault: FaultRule, life: RemainingLife)] {
        let profile = fleet.profiles[fleet.devices[device].profile]
        return profile.derived.wear.indices.map { place in
            let watch = profile.derived.wear[place]
            return (watch, profile.layout.profile.faults[watch.fault], remainingLife(of: device, place, profile))
        }
    }

    /// The same for one fault, by its number among the profile's; nil where its profile asks for nothing. A forecast takes about a millisecond, so
    /// the others are not made.
    package func remainingLife(of device: DeviceIndex, fault: Int) -> (watch: WearWatch, life: RemainingLife)? {
        let profile = fleet.profiles[fleet.devices[device].profile]
        guard let place = profile.derived.wear.firstIndex(where: { $0.fault == fault }) else { return nil }
        return (profile.derived.wear[place], remainingLife(of: device, place, profile))
    }

    private func remainingLife(of device: DeviceIndex, _ place: Int, _ profile: ProfileSlot) -> RemainingLife {
        let watch = profile.derived.wear[place]
        let fault = profile.layout.profile.faults[watch.fault]
        guard alarms.standing(device, fault.id, .condition) == nil else { return .unknown(.alreadyMet) }
        return wear.trend(device, place).remainingLife(byLoad: watch.isByLoad)
    }

    /// The same by the forecast of this day, which is made once.
    mutating func knownLife(of device: DeviceIndex, _ place: Int, _ profile: ProfileSlot) -> RemainingLife {
        let watch = profile.derived.wear[place]
        guard alarms.standing(device, profile.layout.profile.faults[watch.fault].id, .condition) == nil else {
            return .unknown(.alreadyMet)
        }
        return wear.life(device, place, byLoad: watch.isByLoad)
    }

    /// A ticket that says also what will be worn before somebody would come again anyway.
    mutating func withWornParts(_ ticket: Ticket, _ device: DeviceIndex, visitMilliseconds: Int64) -> Ticket {
        guard support.ticketState(about: ticket.alarm) == nil else { return ticket }
        var ticket = ticket
        ticket.reason += wornParts(of: device, visitMilliseconds: visitMilliseconds)
        return ticket
    }

    /// What a ticket that sends somebody to the device says of parts that will be worn soon, or before the next visit.
    mutating func wornParts(of device: DeviceIndex, visitMilliseconds: Int64 = 0, except left: Int? = nil) -> String {
        let profile = fleet.profiles[fleet.devices[device].profile]
        var words = ""
        for (place, watch) in profile.derived.wear.enumerated() where place != left {
            let life = knownLife(of: device, place, profile)
            let horizon = max(Double(watch.rule.sameVisitDays), Double(visitMilliseconds) / 86_400_000)
            guard let days = life.days, life.isWithin(days: horizon) else { continue }
            let fault = profile.layout.profile.faults[watch.fault]
            words +=
                "; also replace \(watch.part(fault)): \(Self.span(days.earliest, days.latest)) left until \"\(fault.text)\" is expected"
        }
        return words
    }

    /// "12 to 40 days", in whole days that hold the interval.
    package static func span(_ earliest: Double, _ latest: Double) -> String {
        let (from, to) = (Int(earliest.rounded(.down)), Int(latest.rounded(.up)))
        return from == to ? "\(to) days" : "\(from) to \(to) days"
    }
}
