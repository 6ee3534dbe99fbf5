import Documents
import FaultDetection
import RemoteSupport
import ServiceValue
import Sparkplug
import Telemetry

/// Remote support: an alarm starts its playbook, replies and telemetry move it on, and a ticket ends what no command mended.
extension StewardCore {
    /// Decides what an alarm sets off. Evidence of the past sets nothing off; if the alarm still holds in the present, it is asked again.
    mutating func dispatch(_ device: DeviceIndex, _ alarm: Alarm, _ playbook: String?, _ effects: inout [Effect]) {
        guard alarm.source != .silence, alarm.source != .order, alarm.source != .anomaly else { return }
        guard !alarm.isLate else {
            fleet.devices[device].awaitsDispatch = true
            counters.suppressedDispatches &+= 1
            return
        }
        start(device, alarm, playbook, &effects)
    }

    mutating func start(_ device: DeviceIndex, _ alarm: Alarm, _ playbook: String?, _ effects: inout [Effect]) {
        guard inhibition(device, alarm) == nil else { return hold(alarm) }
        guard let playbook else {
            // Without a playbook only a person can help, and only where it matters.
            if alarm.severity <= .major { openTicket(device, alarm, reason: "there is no playbook for it", &effects) }
            return
        }
        let profile = fleet.profiles[fleet.devices[device].profile].layout.profile
        guard openRuns.count < configuration.maximumOpenRuns else {
            return openTicket(device, alarm, reason: "\(openRuns.count) commands are open already (limits.openCommands)", &effects)
        }
        guard fleet.records[device].openRuns.count < Self.maximumOpenRunsPerDevice else {
            return openTicket(
                device, alarm, reason: "\(fleet.records[device].openRuns.count) commands of this device are open already", &effects)
        }
        var run = PlaybookRun(alarm: alarm.id, device: alarm.device, playbook: playbook, round: alarm.repeats)
        guard runs[run.id] == nil, !wasBegun(run, round: alarm.repeats) else { return }
        fleet.records[device].incidents.noteAction()
        let action = run.begin(profile, atMilliseconds: now)
        runs.insert(run, id: run.id)
        runs.trim(finishedBeyond: configuration.maximumFinished, of: \.device) { !$0.isOpen }
        if run.isOpen {
            openRuns.append(run.id)
            fleet.records[device].openRuns.append(run.id)
            nextRunDeadline = min(nextRunDeadline, run.deadlineMilliseconds ?? .max)
        }
        perform(device, run, action, &effects)
    }

    /// An earlier version began the same run, under the id that it had there.
    private func wasBegun(_ run: PlaybookRun, round: Int) -> Bool {
        guard let former = runs[PlaybookRun.formerID(alarm: run.alarm, playbook: run.playbook, round: round)] else { return false }
        return former.alarm == run.alarm && former.playbook == run.playbook
    }

    /// Alarms that evidence of the past raised and that hold in the present.
    mutating func dispatchWaiting(_ device: DeviceIndex, _ effects: inout [Effect]) {
        fleet.devices[device].awaitsDispatch = false
        for id in fleet.records[device].activeAlarms {
            guard let alarm = alarms[id], alarm.isLate, alarm.source != .silence, alarm.source != .order,
                alarm.source != .anomaly, alarm.normalSinceMilliseconds == nil
            else { continue }
            guard isConfirmed(device, alarm) else {
                fleet.devices[device].awaitsDispatch = true
                continue
            }
            start(device, alarm, playbook(of: alarm, device), &effects)
        }
    }

    /// The message that is being taken, or another one of the present, says that the alarm still holds.
    private func isConfirmed(_ device: DeviceIndex, _ alarm: Alarm) -> Bool {
        let layout = fleet.profiles[fleet.devices[device].profile].layout
        guard alarm.source == .condition else {
            return decoded.alerts.contains { alerts in
                fleet.records[device].alertCodes.indices.contains(alerts.list)
                    && fleet.records[device].alertCodes[alerts.list].contains(alarm.condition)
            }
        }
        guard let fault = layout.profile.faults.first(where: { $0.id == alarm.condition }) else { return false }
        return fault.raise.metrics.contains { name in
            guard let slot = layout.slot(named: name), case .live(_, let time) = fleet.value(device, slot) else { return false }
            return isFresh(time)
        }
    }

