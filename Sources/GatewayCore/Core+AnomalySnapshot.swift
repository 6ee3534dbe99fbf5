import FaultDetection
import Telemetry

/// Detectors in the snapshot: by the names of device and metric, a section for each device, as bytes that the detectors write themselves.
extension StewardCore {
    static var anomalySection: String { "anomalies" }

    private enum Content: UInt8 { case refused, gauge, rate }

    /// Nil for a device without any.
    func anomalySection(_ device: Int) -> [UInt8]? {
        let layout = layouts[Int(hot[device].profile)]
        let first = Int(hot[device].firstMetric)
        let slots = (0..<min(layout.slots.count, Int(hot[device].metricCapacity))).filter { metrics[first + $0].watch != MetricWatch.none }
        guard !slots.isEmpty else { return nil }
        var writer = ByteWriter()
        writer.write(records[device].id)
        writer.write(UInt32(slots.count))
        for slot in slots {
            let place = Int(metrics[first + slot].watch)
            writer.write(layout.slots[slot].name)
            let content: Content = place < 0 ? .refused : layout.slots[slot].kind == .counter ? .rate : .gauge
            writer.write(content.rawValue)
            guard place >= 0 else { continue }
            writer.write(metricWatches[place].baseValue)
            writer.write(metricWatches[place].baseMilliseconds)
            var bytes: [UInt8] = []
            metricWatches[place].detector.write(to: &bytes)
            writer.write(blob: bytes)
        }
        writer.write(hot[device].machine >= 0)
        if hot[device].machine >= 0 { write(machineWatches[Int(hot[device].machine)], layout, &writer) }
        return writer.bytes
    }

    private func write(_ machine: MachineWatch, _ layout: ProfileLayout, _ writer: inout ByteWriter) {
        writer.write(UInt32(machine.slots.count))
        for (channel, slot) in machine.slots.enumerated() {
            writer.write(layout.slots[Int(slot)].name)
            writer.write(machine.sums[channel])
            writer.write(machine.counts[channel])
        }
        writer.write(machine.startMilliseconds)
        writer.write(machine.lastMilliseconds)
        var bytes: [UInt8] = []
        machine.detector.write(to: &bytes)
        writer.write(blob: bytes)
    }

    /// What does not fit the present profiles, or was written by another version of the detectors, begins anew.
    mutating func readAnomalies(_ bytes: [UInt8]) throws {
        var reader = ByteReader(bytes)
        guard let index = deviceIndex[try reader.text()] else { return }
        let device = Int(index)
        let profile = Int(hot[device].profile)
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let slot = layouts[profile].slot(named: try reader.text())
            guard let content = Content(rawValue: try reader.integer()) else { throw SnapshotError.inconsistent }
            var watch: MetricWatch?
            if content != .refused {
                var read = MetricWatch()
                read.baseValue = try reader.double()
                read.baseMilliseconds = try reader.integer()
                watch = MetricDetector(bytes: try reader.blob()[...]).map { detector in
                    read.detector = detector
                    return read
                }
            }
            guard let slot, slot < hot[device].metricCapacity, derived[profile].isWatched[Int(slot)] else { continue }
            adopt(watch, content, Int(hot[device].firstMetric + slot), isRate: derived[profile].isRate[Int(slot)])
        }
        if try reader.bool() { try readMachine(device, profile, &reader) }
    }

    private mutating func adopt(_ watch: MetricWatch?, _ content: Content, _ index: Int, isRate: Bool) {
        guard metrics[index].watch == MetricWatch.none, content == .refused || (content == .rate) == isRate else { return }
        guard content == .refused || watchedMetrics >= configuration.maximumAnomalyMetrics else {
            if let watch { metrics[index].watch = place(watch) }
            return
        }
        metrics[index].watch = MetricWatch.refused
        refusedWatches += 1
    }

    private mutating func readMachine(_ device: Int, _ profile: Int, _ reader: inout ByteReader) throws {
        let count = Int(try reader.integer(UInt32.self))
        guard count <= MachineDetector.maximumChannels else { throw SnapshotError.inconsistent }
        var slots: [Int32] = []
        var sums: [Double] = []
        var counts: [UInt32] = []
        for _ in 0..<count {
            slots.append(layouts[profile].slot(named: try reader.text()) ?? -1)
            sums.append(try reader.double())
            counts.append(try reader.integer())
        }
        let start: Int64 = try reader.integer()
        let last: Int64 = try reader.integer()
        let detector = MachineDetector(bytes: try reader.blob()[...])
        let first = Int(hot[device].firstMetric)
        // Without one of its channels it is another machine.
        guard let detector, detector.channelCount == count, hot[device].machine < 0,
            slots.allSatisfy({ $0 >= 0 && $0 < hot[device].metricCapacity && metrics[first + Int($0)].watch >= 0 })
        else { return }
        var watch = MachineWatch(slots: slots)
        watch.detector = detector
        watch.sums = sums
        watch.counts = counts
        watch.startMilliseconds = start
        watch.lastMilliseconds = last
        hot[device].machine = place(watch)
    }

    /// For the digest: the state of each detector as a hash.
    func anomalyLines(_ device: Int) -> [String] {
        let layout = layouts[Int(hot[device].profile)]
        let first = Int(hot[device].firstMetric)
        var lines: [String] = []
        for slot in 0..<min(layout.slots.count, Int(hot[device].metricCapacity)) {
            let place = Int(metrics[first + slot].watch)
            guard place >= 0 else { continue }
            var writer = ByteWriter()
            writer.write(metricWatches[place].baseValue)
            writer.write(metricWatches[place].baseMilliseconds)
            var bytes = writer.bytes
            metricWatches[place].detector.write(to: &bytes)
            lines.append("anomaly \(records[device].id) \(layout.slots[slot].name) \(Self.hash(bytes))")
        }
        if hot[device].machine >= 0 {
            var writer = ByteWriter()
            write(machineWatches[Int(hot[device].machine)], layout, &writer)
            lines.append("machine \(records[device].id) \(Self.hash(writer.bytes))")
        }
        return lines
    }

    private static func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { ContentHash.combine(ContentHash.seed, $0) } }
}
