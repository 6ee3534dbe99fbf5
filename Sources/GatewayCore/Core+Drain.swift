import ConsumableForecast
import FaultDetection
import Replenishment
import ServiceValue
import Sparkplug
import Telemetry

/// Who takes what the desks tell one another.
extension StewardCore {
    /// Takes events until none is left. What an event sets off is taken before what was told after it, so that causes and their effects stand
    /// together in the journal.
    @inline(__always)
    mutating func drain() { if !out.events.isEmpty { drainAll() } }

    @inline(never)
    private mutating func drainAll() {
        // The next one is at the end. The memory is kept for the next time.
        var waiting: [CoreEvent] = []
        swap(&waiting, &out.waitingEvents)
        putOff(&waiting)
        while let event = waiting.popLast() {
            take(event)
            putOff(&waiting)
        }
        swap(&waiting, &out.waitingEvents)
    }

    private mutating func putOff(_ waiting: inout [CoreEvent]) {
        while let event = out.events.popLast() { waiting.append(event) }
    }

    private mutating func take(_ event: CoreEvent) {
        switch event {
        case .conditionBegan(let device, let cause, let time): alarms.raise(device, cause, at: time, fleet, &out)
        case .conditionEnded(let device, let condition, let source, let time, let evidence):
            alarms.clear(device, condition: condition, source: source, at: time, evidence, fleet, &out)
        case .conditionWeighs(let device, let condition, let severity, let time):
            alarms.weigh(device, condition: condition, severity, at: time, &out)

        case .alarmRaised(let device, let kind): availability.note(alarmKind: kind, device)
        case .helpWanted(let device, let alarm, let reason): help(device, alarm, because: reason)
        case .alarmEnded(let device, let alarm, let time): support.alarmEnded(device, alarm, at: time, fleet, &out)
        case .alarmsChanged(let device): alarms.reconsiderSuppression(device, fleet, &out)

        case .personWanted(let device, let id, let text, let reason, let isHeldBack):
            guard let alarm = alarms[id], !isHeldBack || inhibition(device, alarm) == nil else { return }
            let parts = support.ticketState(about: id) == nil ? wornParts(of: device) : ""
            support.openTicket(device, alarm, text: text, reason: reason + parts, &out)
        case .ticketWanted(let device, let ticket): support.open(device, ticket, &out)
        case .visitWanted(let device, let ticket, let interval):
            support.open(device, withWornParts(ticket, device, visitMilliseconds: interval), &out)
        case .visitPlanned(let device, let ticket): support.openAhead(device, ticket, &out)
        case .ticketNote(let subject, let words): support.note(subject, words, &out)
        case .wearDue(let device, let time): planVisits(device, at: time)
        case .subjectMended(let subject): support.subjectMended(subject)
        case .sparkplugCommandWanted(let device, let run, let command): sendToSparkplug(command, of: run, device)
        case .helpBegan(let device): availability.noteAction(device, at: now)

        case .equipmentState(let device, let state, let time): enter(device, state, at: time)
        case .fellSilent(let device, let last):
            availability.fallSilent(device, named: fleet.records[device].id, lastMilliseconds: last, &out)
        case .windowsChanged: reconsiderDowntime()

        case .supplyEvaluated(let device, let supply, let time): evaluated(device, supply, at: time)
        case .orderNeeded(let device, let supply, let order, let window, let time):
            // By hand a person may order whatever other devices have.
            if order.terms.requestedBy == OrderTerms.automatic, orderOfTwin(order, device) != nil { return }
            orders.place(order, window, device, supply: supply, at: time, storeDamage: reasonToAskAboutDamage, fleet, &out)
        case .cartridgeReplaced(let device, let replacement, let time): orders.installed(replacement, device, at: time, fleet, &out)
        case .supplyRefilled(let device, let supply, let residual, let time):
            guard let order = supplies.state(device, supply)?.order, orders.isThere(order, supplies.leadTime(device, supply, fleet), now)
            else { return }
            supplies.pouredIn(device, supply, residual, at: time, fleet, &out)
        case .cartridgePutBack(let device, let supply): putBack(device, supply)
        case .levelRefuted(let device, let supply, let order, let since):
            if orders.refuted(order, since: since, fleet, &out) { supplies.setOrder(nil, device, supply) }
        case .levelUnproven(let device, let supply):
            supplies.reorder(
                device, supply, at: fleet.devices[device].newestMilliseconds, asking: SupplyDesk.doubtReason, fleet, &out)
        case .orderOfSupply(let device, let supply, let order): supplies.setOrder(order, device, supply)
        case .orderWaited(let device, let order, let wait): supplies.orderWaited(order, device, milliseconds: wait)
        case .orderEnded(let device, let order, let generation):
            // It was for a cartridge that is in the slot no more, and must not keep the present one from being ordered.
            guard let supply = supplies.supply(ofOrder: order, device), supplies.generation(device, supply) != generation else { return }
            supplies.setOrder(nil, device, supply)
        case .stockShort(let item, let device): replenish(item, device)
        case .orderDelivered(let device, let order):
            guard let supply = supplies.supply(ofOrder: order, device) else { return orders.shelve(order, &out) }
            if let ended = supplies.ended(device, supply, fleet) { orders.visitIfThere(ended, device, fleet, &out) }
        }
    }