    mutating func answered(_ device: DeviceIndex, _ reply: CommandReply, _ effects: inout [Effect]) {
        let id = fleet.records[device].id
        // A command may reach the device twice, and then it answers twice; the second answer decides nothing.
        guard let run = fleet.records[device].openRuns.first(where: { runs[$0]?.isAwaitingReply(to: reply.requestID) == true }) else {
            return
        }
        let profile = fleet.profiles[fleet.devices[device].profile].layout.profile
        let now = now
        let before = runs[run]
        let action = runs.update(run) { $0.replied(reply, profile, atMilliseconds: now) } ?? nil
        // A repeated answer decides nothing, and must not stand in the journal as if it did.
        guard runs[run] != before else { return }
        effects.decide(.commandOutcome, at: now, device: id) { writer in
            writer.member("request", reply.requestID)
            writer.member("outcome", reply.succeeded ? "answered" : "refused")
            writer.member("detail", reply.reason)
        }
        follow(device, run, action, &effects)
    }

    /// The alarm returned to normal, which verifies the command that was sent for it.
    mutating func alarmWentAway(_ device: DeviceIndex, _ alarm: String, at time: Int64, _ effects: inout [Effect]) {
        if let run = fleet.records[device].openRuns.first(where: { runs[$0]?.alarm == alarm }) {
            let action = runs.update(run) { $0.alarmCleared() } ?? nil
            if action == .finished(mended: true) { fleet.records[device].mendedMilliseconds = time }
            follow(device, run, action, &effects)
        }
        ticketRecovers(about: alarm)
    }

    /// What an open ticket was about, an alarm or an order, has mended itself or was mended by somebody.
    mutating func ticketRecovers(about subject: String) {
        _ = tickets.update(ticketID(about: subject)) { if $0.state == .open { $0.state = .recovered } }
    }

    /// A ticket that an earlier version opened keeps the id that it had there.
    private func ticketID(about subject: String) -> String {
        let former = Ticket.formerID(about: subject)
        return tickets[former]?.alarm == subject ? former : Ticket.id(about: subject)
    }

    mutating func follow(_ device: DeviceIndex, _ run: String, _ action: PlaybookRun.Action?, _ effects: inout [Effect]) {
        // An early look at the deadlines costs little; a late one would let an expired command wait.
        nextRunDeadline = min(nextRunDeadline, runs[run]?.deadlineMilliseconds ?? .max)
        if runs[run]?.isOpen != true {
            openRuns.removeAll { $0 == run }
            fleet.records[device].openRuns.removeAll { $0 == run }
        }
        if let action, let current = runs[run] { perform(device, current, action, &effects) }
    }

    private mutating func perform(_ device: DeviceIndex, _ run: PlaybookRun, _ action: PlaybookRun.Action, _ effects: inout [Effect]) {
        switch action {
        case .send(let command, let request, let deadline):
            send(device, run, command, request, deadline, &effects)
        case .openTicket(let reason):
            if let alarm = alarms[run.alarm] {
                let text = fleet.profiles[fleet.devices[device].profile].layout.profile.playbooks.first { $0.name == run.playbook }?
                    .ticketText
                openTicket(device, alarm, text: text, reason: reason, &effects)
            }
        case .finished(let mended):
            if mended { counters.runsMended &+= 1 }
            effects.decide(.commandOutcome, at: now, device: run.device) { writer in
                writer.member("request", run.attempts.last?.requestID)
                writer.member("outcome", mended ? "verified" : "overtaken")
                writer.member("alarm", run.alarm)
            }
        }
    }

    private mutating func send(
        _ device: DeviceIndex, _ run: PlaybookRun, _ name: String, _ request: String, _ deadline: Int64, _ effects: inout [Effect]
    ) {
        guard let rule = fleet.profiles[fleet.devices[device].profile].layout.profile.commands.first(where: { $0.name == name }) else {
            return
        }
        let values = [("device", run.device), ("requestId", request)]
        var message = (topic: NameTemplate(rule.topic).filled(values), payload: rule.body(values))
        if rule.format == .sparkplug {
            do throws(SparkplugCommandError) { message = try sparkplugCommand(rule, run.device, values) } catch {
                return cannotSend(device, run.id, request, error.description, &effects)
            }
        }
        counters.commandsSent &+= 1
        effects.decide(.command, at: now, device: run.device) { writer in
            writer.member("command", name)
            writer.member("request", request)
            writer.member("alarm", run.alarm)
        }
        effects.append(
            .deliver(
                Delivery(
                    key: request, channel: .command, device: run.device, topic: message.topic, body: message.payload,
                    expiresMilliseconds: deadline)))
    }

