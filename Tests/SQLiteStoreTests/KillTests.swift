import Glibc
import Testing

@testable import SQLiteStore

/// Kills a writing process for real. The child is this very test program, started again for `KilledChild` alone.
@Suite struct KillTests {
    static let pathVariable = "STEWARD_KILLED_CHILD_STORE"
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    @Test(.enabled(if: getenv(pathVariable) == nil), arguments: [1, 20, 150] as [Int64])
    func whatWasCommittedBeforeAKillIsThereAfterIt(commits: Int64) throws {
        let child = try start()
        var status: Int32 = 0
        var isKilled = false
        defer {
            if !isKilled {
                kill(child, SIGKILL)
                waitpid(child, &status, 0)
            }
        }
        let deadline = time(nil) + 60
        while try reported() < commits * 10 {
            try #require(time(nil) < deadline, "the child did not get to \(commits) commits")
            try #require(waitpid(child, &status, WNOHANG) == 0, "the child ended by itself")
            usleep(2_000)
        }
        kill(child, SIGKILL)
        waitpid(child, &status, 0)
        isKilled = true
        let last = try reported()
        let store = try Store(path: directory.storePath)
        #expect(try store.lastEvent() >= last, "an event was acknowledged and is gone")
        #expect(try store.cursor() == store.lastEvent())
        #expect(try store.statistics().outboxOpen == store.lastEvent() / 10)
        var next: Int64 = 1
        try store.forEachSegment(from: 1) { segment in
            #expect(segment.firstEvent == next)
            next = segment.lastEvent + 1
        }
        #expect(try next == store.lastEvent() + 1)
        #expect(try store.integrityProblems().isEmpty)
    }

    /// The last event that the child saw committed.
    private func reported() throws -> Int64 {
        guard access(directory.storePath + ".reported", F_OK) == 0 else { return 0 }
        return try readFile(directory.storePath + ".reported").withUnsafeBytes { $0.count < 8 ? 0 : $0.loadUnaligned(as: Int64.self) }
    }

    private func start() throws -> pid_t {
        var arguments = try readFile("/proc/self/cmdline").split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        while let index = arguments.firstIndex(of: "--filter"), index + 1 < arguments.count { arguments.removeSubrange(index...index + 1) }
        arguments += ["--filter", "KilledChild"]
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = [strdup("\(Self.pathVariable)=\(directory.storePath)")]
        var next = environ
        while let variable = next.pointee {
            variables.append(strdup(variable))
            next += 1
        }
        variables.append(nil)
        defer { for pointer in words + variables { free(pointer) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [1, 2] as [Int32] { posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0) }
        var child = pid_t()
        try #require(posix_spawn(&child, "/proc/self/exe", &actions, nil, &words, &variables) == 0)
        return child
    }
}

/// Commits without end until it is killed, and reports each commit after it.
@Suite(.enabled(if: getenv(KillTests.pathVariable) != nil, "runs as a child of KillTests only")) struct KilledChild {
    @Test func commitsUntilItIsKilled() throws {
        let path = String(cString: try #require(getenv(KillTests.pathVariable)))
        let report = open(path + ".reported", O_WRONLY | O_CREAT, 0o644)
        try #require(report >= 0)
        let store = try Store(path: path)
        for index in 0..<2_000 {
            try store.transaction {
                try store.append(count: 10, bytes: index % 7 * 20_000)
                try store.setCursor(try store.lastEvent())
                _ = try store.enqueue(entry("key-\(index)", device: "p-\(index)"))
            }
            var last = try store.lastEvent()
            pwrite(report, &last, 8, 0)
        }
    }
}
