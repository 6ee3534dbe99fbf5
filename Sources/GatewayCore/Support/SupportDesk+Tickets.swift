import Documents
import FaultDetection
import RemoteSupport
import Telemetry

/// Tickets: each is about one subject, and has its id from it.
extension SupportDesk {
    mutating func openTicket(_ device: DeviceIndex, _ alarm: Alarm, text: String? = nil, reason: String, _ out: inout StepOutput) {
        let ticket = Ticket(
            alarm: alarm.id, device: alarm.device, severity: alarm.severity, text: text ?? alarm.text, reason: reason,
            onsetMilliseconds: alarm.onsetMilliseconds)
        out.tell(.helpBegan(device))
        open(device, ticket, &out)
    }

    mutating func open(_ device: DeviceIndex, _ ticket: Ticket, _ out: inout StepOutput) {
        let known = ticketID(about: ticket.alarm)
        switch tickets[known]?.state {
        // The same trouble again: the same ticket, which was delivered already.
        case .recovered: _ = tickets.update(known) { $0.state = .open }
        // What it was planned for is there now.
        case .open where tickets[known]?.isAhead == true:
            _ = tickets.update(known) { $0.isAhead = nil }
            extend(known, with: ticket.reason, severity: ticket.severity, &out)
        case .open, .closed: break
        case nil: if takes(device, ticket, &out) { tell(ticket, &out) }
        }
    }

    /// Opens a ticket about something that will be due, or adds it to the one that is open about the same subject.
    mutating func openAhead(_ device: DeviceIndex, _ ticket: Ticket, _ out: inout StepOutput) {
        let known = ticketID(about: ticket.alarm)
        if tickets[known]?.state == .open { return extend(known, with: ticket.reason, severity: ticket.severity, &out) }
        var ticket = ticket
        ticket.isAhead = true
        open(device, ticket, &out)
    }

    /// Adds words to the open ticket about a subject.
    mutating func note(_ subject: String, _ words: String, _ out: inout StepOutput) {
        let known = ticketID(about: subject)
        if let ticket = tickets[known], ticket.state == .open { extend(known, with: words, severity: ticket.severity, &out) }
    }

    func ticketState(about subject: String) -> Ticket.State? { tickets[ticketID(about: subject)]?.state }

    /// Nil where there is none.
    func ticketID(of subject: String) -> String? { tickets[ticketID(about: subject)]?.id }

    /// The receiver gets it again, under a key of its own.
    private mutating func extend(_ id: String, with words: String, severity: Severity, _ out: inout StepOutput) {
        guard let former = tickets[id], !former.reason.hasSuffix(words), former.reason.utf8.count < Self.longestReasonBytes else { return }
        _ = tickets.update(id) {
            $0.reason += "; " + words
            $0.severity = min($0.severity, severity)
            $0.updates = ($0.updates ?? 0) + 1
        }
        guard let ticket = tickets[id] else { return }
        out.decide(.ticketExtended, at: out.now, device: ticket.device) { $0.members(of: ticket) }
        deliver(ticket, key: "\(id).\(ticket.updates ?? 0)", &out)
    }

    /// A ticket is not extended beyond it.
    private static let longestReasonBytes = 2000

    /// Whether a ticket is opened by itself. One that is worse than all that are open always is; the others are told by one that says so.
    private mutating func takes(_ device: DeviceIndex, _ ticket: Ticket, _ out: inout StepOutput) -> Bool {
        let open = state(of: device).openTickets.filter { tickets[$0]?.state == .open }
        let isWorse = open.allSatisfy { tickets[$0].map { ticket.severity < $0.severity } ?? true }
        guard open.count >= Self.maximumOpenTickets, !isWorse else {
            update(device) { $0.openTickets = open + [ticket.id] }
            return true
        }
        out.budgets.count(.ticketsFolded)
        let together = Ticket(
            alarm: "\(ticket.device)/\(Alarm.foldedCondition)", device: ticket.device, severity: ticket.severity,
            text: "The device has more troubles than tickets are opened for",
            reason: "\(open.count) tickets about it are open; further ones are not opened one by one", onsetMilliseconds: out.now)
        if tickets[together.id]?.state != .open { tell(together, &out) }
        return false
    }

    private mutating func tell(_ ticket: Ticket, _ out: inout StepOutput) {
        tickets.insert(ticket, id: ticket.id)
        tickets.trim(finishedBeyond: maximumFinished, of: \.device) { $0.state != .open }
        out.counters.ticketsOpened &+= 1
        out.decide(.ticket, at: out.now, device: ticket.device) { $0.members(of: ticket) }
        deliver(ticket, key: ticket.id, &out)
    }

    private func deliver(_ ticket: Ticket, key: String, _ out: inout StepOutput) {
        var body = JSONWriter()
        body.beginObject()
        body.members(of: ticket)
        body.member("device", ticket.device)
        body.endObject()
        out.effects.append(
            .deliver(
                Delivery(key: key, channel: .ticket, device: ticket.device, topic: "", body: body.bytes, expiresMilliseconds: nil)))
    }

    /// A ticket that an earlier version opened keeps the id that it had there.
    private func ticketID(about subject: String) -> String {
        let former = Ticket.formerID(about: subject)
        return tickets[former]?.alarm == subject ? former : Ticket.id(about: subject)
    }

    /// What an open ticket was about, an alarm or an order, has mended itself or was mended by somebody.
    mutating func subjectMended(_ subject: String) {
        _ = tickets.update(ticketID(about: subject)) { if $0.state == .open { $0.state = .recovered } }
    }

    /// How a delivery of the channel `ticket` ended. The key is the ticket's id, with a number behind a dot where it was extended.
    mutating func ticketSettled(_ key: String, _ outcome: DeliveryOutcome, _ detail: String?) {
        let id = tickets[key] == nil ? String(key.prefix { $0 != "." }) : key
        if outcome == .abandoned { _ = tickets.update(id) { $0.undelivered = detail ?? "no reason was given" } }
    }

    mutating func closeTicket(_ id: String, by person: String, _ out: inout StepOutput) {
        guard let ticket = tickets[id], ticket.state != .closed else { return out.refuse() }
        _ = tickets.update(id) { $0.state = .closed }
        out.decide(.ticketClosed, at: out.now, device: ticket.device) { writer in
            writer.member("ticket", id)
            writer.member("by", person)
        }
    }

    /// The device goes, and what people were to do for it is done.
    mutating func closeTickets(of device: String, by person: String, _ out: inout StepOutput) {
        for ticket in tickets.ids where tickets[ticket]?.device == device && tickets[ticket]?.state != .closed {
            closeTicket(ticket, by: person, &out)
        }
    }
}
