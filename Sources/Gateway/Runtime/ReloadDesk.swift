import Telemetry

/// What became of a reload of the profiles.
enum ReloadResult: Sendable {
    case reloaded([String])
    /// The old ones stay. `diagnostics` is empty when the reason is none of a file's.
    case refused(reason: String, diagnostics: [Diagnostic])
}

/// Where the API asks for a reload, and waits for what the main thread makes of it.
final class ReloadDesk: @unchecked Sendable {
    // @unchecked: everything is guarded by the monitor.
    private let monitor = Monitor()
    private let wake: WakeEvent
    /// Numbers of the last request and of the last that was answered.
    private var asked: Int64 = 0
    private var answered: Int64 = 0
    private var result: ReloadResult?

    init(wake: WakeEvent) { self.wake = wake }

    /// Nil when there is no answer in time; the reload may still come. Those who ask while one waits are answered together.
    func ask(timeoutMilliseconds: Int64 = 40_000) -> ReloadResult? {
        let number = monitor.withLock {
            asked += 1
            return asked
        }
        wake.signal()
        return monitor.withLock {
            monitor.wait(timeoutMilliseconds: timeoutMilliseconds) { answered >= number } ? result : nil
        }
    }

    /// The newest request that waits; nil without one. Files are read after this, so whoever asked before sees them as they are now.
    func pending() -> Int64? { monitor.withLock { asked > answered ? asked : nil } }

    func answer(_ number: Int64, _ result: ReloadResult) {
        monitor.withLock {
            answered = number
            self.result = result
            monitor.notifyAll()
        }
    }
}
