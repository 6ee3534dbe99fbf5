import CivilCalendar
import Documents
import FaultDetection
import Telemetry

/// Who is silent. Silence is a matter of arrival time, and only of time in which the gateway was listening.
package struct PresenceDesk: Sendable {
    static let scanMilliseconds: Int64 = 30_000
    static let condition = "silent"
    /// Of a device that is expected and has never spoken.
    static let neverSpokeCondition = "never-heard"

    private(set) var isConnected = false
    /// What comes has waited at the broker while the gateway was away.
    private(set) var isCatchingUp = false
    package private(set) var listeningSince: Int64 = 0
    /// Until when the gateway heard all that was said; what has waited since then is not older.
    private(set) var heardUntil: Int64 = .min
    /// When silent devices are looked for next; `Int64.min` before there was a device.
    private(set) var nextScan: Int64 = .min
    /// No device falls silent before then, so a scan that comes earlier looks at none. Follows from the devices, so no snapshot holds it.
    private var earliestSilence: Int64 = .min
    /// How often each device is heard. A place that was never reached is one of which nothing is known.
    private var habits = Table<DeviceIndex, ReportingHabit>()

    var stateBytes: Int { habits.count * MemoryLayout<ReportingHabit>.stride }

    /// When it has something to do without an event, in arrival time.
    func nextDue(hasDevices: Bool) -> Int64 { hasDevices && isConnected ? nextScan : .max }

    mutating func deviceAdded(_ now: Int64) { if nextScan == .min { nextScan = now &+ Self.scanMilliseconds } }

    mutating func connected(_ now: Int64) {
        isConnected = true
        listeningSince = now
        nextScan = now &+ Self.scanMilliseconds
    }

    mutating func disconnected() { isConnected = false }

    mutating func catchUp() { isCatchingUp = true }
    mutating func caughtUp() { isCatchingUp = false }

    /// Time passes from what it was to `arrival`. While the gateway listens, a tick comes at least with every scan; a longer pause is one of the
    /// gateway itself, which was down or asleep.
    mutating func advance(from now: Int64, to arrival: Int64) {
        guard isConnected else { return }
        if !isCatchingUp { heardUntil = now }
        if arrival &- now > Self.scanMilliseconds * 4 { listeningSince = max(listeningSince, arrival) }
    }

    /// Finds devices of which nothing was heard for too long. False when it is not the time to look.
    mutating func scanIfDue(_ fleet: inout FleetState, _ out: inout StepOutput) -> Bool {
        guard isConnected, nextScan != .min, out.now >= nextScan else { return false }
        nextScan = out.now &+ Self.scanMilliseconds
        guard out.now >= earliestSilence else { return true }
        earliestSilence = .max
        for device in fleet.devices.indices {
            guard let due = silence(of: device, fleet) else { continue }
            guard out.now >= due else {
                earliestSilence = min(earliestSilence, due)
                continue
            }
            let limit = self.limit(of: device, fleet)
            fleet.devices[device].isSilent = true
            let last = fleet.devices[device].newestMilliseconds
            out.tell(.fellSilent(device, lastMilliseconds: last))
            let cause = AlarmCause(
                condition: Self.condition, source: .silence, severity: .minor, text: "Nothing was heard for \(limit / 1000) s",
                onsetMilliseconds: last)
            out.tell(.conditionBegan(device, cause, at: out.now))
        }
        return true
    }

    /// Takes the scans up to `end` that find nobody, each at the time of a tick of its own, and the time that passes with them.
    /// - Returns: how many there were.
    mutating func passScans(to end: Int64, _ out: inout StepOutput) -> Int64 {
        guard isConnected, nextScan > out.now, earliestSilence > nextScan, end >= nextScan else { return 0 }
        // The first tick comes at the next scan, as the timer of the gateway would have it. A longer way there is a pause of the gateway.
        guard nextScan &- out.now <= Self.scanMilliseconds else { return 0 }
        let scans = (min(end, earliestSilence &- 1) &- nextScan) / Self.scanMilliseconds &+ 1
        if !isCatchingUp { heardUntil = scans == 1 ? out.now : nextScan &+ (scans &- 2) &* Self.scanMilliseconds }
        out.now = nextScan &+ (scans &- 1) &* Self.scanMilliseconds
        nextScan = out.now &+ Self.scanMilliseconds
        return scans
    }

    package func habit(of device: DeviceIndex) -> ReportingHabit { habits.contains(device) ? habits[device] : ReportingHabit() }

    /// After how long without a message the device counts as silent, in milliseconds: what its profile says, or else what its habit taught.
    package func limit(of device: DeviceIndex, _ fleet: FleetState) -> Int64 {
        fleet.profiles[fleet.devices[device].profile].layout.profile.silentAfterMilliseconds ?? habit(of: device).limitMilliseconds
    }

    /// When the device falls silent unless it says something; nil where it is silent already, or was never heard.
    private func silence(of device: DeviceIndex, _ fleet: FleetState) -> Int64? {
        let arrival = fleet.devices[device].arrivalMilliseconds
        guard arrival != .min, !fleet.devices[device].isSilent, !fleet.devices[device].isVacant else { return nil }
        return max(arrival, listeningSince) &+ limit(of: device, fleet)
    }

    /// Something was heard of the device now. Messages that follow put its silence off, which a scan finds out; where one makes the limit shorter,
    /// the next scan may have to come sooner.
    @inline(__always)
    mutating func hear(_ device: DeviceIndex, _ fleet: inout FleetState, at now: Int64) {
        let last = fleet.devices[device].arrivalMilliseconds
        fleet.devices[device].arrivalMilliseconds = now
        if !habits.contains(device) { habits.reach(device, with: ReportingHabit()) }
        let isKnown = last != .min && last >= listeningSince && !isCatchingUp
        if habits[device].hear(at: now, last: last == .min ? now : last, isKnown: isKnown) || last == .min {
            noteSilence(of: device, fleet)
        }
    }

    private mutating func noteSilence(of device: DeviceIndex, _ fleet: FleetState) {
        earliestSilence = min(earliestSilence, silence(of: device, fleet) ?? .max)
    }

    /// An expected device was not heard in time.
    func neverSpoke(_ device: DeviceIndex, since: Int64, _ fleet: inout FleetState, _ out: inout StepOutput) {
        fleet.devices[device].isSilent = true
        let hours = (out.now &- since) / 3_600_000
        let cause = AlarmCause(
            condition: Self.neverSpokeCondition, source: .silence, severity: .minor,
            text: "It is expected, and nothing was ever heard of it in \(hours < 2 ? "\((out.now &- since) / 60_000) min" : "\(hours) h")",
            onsetMilliseconds: since)
        out.tell(.conditionBegan(device, cause, at: out.now))
    }

    /// The device's last will, or a bridge's word, says that it is gone. A retained word tells state and raises nothing.
    func goOffline(_ device: DeviceIndex, text: String, isRetained: Bool, _ fleet: inout FleetState, _ out: inout StepOutput) {
        guard !fleet.devices[device].isSilent else { return }
        fleet.devices[device].isSilent = true
        out.tell(.fellSilent(device, lastMilliseconds: fleet.devices[device].newestMilliseconds))
        guard !isRetained else { return }
        let cause = AlarmCause(condition: Self.condition, source: .silence, severity: .minor, text: text, onsetMilliseconds: out.now)
        out.tell(.conditionBegan(device, cause, at: out.now))
    }

    /// A silent device says something at that event time.
    mutating func spokeAgain(_ device: DeviceIndex, at time: Int64, _ fleet: inout FleetState, _ out: inout StepOutput) {
        fleet.devices[device].isSilent = false
        noteSilence(of: device, fleet)
        out.tell(.conditionEnded(device, condition: Self.condition, source: .silence, at: out.now))
        if fleet.records[device].expectedSinceMilliseconds != nil {
            out.tell(.conditionEnded(device, condition: Self.neverSpokeCondition, source: .silence, at: out.now))
        }
        out.tell(.alarmsChanged(device))
        // What the device said last counts again until it says otherwise.
        if let state = fleet.equipmentState(device) { out.tell(.equipmentState(device, state, at: time)) }
    }

    /// The gateway's clock was set.
    mutating func shift(byMilliseconds step: Int64) {
        listeningSince = listeningSince.shifted(byMilliseconds: step)
        nextScan = nextScan.shifted(byMilliseconds: step)
        earliestSilence = .min
        heardUntil = heardUntil.shifted(byMilliseconds: step)
    }

    /// The same for what is known of a device, which was heard last at `last`.
    mutating func shift(_ device: DeviceIndex, byMilliseconds step: Int64, last: Int64) {
        if habits.contains(device) { habits[device].shift(byMilliseconds: step, last: last) }
    }

    mutating func vacate(_ device: DeviceIndex) { if habits.contains(device) { habits[device] = ReportingHabit() } }

    // MARK: Snapshot

    /// The bytes of a part `reportingHabit`; nil where nothing is known.
    func bytes(of device: DeviceIndex) -> [UInt8]? {
        let habit = habit(of: device)
        return habit.isBlank ? nil : ByteWriter.bytes(habit.write)
    }

    /// After the device, because the limit depends on when it was heard last. Throws for bytes that no `bytes(of:)` wrote.
    mutating func restore(_ device: DeviceIndex, _ bytes: [UInt8], _ fleet: FleetState) throws {
        var reader = ByteReader(bytes)
        habits.reach(device, with: ReportingHabit())
        habits[device] = try ReportingHabit(from: &reader, last: fleet.devices[device].arrivalMilliseconds)
        guard reader.isAtEnd else { throw SnapshotError.inconsistent }
    }

    struct Memory: Codable {
        var isConnected: Bool
        var listeningSince: Int64
        var nextScan: Int64
        var isCatchingUp: Bool?
        var heardUntil: Int64?
    }

    var memory: Memory {
        Memory(
            isConnected: isConnected, listeningSince: listeningSince, nextScan: nextScan, isCatchingUp: isCatchingUp, heardUntil: heardUntil
        )
    }

    mutating func restore(_ memory: Memory) {
        isConnected = memory.isConnected
        listeningSince = memory.listeningSince
        nextScan = memory.nextScan
        isCatchingUp = memory.isCatchingUp ?? false
        heardUntil = memory.heardUntil ?? .min
    }
}
