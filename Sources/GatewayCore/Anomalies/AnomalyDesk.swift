import CivilCalendar
import Documents
import FaultDetection
import Hashing
import Telemetry

/// What a detector found, or that what it found is over.
struct AnomalyTurn {
    var condition: String
    /// Why it was raised; nil when it is over.
    var reason: String?
    var evidence: [Alarm.Evidence] = []
}

/// The detectors of metrics and of devices as wholes: who has one, what they are fed, and what they find.
///
/// Who asks keeps the place of each detector (`MetricState.watch`, `DeviceState.machine`) and brings the rest as values. A place below 0 is no
/// detector: `MetricWatch.none` or `.refused`.
struct AnomalyDesk: Sendable {
    static let machineCondition = "anomaly:machine"

    /// At most so many metrics have a detector (`limits.anomalyMetrics`).
    private let maximumMetrics: Int
    var metrics: [MetricWatch] = []
    private var freeMetrics: [Int32] = []
    var machines: [MachineWatch] = []
    private var freeMachines: [Int32] = []
    /// Metrics that have no detector because all places are taken.
    private(set) var refusedMetrics = 0
    /// Detectors of a snapshot that another version of them wrote: these metrics are learned anew.
    private(set) var restartedMetrics = 0

    /// The clock on the wall of the site, by which metrics have their habits.
    private var local: LocalOffset

    init(maximumMetrics: Int, zone: ZoneRules) {
        self.maximumMetrics = maximumMetrics
        local = LocalOffset(zone)
    }

    var watchedMetrics: Int { metrics.count - freeMetrics.count }

    /// Memory that the detectors take, free places included.
    var stateBytes: Int {
        metrics.reduce(0) { $0 + $1.stateBytes } + machines.reduce(0) { $0 + $1.stateBytes }
    }

    static func condition(_ metric: String) -> String {
        // The name of the device as a whole is taken.
        metric == "machine" ? "anomaly:metric:machine" : "anomaly:\(metric)"
    }

    // MARK: Metrics

    /// Takes a live reading of a metric that is to be watched. True when its detector has raised or cleared a warning: `turn` tells it.
    ///
    /// `former` is what the metric was before, nil when that is not known, and `last` the event time of that.
    @inline(__always)
    mutating func take(
        _ value: Double, former: Double?, last: Int64, at time: Int64, isRate: Bool, gapMilliseconds: Int64, place: inout Int32
    ) -> Bool {
        if place < 0 {
            // One reading is no series: many names are seen once.
            guard former != nil else { return false }
            admit(&place)
            guard place >= 0 else { return false }
        }
        let index = Int(place)
        var value = value
        if isRate {
            let isContinuous = former.map { value >= $0 } == true && time &- last <= gapMilliseconds
            guard let rate = metrics[index].rate(value, at: time, isContinuous: isContinuous) else { return false }
            value = rate
        }
        let before = metrics[index].detector.isAnomalous
        let offset = local.offsetSeconds(atMilliseconds: time)
        return metrics[index].detector.observe(value, atMilliseconds: time, utcOffsetSeconds: offset).isAnomalous != before
    }

    /// What the detector says since its last reading, which was `value`.
    func turn(_ metric: MetricSlot, isRate: Bool, value: Double, at time: Int64, place: Int32) -> AnomalyTurn {
        let detector = metrics[Int(place)].detector
        var turn = AnomalyTurn(condition: Self.condition(metric.name))
        turn.evidence = [Alarm.Evidence(metric: metric.name, value: value, timeMilliseconds: time)]
        if detector.isAnomalous {
            turn.reason = detector.reason.text(
                metric: isRate ? "the rate of \(metric.name)" : metric.name, unit: Self.unitText(metric) + (isRate ? "/h" : ""),
                isRate: isRate)
        }
        return turn
    }

    /// How unusual the metric is, and what would be at this time.
    func outlook(_ place: Int32, at time: Int64) -> MetricDetector.Outlook {
        var local = local
        return metrics[Int(place)].detector.outlook(atMilliseconds: time, utcOffsetSeconds: local.offsetSeconds(atMilliseconds: time))
    }

    private static func unitText(_ slot: MetricSlot) -> String {
        slot.unit.isEmpty ? "" : " " + slot.unit.filter { $0 != "{" && $0 != "}" }
    }

