import Testing
import Threading

@testable import MQTTLink

@Suite struct IngestClientTests {
    @Test(arguments: [MQTTConfiguration.Version.v311, .v5])
    func receivesInOrder(version: MQTTConfiguration.Version) throws {
        let broker = try Broker()
        let reader = try Reader(.local(broker, version: version))
        try reader.subscribe()
        #expect(reader.record.events.first == .connected(sessionPresent: false))
        let sent = (0..<500).map { "message \($0)" }
        try broker.publish("t/a", lines: sent)
        #expect(try reader.run { reader.payloads.count >= 500 })
        #expect(reader.payloads == sent)
        #expect(reader.record.messages.allSatisfy { $0.topic == "t/a" })
    }

    /// In version 5 mosquitto sends a copy for each filter that matches, retained messages, too; a message that is published twice comes twice.
    @Test(arguments: [MQTTConfiguration.Version.v311, .v5])
    func aMessageOfSeveralFiltersComesOnce(version: MQTTConfiguration.Version) throws {
        let broker = try Broker()
        var configuration = MQTTConfiguration.local(broker, version: version)
        configuration.subscriptions = ["t/#", "+/a", "t/+", "t/a"]
        let reader = try Reader(configuration)
        try reader.subscribe()
        let sent = ["1", "2", "2", "3", "2", "4"]
        try broker.publish("t/a", lines: sent)
        try broker.publish("t/b", lines: ["end"])
        #expect(try reader.run { reader.payloads.last == "end" })
        #expect(reader.payloads == sent + ["end"])
        #expect(reader.client.unacknowledgedMessages == 0)
    }

    @Test(arguments: [MQTTConfiguration.Version.v311, .v5])
    func whatIsNotAcknowledgedComesAgain(version: MQTTConfiguration.Version) throws {
        let broker = try Broker()
        var first: Reader? = try Reader(.local(broker, version: version))
        try first?.subscribe()
        let sent = (0..<50).map { "held \($0)" }
        try broker.publish("t/a", lines: sent)
        try first?.run(acknowledging: false) { first?.payloads.count == 50 }
        #expect(first?.client.unacknowledgedMessages == 50)
        // The socket is closed with no DISCONNECT, and with whatever the library still had queued.
        first = nil

        var second: Reader? = try Reader(.local(broker, version: version))
        try second?.run(acknowledging: false) { second?.payloads.count ?? 0 >= 50 }
        #expect(second?.record.events.first == .connected(sessionPresent: true))
        #expect(second?.payloads == sent)
        second?.client.acknowledge()
        // The PUBACKs precede this round trip: once it is answered, the broker has read them.
        try broker.publish("t/b", lines: ["end"])
        try second?.run { second?.payloads.last == "end" }
        second = nil

        let third = try Reader(.local(broker, version: version))
        try broker.publish("t/b", lines: ["new"])
        try third.run { third.payloads.contains("new") }
        #expect(third.payloads.filter { $0.hasPrefix("held") }.isEmpty)
    }

    @Test func aPartOfTheMessagesAcknowledgedLeavesTheRest() throws {
        let broker = try Broker()
        var first: Reader? = try Reader(.local(broker))
        try first?.subscribe()
        try broker.publish("t/a", lines: (0..<20).map { "\($0)" })
        try first?.run(maximumMessages: 5) { first?.payloads.count == 5 }
        try first?.run(acknowledging: false, maximumMessages: 5) { first?.payloads.count == 20 }
        first = nil
        let second = try Reader(.local(broker))
        try second.run { second.payloads.last == "19" }
        // The abrupt close may overtake the PUBACKs of the first five, which then repeat; the rest must come in any case.
        #expect(second.payloads.suffix(15) == (5..<20).map { "\($0)" }[...])
        #expect(second.payloads.count <= 20)
    }

    @Test func keepAliveBetweenReceiveAndAcknowledgeLeaksNothing() throws {
        let broker = try Broker()
        var configuration = MQTTConfiguration.local(broker)
        configuration.keepAliveSeconds = 5
        var first: Reader? = try Reader(configuration)
        try first?.subscribe()
        try broker.publish("t/a", lines: (0..<10).map { "\($0)" })
        try first?.run(acknowledging: false) { first?.payloads.count == 10 }
        // The library's keep-alive goes by its own clock in whole seconds, so this has to live through it: 5 s, then a margin.
        let due = Clock.monotonicMilliseconds() + 6500
        while Clock.monotonicMilliseconds() < due {
            first?.maintain()
            _ = try first?.client.receive(timeoutMilliseconds: 50, maximumMessages: 10, maximumBytes: 1000)
        }
        #expect(first?.client.isConnected == true)
        #expect(first?.client.unacknowledgedMessages == 10)
        first = nil
        let second = try Reader(configuration)
        try second.run { second.payloads.count >= 10 }
        #expect(second.payloads == (0..<10).map { "\($0)" })
    }

    @Test func closeWithHeldMessagesDoesNotAcknowledgeThem() throws {
        let broker = try Broker()
        let first = try Reader(.local(broker))
        try first.subscribe()
        try broker.publish("t/a", lines: ["held"])
        try first.run(acknowledging: false) { first.payloads.count == 1 }
        first.client.close()
        let second = try Reader(.local(broker))
        #expect(try second.run { second.payloads == ["held"] })
    }

