import CSQLite
import Foundation
import GatewayCore
import SQLiteStore
import Telemetry
import Testing

@testable import Gateway

/// A store as a gateway leaves it, of which damaged copies are started.
final class DamagedStore {
    enum Damage: String, CaseIterable {
        case flip, zero, swap, stale, cut, empty, delete
        /// Where it strikes is chosen by the dice.
        var isRandom: Bool { self != .empty && self != .delete }
    }

    enum Outcome: Equatable {
        case refused(String)
        /// It goes on and says so: to people, and to the core.
        case told
        case same
        case silent(String)

        var word: String {
            switch self {
            case .refused: "refused"
            case .told: "told"
            case .same: "same"
            case .silent: "silent"
            }
        }
    }

    private let directory: TemporaryDirectory
    private let whole: URL
    private let copy: URL
    private(set) var files: [String] = []
    private(set) var lastEvent: Int64 = 0
    private(set) var snapshotEvent: Int64 = 0
    private(set) var lines: [String] = []
    private var outbox: [String] = []

    static func profiles() throws -> [DeviceProfile] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try ProfileLoader.load([root.appending(path: "DeviceProfiles/steward-native").path])
    }

    /// - Parameter isKilled: the files are as a SIGKILL leaves them: the newest commits are in the write-ahead log.
    init(isKilled: Bool) throws {
        directory = try TemporaryDirectory()
        whole = directory.url.appending(path: "whole")
        copy = directory.url.appending(path: "copy")
        let live = directory.url.appending(path: "live")
        try FileManager.default.createDirectory(at: live, withIntermediateDirectories: true)
        try fill(live, copyWhileOpen: isKilled)
        if !isKilled { try FileManager.default.copyItem(at: live, to: whole) }
        files = try FileManager.default.contentsOfDirectory(atPath: whole.path).sorted()
        _ = try restore()
    }

    func configuration(_ onDamage: GatewayConfiguration.OnDamage) -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        configuration.store.path = copy.appending(path: "steward.db").path
        configuration.store.onDamage = onDamage
        return configuration
    }

    /// Twelve devices, two snapshots, an older copy of the file, and messages after all of them.
    private func fill(_ live: URL, copyWhileOpen: Bool) throws {
        var configuration = GatewayConfiguration()
        configuration.store.path = live.appending(path: "steward.db").path
        let opening = try StoreOpening(configuration: configuration, profiles: try Self.profiles())
        let store = opening.store
        var witness = opening.witness
        var core = try Recovery(opening).core
        var effects: [Effect] = []
        for batch in 0..<60 as Range<Int64> {
            var segment = Segment()
            if batch == 0 { segment.append(.connected(sessionPresent: false)) }
            let time = 1_760_000_000_000 + batch * 10_000
            for device in 0..<12 as Range<Int64> {
                segment.append(
                    topic: "devices/d\(device)/telemetry",
                    payload: Array(
                        #"{"ts":\#(time + device),"status":"printing","pageCount":\#(batch * 7 + device),"supplies":{"black":\#(90 - batch)}}"#
                            .utf8))
            }
            segment.firstEvent = try store.lastEvent() + 1
            segment.arrivalMilliseconds = time + 500
            try store.transaction {
                try store.appendSegment(
                    firstEvent: segment.firstEvent, count: segment.count, arrivalMilliseconds: segment.arrivalMilliseconds,
                    bytes: segment.bytes)
                if batch % 5 == 0 {
                    _ = try store.enqueue(
                        OutboxEntry(
                            key: "or-\(batch)", channel: "order", device: "d1", payload: Array("payload \(batch)".utf8),
                            createdMilliseconds: time, notBeforeMilliseconds: time))
                }
                if batch % 15 == 10 { _ = try store.markDelivered(key: "or-\(batch - 10)", atMilliseconds: time) }
            }
            core.step(segment, into: &effects)
            try store.setCursor(core.lastEvent)
            witness.note(store.commitRecord(milliseconds: segment.arrivalMilliseconds))
            if batch == 20 || batch == 40 {
                try store.saveSnapshot(event: core.lastEvent, formatVersion: StewardCore.snapshotFormat) { writer in
                    try core.writeSnapshot { try writer.append($0) }
                }
                snapshotEvent = core.lastEvent
                try Self.checkpoint(live.appending(path: "steward.db").path)
            }
            if batch == 45 {
                try FileManager.default.copyItem(at: live.appending(path: "steward.db"), to: directory.url.appending(path: "stale.db"))
            }
        }
        _ = try store.recordCrash(event: 3)
        lastEvent = core.lastEvent
        lines = core.digestLines()
        outbox = try Self.outbox(store)
        if copyWhileOpen { try FileManager.default.copyItem(at: live, to: whole) }
        try store.close()
    }

    /// Moves the write-ahead log into the file.
    private static func checkpoint(_ path: String) throws {
        var database: OpaquePointer?
        try #require(sqlite3_open(path, &database) == SQLITE_OK)
        defer { sqlite3_close(database) }
        try #require(sqlite3_exec(database, "PRAGMA wal_checkpoint(PASSIVE)", nil, nil, nil) == SQLITE_OK)
    }

    private static func outbox(_ store: Store) throws -> [String] {
        try store.dueOutbox(OutboxLane(channel: "order", receiver: ""), nowMilliseconds: .max, limit: 1000).map {
            "\($0.entry.key) \($0.entry.payload) \($0.attempts)"
        }.sorted()
    }

    private func restore() throws -> URL {
        try? FileManager.default.removeItem(at: copy)
        try FileManager.default.copyItem(at: whole, to: copy)
        return copy
    }

    /// A fresh copy with one file damaged.
    func damage(_ name: String, _ damage: Damage, _ random: inout DamageRandom) throws -> String {
        let file = try restore().appending(path: name)
        var bytes = [UInt8](try Data(contentsOf: file))
        let page = 8192
        let pages = max(1, bytes.count / page)
        var what = damage.rawValue
        func place(_ size: Int) -> Int { bytes.isEmpty ? 0 : random.below(max(1, bytes.count / size)) * size }
        switch damage {
        case .flip where !bytes.isEmpty:
            let at = random.below(bytes.count)
            let bit = random.below(8)
            bytes[at] ^= UInt8(1 << bit)
            what += " bit \(bit) of byte \(at) (page \(at / page + 1) + \(at % page))"
        case .zero where !bytes.isEmpty:
            let at = place(512)
            for index in at..<min(at + 512, bytes.count) { bytes[index] = 0 }
            what += " 512 bytes at \(at)"
        case .swap where pages > 1:
            let (one, two) = (random.below(pages) * page, random.below(pages) * page)
            let first = Array(bytes[one..<one + page])
            bytes.replaceSubrange(one..<one + page, with: bytes[two..<two + page])
            bytes.replaceSubrange(two..<two + page, with: first)
            what += " pages \(one / page + 1) and \(two / page + 1)"
        case .stale where name.hasSuffix(".db"):
            // A write that the disk promised and forgot.
            let old = [UInt8](try Data(contentsOf: directory.url.appending(path: "stale.db")))
            let at = random.below(min(pages, old.count / page)) * page
            bytes.replaceSubrange(at..<at + page, with: old[at..<at + page])
            what += " page \(at / page + 1)"
        case .cut where !bytes.isEmpty:
            let length = random.below(bytes.count)
            bytes.removeSubrange(length...)
            what += " at \(length)"
        case .empty: bytes = []
        case .delete:
            try FileManager.default.removeItem(at: file)
            return what
        case .flip, .zero, .swap, .stale, .cut: break
        }
        try Data(bytes).write(to: file)
        return what
    }

    /// Changes the file of a fresh copy; the root pages of its tables are handed along.
    func change(_ body: (inout [UInt8], [String: Int]) -> Void) throws {
        let file = try restore().appending(path: "steward.db")
        var database: OpaquePointer?
        var statement: OpaquePointer?
        try #require(sqlite3_open_v2(file.path, &database, SQLITE_OPEN_READONLY, nil) == SQLITE_OK)
        try #require(sqlite3_prepare_v2(database, "SELECT name, rootpage FROM sqlite_schema", -1, &statement, nil) == SQLITE_OK)
        var roots: [String: Int] = [:]
        while sqlite3_step(statement) == SQLITE_ROW {
            roots[String(cString: sqlite3_column_text(statement, 0))] = Int(sqlite3_column_int64(statement, 1))
        }
        sqlite3_finalize(statement)
        sqlite3_close(database)
        var bytes = [UInt8](try Data(contentsOf: file))
        body(&bytes, roots)
        try Data(bytes).write(to: file)
    }

    func damagedCopies() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: copy.path).filter { $0.contains(".damaged-") && !$0.hasSuffix("-wal") }
            .filter { !$0.hasSuffix("-shm") }
    }

    /// Runs a statement on a fresh copy, without the triggers that would make it look right.
    func execute(_ sql: String, dropping triggers: [String]) throws {
        var database: OpaquePointer?
        try #require(sqlite3_open(try restore().appending(path: "steward.db").path, &database) == SQLITE_OK)
        defer { sqlite3_close(database) }
        for text in triggers.map({ "DROP TRIGGER \($0)" }) + [sql] {
            try #require(sqlite3_exec(database, text, nil, nil, nil) == SQLITE_OK, "\(String(cString: sqlite3_errmsg(database)))")
        }
    }

    /// Starts the copy as the gateway does, up to the point where it would connect.
    func start(onDamage: GatewayConfiguration.OnDamage) throws -> Outcome {
        let configuration = configuration(onDamage)
        let profiles = try Self.profiles()
        do {
            let opening = try StoreOpening(configuration: configuration, profiles: profiles)
            let core = try Recovery(opening).core
            defer { try? opening.store.close() }
            guard opening.damages.isEmpty else { return .told }
            let found = core.digestLines()
            guard found == lines, core.lastEvent == lastEvent else {
                let difference = found.difference(from: lines).map { "\($0)" }.prefix(3).joined(separator: " | ")
                return .silent("event \(core.lastEvent) instead of \(lastEvent); \(difference)")
            }
            let waiting = try Self.outbox(opening.store)
            return waiting == outbox ? .same : .silent("outbox \(waiting) instead of \(outbox)")
        } catch {
            return .refused("\(error)")
        }
    }
}

/// SplitMix64, so that a campaign can be repeated from its seed.
struct DamageRandom {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((z ^ (z >> 31)) % UInt64(bound))
    }
}