    /// Gives a metric a detector, or notes that there is no room.
    private mutating func admit(_ place: inout Int32) {
        if !freeMetrics.isEmpty || metrics.count < maximumMetrics {
            if place == MetricWatch.refused { refusedMetrics -= 1 }
            place = put(MetricWatch())
        } else if place == MetricWatch.none {
            refuse(&place)
        }
    }

    private mutating func refuse(_ place: inout Int32) {
        place = MetricWatch.refused
        refusedMetrics += 1
    }

    private mutating func put(_ watch: MetricWatch) -> Int32 {
        if let free = freeMetrics.popLast() {
            metrics[Int(free)] = watch
            return free
        }
        // The array grows by a quarter: doubling would leave half of tens of megabytes empty.
        if metrics.count == metrics.capacity { metrics.reserveCapacity(metrics.count + max(64, metrics.count / 4)) }
        metrics.append(watch)
        return Int32(metrics.count - 1)
    }

    /// The metric is watched no more, or is gone.
    mutating func release(metric place: inout Int32) {
        if place == MetricWatch.refused { refusedMetrics -= 1 }
        if place >= 0 {
            metrics[Int(place)] = MetricWatch()
            freeMetrics.append(place)
        }
        place = MetricWatch.none
    }

    /// The clock that dates its readings was set.
    mutating func shift(metric place: Int32, byMilliseconds step: Int64) {
        if place >= 0 { metrics[Int(place)].shift(byMilliseconds: step) }
    }

    // MARK: Devices as wholes

    /// The device has told all that it tells at this time; `note` brings what its gauges are, one by one. Nil when the time is no newer than
    /// the last. True when a row is over with which its detector has raised or cleared a warning: `machineTurn` tells it.
    mutating func advance(machine place: Int32, to time: Int64, gapMilliseconds: Int64) -> Bool? {
        let before = machines[Int(place)].detector.isAnomalous
        guard machines[Int(place)].advance(to: time, gapMilliseconds: gapMilliseconds) else { return nil }
        return machines[Int(place)].detector.isAnomalous != before
    }

    func gaugeCount(machine place: Int32) -> Int { machines[Int(place)].gauges.count }

    func slot(ofGauge gauge: Int, machine place: Int32) -> SlotIndex { machines[Int(place)].gauges[gauge].slot }

    mutating func note(_ value: Double, gauge: Int, machine place: Int32) { machines[Int(place)].note(value, gauge: gauge) }

    /// What the detector says since its last row.
    func machineTurn(_ fleet: FleetState, _ device: DeviceIndex) -> AnomalyTurn {
        let machine = machines[Int(fleet.devices[device].machine)]
        let layout = fleet.profiles[fleet.devices[device].profile].layout
        let reason = machine.detector.reason
        let slot = { (channel: Int) in machine.gauges[channel].slot }
        var turn = AnomalyTurn(condition: Self.machineCondition)
        turn.evidence = reason.parts.map { part in
            let metric = fleet.metric(device, slot(part.channel)) ?? MetricState()
            return Alarm.Evidence(
                metric: layout[slot(part.channel)].name, value: metric.value, timeMilliseconds: metric.timeMilliseconds)
        }
        if machine.detector.isAnomalous {
            turn.reason = reason.text { (layout[slot($0)].name, Self.unitText(layout[slot($0)])) }
        }
        return turn
    }

    /// Gives a device a detector whose channels are these slots, when they are enough.
    mutating func admitMachine(_ slots: [SlotIndex], place: inout Int32) {
        guard slots.count >= MachineWatch.minimumGauges else { return }
        place = put(MachineWatch(slots: slots))
    }

    private mutating func put(_ machine: MachineWatch) -> Int32 {
        if let free = freeMachines.popLast() {
            machines[Int(free)] = machine
            return free
        }
        machines.append(machine)
        return Int32(machines.count - 1)
    }

    func hasMachine(at place: Int32, channelOf slot: SlotIndex) -> Bool { place >= 0 && machines[Int(place)].slots.contains(slot) }

    mutating func release(machine place: inout Int32) {
        guard place >= 0 else { return }
        machines[Int(place)] = MachineWatch(slots: [])
        freeMachines.append(place)
        place = MetricWatch.none
    }

    /// The metrics of the device have other numbers now.
    mutating func renumber(machine place: Int32, slotOf: Table<SlotIndex, SlotIndex>) {
        if place >= 0 { machines[Int(place)].renumber(slotOf) }
    }

    mutating func shift(machine place: Int32, byMilliseconds step: Int64) {
        if place >= 0 { machines[Int(place)].shift(byMilliseconds: step) }
    }

