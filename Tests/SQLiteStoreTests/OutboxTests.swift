import Testing

@testable import SQLiteStore

@Suite struct OutboxTests {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    @Test func aKeyIsDeliveredOnceWhateverRepeats() throws {
        let store = try Store(path: directory.storePath)
        #expect(try store.enqueue(entry("a")) == .added)
        #expect(try store.enqueue(entry("a", payload: [9])) == .known)
        #expect(try store.dueOutbox(nowMilliseconds: 10, limit: 10).map(\.entry.payload) == [[1]])
        #expect(try store.markDelivered(key: "a", atMilliseconds: 20))
        #expect(try !store.markDelivered(key: "a", atMilliseconds: 21))
        #expect(try store.enqueue(entry("a")) == .known)
        #expect(try store.enqueue(entry("b")) == .added)
        #expect(try store.markAbandoned(key: "b", error: "410 Gone", atMilliseconds: 22))
        #expect(try store.enqueue(entry("b")) == .known)
        #expect(try store.dueOutbox(nowMilliseconds: 100, limit: 10).isEmpty)
        #expect(try store.outboxEntry(key: "a")?.state == .delivered)
        #expect(try store.outboxEntry(key: "b")?.lastError == "410 Gone")
    }

    @Test func dueEntriesComeInTheOrderOfTheirTimeAndBackOff() throws {
        let store = try Store(path: directory.storePath)
        for (key, channel, time) in [("a", "order", 30), ("b", "order", 10), ("c", "command", 20), ("d", "order", 10)]
            as [(String, String, Int64)]
        {
            _ = try store.enqueue(entry(key, channel: channel, notBefore: time))
        }
        let orders = OutboxLane(channel: "order")
        func due(_ now: Int64, limit: Int = 10) throws -> [String] {
            try store.dueOutbox(orders, nowMilliseconds: now, limit: limit).map(\.entry.key)
        }
        #expect(try due(9) == [])
        #expect(try due(10) == ["b", "d"])
        #expect(try due(30) == ["b", "d", "a"])
        #expect(try due(30, limit: 1) == ["b"])
        #expect(try store.nextOutboxDue(orders) == 10)
        #expect(try store.nextOutboxDue(OutboxLane(channel: "command")) == 20)
        #expect(try store.nextOutboxDue(OutboxLane(channel: "ticket")) == nil)
        #expect(try store.markAttempt(key: "b", error: "503", nextAttemptMilliseconds: 40))
        #expect(try due(30) == ["d", "a"])
        let again = try #require(try store.dueOutbox(nowMilliseconds: 40, limit: 10).last)
        #expect(again.entry.key == "b")
        #expect(again.attempts == 1)
        #expect(again.lastError == "503")
    }

    @Test func aFullOutboxRefusesAndCountsButKnowsItsKeys() throws {
        var limits = StoreLimits()
        limits.outboxEntries = 2
        limits.outboxPayloadBytes = 10
        let store = try Store(path: directory.storePath, limits: limits)
        #expect(try store.isRefused(entry("long", payload: Array(repeating: 0, count: 11))))
        #expect(try store.enqueue(entry("a")) == .added)
        #expect(try store.enqueue(entry("b")) == .added)
        #expect(try store.isRefused(entry("c")))
        #expect(try store.enqueue(entry("a")) == .known)
        #expect(try store.statistics().outboxRefused == 2)
        try store.markDelivered(key: "a", atMilliseconds: 1)
        #expect(try store.enqueue(entry("c")) == .added)
    }

    @Test func aLaneHasItsOwnRoomAndADeviceItsShareOfIt() throws {
        var limits = StoreLimits()
        (limits.outboxEntries, limits.outboxEntriesPerDevice) = (3, 2)
        var store: Store? = try Store(path: directory.storePath, limits: limits)
        let shop = OutboxLane(channel: "order", receiver: "shop")
        for key in ["a", "b"] { #expect(try store?.enqueue(entry(key, receiver: "shop")) == .added) }
        #expect(try store?.isRefused(entry("c", receiver: "shop")) == true, "its device has its share")
        #expect(try store?.enqueue(entry("d", receiver: "shop", device: "p-2")) == .added)
        #expect(try store?.isRefused(entry("e", receiver: "shop", device: "p-3")) == true, "the lane is full")
        #expect(try store?.enqueue(entry("f", receiver: "erp")) == .added, "another receiver has room of its own")
        #expect(try store?.enqueue(entry("g", channel: "ticket")) == .added)
        // What is rolled back gives its room back, and a later start counts the same.
        struct Undone: Error {}
        _ = try? store?.transaction {
            try store?.markDelivered(key: "a", atMilliseconds: 1)
            throw Undone()
        }
        #expect(try store?.isRefused(entry("e", receiver: "shop", device: "p-3")) == true)
        store = nil
        store = try Store(path: directory.storePath, limits: limits)
        #expect(try store?.outboxLanes() == [shop: 3, OutboxLane(channel: "order", receiver: "erp"): 1, OutboxLane(channel: "ticket"): 1])
        #expect(try store?.isRefused(entry("e", receiver: "shop", device: "p-3")) == true)
        try store?.markDelivered(key: "a", atMilliseconds: 1)
        #expect(try store?.enqueue(entry("e", receiver: "shop", device: "p-3")) == .added)
        #expect(try store?.markAbandoned(key: "b", error: "410", atMilliseconds: 2) == true)
        #expect(try store?.outboxLanes()[shop] == 2)
    }

    @Test func finishedKeysAreForgottenOldestFirst() throws {
        var limits = StoreLimits()
        limits.finishedOutboxEntries = 3
        let store = try Store(path: directory.storePath, limits: limits)
        for (index, key) in ["a", "b", "c", "d", "e"].enumerated() {
            _ = try store.enqueue(entry(key))
            try store.markDelivered(key: key, atMilliseconds: Int64(index))
        }
        #expect(try store.enqueue(entry("e")) == .known)
        #expect(try store.enqueue(entry("a")) == .added)
        #expect(store.current[.outboxForgotten] == 2)
        #expect(store.current[.outboxFinished] == 3)
    }

    @Test func hostileStringsComeBackAsTheyWere() throws {
        let store = try Store(path: directory.storePath)
        for key in ["", "'; DROP TABLE outbox; --", "a\0b", "🖨️", "a"] {
            #expect(try store.enqueue(entry(key)) == .added)
            #expect(try store.outboxEntry(key: key)?.entry.key == key)
        }
    }
}

extension Store {
    fileprivate func isRefused(_ entry: OutboxEntry) throws -> Bool {
        if case .refused = try enqueue(entry) { true } else { false }
    }
}
