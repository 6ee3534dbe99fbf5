import FaultDetection
import SampleCodec
import ServiceValue
import Telemetry

/// The devices of the site, their profiles, and what they said last. It decides nothing.
package struct FleetState: Sendable {
    package internal(set) var profiles = Table<ProfileIndex, ProfileSlot>()
    package internal(set) var devices = Table<DeviceIndex, DeviceState>()
    package internal(set) var records = Table<DeviceIndex, DeviceRecord>()
    private(set) var names: [String: DeviceIndex] = [:]
    /// Places of devices that are gone, the highest first.
    private(set) var vacant: [DeviceIndex] = []

    /// Metrics lie in pages of `pageSize` slots, and a device has only the pages of slots that it told: many names are known to a profile of which
    /// each device uses a few.
    var metrics = BlockPool(blank: MetricState())
    private var pages = BlockPool<Int32>(blank: -1)
    /// Open chunks of history, a block of `SampleEncoder.capacityBytes` each.
    private(set) var samples = BlockPool<UInt8>(blank: 0)
    /// What the conditions of each device remember: a block each, as long as the rules of its profile need.
    var cells = BlockPool<Int64>(blank: 0)
    /// By the place of the metric: counters that overflowed once, or of which a reading waits.
    var counterLines: [Int: CounterLine] = [:]
    var topics: TopicTable

    private var freeProfiles: [ProfileIndex] = []
    /// Devices that have a layout of their own though their profile does not ask for it.
    private(set) var ownLayouts = 0
    /// Some device hangs on another.
    private(set) var hasParents = false

    private static var pageSize: Int32 { 4 }

    init(topics: TopicTable) { self.topics = topics }

    var deviceCount: Int { devices.count - vacant.count }

    // MARK: Profiles

    @discardableResult
    mutating func add(_ layout: ProfileLayout, base: ProfileIndex? = nil) -> ProfileIndex {
        if base != nil, !layout.profile.namesPerDevice { ownLayouts += 1 }
        if let base, let free = freeProfiles.popLast() {
            profiles[free] = ProfileSlot(layout, base: base)
            return free
        }
        return profiles.append(ProfileSlot(layout, base: base ?? ProfileIndex(profiles.count)))
    }

    /// The layout of a device that is gone keeps its place, and next to nothing else.
    mutating func release(_ profile: ProfileIndex) {
        let rules = profiles[profile].rules
        if !rules.namesPerDevice { ownLayouts -= 1 }
        profiles[profile] = ProfileSlot(
            ProfileLayout(DeviceProfile(notLoaded: rules.name, supplies: [])), base: profiles[profile].base)
        freeProfiles.append(profile)
    }

    /// After a snapshot: layouts that were one device's and that no device has.
    mutating func releaseUnusedProfiles() {
        let used = Set(devices.indices.map { devices[$0].profile })
        for profile in profiles.indices where profiles[profile].base != profile && !used.contains(profile) { release(profile) }
    }

    /// Profiles as they were loaded, without the layouts that devices have to themselves.
    var baseProfiles: [ProfileIndex] { profiles.indices.filter { profiles[$0].base == $0 } }

    @inline(__always)
    func rules(of device: DeviceIndex) -> DeviceProfile { profiles[devices[device].profile].rules }

    /// The slot of the profile that the device shares with others.
    package func base(of device: DeviceIndex) -> ProfileIndex { profiles[devices[device].profile].base }

    // MARK: Devices

    package func device(named name: String) -> DeviceIndex? { names[name] }

    /// The device of exactly these bytes. Text that only looks the same is another name: to a broker é and e with an accent are two topics.
    func device(spelled name: String) -> DeviceIndex? {
        names[name].flatMap { records[$0].id.utf8.elementsEqual(name.utf8) ? $0 : nil }
    }

    /// Gives a new device the lowest vacant place, or one at the end.
    mutating func add(_ record: DeviceRecord, profile: ProfileIndex) -> DeviceIndex {
        let state = DeviceState(profile: profile, firstCell: cells.take(profiles[profile].derived.faults.cellCount))
        let device: DeviceIndex
        if let place = vacant.popLast() {
            device = place
            devices[place] = state
            records[place] = record
        } else {
            device = devices.append(state)
            _ = records.append(record)
        }
        names[record.id] = device
        return device
    }

    /// Everything that the device took is free, and its place is vacant.
    mutating func vacate(_ device: DeviceIndex) {
        let profile = devices[device].profile
        let base = profiles[profile].base
        topics.forget(owner: TopicTable.owner(device: device))
        names[records[device].id] = nil
        releaseMetrics(of: device)
        cells.release(devices[device].firstCell, size: profiles[profile].derived.faults.cellCount)
        if base != profile { release(profile) }
        records[device] = DeviceRecord(id: "")
        devices[device] = DeviceState(profile: base, firstCell: 0, isVacant: true)
        // The lowest place is taken first, so that the order of the devices follows from the state alone.
        vacant.insert(device, at: vacant.firstIndex { $0 < device } ?? vacant.endIndex)
    }

    var presentDevices: [DeviceIndex] { devices.indices.filter { !devices[$0].isVacant } }

    // MARK: Metrics

    /// Where the metric lies, or -1 while the device has not told anything of its page.
    @inline(__always)
    func place(_ device: DeviceIndex, _ slot: SlotIndex) -> Int {
        let page = slot.place / Self.pageSize
        guard page < devices[device].pageCount else { return -1 }
        let first = pages[Int(devices[device].firstPage + page)]
        return first < 0 ? -1 : Int(first + slot.place % Self.pageSize)
    }

    /// Where the metric lies; makes room for it.
    @inline(__always)
    mutating func takePlace(_ device: DeviceIndex, _ slot: SlotIndex) -> Int {
        let place = place(device, slot)
        return place >= 0 ? place : makePlace(device, slot)
    }

    @inline(never)
    private mutating func makePlace(_ device: DeviceIndex, _ slot: SlotIndex) -> Int {
        let page = slot.place / Self.pageSize
        let count = devices[device].pageCount
        if page >= count {
            // What the profile knows by now is soon told, too.
            let known = (Int32(profiles[devices[device].profile].layout.slots.count) + Self.pageSize - 1) / Self.pageSize
            let wanted = max(page + 1, known)
            let first = pages.take(Int(wanted))
            let old = devices[device].firstPage
            for index in 0..<count { pages[Int(first + index)] = pages[Int(old + index)] }
            pages.release(old, size: Int(count))
            devices[device].firstPage = first
            devices[device].pageCount = wanted
        }
        let index = Int(devices[device].firstPage + page)
        if pages[index] < 0 { pages[index] = metrics.take(Int(Self.pageSize)) }
        return Int(pages[index] + slot.place % Self.pageSize)
    }

    /// What is known of a metric of the device. Without a slot there is no metric, and nothing is ever known of it.
    package func value(_ device: DeviceIndex, _ slot: SlotIndex) -> MetricValue {
        guard !slot.isNone, let metric = metric(device, slot), metric.isTold else { return .never }
        if metric.isUnknown { return .unknown(sinceMilliseconds: metric.timeMilliseconds) }
        return metric.isLive ? .live(metric.value, atMilliseconds: metric.timeMilliseconds) : .retained(metric.value)
    }

    package func metric(_ device: DeviceIndex, _ slot: SlotIndex) -> MetricState? {
        let place = place(device, slot)
        return place < 0 ? nil : metrics[place]
    }

    /// The slots of the device that have a place, in order, each with it.
    func places(of device: DeviceIndex) -> [(slot: SlotIndex, place: Int)] {
        let slots = profiles[devices[device].profile].layout.slots.count
        return TableIndices<SlotIndex>(count: min(Int(devices[device].pageCount * Self.pageSize), slots)).compactMap { slot in
            let place = place(device, slot)
            return place < 0 ? nil : (slot, place)
        }
    }

    private mutating func releaseMetrics(of device: DeviceIndex) {
        for page in 0..<devices[device].pageCount {
            let first = pages[Int(devices[device].firstPage + page)]
            guard first >= 0 else { continue }
            for place in Int(first)..<Int(first + Self.pageSize) {
                releaseSamples(place)
                set(CounterLine(), at: place)
            }
            metrics.release(first, size: Int(Self.pageSize))
        }
        pages.release(devices[device].firstPage, size: Int(devices[device].pageCount))
        devices[device].firstPage = 0
        devices[device].pageCount = 0
    }

    /// Gives the device another layout. `slotOf` says which slot each of the former ones is there, or none.
    mutating func move(_ device: DeviceIndex, to profile: ProfileIndex, slotOf: Table<SlotIndex, SlotIndex>) {
        let former = places(of: device).map { (slot: $0.slot, state: metrics[$0.place], line: counterLine(at: $0.place)) }.filter {
            !$0.state.isBlank
        }
        for (_, place) in places(of: device) {
            set(CounterLine(), at: place)
            metrics[place] = MetricState()
        }
        releaseMetrics(of: device)
        devices[device].profile = profile
        for (slot, state, line) in former where !slotOf[slot].isNone {
            let place = takePlace(device, slotOf[slot])
            metrics[place] = state
            set(line, at: place)
        }
    }

    // MARK: History

    /// Adds a sample to the open chunk of a metric; false when it is full.
    @inline(__always)
    mutating func keep(_ value: Double, atMilliseconds time: Int64, at place: Int) -> Bool {
        if metrics[place].samples < 0 { metrics[place].samples = samples.take(SampleEncoder.capacityBytes) }
        let first = Int(metrics[place].samples)
        return samples.withPointer(to: first) { bytes in
            metrics[place].encoder.append(
                timeMilliseconds: time, value: value,
                into: UnsafeMutableRawBufferPointer(start: bytes, count: SampleEncoder.capacityBytes))
        } ?? false
    }

    /// The bytes of the open chunk of a metric.
    func openChunk(at place: Int) -> ArraySlice<UInt8> {
        metrics[place].samples < 0 ? [] : samples.block(Int(metrics[place].samples), count: metrics[place].encoder.byteCount)
    }

    /// The samples of a metric that are not in a closed chunk yet, in the order of their arrival; nil when the device has not told it.
    package func openSamples(_ device: DeviceIndex, _ slot: SlotIndex) -> [Sample]? {
        metric(device, slot).map { metric in
            openChunk(at: place(device, slot)).withUnsafeBytes { (try? SampleChunk.decode($0, count: Int(metric.encoder.count))) ?? [] }
        }
    }

    /// Takes memory for as many rows as there were: a table that grows needs that of the old and of the new for a moment. Not
    /// more than a hundred thousand devices need is taken on the word of a snapshot.
    mutating func reserve(_ sizes: Sizes) {
        devices.reserve(min(max(sizes.devices, 0), 1 << 20))
        records.reserve(min(max(sizes.devices, 0), 1 << 20))
        metrics.reserve(min(max(sizes.metrics, 0), 1 << 22))
        samples.reserve(min(max(sizes.samples, 0), 1 << 28))
        cells.reserve(min(max(sizes.cells, 0), 1 << 24))
    }

    private mutating func releaseSamples(_ place: Int) {
        if metrics[place].samples >= 0 { samples.release(metrics[place].samples, size: SampleEncoder.capacityBytes) }
    }

    /// Bytes of the tables: what the devices cost.
    var stateBytes: Int {
        metrics.count * MemoryLayout<MetricState>.stride + pages.count * MemoryLayout<Int32>.stride + samples.count
            + cells.count * MemoryLayout<Int64>.stride
            + devices.count * (MemoryLayout<DeviceState>.stride + MemoryLayout<DeviceRecord>.stride)
    }
}

