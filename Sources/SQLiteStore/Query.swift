/// Every statement of the store, in one place where they can be read together. All values are bound.
enum Query: Int, CaseIterable {
    case begin, commit, rollback, loadCounters, storeCounter
    case appendSegment, segmentsFrom, firstSegment, oldestSegments, deleteSegment, segmentBefore, segmentsBetween, countInbox,
        segmentsBackwards, allCrashes, intactDeliveries,
        deleteSegments
    case enqueue, openLanes, openOfDevice, dueOnLane, nextDueOnLane, markAttempt, markBegun, finish, outboxEntry, forgetFinished,
        shiftOutbox, replaceOutboxPayload
    case countOpen, countFinished, checkOutbox, countCrashes, countDamagedCrashes
    case damagedDeliveries, abandonDamagedDeliveries, rebuildOutboxIndexes, dropDamagedCrashes, countDamagedRequests,
        dropDamagedRequests
    case countJournal, countLetters, countChunks, countSeries
    case appendJournal, journal, journalOfDevice, oldestJournal, deleteJournal
    case appendDeadLetter, deadLetters, oldestDeadLetters, deleteDeadLetter
    case request, recordRequest, forgetRequests
    case recordCrash, quarantined, forgetCrashes, forgetOldestCrash
    case nextPart, addPart, addSnapshot, snapshots, previousSnapshot, part, deleteOldParts, deleteSnapshots
    case findSeries, longestOfSeries, addSeries, lengthenSeries, seriesOfMetric, deleteEmptySeries
    case findChunk, addChunk, indexChunk, chunks, oldestChunks, deleteChunk, unindexChunk
    case lastSession, sessionFilters, addSessionFilter, deleteSession, forgetSessions
    case addStateInterval, addStateDay, addCauseDay, addIncident
    case stateIntervals, stateDays, causeDays, incidents
    case oldestStateIntervals, oldestIncidents, forgetStateDays, forgetCauseDays, countStateIntervals, countIncidents
    case pageCount, freePages, truncateLog, releasePages

