extension StoreReader {
    /// The session at a broker that was used last; nil before the first.
    public func lastBrokerSession() throws -> String? {
        try connection.first(.lastSession) { $0.text(0) }
    }

    /// The topic filters that this session at a broker may hold, sorted.
    public func brokerSessionFilters(_ session: String) throws -> [String] {
        try connection.rows(.sessionFilters, session) { $0.text(0) }
    }
}

extension Store {
    /// Notes what a session may hold, in place of what was noted of it, and that it is the one in use. Of others the last 7 are kept.
    /// - Parameter session: the caller's name for broker and client id.
    public func setBrokerSession(_ session: String, filters: [String]) throws {
        try atomically {
            let used = try connection.first(.lastSession) { $0.integer(1) + 1 } ?? 1
            try connection.run(.deleteSession, session)
            // The empty filter stands for the session itself, which may have none.
            for filter in [""] + filters { try connection.run(.addSessionFilter, session, filter, used) }
            try connection.run(.forgetSessions)
        }
    }
}
