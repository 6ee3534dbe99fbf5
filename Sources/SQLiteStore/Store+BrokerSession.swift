extension StoreReader {
    /// The session at a broker that was used last; nil before the first.
    public func lastBrokerSession() throws -> String? {
        try connection.use(.lastSession) { rows in try rows.step() ? rows.text(0) : nil }
    }

    /// The topic filters that this session at a broker may hold, sorted.
    public func brokerSessionFilters(_ session: String) throws -> [String] {
        try connection.use(.sessionFilters) { rows in
            try rows.bind(1, session)
            var filters: [String] = []
            while try rows.step() { filters.append(rows.text(0)) }
            return filters
        }
    }
}

extension Store {
    /// Notes what a session may hold, in place of what was noted of it, and that it is the one in use. Of others the last 7 are kept.
    /// - Parameter session: the caller's name for broker and client id.
    public func setBrokerSession(_ session: String, filters: [String]) throws {
        try atomically {
            let used = try connection.use(.lastSession) { rows in try rows.step() ? rows.integer(1) + 1 : 1 }
            try connection.use(.deleteSession) { statement in
                try statement.bind(1, session)
                try statement.run()
            }
            // The empty filter stands for the session itself, which may hold none.
            for filter in [""] + filters {
                try connection.use(.addSessionFilter) { statement in
                    try statement.bind(1, session)
                    try statement.bind(2, filter)
                    try statement.bind(3, used)
                    try statement.run()
                }
            }
            try connection.run(.forgetSessions)
        }
    }
}
