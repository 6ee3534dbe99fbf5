import FoundationEssentials
import GatewayCore
import Glibc
import MQTTLink
import SQLiteStore
import Synchronization
import Threading

/// The thread that owns the broker's socket and the store: read what is there, commit it, only then acknowledge it.
///
/// What the core decided about earlier batches is committed in the same transaction as the next batch, so that a message that
/// changes nothing costs no commit of its own. Nothing is delivered before its reason is committed.
final class IngestLoop {
    private let configuration: GatewayConfiguration
    private let store: Store
    private var witness: CommitWitness
    private let core: CoreWorker
    private let mailbox: ControlMailbox
    private let outbox: OutboxPump
    private let effects: EffectWriter
    private let statistics: GatewayStatistics
    private let wake: WakeEvent
    private let retention: Retention
    private let saver: SnapshotSaver
    private let clock: GatewayClock
    private var clockSteps = ClockSteps()
    private let announce: (Bool) -> Void
    private let knownRequests: KnownRequests
    /// Called while the loop waits for the core.
    var heartbeat: () -> Void = {}
    private var client: (any IngestLink)?
    private let makeLink: IngestLinkMaker
    private var settings: MQTTConfiguration?
    private var session: BrokerSession?
    private var backlog = BacklogWatch()
    private var box: SegmentBox
    private var mails: [ControlMailbox.Mail] = []
    private var outputs: [CoreOutput] = []
    private var nextEvent: Int64
    private var isTickQueued = false
    private var commitRetryAt: Int64 = 0
    private var nextLookAtPlace: Int64 = 0
    private var lastFailureLogged: Int64 = .min / 2
    /// Nil except in the crash test.
    private var killPoint: KillPoint?

    static let maximumBatchMessages = 1000
    static let maximumBatchBytes = 1 << 20

    init(
        configuration: GatewayConfiguration, opening: StoreOpening, core: CoreWorker, mailbox: ControlMailbox, outbox: OutboxPump,
        statistics: GatewayStatistics, clock: GatewayClock, wake: WakeEvent, announce: @escaping (Bool) -> Void,
        makeLink: @escaping IngestLinkMaker = { configuration, wake, sessionFilters, onMessage, onChange throws(MQTTError) in
            try IngestClient(
                configuration: configuration, wakeDescriptor: wake, sessionFilters: sessionFilters, onMessage: onMessage,
                onConnectionChange: onChange)
        }
    ) throws {
        self.makeLink = makeLink
        self.clock = clock
        self.announce = announce
        self.configuration = configuration
        store = opening.store
        witness = opening.witness
        self.core = core
        self.mailbox = mailbox
        self.outbox = outbox
        effects = EffectWriter(store: opening.store, outbox: outbox, statistics: statistics, zone: configuration.core.zone)
        self.statistics = statistics
        self.wake = wake
        knownRequests = KnownRequests(store: store)
        retention = try Retention(configuration: configuration, store: store)
        saver = SnapshotSaver(store: store, pipe: core.snapshots, statistics: statistics)
        killPoint = try KillPoint.fromEnvironment()
        nextEvent = try store.lastEvent() + 1
        box = core.takeSpare()
        // The program before this one may have died connected. Until we are, nobody listens, and no device's silence counts.
        box.segment.append(.disconnected)
    }

    /// Connects with these settings, in place of an earlier connection. Where only the topic filters differ, that one stays.
    func connect(_ next: MQTTConfiguration) throws {
        if let client, let settings {
            var former = settings
            former.subscriptions = next.subscriptions
            if former == next {
                try client.want(next.subscriptions)
                self.settings = next
                session?.note(inSession: client.sessionFilters, wanted: next.subscriptions)
                return reportSubscriptions()
            }
            client.close()
            disconnected()
        }
        let last = try store.lastBrokerSession()
        if let last, last != BrokerSession.name(next) {
            Log.warning(
                "another session at the broker than before; what waits in the former one is not fetched, and the broker keeps it until it expires",
                ["former": last, "session": BrokerSession.name(next)])
        }
        session = BrokerSession(next, last: last)
        settings = next
        client = try makeLink(
            next, wake.descriptor, try store.brokerSessionFilters(BrokerSession.name(next)),
            { [unowned self] topic, payload, packet in receive(topic, payload, packet) },
            { [unowned self] event in connectionChanged(event) })
        reportSubscriptions()
    }

    private func reportSubscriptions() {
        guard let client, let settings else { return }
        let report = SubscriptionReport(
            wanted: settings.subscriptions.count, granted: client.grantedFilters.count,
            refused: client.refusals.map { .init(filter: $0.filter, reason: $0.error.message) })
        statistics.subscriptions.withLock { $0 = report }
    }

