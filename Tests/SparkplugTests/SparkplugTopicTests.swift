import Testing

@testable import Sparkplug

@Suite struct SparkplugTopicTests {
    private func parse(_ text: String) throws -> (SparkplugTopic, [String]) {
        let bytes = Array(text.utf8)
        let topic = try bytes.withUnsafeBytes { try SparkplugTopic($0) }
        return (topic, [topic.group, topic.node, topic.device].map { String(decoding: bytes[$0], as: UTF8.self) })
    }

    @Test(
        arguments: [
            ("spBv1.0/G 1/NBIRTH/Node", .nodeBirth, ["G 1", "Node", ""]), ("spBv1.0/g/NDEATH/n", .nodeDeath, ["g", "n", ""]),
            ("spBv1.0/g/NDATA/n", .nodeData, ["g", "n", ""]), ("spBv1.0/g/NCMD/n", .nodeCommand, ["g", "n", ""]),
            ("spBv1.0/g/DBIRTH/n/d", .deviceBirth, ["g", "n", "d"]), ("spBv1.0/g/DDEATH/n/d", .deviceDeath, ["g", "n", "d"]),
            ("spBv1.0/g/DDATA/n/Gerät 7", .deviceData, ["g", "n", "Gerät 7"]), ("spBv1.0/g/DCMD/n/d", .deviceCommand, ["g", "n", "d"]),
            ("spBv1.0/STATE/host", .state, ["", "host", ""]), ("spBv1.0/g/STATE/host", .state, ["g", "host", ""]),
            ("spBv1.0/STATE/NDATA/n", .nodeData, ["STATE", "n", ""]),
        ] as [(String, SparkplugTopic.Kind, [String])])
    func topics(_ text: String, _ kind: SparkplugTopic.Kind, _ parts: [String]) throws {
        let (topic, found) = try parse(text)
        #expect(topic.kind == kind)
        #expect(found == parts)
        if kind != .state {
            #expect(SparkplugTopic.text(kind, group: parts[0], node: parts[1], device: kind.isOfDevice ? parts[2] : nil) == text)
        }
    }

    @Test(
        arguments: [
            ("", .emptyLevel), ("spBv1.0", .levels), ("spBv1.0/g", .levels), ("spBv1.0/g/NDATA", .levels), ("spBv1.0/g/NDATA/n/d", .levels),
            ("spBv1.0/g/DDATA/n", .levels), ("spBv1.0/g/DDATA/n/d/e", .levels), ("spBv1.0/STATE/a/b", .unknownKind),
            ("spAv1.0/g/NDATA/n", .otherNamespace), ("spBv1.0x/g/NDATA/n", .otherNamespace), ("STATE/host", .otherNamespace),
            ("spBv1.0//NDATA/n", .emptyLevel), ("spBv1.0/g/NDATA/", .emptyLevel), ("/spBv1.0/g/NDATA/n", .emptyLevel),
            ("spBv1.0/g/ndata/n", .unknownKind), ("spBv1.0/g/STATE/n/d", .unknownKind), ("spBv1.0/g/NDATA/+", .forbiddenCharacter),
            ("spBv1.0/g/NDATA/#", .forbiddenCharacter), ("spBv1.0/g/NDATA/a\u{0}", .forbiddenCharacter),
            ("spBv1.0/g/NDATA/a\u{1B}[31m", .forbiddenCharacter), ("spBv1.0/g/NDATA/" + String(repeating: "n", count: 1100), .tooLong),
        ] as [(String, SparkplugTopicError)])
    func malformedTopics(_ text: String, _ error: SparkplugTopicError) {
        #expect(throws: error) { try parse(text) }
    }

    @Test func namesThatCannotBeLevelsMakeNoTopic() {
        for name in ["", "a/b", "+", "#", "a\n", "\u{0}"] {
            #expect(SparkplugTopic.text(.nodeCommand, group: "g", node: name) == nil)
            #expect(SparkplugTopic.text(.deviceCommand, group: "g", node: "n", device: name) == nil)
            for state in SparkplugState.allCases { #expect(state.topic(host: name) == nil) }
        }
        #expect(SparkplugTopic.text(.nodeCommand, group: "g", node: "n", device: "d") == nil)
        #expect(SparkplugTopic.text(.deviceCommand, group: "g", node: "n") == nil)
        #expect(SparkplugTopic.text(.state, group: "g", node: "n") == nil)
    }

    @Test func theStateOfTheHost() {
        #expect(SparkplugState.version30.topic(host: "site-12") == "spBv1.0/STATE/site-12")
        #expect(
            String(decoding: SparkplugState.version30.payload(isOnline: true, timestampMilliseconds: 1_700_000_000_123), as: UTF8.self)
                == #"{"online":true,"timestamp":1700000000123}"#)
        #expect(
            String(decoding: SparkplugState.version30.payload(isOnline: false, timestampMilliseconds: 0), as: UTF8.self)
                == #"{"online":false,"timestamp":0}"#)
        #expect(SparkplugState.version22.topic(host: "site-12") == "STATE/site-12")
        #expect(String(decoding: SparkplugState.version22.payload(isOnline: true, timestampMilliseconds: 5), as: UTF8.self) == "ONLINE")
        #expect(String(decoding: SparkplugState.version22.payload(isOnline: false, timestampMilliseconds: 5), as: UTF8.self) == "OFFLINE")
    }
}
