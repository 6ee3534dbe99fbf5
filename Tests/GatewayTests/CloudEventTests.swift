import Foundation
import Testing

@testable import Gateway

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
}
