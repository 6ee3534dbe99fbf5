import Testing

@testable import SQLiteStore

@Suite struct RequestTests {
    private func record(_ number: Int) -> RequestRecord {
        RequestRecord(key: "key \(number)", hash: [UInt8(number & 255)], timeMilliseconds: Int64(number), answer: [1, 2])
    }

    @Test func areFoundByTheirKeyAndTheOldestAreForgotten() throws {
        let directory = try TemporaryDirectory()
        var limits = StoreLimits()
        limits.requests = 10
        let store = try Store(path: directory.storePath, limits: limits)
        for number in 0..<25 { try store.record(record(number)) }
        #expect(try store.request(key: "key 24") == record(24))
        #expect(try store.request(key: "key 15") == record(15))
        #expect(try store.request(key: "key 14") == nil)
        #expect(try store.request(key: "none") == nil)
    }

    @Test func goBackWithTheirTransaction() throws {
        let directory = try TemporaryDirectory()
        let store = try Store(path: directory.storePath)
        struct Failure: Error {}
        #expect(throws: Failure.self) {
            try store.transaction {
                try store.record(record(1))
                throw Failure()
            }
        }
        #expect(try store.request(key: "key 1") == nil)
    }
}
