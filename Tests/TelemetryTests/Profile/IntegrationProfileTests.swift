import Testing

@testable import Telemetry

/// The shipped profiles of programs that stand between devices and the broker: what really comes out of messages of ours.
@Suite struct IntegrationProfileTests {
    @Test func octoPrintByItsBaseTopic() throws {
        var bench = try TopicBench(shipped: "octoprint")
        let heat = try bench.part("hall/temperature/tool0", #"{"_timestamp": 1750000000, "actual": 214.6, "target": 215.0}"#)
        #expect(heat.device == "hall")
        #expect(heat.values == ["tool0.temp": "214.6", "tool0.targetTemp": "215.0"])
        #expect(heat.milliseconds == 1_750_000_000_000)
        #expect(
            try bench.part(
                "hall/progress/printing",
                #"{"progress": 31, "_timestamp": 1750000060, "printer_data": {"progress": {"completion": 31.4, "printTime": 600, "printTimeLeft": null}, "state": {"text": "Printing"}, "currentZ": 4.2}}"#
            ).values == [
                "progress": "31.0", "completion": "31.4", "printTime": "600.0", "printTimeLeft": "?", "status": "PRINTING", "height": "4.2",
            ])
        #expect(
            try bench.part(
                "hall/event/PrinterStateChanged", #"{"_event": "PrinterStateChanged", "state_id": "PAUSED", "state_string": "Paused"}"#
            )
            .values == ["lastEvent": "PrinterStateChanged", "status": "PAUSED"])
        #expect(
            try bench.part("hall/event/PrintDone", #"{"_event": "PrintDone", "time": 812.5, "path": "a.gcode"}"#).values == [
                "lastEvent": "PrintDone", "lastPrintTime": "812.5",
            ])
        #expect(try bench.part("hall/metadata/layer_height", "0.25").values == ["metadata.layer_height": "0.25"])
        #expect(try bench.part("hall/metadata/material", "PETG").values == ["metadata.material": "PETG"])
        #expect(try bench.part("hall/mqtt", "connected").isOffline == false)
        let gone = try bench.part("hall/mqtt", "disconnected")
        #expect(gone.isOffline && gone.values == ["connection": "disconnected"])
    }

    @Test func moonrakerFieldByFieldOrTogether() throws {
        var bench = try TopicBench(shipped: "moonraker")
        #expect(
            try bench.part("voron/klipper/state/extruder/temperature", #"{"eventtime": 812.5, "value": 239.7}"#)
                == TopicBench.Part(device: "voron", values: ["extruder.temperature": "239.7"]))
        #expect(
            try bench.part("voron/klipper/state/print_stats/state", #"{"eventtime": 813, "value": "printing"}"#).values == [
                "status": "printing"
            ])
        #expect(
            try bench.part("voron/klipper/state/toolhead/homed_axes", #"{"eventtime": 814, "value": "xyz"}"#).values == [
                "toolhead.homed_axes": "xyz"
            ])
        #expect(
            try bench.part("voron/klipper/state/toolhead/position", #"{"eventtime": 814, "value": [1.5, 2, 0.25, 0]}"#).values == [
                "toolhead.position.0": "1.5", "toolhead.position.1": "2.0", "toolhead.position.2": "0.25", "toolhead.position.3": "0.0",
            ])
        let all = try bench.part(
            "voron/klipper/status",
            #"{"eventtime": 900.1, "status": {"extruder": {"temperature": 240, "target": 240}, "print_stats": {"state": "paused", "message": "", "print_duration": 71.5}, "display_status": {"progress": 0.25}, "webhooks": {"state": "shutdown"}, "toolhead": {"position": [7, 8]}}}"#
        )
        // The same names as above, although the messages have another shape.
        #expect(
            all.values == [
                "extruder.temperature": "240.0", "extruder.target": "240.0", "status": "paused", "printTime": "71.5", "progress": "25.0",
                "klipper": "shutdown",
                "toolhead.position.0": "7.0", "toolhead.position.1": "8.0",
            ])
        #expect(all.milliseconds == nil && all.problem == nil)
        #expect(try bench.part("voron/moonraker/status", #"{"server": "offline"}"#).isOffline)
        #expect(try bench.part("voron/moonraker/status", #"{"server": "online"}"#).isOffline == false)
    }

    @Test func thingsBoardDevicesAndGateways() throws {
        var bench = try TopicBench(shipped: "thingsboard")
        #expect(
            try bench.parts(
                "v1/devices/press-4/telemetry", #"[{"force": 12.5}, {"ts": 1750000000500, "values": {"force": 13, "guard": "closed"}}]"#)
                == [
                    TopicBench.Part(device: "press-4", values: ["force": "12.5"]),
                    TopicBench.Part(device: "press-4", values: ["force": "13.0", "guard": "closed"], milliseconds: 1_750_000_000_500),
                ])
        #expect(
            try bench.parts(
                "v1/gateway/telemetry",
                #"{"Press 5": [{"ts": 1750000001000, "values": {"force": 9, "oil": {"temp": 41}}}], "Press 6": [{"force": 8, "armed": true}]}"#
            ) == [
                TopicBench.Part(device: "Press 5", values: ["force": "9.0", "oil.temp": "41.0"], milliseconds: 1_750_000_001_000),
                TopicBench.Part(device: "Press 6", values: ["force": "8.0", "armed": "true"]),
            ])
        #expect(
            try bench.parts("v1/gateway/attributes", #"{"Press 5": {"site": "hall 2"}}"#) == [
                TopicBench.Part(device: "Press 5", values: ["site": "hall 2"])
            ])
        #expect(
            try bench.part("v1/gateway/connect", #"{"device": "Press 5", "type": "press"}"#)
                == TopicBench.Part(device: "Press 5", values: ["deviceType": "press"]))
        #expect(try bench.part("v1/gateway/disconnect", #"{"device": "Press 5"}"#) == TopicBench.Part(device: "Press 5", isOffline: true))
        // What was a number stays one, and a word beside it has a name of its own.
        #expect(try bench.part("v1/devices/press-4/telemetry", #"{"force": "high"}"#).values == ["force.text": "high"])
        #expect(try bench.part("v1/devices/press-4/telemetry", #"{"force": null}"#).values == ["force": "?"])
        #expect(try bench.part("v1/devices/press-4/telemetry", #"{"guard": 2}"#).values == ["guard.number": "2.0"])
    }

    @Test func shadowsOfThings() throws {
        var bench = try TopicBench(shipped: "aws-iot")
        let classic = try bench.part(
            "$aws/things/oven-1/shadow/update/accepted",
            #"{"state": {"reported": {"door": "open", "zone": {"top": {"temp": 181}}, "limits": [10, 20]}, "desired": {"door": "closed"}}, "version": 3, "timestamp": 1750000000}"#
        )
        #expect(
            classic
                == TopicBench.Part(
                    device: "oven-1",
                    values: [
                        "door": "open", "zone.top.temp": "181.0", "limits.0": "10.0", "limits.1": "20.0", "desired.door": "closed",
                    ],
                    milliseconds: 1_750_000_000_000))
        #expect(
            try bench.part(
                "$aws/things/oven-1/shadow/name/belt/update/documents",
                #"{"previous": {"state": {"reported": {"speed": 1}}}, "current": {"state": {"reported": {"speed": 2.5}}}, "timestamp": 1750000002}"#
            ).values == ["belt.speed": "2.5"])
        #expect(try bench.part("$aws/things/oven-1/shadow/update", #"{"state": {"reported": {"door": null}}}"#).values == ["door": "?"])
        #expect(
            try bench.part("$aws/things/oven-1/shadow/name/belt/update/delta", #"{"state": {"speed": 3}, "timestamp": 1750000003}"#).values
                == [
                    "belt.desired.speed": "3.0"
                ])
        for topic in ["update/rejected", "get/rejected", "delete/accepted"] {
            #expect(try bench.parts("$aws/things/oven-1/shadow/\(topic)", #"{"state": {"reported": {"door": "x"}}}"#) == nil)
        }
        #expect(
            try bench.part("$aws/events/presence/disconnected/oven-1", #"{"clientId": "oven-1", "timestamp": 1750000003000}"#).isOffline)
    }

    @Test func zebraAlertsAndSettings() throws {
        var bench = try TopicBench(shipped: "zebra")
        let alert = try bench.part(
            "zebra/z1/alerts", #"{"alert":{"unique_id":"X","type_id":"ERROR","condition_id":"PAPER OUT","condition_state":"SET"}}"#)
        #expect(alert.codes == ["PAPER OUT"] && alert.problem == nil)
        #expect(
            try bench.part("zebra/z1/alerts", #"{"alert":{"type_id":"ALERT","condition_id":"PQ JOB COMPLETED","condition_state":"SET"}}"#)
                .codes
                == [])
        let settings = try bench.part(
            "zebra/z1/sgd",
            #"{"odometer.total_print_length":"4921 INCHES","media.status":"OUT","head.latch":"ok","odometer.media_marker_count1":"120400"}"#
        )
        #expect(settings.values == ["printed": "4921.0", "media": "out", "headLatch": "ok", "labels": "120400.0"])
    }

    @Test func ioLinkPorts() throws {
        var bench = try TopicBench(shipped: "io-link")
        let values = try bench.part(
            "ifm/al/port",
            #"{"data":{"payload":{"/iolinkmaster/port[1]/iolinkdevice/pdin":{"code":200,"data":"03C5"},"/iolinkmaster/port[1]/iolinkdevice/status":{"code":200,"data":2},"/iolinkmaster/port[8]/iolinkdevice/status":{"code":200,"data":0},"/processdatamaster/temperature":{"code":200,"data":41},"/processdatamaster/voltage":{"code":200,"data":24000}}}}"#
        ).values
        #expect(
            values == ["port1.data": "965.0", "port1.status": "operate", "port8.status": "gone", "temperature": "41.0", "voltage": "24.0"])
    }
}
