import CoreViews
import GatewayCore
import Threading

/// The ids of all devices, sorted, for listings. Sorting twenty thousand takes tens of milliseconds and would hold up the core's thread. So the
/// ids are read in slices, sorted on the asking thread, and cached.
final class DeviceDirectory: @unchecked Sendable {
    // @unchecked: everything is guarded by the monitor.
    private let monitor = Monitor()
    private var ids: [String] = []
    private var readMilliseconds: Int64 = .min / 2
    private var event: Int64 = -1

    /// Up to this age the cached ids are used when the number of devices is unchanged.
    private static let maximumAgeMilliseconds: Int64 = 2000

    func sorted(_ core: CoreWorker, hasLeft: () -> Bool) throws(NotAnswered) -> [String] {
        let (count, last) = try core.ask { ($0.deviceCount, $0.lastEvent) }
        let kept: [String]? = monitor.withLock {
            let isYoung = Clock.monotonicMilliseconds() - readMilliseconds < Self.maximumAgeMilliseconds
            return count == ids.count && (isYoung || event == last) ? ids : nil
        }
        if let kept { return kept }
        let began = Clock.monotonicMilliseconds()
        let found = try core.walk((ids: [String](), place: 0), hasLeft: hasLeft) { core, found in
            guard found.place < core.devicePlaces else { return false }
            if let id = core.deviceID(at: found.place) { found.ids.append(id) }
            found.place += 1
            return true
        }
        let sorted = found.ids.sorted()
        monitor.withLock {
            ids = sorted
            readMilliseconds = began
            event = last
        }
        return sorted
    }
}
