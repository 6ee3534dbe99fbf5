import FaultDetection
import Telemetry

extension StewardCore {
    /// After how long without a message the device counts as silent, as of now; nil when there is no such device.
    public func silentAfterMilliseconds(_ id: String) -> Int64? { fleet.device(spelled: id).map { presence.limit(of: $0, fleet) } }
}

/// Devices that the configuration expects and that have never been heard: silence cannot find them, because it begins with a first word.
extension StewardCore {
    /// Asked as often as silence is.
    mutating func lookForExpected() {
        for (name, expected) in configuration.expected.sorted(by: { $0.key < $1.key }) {
            guard let device = expectedDevice(name, expected) else { continue }
            guard fleet.devices[device].arrivalMilliseconds == .min else {
                fleet.records[device].expectedSinceMilliseconds = nil
                continue
            }
            let since = fleet.records[device].expectedSinceMilliseconds ?? now
            fleet.records[device].expectedSinceMilliseconds = since
            guard !fleet.devices[device].isSilent, now &- max(since, presence.listeningSince) >= expected.withinMilliseconds else {
                continue
            }
            presence.neverSpoke(device, since: since, &fleet, &out)
        }
        drain()
    }

    /// Makes the device known, so that it is listed and can have an alarm.
    private mutating func expectedDevice(_ name: String, _ expected: ExpectedDevice) -> DeviceIndex? {
        if let known = fleet.device(spelled: name) { return known }
        let profile = fleet.baseProfiles.first { fleet.profiles[$0].layout.profile.name == expected.profile }
        guard let profile, !fleet.profiles[profile].rules.messages.isEmpty else { return nil }
        budget.begin(lastEvent, effects: out.effects.count)
        return admit(name, profile: profile)
    }
}
