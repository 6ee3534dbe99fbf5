import Replenishment
import Telemetry

/// Lead times that the topic tells: `site/{lead}/{device}/status`.
extension StewardCore {
    /// How long an order of this supply takes: as its topic says, else as the supplier's entry says, else as the profile says.
    func leadTime(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int) -> LeadTime {
        let rule = fleet.profiles[profile].layout.profile.supplies[fleet.profiles[profile].layout.supplies[supply].rule]
        let told = rule.leadTimeCapture == nil ? nil : fleet.records[device].topicLeadDays
        let supplier = supplierWithTimes(device, profile, supply)
        return LeadTime(
            days: told ?? supplier?.leadTimeDays ?? Double(rule.leadTimeMilliseconds) / 86_400_000,
            spread: supplier?.leadTimeSpread ?? rule.leadTimeSpread)
    }

    /// The days on which whoever would deliver it works; nil counts every day.
    func supplierCalendar(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int) -> SupplierCalendar? {
        supplierWithTimes(device, profile, supply)?.calendar ?? configuration.supplierCalendar
    }

    /// The supplier that would take an order of this supply; nil, for nothing, where all suppliers have the same times.
    private func supplierWithTimes(_ device: DeviceIndex, _ profile: ProfileIndex, _ supply: Int) -> ReplenishmentPolicy.Supplier? {
        guard configuration.replenishment.hasSupplierTimes else { return nil }
        let policy = configuration.replenishment
        return policy.supplier(
            item: item(device, profile, supply), profile: fleet.profiles[profile].layout.profile.name,
            site: policy.site(ofDevice: fleet.records[device].id))
    }

    /// Asked once for each topic, when it is met first.
    mutating func learnLeadTime(_ device: DeviceIndex, _ candidate: Candidate, _ frame: Segment.Frame) {
        guard let message = candidate.message else { return }
        let profile = fleet.profiles[candidate.profile].layout.profile
        guard let name = profile.supplies.lazy.compactMap(\.leadTimeCapture).first else { return }
        let captured = profile.messages[message].topic.captured(frame.topic).first { $0.name == name }?.value
        guard let digits = captured?.drop(while: { !$0.isNumber }).prefix(while: { $0.isNumber || $0 == "." }) else { return }
        guard let days = Double(digits), (0...365).contains(days) else { return }
        fleet.records[device].topicLeadDays = days
    }
}
