import Testing

@testable import SQLiteStore

@Suite struct BegunTests {
    /// After a crash in the middle of a try the store has to know that there was one.
    @Test func aTryIsNotedBeforeItGoes() throws {
        let directory = try TemporaryDirectory()
        var store: Store? = try Store(path: directory.storePath)
        _ = try store?.enqueue(
            OutboxEntry(key: "a", channel: "order", device: "d", payload: [1], createdMilliseconds: 1, notBeforeMilliseconds: 1))
        #expect(try store?.dueOutbox(nowMilliseconds: 9, limit: 1).first?.lastError == nil)
        #expect(try store?.markBegun(key: "a") == true)
        try store?.close()
        store = try Store(path: directory.storePath)
        let due = try #require(try store?.dueOutbox(nowMilliseconds: 9, limit: 1).first)
        #expect(due.lastError != nil && due.attempts == 0)
        _ = try store?.markAttempt(key: "a", error: "500", nextAttemptMilliseconds: 2)
        _ = try store?.markBegun(key: "a")
        #expect(try store?.outboxEntry(key: "a")?.lastError == "500", "the reason stays")
        _ = try store?.markDelivered(key: "a", atMilliseconds: 3)
        #expect(try store?.markBegun(key: "a") == false)
        try store?.close()
    }
}
