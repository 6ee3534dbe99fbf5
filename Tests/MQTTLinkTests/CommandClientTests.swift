import Synchronization
import Testing

@testable import MQTTLink

@Suite struct CommandClientTests {
    /// What completions said, from the client's thread.
    private final class Outcomes: Sendable {
        private let values = Mutex<[UInt64: [PublishOutcome]]>([:])
        func take(_ key: UInt64, _ outcome: PublishOutcome) { values.withLock { $0[key, default: []].append(outcome) } }
        subscript(key: UInt64) -> [PublishOutcome] { values.withLock { $0[key] ?? [] } }
        var count: Int { values.withLock { $0.count } }
    }

    @Test(arguments: [MQTTConfiguration.Version.v311, .v5])
    func publishesInOrderAndCompletesEach(version: MQTTConfiguration.Version) throws {
        let broker = try Broker()
        let reader = try Reader(.local(broker))
        try reader.subscribe()
        let client = try CommandClient(configuration: .local(broker, version: version, id: "gateway"))
        let outcomes = Outcomes()
        for key in 0..<300 as Range<UInt64> {
            try client.publish(topic: "t/command", payload: Array("\(key)".utf8), key: key, completion: outcomes.take)
        }
        #expect(waitUntil { outcomes.count == 300 })
        #expect((0..<300).allSatisfy { outcomes[$0] == [.acknowledged] })
        try reader.run { reader.payloads.count >= 300 }
        #expect(reader.payloads == (0..<300).map { "\($0)" })
        #expect(client.inFlight == 0)
        client.close()
    }

    @Test func aTopicNobodyReadsIsToldApart() throws {
        let broker = try Broker()
        let client = try CommandClient(configuration: .local(broker, version: .v5))
        let outcomes = Outcomes()
        try client.publish(topic: "nobody", payload: [], key: 1, completion: outcomes.take)
        #expect(waitUntil { outcomes[1] == [.noSubscriber] })
        client.close()
    }

    @Test func refusesBadTopicsAndTooMany() throws {
        // Nothing listens on this port, so that commands stay in flight.
        let configuration = MQTTConfiguration(host: "127.0.0.1", port: Broker.freePort(), clientID: "gateway")
        let client = try CommandClient(configuration: configuration, maximumInFlight: 2)
        defer { client.close() }
        for topic in ["", "a/+", "a/#", "a\0b", "a\u{1}b", String(repeating: "x", count: 65536)] {
            #expect(throws: MQTTError.self) { try client.publish(topic: topic, payload: [], key: 9) { _, _ in } }
        }
        try client.publish(topic: "a", payload: [], key: 1) { _, _ in }
        let again = #expect(throws: MQTTError.self) { try client.publish(topic: "a", payload: [], key: 1) { _, _ in } }
        #expect(again?.message.contains("key 1 is already in flight") == true)
        try client.publish(topic: "a", payload: [], key: 2) { _, _ in }
        let full = #expect(throws: MQTTError.self) { try client.publish(topic: "a", payload: [], key: 3) { _, _ in } }
        #expect(full?.message.contains("2 commands are in flight") == true)
    }

    @Test func withTheBrokerAwayACommandWaitsForItsReturn() throws {
        let broker = try Broker()
        let client = try CommandClient(configuration: .local(broker, id: "gateway"))
        defer { client.close() }
        #expect(waitUntil { client.isConnected })
        broker.stop()
        #expect(waitUntil { !client.isConnected })
        let outcomes = Outcomes()
        try client.publish(topic: "t/late", payload: [65], key: 7, completion: outcomes.take)
        try broker.start()
        #expect(waitUntil { outcomes[7] == [.acknowledged] })
    }

    @Test func withTheBrokerAwayTooLongACommandFails() throws {
        let configuration = MQTTConfiguration(host: "127.0.0.1", port: Broker.freePort(), clientID: "gateway")
        let client = try CommandClient(configuration: configuration)
        let outcomes = Outcomes()
        try client.publish(topic: "a", payload: [], key: 1, timeoutMilliseconds: 10, completion: outcomes.take)
        #expect(waitUntil { outcomes.count == 1 })
        guard case .failed(let error) = try #require(outcomes[1].first) else {
            Issue.record("not failed")
            return
        }
        #expect(error.message.contains("not reachable in time"))
        try client.publish(topic: "a", payload: [], key: 2, completion: outcomes.take)
        client.close()
        #expect(outcomes[2].count == 1)
        #expect(throws: MQTTError.self) { try client.publish(topic: "a", payload: [], key: 3) { _, _ in } }
    }
}
