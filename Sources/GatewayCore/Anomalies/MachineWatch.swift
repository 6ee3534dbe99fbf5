import CivilCalendar
import Documents
import FaultDetection
import Telemetry

/// The detector of a device as a whole, and the means that its next row is made of.
struct MachineWatch: Sendable {
    static let rowMilliseconds: Int64 = 300_000
    static let minimumGauges = 3

    var detector: MachineDetector
    /// The slot of each channel.
    private(set) var slots: [Int32]
    var sums: [Double]
    var counts: [UInt32]
    var startMilliseconds = Int64.min
    var lastMilliseconds = Int64.min

    init(slots: [Int32]) {
        self.slots = slots
        detector = MachineDetector(channels: slots.count)
        sums = Array(repeating: 0, count: slots.count)
        counts = Array(repeating: 0, count: slots.count)
    }

    /// The metrics have other numbers now.
    mutating func renumber(_ slotOf: [Int32]) { slots = slots.map { slotOf[Int($0)] } }

    mutating func shift(byMilliseconds step: Int64) {
        startMilliseconds = startMilliseconds.shifted(byMilliseconds: step)
        lastMilliseconds = lastMilliseconds.shifted(byMilliseconds: step)
    }

    var stateBytes: Int { MemoryLayout<MachineWatch>.stride + detector.stateBytes + slots.count * 16 }

    /// Takes what the gauges are at the device's message; nil unless a row was over.
    mutating func note(_ fleet: FleetState, _ device: DeviceIndex, at time: Int64, gapMilliseconds: Int64) -> MachineDetector.Verdict? {
        guard time > lastMilliseconds else { return nil }
        let isGap = lastMilliseconds == .min || time &- lastMilliseconds > gapMilliseconds
        lastMilliseconds = time
        var verdict: MachineDetector.Verdict?
        if isGap {
            // What was before the gap is no part of a mean with what comes after it.
            begin(at: time)
        } else if time &- startMilliseconds >= Self.rowMilliseconds {
            for index in sums.indices { sums[index] = counts[index] == 0 ? .nan : sums[index] / Double(counts[index]) }
            verdict = detector.take(sums)
            begin(at: time)
        }
        for (index, slot) in slots.enumerated() {
            guard case .live(let value, let measured) = fleet.value(device, slot), time &- measured <= gapMilliseconds else { continue }
            // Bounded, so that a sum of the largest numbers is a number.
            sums[index] += min(max(value, -1e300), 1e300)
            counts[index] &+= 1
        }
        return verdict
    }

    private mutating func begin(at time: Int64) {
        startMilliseconds = time
        for index in sums.indices {
            sums[index] = 0
            counts[index] = 0
        }
    }
}

extension MachineWatch {
    /// By the names of its metrics.
    func write(_ layout: ProfileLayout, to writer: inout ByteWriter) {
        writer.write(UInt32(slots.count))
        for (channel, slot) in slots.enumerated() {
            writer.write(layout.slots[Int(slot)].name)
            writer.write(sums[channel])
            writer.write(counts[channel])
        }
        writer.write(startMilliseconds)
        writer.write(lastMilliseconds)
        var bytes: [UInt8] = []
        detector.write(to: &bytes)
        writer.write(blob: bytes)
    }

    /// Nil when the layout has not all of its metrics, or another version of the detector wrote it. Throws when the bytes are damaged.
    init?(from reader: inout ByteReader, _ layout: ProfileLayout) throws {
        let count = Int(try reader.integer(UInt32.self))
        guard count <= MachineDetector.maximumChannels else { throw SnapshotError.inconsistent }
        var slots: [Int32?] = []
        var sums: [Double] = []
        var counts: [UInt32] = []
        for _ in 0..<count {
            slots.append(layout.slot(named: try reader.text()))
            sums.append(try reader.double())
            counts.append(try reader.integer())
        }
        let start: Int64 = try reader.integer()
        let last: Int64 = try reader.integer()
        let detector = MachineDetector(bytes: try reader.blob()[...])
        let known = slots.compactMap { $0 }
        guard let detector, detector.channelCount == count, known.count == count else { return nil }
        self.init(slots: known)
        self.detector = detector
        self.sums = sums
        self.counts = counts
        startMilliseconds = start
        lastMilliseconds = last
    }
}
