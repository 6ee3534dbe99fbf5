import Telemetry

/// What a message said, kept until those that were on the way before it have come.
struct HeldMessage: Equatable, Sendable, Codable {
    var timeMilliseconds: Int64
    var slots: [Int32]
    var values: [Double]
    var unknown: [Bool]
    /// What each reading says of its supply's level.
    var levels: [SupplyLevel?]
    var alerts: [Alerts]

    struct Alerts: Equatable, Sendable, Codable {
        var list: Int
        var hash: UInt64
        var scope: String
        var codes: [ReportedCode]
    }

    init(timeMilliseconds: Int64, readings: [Reading], levels: [SupplyLevel?], alerts: [Alerts]) {
        self.timeMilliseconds = timeMilliseconds
        slots = readings.map(\.slot)
        values = readings.map(\.value)
        unknown = readings.map(\.isUnknown)
        self.levels = levels
        self.alerts = alerts
    }

    var readings: [Reading] {
        slots.indices.map { Reading(slot: slots[$0], value: values[$0], isUnknown: unknown[$0]) }
    }

    /// After a reload the metrics may have other numbers, or none.
    mutating func renumber(_ slotOf: [Int32]) {
        let known = slots.indices.filter { slotOf.indices.contains(Int(slots[$0])) && slotOf[Int(slots[$0])] >= 0 }
        let kept = known.map { Reading(slot: slotOf[Int(slots[$0])], value: values[$0], isUnknown: unknown[$0]) }
        self = HeldMessage(timeMilliseconds: timeMilliseconds, readings: kept, levels: known.map { levels[$0] }, alerts: alerts)
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
