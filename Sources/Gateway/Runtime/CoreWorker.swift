import CMalloc
import GatewayCore
import Glibc
import Telemetry

/// A committed batch on its way to the core, and the memory it lies in.
final class SegmentBox: @unchecked Sendable {
    // @unchecked: it is in the hands of one thread at a time: ingest fills and commits it, the core takes it and gives it back.
    var segment = Segment(capacityBytes: 256 * 1024)
}

/// The effects of events up to `event`, to be committed together with the cursor.
struct CoreOutput: Sendable {
    var event: Int64
    var effects: [Effect] = []
    /// A snapshot of the state after `event`, in pieces. It comes later than the effects of that event, and moves no cursor.
    var snapshot: [[UInt8]]?
    /// Worth waking the ingest thread for: something waits to be delivered or shown.
    var isUrgent: Bool { snapshot != nil || effects.contains { if case .history = $0 { false } else { true } } }
}

/// The thread that owns the core: it takes committed batches in order, and answers questions between them.
final class CoreWorker: @unchecked Sendable {
    // @unchecked: `core` is touched by the worker's thread only; everything else is guarded by the monitor.
    private let monitor = Monitor()
    private var core: StewardCore
    private var batches: [SegmentBox] = []
    private var questions: [(StewardCore) -> Void] = []
    private var changes: [(inout StewardCore) -> Void] = []
    private var spares: [SegmentBox] = []
    private var outputs: [CoreOutput] = []
    /// Chunks that have left the core and are not in the store yet, so that a question about the history finds them.
    private var uncommitted: [(event: Int64, chunk: HistoryChunk)] = []
    private var isStopping = false
    private var wantsSnapshot = false
    private var isBusy = false
    private let statistics: GatewayStatistics
    private let progress: UnsafeMutablePointer<Int64>
    private let onOutput: @Sendable () -> Void
    private var thread: NamedThread?
    private var snapshotThread: NamedThread?
    static let maximumBatches = 4

    init(core: StewardCore, statistics: GatewayStatistics, progress: UnsafeMutablePointer<Int64>, onOutput: @escaping @Sendable () -> Void)
    {
        self.core = core
        self.statistics = statistics
        self.progress = progress
        self.onOutput = onOutput
    }

    func start() throws { thread = try NamedThread("steward-core") { [self] in run() } }

    /// Effects that a recovery found and that still have to be committed. Before `start`.
    func begin(with outputs: [CoreOutput]) {
        monitor.withLock {
            self.outputs = outputs
            for output in outputs { note(output) }
        }
        statistics.nextDue.store(core.nextDueMilliseconds ?? .max, ordering: .relaxed)
    }

    /// An empty batch to fill.
    func takeSpare() -> SegmentBox {
        let box = monitor.withLock { spares.popLast() } ?? SegmentBox()
        box.segment.reset()
        return box
    }

    /// Hands a committed batch over. Waits while the core is `maximumBatches` behind: that is the back-pressure.
    func submit(_ box: SegmentBox) {
        monitor.withLock {
            _ = monitor.wait { batches.count < Self.maximumBatches || isStopping }
            batches.append(box)
            monitor.notifyAll()
        }
    }

    /// What the core has decided since the last call, in order.
    func takeOutputs() -> [CoreOutput] {
        monitor.withLock {
            defer { outputs = [] }
            return outputs
        }
    }

    /// With the monitor's lock held.
    private func note(_ output: CoreOutput) {
        for case .history(let chunk) in output.effects { uncommitted.append((output.event, chunk)) }
    }

    /// Everything up to this event is in the store.
    func committed(through event: Int64) { monitor.withLock { uncommitted.removeAll { $0.event <= event } } }

    /// To be asked after the core's open samples and before the store: then each sample is found at least once.
    func uncommittedChunks(device: String, metric: String) -> [HistoryChunk] {
        monitor.withLock { uncommitted.map(\.chunk).filter { $0.device == device && $0.metric == metric } }
    }

    func requestSnapshot() {
        monitor.withLock {
            wantsSnapshot = true
            monitor.notifyAll()
        }
    }

    /// Asks the core something, from any thread, and waits for the answer; nil when the core does not answer in time or stops.
    func ask<Answer>(timeoutMilliseconds: Int64 = 5000, _ question: @escaping (StewardCore) -> Answer) -> Answer? {
        let box = AnswerBox<Answer>()
        let answered = Monitor()
        monitor.withLock {
            guard !isStopping else { return }
            questions.append { core in
                let answer = question(core)
                answered.withLock {
                    box.answer = answer
                    answered.notifyAll()
                }
            }
            monitor.notifyAll()
        }
        return answered.withLock { answered.wait(timeoutMilliseconds: timeoutMilliseconds) { box.answer != nil } ? box.answer : nil }
    }

