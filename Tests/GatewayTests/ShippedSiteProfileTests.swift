import Foundation
import GatewayCore
import Testing

@testable import Gateway

/// Energy systems, edge devices and print servers, each with messages written by hand after what their programs document.
@Suite struct ShippedSiteProfileTests {
    // MARK: Victron

    @Test func venusSaysNothingByNullAndByAnEmptyList() throws {
        var bench = try ShippedBench()
        let portal = "c0619ab12345"
        for (path, payload) in [
            ("battery/512/Dc/0/Voltage", #"{"value":52.1}"#), ("battery/512/Soc", #"{"value":88}"#),
            ("battery/512/TimeToGo", #"{"value":null}"#),
            ("grid/30/Ac/L1/Energy/Forward", #"{"value":1201.5}"#), ("grid/30/Ac/L1/Power", #"{"value":230}"#),
            ("solarcharger/279/Yield/User", #"{"value":802.4}"#), ("solarcharger/279/Pv/V", #"{"value":71.2}"#),
            ("vebus/276/State", #"{"value":3}"#), ("vebus/276/Ac/Out/L1/V", #"{"value":230.1}"#),
            ("battery/512/Alarms/LowVoltage", #"{"value":0}"#),
            ("battery/512/ProductName", #"{"value":"SmartShunt"}"#),
        ] { bench.take("N/\(portal)/\(path)", payload) }
        #expect(
            try bench.metrics(portal) == [
                "battery.512.Dc.0.Voltage": "52.1 V", "battery.512.Soc": "88 %", "battery.512.TimeToGo": "? s",
                "grid.30.Ac.L1.Energy.Forward": "1201.5 kW.h",
                "grid.30.Ac.L1.Power": "230 W", "solarcharger.279.Yield.User": "802.4 kW.h", "solarcharger.279.Pv.V": "71.2 V",
                "vebus.276.State": "3",
                "vebus.276.Ac.Out.L1.V": "230.1 V", "battery.512.Alarms.LowVoltage": "ok", "battery.512.ProductName": "SmartShunt",
            ])
        bench.take("N/\(portal)/battery/512/Soc", #"{"value":[]}"#, second: 10)
        bench.take("N/\(portal)/battery/512/Dc/0/Voltage", #"{"value":null}"#, second: 10)
        #expect(try bench.metrics(portal)["battery.512.Soc"] == "? %")
        #expect(try bench.metrics(portal)["battery.512.Dc.0.Voltage"] == "? V")
        bench.take("N/\(portal)/battery/512/Alarms/LowVoltage", #"{"value":2}"#, second: 20)
        #expect(try bench.alarms(portal) == ["battery.512.LowVoltage.2"])
        bench.take("N/\(portal)/battery/512/Alarms/LowVoltage", #"{"value":0}"#, second: 30)
        #expect(try bench.alarms(portal) == [])
        #expect(bench.deadLetters.isEmpty, "\(bench.deadLetters)")
    }

    // MARK: OpenDTU

    @Test func opendtu() throws {
        var bench = try ShippedBench()
        for (path, payload) in [
            ("dtu/status", "online"), ("dtu/9938/uptime", "3600"), ("1164/name", "Roof"), ("1164/0/power", "312.5"),
            ("1164/0/yieldtotal", "0"),
            ("1164/0/temperature", "34.1"), ("1164/1/power", "160.2"), ("1164/1/yieldtotal", "801.25"), ("1164/status/reachable", "1"),
            ("1164/status/producing", "1"), ("1164/status/limit_relative", "100.00"), ("1164/device/fwbuildversion", "10014"),
            ("1164/cmd/limit_nonpersistent_relative", "50"),
        ] { bench.take("solar/\(path)", payload) }
        #expect(
            try bench.metrics("1164") == [
                "name": "Roof", "ac.power": "312.5 W", "ac.yieldtotal": "? kW.h", "ac.temperature": "34.1 Cel", "dc.1.power": "160.2 W",
                "dc.1.yieldtotal": "801.25 kW.h",
                "reachable": "reachable", "producing": "producing", "limit_relative": "100 %", "device.fwbuildversion": "10014",
            ])
        #expect(try bench.metrics("dtu") == ["status": "online"])
        #expect(try bench.metrics("9938") == ["dtu.uptime": "3600 s"])
        bench.take("solar/dtu/status", "offline", second: 60)
        #expect(try bench.alarms("dtu") == ["silent"])
        #expect(bench.deadLetters.isEmpty, "\(bench.deadLetters)")
    }

    // MARK: thin-edge.io

    @Test func thinEdge() throws {
        var bench = try ShippedBench()
        bench.take("te/device/main///m/env", #"{"temp":25.5,"rack":{"left":21,"right":22},"time":"2026-09-01T00:00:00Z"}"#)
        bench.take("te/device/child-1///m/env", #"{"temp":20,"time":1788220800.5}"#)
        bench.take("te/device/main///twin/os", #"{"name":"Debian","version":"12"}"#)
        bench.take("te/device/main///twin/location", "Hall 3")
        bench.take("te/device/main/service/tedge-agent/status/health", #"{"pid":12,"status":"up","time":1788220800}"#)
        bench.take("te/device/main/service/mosquitto-c8y-bridge/status/health", "1")
        #expect(
            try bench.metrics("main") == [
                "env.temp": "25.5", "env.rack.left": "21", "env.rack.right": "22", "twin.os.name": "Debian", "twin.os.version": "12",
                "twin.location": "Hall 3", "service.tedge-agent": "up", "service.mosquitto-c8y-bridge": "up",
            ])
        #expect(try bench.metrics("child-1") == ["env.temp": "20"])
        bench.take("te/device/main/service/tedge-agent/status/health", #"{"status":"down"}"#, second: 60)
        #expect(try bench.alarms("main") == ["agent-down"])
        bench.take("te/device/main///a/hot", #"{"severity":"critical","text":"Too hot"}"#, second: 70)
        #expect(try bench.alarms("main") == ["agent-down", "hot.critical"])
        bench.take("te/device/main///a/hot", "", second: 80)
        #expect(try bench.alarms("main") == ["agent-down"])
        #expect(bench.deadLetters.isEmpty && bench.core.counters.clockProblems == 0, "\(bench.deadLetters)")
    }

    // MARK: CUPS

    @Test func cupsQueues() throws {
        var bench = try ShippedBench()
        bench.take("cups2mqtt/cups_server", #"{"is_reachable":true,"cups_version":"2.4","cups2mqtt_version":"0.3.0"}"#)
        bench.take(
            "cups2mqtt/hall-3",
            #"{"name":"hall-3","description":"Hall","printer_make":"X","state":"Idle","job_count":0,"state_message":"","state_reason":"none","markers":["#
                + #"{"type":"toner","color":"black","name":"Black","level":64},{"type":"wasteToner","color":null,"name":"Waste","level":10},"#
                + #"{"type":"ink","color":null,"name":"Cyan","level":null},{"type":"ink","color":null,"name":"Magenta","level":-2}]}"#)
        let metrics = try bench.metrics("hall-3")
        #expect(metrics["status"] == "Idle" && metrics["reason"] == "none" && metrics["jobs"] == "0 {jobs}")
        #expect(metrics["supply.Black"] == "64 %" && metrics["supply.Waste"] == "90 %")
        #expect(metrics["supply.Cyan"] == "? %" && metrics["supply.Magenta"] == "? %")
        bench.take(
            "cups2mqtt/hall-3", #"{"name":"hall-3","state":"Stopped","state_reason":"media-empty-error,toner-low-report"}"#, second: 30)
        // A code that the profile lists has the severity of its row, whatever its end says.
        #expect(try bench.alarms("hall-3") == ["media-empty", "toner-low"])
        bench.take("cups2mqtt/hall-3", #"{"name":"hall-3","state":"Idle","state_reason":"none"}"#, second: 40)
        #expect(try bench.alarms("hall-3") == [])
        bench.take("cups2mqtt/cups_server", #"{"is_reachable":false,"cups_version":null,"cups2mqtt_version":"0.3.0"}"#, second: 60)
        #expect(try bench.alarms("cups_server") == ["silent"])
        #expect(bench.deadLetters.isEmpty, "\(bench.deadLetters)")
    }

    // MARK: Telegraf

    private static func telegraf(_ name: String, _ fields: String, index: String? = nil) -> String {
        let tag = index.map { #""index":"\#($0)","# } ?? ""
        return #"{"fields":{\#(fields)},"name":"\#(name)","tags":{\#(tag)"host":"site-7","source":"10.0.0.21"},"timestamp":1788220800}"#
    }

    @Test(arguments: [false, true])
    func telegrafAloneAndInBatches(_ isBatch: Bool) throws {
        var bench = try ShippedBench()
        let messages = [
            Self.telegraf(
                "printer", #""hrDeviceStatus":2,"hrPrinterStatus":3,"hrPrinterDetectedErrorState":"@","prtMarkerLifeCount":48210"#),
            Self.telegraf(
                "supplies",
                #""prtMarkerSuppliesClass":3,"prtMarkerSuppliesType":3,"prtMarkerSuppliesDescription":"Black Toner","prtMarkerSuppliesMaxCapacity":9200,"prtMarkerSuppliesLevel":4600"#,
                index: "1.1"),
            Self.telegraf(
                "supplies",
                #""prtMarkerSuppliesClass":4,"prtMarkerSuppliesType":4,"prtMarkerSuppliesMaxCapacity":-2,"prtMarkerSuppliesLevel":-3"#,
                index: "1.2"),
            Self.telegraf("trays", #""prtInputMaxCapacity":500,"prtInputCurrentLevel":250,"prtInputName":"Tray 1""#, index: "1.1"),
        ]
        for payload in isBatch ? [#"{"metrics":[\#(messages.joined(separator: ","))]}"#] : messages {
            bench.take("telegraf/printers", payload + "\n")
        }
        #expect(
            try bench.metrics("10.0.0.21") == [
                "deviceStatus": "running", "printerStatus": "idle", "pageCount": "48210 {pages}", "supply.1.1": "50 %", "supply.1.2": "? %",
                "supply.tray.1.1": "50 %",
            ])
        #expect(try bench.alarms("10.0.0.21") == ["noPaper"])
        #expect(bench.deadLetters.isEmpty, "\(bench.deadLetters)")
    }
}
