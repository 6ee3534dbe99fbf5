import FoundationEssentials
import SQLiteStore
import Testing

@testable import Gateway
@testable import GatewayCore

/// What is told of a delivery whose key the outbox knows already.
@Suite struct KnownKeyTests {
    private func entry(_ device: String, channel: String = "order") -> OutboxEntry {
        OutboxEntry(key: "or-1", channel: channel, device: device, payload: [1], createdMilliseconds: 0, notBeforeMilliseconds: 0)
    }

    /// What the store has under the key, after `body`.
    private func known(_ body: (Store) throws -> Void = { _ in }) throws -> OutboxDelivery {
        let directory = try TemporaryDirectory()
        let store = try Store(path: directory.url.path + "/steward.db")
        #expect(try store.enqueue(entry("p1")) == .added)
        try body(store)
        #expect(try store.enqueue(entry("p2")) == .known)
        return try #require(try store.outboxEntry(key: "or-1"))
    }

    @Test func theDeliveryOfAnotherIsForeignWhateverBecameOfIt() throws {
        for body in [{ _ in }, { try $0.markDelivered(key: "or-1", atMilliseconds: 1) }] as [(Store) throws -> Void] {
            let known = try known(body)
            #expect(KnownKey(entry("p2"), known: known) == .foreign)
            #expect(KnownKey(entry("p1", channel: "ticket"), known: known) == .foreign)
        }
    }

    @Test func theSameDeliveryIsWhatBecameOfIt() throws {
        #expect(KnownKey(entry("p1"), known: try known()) == .waits)
        let delivered = try known { try $0.markDelivered(key: "or-1", atMilliseconds: 1) }
        #expect(KnownKey(entry("p1"), known: delivered) == .ended(.delivered, detail: "it was delivered before"))
        let abandoned = try known { try $0.markAbandoned(key: "or-1", error: "no", atMilliseconds: 1) }
        #expect(KnownKey(entry("p1"), known: abandoned) == .ended(.abandoned, detail: "no"))
    }

    @Test func theOutboxMovesWithTheClock() throws {
        let directory = try TemporaryDirectory()
        let store = try Store(path: directory.url.path + "/steward.db")
        var command = entry("p1", channel: "command")
        command.payload = OutboxPayload(
            .init(key: "c-1", channel: .command, device: "p1", topic: "t", body: [1], expiresMilliseconds: 5000)
        ).encoded()
        command.createdMilliseconds = 1000
        command.notBeforeMilliseconds = 2000
        #expect(try store.enqueue(command) == .added)
        try store.stepOutbox(byMilliseconds: -700)
        let moved = try #require(try store.outboxEntry(key: "or-1"))
        #expect(moved.entry.createdMilliseconds == 300)
        #expect(moved.entry.notBeforeMilliseconds == 1300)
        #expect(try OutboxPayload(decoding: moved.entry.payload).expiresMilliseconds == 4300)
        #expect(try OutboxPayload(decoding: moved.entry.payload).topic == "t")
    }
}