/// Devices that hang on others.
extension FleetState {
    /// Whether the chain of devices that one hangs on has a device of that name.
    func hangs(_ child: DeviceIndex, on name: String) -> Bool {
        var parent = records[child].parent
        for _ in 0..<4 {
            guard let known = parent else { return false }
            if known == name { return true }
            parent = device(named: known).flatMap { records[$0].parent }
        }
        return false
    }

    /// A name that no device can have is no parent.
    mutating func adopt(_ device: DeviceIndex, by parent: String?) {
        guard let parent, !parent.contains("{"), parent != records[device].id, DeviceName.problem(Array(parent.utf8)) == nil else { return }
        records[device].parent = parent
        hasParents = true
    }
}

/// What comes from outside as the name of a device.
enum DeviceName {
    static var maximumBytes: Int { MessageDecoder.maximumDeviceNameBytes }

    /// Why it cannot be one: names come from the network and must not be able to become a wildcard, a path or a control sequence.
    static func problem(_ name: [UInt8]) -> String? {
        if name.isEmpty { return "the device's name in the topic is empty" }
        if name.count > maximumBytes { return "the device's name has more bytes than are taken; at most \(maximumBytes) are" }
        if String(validating: name, as: UTF8.self) == nil { return "the device's name is not valid UTF-8" }
        if name.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "the device's name has a control character" }
        if name.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }) { return "the device's name has a wildcard" }
        let steps = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if steps.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }) {
            return "the device's name is a path step, or has one"
        }
        return nil
    }
}

