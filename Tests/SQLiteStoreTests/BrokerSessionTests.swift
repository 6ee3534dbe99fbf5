import Testing

@testable import SQLiteStore

@Suite struct BrokerSessionTests {
    @Test func whatASessionHoldsOutlivesTheProcess() throws {
        let directory = try TemporaryDirectory()
        var store: Store? = try Store(path: directory.storePath)
        #expect(try store?.lastBrokerSession() == nil)
        try store?.setBrokerSession("a@host:1", filters: ["t/+", "old/#"])
        try store?.setBrokerSession("b@host:1", filters: [])
        try store?.close()
        store = try Store(path: directory.storePath)
        #expect(try store?.lastBrokerSession() == "b@host:1")
        #expect(try store?.brokerSessionFilters("b@host:1") == [])
        #expect(try store?.brokerSessionFilters("a@host:1") == ["old/#", "t/+"])
        try store?.setBrokerSession("a@host:1", filters: ["t/+"])
        #expect(try store?.lastBrokerSession() == "a@host:1")
        #expect(try store?.brokerSessionFilters("a@host:1") == ["t/+"])
    }

    @Test func onlyTheLastSessionsAreKept() throws {
        let directory = try TemporaryDirectory()
        let store = try Store(path: directory.storePath)
        for number in 0..<20 { try store.setBrokerSession("\(number)", filters: ["t/\(number)"]) }
        let kept = try (0..<20).filter { try !store.brokerSessionFilters("\($0)").isEmpty }
        #expect(kept == Array(12..<20))
    }

    /// The note and the event that tells the core of the session are committed together, or neither is.
    @Test func aNoteIsUndoneWithItsTransaction() throws {
        struct Undo: Error {}
        let directory = try TemporaryDirectory()
        let store = try Store(path: directory.storePath)
        try store.setBrokerSession("a", filters: ["t/+"])
        #expect(throws: Undo.self) {
            try store.transaction {
                try store.setBrokerSession("b", filters: ["u/+"])
                throw Undo()
            }
        }
        #expect(try store.lastBrokerSession() == "a")
        #expect(try store.brokerSessionFilters("b").isEmpty)
    }
}
