import Testing

@testable import Gateway
@testable import GatewayCore

/// All shipped profiles on one broker, with programs that none of them knows.
@Suite struct ShippedClaimTests {
    @Test func otherProgramsAreNoDevices() throws {
        var bench = try ShippedBench()
        let strangers = [
            ("homeassistant/status", "online"), ("oven/status", "online"), ("evcc/status", "online"), ("kitchen/temperature/oven", "21.5"),
            ("kitchen/event/motion", "ON"), ("kitchen/online", "1"), ("kitchen/online", "true"), ("garage/status/door", "closed"),
            ("kitchen/metadata/x", "hello"), ("oven/status", "offline"),
        ]
        for (topic, payload) in strangers { bench.take(topic, payload) }
        #expect(bench.core.deviceCount == 0 && bench.deadLetters.isEmpty)
        #expect(bench.core.budgets[.strangers] == Int64(strangers.count))
    }

    @Test func shellyMetersAndRadioDevicesByComponent() throws {
        var bench = try ShippedBench()
        let params = """
            {"ts":1788220800.1,"em1:0":{"id":0,"current":2.6,"act_power":501.8,"aprt_power":612.4,"pf":0.84,"freq":50},
             "em1data:0":{"id":0,"total_act_energy":8400,"total_act_ret_energy":1180},
             "pm1:0":{"apower":5,"aprtpower":6},"emdata:0":{"a_total_act_energy":1000,"total_act":2000,"total_act_ret":500},
             "blutrv:200":{"pos":12,"target_C":21,"current_C":20.1,"battery":90},"bthomesensor:201":{"value":20.5},
             "bthomesensor:202":{"value":true},"voltmeter:100":{"voltage":3.2,"xvoltage":32}}
            """
        bench.take("site/hall/em50/events/rpc", #"{"method":"NotifyStatus","params":\#(params)}"#)
        bench.take("em50/status/em1:0", #"{"id":0,"act_power":7,"aprt_power":9}"#, second: 1)
        bench.take("site/hall/em50/online", "true", second: 2)
        let metrics = try bench.metrics("site/hall/em50")
        let expected = [
            "em1:0.power": "501.8 W", "em1:0.apparentPower": "612.4 V.A", "em1:0.frequency": "50 Hz", "em1data:0.energy": "8.4 kW.h",
            "em1data:0.energyReturned": "1.18 kW.h", "pm1:0.apparentPower": "6 V.A", "emdata:0.a.energy": "1 kW.h",
            "emdata:0.totalEnergyReturned": "0.5 kW.h", "blutrv:200.valve": "12 %", "blutrv:200.currentTemperature": "20.1 Cel",
            "supply.battery.blutrv:200": "90 %", "bthomesensor:201.value": "20.5", "bthomesensor:202.value": "true",
            "voltmeter:100.scaledVoltage": "32", "connection": "online",
        ]
        for (name, value) in expected { #expect(metrics[name] == value, "\(name)") }
        #expect(try bench.metrics("em50")["em1:0.apparentPower"] == "9 V.A")
        #expect(bench.deadLetters.isEmpty && bench.core.deviceCount == 2)
    }

    @Test func oneWordInTwoRoomsIsTwoDevices() throws {
        var bench = try ShippedBench()
        for (room, watts) in [("kitchen", 2000), ("bath", 0)] {
            bench.take(
                "site/\(room)/heating/events/rpc", #"{"method":"NotifyStatus","params":{"ts":1788220800,"switch:0":{"apower":\#(watts)}}}"#)
        }
        #expect(try bench.metrics("site/kitchen/heating")["switch:0.power"] == "2000 W")
        #expect(try bench.metrics("site/bath/heating")["switch:0.power"] == "0 W")
    }

    /// Requests to a device, and what the bridge tells of others, are no words of a device.
    @Test func friendlyNamesMayHaveSlashes() throws {
        var bench = try ShippedBench()
        bench.take("zigbee2mqtt/kitchen/lamp/set", #"{"state":"ON"}"#)
        bench.take("zigbee2mqtt/bridge/devices", #"[{"friendly_name":"kitchen/lamp"}]"#)
        bench.take("zigbee2mqtt/bridge/logging", #"{"level":"info"}"#)
        #expect(bench.core.deviceCount == 0 && bench.core.budgets[.strangers] == 0)
        bench.take("zigbee2mqtt/kitchen/lamp", #"{"state":"ON","linkquality":80}"#)
        bench.take("zigbee2mqtt/kitchen/lamp/availability", #"{"state":"online"}"#)
        bench.take("zigbee2mqtt/bridge/state", #"{"state":"online"}"#)
        #expect(try bench.metrics("kitchen/lamp") == ["state": "ON", "linkquality": "80", "connection": "online"])
        #expect(bench.core.deviceCount == 2)
        bench.take("zigbee2mqtt/kitchen/lamp/availability", "offline", second: 1)
        #expect(try bench.alarms("kitchen/lamp") == ["silent"])
        bench.take("zigbee2mqtt/kitchen/lamp/set", #"{"state":"OFF"}"#, second: 2)
        #expect(try bench.alarms("kitchen/lamp") == ["silent"])
        #expect(bench.deadLetters.isEmpty)
    }

    @Test func tasmotaSensorsKeepTheirSeries() throws {
        var bench = try ShippedBench()
        bench.take("tele/old/SENSOR", #"{"DS18B20":{"Temperature":20},"TempUnit":"C"}"#)
        bench.take(
            "tele/p/SENSOR", #"{"DS18B20-1":{"Id":"04A1","Temperature":21},"DS18B20-2":{"Id":"04B2","Temperature":85.5},"TempUnit":"C"}"#)
        bench.take("tele/p/SENSOR", #"{"DS18B20":{"Id":"04B2","Temperature":85.6},"TempUnit":"C"}"#, second: 300)
        #expect(try bench.metrics("p") == ["04A1.Temperature": "21 Cel", "04B2.Temperature": "85.6 Cel"])
        bench.take(
            "tele/p/SENSOR", #"{"DS18B20-1":{"Id":"04B2","Temperature":85.7},"DS18B20-2":{"Id":"04C3","Temperature":19},"TempUnit":"C"}"#,
            second: 600)
        #expect(
            try bench.metrics("p") == ["04A1.Temperature": "21 Cel", "04B2.Temperature": "85.7 Cel", "04C3.Temperature": "19 Cel"])
        #expect(try bench.metrics("old") == ["DS18B20.Temperature": "20 Cel"])
    }

    @Test func espHomeNodes() throws {
        var bench = try ShippedBench()
        for (topic, payload) in [
            ("sensor/chamber/state", "181.25"), ("status", "online"), ("binary_sensor/door/state", "ON"), ("switch/heater/state", "OFF"),
            ("climate/room/current_temperature/state", "20.5"), ("climate/room/mode/state", "heat"), ("fan/air/speed_level/state", "3"),
            ("light/lamp/state", #"{"state":"ON","brightness":128,"color_mode":"brightness"}"#), ("text_sensor/program/state", "bake"),
        ] { bench.take("hall/oven/" + topic, payload) }
        #expect(
            try bench.metrics("hall/oven") == [
                "chamber": "181.25", "connection": "online", "door": "ON", "heater": "OFF", "room.current_temperature": "20.5",
                "room.mode": "heat", "air.speed_level": "3", "lamp.light": "ON", "lamp.brightness": "128", "program": "bake",
            ])
        bench.take("hall/oven/sensor/chamber/state", "nan", second: 10)
        #expect(try bench.metrics("hall/oven")["chamber"] == "?")
        bench.take("hall/oven/status", "offline", second: 20)
        #expect(try bench.alarms("hall/oven") == ["silent"])
        #expect(bench.deadLetters.isEmpty && bench.core.deviceCount == 1)
    }
}