    private func receive(_ topic: UnsafePointer<CChar>, _ payload: UnsafeRawBufferPointer, _ packet: IngestClient.Packet) {
        let name = UnsafeRawBufferPointer(start: topic, count: strlen(topic))
        guard payload.count <= configuration.core.maximumPayloadBytes else {
            // Its bytes could not be decoded and would fill the store, so only a record of its size is kept.
            statistics.oversizedMessages.add(1, ordering: .relaxed)
            return box.segment.append(.oversized(topic: String(decoding: name, as: UTF8.self), byteCount: payload.count))
        }
        box.segment.append(
            isRetained: packet.isRetained, packetID: packet.id, isDuplicate: packet.isDuplicate, topic: name, payload: payload)
    }

    /// Called within `receive` and `maintain` only, so never between a commit and the batch after it.
    private func connectionChanged(_ event: ConnectionEvent) {
        guard let settings, let client else { return }
        let broker = "\(settings.host):\(settings.port)"
        switch event {
        case .connected(let isKept):
            let isSame = session?.connected(isKept: isKept, inSession: client.sessionFilters, wanted: settings.subscriptions) ?? false
            box.segment.append(.connected(sessionPresent: isSame))
            if isKept {
                box.segment.append(.backlogBegan)
                backlog.begin(nowMilliseconds: Clock.monotonicMilliseconds())
            }
            statistics.isConnected.store(true, ordering: .relaxed)
            statistics.connectedSince.store(Clock.wallMilliseconds(), ordering: .relaxed)
            Log.info("connected to the broker", ["broker": broker, "session": isKept ? "kept" : "new"])
        case .disconnected(let error), .refused(let error):
            disconnected()
            Log.warning("no connection to the broker; it is tried again", ["broker": broker, "reason": error.message])
        case .subscribed:
            // Sparkplug edge nodes publish their births when the host appears, so it is announced only once the subscriptions stand.
            announce(true)
            Log.info("subscribed", ["filters": settings.subscriptions.joined(separator: " ")])
        case .unsubscribed(let filters):
            session?.note(inSession: client.sessionFilters, wanted: settings.subscriptions)
            Log.info("unsubscribed; nobody wants these any more", ["filters": filters.joined(separator: " ")])
        case .subscriptionRefused(let filter, let error):
            // Logged once, and not at each of the tries that follow.
            let isKnown = statistics.subscriptions.withLock { $0.refused.contains { $0.filter == filter && $0.reason == error.message } }
            if isKnown { break }
            Log.error("the broker refuses a subscription; it is asked again", ["filter": filter, "reason": error.message])
        }
        reportSubscriptions()
    }

    private func disconnected() {
        announce(false)
        backlog.disconnected()
        if statistics.isConnected.exchange(false, ordering: .relaxed) { box.segment.append(.disconnected) }
    }

    /// One round: receive, commit, acknowledge, upkeep. Throws only errors after which the program must end.
    func turn() throws {
        followClock()
        let now = Clock.wallMilliseconds()
        try collectMail(now)
        try receiveBatch(now)
        if !isTickQueued, Clock.wallMilliseconds() >= statistics.nextDue.load(ordering: .relaxed) {
            isTickQueued = true
            box.segment.append(.tick)
        }
        outputs += core.takeOutputs()
        watchPlace()
        // A closed chunk is not in the core any more, so it must not wait for the next message to be seen in the store.
        if !box.segment.isEmpty || outputs.contains(where: { !$0.effects.isEmpty }) || !mails.isEmpty || commitRetryAt != 0
            || session?.unsaved != nil || (saver.waitsForCursor && !outputs.isEmpty)
        {
            try commit()
        }
        client?.maintain(nowMilliseconds: Clock.monotonicMilliseconds())
        if commitRetryAt == 0 {
            // Deliveries held back are found by their creation time, so outbox and core must date them by the same clock.
            let isHolding = statistics.heldBackSince.load(ordering: .relaxed) != .min
            if !isHolding || !clockSteps.isUnderWay { guardStore { try outbox.pump(nowMilliseconds: Clock.wallMilliseconds()) } }
            if retention.wantsSnapshot(lastEvent: nextEvent - 1) { core.requestSnapshot() }
            saver.step(retention)
            guardStore { try saver.clear() }
            guardStore { try retention.trim() }
        }
    }

    /// A step of the clock is the first event of a batch. Earlier messages are committed with times of the former clock.
    private func followClock() {
        guard box.segment.isEmpty, commitRetryAt == 0, let step = clock.look() else { return }
        clockSteps.begin(step)
        box.segment.append(.clockStepped(byMilliseconds: step))
        retention.clockStepped()
        outbox.clockStepped()
    }

