import Glibc
import SQLiteStore

/// Records which event the core is processing, in memory that outlives a crash of the program.
///
/// A page of a file is mapped into memory. The core writes the event's number there (a plain store), and the handler of a fatal
/// signal adds that it was a crash. A SIGKILL adds nothing; a message is suspected of it only after several kills in a row during the same one
/// (`Death`).
final class CrashMarker {
    // Written by the signal handler, which may use nothing but plain memory.
    nonisolated(unsafe) private static var mapped: UnsafeMutablePointer<Int64>?
    static let fatalSignals = [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT]

    let progress: UnsafeMutablePointer<Int64>
    /// How the previous program ended.
    let death: Death

    /// `path` is made when it is not there. Throws when it cannot be.
    init(path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else {
            let reason =
                errno == ELOOP
                ? "it is a symbolic link, which is not followed: find out who made it, and remove it" : String(cString: strerror(errno))
            throw ConfigurationError("\(path): \(reason)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ConfigurationError("\(path) is not a regular file: remove it")
        }
        if status.st_mode & 0o007 != 0 { fchmod(descriptor, status.st_mode & 0o770) }
        // The blocks are allocated now: a write through the map to a hole in the file would be a SIGBUS on a full disk.
        let code = posix_fallocate(descriptor, 0, 4096)
        guard code == 0 else {
            throw ConfigurationError("\(path): \(String(cString: strerror(code))); the file needs 4096 bytes of room")
        }
        guard let page = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            page != MAP_FAILED
        else { throw ConfigurationError("\(path): \(String(cString: strerror(errno)))") }
        precondition(
            ProgressWord.commitRecords * 8 + CommitWitness.byteCount <= ProgressWord.clock * 8, "two words of the page share their place")
        progress = page.bindMemory(to: Int64.self, capacity: 512)
        death = Death.readAndReset(progress)
        Self.mapped = progress
        for signal in Self.fatalSignals { Self.install(signal) }
    }

    /// Where `CommitWitness` keeps its records.
    var commitRecords: UnsafeMutableRawPointer { UnsafeMutableRawPointer(progress + ProgressWord.commitRecords) }

    /// Whether the page records a commit of a store beside it. It only reads, because another process may own the page.
    static func hasCommitRecord(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var words = [Int64](repeating: 0, count: 512)
        guard read(descriptor, &words, 4096) == 4096 else { return false }
        return words.withUnsafeMutableBytes { page in
            CommitWitness(memory: page.baseAddress! + ProgressWord.commitRecords * 8).record != nil
        }
    }

    private static func install(_ number: Int32) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { number in
            CrashMarker.mapped?[ProgressWord.crashed] = 1
            signal(number, SIG_DFL)
            raise(number)
        }
        sigaction(number, &action, nil)
    }

    deinit {
        Self.mapped = nil
        munmap(progress, 4096)
    }
}
