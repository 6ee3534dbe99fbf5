import CoreViews
import Documents
import Foundation
import GatewayCore
import Testing

@testable import Gateway

/// All shipped profiles loaded together, and one core that reads messages by them.
struct ShippedBench {
    /// 2026-09-01T00:00:00Z.
    static let start: Int64 = 1_788_220_800_000

    var core: StewardCore
    var effects: [Effect] = []
    private var number: Int64 = 1

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let profiles = try ProfileLoader.load([root.appending(path: "DeviceProfiles").path])
        core = try #require(StewardCore(configuration: CoreConfiguration(), profiles: profiles))
    }

    mutating func take(_ topic: String, _ payload: String, second: Int64 = 0, isRetained: Bool = false) {
        var segment = Segment()
        if number == 1 { segment.append(.connected(sessionPresent: false)) }
        segment.append(topic: topic, payload: Array(payload.utf8), isRetained: isRetained)
        segment.firstEvent = number
        segment.arrivalMilliseconds = Self.start + second * 1000
        number += Int64(segment.count)
        core.step(segment, into: &effects)
    }

    private func object(_ device: String) throws -> [String: Any] {
        var writer = JSONWriter()
        guard core.writeDevice(device, &writer) else { return [:] }
        return try #require(try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
    }

    /// Metric → its value with its unit, such as `41.5 W`.
    func metrics(_ device: String) throws -> [String: String] {
        var result: [String: String] = [:]
        for metric in try object(device)["metrics"] as? [[String: Any]] ?? [] {
            let name = try #require(metric["metric"] as? String)
            let unit = metric["unit"] as? String ?? ""
            let value = metric["value"].map { $0 is NSNull ? "?" : "\($0)" } ?? ""
            result[name] = unit.isEmpty ? value : value + " " + unit
        }
        return result
    }

    func equipmentState(_ device: String) throws -> String? { try object(device)["equipmentState"] as? String }

    func alarms(_ device: String) throws -> [String] {
        (try object(device)["activeAlarms"] as? [[String: Any]] ?? []).compactMap { $0["condition"] as? String }.sorted()
    }

    var deadLetters: [String] { effects.compactMap { if case .deadLetter(let letter) = $0 { letter.reason } else { nil } } }
}

@Suite struct ShippedPlugProfileTests {
    private func bench(_ messages: [(String, String)]) throws -> ShippedBench {
        var bench = try ShippedBench()
        for (index, message) in messages.enumerated() { bench.take(message.0, message.1, second: Int64(index)) }
        #expect(bench.deadLetters.isEmpty)
        #expect(bench.core.counters.fieldProblems == 0)
        return bench
    }

    @Test func tasmotaEnergyPlug() throws {
        let bench = try bench([
            ("tele/press-3/LWT", "Online"),
            (
                "tele/press-3/SENSOR",
                #"{"Time":"2026-09-01T02:00:00","ENERGY":{"TotalStartTime":"2026-01-05T08:00:00","Total":81.25,"Today":1.5,"Power":415,"Factor":0.97,"Voltage":231,"Current":1.85},"ESP32":{"Temperature":51.7},"TempUnit":"C"}"#
            ),
            ("tele/press-3/STATE", #"{"Time":"2026-09-01T02:00:00","UptimeSec":7200,"POWER":"ON","Wifi":{"RSSI":64,"Signal":-68}}"#),
        ])
        #expect(
            try bench.metrics("press-3") == [
                "connection": "Online", "energy": "81.25 kW.h", "energyToday": "1.5 kW.h", "power": "415 W", "powerFactor": "0.97 1",
                "voltage": "231 V", "current": "1.85 A", "chipTemp": "51.7 Cel", "uptime": "7200 s", "POWER": "ON",
                "wifiQuality": "64 %", "wifiSignal": "-68 dB[mW]",
            ])
    }

