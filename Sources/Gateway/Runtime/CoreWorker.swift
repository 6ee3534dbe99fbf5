import CMalloc
import GatewayCore
import Glibc
import Synchronization
import Telemetry
import Threading

/// A committed batch on its way to the core, and the memory it lies in.
final class SegmentBox: @unchecked Sendable {
    // @unchecked: it is in the hands of one thread at a time: ingest fills and commits it, the core takes it and gives it back.
    var segment = Segment(capacityBytes: 256 * 1024)
}

/// The effects of events up to `event`, to be committed together with the cursor.
struct CoreOutput: Sendable {
    var event: Int64
    var effects: [Effect] = []
    /// Whether the ingest thread should commit it at once: it has effects other than chunks of history.
    var isUrgent: Bool { effects.contains { if case .history = $0 { false } else if case .interval = $0 { false } else { true } } }
}

/// Why the core gave no answer. It says nothing about what was asked.
enum NotAnswered: Error {
    /// The core is too busy, or stopping.
    case busy
    /// Nobody waits for the answer any more.
    case askerLeft
}

/// The thread that owns the core: it takes committed batches in order, and answers questions between them.
final class CoreWorker: @unchecked Sendable {
    // @unchecked: `core` is touched by the worker's thread only; everything else is guarded by the monitor.
    private let monitor = Monitor()
    private var core: StewardCore
    private var batches: [SegmentBox] = []
    private var questions: [Question] = []
    private var share = QuestionShare()
    private var figures: CoreFigures
    /// The last event that the core has taken.
    private var takenEvent: Int64
    private var changes: [(inout StewardCore) -> Void] = []
    private var spares: [SegmentBox] = []
    private var outputs: [CoreOutput] = []
    /// Chunks that have left the core and are not in the store yet, so that a question about the history finds them.
    private var uncommitted: [(event: Int64, chunk: HistoryChunk)] = []
    private var isStopping = false
    /// Questions are refused, because the threads that ask are about to end.
    private var isClosedForQuestions = false
    private var wantsSnapshot = false
    private var isBusy = false
    /// When the current piece of work began, in monotonic milliseconds; 0 while the core is idle.
    private let workBegan = Atomic<Int64>(0)
    private let isChanging = Atomic<Bool>(false)
    private let statistics: GatewayStatistics
    private let progress: UnsafeMutablePointer<Int64>
    private let onOutput: @Sendable () -> Void
    private var thread: NamedThread?
    private var snapshotThread: NamedThread?
    let snapshots = SnapshotPipe()
    static let maximumBatches = 4

    init(core: StewardCore, statistics: GatewayStatistics, progress: UnsafeMutablePointer<Int64>, onOutput: @escaping @Sendable () -> Void)
    {
        self.core = core
        figures = CoreFigures(core)
        takenEvent = core.lastEvent
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
        statistics.heldBackSince.store(core.heldBackSince ?? .min, ordering: .relaxed)
    }

    /// An empty batch to fill.
    func takeSpare() -> SegmentBox {
        let box = monitor.withLock { spares.popLast() } ?? SegmentBox()
        box.segment.reset()
        return box
    }

