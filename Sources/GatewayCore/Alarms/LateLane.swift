import CivilCalendar

/// The judging of late readings: as much as the live conditions remember, for a backfill's own time.
struct LateLane: Equatable, Sendable, Codable {
    var cells: [Int64]
    /// Event time of the newest late reading, and when it came.
    var newestMilliseconds: Int64
    var arrivalMilliseconds: Int64
    var alertCodes: [[String]] = []
    /// Late alarms by what they are about: those that stand in the lane's time, and those that went away last.
    var open: [String: String] = [:]
    var closed: [String: String] = [:]

    /// The clock of the gateway was set, or with it that of the device.
    func shifted(byMilliseconds step: Int64, arrivals: Bool) -> LateLane {
        var lane = self
        if arrivals {
            lane.arrivalMilliseconds = arrivalMilliseconds.shifted(byMilliseconds: step)
        } else {
            lane.newestMilliseconds = newestMilliseconds.shifted(byMilliseconds: step)
        }
        return lane
    }

    /// Late readings that come so long after another belong to another backfill.
    static let pauseMilliseconds: Int64 = 300_000
}