    private func receiveBatch(_ now: Int64) throws {
        guard commitRetryAt == 0 else {
            // A store that takes nothing: wait a little and do not read, so that the broker keeps what it has.
            wake.wait(timeoutMilliseconds: 100)
            return wake.clear()
        }
        guard let client else { return }
        let (before, began) = (client.deliveredMessages, Clock.monotonicMilliseconds())
        let result = try client.receive(
            timeoutMilliseconds: waitMilliseconds(now), maximumMessages: Self.maximumBatchMessages, maximumBytes: Self.maximumBatchBytes)
        if result.woken { wake.clear() }
        let ended = Clock.monotonicMilliseconds()
        if backlog.isOver(messages: client.deliveredMessages - before, waitedMilliseconds: ended - began, nowMilliseconds: ended) {
            box.segment.append(.backlogEnded)
        }
    }

    private func waitMilliseconds(_ now: Int64) -> Int32 {
        if !box.segment.isEmpty || !mails.isEmpty || saver.hasWork { return 0 }
        let due = statistics.nextDue.load(ordering: .relaxed)
        return Int32(min(max(due - now, 0), outbox.waitMilliseconds(nowMilliseconds: now), 200))
    }

    private func collectMail(_ now: Int64) throws {
        // While the store takes nothing, mail stays where its sender can still take it back.
        guard commitRetryAt == 0 else { return }
        for var mail in mailbox.drain() {
            knownRequests.settle(&mail, pending: mails)
            if let event = mail.event { box.segment.append(event) }
            if let (key, channel, report) = mail.report {
                for event in OutboxPump.events(key, channel, report) { box.segment.append(event) }
            }
            if !mail.letters.isEmpty { addLetters(&mail) }
            mails.append(mail)
        }
    }

    /// Puts the dead letters of a mail into the batch; left in it are the ids of those that are there and were not put into it already.
    private func addLetters(_ mail: inout ControlMailbox.Mail) {
        var taken = Set(mails.flatMap(\.letters))
        do {
            let letters = try mail.letters.filter { !taken.contains($0) }.compactMap { try store.deadLetter(id: $0) }
                .filter { taken.insert($0.id).inserted }
            for letter in letters {
                box.segment.append(
                    .replayed(
                        topic: Data(letter.topic), payload: Data(letter.payload), isRetained: letter.isRetained,
                        arrivalMilliseconds: letter.arrivalMilliseconds))
            }
            mail.letters = letters.map(\.id)
        } catch {
            // A letter that cannot be read must not be reported as missing.
            mail.letters = []
            mail.verdict = .notRecorded
        }
    }

    /// Everything that came and everything that was decided, in one transaction; then the acknowledgements.
    /// Throws when the store and this loop do not agree about the number of the next event.
    private func commit() throws {
        if commitRetryAt > 0, Clock.monotonicMilliseconds() < commitRetryAt { return }
        // While commits succeed, the check after the commit is enough. After a failure nothing may be written to a misplaced file.
        if commitRetryAt > 0, let problem = store.misplacement() { return commitFailed(StoreMisplaced(problem)) }
        let stored = try store.lastEvent()
        guard stored == nextEvent - 1 else { throw OutOfStep(stored: stored, counted: nextEvent - 1) }
        let now = Clock.wallMilliseconds()
        // Deliveries decided before a step are dated by the former clock, and shifted with the rest of the outbox.
        let dated = now - clockSteps.inHandMilliseconds
        box.segment.firstEvent = nextEvent
        box.segment.arrivalMilliseconds = now
        effects.begin()
        do {
            try store.transaction {
                if !box.segment.isEmpty {
                    try store.appendSegment(
                        firstEvent: nextEvent, count: box.segment.count, arrivalMilliseconds: now, bytes: box.segment.bytes)
                }
                for case (let key, _, let report)? in mails.map(\.report) { try outbox.note(key, report, nowMilliseconds: dated) }
                for case let request? in mails.map(\.request) { try store.record(request) }
                for id in mails.flatMap(\.letters) { try store.removeDeadLetter(id: id) }
                for output in outputs { try effects.write(output, dated, clockSteps) }
                if clockSteps.inHandMilliseconds != 0 { try store.stepOutbox(byMilliseconds: clockSteps.inHandMilliseconds) }
                if let noted = session?.unsaved { try store.setBrokerSession(noted.name, filters: noted.filters) }
                reached(.beforeCommit)
            }
        } catch {
            // Everything is tried again without it: the transaction is rolled back, and one effect less is left each time.
            if effects.dropUnwritable(of: &outputs, error) { return try commit() }
            return commitFailed(error)
        }
        if commitRetryAt != 0 { Log.info("the store takes commits again") }
        commitRetryAt = 0
        statistics.storeWorks()
        finishCommit(now)
    }

