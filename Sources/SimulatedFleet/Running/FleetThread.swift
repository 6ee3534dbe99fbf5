import Glibc

/// A thread that runs one closure and is joined once.
struct FleetThread: Sendable {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private let handle: pthread_t

    init(_ body: @escaping @Sendable () -> Void) throws(FleetError) {
        var handle = pthread_t()
        let work = Unmanaged.passRetained(Work(body))
        let code = pthread_create(
            &handle, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        guard code == 0 else {
            work.release()
            throw FleetError("cannot start a thread: \(String(cString: strerror(code))); see the limits on threads and memory")
        }
        self.handle = handle
    }

    /// Not from the thread itself.
    func join() { pthread_join(handle, nil) }
}

enum FleetClock {
    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Since 1970.
    static var now: Int64 { milliseconds(CLOCK_REALTIME) }
    /// Of a clock that does not jump.
    static var monotonic: Int64 { milliseconds(CLOCK_MONOTONIC) }
}