    /// Hands a committed batch over. Waits while the core is `maximumBatches` behind: that is the back-pressure. Meanwhile `heartbeat` is
    /// called every second.
    func submit(_ box: SegmentBox, heartbeat: () -> Void = {}) {
        while !monitor.withLock({ monitor.wait(timeoutMilliseconds: 1000) { batches.count < Self.maximumBatches || isStopping } }) {
            heartbeat()
        }
        monitor.withLock {
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

    /// Asks the core something, from any thread, and waits for the answer; throws when the core does not answer in time or stops. A question
    /// whose time is over is taken back, so that the core never works for nobody. One question should take about a millisecond
    /// (`walk` cuts longer ones).
    func ask<Answer>(timeoutMilliseconds: Int64 = 5000, _ body: @escaping (StewardCore) -> Answer) throws(NotAnswered)
        -> Answer
    {
        let box = AnswerBox<Answer>()
        let answered = Monitor()
        let question = Question(
            answer: { core in
                let answer = body(core)
                answered.withLock {
                    box.answer = answer
                    answered.notifyAll()
                }
            },
            refuse: {
                answered.withLock {
                    box.isRefused = true
                    answered.notifyAll()
                }
            })
        monitor.withLock {
            guard !isStopping, !isClosedForQuestions else { return question.refuse() }
            questions.append(question)
            monitor.notifyAll()
        }
        let answer = answered.withLock {
            _ = answered.wait(timeoutMilliseconds: timeoutMilliseconds) { box.answer != nil || box.isRefused }
            return box.answer
        }
        if let answer { return answer }
        monitor.withLock { questions.removeAll { $0 === question } }
        throw .busy
    }

    /// What the core publishes of itself, without asking it: what it has taken by now, or what it published last when that takes longer
    /// than `patienceMilliseconds`.
    func publishedFigures(patienceMilliseconds: Int64 = 500) -> CoreFigures {
        monitor.withLock {
            let known = takenEvent
            _ = monitor.wait(timeoutMilliseconds: patienceMilliseconds) { figures.event >= known || isStopping }
            return figures
        }
    }

    /// How long the core has had its present piece of work in hand; 0 while it has none, and while it is making a change that may take
    /// its time.
    var stalledMilliseconds: Int64 {
        let began = workBegan.load(ordering: .relaxed)
        let patience: Int64 = isChanging.load(ordering: .relaxed) ? 180_000 : 0
        return began == 0 ? 0 : max(0, Clock.monotonicMilliseconds() - began - patience)
    }

    /// Replaces the core's profiles between two batches; a snapshot follows. `completion` hears what went wrong, if anything, on the
    /// core's thread.
    func reload(_ profiles: [DeviceProfile], completion: @escaping @Sendable (String?) -> Void) {
        monitor.withLock {
            changes.append { [self] core in
                // A copy of the state beside the bytes and the new state would be too much.
                endSnapshot()
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
                completion(result)
            }
            wantsSnapshot = true
            monitor.notifyAll()
        }
    }

    /// Answers no more questions; those that wait are told at once.
    func closeForQuestions() {
        let waiting = monitor.withLock {
            isClosedForQuestions = true
            defer { questions = [] }
            return questions
        }
        for question in waiting { question.refuse() }
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
        thread = nil
        endSnapshot()
    }

    /// A question in the queue. A class, so that it can be found by identity and removed when its time is over.
    private final class Question {
        let answer: (StewardCore) -> Void
        let refuse: () -> Void

        init(answer: @escaping (StewardCore) -> Void, refuse: @escaping () -> Void) {
            self.answer = answer
            self.refuse = refuse
        }
    }

    private enum Work {
        case batch(SegmentBox)
        case question(Question)
        case change((inout StewardCore) -> Void)
        case snapshot
        case figures
    }

    /// The next piece of work, commits first; waits while there is none. Nil: the end.
    private func next() -> Work? {
        workBegan.store(0, ordering: .relaxed)
        isChanging.store(false, ordering: .relaxed)
        let work: Work? = monitor.withLock {
            isBusy = false
            monitor.notifyAll()
            while true {
                let now = Clock.monotonicNanoseconds()
                let questionsWait =
                    questions.isEmpty ? Int64.max : share.waitNanoseconds(now: now, hasBatches: !batches.isEmpty || !changes.isEmpty)
                let figuresWait = figures.isCurrent(core) ? Int64.max : max(0, figures.nextNanoseconds - now)
                if let work = pick(questionsWait: questionsWait, figuresWait: figuresWait) {
                    isBusy = true
                    return work
                }
                if isStopping { return nil }
                let wait = min(questionsWait, figuresWait)
                let known = questions.count
                _ = monitor.wait(timeoutMilliseconds: wait == .max ? .max / 4 : wait / 1_000_000 + 1) {
                    isStopping || !batches.isEmpty || questions.count > known || !changes.isEmpty || wantsSnapshot
                }
                share.idled(Clock.monotonicNanoseconds() - now)
            }
        }
        if case .change? = work { isChanging.store(true, ordering: .relaxed) }
        workBegan.store(Clock.monotonicMilliseconds(), ordering: .relaxed)
        return work
    }

    /// With the monitor's lock held.
    private func pick(questionsWait: Int64, figuresWait: Int64) -> Work? {
        if questionsWait == 0, !questions.isEmpty { return .question(questions.removeFirst()) }
        if !changes.isEmpty { return .change(changes.removeFirst()) }
        if figuresWait == 0 { return .figures }
        if !batches.isEmpty { return .batch(batches.removeFirst()) }
        guard wantsSnapshot, !isStopping else { return nil }
        wantsSnapshot = false
        return .snapshot
    }

    private func run() {
        var effects: [Effect] = []
        while let work = next() {
            let began = Clock.monotonicNanoseconds()
            perform(work, &effects)
            let now = Clock.monotonicNanoseconds()
            monitor.withLock {
                switch work {
                case .question: share.answered(now - began)
                case .batch: share.worked(now - began, endingAt: now)
                default: break
                }
            }
        }
    }

    private func perform(_ work: Work, _ effects: inout [Effect]) {
        switch work {
        case .question(let question): question.answer(core)
        case .change(let change):
            change(&core)
            publish()
        case .snapshot: snapshot()
        case .figures: publish()
        case .batch(let box): take(box, &effects)
        }
    }

    /// A snapshot is under way to whoever owns the store.
    var isWritingSnapshot: Bool { snapshots.isUnderWay }

    /// In place of `start`, for a simulation: one piece of work on the caller's thread. False when none waits.
    func takeOne() -> Bool {
        guard let work = monitor.withLock({ pick(questionsWait: 0, figuresWait: .max) }) else { return false }
        var effects: [Effect] = []
        perform(work, &effects)
        return true
    }

    private func publish() {
        let fresh = CoreFigures(core)
        monitor.withLock {
            figures = fresh
            monitor.notifyAll()
        }
    }

    private func take(_ box: SegmentBox, _ effects: inout [Effect]) {
        let before = core.counters.messages
        CrashTopic.check(box.segment, quarantined: core.quarantined, progress: progress)
        core.step(box.segment, progress: progress, into: &effects)
        statistics.messagesProcessed.add(core.counters.messages - before, ordering: .relaxed)
        statistics.nextDue.store(core.nextDueMilliseconds ?? .max, ordering: .relaxed)
        statistics.heldBackSince.store(core.heldBackSince ?? .min, ordering: .relaxed)
        let output = CoreOutput(event: core.lastEvent, effects: effects)
        effects.removeAll(keepingCapacity: true)
        monitor.withLock {
            note(output)
            // A batch without effects only moves the cursor, and the newest cursor is enough.
            if output.effects.isEmpty, let last = outputs.indices.last {
                outputs[last].event = output.event
            } else {
                outputs.append(output)
            }
            if spares.count < Self.maximumBatches { spares.append(box) }
            takenEvent = output.event
            monitor.notifyAll()
        }
        if output.isUrgent { onOutput() }
    }

    /// The core is a value: a copy costs nothing until one of the two changes, so the snapshot is written from a copy on a thread of
    /// its own while the core goes on.
    private func snapshot() {
        endSnapshot()
        let copy = FrozenCore(core)
        snapshots.begin(event: core.lastEvent)
        do {
            snapshotThread = try NamedThread("steward-snap") { [self] in write(copy) }
        } catch {
            snapshots.end(.failed("\(error)"))
        }
        onOutput()
    }

    /// Cancels before it joins: the snapshot's thread may wait for the ingest thread, which may wait for this thread.
    private func endSnapshot() {
        snapshots.cancel()
        snapshotThread?.join()
        snapshotThread = nil
    }

    private func write(_ frozen: FrozenCore) {
        do {
            try frozen.core.writeSnapshot { piece in
                try snapshots.put(piece)
                onOutput()
            }
            snapshots.end(.end)
        } catch is CancellationError {
            return
        } catch {
            snapshots.end(.failed("\(error)"))
        }
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
    var isRefused = false
    init() {}
}
