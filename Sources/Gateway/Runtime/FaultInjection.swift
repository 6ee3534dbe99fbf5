import GatewayCore
import Glibc
import Synchronization

/// The hooks of the crash tests are in debug builds only. A release build refuses to start where one is asked for, so that no test passes
/// because its hook is missing.
enum FaultInjection {
    private static let variables = ["STEWARD_KILL_AT", "STEWARD_CRASH_ON_TOPIC", "STEWARD_KILL_AT_DELIVERY"]

    static func variable(_ name: String) -> String? {
        #if DEBUG
            getenv(name).map { String(cString: $0) }
        #else
            nil
        #endif
    }

    static func requireDebugBuild() throws {
        #if !DEBUG
            guard let name = variables.first(where: { getenv($0) != nil }) else { return }
            throw ConfigurationError("\(name) is set, and a release build has no hooks for tests: use a debug build, or take it out")
        #endif
    }

    static func die() {
        #if DEBUG
            kill(getpid(), SIGKILL)
        #endif
    }
}

/// Where the crash test wants this program to die. Off unless its environment variable is set.
///
/// `STEWARD_KILL_AT=before-commit:N`, `after-commit:N` or `after-acknowledge:N` sends SIGKILL to the program itself at the N-th
/// batch with messages since its start: with everything written but COMMIT, with the batch durable and unacknowledged, or with the
/// PUBACKs handed to the kernel. From outside these instants can only be hit by luck. It costs one comparison a batch.
struct KillPoint {
    enum Place: String {
        case beforeCommit = "before-commit"
        case afterCommit = "after-commit"
        case afterAcknowledge = "after-acknowledge"
    }

    private let place: Place
    private var remainingBatches: Int
    private var deliveredMessages = 0
    private var isBatchOfMessages = false

    /// Throws when the variable is set and says nothing that can be done: a test must not pass because of a misspelt place.
    static func fromEnvironment() throws -> KillPoint? {
        try FaultInjection.requireDebugBuild()
        guard let text = FaultInjection.variable("STEWARD_KILL_AT") else { return nil }
        let parts = text.split(separator: ":")
        guard parts.count == 2, let place = Place(rawValue: String(parts[0])), let count = Int(parts[1]), count > 0 else {
            throw ConfigurationError("STEWARD_KILL_AT is before-commit:N, after-commit:N or after-acknowledge:N, not \"\(text)\"")
        }
        Log.warning("this program will kill itself, as STEWARD_KILL_AT asks", ["at": text])
        return KillPoint(place: place, remainingBatches: count)
    }

    /// The batch has come to this place, with so many messages delivered in all. Whether they are acknowledged does not matter, because the
    /// test has to detect a program that acknowledges too early.
    mutating func reached(_ here: Place, deliveredMessages delivered: Int) {
        if here == .beforeCommit {
            isBatchOfMessages = delivered > deliveredMessages
            deliveredMessages = delivered
        }
        guard here == place, isBatchOfMessages else { return }
        remainingBatches -= 1
        if remainingBatches == 0 { FaultInjection.die() }
    }
}

/// A message on which this program is to crash as a bug of the decoder would. Off unless its variable is set.
///
/// `STEWARD_CRASH_ON_TOPIC=devices/x/telemetry` aborts the program when it is about to take a message of that topic, in the running
/// gateway and in recovery, unless the message is set aside already. It costs one comparison a batch.
enum CrashTopic {
    private static let topic: [UInt8]? = FaultInjection.variable("STEWARD_CRASH_ON_TOPIC").map { Array($0.utf8) }

    /// Called before the core takes the segment. `progress` is where the crash marker looks for the culprit.
    static func check(_ segment: borrowing Segment, quarantined: Set<Int64>, progress: UnsafeMutablePointer<Int64>) {
        // Once the message is set aside, the repeat filter recognises what the broker sends again of it, as after a real crash.
        guard let topic, quarantined.isEmpty else { return }
        var number = segment.firstEvent
        func visit(_ kind: Segment.Kind?, _ name: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) {
            if kind == .message, name.elementsEqual(topic) {
                progress.pointee = number
                abort()
            }
            number += 1
        }
        segment.forEach(visit)
    }
}

/// A delivery after which this program is to die: the receiver has answered, and nothing of it is recorded yet. Off unless its variable is set.
///
/// `STEWARD_KILL_AT_DELIVERY=N` sends SIGKILL to the program itself at the N-th answer of a receiver of orders or tickets since its start.
enum DeliveryKill {
    private static let remaining: Atomic<Int> = Atomic(FaultInjection.variable("STEWARD_KILL_AT_DELIVERY").flatMap { Int($0) } ?? 0)

    static func answered() {
        guard remaining.load(ordering: .relaxed) > 0 else { return }
        if remaining.subtract(1, ordering: .relaxed).newValue == 0 { FaultInjection.die() }
    }
}
