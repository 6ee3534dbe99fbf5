/// A write that came with an id of its own, so that it can be asked about and sent again without being done twice.
public struct RequestRecord: Sendable, Equatable {
    /// Chosen by who sent it.
    public let key: String
    /// SHA-256 of what was asked for.
    public let hash: [UInt8]
    public let timeMilliseconds: Int64
    /// What was answered.
    public let answer: [UInt8]

    public init(key: String, hash: [UInt8], timeMilliseconds: Int64, answer: [UInt8]) {
        self.key = key
        self.hash = hash
        self.timeMilliseconds = timeMilliseconds
        self.answer = answer
    }
}

extension StoreReader {
    /// A request that was recorded; nil when there is none of that key, or it was forgotten.
    public func request(key: String) throws -> RequestRecord? {
        try connection.first(.request, key) { row in
            RequestRecord(key: row.text(0), hash: row.bytes(1), timeMilliseconds: row.integer(2), answer: row.bytes(3))
        }
    }
}

extension Store {
    /// Remembers a request, to be called in the transaction of what it asked for. Beyond `limits.requests` the oldest are forgotten.
    public func record(_ request: RequestRecord) throws {
        try atomically {
            try connection.run(.recordRequest, request.key, request.hash, request.timeMilliseconds, request.answer)
            try connection.run(.forgetRequests, connection.lastInsertedRow - limits.requests)
        }
    }
}