    private func reached(_ place: KillPoint.Place) {
        if killPoint != nil { killPoint?.reached(place, deliveredMessages: client?.deliveredMessages ?? 0) }
    }

    /// Moves the committed batch, mails and outputs out of the loop's properties before any other code runs, so that whatever is added from
    /// now on goes into the next batch.
    private func seal() -> (batch: SegmentBox?, mails: [ControlMailbox.Mail], outputs: [CoreOutput]) {
        let sealed = (box.segment.isEmpty ? nil : box, mails, outputs)
        clock.committed()
        if let batch = sealed.0 {
            clockSteps.commit(firstEvent: nextEvent)
            nextEvent += Int64(batch.segment.count)
            isTickQueued = false
            box = core.takeSpare()
        }
        mails = []
        outputs = []
        session?.saved()
        return sealed
    }

    private func finishCommit(_ now: Int64) {
        let (batch, mails, outputs) = seal()
        reached(.afterCommit)
        if batch != nil { witness.note(store.commitRecord(milliseconds: now)) }
        // This commit went into a file that is not at its path any more. The messages stay unacknowledged at the broker until it is back.
        let misplaced = store.misplacement()
        if misplaced == nil { client?.acknowledge() }
        reached(.afterAcknowledge)
        for case (let key, _, let report)? in mails.map(\.report) { outbox.settled(key, report) }
        effects.report(to: mailbox)
        for output in outputs {
            for case .deliver(let delivery) in output.effects { outbox.touch(delivery) }
        }
        if let last = outputs.last {
            core.committed(through: last.event)
            clockSteps.reached(event: last.event)
        }
        statistics.replayedLetters.add(Int64(mails.reduce(0) { $0 + $1.letters.count }), ordering: .relaxed)
        if let batch {
            statistics.messagesCommitted.add(Int64(batch.segment.count), ordering: .relaxed)
            statistics.batches.add(1, ordering: .relaxed)
            statistics.bytesCommitted.add(Int64(batch.segment.byteCount), ordering: .relaxed)
            retention.committed(bytes: Int64(batch.segment.byteCount))
            core.submit(batch, heartbeat: heartbeat)
        }
        if let misplaced { return commitFailed(StoreMisplaced(misplaced)) }
        mailbox.confirm(mails)
    }

    private func commitFailed(_ error: any Error) {
        statistics.commitFailures.add(1, ordering: .relaxed)
        statistics.storeFails(because: "\(error)")
        commitRetryAt = Clock.monotonicMilliseconds() + 1000
        logFailure("the store takes nothing, so nothing is acknowledged; it is tried again every second", error)
    }

    /// At most one line a minute.
    private func logFailure(_ message: String, _ error: any Error) {
        let now = Clock.monotonicMilliseconds()
        guard now - lastFailureLogged >= 60_000 else { return }
        lastFailureLogged = now
        Log.error(message, ["reason": "\(error)"])
    }

    /// Looks for a deleted or replaced file also while nothing is committed.
    private func watchPlace() {
        let now = Clock.monotonicMilliseconds()
        guard commitRetryAt == 0, now >= nextLookAtPlace else { return }
        nextLookAtPlace = now + 500
        if let problem = store.misplacement() { commitFailed(StoreMisplaced(problem)) }
    }

    /// Runs upkeep of the store whose failure is only logged: the next commit fails for the same reason and handles it.
    private func guardStore(_ body: () throws -> Void) {
        do { try body() } catch { logFailure("the store's upkeep failed; it is tried again", error) }
    }

    /// Ends in order: acknowledges what is committed, lets the core finish, and commits what it decided.
    func stop() {
        client?.close()
        // One last try, also where commits failed before.
        commitRetryAt = 0
        if !core.drain(timeoutMilliseconds: 1000) { Log.warning("the core is behind; the rest is taken up at the next start") }
        outputs += core.takeOutputs()
        try? collectMail(Clock.wallMilliseconds())
        do {
            try commit()
            _ = core.drain(timeoutMilliseconds: 300)
            outputs += core.takeOutputs()
            try commit()
        } catch { Log.error("what the core decided last is taken up at the next start", ["reason": "\(error)"]) }
    }
}

/// The store's last event is not the one that the loop has counted. If the gateway went on, every commit would fail, or the core would process
/// events that are not in the inbox. A new start rebuilds the state from the store, and the broker sends unacknowledged messages again.
private struct OutOfStep: Error, CustomStringConvertible {
    var stored: Int64
    var counted: Int64
    var description: String {
        "the store ends with event \(stored) and not with \(counted), so nothing more can be committed: the gateway ends, to be started again from the store"
    }
}