    @Test func aBatchIsBoundedByMessagesAndByBytes() throws {
        let broker = try Broker()
        let reader = try Reader(.local(broker))
        try reader.subscribe()
        try broker.publish("t/a", lines: (0..<100).map { _ in String(repeating: "x", count: 100) })
        try reader.run(maximumMessages: 1) { reader.payloads.count >= 1 }
        let byCount = try reader.client.receive(timeoutMilliseconds: 5000, maximumMessages: 7, maximumBytes: 1 << 20)
        #expect(byCount == IngestClient.ReceiveResult(messages: 7, bytes: 700, woken: false, hasMore: true))
        let byBytes = try reader.client.receive(timeoutMilliseconds: 5000, maximumMessages: 1000, maximumBytes: 250)
        #expect(byBytes.messages == 3)
        #expect(byBytes.hasMore)
        #expect(try reader.run { reader.payloads.count == 100 })
    }

    @Test func anEmptyPayloadArrives() throws {
        let broker = try Broker()
        let reader = try Reader(.local(broker))
        try reader.subscribe()
        try broker.publish("t/empty", lines: [""])
        #expect(try reader.run { reader.payloads == [""] })
    }

    @Test func whatIsNotReadWaitsAtTheBroker() throws {
        let broker = try Broker()
        let reader = try Reader(.local(broker))
        try reader.subscribe()
        let sent = (0..<5000).map { "\($0) " + String(repeating: "y", count: 300) }
        try broker.publish("t/a", lines: sent)
        for _ in 0..<50 { reader.maintain() }
        #expect(reader.payloads.isEmpty)
        #expect(try reader.run { reader.payloads.count >= 5000 })
        #expect(reader.payloads == sent)
    }

    @Test func theWakeDescriptorEndsTheWait() throws {
        let broker = try Broker()
        let wake = try WakeEvent()
        let reader = try Reader(.local(broker), wakeDescriptor: wake.descriptor)
        try reader.subscribe()
        wake.signal()
        let woken = try reader.client.receive(timeoutMilliseconds: 20_000, maximumMessages: 1, maximumBytes: 1)
        #expect(woken.woken)
        wake.clear()
        #expect(try !reader.client.receive(timeoutMilliseconds: 0, maximumMessages: 1, maximumBytes: 1).woken)
    }

    @Test func theSameSubscriptionIsNotRepeatedOnAReconnect() throws {
        let broker = try Broker()
        let reader = try Reader(.local(broker))
        try reader.subscribe()
        try broker.publish("t/state", lines: ["retained"], arguments: ["-r"])
        try reader.run { reader.payloads.count == 1 }
        broker.stop()
        try reader.run { !reader.client.isConnected }
        try broker.start()
        try reader.run { reader.record.events.contains(.connected(sessionPresent: true)) }
        try broker.publish("t/a", lines: ["after"])
        try reader.run { reader.payloads.contains("after") }
        // A broker that stops before it has read the acknowledgement sends the message once more, marked; a repeated SUBSCRIBE would bring it as
        // a retained one.
        let unmarked = zip(reader.payloads, reader.record.packets).filter { !$0.1.isDuplicate }.map(\.0)
        #expect(unmarked == ["retained", "after"])
        #expect(reader.record.packets.allSatisfy { !$0.isRetained })
        #expect(reader.record.events.filter { $0 == .subscribed }.count == 1)
    }

    @Test func drainRatePrinted() throws {
        let broker = try Broker()
        let reader = try CountingReader(.local(broker))
        try reader.run { $0.isConnected && reader.subscribed }
        let line = String(repeating: "z", count: 240)
        try broker.publish("t/a", lines: Array(repeating: line, count: 40_000))
        let start = Clock.monotonicMilliseconds()
        try reader.run { $0.deliveredMessages >= 40_000 }
        let elapsed = max(1, Clock.monotonicMilliseconds() - start)
        print("drained 40000 messages of 240 bytes in \(elapsed) ms: \(40_000_000 / elapsed) messages/s")
        #expect(reader.client.deliveredMessages == 40_000)
    }
}

/// As the gateway reads: nothing allocated a message.
final class CountingReader {
    private final class Flag { var value = false }
    let client: IngestClient
    private let flag = Flag()
    var subscribed: Bool { flag.value }

    init(_ configuration: MQTTConfiguration) throws {
        let flag = flag
        client = try IngestClient(
            configuration: configuration, wakeDescriptor: -1, onMessage: { _, _, _ in },
            onConnectionChange: { if $0 == .subscribed { flag.value = true } })
    }

    func run(until condition: (IngestClient) -> Bool) throws {
        let deadline = Clock.monotonicMilliseconds() + 30_000
        while !condition(client), Clock.monotonicMilliseconds() < deadline {
            client.maintain(nowMilliseconds: Clock.monotonicMilliseconds())
            _ = try client.receive(timeoutMilliseconds: 20, maximumMessages: 5000, maximumBytes: 1 << 24)
            client.acknowledge()
        }
    }
}
