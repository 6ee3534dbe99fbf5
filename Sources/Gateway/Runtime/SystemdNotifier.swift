import CSystemd
import Glibc
import Threading

/// Tells systemd that the gateway is ready, alive, reloading or stopping. Without systemd each call does nothing.
struct SystemdNotifier {
    private let watchdogMilliseconds: Int64?
    private var lastPing: Int64 = 0

    init() {
        var microseconds: UInt64 = 0
        watchdogMilliseconds = sd_watchdog_enabled(0, &microseconds) > 0 ? Int64(microseconds / 1000) : nil
    }

    func tell(_ state: String) { sd_notify(0, state) }

    /// To be called in every turn of the loop and while it waits for the core; it pings at half the interval. A core that has had one piece
    /// of work in hand for longer than that hangs, and systemd shall know.
    mutating func ping(coreStalledMilliseconds: Int64) {
        guard let watchdogMilliseconds, coreStalledMilliseconds < watchdogMilliseconds / 2 else { return }
        let now = Clock.monotonicMilliseconds()
        guard now - lastPing >= watchdogMilliseconds / 2 else { return }
        lastPing = now
        sd_notify(0, "WATCHDOG=1")
    }
}