    /// Replaces the core's profiles between two batches, and answers what went wrong, if anything. A snapshot follows.
    func reload(_ profiles: [DeviceProfile]) -> String? {
        let box = AnswerBox<String?>()
        let done = Monitor()
        monitor.withLock {
            changes.append { core in
                var result: String?
                do { try core.reload(with: profiles) } catch { result = "\(error)" }
                if core.isLost {
                    // What is in the store is whole, and the next start takes it up; nothing may be written from here on.
                    Log.error(
                        "memory is too short for the state; the gateway ends and starts again from the store", ["reason": result ?? ""])
                    exit(70)
                }
                // What the old state and the bytes lay in goes back to the system.
                malloc_trim(0)
                done.withLock {
                    box.answer = .some(result)
                    done.notifyAll()
                }
            }
            wantsSnapshot = true
            monitor.notifyAll()
        }
        return done.withLock {
            done.wait(timeoutMilliseconds: 30_000) { box.answer != nil } ? box.answer ?? nil : "the core did not answer"
        }
    }

    /// Waits until every batch was taken; false when that took too long.
    func drain(timeoutMilliseconds: Int64) -> Bool {
        monitor.withLock {
            monitor.wait(timeoutMilliseconds: timeoutMilliseconds) { batches.isEmpty && !isBusy && !wantsSnapshot && changes.isEmpty }
        }
    }

    func stop() {
        monitor.withLock {
            isStopping = true
            monitor.notifyAll()
        }
        thread?.join()
        snapshotThread?.join()
    }

    private enum Work {
        case batch(SegmentBox)
        case question((StewardCore) -> Void)
        case change((inout StewardCore) -> Void)
        case snapshot
    }

    private func next() -> Work? {
        monitor.withLock {
            isBusy = false
            monitor.notifyAll()
            _ = monitor.wait { isStopping || !batches.isEmpty || !questions.isEmpty || !changes.isEmpty || wantsSnapshot }
            isBusy = true
            if !questions.isEmpty { return .question(questions.removeFirst()) }
            if !changes.isEmpty { return .change(changes.removeFirst()) }
            if !batches.isEmpty { return .batch(batches.removeFirst()) }
            if isStopping { return nil }
            wantsSnapshot = false
            return .snapshot
        }
    }

    private func run() {
        var effects: [Effect] = []
        while let work = next() {
            switch work {
            case .question(let question): question(core)
            case .change(let change): change(&core)
            case .snapshot: snapshot()
            case .batch(let box): take(box, &effects)
            }
        }
    }

    private func take(_ box: SegmentBox, _ effects: inout [Effect]) {
        let before = core.counters.messages
        CrashTopic.check(box.segment, quarantined: core.quarantined, progress: progress)
        core.step(box.segment, progress: progress, into: &effects)
        statistics.messagesProcessed.add(core.counters.messages - before, ordering: .relaxed)
        statistics.nextDue.store(core.nextDueMilliseconds ?? .max, ordering: .relaxed)
        let output = CoreOutput(event: core.lastEvent, effects: effects)
        effects.removeAll(keepingCapacity: true)
        monitor.withLock {
            note(output)
            // A batch without effects only moves the cursor, and the newest cursor is enough.
            if output.effects.isEmpty, let last = outputs.indices.last, outputs[last].snapshot == nil {
                outputs[last].event = output.event
            } else {
                outputs.append(output)
            }
            if spares.count < Self.maximumBatches { spares.append(box) }
            monitor.notifyAll()
        }
        if output.isUrgent { onOutput() }
    }

    /// The core is a value: a copy costs nothing until one of the two changes, so the snapshot is written from a copy on a thread of
    /// its own while the core goes on.
    private func snapshot() {
        let copy = FrozenCore(core)
        snapshotThread?.join()
        snapshotThread = nil
        do {
            snapshotThread = try NamedThread("steward-snap") { [self] in write(copy) }
        } catch {
            Log.error("no snapshot is taken", ["reason": "\(error)"])
        }
    }

    private func write(_ frozen: FrozenCore) {
        var parts: [[UInt8]] = []
        do {
            try frozen.core.writeSnapshot { part in
                if monitor.withLock({ isStopping }) { throw CancellationError() }
                parts.append(part)
            }
        } catch is CancellationError {
            return
        } catch {
            return Log.error("the state could not be written as a snapshot; it is tried again later", ["reason": "\(error)"])
        }
        let output = CoreOutput(event: frozen.core.lastEvent, effects: [], snapshot: parts)
        monitor.withLock { outputs.append(output) }
        onOutput()
    }
}

/// A copy of the core that nobody changes any more.
private final class FrozenCore: @unchecked Sendable {
    // @unchecked: it is only read, and the one class inside, the decoder, is not touched by reading the state.
    let core: StewardCore
    init(_ core: StewardCore) { self.core = core }
}

/// Where another thread leaves its answer; guarded by the monitor that announces it.
private final class AnswerBox<Answer>: @unchecked Sendable {
    var answer: Answer?
    init() {}
}
