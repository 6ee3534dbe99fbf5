import Documents
import GatewayCore
import Outbound
import Replenishment

/// Orders on their way to the supplier, what it does with them, and what it says of it.
extension ChaosWorld {
    private static let day: Int64 = 86_400_000
    private static let giveUpMilliseconds = 3 * day
    private static let retries = RetryPolicy(baseMilliseconds: 1000, capMilliseconds: 600_000)

    /// One try of a delivery, as the gateway's worker makes it.
    func attempt(_ key: String) {
        guard var entry = outbox[key] else { return }
        guard isGatewayUp else { return add(.attempt(key: key), after: 600_000) }
        guard let document = try? OrderDocument(parsing: entry.body, key: key, createdMilliseconds: entry.created) else {
            return checker.violate(.invariant, at: now, device: "", "the delivery \(key) cannot be read by a supplier")
        }
        supplier.remember(document)
        var dice = SplitMix64(seed: scenario.seed, name: "try/\(key)/\(entry.attempts)")
        let answer = supplier.isDown(at: now) ? .nothing : document.isCancellation ? calledOff(document) : ordered(document, &dice)
        switch answer {
        case .taken: settleOrder(key)
        // As `LinkOutcome.isForeign`: an order that an earlier try may have brought there is our own.
        case .conflict where entry.mayBeTaken: settleOrder(key)
        case .conflict:
            outbox[key] = nil
            add(.control(.order(.duplicate(key: key, detail: nil))), after: 500)
        case .nothing:
            entry.attempts += 1
            entry.mayBeTaken = entry.mayBeTaken || !supplier.isDown(at: now)
            outbox[key] = entry
            guard now - entry.created <= Self.giveUpMilliseconds else {
                outbox[key] = nil
                let detail =
                    "given up after \(entry.attempts) tries: the receiver answered 503" + (entry.mayBeTaken ? OrderDesk.uncertainWords : "")
                return add(.control(.settled(key: key, channel: .order, outcome: .abandoned, detail: detail)), after: 500)
            }
            add(.attempt(key: key), after: Self.retries.delayMilliseconds(attempt: entry.attempts, random: dice.unit()) + 1000)
        }
    }

    private func settleOrder(_ key: String) {
        outbox[key] = nil
        add(.control(.settled(key: key, channel: .order, outcome: .delivered, detail: nil)), after: 500)
    }

    private func calledOff(_ document: OrderDocument) -> ChaosSupplier.Answer {
        for line in document.lines where supplier.cancel(line.order, at: now) { checker.ended(order: line.order, .calledOff) }
        return .taken
    }

    private func ordered(_ document: OrderDocument, _ dice: inout SplitMix64) -> ChaosSupplier.Answer {
        guard !supplier.takenKeys.contains(document.key) else {
            if isStubborn(document.key) {
                if !supplier.hasFailed(document.key) { counts.count(.supplierFailsRepeats) }
                supplier.fail(document.key)
                return .nothing
            }
            guard dice.chance(scenario.rates[.supplierRefusesRepeats]) else { return .taken }
            counts.count(.supplierRefusesRepeats)
            return .conflict
        }
        process(document)
        guard dice.chance(scenario.rates[.supplierAnswerLost]) else { return .taken }
        counts.count(.supplierAnswerLost)
        return .nothing
    }

    /// An order that is answered with an error however often it is asked about, and of which no report comes either.
    private func isStubborn(_ key: String) -> Bool {
        var dice = SplitMix64(seed: scenario.seed, name: "stubborn/" + key)
        return dice.chance(scenario.rates[.supplierFailsRepeats])
    }

    // MARK: What becomes of an order

    private func process(_ document: OrderDocument) {
        var together = SplitMix64(seed: scenario.seed, name: "order/" + (document.lines.first?.order ?? ""))
        let comesInParts = document.lines.count > 1 && together.chance(scenario.rates[.supplierSendsPart])
        if comesInParts { counts.count(.supplierSendsPart) }
        let common = together.integer(Self.day...4 * Self.day)
        var shipped: [Int64] = []
        for (place, line) in document.lines.enumerated() {
            var dice = SplitMix64(seed: scenario.seed, name: "line/" + line.order)
            let own = dice.integer(Self.day...4 * Self.day)
            let isLate = dice.chance(scenario.rates[.supplierDeliversLate])
            let delay = dice.integer(2 * Self.day...6 * Self.day)
            if isLate { counts.count(.supplierDeliversLate) }
            let lead = (document.lines.count == 1 || comesInParts ? own : common) + (isLate ? delay : 0)
            shipped.append(now + lead * 2 / 5)
            let device = deviceNamed[line.device] ?? 0
            checker.took(order: line.order, at: now, story: story(device))
            note(device, "the supplier takes \(line.order)")
            follow(line.order, line: place + 1, of: document, leadMilliseconds: lead, &dice)
        }
        supplier.take(document, shippedAt: shipped)
    }

    private func follow(_ order: String, line: Int, of document: OrderDocument, leadMilliseconds lead: Int64, _ dice: inout SplitMix64) {
        var steps: [(state: SupplyOrder.State, after: Int64)] = [
            (.accepted, dice.integer(300_000...4 * 3_600_000)), (.shipped, lead * 2 / 5), (.delivered, lead),
        ]
        let (isCancelled, isWrong) = (dice.chance(scenario.rates[.supplierCancels]), dice.chance(scenario.rates[.supplierSendsWrongItem]))
        if isCancelled {
            counts.count(.supplierCancels)
            checker.ended(order: order, .cancelledBySupplier)
            steps = [steps[0], (.cancelled, lead * 2 / 5)]
        } else if isWrong {
            counts.count(.supplierSendsWrongItem)
            checker.ended(order: order, .wrongItem)
        } else {
            add(.parcelArrives(order: order), after: lead)
        }
        guard !isStubborn(document.key) else { return }
        for place in steps.indices { tell(steps[place].state, steps, place, order, line, document, &dice) }
    }

    private func tell(
        _ state: SupplyOrder.State, _ steps: [(state: SupplyOrder.State, after: Int64)], _ place: Int, _ order: String, _ line: Int,
        _ document: OrderDocument, _ dice: inout SplitMix64
    ) {
        let (isTwice, isBehind, isLate) = (
            dice.chance(scenario.rates[.supplierReportsTwice]), dice.chance(scenario.rates[.supplierReportsOutOfOrder]),
            dice.chance(scenario.rates[.supplierReportsLate])
        )
        let (delay, again) = (dice.integer(3_600_000...5 * Self.day), dice.integer(60_000...Self.day))
        var after = steps[place].after
        if isLate {
            counts.count(.supplierReportsLate)
            after += delay
        }
        if isBehind, place + 1 < steps.count {
            counts.count(.supplierReportsOutOfOrder)
            after = steps[place + 1].after + 3_600_000
        }
        let report: ControlEvent =
            document.lines.count > 1
            ? .order(.line(key: document.key, line: line, state: state, reference: "S-\(order.suffix(6))", detail: nil))
            : .orderUpdate(order: order, state: state, reference: "S-\(order.suffix(6))", detail: nil)
        add(.supplierReports(report, order: order), after: after)
        guard isTwice else { return }
        counts.count(.supplierReportsTwice)
        add(.supplierReports(report, order: order), after: after + again)
    }

    /// Of what was called off in time the supplier says nothing more.
    func supplierReports(_ report: ControlEvent, order: String) {
        guard supplier.orders[order]?.isCancelled != true else { return }
        tellCore(report)
    }
}
