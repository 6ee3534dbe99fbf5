import GatewayCore

/// What devices do and what happens to them.
extension ChaosWorld {
    func planDevice(_ device: Int) {
        add(.report(device), after: devices[device].dice.integer(1_000...280_000))
        planFault(device)
        plan(.deviceLeaves(device), .deviceOutage, &devices[device].dice)
        for kind in [ChaosKind.levelFalseZero, .levelUnknown] { plan(.levelTrouble(device, kind), kind, &devices[device].dice) }
        for kind in [ChaosKind.clockStepped, .clockBatteryFlat, .clockFrozen] {
            plan(.clockTrouble(device, kind), kind, &devices[device].dice)
        }
        plan(.rename(device), .deviceRenamed, &devices[device].dice)
    }

    /// The next time of something that happens so often in a year. The dice are thrown also at a rate of 0, so that another rate changes
    /// nothing else.
    func plan(_ event: Event, _ kind: ChaosKind, _ dice: inout SplitMix64) {
        let wait = dice.waiting(mean: 1)
        guard let mean = scenario.meanMilliseconds(kind) else { return }
        add(event, after: Int64(min(wait * mean, 1e14)) + 60_000)
    }

    private func planFault(_ device: Int) {
        let next = devices[device].nextFault
        guard next < devices[device].truth.faults.count else { return }
        queue.add(.faultBegins(device), at: devices[device].truth.faults[next].onset)
    }

    // MARK: Messages

    func regularReport(_ device: Int) {
        // A period of exactly the same length would make all clocks of a fleet beat together.
        add(
            .report(device),
            after: devices[device].reportMilliseconds(at: now, isSparse: scenario.isSparse) - devices[device].dice.integer(0...5_000))
        // Who is away without a queue says nothing that anybody would ever hear.
        if devices[device].awaySince != nil || !isBrokerUp, !devices[device].hasQueue { return }
        send(device, devices[device].report(at: now))
    }

    /// On its way to the broker, or into the device's own queue.
    func send(_ device: Int, _ message: ChaosDevice.Message) {
        guard devices[device].awaySince == nil, isBrokerUp else {
            guard devices[device].hasQueue else { return }
            if devices[device].queue.count >= ChaosDevice.maximumQueue { devices[device].queue.removeFirst() }
            return devices[device].queue.append(message)
        }
        devices[device].retained = message
        let (isLate, isRepeated) = (
            devices[device].dice.chance(scenario.rates[.messageLate]), devices[device].dice.chance(scenario.rates[.messageRepeatedByDevice])
        )
        if isLate {
            counts.count(.messageLate)
            add(.arrives(device, message), after: devices[device].dice.integer(60_000...900_000))
        } else {
            arrive([(device, message)])
        }
        guard isRepeated else { return }
        counts.count(.messageRepeatedByDevice)
        add(.arrives(device, message), after: devices[device].dice.integer(10...5_000))
    }

    /// At the broker.
    func arrive(_ messages: [(device: Int, message: ChaosDevice.Message)]) {
        guard isGatewayUp, isBrokerUp else { return brokerQueue.append(contentsOf: messages) }
        feed(messages: messages)
    }

    /// What a device has kept comes in a burst.
    func drainQueue(_ device: Int) {
        let waiting = devices[device].queue
        devices[device].queue = []
        for start in stride(from: 0, to: waiting.count, by: 100) {
            arrive(waiting[start..<min(start + 100, waiting.count)].map { (device, $0) })
        }
    }

    // MARK: Faults

    func faultBegins(_ device: Int) {
        let place = devices[device].nextFault
        let fault = devices[device].truth.faults[place]
        devices[device].nextFault += 1
        planFault(device)
        devices[device].fault = place
        checker.faultBegan(fault.kind, device: device, at: now)
        note(device, "a fault begins: \(fault.kind.rawValue)")
        counts.count(.fault)
        if let after = fault.mendsItselfAfter { add(.faultEnds(device, fault: place), after: after) }
        add(.faultEnds(device, fault: place), after: fault.foundAfter)
        for after in [0, 15_000, 60_000, 120_000] as [Int64] { add(.extraReport(device), after: after) }
    }

