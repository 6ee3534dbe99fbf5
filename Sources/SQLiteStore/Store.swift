import CSQLite

/// The gateway's store: the inbox of committed messages and everything that followed from them, in one SQLite file.
///
/// It is owned by one thread, the writer. Each call is atomic by itself; `transaction` joins several. Commits are durable
/// (`synchronous=FULL`) when they return.
public final class Store: StoreReader {
    public let limits: StoreLimits
    var current: Counters
    /// The series that were asked for since the store was opened, and the longest chunk of each.
    var seriesIDs: [HistorySeries: Int64] = [:]
    var longestMilliseconds: [Int64: Int64] = [:]
    /// Open entries of each lane, and those of the last commit to go back to.
    var openLanes: [OutboxLane: Int64] = [:]
    private var committedLanes: [OutboxLane: Int64] = [:]
    /// The store has just been made, or is older than checksums: there can be no record of its commits yet.
    public let isSealedAnew: Bool
    /// The store's counters do not match their checksum. Until `recount` nothing may be written.
    public internal(set) var areCountersDamaged: Bool
    private var lock: StoreLock?
    /// The lock's descriptor of the file that was opened, and what lay beside it.
    let database: Int32
    var besideFiles: [String: FileIdentity] = [:]
    private var isInTransaction = false
    /// A call of several statements failed half-way. Such a transaction must not commit, even if the caller ignores the error.
    private var mustRollBack = false

    /// Opens the store at `path`, or creates it in a directory that exists.
    /// - Throws: `StoreError`: `.missing` (directory), `.inUse`, `.readOnly`, `.notADatabase`, `.newerVersion`, `.corrupt`, `.diskFull`.
    public init(path: String, limits: StoreLimits = StoreLimits()) throws {
        self.limits = limits
        let path = StoreFile.resolved(path)
        if StoreFile.exists(path) { try StoreFile.requireFile(path) }
        let lock = try StoreLock(path: path)
        database = lock.database
        self.lock = consume lock
        try StoreFile.checkBeside(path)
        let connection = try Connection(path: path, mode: .readWrite, busyTimeoutMilliseconds: limits.busyTimeoutMilliseconds)
        let loaded = try StoreFile.explaining(path) {
            try Self.configure(connection, limits)
            return try StoreReader.loadCounters(connection)
        }
        current = loaded.counters
        isSealedAnew = current[.storeID] == 0 && loaded.checksum == nil
        areCountersDamaged = !isSealedAnew && loaded.checksum != current.checksum
        super.init(connection: connection)
        openLanes = try outboxLanes()
        committedLanes = openLanes
        // Nothing is written to a store whose counters cannot be trusted before somebody has decided what becomes of it.
        guard !areCountersDamaged else { return }
        if isSealedAnew { try seal() }
        try forgetEmptySeries()
    }

    /// From here on rows of the inbox have checksums.
    private func seal() throws {
        try transaction {
            current[.storeID] = .random(in: 1 ... .max)
            current[.chain] = current[.storeID]
            current[.chainedFrom] = current[.lastEvent] + 1
        }
    }

    /// What this store has committed, to be kept outside it.
    public func commitRecord(milliseconds: Int64) -> CommitRecord {
        CommitRecord(storeID: current[.storeID], lastEvent: current[.lastEvent], chain: current[.chain], milliseconds: milliseconds)
    }

    private static func configure(_ connection: Connection, _ limits: StoreLimits) throws {
        guard !connection.isReadOnly else {
            throw StoreError(.readOnly, message: "\(connection.path) cannot be written: make it writable for the gateway's user")
        }
        // Debian builds with SECURE_DELETE, which would write zeros over everything that is trimmed.
        try connection.execute("PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2000;")
        try Schema.prepare(connection)
        try connection.execute(
            """
            PRAGMA synchronous = FULL;
            PRAGMA journal_size_limit = \(limits.logBytes);
            PRAGMA wal_autocheckpoint = 512;
            """)
        if let pages = limits.maximumPages { try connection.execute("PRAGMA max_page_count = \(pages)") }
    }

    override func counters() throws -> Counters {
        _ = try connection.open()
        return current
    }

    /// Runs `body` and commits what it wrote; an error rolls all of it back and is thrown on.
    ///
    /// After a failed commit (`.diskFull` among others) the store is as it was before the call and can be used again.
    public func transaction<T>(_ body: () throws -> T) throws -> T {
        guard !isInTransaction else {
            throw StoreError(.misuse, message: "a transaction was begun inside another: join them into one")
        }
        try connection.run(.begin)
        isInTransaction = true
        mustRollBack = false
        do {
            let result = try body()
            guard !mustRollBack, connection.isInTransaction else {
                throw StoreError(.misuse, message: "a statement failed inside the transaction: it is rolled back whole")
            }
            try current.forEachChange { try connection.run(.storeCounter, $0.rawValue, $1) }
            if current.isChanged { try connection.run(.storeCounter, Counters.checksumRow, current.checksum) }
            try connection.run(.commit)
            current.didCommit()
            committedLanes = openLanes
            isInTransaction = false
            return result
        } catch {
            // SQLite rolls back by itself after some errors, a full disk for one; ROLLBACK would then be an error.
            if connection.isInTransaction { _ = try? connection.run(.rollback) }
            current.rollBack()
            openLanes = committedLanes
            // A series may have been added, or lengthened, in what is now undone.
            seriesIDs.removeAll()
            longestMilliseconds.removeAll()
            isInTransaction = false
            throw error
        }
    }

    /// Runs the statements of one call together: in the caller's transaction, or in one of its own.
    func atomically<T>(_ body: () throws -> T) throws -> T {
        guard isInTransaction else { return try transaction(body) }
        do {
            return try body()
        } catch {
            mustRollBack = true
            throw error
        }
    }

    func requireNoTransaction() throws {
        if isInTransaction { throw StoreError(.misuse, message: "this cannot run inside a transaction: call it after the commit") }
    }

    /// Moves the write-ahead log into the file, closes, and lets the path go. Closing twice is allowed.
    ///
    /// The store is closed also where this throws. Nothing is lost then: the log stays beside the file until the next start.
    public func close() throws {
        guard connection.isOpen else { return }
        try requireNoTransaction()
        defer {
            connection.close()
            lock = nil
        }
        try connection.run(.truncateLog)
    }
}