/// Supplies of a device.
extension FleetState {
    func supplySlot(_ device: DeviceIndex, _ supply: SupplyIndex) -> SupplySlot { profiles[devices[device].profile].layout[supply] }

    func supplyRule(_ device: DeviceIndex, _ supply: SupplyIndex) -> SupplyRule {
        rules(of: device).supplies[supplySlot(device, supply).rule]
    }

    /// The device has told a level of the supply, if only that it is not known. Another device of the profile may have supplies that this one has not.
    package func hasShown(_ supply: SupplySlot, _ device: DeviceIndex) -> Bool { value(device, supply.metric) != .never }

    /// The number of a supply that the device's layout knows.
    package func supply(named name: String, of device: DeviceIndex) -> SupplyIndex? {
        profiles[devices[device].profile].layout.supply(named: name)
    }
}

/// What the conditions of a device remember.
extension FleetState {
    /// What a rule of the device's profile says and why, with what each of its clauses has seen.
    package func explain(
        rule number: Int, of device: DeviceIndex, at time: EvaluationTime
    ) -> (FaultConditions.Explanation, [FaultConditions.Clause])? {
        let conditions = profiles[devices[device].profile].derived.faults
        return cells.withReadPointer(to: Int(devices[device].firstCell)) { cells in
            (conditions.explain(rule: number, rules(of: device).faults[number], at: time, cells), conditions.clauses(ofRule: number, cells))
        }
    }
}