    func faultEnds(_ device: Int, _ fault: Int) {
        guard devices[device].fault == fault else { return }
        devices[device].fault = nil
        checker.faultEnded(device: device, at: now)
        note(device, "the fault ends")
        for after in [0, 15_000] as [Int64] { add(.extraReport(device), after: after) }
    }

    // MARK: What goes wrong

    /// - Parameter duration: nil for one that is drawn; another outage is then planned as well.
    func deviceLeaves(_ device: Int, for duration: Int64?) {
        if duration == nil { plan(.deviceLeaves(device), .deviceOutage, &devices[device].dice) }
        guard devices[device].awaySince == nil else { return }
        let drawn = 600_000 + Int64(min(devices[device].dice.waiting(mean: 8 * 3_600_000), 5 * 86_400_000))
        counts.count(.deviceOutage)
        devices[device].awaySince = now
        note(device, "the device is away")
        add(.deviceReturns(device), after: duration ?? drawn)
    }

    func deviceReturns(_ device: Int) {
        guard let since = devices[device].awaySince else { return }
        devices[device].awaySince = nil
        devices[device].unheard.append(since..<now)
        note(device, "the device is back")
        if devices[device].dice.chance(scenario.rates[.levelsZeroAfterPowerOn]) {
            counts.count(.levelsZeroAfterPowerOn)
            devices[device].allZeroUntil = now + devices[device].dice.integer(60_000...900_000)
        }
        // What came to the session of the device meanwhile.
        let held = devices[device].held
        devices[device].held = []
        for command in held where !(devices[device].sessionKnowsExpiry && command.deadline.map { now >= $0 } == true) {
            add(.commandArrives(device, command), after: 500)
        }
        guard isBrokerUp else { return }
        drainQueue(device)
        send(device, devices[device].report(at: now))
    }

    func levelTrouble(_ device: Int, _ kind: ChaosKind) {
        plan(.levelTrouble(device, kind), kind, &devices[device].dice)
        counts.count(kind)
        switch kind {
        case .levelFalseZero:
            devices[device].falseZeroSlot = Int(devices[device].dice.integer(0...Int64(devices[device].truth.slots.count - 1)))
        default:
            let until = now + devices[device].dice.integer(3_600_000...3 * 86_400_000)
            devices[device].unheard.append(now..<until)
            devices[device].unknownUntil = max(devices[device].unknownUntil, until)
        }
    }

    func clockTrouble(_ device: Int, _ kind: ChaosKind) {
        plan(.clockTrouble(device, kind), kind, &devices[device].dice)
        counts.count(kind)
        let until = now + devices[device].dice.integer(3_600_000...2 * 86_400_000)
        note(device, "its clock: \(kind.rawValue)")
        switch kind {
        case .clockStepped:
            let step = devices[device].dice.integer(60_000...86_000_000) * (devices[device].dice.chance(0.5) ? 1 : -1)
            devices[device].clock.step(at: now, by: step, until: until)
        case .clockBatteryFlat: devices[device].clock.losePower(at: now, until: until)
        default: devices[device].clock.freeze(at: now, until: until)
        }
    }

    /// It goes on under another id, and the operator takes the old one away.
    func rename(_ device: Int) {
        plan(.rename(device), .deviceRenamed, &devices[device].dice)
        counts.count(.deviceRenamed)
        let old = devices[device].name
        devices[device].name = old + "b"
        devices[device].retained = nil
        deviceNamed[devices[device].name] = device
        note(device, "it is called \(devices[device].name) from now on")
        let wait = devices[device].dice.integer(3_600_000...3 * 86_400_000)
        add(.control(.removeDevice(device: old, by: "ann")), after: wait)
    }
}
