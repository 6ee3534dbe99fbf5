import Documents
import GatewayCore

/// Commands on their way to devices, and the answers.
extension ChaosWorld {
    /// The outbox hands a command to the broker, as long as its deadline is not over.
    func sendCommand(_ delivery: Delivery) {
        lastCommand = now
        let deadline = delivery.expiresMilliseconds.map { $0 - gatewayOffset }
        let parts = delivery.topic.split(separator: "/")
        guard parts.count == 4, let device = deviceNamed[String(parts[1])] else { return }
        guard let deadline, isBrokerUp, isGatewayUp else {
            guard let deadline, now < deadline else {
                return settle(delivery.key, .abandoned, "it expired before it could be delivered")
            }
            return add(.sendCommand(delivery), after: 500)
        }
        guard now < deadline else { return settle(delivery.key, .abandoned, "it expired before it could be delivered") }
        guard parts[1] == devices[device].name else {
            return settle(delivery.key, .abandoned, "no device listens to \(delivery.topic)")
        }
        let isMaintained = windows.isOpen(devices[device].name, at: now) && windows.isOpen(devices[device].name, at: now + gatewayOffset)
        checker.commandLeft(device: device, isMaintained: isMaintained, at: now, story: story(device))
        settle(delivery.key, .delivered, nil)
        var dice = SplitMix64(seed: scenario.seed, name: "command/" + delivery.key)
        let (isLost, meetsOutage) = (dice.chance(scenario.rates[.commandLost]), dice.chance(scenario.rates[.commandMeetsOutage]))
        let outage = dice.integer(300_000...5_400_000)
        guard !isLost else { return counts.count(.commandLost) }
        let command = ChaosDevice.HeldCommand(
            request: delivery.key, name: String(parts[3]), deadline: deadline, toldDeadline: toldDeadline(delivery.body),
            wasKnown: now - devices[device].heard
                > (core.silentAfterMilliseconds(devices[device].name) ?? devices[device].silentMilliseconds) + 60_000)
        if meetsOutage, devices[device].awaySince == nil {
            counts.count(.commandMeetsOutage)
            deviceLeaves(device, for: outage)
        }
        guard devices[device].awaySince == nil else { return devices[device].held.append(command) }
        add(.commandArrives(device, command), after: dice.integer(100...3_000))
    }

    private func settle(_ key: String, _ outcome: DeliveryOutcome, _ detail: String?) {
        add(.control(.settled(key: key, channel: .command, outcome: outcome, detail: detail)), after: 50)
    }

    private func toldDeadline(_ body: [UInt8]) -> Int64? {
        guard let payload = try? DocumentParser.parse(body, file: "command"), let deadline = payload.member("deadline") else { return nil }
        return deadline.number.flatMap { Int64(exactly: $0) } ?? deadline.text.flatMap { Int64($0) }
    }

    /// The device does whatever arrives, unless it looks at the deadline and its clock is beyond that; and says so.
    func execute(_ command: ChaosDevice.HeldCommand, _ device: Int) {
        if devices[device].looksAtDeadline, let deadline = command.toldDeadline, let time = devices[device].clock.time(at: now),
            time > deadline
        {
            return note(device, "passes over \(command.name) \(command.request), whose deadline is over")
        }
        note(device, "executes \(command.name) \(command.request)")
        checker.executed(
            command: "\(command.name) \(command.request)", device: device, deadline: command.deadline, wasKnown: command.wasKnown, at: now,
            story: story(device))
        var dice = SplitMix64(seed: scenario.seed, name: "answer/" + command.request)
        if let fault = devices[device].fault, devices[device].truth.faults[fault].yieldsToCommand {
            add(.faultEnds(device, fault: fault), after: dice.integer(2_000...20_000))
        }
        let (isLost, isLate, isTwice) = (
            dice.chance(scenario.rates[.commandAnswerLost]), dice.chance(scenario.rates[.commandAnsweredLate]),
            dice.chance(scenario.rates[.commandAnsweredTwice])
        )
        let (quick, late) = (dice.integer(200...4_000), dice.integer(60_000...3_600_000))
        guard !isLost else { return counts.count(.commandAnswerLost) }
        if isLate { counts.count(.commandAnsweredLate) }
        let payload = JSONWriter.object { writer in
            writer.member("requestId", command.request)
            writer.member("outcome", "ok")
        }
        let message = ChaosDevice.Message(topic: "devices/\(devices[device].name)/replies", payload: payload)
        add(.answer(device, message), after: isLate ? late : quick)
        guard isTwice else { return }
        counts.count(.commandAnsweredTwice)
        add(.answer(device, message), after: (isLate ? late : quick) + 700)
    }
}
