import CivilCalendar
import FoundationEssentials
import GatewayCore

/// Maintenance windows of some devices, weekly by the clock on the wall of their zone, and when they are open in truth.
struct ChaosWindows: Sendable {
    private static let fromMinute = 11 * 60 + 30
    private static let untilMinute = 14 * 60
    private static let nightFromMinute = 90
    private static let nightUntilMinute = 210

    let planned: [MaintenanceWindow]
    private let maintained: Set<String>
    private let zone: ZoneRules

    /// Every fourth device has one around noon on two working days, and one in the night in which summer time begins and ends.
    init(_ scenario: ChaosScenario, _ truths: [DeviceTruth]) {
        zone = scenario.zone
        let some = truths.map(\.name).filter { ($0.utf8.last ?? 0) % 4 == 0 }
        maintained = Set(some)
        planned = some.flatMap { name in
            [
                ("noon", [Weekday.tuesday, .thursday], Self.fromMinute, Self.untilMinute),
                ("night", [.sunday], Self.nightFromMinute, Self.nightUntilMinute),
            ].map { id, days, from, until in
                MaintenanceWindow(
                    id: "\(name)-\(id)", scope: .device(name), schedule: .weekly(days: days, fromMinute: from, untilMinute: until),
                    zone: scenario.zoneBytes.isEmpty ? "UTC" : "site", zoneBytes: Data(scenario.zoneBytes), by: "ann", reason: "weekly")
            }
        }
    }

    /// Without the calculations of the core: the time on the wall says it.
    func isOpen(_ device: String, at time: Int64) -> Bool {
        guard maintained.contains(device) else { return false }
        let local = time / 1000 + Int64(zone.offsetSeconds(atUTCSeconds: time / 1000))
        let minute = Int(local % 86_400) / 60
        switch Weekday(daysSince1970: Int(local / 86_400)) {
        case .tuesday, .thursday: return (Self.fromMinute..<Self.untilMinute).contains(minute)
        case .sunday: return (Self.nightFromMinute..<Self.nightUntilMinute).contains(minute)
        default: return false
        }
    }
}
