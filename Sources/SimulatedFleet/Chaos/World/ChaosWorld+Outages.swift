import GatewayCore

/// Ends and returns of gateway and broker, and the gateway's clock.
extension ChaosWorld {
    func planGateway() {
        plan(.gatewayEnds, .gatewayOutage, &gatewayDice)
        plan(.gatewayClockSteps(0), .gatewayClockStepped, &gatewayDice)
        plan(.brokerEnds, .brokerOutage, &brokerDice)
        for day in stride(from: Int64(7), to: Int64(scenario.days), by: 14) { add(.restart, after: day * 86_400_000 + 4_321_000) }
    }

    private func becomeDeaf() { if deafSince == nil { deafSince = now } }

    private func hearAgain() {
        guard isGatewayUp, isBrokerUp, let since = deafSince else { return }
        deaf.append(since..<now)
        deafSince = nil
    }

    func gatewayEnds() {
        plan(.gatewayEnds, .gatewayOutage, &gatewayDice)
        let duration = 60_000 + Int64(min(gatewayDice.waiting(mean: 5 * 3_600_000), 4 * 86_400_000))
        guard isGatewayUp else { return }
        counts.count(.gatewayOutage)
        isGatewayUp = false
        becomeDeaf()
        add(.gatewayReturns, after: duration)
    }

    func gatewayReturns() {
        isGatewayUp = true
        restart()
        guard isBrokerUp else { return }
        connect(repeatsLast: true)
    }

    func brokerEnds() {
        plan(.brokerEnds, .brokerOutage, &brokerDice)
        let duration = 30_000 + Int64(min(brokerDice.waiting(mean: 3_600_000), 86_400_000))
        guard isBrokerUp else { return }
        counts.count(.brokerOutage)
        isBrokerUp = false
        becomeDeaf()
        if isGatewayUp { feed(messages: []) { $0.append(.disconnected) } }
        add(.brokerReturns, after: duration)
    }

    func brokerReturns() {
        isBrokerUp = true
        if isGatewayUp { connect(repeatsLast: false) }
        for device in devices.indices where devices[device].awaySince == nil && !devices[device].queue.isEmpty { drainQueue(device) }
    }

    /// The gateway's session stands again: what waited in it comes, or only what is retained.
    private func connect(repeatsLast: Bool) {
        hearAgain()
        let isLost = brokerDice.chance(scenario.rates[.brokerSessionLost])
        let waiting = brokerQueue
        brokerQueue = []
        guard !isLost else {
            counts.count(.brokerSessionLost)
            feed(messages: devices.indices.compactMap { device in devices[device].retained.map { (device, $0) } }, isRetained: true) {
                $0.append(.connected(sessionPresent: false))
            }
            return
        }
        let again = repeatsLast ? lastDelivered : []
        feed(messages: []) { segment in
            segment.append(.connected(sessionPresent: true))
            segment.append(.backlogBegan)
            for (_, message, id) in again {
                segment.append(topic: message.topic, payload: message.payload, packetID: id, isDuplicate: true)
            }
        }
        for start in stride(from: 0, to: waiting.count, by: 100) {
            now += 20
            feed(messages: Array(waiting[start..<min(start + 100, waiting.count)]))
        }
        // As `BacklogWatch` finds the end of the queue: a moment after its last message.
        now += 1000
        feed(messages: []) { $0.append(.backlogEnded) }
    }

    /// Off by up to an hour, and right again when NTP has a word.
    func stepGatewayClock(_ back: Int64) {
        var step = back
        if back == 0 {
            plan(.gatewayClockSteps(0), .gatewayClockStepped, &gatewayDice)
            step = gatewayDice.integer(5_000...3_600_000) * (gatewayDice.chance(0.5) ? 1 : -1)
            add(.gatewayClockSteps(-step), after: gatewayDice.integer(600_000...86_400_000))
            counts.count(.gatewayClockStepped)
        }
        // Who is down meets the step when it is up; nobody has to be told.
        guard isGatewayUp else {
            if back != 0 { add(.gatewayClockSteps(back), after: 600_000) } else { add(.gatewayClockSteps(step), after: 600_000) }
            return
        }
        gatewayOffset += step
        feed(messages: []) { $0.append(.clockStepped(byMilliseconds: step)) }
    }
}
