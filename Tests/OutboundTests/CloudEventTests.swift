import Foundation
import Testing

@testable import Outbound

@Suite struct CloudEventTests {
    @Test func writesTheEnvelope() throws {
        let event = try CloudEvent(
            id: "e1", source: "/gateways/site-12", type: "org.example.order.sent", subject: "printer-7",
            timeMilliseconds: 1_772_368_496_789,
            data: Array("{\"supply\":\"black\"}".utf8))
        let expected =
            #"{"specversion":"1.0","id":"e1","source":"/gateways/site-12","type":"org.example.order.sent","subject":"printer-7","#
            + #""time":"2026-03-01T12:34:56.789Z","datacontenttype":"application/json","data":{"supply":"black"}}"#
        #expect(String(decoding: event.encoded(), as: UTF8.self) == expected)
        #expect(
            try CloudEvent(id: "e", source: "s", type: "t").encoded()
                == Array(#"{"specversion":"1.0","id":"e","source":"s","type":"t"}"#.utf8))
        #expect(CloudEvent.contentType == "application/cloudevents+json")
    }

    @Test func carriesHostileText() throws {
        let every = String(String.UnicodeScalarView((0..<0x900).compactMap { Unicode.Scalar(UInt32($0)) })) + "\",\"x\":\"😀\r\n\u{2028}"
        let event = try CloudEvent(id: "e", source: "s", type: "t", subject: every, data: Array("[1]".utf8))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(event.encoded())) as? [String: Any])
        #expect(object["subject"] as? String == every)
        #expect(object["x"] == nil && object["data"] as? [Int] == [1])
    }

    @Test func refusesEmptyAttributes() {
        #expect(throws: CloudEvent.Failure.emptyAttribute("id")) { try CloudEvent(id: "", source: "s", type: "t") }
        #expect(throws: CloudEvent.Failure.emptyAttribute("source")) { try CloudEvent(id: "e", source: "", type: "t") }
        #expect(throws: CloudEvent.Failure.emptyAttribute("type")) { try CloudEvent(id: "e", source: "s", type: "") }
        #expect(throws: CloudEvent.Failure.emptyAttribute("subject")) { try CloudEvent(id: "e", source: "s", type: "t", subject: "") }
    }

    @Test func timesAgreeWithFoundation() throws {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime]
        let seed = UInt64.random(in: 1 ... .max)
        var state = seed
        for _ in 0..<500 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // From 1600, past the change of calendars that Foundation knows, to 9999.
            let seconds = Int64(state >> 24) % 265_000_000_000 - 11_676_096_000
            guard seconds < 253_402_300_800 else { continue }
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds))).replacingOccurrences(of: "Z", with: ".007Z")
            #expect(RFC3339.text(epochMilliseconds: seconds * 1_000 + 7) == expected, "seed \(seed)")
        }
    }

    @Test func timesAtTheEdges() {
        #expect(RFC3339.text(epochMilliseconds: 0) == "1970-01-01T00:00:00.000Z")
        #expect(RFC3339.text(epochMilliseconds: -1) == "1969-12-31T23:59:59.999Z")
        #expect(RFC3339.text(epochMilliseconds: 1_709_164_800_000) == "2024-02-29T00:00:00.000Z")
        #expect(RFC3339.text(epochMilliseconds: -62_167_219_200_000) == "0000-01-01T00:00:00.000Z")
        #expect(RFC3339.text(epochMilliseconds: 253_402_300_799_999) == "9999-12-31T23:59:59.999Z")
        for outside in [Int64.min, -62_167_219_200_001, 253_402_300_800_000, .max] {
            #expect(RFC3339.text(epochMilliseconds: outside) == nil)
        }
    }
}
