import Foundation
import Telemetry
import Testing

@testable import Gateway

@Suite struct ProfileTrialTests {
    private static let profile = """
        { profile: "p", messages: [{ topic: "p/{device}/d", time: { pointer: "/at", unit: "seconds" }, requires: "/kind" }],
          replies: [{ topic: "p/{device}/re", requestId: "/id", outcome: "/head/out" }],
          metrics: {
            status: { pointer: "/status", kind: "state" }, temp: { pointer: "/head/temp", unit: "Cel" },
            "zone.{z}": { pointer: "/zones/{z}/t" },
          },
          supplies: { "{s}": { level: "/inks/{s=id}/left", unknownWhen: { member: "tag", in: ["none"] } } },
          alerts: [{ pointer: "/codes", member: "code" }],
        }
        """

    private func trial(_ payload: String, topic: String = "p/d1/d", retained: Bool = false) throws -> ProfileTrial {
        let profile = try ProfileReader.read(Array(Self.profile.utf8), file: "p")
        return try #require(
            ProfileTrial(
                profiles: [profile], topic: topic, payload: Array(payload.utf8), isRetained: retained,
                arrivalMilliseconds: 1_750_000_000_000))
    }

    private func device(_ trial: ProfileTrial) throws -> APIValue { try APIValue(parsing: try #require(trial.outcome.devices.first)) }

    @Test func readingsSuppliesStatesAndAlarmsOfOneMessage() throws {
        let trial = try trial(
            #"{"at":1749999999,"kind":1,"status":"busy","head":{"temp":41.5,"fan":3},"codes":[{"code":"E1","since":4}],"inks":[{"id":"c","left":43,"tag":"x"},{"id":"m","left":50,"tag":"none"}]}"#
        )
        let device = try device(trial)
        #expect(trial.profile == "p" && trial.outcome.problems.isEmpty)
        #expect(device["device"].string == "d1" && device["lastEvent"].integer == 1_749_999_999_000)
        #expect(device["activeAlarms"].items.map { $0["condition"].string } == ["E1"])
        #expect(device["supplies"].items.map { $0["levelPercent"].number } == [43, nil])
        #expect(trial.unused == ["/head/fan", "/codes/0/since"])
    }

    @Test func whatNothingUsesIsToldAsOneWholeObject() throws {
        let trial = try trial(
            #"{"kind":1,"a/b":{"x":[1,2,{"y":null}],"z":"t"},"zones":{"l":{"t":1,"u":2},"r":{"t":"none"}},"status":{},"at":"then","codes":[]}"#
        )
        // What cannot be read was looked at, and so was the empty list.
        #expect(trial.unused == ["/a~1b", "/zones/l/u"])
        #expect(trial.outcome.problems.count == 1)
    }

    /// Hundreds of members, of which every third is read: those that are named are the others, whatever reads beside them.
    @Test func theUnusedMembersOfALargeMessage() throws {
        let zones = (0..<300).map { number in #""z\#(number)":{"\#(number % 3 == 0 ? "t" : "u")":\#(number),"x":[\#(number)]}"# }
        let inks = (0..<20).map { #"{"id":"i\#($0)","left":\#($0),"tag":"x","made":\#($0)}"# }
        let trial = try trial(
            #"{"at":1749999999,"kind":1,"zones":{\#(zones.joined(separator: ","))},"inks":[\#(inks.joined(separator: ","))],"codes":[]}"#)
        let unusedZones = (0..<300).map { $0 % 3 == 0 ? "/zones/z\($0)/x" : "/zones/z\($0)" }
        #expect(trial.unused == unusedZones + (0..<20).map { "/inks/\($0)/made" })
    }

    @Test func aMessageWithoutItsRequiredMemberUsesNothing() throws {
        let trial = try trial(#"{"status":"busy","head":{"temp":1}}"#)
        #expect(trial.unused == ["/status", "/head"])
    }

    @Test func aReplyUsesItsMembersThoughNoCommandIsOpen() throws {
        let trial = try trial(#"{"id":"c-1","head":{"out":"ok","more":1},"x":0}"#, topic: "p/d1/re")
        #expect(trial.unused == ["/head/more", "/x"])
    }

    @Test func aRetainedMessageTellsValuesAndMovesNothing() throws {
        let trial = try trial(#"{"at":1749999999,"kind":1,"status":"busy","codes":[{"code":"E1"}]}"#, retained: true)
        let device = try device(trial)
        #expect(device["metrics"].items.map { $0["value"].string } == ["busy"])
        #expect(device["activeAlarms"].items.isEmpty && device["lastEvent"].integer == nil)
        #expect(trial.unused == [])
    }

    @Test func aMessageThatCannotBeReadSaysWhy() throws {
        let broken = try trial("{\"kind\":")
        #expect(broken.outcome.problems.count == 1 && broken.unused == nil && broken.profile == "p")
        let foreign = try trial("{}", topic: "q/d1")
        #expect(foreign.profile == nil && foreign.outcome.problems == ["no profile reads this topic"] && foreign.unused == nil)
    }
}
