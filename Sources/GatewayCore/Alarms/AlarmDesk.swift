import FaultDetection
import Telemetry

/// Alarms: raised by conditions, by the device's own codes, by detectors, orders and silence; one cause, one alarm.
///
/// What keeps an alarm from setting anything off is kept here as well: shelves, suppression by another alarm, flapping. Maintenance windows and
/// damage of the store are brought as values.
package struct AlarmDesk: Sendable {
    /// What is kept of one device.
    struct OfDevice: Equatable, Sendable, Codable {
        /// Ids of the alarms that stand.
        var active: [String] = []
        /// Ids of the alarms that went away last, the newest at the end: one that comes again soon is the same.
        var recent: [String] = []
        var shelves: [Shelf] = []
        /// The codes that the device reports now, a list for each alert list of its profile.
        var codes: [[String]] = []
        /// The judging of late readings while there are any.
        var lane: LateLane?

        mutating func remember(cleared alarm: String) {
            recent.append(alarm)
            if recent.count > 8 { recent.removeFirst(recent.count - 8) }
        }
    }

    /// What outside of this desk holds help back.
    struct OutsideInhibition: Sendable {
        /// The maintenance window that is open over the device.
        var window: String?
        /// Why nothing is commanded without a person's word.
        var storeDamage: String?
    }

    /// A device has at most so many alarms at a time. What goes beyond is counted and told together, and the most severe alarms stay: a device that
    /// makes up codes fills neither the site's lists nor a ticket desk.
    static let maximumStandingAlarms = 64
    /// Codes that are remembered of one list of a device, with all its scopes.
    static let maximumReportedCodes = 256

    let maximumFinished: Int
    var alarms = BoundedMap<Alarm>()
    private var devices: [DeviceIndex: OfDevice] = [:]
    /// Devices with an alarm that evidence of the past raised and that waits for the present to confirm it.
    private var awaiting: Set<DeviceIndex> = []
    /// Alarms whose help waits, in the order in which they came.
    package private(set) var held: [String] = []
    /// What held help back may be over.
    private(set) var mustRelease = false
    /// Alarms that flap.
    var flapping: [String] = []
    /// Devices with shelved alarms, and those whose late readings are being judged.
    var shelvingDevices: [DeviceIndex] = []
    var laneDevices: [DeviceIndex] = []
    /// When a shelf, a flapping alarm or a lane has to be looked at again, in arrival time.
    var nextDue: Int64 = .max

    init(maximumFinished: Int) { self.maximumFinished = maximumFinished }

    package subscript(id: String) -> Alarm? { alarms[id] }
    package var ids: [String] { alarms.ids }
    var count: Int { alarms.count }
    package var all: [Alarm] { alarms.all }

    func state(of device: DeviceIndex) -> OfDevice { devices[device] ?? OfDevice() }

    mutating func update(_ device: DeviceIndex, _ change: (inout OfDevice) -> Void) {
        var state = devices.removeValue(forKey: device) ?? OfDevice()
        change(&state)
        if state != OfDevice() { devices[device] = state }
    }

    package func standingAlarms(of device: DeviceIndex) -> [Alarm] { state(of: device).active.compactMap { alarms[$0] } }

    /// The alarm of a condition that stands.
    package func standing(_ device: DeviceIndex, _ condition: String, _ source: Alarm.Source) -> String? {
        devices[device]?.active.first { id in
            alarms.read(id) { $0.source == source && $0.condition == condition } ?? false
        }
    }

    /// The codes of one list that the device reports now.
    func codes(of device: DeviceIndex, list: Int) -> [String] {
        guard let codes = devices[device]?.codes, codes.indices.contains(list) else { return [] }
        return codes[list]
    }

    func hasReported(_ device: DeviceIndex, list: Int) -> Bool { devices[device]?.codes.indices.contains(list) == true }

    @inline(__always)
    func awaitsConfirmation(_ device: DeviceIndex) -> Bool { !awaiting.isEmpty && awaiting.contains(device) }

    mutating func awaitConfirmation(_ device: DeviceIndex, _ waits: Bool) {
        if waits { awaiting.insert(device) } else { awaiting.remove(device) }
    }

    // MARK: Inhibition

    package func shelf(_ device: DeviceIndex, _ alarm: Alarm, at now: Int64) -> Shelf? {
        devices[device]?.shelves.first { $0.condition == alarm.condition && $0.source == alarm.source && now < $0.untilMilliseconds }
    }

    /// Nil: whatever the profile says may be done.
    func inhibition(_ device: DeviceIndex, _ alarm: Alarm, _ outside: OutsideInhibition, hasPlaybook: Bool, at now: Int64) -> Inhibition? {
        if let shelf = shelf(device, alarm, at: now) { return .shelved(shelf) }
        if let cause = alarm.suppressedBy { return .suppressed(by: cause) }
        if let window = outside.window { return .maintenance(window) }
        // A ticket does no harm when it comes twice; a command may.
        if let reason = outside.storeDamage, hasPlaybook { return .storeDamage(reason) }
        return nil
    }

    /// All that keeps an alarm from setting anything off, not only the first.
    func inhibitions(_ device: DeviceIndex, _ alarm: Alarm, _ outside: OutsideInhibition, hasPlaybook: Bool, at now: Int64) -> [Inhibition]
    {
        var found: [Inhibition] = []
        if alarm.isLate, awaitsConfirmation(device) { found.append(.late) }
        if let shelf = shelf(device, alarm, at: now) { found.append(.shelved(shelf)) }
        if let cause = alarm.suppressedBy { found.append(.suppressed(by: cause)) }
        if let window = outside.window { found.append(.maintenance(window)) }
        if alarm.isFlapping { found.append(.flapping) }
        if let reason = outside.storeDamage, hasPlaybook { found.append(.storeDamage(reason)) }
        return found
    }

    /// Keeps an alarm that may not set off anything yet. `isNew`: it did not wait before.
    mutating func hold(_ alarm: String, isNew: Bool, _ out: inout StepOutput) {
        if isNew { out.counters.heldDispatches &+= 1 }
        if !held.contains(alarm) { held.append(alarm) }
    }

    /// Something that holds help back may be over; `settle` finds out.
    mutating func inhibitionsMayHaveEnded() { mustRelease = true }

    /// Asks again for what waited, when something that held it back may be over.
    mutating func settle(_ out: inout StepOutput, _ fleet: FleetState) {
        guard mustRelease else { return }
        mustRelease = false
        let waiting = held
        held = []
        for id in waiting {
            guard let alarm = alarms[id], alarm.isActive, alarm.normalSinceMilliseconds == nil,
                let device = fleet.device(named: alarm.device)
            else { continue }
            out.tell(.helpWanted(device, alarm: id, because: .released))
        }
    }

    // MARK: Time

    mutating func noteDue(_ time: Int64?) { nextDue = min(nextDue, time ?? .max) }

    mutating func findNextDue() {
        nextDue = .max
        for device in shelvingDevices { for shelf in state(of: device).shelves { noteDue(shelf.untilMilliseconds) } }
        for id in flapping { noteDue(alarms[id]?.quietMilliseconds) }
        for device in laneDevices { noteDue((devices[device]?.lane).map { $0.arrivalMilliseconds &+ LateLane.pauseMilliseconds &+ 1 }) }
    }

    // MARK: Doors

    /// The device goes: what stands of it ends.
    mutating func endAll(of device: DeviceIndex, _ fleet: FleetState, _ out: inout StepOutput) {
        for alarm in state(of: device).active { finish(device, alarm, at: out.now, [], fleet, &out) }
    }

    /// What waits for a device that goes waits no longer.
    mutating func forgetHeld(of device: DeviceIndex) {
        let own = Set(state(of: device).active)
        held.removeAll { own.contains($0) }
    }

    /// The device is gone.
    mutating func vacate(_ device: DeviceIndex, named name: String) {
        flapping.removeAll { alarms[$0]?.device == name }
        shelvingDevices.removeAll { $0 == device }
        laneDevices.removeAll { $0 == device }
        awaiting.remove(device)
        devices[device] = nil
    }

    /// Nothing stands of the device but that it is silent, and no person has put anything aside.
    func isForgettable(_ device: DeviceIndex) -> Bool {
        guard let state = devices[device] else { return true }
        return state.shelves.isEmpty && state.active.allSatisfy { alarms[$0]?.source == .silence }
    }

    // MARK: Snapshot

    /// What a snapshot has of the desk beside the devices and their alarms.
    struct Memory: Codable {
        var trimCount: Int
        var held: [String]
        var flapping: [String]
    }

    struct DeviceMemory: Codable {
        var state: OfDevice
        var awaitsConfirmation: Bool
    }

    var memory: Memory { Memory(trimCount: alarms.nextTrimCount, held: held, flapping: flapping) }

    func memory(of device: DeviceIndex) -> DeviceMemory? {
        guard devices[device] != nil || awaitsConfirmation(device) else { return nil }
        return DeviceMemory(state: state(of: device), awaitsConfirmation: awaitsConfirmation(device))
    }

    mutating func restore(_ alarm: Alarm) { alarms.insert(alarm, id: alarm.id) }

    /// After the alarms.
    mutating func restore(_ memory: Memory) {
        alarms.restore(nextTrimCount: memory.trimCount)
        held = memory.held
        flapping = memory.flapping
    }

    /// - Parameter cellCount: the cells that the conditions of the device have. The memory of a lane belongs to the rules that made it; other
    ///   rules begin with an empty one.
    mutating func restore(_ device: DeviceIndex, _ memory: DeviceMemory, cellCount: Int) {
        var state = memory.state
        if let cells = state.lane?.cells, cells.count != cellCount { state.lane?.cells = Array(repeating: 0, count: cellCount) }
        awaitConfirmation(device, memory.awaitsConfirmation)
        guard state != OfDevice() else { return }
        devices[device] = state
        if !state.shelves.isEmpty { shelvingDevices.append(device) }
        if state.lane != nil { laneDevices.append(device) }
    }
    // MARK: Digest

    /// Nil for an alarm about an order, which is about arrival time.
    func digestLine(_ place: Int) -> String? {
        guard let alarm = alarms[alarms.ids[place]], alarm.source != .order else { return nil }
        return "alarm \(alarm.id) \(alarm.device) \(alarm.condition) \(alarm.state.rawValue) \(alarm.severity.rawValue) "
            + "\(alarm.onsetMilliseconds) \(alarm.clearedMilliseconds ?? -1) \(alarm.repeats)"
    }

    func digestLines(_ device: DeviceIndex, named name: String) -> [String] {
        let known = state(of: device)
        let standing = known.active.filter { alarms[$0]?.source != .order }.sorted().joined(separator: ",")
        return ["alerts \(name) \(digestText(known.codes.filter { !$0.isEmpty })) \(standing)"]
    }
}