/// What the metrics say of the operating state.
extension FleetState {
    /// Nil while they say nothing, or where the profile names no status. What was retained tells a value, and moves nothing.
    func equipmentState(_ device: DeviceIndex) -> EquipmentState? {
        let derived = profiles[devices[device].profile].derived
        guard !derived.statusSlot.isNone else { return nil }
        let status = value(device, derived.statusSlot)
        let mayBeDown = !derived.hasDownCodes || devices[device].isDownByCode
        // Codes count in all states, or in those that the profile names.
        if mayBeDown, derived.downSlot.isNone, derived.hasDownCodes { return .unscheduledDowntime }
        if mayBeDown, case .live(let down, let since) = value(device, derived.downSlot), derived.saysDown(down) {
            guard derived.downEndsWithWork, case .live(let working, let told) = status, told > since,
                derived.equipmentState(working) == .productive
            else { return .unscheduledDowntime }
        }
        return status.live.map(derived.equipmentState)
    }
}

extension FleetState {
    /// What the profile does about an alarm of the device; nil: nothing.
    func playbook(of alarm: Alarm, _ device: DeviceIndex) -> String? {
        switch alarm.source {
        case .condition: rules(of: device).faults.first { $0.id == alarm.condition }?.playbook
        case .deviceAlert, .silence, .order: rules(of: device).alerts.lazy.flatMap(\.codes).first { $0.code == alarm.condition }?.playbook
        case .anomaly: nil
        }
    }
}
