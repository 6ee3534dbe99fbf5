import Synchronization
import Threading

/// What the shell counts since the process began; read by `/metrics` from any thread.
public final class GatewayStatistics: Sendable {
    let messagesCommitted = Atomic<Int64>(0)
    let messagesProcessed = Atomic<Int64>(0)
    let batches = Atomic<Int64>(0)
    let bytesCommitted = Atomic<Int64>(0)
    let commitFailures = Atomic<Int64>(0)
    let deliveriesSucceeded = Atomic<Int64>(0)
    let deliveryFailures = Atomic<Int64>(0)
    let deliveriesAbandoned = Atomic<Int64>(0)
    let outboxKeyConflicts = Atomic<Int64>(0)
    let snapshots = Atomic<Int64>(0)
    let snapshotFailures = Atomic<Int64>(0)
    /// Bytes of the newest.
    let snapshotBytes = Atomic<Int64>(0)
    let oversizedMessages = Atomic<Int64>(0)
    let replayedLetters = Atomic<Int64>(0)
    let isConnected = Atomic<Bool>(false)
    let connectedSince = Atomic<Int64>(0)
    let isStoreWritable = Atomic<Bool>(true)
    private let storeProblem = Mutex<String?>(nil)
    /// What was put into the outbox up to this time may have been sent already, and waits for a person; `.min`: nothing waits.
    let heldBackSince = Atomic<Int64>(.min)
    let nextDue = Atomic<Int64>(.max)
    let subscriptions = Mutex(SubscriptionReport())
    let profileReloads = Atomic<Int64>(0)
    let profileReloadFailures = Atomic<Int64>(0)
    /// Steps of the gateway's clock, and by how much the system's differs while it is not followed.
    let clockSteps = Atomic<Int64>(0)
    let clockDifference = Atomic<Int64>(0)
    let startedSteadyMilliseconds = Clock.steadyMilliseconds()
    var uptimeMilliseconds: Int64 { Clock.steadyMilliseconds() - startedSteadyMilliseconds }

    init() {}

    /// Why the store takes no commits; nil while it does.
    var storeTrouble: String? { storeProblem.withLock { $0 } }

    func storeFails(because reason: String) {
        isStoreWritable.store(false, ordering: .relaxed)
        storeProblem.withLock { $0 = reason }
    }

    func storeWorks() {
        guard !isStoreWritable.exchange(true, ordering: .relaxed) else { return }
        storeProblem.withLock { $0 = nil }
    }
}
