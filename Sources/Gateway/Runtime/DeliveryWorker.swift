import GatewayCore
import Outbound
import Threading

/// Delivers to one receiver, one entry after the other, on a thread of its own: a receiver that is slow holds up no other.
final class DeliveryWorker: @unchecked Sendable {
    // @unchecked: the queue is guarded by the monitor; the rest does not change.
    private let channel: OutboxChannel
    private let link: any SupplierLink
    private let source: String
    private let giveUpAfterMilliseconds: Int64
    private let policy = RetryPolicy(baseMilliseconds: 1000, capMilliseconds: 600_000)
    private let mailbox: ControlMailbox
    private let monitor = Monitor()
    private var queue: [DeliveryJob] = []
    private var isStopping = false
    private var thread: NamedThread?

    /// - Parameter source: this gateway's name for receivers, such as `/steward/site-12`.
    init(channel: OutboxChannel, link: any SupplierLink, source: String, giveUpAfterMilliseconds: Int64, mailbox: ControlMailbox) throws {
        self.channel = channel
        self.link = link
        self.source = source
        self.giveUpAfterMilliseconds = giveUpAfterMilliseconds
        self.mailbox = mailbox
        thread = try NamedThread("steward-\(channel.rawValue)") { [unowned self] in run() }
    }

    func add(_ job: DeliveryJob) {
        monitor.withLock {
            queue.append(job)
            monitor.notifyAll()
        }
    }

    func stop() {
        monitor.withLock {
            isStopping = true
            monitor.notifyAll()
        }
        link.cancel()
        thread?.join()
    }

    private func run() {
        while true {
            let job: DeliveryJob? = monitor.withLock {
                _ = monitor.wait { isStopping || !queue.isEmpty }
                return isStopping ? nil : queue.removeFirst()
            }
            guard let job else { return }
            let outcome = link.deliver(job)
            DeliveryKill.answered()
            mailbox.report(job.key, channel, report(outcome, job))
        }
    }

    private func report(_ outcome: LinkOutcome, _ job: DeliveryJob) -> DeliveryReport {
        switch outcome {
        case .delivered(let answers): return .delivered(answers)
        case .duplicate(let other, let answers):
            guard LinkOutcome.isForeign(source: other, own: source, job) else { return .delivered(answers) }
            return .duplicate(detail: other.map { "the supplier has this order from \($0)" })
        case .refused(let reason):
            return .abandoned(error: reason + (channel == .order && job.mayHaveBeenTaken ? OrderDesk.uncertainWords : ""))
        case .retry(let failure, let afterSeconds, let mayBeTaken):
            // Once a try may have been taken, that stays so however the next ones end.
            let isUncertain = channel == .order && (mayBeTaken || job.mayHaveBeenTaken)
            let reason = failure + (isUncertain ? OrderDesk.uncertainWords : "")
            if job.ageMilliseconds > giveUpAfterMilliseconds {
                return .abandoned(error: "given up after \(job.attempts + 1) tries: \(reason)")
            }
            let delay = policy.delayMilliseconds(attempt: job.attempts + 1, random: .random(in: 0..<1), retryAfterSeconds: afterSeconds)
            return .retry(error: reason, afterMilliseconds: delay)
        }
    }
}
