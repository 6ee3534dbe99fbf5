import Documents
import GatewayCore
import Telemetry

/// What the core costs without network and disk: messages through decode, conditions, forecast and history.
public struct CoreBenchmark {
    public struct Result: Sendable {
        public var messages = 0
        public var seconds = 0.0
        public var readings: Int64 = 0
        public var stateBytesPerDevice = 0
        public var historyBytesPerSample = 0.0
        public var messagesPerSecond: Double { Double(messages) / seconds }
        public var nanosecondsPerMessage: Double { seconds * 1e9 / Double(messages) }
    }

    /// Native telemetry of `devices` office printers: 8 metrics, four of them levels, as they report every 60 s.
    public static func run(profiles: [DeviceProfile], devices: Int, messages: Int) -> Result? {
        guard var core = StewardCore(configuration: CoreConfiguration(), profiles: profiles) else { return nil }
        let batch = 1000
        let base: Int64 = 1_767_225_600_000
        var segments: [SegmentHolder] = []
        for start in stride(from: 0, to: messages, by: batch) {
            let holder = SegmentHolder()
            for index in start..<min(start + batch, messages) {
                holder.segment.append(
                    topic: topic(index % devices), payload: payload(round: index / devices, device: index % devices, base: base))
            }
            holder.segment.firstEvent = Int64(start + 1)
            holder.segment.arrivalMilliseconds = base + Int64(start / devices) * 60_000 + 1000
            segments.append(holder)
        }
        var result = Result(messages: messages)
        var effects: [Effect] = []
        var chunkBytes = 0
        var chunkSamples = 0
        let begin = BenchmarkClock.now
        for holder in segments {
            core.step(holder.segment, into: &effects)
            for case .history(let chunk) in effects {
                chunkBytes += chunk.bytes.count
                chunkSamples += Int(chunk.count)
            }
            effects.removeAll(keepingCapacity: true)
        }
        result.seconds = BenchmarkClock.now - begin
        result.readings = core.counters.readings
        result.stateBytesPerDevice = core.stateBytes / devices
        result.historyBytesPerSample = chunkSamples > 0 ? Double(chunkBytes) / Double(chunkSamples) : 0
        return result
    }

    private final class SegmentHolder { var segment = Segment() }

    private static func topic(_ device: Int) -> String {
        let digits = String(device)
        return "devices/prn-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + "/telemetry"
    }

    /// A printer that prints in the day, warms up and cools down, and wears its toner slowly.
    private static func payload(round: Int, device: Int, base: Int64) -> [UInt8] {
        let hour = round / 60 % 24
        let isPrinting = (8..<18).contains(hour) && (round * 7 + device) % 10 < 3
        var noise = UInt64(truncatingIfNeeded: round &* 1_000_003 &+ device) &* 0x9E37_79B9_7F4A_7C15
        noise ^= noise >> 29
        let pages = 1000 + round * 3 / 10
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("ts", base + Int64(round) * 60_000)
        writer.member("status", isPrinting ? "printing" : "idle")
        writer.member("pageCount", pages)
        writer.key("supplies")
        writer.beginObject()
        for (index, name) in ["black", "cyan", "magenta", "yellow"].enumerated() {
            writer.member(name, 100 - (pages / (80 + index * 25)) % 100)
        }
        writer.endObject()
        writer.member("temp", Double(2200 + Int(noise % 60) + hour * 10) / 100)
        writer.member("humidity", Double(400 + Int((noise >> 8) % 30)) / 10)
        writer.key("errors")
        writer.beginArray()
        writer.endArray()
        writer.member("fuserTemp", Double((isPrinting ? 1850 : 1600) + Int(noise >> 16 & 31)) / 10)
        writer.endObject()
        return writer.bytes
    }
}
