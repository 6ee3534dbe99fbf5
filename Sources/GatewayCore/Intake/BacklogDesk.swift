import CivilCalendar
import Telemetry

/// What comes in a burst after an outage, of the gateway or of a device: it is the past until the burst is over.
///
/// Nobody knows when something was said that carries no time. Of such messages only the last word of each metric is kept, and taken when the
/// device has caught up: no durations and no counts follow from the others. It was said after the outage began; where that was too long ago to
/// be fresh, it tells the state, and sends no commands either.
struct BacklogDesk: Sendable {
    /// A device is through with its queue when it is quiet for so long, or has been sending for so long that this is how it always is.
    static let quietMilliseconds: Int64 = 2000
    static let longestMilliseconds: Int64 = 60_000

    struct Burst: Equatable, Sendable, Codable {
        /// What was said before that was heard then, so nothing of the burst is older.
        var heardUntilMilliseconds: Int64
        var firstArrivalMilliseconds: Int64
        var lastArrivalMilliseconds: Int64
        /// The last word of each metric and list.
        var message: HeldMessage
        /// Some metric was told more than once, so these messages are a queue and not one report in parts.
        var isQueue = false

        var dueMilliseconds: Int64 { min(lastArrivalMilliseconds &+ quietMilliseconds, firstArrivalMilliseconds &+ longestMilliseconds) }

        /// The clock that dates arrivals was set.
        mutating func shift(byMilliseconds step: Int64) {
            heardUntilMilliseconds = heardUntilMilliseconds.shifted(byMilliseconds: step)
            firstArrivalMilliseconds = firstArrivalMilliseconds.shifted(byMilliseconds: step)
            lastArrivalMilliseconds = lastArrivalMilliseconds.shifted(byMilliseconds: step)
            let time = message.timeMilliseconds
            message.timeMilliseconds = time.shifted(byMilliseconds: step)
        }
    }

    private var bursts: [DeviceIndex: Burst] = [:]
    /// The earliest end of a burst, while the gateway itself is not catching up.
    private(set) var nextDue: Int64 = .max

    var isEmpty: Bool { bursts.isEmpty }
    var devices: [DeviceIndex] { bursts.keys.sorted() }

    subscript(device: DeviceIndex) -> Burst? { bursts[device] }

    /// Adds what the device said.
    mutating func note(_ device: DeviceIndex, _ message: HeldMessage, at now: Int64, heardUntil: Int64) {
        var burst = Burst(
            heardUntilMilliseconds: heardUntil, firstArrivalMilliseconds: now, lastArrivalMilliseconds: now, message: message)
        if let known = bursts[device] {
            let (merged, isRepeated) = known.message.followed(by: message)
            burst = known
            (burst.message, burst.lastArrivalMilliseconds, burst.isQueue) = (merged, now, known.isQueue || isRepeated)
        }
        bursts[device] = burst
        nextDue = min(nextDue, burst.dueMilliseconds)
    }

    mutating func take(_ device: DeviceIndex) -> Burst? { bursts.removeValue(forKey: device) }

    mutating func findNextDue() { nextDue = bursts.values.reduce(.max) { min($0, $1.dueMilliseconds) } }

    mutating func vacate(_ device: DeviceIndex) { bursts[device] = nil }

    /// The metrics of the device have other numbers now.
    mutating func renumber(_ device: DeviceIndex, slotOf: Table<SlotIndex, SlotIndex>) { bursts[device]?.message.renumber(slotOf) }

    mutating func shift(byMilliseconds step: Int64) {
        for device in devices { bursts[device]?.shift(byMilliseconds: step) }
        findNextDue()
    }

    mutating func restore(_ device: DeviceIndex, _ burst: Burst, slotOf: Table<SlotIndex, SlotIndex>) {
        bursts[device] = burst
        renumber(device, slotOf: slotOf)
        nextDue = min(nextDue, burst.dueMilliseconds)
    }
}

extension HeldMessage {
    /// Both together, where the later one has the last word; and whether it says anything of which the earlier one spoke.
    func followed(by later: HeldMessage) -> (HeldMessage, isRepeated: Bool) {
        var merged = self
        merged.timeMilliseconds = later.timeMilliseconds
        var isRepeated = false
        for index in later.slots.indices {
            if let place = merged.slots.firstIndex(of: later.slots[index]) {
                isRepeated = true
                merged.values[place] = later.values[index]
                merged.unknown[place] = later.unknown[index]
                merged.levels[place] = later.levels[index]
            } else {
                merged.slots.append(later.slots[index])
                merged.values.append(later.values[index])
                merged.unknown.append(later.unknown[index])
                merged.levels.append(later.levels[index])
            }
        }
        for report in later.alerts {
            if let place = merged.alerts.firstIndex(where: { $0.list == report.list && $0.scope == report.scope }) {
                isRepeated = true
                merged.alerts[place] = merged.alerts[place].followed(by: report)
            } else {
                merged.alerts.append(report)
            }
        }
        return (merged, isRepeated)
    }
}
