import ConsumableForecast
import Replenishment
import Telemetry

/// Events that are not messages.
extension StewardCore {
    mutating func control(_ frame: Segment.Frame) {
        // Time itself was taken when the segment began.
        if ControlEvent.isTick(frame.payload) { return settleInhibitions() }
        guard let event = ControlEvent(decoding: frame.payload) else { return out.refuse() }
        take(event)
        drain()
        settleInhibitions()
    }

    private mutating func take(_ event: ControlEvent) {
        switch event {
        // `step` has taken a step of the clock already.
        case .tick, .clockStepped: break
        case .connected(let sessionPresent):
            presence.connected(now)
            repeats.connected(sessionPresent: sessionPresent)
        case .disconnected:
            endBacklog()
            presence.disconnected()
        case .backlogBegan: presence.catchUp()
        case .backlogEnded: endBacklog()
        case .settled(let key, .order, let outcome, let detail): orders.settled(key, outcome, detail, fleet, &out)
        case .settled(let key, .command, let outcome, let detail): support.commandSettled(key, outcome, detail, fleet, &out)
        case .settled(let key, .ticket, let outcome, let detail): support.ticketSettled(key, outcome, detail)
        case .orderUpdate(let order, let state, let reference, let detail):
            if !orders.reportFromOutside(order, state, reference: reference, detail: detail, fleet, &out) { out.refuse() }
        case .order(let event): if !take(event) { out.refuse() }
        case .survey(let submission): experience.count(submission, &out)
        case .withdrawSurvey(let survey, let person): experience.withdraw(survey, by: person, &out)
        case .acknowledge(let alarm, let person): alarms.acknowledge(alarm, by: person, fleet, &out)
        case .shelve(let alarm, let person, let until, let reason):
            alarms.shelve(alarm, by: person, until: until, reason: reason, fleet, &out)
        case .unshelve(let alarm, let person): alarms.unshelve(alarm, by: person, fleet, &out)
        case .reset(let alarm, let person): alarms.reset(alarm, by: person, fleet, &out)
        case .callNormal(let alarm, let person, let reason): callNormal(alarm, by: person, reason: reason)
        case .callUnusual(let alarm, let person, let reason): callUnusual(alarm, by: person, reason: reason)
        case .addMaintenance(let window): maintenance.add(window, &out)
        case .endMaintenance(let window, let person): maintenance.end(window, by: person, &out)
        case .closeTicket(let ticket, let person): support.closeTicket(ticket, by: person, &out)
        case .removeDevice(let device, let person): if !remove(device, by: person) { out.refuse() }
        case .succeedDevice(let former, let successor, let kind, let person):
            if !succeed(former, by: successor, kind, person: person) { out.refuse() }
        case .oversized(let topic, let byteCount): oversized(topic, byteCount)
        case .replayed(let topic, let payload, let isRetained, let arrival):
            replay(Array(topic), Array(payload), isRetained: isRetained, arrivalMilliseconds: arrival)
        case .storeDamaged(let damage): damaged(damage)
        case .storeDamageSeen(let damage, let person): sawDamage(damage, person)
        }
    }

    /// False when it is refused.
    private mutating func take(_ event: OrderEvent) -> Bool {
        switch event {
        case .approve(let order, let by): orders.approve(order, by: by, fleet, &out)
        case .reject(let order, let by, let reason): orders.reject(order, by: by, reason, fleet, &out)
        case .cancel(let order, let by, let reason): orders.cancel(order, by: by, reason, fleet, &out)
        case .request(let device, let supply, let by, let despite): request(supply, of: device, by: by, despite: despite)
        case .duplicate(let key, let detail): orders.duplicated(key, detail, fleet, &out)
        case .line(let key, let line, let state, let reference, let detail):
            orders.reportLine(line, of: key, state, reference: reference, detail: detail, fleet, &out)
        case .stockCounted(let item, let units, let by): orders.changeStock(.counted(item: item, units: units), by: by, fleet, &out)
        case .stockAdded(let item, let units, let by): orders.changeStock(.added(item: item, units: units), by: by, fleet, &out)
        }
    }

    /// A person asks for an order by hand.
    private mutating func request(_ name: String, of id: String, by person: String, despite: String?) -> Bool {
        guard let (device, supply, request) = orderRequest(name, of: id, despite: despite), orders.problem(request) == nil else {
            return false
        }
        // Somebody has taken care of the attempt that failed.
        if let last = orders.lastOrder(device: id, supply: name, generation: request.generation) { out.tell(.subjectMended(last.id)) }
        out.tell(.orderNeeded(device, supply: supply, orders.order(request, by: person, at: now), nil, at: now))
        return true
    }

    /// What an order of a supply by hand would be; nil when there is no such supply.
    private func orderRequest(
        _ name: String, of id: String, despite: String?
    ) -> (device: DeviceIndex, supply: SupplyIndex, request: OrderDesk.Request)? {
        guard let device = fleet.device(named: id), let supply = fleet.supply(named: name, of: device),
            let state = supplies.state(device, supply)
        else { return nil }
        let request = OrderDesk.Request(
            device: id, supply: name, item: supplies.item(device, supply, fleet), generation: state.model.generation,
            levelPercent: state.model.levelPercent, order: state.order, despite: despite)
        return (device, supply, request)
    }

    /// Nil when a person may ask for an order of this supply; otherwise why not.
    /// - Parameter despite: the order that failed and may have been taken all the same, when the person knows of it.
    public func problem(requesting supply: String, of device: String, despite: String? = nil) -> String? {
        guard fleet.device(named: device) != nil else { return "there is no such device" }
        guard let (_, _, request) = orderRequest(supply, of: device, despite: despite) else { return "the device has no such supply" }
        return orders.problem(request)
    }

    private mutating func oversized(_ topic: String, _ byteCount: Int) {
        out.counters.deadLetters &+= 1
        let reason = "the payload has \(byteCount) bytes; at most \(configuration.maximumPayloadBytes) are read (limits.payloadBytes)"
        out.effects.append(
            .deadLetter(
                DeadLetter(
                    event: lastEvent, arrivalMilliseconds: now, topic: Array(topic.utf8), payload: [], reason: reason, profile: nil)))
    }

    /// A dead letter once more. Its first arrival stands in for a time of its own, it is no sign of life, and what it says of long ago
    /// sends nothing: the rule of freshness sees to that, because `now` is the real one.
    private mutating func replay(
        _ topic: [UInt8], _ payload: [UInt8], isRetained: Bool, arrivalMilliseconds: Int64
    ) {
        var segment = Segment(capacityBytes: topic.count + payload.count + Segment.headerBytes)
        topic.withUnsafeBytes { topic in
            payload.withUnsafeBytes { segment.append(isRetained: isRetained, topic: topic, payload: $0) }
        }
        guard let frame = segment.frame(at: 0) else { return }
        replayedArrivalMilliseconds = min(arrivalMilliseconds, now)
        out.counters.messages &+= 1
        read(frame, lastEvent)
        replayedArrivalMilliseconds = nil
    }
}
