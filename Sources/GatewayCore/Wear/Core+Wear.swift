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

    /// A ticket that says also what will be worn before somebody would come again anyway.
    func withWornParts(_ ticket: Ticket, _ device: DeviceIndex, visitMilliseconds: Int64) -> Ticket {
        // A forecast takes about a millisecond: none where the ticket is there already.
        guard support.tickets[ticket.id] == nil else { return ticket }
        var ticket = ticket
        for (watch, fault, life) in remainingLives(of: device) {
            guard let days = life.days, days.earliest * 86_400_000 < Double(visitMilliseconds) else { continue }
            let part = watch.rule.part.isEmpty ? "what \"\(fault.text)\" is about" : watch.rule.part
            ticket.reason += "; also replace \(part): \(Self.span(days.earliest, days.latest)) left until \"\(fault.text)\" is expected"
        }
        return ticket
    }

    /// "12 to 40 days", in whole days that hold the interval.
    package static func span(_ earliest: Double, _ latest: Double) -> String {
        let (from, to) = (Int(earliest.rounded(.down)), Int(latest.rounded(.up)))
        return from == to ? "\(to) days" : "\(from) to \(to) days"
    }
}
