import Telemetry

/// What a message said, kept until those that were on the way before it have come.
struct HeldMessage: Equatable, Sendable, Codable {
    var timeMilliseconds: Int64
    var slots: [Int32]
    var values: [Double]
    var unknown: [Bool]
    var alerts: [Alerts]

    struct Alerts: Equatable, Sendable, Codable {
        var list: Int
        var hash: UInt64
        var codes: [String]
    }

    init(timeMilliseconds: Int64, readings: [Reading], alerts: [Alerts]) {
        self.timeMilliseconds = timeMilliseconds
        slots = readings.map(\.slot)
        values = readings.map(\.value)
        unknown = readings.map(\.isUnknown)
        self.alerts = alerts
    }

    var readings: [Reading] {
        slots.indices.map { Reading(slot: slots[$0], value: values[$0], isUnknown: unknown[$0]) }
    }

    /// After a reload the metrics may have other numbers, or none.
    mutating func renumber(_ slotOf: [Int32]) {
        let kept = readings.compactMap { reading -> Reading? in
            guard slotOf.indices.contains(Int(reading.slot)), slotOf[Int(reading.slot)] >= 0 else { return nil }
            return Reading(slot: slotOf[Int(reading.slot)], value: reading.value, isUnknown: reading.isUnknown)
        }
        self = HeldMessage(timeMilliseconds: timeMilliseconds, readings: kept, alerts: alerts)
    }
}

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

    /// Late readings that come so long after another belong to another backfill.
    static let pauseMilliseconds: Int64 = 300_000
}