    /// The step is over before it began; the next one, or a person, has to help.
    private mutating func cannotSend(_ device: DeviceIndex, _ run: String, _ request: String, _ reason: String, _ effects: inout [Effect]) {
        let profile = fleet.profiles[fleet.devices[device].profile].layout.profile
        let now = now
        let action = runs.update(run) { $0.undeliverable(requestID: request, reason: reason, profile, atMilliseconds: now) } ?? nil
        follow(device, run, action, &effects)
    }

    mutating func openTicket(_ device: DeviceIndex, _ alarm: Alarm, text: String? = nil, reason: String, _ effects: inout [Effect]) {
        let ticket = Ticket(
            alarm: alarm.id, device: alarm.device, severity: alarm.severity, text: text ?? alarm.text, reason: reason,
            onsetMilliseconds: alarm.onsetMilliseconds)
        openTicket(device, ticket, &effects)
    }

    mutating func openTicket(_ device: DeviceIndex, _ ticket: Ticket, _ effects: inout [Effect]) {
        let known = ticketID(about: ticket.alarm)
        if tickets[known]?.state == .recovered {
            // The same trouble again: the same ticket, which was delivered already.
            _ = tickets.update(known) { $0.state = .open }
            return
        }
        guard tickets[known] == nil, takesTicket(device, ticket, &effects) else { return }
        tellTicket(ticket, &effects)
    }

    mutating func tellTicket(_ ticket: Ticket, _ effects: inout [Effect]) {
        tickets.insert(ticket, id: ticket.id)
        tickets.trim(finishedBeyond: configuration.maximumFinished, of: \.device) { $0.state != .open }
        counters.ticketsOpened &+= 1
        effects.decide(.ticket, at: now, device: ticket.device) { $0.members(of: ticket) }
        var body = JSONWriter()
        body.beginObject()
        body.members(of: ticket)
        body.member("device", ticket.device)
        body.endObject()
        effects.append(
            .deliver(
                Delivery(key: ticket.id, channel: .ticket, device: ticket.device, topic: "", body: body.bytes, expiresMilliseconds: nil)))
    }

    /// A command for this device was answered and telemetry is about to tell, or has just told, that it helped.
    func isBeingMended(_ device: DeviceIndex) -> Bool {
        if fleet.records[device].mendedMilliseconds == fleet.devices[device].newestMilliseconds { return true }
        return fleet.records[device].openRuns.contains { run in
            guard case .verifying? = runs[run]?.state else { return false }
            return true
        }
    }
}

extension JSONWriter {
    mutating func members(of ticket: Ticket) {
        member("ticket", ticket.id)
        member("alarm", ticket.alarm)
        member("severity", ticket.severity.rawValue)
        member("text", ticket.text)
        member("reason", ticket.reason)
        member("onset", ticket.onsetMilliseconds)
        member("state", ticket.state.rawValue)
        member("undelivered", ticket.undelivered)
    }
}

extension DocumentNode {
    /// The value with `{name}` filled in wherever a string holds it.
    func filled(_ values: [(String, String)]) -> DocumentNode {
        switch value {
        case .string(let text): DocumentNode(.string(NameTemplate(text).filled(values)), at: position)
        case .array(let items): DocumentNode(.array(items.map { $0.filled(values) }), at: position)
        case .object(let members):
            DocumentNode(
                .object(
                    members.map { member in
                        var filled = member
                        filled.node = member.node.filled(values)
                        return filled
                    }), at: position)
        default: self
        }
    }
}

extension CommandRule {
    /// What is published: JSON, or the string itself.
    func body(_ values: [(String, String)]) -> [UInt8] {
        let filled = payload.filled(values)
        if format == .text, case .string(let text) = filled.value { return Array(text.utf8) }
        var writer = JSONWriter()
        filled.write(to: &writer)
        return writer.bytes
    }
}
