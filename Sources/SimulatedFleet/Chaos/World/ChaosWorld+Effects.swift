import Documents
import GatewayCore

/// What the core wants done.
extension ChaosWorld {
    func take(_ effect: Effect) {
        switch effect {
        case .decision(let decision): take(decision)
        case .deliver(let delivery): deliver(delivery)
        case .withdraw(let key): outbox[key] = nil
        case .history, .interval, .incident: break
        case .deadLetter: checker.countDeadLetter()
        }
    }

    private func deliver(_ delivery: Delivery) {
        switch delivery.channel {
        case .command: sendCommand(delivery)
        case .order:
            // A key that is in the outbox already is not added again.
            guard outbox[delivery.key] == nil else { return }
            outbox[delivery.key] = OutboxEntry(body: delivery.body, created: now)
            add(.attempt(key: delivery.key), after: 1000)
        case .ticket:
            add(.control(.settled(key: delivery.key, channel: .ticket, outcome: .delivered, detail: nil)), after: 2000)
            takeTicket(delivery)
        }
    }

    private func take(_ decision: Decision) {
        guard let device = deviceNamed[decision.device] else { return }
        note(device, .decision, decision.line)
        switch decision.kind {
        case .order, .orderUpdated, .stock, .stockReserved, .supplyReplaced, .alarmRaised, .ticket: break
        default: return
        }
        guard let line = try? DocumentParser.parse(decision.line, file: "decision") else { return }
        switch decision.kind {
        case .order: decided(line, device)
        case .supplyReplaced:
            if let slot = slot(line, device) { checker.sawChange(device: device, slot: slot, at: now) }
        case .stock:
            if let id = line.member("order")?.text { checker.shelved(order: id) }
        case .stockReserved:
            guard let slot = slot(line, device) else { return }
            checker.reserved(device: device, slot: slot, at: now)
        case .orderUpdated:
            // A report on an order names no supply; an order that is meant for another cartridge does.
            guard let id = line.member("order")?.text, let slot = slot(line, device) else { return }
            checker.carried(order: id, device: device, slot: slot, at: now, story: story(device))
        case .alarmRaised: raised(line, device, name: decision.device)
        case .ticket:
            if let alarm = line.member("alarm")?.text, let condition = conditionOfAlarm[alarm] {
                checker.ticket(condition: condition, device: device, at: now)
            }
        default: break
        }
    }

    private func decided(_ line: DocumentNode, _ device: Int) {
        guard let id = line.member("order")?.text, let slot = slot(line, device) else { return }
        checker.decided(order: id, device: device, slot: slot, at: now)
        guard line.member("state")?.text == "awaiting-approval" else { return }
        var dice = SplitMix64(seed: scenario.seed, name: "approval/" + id)
        add(.control(.order(.approve(order: id, by: "ann"))), after: dice.integer(1_800_000...6 * 3_600_000))
    }

    private func slot(_ line: DocumentNode, _ device: Int) -> Int? {
        line.member("supply")?.text.flatMap { devices[device].truth.slot(named: $0) }
    }

    private func raised(_ line: DocumentNode, _ device: Int, name: String) {
        guard let condition = line.member("condition")?.text, let alarm = line.member("alarm")?.text else { return }
        conditionOfAlarm[alarm] = condition
        if condition == "silent" {
            // Under its former name it is silent indeed.
            guard name == devices[device].name else { return }
            checker.silent(
                device: device, unheardMilliseconds: now - devices[device].heard, limitMilliseconds: devices[device].silentMilliseconds)
        } else {
            checker.raised(condition: condition, device: device, at: now)
        }
    }

    // MARK: People

    /// Somebody goes to the device, or orders again what came to nothing.
    private func takeTicket(_ delivery: Delivery) {
        guard let device = deviceNamed[delivery.device], let ticket = try? DocumentParser.parse(delivery.body, file: "ticket"),
            let alarm = ticket.member("alarm")?.text
        else { return }
        if alarm.hasPrefix("or-") {
            if alarm.hasSuffix("/count"),
                let slot = supplier.slotOfOrder[String(alarm.dropLast(6))].flatMap({ devices[device].truth.slot(named: $0) })
            {
                var dice = SplitMix64(seed: scenario.seed, name: "count/" + alarm)
                return add(.countCupboard(item: devices[device].truth.slots[slot].item), after: dice.integer(3_600_000...10 * 3_600_000))
            }
            guard !alarm.contains("/"), let slot = supplier.slotOfOrder[alarm].flatMap({ devices[device].truth.slot(named: $0) }) else {
                return
            }
            var dice = SplitMix64(seed: scenario.seed, name: "again/" + alarm)
            return add(.orderAgain(order: alarm, device: device, slot: slot), after: dice.integer(3_600_000...10 * 3_600_000))
        }
        if let fault = devices[device].fault {
            add(.faultEnds(device, fault: fault), after: devices[device].truth.faults[fault].personAfter)
        }
    }

    /// A person who sees that the cartridge is still there and low orders again, if the gateway allows it. Told that the order may have been
    /// taken, the person asks the supplier first.
    func orderAgain(_ order: String, _ device: Int, _ slot: Int) {
        let (name, supply) = (devices[device].name, devices[device].truth.slots[slot].name)
        let despite = supplier.orders[order] == nil ? order : nil
        guard checker.isStillNeeded(order: order, slot: slot, at: now),
            core.problem(requesting: supply, of: name, despite: despite) == nil
        else { return }
        note(device, "a person orders again")
        tellCore(.order(.request(device: name, supply: supply, by: "ann", despite: despite)))
    }
}
