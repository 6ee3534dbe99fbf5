import Glibc

/// A child process by posix_spawn, which lets the test say what the child inherits; Foundation's `Process` does not.
final class Child {
    private let processID: pid_t
    private var status: Int32?

    /// Output is thrown away; input comes from a file.
    init(_ program: String, _ arguments: [String], directory: String? = nil, input: String = "/dev/null") throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // Tests run on threads that block signals, and a child inherits that: mosquitto would never see SIGTERM.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        // Swift's Glibc module leaves posix_spawn's chdir action out.
        let inDirectory = directory.map { ["/usr/bin/env", "-C", $0] } ?? []
        let command = inDirectory + [program] + arguments
        var vector: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in vector { free(argument) } }
        var processID = pid_t()
        let failure = posix_spawn(&processID, command[0], &actions, &attributes, &vector, environ)
        guard failure == 0 else { throw TestFailure("cannot start \(program): \(String(cString: strerror(failure)))") }
        self.processID = processID
    }

    @discardableResult
    func wait() -> Int32 {
        if let status { return status }
        var raw: Int32 = 0
        while waitpid(processID, &raw, 0) < 0, errno == EINTR {}
        status = raw
        return raw
    }

    func terminate() {
        guard status == nil else { return }
        kill(processID, SIGTERM)
        wait()
    }
}
