import Glibc

/// A thread by pthread, joined or let go: Foundation's `Thread` would bring all of Foundation, and Swift's tasks must not block.
public final class NamedThread: @unchecked Sendable {
    // @unchecked: the handle is written once, before the object is handed out; the body is taken once, by the thread.
    private var handle = pthread_t()
    private var body: (@Sendable () -> Void)?
    private let name: String
    private let niceness: Int32

    /// Starts it, with the signals blocked that belong to the main thread.
    /// - Parameters:
    ///   - name: for `top -H` and debuggers; at most 15 bytes count.
    ///   - niceness: above 0 the thread is nicer than the process, by so much.
    public init(
        _ name: String, niceness: Int = 0, stackBytes: Int = 1 << 20, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        self.name = name
        self.niceness = Int32(clamping: niceness)
        self.body = body
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        let before = Self.blockSignals()
        let box = Unmanaged.passRetained(self)
        let code = pthread_create(
            &handle, &attributes,
            { argument in
                guard let argument else { return nil }
                let thread = Unmanaged<NamedThread>.fromOpaque(argument).takeRetainedValue()
                thread.introduce()
                // Taken out, so that what it captures is released at its end, and not when the thread is joined: a snapshot's body captures
                // the whole state.
                thread.body.take()?()
                return nil
            }, box.toOpaque())
        withUnsafePointer(to: before) { _ = pthread_sigmask(SIG_SETMASK, $0, nil) }
        guard code == 0 else {
            box.release()
            throw SystemError("start a thread", code)
        }
    }

    /// Waits for its end. Not from the thread itself.
    public func join() {
        assert(pthread_equal(handle, pthread_self()) == 0, "the thread \(name) waits for its own end")
        pthread_join(handle, nil)
    }

    /// Nobody will join it: its memory goes when it ends.
    public func detach() { pthread_detach(handle) }

    /// Faults of the program stay deliverable, so that a crash is reported by the thread that it happened on.
    private static func blockSignals() -> sigset_t {
        var blocked = sigset_t()
        var before = sigset_t()
        sigfillset(&blocked)
        for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP] { sigdelset(&blocked, fault) }
        pthread_sigmask(SIG_SETMASK, &blocked, &before)
        return before
    }

    private func introduce() {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        if file >= 0 {
            _ = write(file, name, name.utf8.count)
            close(file)
        }
        // A thread may always make itself nicer; on Linux the call is for the one thread.
        if niceness > 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
    }
}
