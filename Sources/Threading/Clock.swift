import Glibc
import Synchronization

/// The clocks of the system, and the gateway's own time, for every thread. The core has no clock.
public enum Clock {
    /// Added to the steady clock it is the gateway's time; without a running gateway the system's time counts.
    private static let offset = Atomic<Int64>(.min)

    /// The gateway's time in milliseconds since 1970: what things are dated by.
    public static func wallMilliseconds() -> Int64 {
        #if DEBUG
            if SimulatedTime.isOn { return systemMilliseconds() }
        #endif
        let offset = offset.load(ordering: .relaxed)
        return offset == .min ? systemMilliseconds() : steadyMilliseconds() &+ offset
    }

    /// Sets the gateway's time. Only for `GatewayClock`, which reports each step to the core.
    public static func follow(offsetMilliseconds: Int64) {
        #if DEBUG
            if SimulatedTime.isOn { return }
        #endif
        offset.store(offsetMilliseconds, ordering: .relaxed)
    }

    /// What the system's clock says, right or wrong.
    public static func systemMilliseconds() -> Int64 { nanoseconds(CLOCK_REALTIME) / 1_000_000 }
    /// For waiting: nobody sets it, and it stands still while the machine sleeps.
    public static func monotonicMilliseconds() -> Int64 { monotonicNanoseconds() / 1_000_000 }
    public static func monotonicNanoseconds() -> Int64 { nanoseconds(CLOCK_MONOTONIC) }
    /// The processor time of the calling thread.
    public static func threadNanoseconds() -> Int64 { nanoseconds(CLOCK_THREAD_CPUTIME_ID) }
    /// For how much time has passed: nobody sets it, and sleep counts.
    public static func steadyMilliseconds() -> Int64 { nanoseconds(CLOCK_BOOTTIME) / 1_000_000 }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        #if DEBUG
            if let simulated = SimulatedTime.nanoseconds { return simulated }
        #endif
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