    /// Whether a detector of the device still says what an alarm of this condition says. `places` are those of the layout's slots.
    func stands(_ condition: String, _ layout: ProfileLayout, places: [Int32], machine: Int32) -> Bool {
        if condition == Self.machineCondition { return machine >= 0 && machines[Int(machine)].detector.isAnomalous }
        return zip(layout.slots, places).contains { slot, place in
            place >= 0 && Self.condition(slot.name) == condition && metrics[Int(place)].detector.isAnomalous
        }
    }
}

/// Detectors in the snapshot: by the names of the metrics of a device, as bytes that the detectors write themselves.
extension AnomalyDesk {
    private enum Content: UInt8 { case refused, gauge, rate }

    /// The detectors of one device, whose metrics have these places; nil for a device without any.
    func bytes(_ layout: ProfileLayout, places: [Int32], machine: Int32) -> [UInt8]? {
        let slots = places.indices.filter { places[$0] != MetricWatch.none }
        guard !slots.isEmpty else { return nil }
        var writer = ByteWriter()
        writer.write(UInt32(slots.count))
        for slot in slots {
            writer.write(layout.slots[slot].name)
            let content: Content = places[slot] < 0 ? .refused : layout.slots[slot].kind == .counter ? .rate : .gauge
            writer.write(content.rawValue)
            guard places[slot] >= 0 else { continue }
            let watch = metrics[Int(places[slot])]
            writer.write(watch.baseValue)
            writer.write(watch.baseMilliseconds)
            var bytes: [UInt8] = []
            watch.detector.write(to: &bytes)
            writer.write(blob: bytes)
        }
        writer.write(machine >= 0)
        if machine >= 0 { machines[Int(machine)].write(layout, to: &writer) }
        return writer.bytes
    }

    /// Reads what `bytes` wrote. What does not fit the present profiles, or was written by another version of the
    /// detectors, begins anew.
    ///
    /// `places` are those of the layout's slots for which the device has room; all are free before, and so is `machine`.
    mutating func read(
        _ reader: inout ByteReader, _ layout: ProfileLayout, _ derived: LayoutDerived, places: inout [Int32], machine: inout Int32
    ) throws {
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let slot = layout.slot(named: try reader.text())
            guard let content = Content(rawValue: try reader.integer()) else { throw SnapshotError.inconsistent }
            var watch: MetricWatch?
            if content != .refused {
                var read = MetricWatch()
                read.baseValue = try reader.double()
                read.baseMilliseconds = try reader.integer()
                watch = MetricDetector(bytes: try reader.blob()).map { detector in
                    read.detector = detector
                    return read
                }
            }
            if content != .refused, watch == nil { restartedMetrics += 1 }
            guard let slot, slot.place < places.count, derived.isWatched[slot] else { continue }
            guard content == .refused || (content == .rate) == derived.isRate[slot] else { continue }
            adopt(watch, isRefused: content == .refused, place: &places[Int(slot.place)])
        }
        guard try reader.bool(), let read = try MachineWatch(from: &reader, layout), machine < 0 else { return }
        // Without one of its channels it is another machine.
        if read.slots.allSatisfy({ $0.place < places.count && places[Int($0.place)] >= 0 }) { machine = put(read) }
    }

    private mutating func adopt(_ watch: MetricWatch?, isRefused: Bool, place: inout Int32) {
        guard place == MetricWatch.none else { return }
        if isRefused || watchedMetrics >= maximumMetrics {
            refuse(&place)
        } else if let watch {
            place = put(watch)
        }
    }

    /// For the digest: the state of each detector of a device as a hash.
    func digestLines(device: String, _ layout: ProfileLayout, places: [Int32], machine: Int32) -> [String] {
        var lines: [String] = []
        for (slot, place) in places.enumerated() where place >= 0 {
            let watch = metrics[Int(place)]
            var writer = ByteWriter()
            writer.write(watch.baseValue)
            writer.write(watch.baseMilliseconds)
            var bytes = writer.bytes
            watch.detector.write(to: &bytes)
            lines.append("anomaly \(device) \(layout.slots[slot].name) \(Self.hash(bytes))")
        }
        if machine >= 0 {
            var writer = ByteWriter()
            machines[Int(machine)].write(layout, to: &writer)
            lines.append("machine \(device) \(Self.hash(writer.bytes))")
        }
        return lines
    }

    private static func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { ContentHash.combine(ContentHash.seed, $0) } }
}
