import GatewayCore
import Sparkplug
import Telemetry

/// What Sparkplug B costs: data by alias of edge nodes with devices, through the session, the profile and the whole core.
public struct SparkplugBenchmark {
    public struct Result: Sendable {
        public var metrics: Int
        public var decodingSeconds: Double
        public var coreSeconds: Double
        public var decodedPerSecond: Double { Double(metrics) / decodingSeconds }
        public var processedPerSecond: Double { Double(metrics) / coreSeconds }
    }

    private static let metricsOfDevice = 50
    private static let metricsOfMessage = 20
    private static let base: Int64 = 1_767_225_600_000

    /// `messages` DDATA messages of 20 metrics each, from `devices` devices behind nodes of ten. Nil when memory is short.
    public static func run(profiles: [DeviceProfile], devices: Int = 100, messages: Int = 50_000) -> Result? {
        guard var core = StewardCore(configuration: CoreConfiguration(), profiles: profiles) else { return nil }
        var effects: [Effect] = []
        var births = Segment()
        var seq = [UInt64](repeating: 0, count: (devices + 9) / 10)
        for node in seq.indices {
            births.append(topic: topic("NBIRTH", node), payload: payload(0, base, [("bdSeq", nil, .int64, 1)]))
            seq[node] = 1
        }
        for device in 0..<devices {
            let metrics = (0..<metricsOfDevice).map { number -> Metric in
                ("Zone \(number / 10)/Sensor \(number % 10)", UInt64(device % 10 * 100 + number), .double, 20.5)
            }
            births.append(topic: topic("DBIRTH", device / 10, device), payload: payload(seq[device / 10], base, metrics))
            seq[device / 10] += 1
        }
        births.firstEvent = 1
        births.arrivalMilliseconds = base
        core.step(births, into: &effects)

        var segments: [Holder] = []
        for start in stride(from: 0, to: messages, by: 500) {
            let holder = Holder()
            for index in start..<min(start + 500, messages) {
                let device = index % devices
                let first = index / devices * 7 % (metricsOfDevice - metricsOfMessage)
                let metrics = (first..<first + metricsOfMessage).map { number -> Metric in
                    (nil, UInt64(device % 10 * 100 + number), .double, 20 + Double((index + number) % 97) / 4)
                }
                let bytes = payload(seq[device / 10] % 256, base + Int64(index / devices + 1) * 1000, metrics)
                holder.segment.append(topic: topic("DDATA", device / 10, device), payload: bytes)
                holder.payloads.append(bytes)
                seq[device / 10] += 1
            }
            holder.segment.firstEvent = Int64(births.count + start + 1)
            holder.segment.arrivalMilliseconds = base + Int64(start / devices + 1) * 1000
            segments.append(holder)
        }
        let decoding = BenchmarkClock.seconds { decode(segments) }
        let before = core.counters.readings
        let processing = BenchmarkClock.seconds {
            for holder in segments {
                core.step(holder.segment, into: &effects)
                effects.removeAll(keepingCapacity: true)
            }
        }
        return Result(metrics: Int(core.counters.readings - before), decodingSeconds: decoding, coreSeconds: processing)
    }

    private static func decode(_ segments: [Holder]) {
        var reader = SparkplugPayload()
        for holder in segments {
            for payload in holder.payloads { payload.withUnsafeBytes { try? reader.decode($0) } }
        }
    }

    private final class Holder {
        var segment = Segment()
        var payloads: [[UInt8]] = []
    }

    private typealias Metric = (name: String?, alias: UInt64?, type: SparkplugDatatype, value: Double)

    private static func topic(_ kind: String, _ node: Int, _ device: Int? = nil) -> String {
        "spBv1.0/Plant/\(kind)/Node \(node)" + (device.map { "/Device \($0)" } ?? "")
    }

    private static func payload(_ seq: UInt64, _ time: Int64, _ metrics: [Metric]) -> [UInt8] {
        var writer = SparkplugPayloadWriter(timestampMilliseconds: time, seq: seq)
        for metric in metrics {
            try? writer.add(
                name: metric.name, alias: metric.alias, timestampMilliseconds: time, datatype: metric.type, value: .number(metric.value))
        }
        return writer.bytes
    }
}
