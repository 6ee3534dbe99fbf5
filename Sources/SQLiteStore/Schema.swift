/// The tables, as numbered migrations. A migration that has shipped is never edited; a change is a further one.
enum Schema {
    /// "Stwd": tells `file` and this program that a database is a store.
    static let applicationID: Int64 = 0x5374_7764
    /// Measured with commits of 300 kB: 1.6 ms with pages of 4096 bytes, 1.1 ms with 8192, 0.9 ms with 16384, which in turn
    /// doubles what a small commit writes.
    static let pageBytes: Int64 = 8192

    static let migrations: [String] = [version1, version2, version3, version4, version5, version6, version7]

    private static let version1 = """
        CREATE TABLE counter(id INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT;

        -- One row is one batch of messages. Its bytes come last, so that the rest is read without them.
        CREATE TABLE inbox(
            first_event INTEGER PRIMARY KEY, event_count INTEGER NOT NULL, arrival_ms INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;

        CREATE TABLE outbox(
            id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, device TEXT NOT NULL,
            created_ms INTEGER NOT NULL, not_before_ms INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0, finished_ms INTEGER, last_error TEXT, payload BLOB NOT NULL) STRICT;
        CREATE INDEX outbox_due ON outbox(channel, not_before_ms) WHERE state = 0;
        CREATE INDEX outbox_finished ON outbox(finished_ms) WHERE state <> 0;

        CREATE TABLE journal(
            id INTEGER PRIMARY KEY, event INTEGER NOT NULL, time_ms INTEGER NOT NULL, kind TEXT NOT NULL, device TEXT NOT NULL,
            body BLOB NOT NULL) STRICT;
        CREATE INDEX journal_device ON journal(device);

        CREATE TABLE dead_letter(
            id INTEGER PRIMARY KEY, event INTEGER NOT NULL, arrival_ms INTEGER NOT NULL, reason TEXT NOT NULL, profile TEXT,
            topic BLOB NOT NULL, payload BLOB NOT NULL) STRICT;

        CREATE TABLE quarantine(event INTEGER PRIMARY KEY, attempts INTEGER NOT NULL) STRICT;

        CREATE TABLE snapshot(
            id INTEGER PRIMARY KEY, event INTEGER NOT NULL, format_version INTEGER NOT NULL, first_part INTEGER NOT NULL,
            part_count INTEGER NOT NULL, byte_count INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT;
        CREATE TABLE snapshot_part(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

        CREATE TABLE series(
            id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL, unit TEXT NOT NULL,
            longest_ms INTEGER NOT NULL DEFAULT 0, UNIQUE(device, metric, unit)) STRICT;
        -- Chunks are appended, so their pages are full; the start of a chunk is in chunk_index only, to store it once.
        CREATE TABLE chunk(
            id INTEGER PRIMARY KEY, series INTEGER NOT NULL, duration_ms INTEGER NOT NULL, sample_count INTEGER NOT NULL,
            bytes BLOB NOT NULL) STRICT;
        CREATE TABLE chunk_index(
            series INTEGER NOT NULL, first_ms INTEGER NOT NULL, chunk INTEGER NOT NULL, PRIMARY KEY(series, first_ms, chunk)
            ) STRICT, WITHOUT ROWID;
        """

    /// A dead letter that was retained must not become a live message when it is replayed.
    private static let version2 = "ALTER TABLE dead_letter ADD COLUMN retained INTEGER NOT NULL DEFAULT 0;"

    /// Each receiver has a lane of its own, so that what waits for one is found without looking at what waits for the others.
    private static let version3 = """
        ALTER TABLE outbox ADD COLUMN receiver TEXT NOT NULL DEFAULT '';
        DROP INDEX outbox_due;
        CREATE INDEX outbox_due ON outbox(channel, receiver, not_before_ms) WHERE state = 0;
        CREATE INDEX outbox_device ON outbox(channel, receiver, device) WHERE state = 0;
        """

    /// Writes by the API are remembered by their id, so that one that is sent again is not done again.
    private static let version4 = """
        CREATE TABLE request(
            id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, hash BLOB NOT NULL, time_ms INTEGER NOT NULL, answer BLOB NOT NULL) STRICT;
        """

