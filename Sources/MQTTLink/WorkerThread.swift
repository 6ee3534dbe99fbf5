import CMosquitto
import Glibc

/// Threads by pthread: Foundation's `Thread` would bring all of Foundation, and Swift's tasks must not block.
enum WorkerThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a detached thread with all signals blocked: they belong to the process's main thread.
    static func start(_ run: @escaping @Sendable () -> Void) throws(MQTTError) {
        let context = Unmanaged.passRetained(Body(run)).toOpaque()
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context)
        guard failure == 0 else {
            Unmanaged<Body>.fromOpaque(context).release()
            throw MQTTError.ofLibrary(MOSQ_ERR_ERRNO.rawValue, systemError: failure, operation: "start a thread")
        }
        pthread_detach(thread)
    }
}
