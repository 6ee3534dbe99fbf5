import Glibc
import SampleCodec
import Telemetry

/// What decoding costs, a row a format and a shipped profile: bytes of a message to readings, on one core.
public enum DecodingBenchmark {
    public struct Row: Sendable {
        public var name: String
        /// Per second.
        public var messages: Double
        public var readings: Double
        public var bytes: Double

        public init(name: String, messages: Double, readings: Double, bytes: Double) {
            self.name = name
            self.messages = messages
            self.readings = readings
            self.bytes = bytes
        }
    }

    private struct Sample {
        var name: String
        /// The name of a loaded profile, or a whole one.
        var profile: String
        var topic: String
        var payload: String
    }

    /// A further format or profile is a further line.
    private static let samples = [
        Sample(
            name: "JSON (steward-native)", profile: "steward-native", topic: "devices/d/telemetry",
            payload:
                #"{"ts":1767225600000,"status":"printing","pageCount":48211,"supplies":{"black":43,"cyan":71,"magenta":64,"yellow":88},"temp":22.5,"humidity":41.2,"errors":[],"fuserTemp":186.3}"#
        ),
        Sample(
            name: "text",
            profile:
                #"{ profile: "x", messages: [{ topic: "t/{device}/{n}", format: "text" }], metrics: { "{n}": { pointer: "/value", unit: "W" } } }"#,
            topic: "t/d/power", payload: "118.25"),
        Sample(
            name: "CSV, 10 lines",
            profile:
                #"{ profile: "x", messages: [{ topic: "t/{device}", format: "csv", columns: ["at", "temp", "watts"], time: { pointer: "/at", unit: "iso8601" } }], metrics: { temp: { pointer: "/temp" }, watts: { pointer: "/watts" } } }"#,
            topic: "t/d", payload: (0..<10).map { "2026-01-01T00:00:0\($0)Z,21.5,118.\($0)" }.joined(separator: "\n")),
        Sample(
            name: "bambu-lab", profile: "bambu-lab", topic: "device/d/report",
            payload:
                #"{"print":{"command":"push_status","sequence_id":"1","gcode_state":"RUNNING","mc_percent":41,"layer_num":88,"nozzle_temper":219.8,"bed_temper":55,"wifi_signal":"-51dBm","hms":[],"ams":{"ams":[{"id":"0","humidity":"4","temp":"26.2","tray":[{"id":"0","remain":7,"tag_uid":"A1"}]}]}}}"#
        ),
        Sample(
            name: "tasmota", profile: "tasmota", topic: "tele/d/SENSOR",
            payload:
                #"{"Time":"2026-09-01T02:00:10","ENERGY":{"Total":81.25,"Today":1.5,"Power":415,"Factor":0.97,"Voltage":231,"Current":1.85},"ESP32":{"Temperature":51.5},"TempUnit":"C"}"#
        ),
        Sample(
            name: "shelly", profile: "shelly", topic: "d/events/rpc",
            payload:
                #"{"src":"d","method":"NotifyStatus","params":{"ts":1767225600.5,"switch:0":{"id":0,"apower":27.5,"voltage":231.5,"current":0.125,"aenergy":{"total":1885.5}}}}"#
        ),
        Sample(
            name: "zigbee2mqtt", profile: "zigbee2mqtt", topic: "zigbee2mqtt/d",
            payload: #"{"state":"ON","power":212.5,"energy":19.25,"voltage":231,"current":0.9,"linkquality":132}"#),
        Sample(
            name: "octoprint", profile: "octoprint", topic: "d/temperature/tool0",
            payload: #"{"_timestamp":1767225600,"actual":214.6,"target":215.0}"#),
        Sample(
            name: "moonraker", profile: "moonraker", topic: "d/klipper/status",
            payload:
                #"{"eventtime":812.4,"status":{"extruder":{"temperature":239.8,"target":240},"heater_bed":{"temperature":60.1},"print_stats":{"state":"printing"},"toolhead":{"position":[1.5,2,0.25,0]}}}"#
        ),
        Sample(
            name: "thingsboard, 2 devices", profile: "thingsboard", topic: "v1/gateway/telemetry",
            payload: #"{"Press 4":[{"ts":1767225600000,"values":{"force":12.5,"guard":"closed"}}],"Press 5":[{"force":9}]}"#),
        Sample(
            name: "aws-iot", profile: "aws-iot", topic: "$aws/things/d/shadow/update/accepted",
            payload:
                #"{"state":{"reported":{"door":"open","zone":{"top":{"temp":181}}},"desired":{"door":"closed"}},"version":3,"timestamp":1767225600}"#
        ),
    ]

    /// About `seconds` for each row. A profile that is not among `profiles` has none.
    public static func run(profiles: [DeviceProfile], seconds: Double = 0.25) -> [Row] {
        samples.compactMap { sample in
            let own = try? ProfileReader.read(Array(sample.profile.utf8), file: sample.name)
            guard let profile = own ?? profiles.first(where: { $0.name == sample.profile }) else { return nil }
            return measure(sample, ProfileLayout(profile), seconds)
        }
    }

    private static func measure(_ sample: Sample, _ start: ProfileLayout, _ seconds: Double) -> Row? {
        var layout = start
        let topic = Array(sample.topic.utf8)
        let found = topic.withUnsafeBytes { bytes in
            layout.profile.messages.firstIndex { $0.topic.match(bytes) != nil }.map {
                ($0, layout.profile.messages[$0].topic.captured(bytes))
            }
        }
        guard let (index, captures) = found, let decoder = MessageDecoder(maximumBytes: 1 << 20) else { return nil }
        let rule = layout.profile.messages[index]
        let root = layout.root(message: index, captures: captures) ?? 0
        let count = sample.payload.utf8.count
        let padded = Array(sample.payload.utf8) + Array(repeating: 0, count: MessageDecoder.padding)
        var decoded = DecodedMessage()
        var messages = 0
        var readings = 0
        let begin = now()
        var elapsed = 0.0
        while elapsed < seconds {
            padded.withUnsafeBytes { bytes in
                let payload = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                for _ in 0..<1000 {
                    if layout.isPlainMessage[index] {
                        try? decoder.decode(payload, message: index, root: root, layout: &layout, into: &decoded)
                        readings += decoded.readings.count
                    } else if (try? decoder.open(payload, rule)) != nil {
                        for part in decoder.parts {
                            decoder.read(part, message: index, root: root, layout: &layout, into: &decoded)
                            readings += decoded.readings.count
                        }
                    }
                }
            }
            messages += 1000
            elapsed = now() - begin
        }
        return Row(
            name: sample.name, messages: Double(messages) / elapsed, readings: Double(readings) / elapsed,
            bytes: Double(messages * count) / elapsed)
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