    /// Whatever decides something after a restart has a checksum. Rows of the inbox name the one before; rows of before have none.
    /// The triggers leave the journal, the dead letters and the history alone, which decide nothing.
    private static let version5 = """
        ALTER TABLE inbox ADD COLUMN previous INTEGER;
        ALTER TABLE inbox ADD COLUMN checksum INTEGER;
        -- 0: FNV-1a over all bytes; 1: XXH3 over the parts one after the other.
        ALTER TABLE snapshot ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE quarantine ADD COLUMN checksum INTEGER;
        ALTER TABLE outbox ADD COLUMN checksum INTEGER;
        UPDATE quarantine SET checksum = steward_checksum(event, attempts);
        UPDATE outbox SET checksum = steward_checksum(\(outboxColumns));
        ALTER TABLE request ADD COLUMN checksum INTEGER;
        UPDATE request SET checksum = steward_checksum(id, key, hash, time_ms, answer);
        CREATE TRIGGER request_added AFTER INSERT ON request BEGIN
            UPDATE request SET checksum = steward_checksum(id, key, hash, time_ms, answer) WHERE id = NEW.id; END;
        CREATE TRIGGER quarantine_added AFTER INSERT ON quarantine BEGIN
            UPDATE quarantine SET checksum = steward_checksum(event, attempts) WHERE event = NEW.event; END;
        CREATE TRIGGER quarantine_changed AFTER UPDATE OF event, attempts ON quarantine BEGIN
            UPDATE quarantine SET checksum = steward_checksum(event, attempts) WHERE event = NEW.event; END;
        CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
            UPDATE outbox SET checksum = steward_checksum(\(outboxColumns)) WHERE id = NEW.id; END;
        CREATE TRIGGER outbox_changed AFTER UPDATE OF \(outboxColumns) ON outbox BEGIN
            UPDATE outbox SET checksum = steward_checksum(\(outboxColumns)) WHERE id = NEW.id; END;
        """

    private static let outboxColumns =
        "id, key, channel, receiver, device, created_ms, not_before_ms, state, attempts, finished_ms, last_error, payload"

    /// What the sessions at brokers may hold. `used` is higher for a session that was used later.
    private static let version6 = """
        CREATE TABLE broker_session(
            session TEXT NOT NULL, filter TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY(session, filter)) STRICT, WITHOUT ROWID;
        """

    /// The account of downtime. Entries of the ledger and incidents are forgotten one day; what they add up to by day stays for years. An entry
    /// that is written again after damage is known by device, beginning and state, and does not count twice.
    private static let version7 = """
        CREATE TABLE state_interval(
            id INTEGER PRIMARY KEY, device TEXT NOT NULL, from_ms INTEGER NOT NULL, state INTEGER NOT NULL, to_ms INTEGER NOT NULL,
            causes TEXT NOT NULL, UNIQUE(device, from_ms, state)) STRICT;
        -- Milliseconds of a device in each state on a day of the site's zone, in days since 1970.
        CREATE TABLE state_day(
            day INTEGER NOT NULL, device TEXT NOT NULL, productive INTEGER NOT NULL, standby INTEGER NOT NULL, unscheduled INTEGER NOT NULL,
            scheduled INTEGER NOT NULL, unknown INTEGER NOT NULL, PRIMARY KEY(day, device)) STRICT, WITHOUT ROWID;
        CREATE TABLE cause_day(
            day INTEGER NOT NULL, device TEXT NOT NULL, cause TEXT NOT NULL, ms INTEGER NOT NULL, PRIMARY KEY(day, device, cause)
            ) STRICT, WITHOUT ROWID;
        CREATE TABLE incident(
            id INTEGER PRIMARY KEY, device TEXT NOT NULL, onset_ms INTEGER NOT NULL, restored_ms INTEGER NOT NULL, downtime_ms INTEGER NOT NULL,
            detected_ms INTEGER, acted_ms INTEGER, remote INTEGER NOT NULL, causes TEXT NOT NULL, UNIQUE(device, onset_ms)) STRICT;
        CREATE INDEX incident_onset ON incident(onset_ms);
        """

    /// Brings a connection's database to the newest version, each step in a transaction of its own.
    static func prepare(_ connection: Connection, migrations: [String] = Schema.migrations) throws {
        var version = try check(connection, newest: migrations.count)
        if version == 0 {
            // Both hold only while the file is still empty.
            try connection.execute("PRAGMA page_size = \(pageBytes); PRAGMA auto_vacuum = INCREMENTAL;")
        }
        try connection.execute("PRAGMA journal_mode = WAL")
        while version < migrations.count {
            try connection.execute("BEGIN IMMEDIATE")
            do {
                try connection.execute(migrations[version])
                version += 1
                try connection.execute("PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version);")
                try connection.execute("COMMIT")
            } catch {
                if connection.isInTransaction { try? connection.execute("ROLLBACK") }
                throw error
            }
        }
    }

    /// Reads the version of a store and refuses what is not one, or is newer than this program.
    @discardableResult
    static func check(_ connection: Connection, newest: Int = Schema.migrations.count) throws -> Int {
        let application = try connection.pragma("PRAGMA application_id")
        let version = try connection.pragma("PRAGMA user_version")
        let tables = try connection.pragma("SELECT count(*) FROM sqlite_schema")
        if application != applicationID && (application != 0 || version != 0 || tables != 0) {
            throw StoreError(
                .notADatabase,
                message: "\(connection.path) is a database of another program: name another store path, or move the file away")
        }
        guard version <= newest else {
            throw StoreError(
                .newerVersion,
                message: "\(connection.path) was written by a newer steward (store version \(version), this one reads up to \(newest)): "
                    + "install that version again, or restore a backup made before the upgrade")
        }
        return Int(max(0, version))
    }
}
