import CivilCalendar
import Documents
import Telemetry

/// Counters: how steeply they rise, and the few whose line is not plain.
extension FleetState {
    func counterLine(at place: Int) -> CounterLine { metrics[place].hasLine ? counterLines[place] ?? CounterLine() : CounterLine() }

    mutating func set(_ line: CounterLine, at place: Int) {
        guard metrics[place].hasLine || !line.isPlain else { return }
        metrics[place].hasLine = !line.isPlain
        counterLines[place] = line.isPlain ? nil : line
    }

    /// The device's event time moves.
    mutating func shiftCounters(of device: DeviceIndex, byMilliseconds step: Int64) {
        for (_, place) in places(of: device) where metrics[place].hasLine {
            guard let time = counterLines[place]?.held?.timeMilliseconds else { continue }
            counterLines[place]?.held?.timeMilliseconds = time.shifted(byMilliseconds: step)
        }
    }

    private func known(_ device: DeviceIndex) -> [(slot: SlotIndex, place: Int)] {
        places(of: device).filter { metrics[$0.place].steepestRise > 0 || metrics[$0.place].hasLine }
    }

    /// The bytes of a part `counters`; nil where nothing is known of any.
    func counterBytes(of device: DeviceIndex) -> [UInt8]? {
        let known = known(device)
        guard !known.isEmpty else { return nil }
        var writer = ByteWriter()
        writer.write(UInt32(known.count))
        for (slot, place) in known {
            let line = counterLine(at: place)
            writer.write(UInt32(slot.place))
            writer.write(Double(metrics[place].steepestRise))
            writer.write(line.offset)
            writer.write(line.held != nil)
            writer.write(line.held?.raw ?? 0)
            writer.write(line.held?.timeMilliseconds ?? 0)
        }
        return writer.bytes
    }

    /// Throws for bytes that no `counterBytes` wrote.
    mutating func restoreCounters(_ bytes: [UInt8], of device: DeviceIndex, slotOf slots: Table<SlotIndex, SlotIndex>) throws {
        var reader = ByteReader(bytes)
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let old = SlotIndex(place: try reader.integer())
            let steepest = try reader.double()
            var line = CounterLine()
            line.offset = try reader.double()
            let isHeld = try reader.bool()
            let held = CounterLine.Held(raw: try reader.double(), timeMilliseconds: try reader.integer())
            guard steepest.isFinite, line.offset.isFinite, held.raw.isFinite else { throw SnapshotError.inconsistent }
            if isHeld { line.held = held }
            guard slots.contains(old), !slots[old].isNone else { continue }
            let place = takePlace(device, slots[old])
            metrics[place].steepestRise = Float(steepest)
            set(line, at: place)
        }
        guard reader.isAtEnd else { throw SnapshotError.inconsistent }
    }

    func counterDigestLines(_ device: DeviceIndex) -> [String] {
        let layout = profiles[devices[device].profile].layout
        return known(device).map { slot, place in
            let line = counterLine(at: place)
            let held = line.held.map { " \($0.raw) @\($0.timeMilliseconds)" } ?? ""
            return "counter \(records[device].id) \(layout[slot].name) \(metrics[place].steepestRise) \(line.offset)\(held)"
        }
    }
}
