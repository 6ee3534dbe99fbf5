import CoreViews
import Documents
import GatewayCore
import Telemetry
import Testing

@testable import Gateway

/// Proposed profiles pass the reader, and understand what they were made from.
@Suite struct ProfileProposalTests {
    private static let start: Int64 = 1_788_220_800_000

    private func message(_ topic: String, _ payload: String, second: Int = 0) -> RecordedMessage {
        RecordedMessage(topic: topic, payload: Array(payload.utf8), arrivalMilliseconds: Self.start + Int64(second) * 1000)
    }

    private func profiles(_ texts: [String]) throws -> [DeviceProfile] {
        let set = ProfileSet(texts.enumerated().map { ("\($0).json", .success(Array($1.utf8))) })
        #expect(set.diagnostics.map(\.description) == [], "\(texts.joined(separator: "\n"))")
        return set.profiles
    }

    /// Metric → value of a device after the messages, and the reasons of dead letters.
    private func replay(_ texts: [String], _ messages: [RecordedMessage]) throws -> (StewardCore, [String]) {
        var core = try #require(StewardCore(configuration: CoreConfiguration(), profiles: try profiles(texts)))
        var effects: [Effect] = []
        for (number, message) in messages.enumerated() {
            var segment = Segment()
            if number == 0 { segment.append(.connected(sessionPresent: false)) }
            segment.append(topic: message.topic, payload: message.payload)
            segment.firstEvent = Int64(number + 2) - (number == 0 ? 1 : 0)
            segment.arrivalMilliseconds = message.arrivalMilliseconds
            core.step(segment, into: &effects)
        }
        return (core, effects.compactMap { if case .deadLetter(let letter) = $0 { letter.reason } else { nil } })
    }

    private func metrics(_ core: StewardCore, _ device: String) throws -> [String: String] {
        var writer = JSONWriter()
        #expect(core.writeDevice(device, &writer), "\(device)")
        let answer = try APIValue(parsing: writer.bytes)
        var result: [String: String] = [:]
        for metric in answer["metrics"].items {
            let name = metric["metric"].string ?? ""
            result[name] = metric["value"].string ?? metric["value"].number.map { "\($0)" } ?? "?"
        }
        return result
    }

    // MARK: Announcements

