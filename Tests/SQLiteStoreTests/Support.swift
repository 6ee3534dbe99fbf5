import Glibc
import Testing

@testable import SQLiteStore

/// A directory of its own for each test, removed at the end.
final class TemporaryDirectory {
    let path: String
    var storePath: String { path + "/steward.db" }

    init() throws {
        var template = Array("/tmp/steward-store-XXXXXX".utf8CString)
        let made = mkdtemp(&template)
        try #require(made != nil, "mkdtemp failed: \(String(cString: strerror(errno)))")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { run(["/bin/rm", "-rf", path]) }
}

/// Runs a program to its end and gives its exit status.
@discardableResult
func run(_ arguments: [String]) -> Int32 {
    var pid = pid_t()
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    guard posix_spawn(&pid, arguments[0], nil, nil, &pointers, environ) == 0 else { return -1 }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -1
}

func readFile(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0, "cannot read \(path)")
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count <= 0 { return bytes }
        bytes.append(contentsOf: buffer.prefix(count))
    }
}

func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    try #require(descriptor >= 0, "cannot write \(path)")
    defer { close(descriptor) }
    try #require(write(descriptor, bytes, bytes.count) == bytes.count)
}

func overwrite(_ path: String, at offset: Int, _ bytes: [UInt8]) throws {
    let descriptor = open(path, O_WRONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(pwrite(descriptor, bytes, bytes.count, offset) == bytes.count)
}

/// Copies the database and its log as a power cut would leave them: without closing anything.
func copyStore(_ from: String, _ to: String) throws {
    try writeFile(to, readFile(from))
    if access(from + "-wal", F_OK) == 0 { try writeFile(to + "-wal", readFile(from + "-wal")) }
}

func storeError(_ body: () throws -> Void) -> StoreError? {
    do {
        try body()
        return nil
    } catch {
        return error as? StoreError
    }
}

extension Store {
    /// Appends the next segment, its bytes all of one value.
    func append(count: Int = 1, bytes: Int = 100, value: UInt8 = 7) throws {
        let first = try lastEvent() + 1
        try [UInt8](repeating: value, count: bytes).withUnsafeBytes {
            try appendSegment(firstEvent: first, count: count, arrivalMilliseconds: 1_760_000_000_000 + first, bytes: $0)
        }
    }

    func snapshot(at event: Int64, _ bytes: [UInt8], formatVersion: Int = 1) throws {
        try saveSnapshot(event: event, formatVersion: formatVersion) { try $0.append(bytes) }
    }

    func chunk(_ series: Int64, from first: Int64, to last: Int64, count: Int = 10, bytes: [UInt8] = [1, 2, 3]) throws -> Bool {
        try bytes.withUnsafeBytes {
            try appendChunk(series: series, firstMilliseconds: first, lastMilliseconds: last, count: count, bytes: $0)
        }
    }
}

func entry(
    _ key: String, channel: String = "order", receiver: String = "", device: String = "p-1", notBefore: Int64 = 0, payload: [UInt8] = [1]
) -> OutboxEntry {
    OutboxEntry(
        key: key, channel: channel, receiver: receiver, device: device, payload: payload, createdMilliseconds: 1,
        notBeforeMilliseconds: notBefore)
}

extension StoreReader {
    /// Due entries of all lanes, the longest due first.
    func dueOutbox(nowMilliseconds now: Int64, limit: Int) throws -> [OutboxDelivery] {
        let due = try outboxLanes().keys.flatMap { try dueOutbox($0, nowMilliseconds: now, limit: .max) }
        return Array(
            due.sorted { ($0.entry.notBeforeMilliseconds, $0.entry.key) < ($1.entry.notBeforeMilliseconds, $1.entry.key) }.prefix(limit))
    }
}

struct FoundSnapshot: Equatable {
    struct State: Equatable {
        var event: Int64
        var bytes: [UInt8]
    }

    var snapshot: State?
    var problems: [String]
}

extension StoreReader {
    func loadSnapshot(formatVersion: Int) throws -> FoundSnapshot {
        var state: FoundSnapshot.State?
        let search = try findSnapshot(formats: [formatVersion]) { snapshot in
            var (snapshot, bytes) = (snapshot, [UInt8]())
            while let piece = try snapshot.next() { bytes += piece }
            state = FoundSnapshot.State(event: snapshot.event, bytes: bytes)
        }
        return FoundSnapshot(snapshot: state, problems: search.problems)
    }
}