    // MARK: Alarms and support

    /// What outside of the alarms holds help for a device back.
    func outsideInhibition(_ device: DeviceIndex) -> AlarmDesk.OutsideInhibition {
        AlarmDesk.OutsideInhibition(window: maintenance.openWindow(over: device, fleet), storeDamage: reasonToAskAboutDamage)
    }

    package func inhibition(_ device: DeviceIndex, _ alarm: Alarm) -> Inhibition? {
        alarms.inhibition(
            device, alarm, outsideInhibition(device), hasPlaybook: fleet.playbook(of: alarm, device) != nil, at: now)
    }

    /// All that keeps an alarm from setting anything off, not only the first.
    package func inhibitions(_ device: DeviceIndex, _ alarm: Alarm) -> [Inhibition] {
        alarms.inhibitions(device, alarm, outsideInhibition(device), hasPlaybook: fleet.playbook(of: alarm, device) != nil, at: now)
    }

    private mutating func help(_ device: DeviceIndex, _ id: String, because reason: CoreEvent.HelpReason) {
        guard let alarm = alarms[id] else { return }
        if case .severity = reason, support.hasOpenRun(for: id, device) { return }
        guard inhibition(device, alarm) == nil else {
            if case .released = reason { return alarms.hold(id, isNew: false, &out) }
            return alarms.hold(id, isNew: true, &out)
        }
        support.help(device, alarm, playbook: fleet.playbook(of: alarm, device), fleet, &out)
    }

    mutating func settleInhibitions() {
        alarms.settle(&out, fleet)
        drain()
    }

    private mutating func sendToSparkplug(_ command: SupportDesk.Command, of run: String, _ device: DeviceIndex) {
        let name = fleet.records[device].id
        guard let rule = fleet.rules(of: device).commands.first(where: { $0.name == command.name }) else { return }
        do throws(SparkplugCommandError) {
            let message = try sparkplugCommand(rule, name, command.values(device: name))
            support.send(command, of: run, topic: message.topic, payload: message.payload, &out)
        } catch {
            support.cannotSend(device, run, command.request, reason: error.description, fleet, &out)
        }
    }

    // MARK: Downtime

    private mutating func enter(_ device: DeviceIndex, _ state: EquipmentState, at time: Int64) {
        // What is down while people work on it is down as planned.
        let isPlanned = state == .unscheduledDowntime && maintenance.isMaintained(device, at: time, fleet)
        let isRemote = support.isMending(device, at: time)
        let hasOpened = availability.enter(
            device, named: fleet.records[device].id, isPlanned ? .scheduledDowntime : state, at: time, isRemote: isRemote, &out)
        guard hasOpened else { return }
        // The alarms of the reading that opened it were raised before the status was asked.
        for alarm in alarms.standingAlarms(of: device) where alarm.lastRaisedMilliseconds >= time {
            availability.note(alarmKind: alarm.condition, device)
            if support.hasHelped(alarm.id, device) { availability.noteAction(device, at: now) }
        }
    }

    /// A device that is down when a window opens is down as planned from then on; what is still down when it closes is a fault.
    private mutating func reconsiderDowntime() {
        for device in fleet.presentDevices where !fleet.devices[device].isSilent {
            let derived = fleet.profiles[fleet.devices[device].profile].derived
            guard !derived.statusSlot.isNone, fleet.equipmentState(device) == .unscheduledDowntime else { continue }
            let told = if case .live(_, let time) = fleet.value(device, derived.statusSlot) { time } else { Int64.min }
            out.tell(.equipmentState(device, .unscheduledDowntime, at: max(now, told)))
        }
        alarms.inhibitionsMayHaveEnded()
    }

    // MARK: Supplies and orders

    private mutating func evaluated(_ device: DeviceIndex, _ supply: SupplyIndex, at time: Int64) {
        if let ended = supplies.ended(device, supply, fleet) { orders.visitIfThere(ended, device, fleet, &out) }
        if let order = supplies.state(device, supply)?.order, let promised = orders.promisedMilliseconds(order, now),
            let window = supplies.sendWindow(device, supply, at: time, fleet),
            let latest = window.latestMilliseconds(within: promised - now, from: now), latest < promised
        {
            orders.shortenWait(order, to: latest, fleet, &out)
        }
        if let order = supplies.state(device, supply)?.order { orders.proven(order, fleet, &out) }
        supplies.reorder(device, supply, at: time, fleet, &out)
    }

    /// What is on its way stays for whichever cartridge comes next; an order that has come to its end was for the other one, and must not keep this
    /// one from being ordered.
    private mutating func putBack(_ device: DeviceIndex, _ supply: SupplyIndex) {
        guard let state = supplies.state(device, supply), state.order.flatMap({ orders[$0] })?.state.isFinal != false else { return }
        let own = orders.lastOrder(
            device: fleet.records[device].id, supply: fleet.supplySlot(device, supply).name, generation: state.model.generation)
        supplies.takeOver(order: own?.id, device, supply)
    }
}