    /// After the form of zigbee2mqtt: one topic a device, templates, bridge and device availability.
    @Test func zigbee2mqtt() throws {
        func config(_ component: String, _ object: String, _ more: String, _ device: String = "plug_1") -> RecordedMessage {
            message(
                "homeassistant/\(component)/0x\(device)/\(object)/config",
                """
                {"state_topic":"zigbee2mqtt/\(device)","unique_id":"0x\(device)_\(object)_zigbee2mqtt","object_id":"\(device)_\(object)",
                 "availability":[{"topic":"zigbee2mqtt/bridge/state","value_template":"{{ value_json.state }}"},
                 {"topic":"zigbee2mqtt/\(device)/availability","value_template":"{{ value_json.state }}"}],"availability_mode":"all",
                 "device":{"identifiers":["zigbee2mqtt_0x\(device)"],"name":"\(device)","manufacturer":"Works","model":"Plug 7"},\(more)}
                """)
        }
        let announced = [
            config(
                "sensor", "power",
                #""value_template":"{{ value_json.power }}","unit_of_measurement":"W","device_class":"power","state_class":"measurement""#),
            config(
                "sensor", "energy",
                #""value_template":"{{ value_json.energy }}","unit_of_measurement":"kWh","state_class":"total_increasing""#),
            config(
                "switch", "switch",
                #""value_template":"{{ value_json.state }}","payload_on":"ON","payload_off":"OFF","command_topic":"zigbee2mqtt/plug_1/set""#
            ),
            config(
                "binary_sensor", "contact", #""value_template":"{{ value_json.contact }}","payload_on":false,"payload_off":true"#, "door_1"),
            config("sensor", "battery", #""value_template":"{{ value_json.battery }}","unit_of_measurement":"%""#, "door_1"),
            config("sensor", "age", #""value_template":"{{ now() - value_json.last_seen }}""#, "door_1"),
        ]
        let proposal = DiscoveryProposal(announced)
        #expect(proposal.profiles.count == 1 && proposal.notes == [])
        let profile = try #require(proposal.profiles.first)
        #expect(profile.devices.sorted() == ["door_1", "plug_1"])
        // What it cannot say it tells, with the place.
        #expect(profile.notes.contains { $0.contains("homeassistant/sensor/0xdoor_1/age/config") && $0.contains("now") })
        #expect(profile.notes.contains { $0.contains("zigbee2mqtt/bridge/state") })
        #expect(profile.text.contains(#""zigbee2mqtt/{device}/set""#))
        let (core, letters) = try replay(
            [profile.text],
            [
                message("zigbee2mqtt/plug_1", #"{"power":12.5,"energy":3.25,"state":"ON"}"#),
                message("zigbee2mqtt/door_1", #"{"contact":false,"battery":87}"#, second: 1),
                message("zigbee2mqtt/door_1/availability", #"{"state":"offline"}"#, second: 2),
            ])
        #expect(letters == [])
        #expect(try metrics(core, "plug_1") == ["power": "12.5", "energy": "3.25", "switch": "on"])
        #expect(try metrics(core, "door_1") == ["contact": "on", "battery": "87.0"])
        #expect(core.counters.alarmsRaised == 1)
        let read = try #require(try profiles([profile.text]).first)
        #expect(read.metrics.first { $0.name.text == "energy" }?.kind == .counter)
        #expect(read.metrics.first { $0.name.text == "energy" }?.unit == "kW.h")
    }

    /// After the form of ESPHome: abbreviations, a topic a value, status of the device.
    @Test func esphome() throws {
        let device = #""dev":{"ids":"a1b2c3","name":"kitchen","sw":"2026.1","mdl":"esp32dev","mf":"Espressif"}"#
        let avty = #""avty_t":"kitchen/status""#
        let announced = [
            message(
                "homeassistant/sensor/kitchen/oven_temperature/config",
                #"{"dev_cla":"temperature","unit_of_meas":"°C","stat_cla":"measurement","name":"Oven","stat_t":"~/sensor/oven_temperature/state","~":"kitchen",\#(avty),\#(device)}"#
            ),
            message(
                "homeassistant/binary_sensor/kitchen/door/config",
                #"{"name":"Door","stat_t":"kitchen/binary_sensor/door/state",\#(avty),"uniq_id":"x",\#(device)}"#),
            message(
                "homeassistant/switch/kitchen/fan/config",
                #"{"name":"Fan","stat_t":"kitchen/switch/fan/state","cmd_t":"kitchen/switch/fan/command",\#(avty),\#(device)}"#),
            message("homeassistant/button/kitchen/restart/config", #"{"cmd_t":"kitchen/button/restart/command",\#(avty),\#(device)}"#),
        ]
        let profile = try #require(DiscoveryProposal(announced).profiles.first)
        #expect(profile.devices == ["kitchen"])
        let (core, letters) = try replay(
            [profile.text],
            [
                message("kitchen/status", "online"), message("kitchen/sensor/oven_temperature/state", "181.5", second: 1),
                message("kitchen/binary_sensor/door/state", "OFF", second: 2), message("kitchen/switch/fan/state", "ON", second: 3),
                message("kitchen/status", "offline", second: 60),
            ])
        #expect(letters == [])
        #expect(try metrics(core, "kitchen") == ["oven_temperature": "181.5", "door": "off", "fan": "on"])
        #expect(core.counters.alarmsRaised == 1)
        let read = try #require(try profiles([profile.text]).first)
        #expect(read.commands.map(\.name).sorted() == ["fan.off", "fan.on", "restart"])
        #expect(read.messages.filter { !$0.isGeneral }.isEmpty)
    }

    /// One announcement for a whole device, as firmwares since 2024 send it; after the forms of Tasmota and valetudo.
    @Test func devicesWithComponents() throws {
        let announced = [
            message(
                "homeassistant/device/AABBCC/config",
                """
                {"dev":{"ids":["AABBCC"],"name":"plug-7"},"o":{"name":"firmware","sw":"14"},"avty_t":"tele/plug-7/LWT","pl_avail":"Online",
                 "pl_not_avail":"Offline","exp_aft":900,
                 "cmps":{"power":{"p":"sensor","stat_t":"tele/plug-7/SENSOR","val_tpl":"{{value_json['ENERGY']['Power']}}","unit_of_meas":"W"},
                 "voltage":{"p":"sensor","stat_t":"tele/plug-7/SENSOR","val_tpl":"{{ value_json.ENERGY.Voltage | float / 10 }}","unit_of_meas":"V"},
                 "gone":{"p":"sensor"}}}
                """),
            message(
                "homeassistant/vacuum/robot/robot_vacuum/config",
                #"{"schema":"state","state_topic":"valetudo/robot/hass/robot_state","device":{"identifiers":["robot"],"name":"Robot"}}"#),
            message(
                "homeassistant/sensor/robot/robot_area/config",
                #"{"state_topic":"valetudo/robot/CurrentStatisticsCapability/area","unit_of_measurement":"m²","device":{"identifiers":["robot"]}}"#
            ),
        ]
        let proposal = DiscoveryProposal(announced)
        #expect(proposal.profiles.map(\.devices) == [["plug-7"], ["robot"]])
        let (core, letters) = try replay(
            proposal.profiles.map(\.text),
            [
                message("tele/plug-7/LWT", "Online"), message("tele/plug-7/SENSOR", #"{"ENERGY":{"Power":41,"Voltage":2300}}"#, second: 1),
                message("valetudo/robot/hass/robot_state", #"{"state":"docked","battery_level":100}"#, second: 2),
                message("valetudo/robot/CurrentStatisticsCapability/area", "12.5", second: 3),
            ])
        #expect(letters == [])
        #expect(try metrics(core, "plug-7") == ["power": "41.0", "voltage": "230.0"])
        #expect(try metrics(core, "robot") == ["vacuum": "docked", "area": "12.5"])
        #expect(proposal.profiles[0].silentAfterSeconds == 900)
    }

    /// After the form of OpenDTU: serial numbers in the topics, the availability of the bridge only.
    @Test func openDTU() throws {
        let announced = ["114180000001", "114180000002"].flatMap { serial in
            [
                message(
                    "homeassistant/sensor/\(serial)/0_power/config",
                    #"{"stat_t":"solar/\#(serial)/0/power","unit_of_meas":"W","dev_cla":"power","stat_cla":"measurement","avty_t":"solar/dtu/status","dev":{"name":"Roof \#(serial)","ids":"\#(serial)"}}"#
                ),
                message(
                    "homeassistant/sensor/\(serial)/0_yieldtotal/config",
                    #"{"stat_t":"solar/\#(serial)/0/yieldtotal","unit_of_meas":"kWh","stat_cla":"total_increasing","dev":{"name":"Roof \#(serial)","ids":"\#(serial)"}}"#
                ),
                message(
                    "homeassistant/binary_sensor/\(serial)/reachable/config",
                    #"{"stat_t":"solar/\#(serial)/status/reachable","pl_on":"1","pl_off":"0","dev":{"ids":"\#(serial)"}}"#),
            ]
        }
        let proposal = DiscoveryProposal(announced)
        #expect(proposal.profiles.map(\.devices) == [["114180000001", "114180000002"]])
        let (core, letters) = try replay(
            proposal.profiles.map(\.text),
            [message("solar/114180000002/0/power", "310.5"), message("solar/114180000002/status/reachable", "1", second: 1)])
        #expect(letters == [])
        #expect(try metrics(core, "114180000002") == ["0_power": "310.5", "reachable": "on"])
    }

    @Test func hostileAnnouncements() throws {
        let evil = "x\\u2028}\\n// \\u001b[31m"
        let announced = [
            message("homeassistant/sensor/a/b/config", "not JSON"), message("homeassistant/sensor/a/c/config", "[1]"),
            message("homeassistant/sensor/a/d/config", #"{"stat_t":"a/+/x","dev":{"ids":"a"}}"#),
            message("homeassistant/sensor/b/e/config", #"{"stat_t":"b/{x}/y","dev":{"ids":"b"}}"#),
            message("homeassistant/device/c/config", "{}"),
            message("homeassistant/sensor/gone/x/config", #"{"stat_t":"gone/x"}"#), message("homeassistant/sensor/gone/x/config", ""),
            message(
                "homeassistant/sensor/d/\(String(repeating: "n", count: 300))/config",
                #"{"stat_t":"site/d/v","unit_of_meas":"\#(evil)","dev":{"ids":"d","name":"\#(evil)","mdl":"\#(evil)"},"val_tpl":"{{ value_json['\#(evil)'] }}"}"#
            ),
            message(
                "homeassistant/sensor/d/w/config", #"{"stat_t":"site/d/w","unit_of_meas":"\#(evil)","dev":{"ids":"d","name":"\#(evil)"}}"#),
            message("homeassistant/" + String(repeating: "x", count: 2000) + "/y/config", "{}"),
        ]
        let proposal = DiscoveryProposal(announced)
        #expect(proposal.notes.count == 5, "\(proposal.notes)")
        #expect(proposal.profiles.map(\.devices) == [["d"]])
        for profile in proposal.profiles {
            _ = try profiles([profile.text])
            #expect(!profile.text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x2028 })
        }
        // Many announcements of one device are bounded by what a profile may have.
        let many = (0..<700).map {
            message(
                "homeassistant/sensor/e/v\($0)/config",
                #"{"stat_t":"site/e/v\#($0 % 100)","val_tpl":"{{ value_json.v\#($0) }}","dev":{"ids":"e"}}"#)
        }
        let large = try #require(DiscoveryProposal(many).profiles.first)
        _ = try profiles([large.text])
        #expect(large.notes.contains { $0.hasPrefix("left out") })
    }

    // MARK: Drafts

    @Test func aRecordingOfTwoDevices() throws {
        var recording: [RecordedMessage] = []
        for second in 0..<6 {
            for (number, device) in ["m-1", "m-2"].enumerated() {
                recording.append(
                    message(
                        "plant/\(device)/state",
                        """
                        {"ts":\(Self.start / 1000 + Int64(second)),"status":"\(second < 3 ? "run" : "stop")","parts":\(100 * number + second),
                         "temps":{"head":\(40.5 + Double(second % 2)),"bed":\(second == 4 ? -127.0 : 60.25)},"toner":{"black":\(80 - second)},
                         "errors":\(second == 5 ? "[\"E21\"]" : "[]"),"axes":[{"load":\(second)},{"load":\(3 - second % 3)}],"id":"\(device)-\(second)-\(number)"}
                        """, second: second))
                recording.append(message("plant/\(device)/link", second == 0 ? "online" : "offline", second: second))
            }
        }
        recording.append(message("homeassistant/sensor/x/y/config", "{}"))
        recording.append(message("$SYS/broker/uptime", "5 seconds"))
        let draft = RecordingDraft(recording)
        #expect(draft.profiles.count == 1, "\(draft.profiles.map(\.text))")
        #expect(draft.notes.count == 2)
        let proposed = try #require(draft.profiles.first)
        let profile = try #require(try profiles([proposed.text]).first)
        #expect(profile.messages.map(\.topic.text).sorted() == ["plant/{device}/link", "plant/{device}/state"])
        #expect(profile.messages.first { $0.topic.text.hasSuffix("state") }?.time?.unit == .seconds)
        #expect(profile.messages.first { $0.topic.text.hasSuffix("link") }?.liveness?.offline == ["offline"])
        let kinds = Dictionary(uniqueKeysWithValues: profile.metrics.map { ($0.name.text, $0.kind) })
        #expect(kinds["status"] == .state && kinds["parts"] == .counter && kinds["temps.head"] == .gauge && kinds["link"] == .state)
        #expect(kinds["axes.{n}.load"] == .gauge)
        #expect(profile.supplies.map(\.name.text) == ["toner.black"] && profile.supplies.filter(\.isOrdered).isEmpty)
        #expect(profile.alerts.map(\.path.text) == ["/errors"])
        #expect(proposed.text.contains("unknown: [-127]"))
        let (core, letters) = try replay([proposed.text], recording.filter { $0.topic.hasPrefix("plant/") })
        #expect(letters == [])
        #expect(try metrics(core, "m-2")["parts"] == "105.0")
        #expect(try metrics(core, "m-1")["axes.1.load"] != nil)
    }

    /// Devices that publish below their own names, and one alone.
    @Test func whereTheNameOfTheDeviceStands() throws {
        func devices(_ topics: [(String, String)]) -> [[String]] {
            RecordingDraft(topics.enumerated().map { message($1.0, $1.1, second: $0) }).profiles.map(\.devices)
        }
        #expect(devices([("p-1/temp", "20"), ("p-1/load", "3"), ("p-2/temp", "21"), ("p-2/load", "4")]) == [["p-1", "p-2"]])
        #expect(devices([("tele/plug1/SENSOR", #"{"a":1}"#), ("tele/plug1/STATE", #"{"b":1}"#)]) == [["plug1"]])
        #expect(devices([("site/oven/temperature", "20"), ("site/oven/door", "open")]) == [["oven"]])
        #expect(devices([("site/oven/temperature", "20")]) == [["oven"]])
        #expect(devices([("site/oven", #"{"temperature":20}"#)]) == [["oven"]])
        #expect(
            devices([
                ("tele/a/SENSOR", #"{"x":1}"#), ("tele/a/STATE", #"{"y":1}"#), ("tele/b/SENSOR", #"{"x":1}"#),
                ("tele/b/STATE", #"{"y":1}"#),
            ])
                == [["a", "b"]])
    }

    @Test func hostileRecordings() throws {
        let deep = String(repeating: "{\"a\":", count: 50) + "1" + String(repeating: "}", count: 50)
        var recording = [
            message("x/d/1", deep), message("x/d/2", "{\"{name}\":1,\"ok\":2}"), message("x/d/3", "{\"a\":"),
            message("x/d/4", "\u{1B}[31m"),
            message("x/{d}/5", "1"), message("x/d/6", "{\"" + String(repeating: "k", count: 500) + "\":1,\"a b/c~d\":1}"), message("", "1"),
            message("x/d/7", "{\"n\":1e999,\"t\":\"\u{2028}// x\"}"),
            message("x/d/8", "{" + (0..<900).map { "\"m\($0)\":\($0)" }.joined(separator: ",") + "}"),
        ]
        recording += (0..<200).map { message("x/d/topic\($0)", "\($0)") }
        let draft = RecordingDraft(recording)
        #expect(!draft.profiles.isEmpty)
        for proposed in draft.profiles {
            #expect(!proposed.text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x2028 })
            _ = try profiles([proposed.text])
        }
    }
}
