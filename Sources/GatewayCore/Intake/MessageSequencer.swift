import CivilCalendar
import Telemetry

/// Messages that overtake one another. Where the profile allows lateness, what a device says is taken that much later and in the order of
/// its own times, so that the order of arrival changes nothing. Where it does not, nothing waits and nothing is paid.
struct MessageSequencer: Sendable {
    /// Messages of one device that may wait; beyond it the oldest goes before its time.
    static let maximumWaiting = 256

    /// The oldest first.
    private var messages: [DeviceIndex: [HeldMessage]] = [:]
    /// When some device was quiet for so long that nothing can be on the way any more, in arrival time.
    private(set) var nextDue: Int64 = .max

    /// Devices with messages that wait, in order.
    var waitingDevices: [DeviceIndex] { messages.keys.sorted() }

    func waiting(of device: DeviceIndex) -> [HeldMessage] { messages[device] ?? [] }

    /// Adds a message behind those of the same time: then the order of arrival decides.
    mutating func add(_ message: HeldMessage, _ device: DeviceIndex, dueMilliseconds: Int64) {
        var waiting = messages[device] ?? []
        waiting.insert(message, at: (waiting.lastIndex { $0.timeMilliseconds <= message.timeMilliseconds } ?? -1) + 1)
        messages[device] = waiting
        nextDue = min(nextDue, dueMilliseconds)
    }

    /// The next message of the device up to that event time, which waits no longer.
    mutating func next(_ device: DeviceIndex, through time: Int64) -> HeldMessage? {
        guard let first = messages[device]?.first, first.timeMilliseconds <= time else { return nil }
        messages[device]?.removeFirst()
        if messages[device]?.isEmpty == true { messages[device] = nil }
        return first
    }

    /// When to look again: a device is quiet when nothing came for the lateness that its profile allows.
    mutating func findNextDue(_ fleet: FleetState) {
        nextDue = messages.keys.reduce(.max) { due, device in
            min(due, fleet.devices[device].arrivalMilliseconds &+ fleet.rules(of: device).allowedLatenessMilliseconds)
        }
    }

    mutating func vacate(_ device: DeviceIndex) { messages[device] = nil }

    /// The metrics of the device have other numbers now.
    mutating func renumber(_ device: DeviceIndex, slotOf: Table<SlotIndex, SlotIndex>) {
        if let waiting = messages[device] { restore(device, waiting, slotOf: slotOf) }
    }

    /// The event time of the device moves.
    mutating func shiftReadings(of device: DeviceIndex, byMilliseconds step: Int64) {
        for place in waiting(of: device).indices {
            guard let time = messages[device]?[place].timeMilliseconds else { continue }
            messages[device]?[place].timeMilliseconds = time.shifted(byMilliseconds: step)
        }
    }

    // MARK: Snapshot

    func memory(of device: DeviceIndex) -> [HeldMessage]? { messages[device] }

    /// - Parameter slotOf: the present number of each metric that the device had, or none.
    mutating func restore(_ device: DeviceIndex, _ waiting: [HeldMessage], slotOf: Table<SlotIndex, SlotIndex>) {
        let renumbered = waiting.map { message in
            var message = message
            message.renumber(slotOf)
            return message
        }
        messages[device] = renumbered.isEmpty ? nil : renumbered
    }
}
