import Foundation
import GatewayCore
import Testing

@testable import Gateway

/// What gateways between controllers and MQTT send: values with a quality, an error, a type beside them. The messages are written by hand.
@Suite struct ShippedGatewayProfileTests {
    // MARK: Kepware

    @Test func kepwareWithoutItsControllerIsUnknown() throws {
        var bench = try ShippedBench()
        func values(_ level: String, _ millisecond: Int64) -> String {
            let time = ShippedBench.start + millisecond
            return
                #"{"timestamp":\#(time),"values":[{"id":"C.P.Temp","v":71.5,"q":true,"t":\#(time)},{"id":"C.P.Level",\#(level),"t":\#(time)},"#
                + #"{"id":"C.P.Door","v":false,"q":true,"t":\#(time)}]}"#
        }
        bench.take("iotgateway/press-1", values(#""v":40,"q":true"#, 0))
        #expect(try bench.metrics("press-1") == ["C.P.Temp": "71.5", "C.P.Level": "40", "C.P.Door": "false"])
        bench.take("iotgateway/press-1", values(#""v":0,"q":false"#, 60_000), second: 60)
        #expect(try bench.metrics("press-1") == ["C.P.Temp": "71.5", "C.P.Level": "?", "C.P.Door": "false"])
        #expect(
            bench.deadLetters.count == 1 && bench.deadLetters[0].contains("\"C.P.Level\" has the quality false, so its value is unknown"))
        bench.take("iotgateway/press-1", values(#""v":41,"q":true"#, 120_000), second: 120)
        #expect(try bench.metrics("press-1")["C.P.Level"] == "41")
    }

    // MARK: Neuron

    @Test(arguments: ["/neuron/mqtt", "/neuron/mqtt/press/spc", "neuron/spc/upload"])
    func neuronsErrorsAreUnknown(_ topic: String) throws {
        var bench = try ShippedBench()
        let start = ShippedBench.start
        bench.take(
            topic, #"{"node":"press","group":"spc","timestamp":\#(start),"values":{"Volt":25.2,"Amp":63.86},"errors":{},"metas":{}}"#)
        // Static tags may be called as the message's own time is.
        bench.take(
            topic,
            #"{"node":"press","group":"spc","timestamp":\#(start + 59_900),"timestamp":\#(start + 60_000),"values":{"Volt":25.4},"errors":{"Amp":3002}}"#,
            second: 60)
        #expect(try bench.metrics("press") == ["spc.Volt": "25.4", "spc.Amp": "?"])
        #expect(bench.deadLetters.count == 1 && bench.deadLetters[0].contains("\"spc.Amp\" has the error 3002"))
        bench.take(
            topic, #"{"node":"press","group":"spc","timestamp":\#(start + 120_000),"values":{"Volt":25.5,"Amp":60},"errors":{}}"#,
            second: 120)
        #expect(try bench.metrics("press") == ["spc.Volt": "25.5", "spc.Amp": "60"])
    }

    @Test func neuronsTagsFormatAndHeartbeat() throws {
        var bench = try ShippedBench()
        bench.take(
            "/neuron/mqtt",
            #"{"node":"saw","group":"g","timestamp":\#(ShippedBench.start),"tags":[{"name":"a","value":1},{"name":"b","value":"on"}]}"#)
        bench.take(
            "/neuron/mqtt",
            #"{"node":"saw","group":"g","timestamp":\#(ShippedBench.start + 1000),"tags":[{"name":"a","error":2014},{"name":"b","value":"on"}]}"#,
            second: 1)
        bench.take(
            "/neuron/mqtt/heartbeat",
            #"{"timestamp":\#(ShippedBench.start),"version":"2.6.0","states":[{"node":"saw","link":2,"running":3}]}"#)
        #expect(try bench.metrics("saw") == ["g.a": "?", "g.b": "on"])
        #expect(bench.deadLetters.count == 1)
    }

    // MARK: EdgeX

    private static let readings = """
        [{"deviceName":"press-1","resourceName":"Force","origin":1788220800000000000,"valueType":"Float64","value":"1.25e+02","units":"kN"},
        {"deviceName":"press-1","resourceName":"Guard","origin":1788220800000000000,"valueType":"Bool","value":"true"},
        {"deviceName":"press-1","resourceName":"Program","origin":1788220800000000000,"valueType":"String","value":"42"},
        {"deviceName":"press-1","resourceName":"Oil","origin":1788220800000000000,"valueType":"Int16","value":"40","units":"°C"}]
        """
    private static let event =
        #"{"apiVersion":"v3","deviceName":"press-1","profileName":"Press","sourceName":"all","origin":1788220800000000000,"readings":\#(readings)}"#

    @Test func edgexEventsInEveryEnvelope() throws {
        let request = #"{"apiVersion":"v3","requestId":"y","event":\#(Self.event)}"#
        let encoded = Data(request.utf8).base64EncodedString()
        for (topic, payload) in [
            ("edgex-export", Self.event), ("edgex/export/press", Self.event),
            (
                "edgex/events/device/modbus/Press/press-1/all",
                #"{"correlationID":"x","errorCode":0,"payload":"\#(encoded)","contentType":"application/json"}"#
            ),
            (
                "edgex/events/device/Press/press-1/all",
                #"{"correlationID":"x","errorCode":0,"payload":\#(request),"contentType":"application/json"}"#
            ),
        ] {
            var bench = try ShippedBench()
            bench.take(topic, payload)
            #expect(try bench.metrics("press-1") == ["Force": "125 kN", "Guard": "true", "Program": "42", "Oil": "40 Cel"], "\(topic)")
            #expect(bench.deadLetters.isEmpty, "\(topic): \(bench.deadLetters)")
            #expect(bench.core.counters.clockProblems == 0)
        }
    }

    @Test func edgexNullIsUnknown() throws {
        var bench = try ShippedBench()
        bench.take("edgex-export", Self.event)
        bench.take(
            "edgex-export",
            #"{"deviceName":"press-1","readings":[{"deviceName":"press-1","resourceName":"Oil","origin":1788220860000000000,"valueType":"Int16","value":null}]}"#,
            second: 60)
        #expect(try bench.metrics("press-1")["Oil"] == "? Cel")
    }
}
