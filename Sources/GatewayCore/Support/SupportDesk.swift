import CivilCalendar
import Documents
import FaultDetection
import RemoteSupport
import Telemetry

/// Remote support: playbook runs that alarms set off, moved on by replies and telemetry, and the tickets for what no command mended.
package struct SupportDesk: Sendable {
    /// What is kept of one device.
    struct OfDevice: Equatable, Sendable, Codable {
        /// Ids of its open runs.
        var openRuns: [String] = []
        /// Ids of its runs that ended last, for answers that come late.
        var endedRuns: [String] = []
        /// Ids of tickets about it that were open when the last one was opened.
        var openTickets: [String] = []
        /// Event time of the reading that verified a command last.
        var mendedMilliseconds: Int64?
    }

    /// A command that is to leave.
    struct Command: Sendable {
        var name: String
        var request: String
        var deadlineMilliseconds: Int64

        /// What the placeholders of its topic and payload stand for.
        func values(device: String) -> [(String, String)] {
            [
                ("device", device), ("requestId", request), ("deadlineMilliseconds", String(deadlineMilliseconds)),
                ("deadlineSeconds", String(deadlineMilliseconds.dividedDown(by: 1000))),
                ("deadlineTime", UTCText.rfc3339(deadlineMilliseconds) ?? ""),
            ]
        }
    }

    static let maximumOpenTickets = 16
    static let maximumOpenRunsPerDevice = 16
    static let maximumEndedRunsPerDevice = 8

    let maximumOpenRuns: Int
    let maximumFinished: Int
    package internal(set) var runs = BoundedMap<PlaybookRun>()
    package internal(set) var tickets = BoundedMap<Ticket>()
    package private(set) var openRuns: [String] = []
    private(set) var devices: [DeviceIndex: OfDevice] = [:]
    /// The earliest deadline of the open runs, so that a batch asks one number instead of all runs.
    private(set) var nextDue: Int64 = .max

    init(maximumOpenRuns: Int, maximumFinished: Int) {
        self.maximumOpenRuns = maximumOpenRuns
        self.maximumFinished = maximumFinished
    }

    func state(of device: DeviceIndex) -> OfDevice { devices[device] ?? OfDevice() }

    mutating func update(_ device: DeviceIndex, _ change: (inout OfDevice) -> Void) {
        var state = state(of: device)
        change(&state)
        devices[device] = state == OfDevice() ? nil : state
    }

    // MARK: Runs

    /// An alarm that nothing holds back sets off its playbook.
    mutating func help(_ device: DeviceIndex, _ alarm: Alarm, playbook: String?, _ fleet: FleetState, _ out: inout StepOutput) {
        guard let playbook else {
            // Without a playbook only a person can help, and only where it matters.
            if alarm.severity <= .major { askPerson(device, alarm, because: "there is no playbook for it", &out) }
            return
        }
        guard openRuns.count < maximumOpenRuns else {
            return askPerson(device, alarm, because: "\(openRuns.count) commands are open already (limits.openCommands)", &out)
        }
        let open = state(of: device).openRuns.count
        guard open < Self.maximumOpenRunsPerDevice else {
            return askPerson(device, alarm, because: "\(open) commands of this device are open already", &out)
        }
        var run = PlaybookRun(alarm: alarm.id, device: alarm.device, playbook: playbook, round: alarm.repeats)
        guard runs[run.id] == nil, !wasBegun(run, round: alarm.repeats) else { return }
        out.tell(.helpBegan(device))
        let action = run.begin(fleet.rules(of: device), atMilliseconds: out.now)
        runs.insert(run, id: run.id)
        runs.trim(finishedBeyond: maximumFinished, of: \.device) { !$0.isOpen }
        if run.isOpen {
            openRuns.append(run.id)
            update(device) { $0.openRuns.append(run.id) }
            nextDue = min(nextDue, run.deadlineMilliseconds ?? .max)
        }
        perform(device, run, action, fleet, &out)
    }

    private func askPerson(_ device: DeviceIndex, _ alarm: Alarm, because reason: String, _ out: inout StepOutput) {
        out.tell(.personWanted(device, alarm: alarm.id, reason: reason))
    }

    /// An earlier version began the same run, under the id that it had there.
    private func wasBegun(_ run: PlaybookRun, round: Int) -> Bool {
        guard let former = runs[PlaybookRun.formerID(alarm: run.alarm, playbook: run.playbook, round: round)] else { return false }
        return former.alarm == run.alarm && former.playbook == run.playbook
    }

    func hasOpenRun(for alarm: String, _ device: DeviceIndex) -> Bool {
        state(of: device).openRuns.contains { runs[$0]?.alarm == alarm }
    }

    /// A playbook runs for the alarm, or a ticket tells of it.
    func hasHelped(_ alarm: String, _ device: DeviceIndex) -> Bool {
        hasOpenRun(for: alarm, device) || ticketState(about: alarm) != nil
    }

    /// The alarm returned to normal, which verifies the command that was sent for it.
    mutating func alarmEnded(_ device: DeviceIndex, _ alarm: String, at time: Int64, _ fleet: FleetState, _ out: inout StepOutput) {
        if let run = state(of: device).openRuns.first(where: { runs[$0]?.alarm == alarm }) {
            let action = runs.update(run) { $0.alarmCleared() } ?? nil
            if action == .finished(mended: true) { update(device) { $0.mendedMilliseconds = time } }
            follow(device, run, action, fleet, &out)
        }
        subjectMended(alarm)
    }

    mutating func follow(
        _ device: DeviceIndex, _ run: String, _ action: PlaybookRun.Action?, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        // An early look at the deadlines costs little; a late one would let an expired command wait.
        nextDue = min(nextDue, runs[run]?.deadlineMilliseconds ?? .max)
        if runs[run]?.isOpen != true {
            openRuns.removeAll { $0 == run }
            update(device) { state in
                state.openRuns.removeAll { $0 == run }
                state.endedRuns = Array((state.endedRuns.filter { $0 != run } + [run]).suffix(Self.maximumEndedRunsPerDevice))
            }
        }
        if let action, let current = runs[run] { perform(device, current, action, fleet, &out) }
    }

    private mutating func perform(
        _ device: DeviceIndex, _ run: PlaybookRun, _ action: PlaybookRun.Action, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        switch action {
        case .send(let name, let request, let deadline):
            let command = Command(name: name, request: request, deadlineMilliseconds: deadline)
            guard let rule = fleet.rules(of: device).commands.first(where: { $0.name == name }) else { return }
            guard !fleet.devices[device].isSilent else { return keepBack(device, run.id, fleet, &out) }
            guard rule.format != .sparkplug else { return out.tell(.sparkplugCommandWanted(device, run: run.id, command)) }
            let values = command.values(device: run.device)
            send(command, of: run.id, topic: NameTemplate(rule.topic).filled(values), payload: rule.body(values), &out)
        case .openTicket(let reason):
            let text = fleet.rules(of: device).playbooks.first { $0.name == run.playbook }?.ticketText
            out.tell(.personWanted(device, alarm: run.alarm, text: text, reason: reason))
        case .finished(let mended):
            if mended { out.counters.runsMended &+= 1 }
            out.decide(.commandOutcome, at: out.now, device: run.device) { writer in
                writer.member("request", run.decisiveRequest)
                writer.member("outcome", mended ? "verified" : "overtaken")
                writer.member("alarm", run.alarm)
            }
        }
    }

    mutating func send(_ command: Command, of run: String, topic: String, payload: [UInt8], _ out: inout StepOutput) {
        guard let run = runs[run] else { return }
        out.counters.commandsSent &+= 1
        out.decide(.command, at: out.now, device: run.device) { writer in
            writer.member("command", command.name)
            writer.member("request", command.request)
            writer.member("alarm", run.alarm)
        }
        out.effects.append(
            .deliver(
                Delivery(
                    key: command.request, channel: .command, device: run.device, topic: topic, body: payload,
                    expiresMilliseconds: command.deadlineMilliseconds)))
    }

    /// The step is over before it began; the next one, or a person, has to help.
    mutating func cannotSend(
        _ device: DeviceIndex, _ run: String, _ request: String, reason: String, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        let action =
            runs.update(run) { $0.undeliverable(requestID: request, reason: reason, fleet.rules(of: device), atMilliseconds: out.now) }
            ?? nil
        follow(device, run, action, fleet, &out)
    }

    /// The broker may keep a command for a device that is away, and deliver it when nobody expects it any more: a person is asked instead.
    private mutating func keepBack(_ device: DeviceIndex, _ run: String, _ fleet: FleetState, _ out: inout StepOutput) {
        out.budgets.count(.commandsKeptBack)
        let action = runs.update(run) { $0.deviceIsAway(reason: "the device is away: it is silent, or its last will says so") } ?? nil
        follow(device, run, action, fleet, &out)
    }

    /// How a delivery of the channel `command` ended.
    mutating func commandSettled(
        _ request: String, _ outcome: DeliveryOutcome, _ detail: String?, _ fleet: FleetState, _ out: inout StepOutput
    ) {
        guard let id = openRuns.first(where: { runs[$0]?.attempts.last?.requestID == request }), let run = runs[id] else { return }
        switch outcome {
        case .delivered: _ = runs.update(id) { $0.acknowledgedByBroker(requestID: request, atMilliseconds: out.now) }
        case .replayed: _ = runs.update(id) { $0.replayed(requestID: request, atMilliseconds: out.now) }
        case .abandoned:
            guard let device = fleet.device(named: run.device) else { return }
            cannotSend(device, id, request, reason: detail ?? "no reason was given", fleet, &out)
        }
    }

    /// Time has passed: commands that nobody answered or that changed nothing.
    mutating func expire(_ fleet: FleetState, _ out: inout StepOutput) {
        guard out.now >= nextDue else { return }
        for id in openRuns {
            guard let run = runs[id], let deadline = run.deadlineMilliseconds, out.now >= deadline,
                let device = fleet.device(named: run.device)
            else { continue }
            let action = runs.update(id) { $0.advance(fleet.rules(of: device), toMilliseconds: out.now) } ?? nil
            let outcome = runs[id]?.attempts.first { $0.requestID == run.attempts.last?.requestID }?.outcome
            out.decide(.commandOutcome, at: out.now, device: run.device) { writer in
                writer.member("request", run.attempts.last?.requestID)
                writer.member("outcome", outcome?.rawValue)
            }
            follow(device, id, action, fleet, &out)
        }
        findNextDue()
    }

    private mutating func findNextDue() { nextDue = openRuns.reduce(.max) { min($0, runs[$1]?.deadlineMilliseconds ?? .max) } }

    /// A command for this device was answered and telemetry is about to tell, or has just told, that it helped.
    func isMending(_ device: DeviceIndex, at time: Int64) -> Bool {
        guard let state = devices[device] else { return false }
        if state.mendedMilliseconds == time { return true }
        return state.openRuns.contains { run in
            guard case .verifying? = runs[run]?.state else { return false }
            return true
        }
    }

    // MARK: Doors

    /// What was decided may have been lost: the next command of a playbook may have been sent, and answered.
    mutating func interrupt(reason: String, _ fleet: FleetState, _ out: inout StepOutput) {
        for id in openRuns {
            guard let run = runs[id], let device = fleet.device(named: run.device) else { continue }
            let action = runs.update(id) { $0.interrupt(reason: reason) } ?? nil
            follow(device, id, action, fleet, &out)
        }
    }

    /// The device goes: its runs end.
    mutating func endRuns(of device: DeviceIndex, _ name: String, _ out: inout StepOutput) {
        for run in state(of: device).openRuns {
            if let request = runs[run]?.attempts.last?.requestID { out.effects.append(.withdraw(key: request)) }
            _ = runs.update(run) { $0.deviceWasRemoved() }
            openRuns.removeAll { $0 == run }
            let ended = runs[run]
            out.decide(.commandOutcome, at: out.now, device: name) { writer in
                writer.member("request", ended?.attempts.last?.requestID)
                writer.member("outcome", "overtaken")
                writer.member("detail", "the device was removed")
                writer.member("alarm", ended?.alarm)
            }
        }
        devices[device] = nil
    }

    func hasOpenRuns(_ device: DeviceIndex) -> Bool { devices[device]?.openRuns.isEmpty == false }

    /// The gateway's clock was set. Deadlines are in arrival time; the time of the last mend is the device's.
    mutating func shift(byMilliseconds step: Int64) {
        for id in openRuns { _ = runs.update(id) { $0.shift(byMilliseconds: step) } }
        findNextDue()
    }

    mutating func shiftReadings(of device: DeviceIndex, byMilliseconds step: Int64) {
        if devices[device] != nil { update(device) { $0.mendedMilliseconds = $0.mendedMilliseconds.shifted(byMilliseconds: step) } }
    }

    // MARK: Snapshot

    struct Memory: Codable {
        var runTrimCount: Int
        var ticketTrimCount: Int
    }

    var memory: Memory { Memory(runTrimCount: runs.nextTrimCount, ticketTrimCount: tickets.nextTrimCount) }

    func memory(of device: DeviceIndex) -> OfDevice? { devices[device] }

    mutating func restore(_ run: PlaybookRun) { runs.insert(run, id: run.id) }

    mutating func restore(_ ticket: Ticket) { tickets.insert(ticket, id: ticket.id) }

    /// After the runs and tickets.
    mutating func restore(_ memory: Memory) {
        runs.restore(nextTrimCount: memory.runTrimCount)
        tickets.restore(nextTrimCount: memory.ticketTrimCount)
    }

    mutating func restore(_ device: DeviceIndex, _ state: OfDevice) { devices[device] = state == OfDevice() ? nil : state }

    func digestLine(ofRun place: Int) -> String? {
        guard let run = runs[runs.ids[place]] else { return nil }
        let attempts = run.attempts.map { "\($0.command):\($0.requestID):\($0.outcome.rawValue)" }.joined(separator: " ")
        return "run \(run.id) \(run.alarm) \(attempts)"
    }

    func digestLine(ofTicket place: Int) -> String? { tickets[tickets.ids[place]].map { "ticket \($0.id) \($0.state.rawValue)" } }

    /// After everything was restored, and when a run is open again.
    mutating func findOpenRuns() {
        openRuns = runs.ids.filter { runs[$0]?.isOpen == true }
        findNextDue()
    }
}
