import Testing

@testable import Telemetry

/// One value that serves several purposes.
@Suite struct FurtherUseTests {
    private func read(_ members: String, _ payload: String) throws -> (values: [String: String], codes: [String], problems: Int) {
        var bench = try DecoderBench("{ profile: \"p\", messages: [{ topic: \"p/{device}\", time: { pointer: \"/at\" } }], \(members) }")
        let decoded = try bench.decode(Array(payload.utf8))
        let codes = decoded.alerts.flatMap { alerts in
            bench.decoder.codes(of: alerts, layout: bench.layout).map { bench.layout.scope(of: alerts) + $0.code }
        }
        return (try bench.values(decoded), codes, decoded.fieldProblems)
    }

    @Test func aNumberIsAMetricAndCodes() throws {
        let members = #"metrics: { word: { pointer: "/st" } }, alerts: [{ pointer: "/st", bits: { "0": "door", "3": "hot" } }]"#
        let found = try read(members, #"{"st":9}"#)
        #expect(found.values == ["word": "9.0"] && found.codes == ["door", "hot"] && found.problems == 0)
    }

    @Test func aTextIsAStateAndACode() throws {
        let members = #"metrics: { "{part}.fault": { pointer: "/{part}/f", kind: "state" } }, alerts: [{ pointer: "/{part}/f" }]"#
        let found = try read(members, #"{"left":{"f":"E21"},"right":{"f":"OK"}}"#)
        #expect(found.values == ["left.fault": "E21", "right.fault": "OK"] && found.codes == ["left.E21"] && found.problems == 0)
    }

    /// What is told as a list is codes, and no mistake of the metric that reads numbers there.
    @Test func aListIsForTheCodes() throws {
        let members = #"metrics: { errors: { pointer: "/e" } }, alerts: [{ pointer: "/e" }]"#
        let list = try read(members, #"{"e":["jam"]}"#)
        #expect(list.values == [:] && list.codes == ["jam"] && list.problems == 0)
        let number = try read(members, #"{"e":0}"#)
        #expect(number.values == ["errors": "0.0"] && number.codes == [] && number.problems == 0)
    }

    @Test func metricsCodesAndALevelOfOneNumber() throws {
        let members = """
            metrics: { a: { pointer: "/v" }, b: { pointer: "/v", scale: 2 }, c: { pointer: "/v", kind: "state" }, d: { pointer: "/v", kind: "any" } },
            supplies: { seal: { level: "/v", capacity: 200, kind: "filledPart" } }, alerts: [{ pointer: "/v" }, { pointer: "/v", bits: {} }]
            """
        let found = try read(members, #"{"v":50}"#)
        #expect(found.values == ["a": "50.0", "b": "100.0", "c": "50", "d": "50.0", "supply.seal": "75.0"])
        #expect(found.codes == ["50", "bit-1", "bit-4", "bit-5"] && found.problems == 0)
        // Twice in one message: nobody knows which counts, for none of them.
        let twice = try read(members, #"{"v":50,"v":60}"#)
        #expect(twice.values == [:] && twice.codes == [] && twice.problems == 1)
        #expect(try read(members, #"{"v":null}"#).values == ["a": "?", "b": "?", "c": "?", "supply.seal": "?"])
    }

    @Test func theTimeIsAMetricToo() throws {
        let found = try read(#"metrics: { uptime: { pointer: "/at" }, "{name}": { pointer: "/{name}" } }"#, #"{"at":1750000000000,"v":1}"#)
        #expect(found.values == ["uptime": "1750000000000.0", "v": "1.0"])
    }

    /// "Every further number" is none of those that have a name of their own.
    @Test func aPlainPointerStillWins() throws {
        let members = #"metrics: { own: { pointer: "/own" }, "{name}": { pointer: "/{name}" } }, alerts: [{ pointer: "/errors" }]"#
        let found = try read(members, #"{"own":1,"other":2,"errors":3}"#)
        #expect(found.values == ["own": "1.0", "other": "2.0"] && found.codes == ["3"])
    }

    /// Of two places of a metric that one message has, the first known value counts.
    @Test func placesOfOneMetricInOneMessage() throws {
        let members = #"metrics: { t: [{ pointer: "/a", unknown: [5] }, { pointer: "/b", mask: 255 }] }"#
        #expect(try read(members, #"{"a":20,"b":266}"#).values == ["t": "20.0"])
        #expect(try read(members, #"{"a":5,"b":266}"#).values == ["t": "10.0"])
        #expect(try read(members, #"{"b":266}"#).values == ["t": "10.0"])
    }

    /// An empty slot tells that it is empty, and no level.
    @Test func aMemberBesideTheLevelSaysThatItIsNotKnown() throws {
        let members = """
            metrics: { "state.{t}": { pointer: "/tray/{t=id}/state" } },
            supplies: { "{t}": { level: "/tray/{t=id}/remain", unknownWhen: [{ member: "tag", in: ["", "00"] }, { member: "state", in: ["0", "10"] }] } }
            """
        func levels(_ tray: String) throws -> [String: String] { try read(members, "{\"tray\":[\(tray)]}").values }
        #expect(try levels(#"{"id":"0","remain":60,"tag":"A1","state":11}"#) == ["supply.0": "60.0", "state.0": "11.0"])
        #expect(try levels(#"{"id":"0","state":10}"#) == ["supply.0": "?", "state.0": "10.0"])
        #expect(try levels(#"{"id":"0","state":11}"#) == ["state.0": "11.0"])
        #expect(try levels(#"{"id":"0","state":10,"remain":60}"#) == ["supply.0": "?", "state.0": "10.0"])
        #expect(try levels(#"{"id":"0","tag":"00","state":0}"#) == ["supply.0": "?", "state.0": "0.0"])
        #expect(try levels(#"{"id":"0","tag":"00","remain":3}"#) == ["supply.0": "?"])
    }
}
