import Telemetry

/// What a message said, kept until those that were on the way before it have come.
struct HeldMessage: Equatable, Sendable, Codable {
    var timeMilliseconds: Int64
    var slots: [Int32]
    var values: [Double]
    var unknown: [Bool]
    /// What each reading says of its supply's level.
    var levels: [SupplyLevel?]
    var alerts: [CodeReport]

    init(timeMilliseconds: Int64, readings: [Reading], levels: [SupplyLevel?], alerts: [CodeReport]) {
        self.timeMilliseconds = timeMilliseconds
        slots = readings.map(\.slot.place)
        values = readings.map(\.value)
        unknown = readings.map(\.isUnknown)
        self.levels = levels
        self.alerts = alerts
    }

    /// Whether the lists belong together. In a damaged snapshot they need not.
    var isConsistent: Bool { slots.count == values.count && slots.count == unknown.count && slots.count == levels.count }

    var readings: [Reading] {
        slots.indices.map { Reading(slot: SlotIndex(place: slots[$0]), value: values[$0], isUnknown: unknown[$0]) }
    }

    /// The message as it was decoded, but for what was read off it at once: its time, and what its supplies are.
    func decoded(_ slots: [MetricSlot]) -> DecodedMessage {
        var message = DecodedMessage()
        message.replace(
            readings: readings,
            levels: zip(self.slots, levels).map { slot, level in level.map { (supply: slots[Int(slot)].supply, level: $0) } })
        return message
    }

    /// After a reload the metrics may have other numbers, or none.
    mutating func renumber(_ slotOf: Table<SlotIndex, SlotIndex>) {
        var kept = readings
        let known = kept.indices.filter { slotOf.contains(kept[$0].slot) && !slotOf[kept[$0].slot].isNone }
        for index in known { kept[index].slot = slotOf[kept[index].slot] }
        self = HeldMessage(
            timeMilliseconds: timeMilliseconds, readings: known.map { kept[$0] }, levels: known.map { levels[$0] }, alerts: alerts)
    }
}
