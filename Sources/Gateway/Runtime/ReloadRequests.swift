import Documents
import Threading

/// The result of a reload of the profiles.
enum ReloadResult: Sendable {
    case reloaded([String])
    /// The former profiles stay in effect. `diagnostics` is empty when the reason is not a mistake in a file.
    case refused(reason: String, diagnostics: [Diagnostic])
}

/// Passes requests for a reload from the API's threads to the main thread, and its results back.
final class ReloadRequests: @unchecked Sendable {
    // @unchecked: everything is guarded by the monitor.
    private let monitor = Monitor()
    private let wake: WakeEvent
    /// Numbers of the last request and of the last that was answered.
    private var asked: Int64 = 0
    private var answered: Int64 = 0
    private var result: ReloadResult?
    private var inEffect: [String]
    private var isRunning = false
    private var isClosed = false
    private var coreAnswer: CoreAnswer?

    /// The core's answer to new profiles: why it refuses them, or nil when it uses them.
    struct CoreAnswer: Sendable { var problem: String? }

    init(wake: WakeEvent, inEffect: [String]) {
        self.wake = wake
        self.inEffect = inEffect
    }

    /// Which profiles are in effect, and how the last reload ended.
    struct Status: Sendable {
        var isRunning: Bool
        /// The names of the profiles that the core works with.
        var inEffect: [String]
        /// Of the last reload that ended.
        var last: ReloadResult?
    }

    func status() -> Status {
        monitor.withLock { Status(isRunning: isRunning || asked > answered, inEffect: inEffect, last: result) }
    }

    /// Nil when there is no answer in time; the reload may still follow. Requests that come while another waits are answered together.
    func ask(timeoutMilliseconds: Int64 = 40_000) -> ReloadResult? {
        let number = monitor.withLock {
            asked += 1
            return asked
        }
        wake.signal()
        return monitor.withLock {
            monitor.wait(timeoutMilliseconds: timeoutMilliseconds) { answered >= number || isClosed } && answered >= number ? result : nil
        }
    }

    // MARK: The main thread's side

    /// Ends all waiting requests: the gateway stops.
    func close() {
        monitor.withLock {
            isClosed = true
            monitor.notifyAll()
        }
    }

    /// The newest request that waits; nil without one. The profiles are read after this, so the answer holds for every request up to it.
    func pending() -> Int64? { monitor.withLock { asked > answered ? asked : nil } }

    func begin() { monitor.withLock { isRunning = true } }

    /// Called by the core's thread when it uses the profiles or has refused them.
    func coreAnswered(_ problem: String?) {
        monitor.withLock { coreAnswer = CoreAnswer(problem: problem) }
        wake.signal()
    }

    /// The core's answer since the last call; nil when there is none.
    func collectCoreAnswer() -> CoreAnswer? { monitor.withLock { coreAnswer.take() } }

    /// The reload that `begin` began has ended; those who asked up to `number` hear it.
    func end(_ number: Int64?, _ result: ReloadResult) {
        monitor.withLock {
            isRunning = false
            if case .reloaded(let names) = result { inEffect = names }
            self.result = result
            if let number { answered = number }
            monitor.notifyAll()
        }
    }
}
