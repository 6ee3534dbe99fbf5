import FaultDetection
import RemoteSupport
import Replenishment
import Telemetry

/// How devices go: a person removes them, or they give way to new ones because almost nothing was ever heard of them. What a device took is free
/// for the next one, and its id may come again.
extension StewardCore {
    /// A device of which one message was heard, and nothing for so long after it, may give way.
    static var forgettableMilliseconds: Int64 { 300_000 }
    /// Devices that are looked at for one new one, so that a flood of invented ids costs little each.
    private static var looksPerAdmission: Int { 512 }

    public var deviceCount: Int { hot.count - vacantDevices.count }

    /// A person takes a device out. False when there is none of that id.
    mutating func remove(_ id: String, by person: String, _ effects: inout [Effect]) -> Bool {
        guard let index = deviceIndex[id], records[Int(index)].id.utf8.elementsEqual(id.utf8) else { return false }
        end(Int(index), by: person, &effects)
        effects.decide(.deviceRemoved, at: now, device: id) { writer in writer.member("by", person) }
        vacate(Int(index))
        return true
    }

    /// Whether a new device may be made, when need be in the place of one that hardly proved to be one. Who was refused and comes again has
    /// said more than any of which one message was heard, and need not wait until that is long ago.
    mutating func hasRoomForDevice(_ id: String, _ effects: inout [Effect]) -> Bool {
        if deviceCount < configuration.maximumDevices { return true }
        let isAgain = refusedNames.isAgain(id)
        for _ in 0..<min(Self.looksPerAdmission, hot.count) {
            admissionHand = admissionHand + 1 < hot.count ? admissionHand + 1 : 0
            guard isForgettable(admissionHand, atOnce: isAgain) else { continue }
            end(admissionHand, by: "steward", &effects)
            vacate(admissionHand)
            budgets.count(.devicesForgotten)
            return true
        }
        return false
    }

    /// Nothing of what it said was understood; or one message was, long ago, and it left nothing that anybody could miss.
    func isForgettable(_ device: Int, atOnce: Bool = false) -> Bool {
        let state = hot[device]
        guard state.messages <= 1, !state.isVacant else { return false }
        guard atOnce || state.messages == 0 || now &- state.arrivalMilliseconds >= Self.forgettableMilliseconds else { return false }
        let record = records[device]
        return record.openRuns.isEmpty && record.shelves.isEmpty && record.incidents.open == nil && record.incidents.closedCount == 0
            && record.supplies.allSatisfy { $0.order == nil } && record.activeAlarms.allSatisfy { alarms[$0]?.source == .silence }
    }

    // MARK: The end of what is open

    private mutating func end(_ device: Int, by person: String, _ effects: inout [Effect]) {
        let id = records[device].id
        let own = Set(records[device].activeAlarms)
        held.removeAll { own.contains($0) }
        for run in records[device].openRuns { endRun(run, of: id, &effects) }
        records[device].openRuns = []
        if !records[device].lanes.isEmpty { endLane(device, &effects) }
        for order in orders.ids where orders[order]?.device == id && orders[order]?.state.isFinal == false {
            _ = cancel(order, person, "the device was removed", &effects)
        }
        if records[device].incidents.open != nil { enter(device, .standby, at: max(now, hot[device].newestMilliseconds), &effects) }
        for alarm in records[device].activeAlarms { finish(device, alarm, at: now, [], &effects) }
        flapping.removeAll { own.contains($0) }
        for ticket in tickets.ids where tickets[ticket]?.device == id && tickets[ticket]?.state != .closed {
            _ = tickets.update(ticket) { $0.state = .closed }
            effects.decide(.ticketClosed, at: now, device: id) { writer in
                writer.member("ticket", ticket)
                writer.member("by", person)
            }
        }
        for slot in 0..<min(layouts[Int(hot[device].profile)].slots.count, Int(hot[device].metricCapacity)) {
            handOutChunk(device, Int(hot[device].profile), Int32(slot), &effects)
        }
    }

