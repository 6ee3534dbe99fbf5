import ServiceValue
import Telemetry

/// Time of devices that nobody watched.
extension StewardCore {
    /// A gap in the words of a device that was not heard often enough yet to have a habit is no knowledge beyond this.
    private static let youngGapMilliseconds: Int64 = 3_600_000

    /// The device says something that is newer than all before. How it was in a gap that is longer than those it usually leaves, nobody knows:
    /// it was away, or the gateway or the broker was.
    @inline(__always)
    mutating func moveNewest(_ device: DeviceIndex, to time: Int64) {
        if time &- fleet.devices[device].newestMilliseconds > ReportingHabit.shortestLimitMilliseconds { noteGap(device, until: time) }
        fleet.devices[device].newestMilliseconds = time
    }

    @inline(never)
    private mutating func noteGap(_ device: DeviceIndex, until time: Int64) {
        let last = fleet.devices[device].newestMilliseconds
        let limit = presence.limit(of: device, fleet)
        let isYoung =
            fleet.profiles[fleet.devices[device].profile].layout.profile.silentAfterMilliseconds == nil
            && presence.habit(of: device).isYoung
        guard last != .min, time &- last > (isYoung ? min(limit, Self.youngGapMilliseconds) : limit),
            availability.isKnown(device, before: time)
        else { return }
        out.tell(.fellSilent(device, lastMilliseconds: last))
        // What the device said last counts again until it says otherwise.
        if let state = fleet.equipmentState(device) { out.tell(.equipmentState(device, state, at: time)) }
        drain()
    }
}