    var sql: StaticString {
        switch self {
        case .begin: "BEGIN IMMEDIATE"
        case .commit: "COMMIT"
        case .rollback: "ROLLBACK"
        case .loadCounters: "SELECT id, value FROM counter"
        case .storeCounter: "INSERT INTO counter(id, value) VALUES(?1, ?2) ON CONFLICT(id) DO UPDATE SET value = ?2"

        case .appendSegment:
            "INSERT INTO inbox(first_event, event_count, arrival_ms, bytes, previous, checksum) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
        case .segmentsFrom:
            """
            SELECT first_event, event_count, arrival_ms, bytes, previous, checksum FROM inbox
            WHERE first_event >= coalesce((SELECT max(first_event) FROM inbox WHERE first_event <= ?1), ?1) ORDER BY first_event
            """
        case .segmentsBackwards:
            """
            SELECT first_event, event_count, arrival_ms, bytes, previous, checksum FROM inbox WHERE first_event >= ?1 ORDER BY first_event DESC
            """
        case .allCrashes: "SELECT event, attempts FROM quarantine WHERE checksum IS steward_checksum(event, attempts)"
        case .intactDeliveries:
            """
            SELECT key, channel, receiver, device, created_ms, not_before_ms, state, coalesce(finished_ms, 0), payload, attempts, last_error
            FROM outbox NOT INDEXED WHERE checksum IS
            steward_checksum(id, key, channel, receiver, device, created_ms, not_before_ms, state, attempts, finished_ms, last_error, payload)
            ORDER BY id
            """
        case .firstSegment: "SELECT min(first_event) FROM inbox"
        case .oldestSegments: "SELECT first_event, event_count, length(bytes) FROM inbox ORDER BY first_event LIMIT ?1"
        case .segmentBefore:
            """
            SELECT first_event, event_count, arrival_ms, checksum FROM inbox
            WHERE first_event = (SELECT max(first_event) FROM inbox WHERE first_event <= ?1)
            """
        case .deleteSegments: "DELETE FROM inbox WHERE first_event BETWEEN ?1 AND ?2"
        case .segmentsBetween: "SELECT first_event, bytes FROM inbox WHERE first_event BETWEEN ?1 AND ?2 ORDER BY first_event LIMIT 100"
        case .countInbox: "SELECT count(*), coalesce(sum(length(bytes)), 0), coalesce(max(first_event + event_count - 1), 0) FROM inbox"
        case .deleteSegment: "DELETE FROM inbox WHERE first_event = ?1"

        case .enqueue:
            """
            INSERT INTO outbox(key, channel, device, payload, created_ms, not_before_ms, receiver) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT(key) DO NOTHING
            """
        case .openLanes: "SELECT channel, receiver, count(*) FROM outbox WHERE state = 0 GROUP BY channel, receiver"
        case .openOfDevice: "SELECT count(*) FROM outbox WHERE state = 0 AND channel = ?1 AND receiver = ?2 AND device = ?3"
        case .dueOnLane:
            """
            SELECT key, channel, device, payload, created_ms, not_before_ms, attempts, last_error, state, receiver FROM outbox
            WHERE state = 0 AND channel = ?1 AND receiver = ?2 AND not_before_ms <= ?3 ORDER BY not_before_ms, id LIMIT ?4
            """
        case .nextDueOnLane: "SELECT min(not_before_ms) FROM outbox WHERE state = 0 AND channel = ?1 AND receiver = ?2"
        case .markBegun: "UPDATE outbox SET last_error = coalesce(last_error, 'begun') WHERE key = ?1 AND state = 0"
        case .markAttempt: "UPDATE outbox SET attempts = attempts + 1, last_error = ?2, not_before_ms = ?3 WHERE key = ?1 AND state = 0"
        case .finish:
            // What was delivered need not be kept, only its key; what was given up may still be sent by hand.
            """
            UPDATE outbox SET state = ?2, finished_ms = ?3, last_error = coalesce(?4, last_error),
            payload = CASE ?2 WHEN 1 THEN x'' ELSE payload END WHERE key = ?1 AND state = 0 RETURNING channel, receiver
            """
        case .outboxEntry:
            "SELECT key, channel, device, payload, created_ms, not_before_ms, attempts, last_error, state, receiver FROM outbox WHERE key = ?1"
        case .forgetFinished:
            "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state <> 0 ORDER BY finished_ms, id LIMIT ?1)"

        case .countOpen: "SELECT count(*) FROM outbox NOT INDEXED WHERE state = 0"
        case .countFinished: "SELECT count(*) FROM outbox NOT INDEXED WHERE state <> 0"
        case .damagedDeliveries:
            """
            SELECT key, channel, state FROM outbox NOT INDEXED WHERE checksum IS NOT
            steward_checksum(id, key, channel, receiver, device, created_ms, not_before_ms, state, attempts, finished_ms, last_error, payload)
            """
        case .abandonDamagedDeliveries:
            // What a damaged entry says cannot be trusted, so it is not sent; the trigger gives it a checksum again.
            """
            UPDATE outbox SET state = 2, finished_ms = ?1, last_error = 'the entry was damaged' WHERE checksum IS NOT
            steward_checksum(id, key, channel, receiver, device, created_ms, not_before_ms, state, attempts, finished_ms, last_error, payload)
            """
        case .rebuildOutboxIndexes: "REINDEX outbox"
        case .countDamagedRequests: "SELECT count(*) FROM request WHERE checksum IS NOT steward_checksum(id, key, hash, time_ms, answer)"
        case .dropDamagedRequests: "DELETE FROM request WHERE checksum IS NOT steward_checksum(id, key, hash, time_ms, answer)"
        case .dropDamagedCrashes: "DELETE FROM quarantine WHERE checksum IS NOT steward_checksum(event, attempts)"
        case .countJournal: "SELECT count(*), coalesce(sum(length(body)), 0) FROM journal"
        case .countLetters: "SELECT count(*), coalesce(sum(length(topic) + length(payload)), 0), coalesce(max(id), 0) FROM dead_letter"
        case .countChunks: "SELECT count(*), coalesce(sum(length(bytes)), 0), coalesce(sum(sample_count), 0) FROM chunk"
        case .countSeries: "SELECT count(*) FROM series"
        case .checkOutbox: "PRAGMA integrity_check(outbox)"
        case .countCrashes: "SELECT count(*) FROM quarantine"
        case .countDamagedCrashes: "SELECT count(*) FROM quarantine WHERE checksum IS NOT steward_checksum(event, attempts)"
        case .shiftOutbox: "UPDATE outbox SET created_ms = created_ms + ?1, not_before_ms = not_before_ms + ?1 WHERE state = 0"
        case .replaceOutboxPayload: "UPDATE outbox SET payload = ?2 WHERE key = ?1 AND state = 0"

        case .appendJournal: "INSERT INTO journal(event, time_ms, kind, device, body) VALUES(?1, ?2, ?3, ?4, ?5)"
        case .journal:
            """
            SELECT id, event, time_ms, kind, device, body FROM journal
            WHERE id < ?1 AND time_ms >= ?2 AND (?3 IS NULL OR kind = ?3) ORDER BY id DESC LIMIT ?4
            """
        case .journalOfDevice:
            """
            SELECT id, event, time_ms, kind, device, body FROM journal INDEXED BY journal_device
            WHERE device = ?5 AND id < ?1 AND time_ms >= ?2 AND (?3 IS NULL OR kind = ?3) ORDER BY id DESC LIMIT ?4
            """
        case .oldestJournal: "SELECT id, length(body) FROM journal ORDER BY id LIMIT ?1"
        case .deleteJournal: "DELETE FROM journal WHERE id = ?1"

        case .appendDeadLetter:
            // An id is never given again: a person may still hold that of a letter that was replayed.
            """
            INSERT INTO dead_letter(event, arrival_ms, reason, profile, topic, payload, retained, id)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, max(?8, (SELECT coalesce(max(id), 0) FROM dead_letter)) + 1)
            """
        case .deadLetters:
            """
            SELECT id, event, arrival_ms, reason, profile, topic, payload, retained FROM dead_letter
            WHERE id < ?1 ORDER BY id DESC LIMIT ?2
            """
        case .oldestDeadLetters: "SELECT id, length(topic) + length(payload) FROM dead_letter WHERE id >= ?2 ORDER BY id LIMIT ?1"
        case .deleteDeadLetter: "DELETE FROM dead_letter WHERE id = ?1"

        case .request: "SELECT key, hash, time_ms, answer FROM request WHERE key = ?1"
        case .recordRequest: "INSERT INTO request(key, hash, time_ms, answer) VALUES(?1, ?2, ?3, ?4)"
        case .forgetRequests: "DELETE FROM request WHERE id <= ?1"

        case .recordCrash:
            "INSERT INTO quarantine(event, attempts) VALUES(?1, 1) ON CONFLICT(event) DO UPDATE SET attempts = attempts + 1 RETURNING attempts"
        case .quarantined: "SELECT event FROM quarantine WHERE attempts >= ?1"
        case .forgetCrashes: "DELETE FROM quarantine WHERE event <= ?1"
        case .forgetOldestCrash: "DELETE FROM quarantine WHERE event = (SELECT min(event) FROM quarantine)"

        case .nextPart: "SELECT coalesce(max(id), 0) + 1 FROM snapshot_part"
        case .addPart: "INSERT INTO snapshot_part(id, bytes) VALUES(?1, ?2)"
        case .addSnapshot:
            """
            INSERT INTO snapshot(event, format_version, first_part, part_count, byte_count, checksum, hash)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, 1)
            """
        case .snapshots: "SELECT event, format_version, first_part, part_count, byte_count, checksum, hash FROM snapshot ORDER BY id DESC"
        case .previousSnapshot: "SELECT event FROM snapshot ORDER BY id DESC LIMIT 1 OFFSET 1"
        case .part: "SELECT bytes FROM snapshot_part WHERE id = ?1"
        case .deleteOldParts:
            """
            DELETE FROM snapshot_part WHERE id IN (SELECT id FROM snapshot_part WHERE NOT EXISTS (
            SELECT 1 FROM snapshot WHERE snapshot_part.id BETWEEN first_part AND first_part + part_count - 1) ORDER BY id LIMIT 8)
            """
        case .deleteSnapshots: "DELETE FROM snapshot WHERE id NOT IN (SELECT id FROM snapshot ORDER BY id DESC LIMIT 2)"

        case .findSeries: "SELECT id, longest_ms FROM series WHERE device = ?1 AND metric = ?2 AND unit = ?3"
        case .longestOfSeries: "SELECT longest_ms FROM series WHERE id = ?1"
        case .addSeries: "INSERT INTO series(device, metric, unit) VALUES(?1, ?2, ?3)"
        case .lengthenSeries: "UPDATE series SET longest_ms = ?2 WHERE id = ?1 AND longest_ms < ?2"
        case .seriesOfMetric: "SELECT id, unit, longest_ms FROM series WHERE device = ?1 AND metric = ?2 ORDER BY unit"
        case .deleteEmptySeries: "DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM chunk_index WHERE chunk_index.series = series.id)"

        case .findChunk:
            """
            SELECT 1 FROM chunk_index JOIN chunk ON chunk.id = chunk_index.chunk
            WHERE chunk_index.series = ?1 AND first_ms = ?2 AND sample_count = ?3
            """
        case .addChunk: "INSERT INTO chunk(series, duration_ms, sample_count, bytes) VALUES(?1, ?2, ?3, ?4)"
        case .indexChunk: "INSERT INTO chunk_index(series, first_ms, chunk) VALUES(?1, ?2, ?3)"
        case .chunks:
            """
            SELECT first_ms, duration_ms, sample_count, bytes FROM chunk_index JOIN chunk ON chunk.id = chunk_index.chunk
            WHERE chunk_index.series = ?1 AND first_ms BETWEEN ?2 AND ?3 AND first_ms + duration_ms >= ?4 ORDER BY first_ms, chunk
            """
        case .oldestChunks:
            """
            SELECT id, series, duration_ms, sample_count, length(bytes),
                (SELECT first_ms FROM chunk_index WHERE chunk_index.series = chunk.series AND chunk_index.chunk = chunk.id LIMIT 1)
            FROM chunk ORDER BY id LIMIT ?1
            """
        case .deleteChunk: "DELETE FROM chunk WHERE id = ?1"
        case .unindexChunk: "DELETE FROM chunk_index WHERE series = ?1 AND first_ms = ?2 AND chunk = ?3"

        case .lastSession: "SELECT session, used FROM broker_session ORDER BY used DESC LIMIT 1"
        case .sessionFilters: "SELECT filter FROM broker_session WHERE session = ?1 AND filter <> '' ORDER BY filter"
        case .addSessionFilter: "INSERT INTO broker_session(session, filter, used) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING"
        case .deleteSession: "DELETE FROM broker_session WHERE session = ?1"
        case .forgetSessions:
            """
            DELETE FROM broker_session WHERE session NOT IN
            (SELECT session FROM broker_session GROUP BY session ORDER BY max(used) DESC LIMIT 8)
            """

        case .addStateInterval:
            "INSERT INTO state_interval(device, from_ms, state, to_ms, causes) VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"
        case .addStateDay:
            """
            INSERT INTO state_day(day, device, productive, standby, unscheduled, scheduled, unknown) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT(day, device) DO UPDATE SET productive = productive + ?3, standby = standby + ?4, unscheduled = unscheduled + ?5,
            scheduled = scheduled + ?6, unknown = unknown + ?7
            """
        case .addCauseDay:
            """
            INSERT INTO cause_day(day, device, cause, ms) VALUES(?1, ?2, ?3, ?4)
            ON CONFLICT(day, device, cause) DO UPDATE SET ms = ms + ?4
            """
        case .addIncident:
            """
            INSERT INTO incident(device, onset_ms, restored_ms, downtime_ms, detected_ms, acted_ms, remote, causes)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING
            """
        case .stateIntervals:
            """
            SELECT device, from_ms, state, to_ms, causes FROM state_interval WHERE device = ?1 AND from_ms < ?3 AND to_ms > ?2
            ORDER BY from_ms LIMIT ?4
            """
        case .stateDays:
            """
            SELECT day, device, productive, standby, unscheduled, scheduled, unknown FROM state_day
            WHERE day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR device = ?3)
            """
        case .causeDays:
            "SELECT day, device, cause, ms FROM cause_day WHERE day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR device = ?3)"
        case .incidents:
            """
            SELECT device, onset_ms, restored_ms, downtime_ms, detected_ms, acted_ms, remote, causes FROM incident
            WHERE onset_ms >= ?1 AND onset_ms < ?2 AND (?3 IS NULL OR device = ?3) ORDER BY onset_ms
            """
        case .oldestStateIntervals: "DELETE FROM state_interval WHERE id IN (SELECT id FROM state_interval ORDER BY id LIMIT ?1)"
        case .oldestIncidents: "DELETE FROM incident WHERE id IN (SELECT id FROM incident ORDER BY id LIMIT ?1)"
        case .forgetStateDays: "DELETE FROM state_day WHERE day < ?1"
        case .forgetCauseDays: "DELETE FROM cause_day WHERE day < ?1"
        case .countStateIntervals: "SELECT count(*) FROM state_interval"
        case .countIncidents: "SELECT count(*) FROM incident"

        case .pageCount: "PRAGMA page_count"
        case .freePages: "PRAGMA freelist_count"
        case .truncateLog: "PRAGMA wal_checkpoint(TRUNCATE)"
        case .releasePages: "PRAGMA incremental_vacuum(256)"
        }
    }
}