    private mutating func endRun(_ run: String, of device: String, _ effects: inout [Effect]) {
        if let request = runs[run]?.attempts.last?.requestID { effects.append(.withdraw(key: request)) }
        _ = runs.update(run) { $0.deviceWasRemoved() }
        openRuns.removeAll { $0 == run }
        effects.decide(.commandOutcome, at: now, device: device) { writer in
            writer.member("request", runs[run]?.attempts.last?.requestID)
            writer.member("outcome", "overtaken")
            writer.member("detail", "the device was removed")
            writer.member("alarm", runs[run]?.alarm)
        }
    }

    // MARK: What becomes free

    /// Everything that the device took is free, and its place is vacant.
    mutating func vacate(_ device: Int) {
        let profile = Int(hot[device].profile)
        let id = records[device].id
        topics.forget(owner: TopicTable.owner(device: Int32(device)))
        sparkplug.targets[id] = nil
        deviceIndex[id] = nil
        waitingDevices.removeAll { $0 == device }
        laneDevices.removeAll { $0 == device }
        shelvingDevices.removeAll { $0 == device }
        orphans.removeAll { $0.device == device }
        releaseDetectors(device)
        release(metrics: Int(hot[device].firstMetric), capacity: Int(hot[device].metricCapacity))
        let cells = derived[profile].faults.cellCount
        if cells > 0 { freeFaultCells[cells, default: []].append(hot[device].firstFault) }
        let base = Int(bases[profile])
        if base != profile { release(layout: profile) }
        records[device] = DeviceRecord(id: "")
        hot[device] = DeviceHot(profile: Int32(base), firstMetric: 0, metricCapacity: 0, firstFault: 0, isVacant: true)
        // The lowest place is taken first, so that the order of the devices follows from the state alone.
        vacantDevices.insert(device, at: vacantDevices.firstIndex { $0 < device } ?? vacantDevices.endIndex)
    }

    /// Its state is plain and may be used again after being overwritten.
    mutating func release(metrics first: Int, capacity: Int) {
        guard capacity > 0 else { return }
        for index in first..<first + capacity { metrics[index] = MetricState() }
        freeMetrics[capacity, default: []].append(Int32(first))
    }

    /// A place for so many metrics.
    mutating func takeMetrics(_ capacity: Int) -> Int {
        if let first = freeMetrics[capacity]?.popLast() { return Int(first) }
        let first = metrics.count
        metrics.append(contentsOf: repeatElement(MetricState(), count: capacity))
        chunks.append(contentsOf: repeatElement(0, count: capacity * SampleEncoder.capacityBytes))
        return first
    }

    /// A place for what the conditions of one device remember, all zeros.
    mutating func takeFaultCells(_ count: Int) -> Int32 {
        if let first = freeFaultCells[count]?.popLast() {
            for index in Int(first)..<Int(first) + count { faultCells[index] = 0 }
            return first
        }
        defer { faultCells.append(contentsOf: repeatElement(0, count: count)) }
        return Int32(faultCells.count)
    }

    mutating func copyMetric(from: Int, to: Int) {
        metrics[to] = metrics[from]
        let bytes = SampleEncoder.capacityBytes
        chunks.withUnsafeMutableBytes { all in
            UnsafeMutableRawBufferPointer(rebasing: all[to * bytes..<(to + 1) * bytes])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: all[from * bytes..<(from + 1) * bytes]))
        }
    }

    // MARK: Layouts of one device

    /// The layout of a device that is gone keeps its number, and next to nothing else.
    mutating func release(layout: Int) {
        let profile = layouts[layout].profile
        if !profile.namesPerDevice { ownLayouts -= 1 }
        layouts[layout] = ProfileLayout(DeviceProfile(notLoaded: profile.name, supplies: []))
        derived[layout] = LayoutDerived(layouts[layout])
        learned[layout] = SupplyLearning()
        freeLayouts.append(layout)
    }

    /// After a snapshot: layouts that were one device's and that no device has.
    mutating func releaseUnusedLayouts() {
        let used = Set(hot.map(\.profile))
        for layout in layouts.indices where Int(bases[layout]) != layout && !used.contains(Int32(layout)) { release(layout: layout) }
    }
}