    @Test func tasmotaPhasesAndAnswers() throws {
        let bench = try bench([
            ("tele/lathe/SENSOR", #"{"ENERGY":{"Power":[310,295,0],"Voltage":[229,231,230],"Total":12.5}}"#),
            ("stat/saw/STATUS10", #"{"StatusSNS":{"Time":"2026-09-01T02:00:00","ENERGY":{"Power":77,"Total":3.5}}}"#),
            ("stat/saw/POWER2", "ON"), ("stat/saw/RESULT", #"{"POWER1":"OFF"}"#),
            ("oven/tele/SENSOR", #"{"DS18B20":{"Temperature":181.5}}"#),
        ])
        #expect(
            try bench.metrics("lathe") == [
                "power.0": "310 W", "power.1": "295 W", "power.2": "0 W", "voltage.0": "229 V", "voltage.1": "231 V", "voltage.2": "230 V",
                "energy": "12.5 kW.h",
            ])
        #expect(try bench.metrics("saw") == ["power": "77 W", "energy": "3.5 kW.h", "POWER2": "ON", "POWER1": "OFF"])
        #expect(try bench.metrics("oven") == ["DS18B20.Temperature": "181.5 Cel"])
    }

    /// The word on its own topic and the member of a report are one metric.
    @Test func tasmotaRelayIsOneMetric() throws {
        var bench = try bench([("stat/saw/RESULT", #"{"POWER1":"OFF"}"#), ("stat/saw/POWER1", "ON")])
        #expect(try bench.metrics("saw") == ["POWER1": "ON"])
        bench.take("tele/saw/STATE", #"{"POWER1":"OFF"}"#, second: 5)
        #expect(try bench.metrics("saw") == ["POWER1": "OFF"])
    }

    @Test func tasmotaAlarms() throws {
        var bench = try bench([("tele/saw/LWT", "Online"), ("tele/saw/LWT", "Offline")])
        #expect(try bench.alarms("saw") == ["silent"])
        for second: Int64 in [10, 310, 610] {
            bench.take("tele/saw/SENSOR", #"{"ESP32":{"Temperature":91},"ENERGY":{"Voltage":256}}"#, second: second)
        }
        #expect(try bench.alarms("saw") == ["chip-hot", "overvoltage"])
    }

    @Test func shellyFirstGeneration() throws {
        let bench = try bench([
            ("shellies/plug-9/online", "true"), ("shellies/plug-9/relay/0", "on"), ("shellies/plug-9/relay/0/power", "118.4"),
            ("shellies/plug-9/relay/0/energy", "90000"), ("shellies/plug-9/temperature", "41.25"),
            ("shellies/plug-9/overtemperature", "0"), ("shellies/em-1/emeter/2/voltage", "229.5"),
            ("shellies/em-1/emeter/2/total", "1500"), ("shellies/em-1/emeter/2/pf", "0.5"),
        ])
        #expect(
            try bench.metrics("plug-9") == [
                "connection": "online", "relay.0": "on", "relay.0.power": "118.4 W", "relay.0.energy": "1.5 kW.h",
                "temperature": "41.25 Cel", "overtemperature": "no",
            ])
        #expect(
            try bench.metrics("em-1") == ["emeter.2.voltage": "229.5 V", "emeter.2.total": "1.5 kW.h", "emeter.2.pf": "0.5"])
    }

    /// Gen2 below the prefix of Gen1, which many keep; what events/rpc and status tell is one metric.
    @Test(arguments: ["shellies/mill", "mill", "hall/mill", "site/hall/mill", "a/b/c/mill"]) func shellySecondGeneration(_ prefix: String)
        throws
    {
        // The prefix is the name, but for the one that Gen1 has.
        let name = prefix == "shellies/mill" ? "mill" : prefix
        var bench = try bench([
            (
                prefix + "/events/rpc",
                #"{"src":"x","method":"NotifyFullStatus","params":{"ts":1788220800.5,"switch:0":{"id":0,"output":true,"apower":64,"aenergy":{"total":2500},"temperature":{"tC":44.5}},"devicepower:0":{"battery":{"V":5.5,"percent":8}},"wifi":{"rssi":-61}}}"#
            )
        ])
        #expect(
            try bench.metrics(name) == [
                "switch:0.output": "on", "switch:0.power": "64 W", "switch:0.energy": "2.5 kW.h", "switch:0.temperature": "44.5 Cel",
                "devicepower:0.batteryVoltage": "5.5 V", "supply.battery.devicepower:0": "8 %", "wifi.rssi": "-61 dB[mW]",
            ])
        #expect(try bench.alarms(name) == ["battery-low-0"])
        bench.take(prefix + "/status/switch:0", #"{"id":0,"output":false,"apower":0}"#, second: 5)
        bench.take(prefix + "/online", "true", second: 6)
        #expect(try bench.metrics(name)["switch:0.power"] == "0 W")
        #expect(try bench.metrics(name)["switch:0.output"] == "off")
        bench.take(prefix + "/online", "false", second: 7)
        #expect(try bench.alarms(name) == ["battery-low-0", "silent"])
        #expect(bench.deadLetters.isEmpty)
    }

    /// A component costs the metrics that it shows, not all that a component could show: a profile has 256.
    @Test func manyShellyComponentsFit() throws {
        var bench = try ShippedBench()
        for component in 0..<60 {
            bench.take("mill/events/rpc", #"{"params":{"switch:\#(component)":{"apower":\#(component),"temperature":{"tC":40}}}}"#)
            bench.take("mill/status/input:\(component)", #"{"id":0,"state":true}"#)
        }
        #expect(bench.deadLetters.isEmpty)
        #expect(bench.core.counters.readings == 180)
        #expect(try bench.metrics("mill").count == 180)
    }

    @Test func shellyOverpower() throws {
        var bench = try bench([("shellies/plug-9/relay/0", "overpower"), ("shellies/plug-9/overtemperature", "1")])
        #expect(try bench.alarms("plug-9") == ["overpower", "overtemperature"])
        bench.take("shellies/plug-9/relay/0", "on", second: 9)
        #expect(try bench.alarms("plug-9") == ["overtemperature"])
    }

    @Test func zigbeeDevices() throws {
        let bench = try bench([
            ("zigbee2mqtt/bridge/state", #"{"state":"online"}"#), ("zigbee2mqtt/mixer/availability", "online"),
            (
                "zigbee2mqtt/mixer",
                #"{"state":"ON","power":212.5,"current":0.94,"voltage":230,"energy":19.25,"linkquality":132,"device_temperature":38,"update":{"state":"idle"},"spin":3}"#
            ),
            ("zigbee2mqtt/door", #"{"contact":false,"battery":9,"voltage":2900,"last_seen":"2026-09-01T00:00:02.000Z"}"#),
        ])
        #expect(try bench.metrics("bridge") == ["connection": "online"])
        #expect(
            try bench.metrics("mixer") == [
                "connection": "online", "state": "ON", "power": "212.5 W", "current": "0.94 A", "voltage": "230", "energy": "19.25 kW.h",
                "linkquality": "132", "device_temperature": "38 Cel", "updateState": "idle", "spin": "3",
            ])
        #expect(try bench.metrics("door") == ["contact": "false", "supply.battery": "9 %", "voltage": "2900"])
        #expect(try bench.alarms("door") == ["battery-low"])
    }

    /// The numbers by which Zigbee says "unknown" raise no alarm, end no battery, and are no dead letters.
    @Test func zigbeeNumbersThatMeanUnknown() throws {
        var bench = try ShippedBench()
        for minute in 0..<20 as Range<Int64> {
            bench.take("zigbee2mqtt/cold", #"{"temperature":-327.68,"humidity":655.35,"battery":255}"#, second: minute * 60)
            bench.take("zigbee2mqtt/press", #"{"state":"ON","device_temperature":6553.5,"voltage":6553.5}"#, second: minute * 60)
        }
        #expect(try bench.metrics("cold") == ["temperature": "? Cel", "humidity": "? %", "supply.battery": "? %"])
        #expect(try bench.metrics("press") == ["state": "ON", "device_temperature": "? Cel", "voltage": "?"])
        #expect(try bench.alarms("cold").isEmpty && bench.alarms("press").isEmpty)
        #expect(bench.deadLetters.isEmpty)
        #expect(bench.core.budgetFigures.first { $0.name == "impossible_values" }?.value == 80)
        bench.take("zigbee2mqtt/cold", #"{"temperature":-20.5,"humidity":61,"battery":97}"#, second: 1300)
        #expect(try bench.metrics("cold") == ["temperature": "-20.5 Cel", "humidity": "61 %", "supply.battery": "97 %"])
    }

    /// A thing that deletes a group of its shadow, and a printer's metadata that are emptied at the end of a print.
    @Test func groupsThatAreDeletedAndTopicsThatAreEmptied() throws {
        var bench = try bench([
            ("$aws/things/belt/shadow/update/accepted", #"{"state":{"reported":{"lamp":"on","zone":{"top":{"temp":181},"n":2}}}}"#),
            ("$aws/things/belt/shadow/update/accepted", #"{"state":{"reported":{"zone":null}}}"#),
            ("printer-3/mqtt", "connected"), ("printer-3/metadata/layer_height", "0.2"), ("printer-3/metadata/layer_height", ""),
        ])
        #expect(try bench.metrics("belt") == ["lamp": "on", "zone.top.temp": "?", "zone.n": "?"])
        #expect(try bench.metrics("printer-3") == ["connection": "connected", "metadata.layer_height": "?"])
        // zigbee2mqtt empties the availability of a device that has another name now.
        bench.take("zigbee2mqtt/old/availability", "online", second: 10)
        bench.take("zigbee2mqtt/old/availability", "", second: 11)
        #expect(try bench.alarms("old") == ["silent"])
        #expect(bench.deadLetters.isEmpty)
    }

    @Test(arguments: [#"{"state":"offline"}"#, "offline"]) func zigbeeLiveness(_ word: String) throws {
        var bench = try bench([("zigbee2mqtt/mixer", #"{"state":"ON"}"#), ("zigbee2mqtt/mixer/availability", word)])
        #expect(try bench.metrics("mixer")["connection"] == "offline")
        #expect(try bench.alarms("mixer") == ["silent"])
        bench.take("zigbee2mqtt/mixer/availability", #"{"state":"online"}"#, second: 9)
        #expect(try bench.alarms("mixer").isEmpty)
    }

    /// What people do at the bridge is no reading.
    @Test func zigbeeBridgeAnswersCarryNothing() throws {
        var bench = try ShippedBench()
        bench.take("zigbee2mqtt/bridge/response/permit_join", #"{"status":"ok"}"#)
        #expect(bench.core.counters.readings == 0)
        // It is read as the answer to a command, of which there is none.
        #expect(bench.deadLetters.isEmpty)
    }
}
