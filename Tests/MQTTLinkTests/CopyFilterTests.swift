import Testing

@testable import MQTTLink

@Suite struct CopyFilterTests {
    private func taken(_ messages: [(text: String, identifier: UInt32)]) -> [String] {
        var copies = CopyFilter()
        return messages.filter { message in
            let (topic, payload) = (Array("t".utf8), Array(message.text.utf8))
            return topic.withUnsafeBytes { topic in
                payload.withUnsafeBytes { !copies.isCopy(topic: topic, payload: $0, identifier: message.identifier) }
            }
        }.map(\.text)
    }

    @Test func oneOfEachIsTaken() {
        #expect(taken([("a", 1), ("a", 3), ("b", 1), ("b", 3), ("b", 7)]) == ["a", "b"])
        #expect(taken([("a", 1), ("a", 3), ("a", 1), ("a", 3)]) == ["a", "a"], "published twice")
        #expect(taken([("a", 1), ("b", 1), ("a", 3), ("b", 3)]) == ["a", "b"], "of two publishers at once")
        #expect(taken([("a", 0), ("a", 0)]) == ["a", "a"], "a broker without identifiers")
        #expect(taken([("a", 3), ("a", 1), ("a", 3), ("a", 1)]) == ["a", "a"])
    }

    /// Much later it is another message, whichever copy comes first then.
    @Test func whatIsLongAgoIsNoCopy() {
        let others = (0..<400).map { (text: "other \($0)", identifier: UInt32(1)) }
        #expect(taken([("a", 1)] + others + [("a", 3), ("a", 1)]).filter { $0 == "a" }.count == 2)
    }

    @Test func identifiersAreInTheRangeOfTheSpecification() {
        let identifiers = (0..<2000).map { CopyFilter.identifier(of: "+/a\($0)/#") }
        #expect(Set(identifiers).count == 2000 && identifiers.allSatisfy { (1...268_435_455).contains($0) })
        #expect(CopyFilter.identifier(of: "devices/+/telemetry") == CopyFilter.identifier(of: "devices/+/telemetry"))
    }
}
