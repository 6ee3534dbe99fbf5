import CivilCalendar
import Documents
import FaultDetection
import Telemetry

/// The detector of a device as a whole, and the means that its next row is made of.
struct MachineWatch: Sendable {
    static let rowMilliseconds: Int64 = 300_000
    static let minimumGauges = 3

    /// A channel, and what was read of it since its row began.
    struct Gauge: Sendable {
        var slot: SlotIndex
        var count: UInt32 = 0
        var sum = 0.0
    }

    var detector: MachineDetector
    /// In the order of the channels.
    private(set) var gauges: [Gauge]
    var startMilliseconds = Int64.min
    var lastMilliseconds = Int64.min

    init(slots: [SlotIndex]) {
        gauges = slots.map { Gauge(slot: $0) }
        detector = MachineDetector(channels: slots.count)
    }

    /// The slot of each channel.
    var slots: [SlotIndex] { gauges.map(\.slot) }

    /// The metrics have other numbers now.
    mutating func renumber(_ slotOf: Table<SlotIndex, SlotIndex>) {
        for index in gauges.indices { gauges[index].slot = slotOf[gauges[index].slot] }
    }

    mutating func shift(byMilliseconds step: Int64) {
        startMilliseconds = startMilliseconds.shifted(byMilliseconds: step)
        lastMilliseconds = lastMilliseconds.shifted(byMilliseconds: step)
    }

    var stateBytes: Int {
        MemoryLayout<MachineWatch>.stride - MemoryLayout<MachineDetector>.stride + detector.stateBytes
            + (gauges.isEmpty ? 0 : gauges.count * MemoryLayout<Gauge>.stride + 40)
    }

    /// The device has spoken: a row that is over goes to the detector. False when the time is no newer than the last.
    mutating func advance(to time: Int64, gapMilliseconds: Int64) -> Bool {
        guard time > lastMilliseconds else { return false }
        let isGap = lastMilliseconds == .min || time &- lastMilliseconds > gapMilliseconds
        lastMilliseconds = time
        if isGap {
            // What was before the gap is no part of a mean with what comes after it.
            begin(at: time)
        } else if time &- startMilliseconds >= Self.rowMilliseconds {
            _ = detector.observe(gauges.lazy.map { $0.count == 0 ? .nan : $0.sum / Double($0.count) })
            begin(at: time)
        }
        return true
    }

    /// Takes what a gauge is at the device's message.
    mutating func note(_ value: Double, gauge: Int) {
        // Bounded, so that a sum of the largest numbers is a number.
        gauges[gauge].sum += min(max(value, -1e300), 1e300)
        gauges[gauge].count &+= 1
    }

    private mutating func begin(at time: Int64) {
        startMilliseconds = time
        for index in gauges.indices { gauges[index] = Gauge(slot: gauges[index].slot) }
    }
}

extension MachineWatch {
    /// By the names of its metrics.
    func write(_ layout: ProfileLayout, to writer: inout ByteWriter) {
        writer.write(UInt32(gauges.count))
        for gauge in gauges {
            writer.write(layout[gauge.slot].name)
            writer.write(gauge.sum)
            writer.write(gauge.count)
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
        var known: [Gauge] = []
        for _ in 0..<count {
            let slot = layout.slot(named: try reader.text())
            let sum = try reader.double()
            let rows: UInt32 = try reader.integer()
            if let slot { known.append(Gauge(slot: slot, count: rows, sum: sum)) }
        }
        let start: Int64 = try reader.integer()
        let last: Int64 = try reader.integer()
        let detector = MachineDetector(bytes: try reader.blob())
        guard let detector, detector.channelCount == count, known.count == count else { return nil }
        self.init(slots: [])
        self.detector = detector
        gauges = known
        startMilliseconds = start
        lastMilliseconds = last
    }
}
