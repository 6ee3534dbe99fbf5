import FoundationEssentials
import ServiceValue
import Telemetry

/// What two gateways that saw the same events must agree on, whenever the events arrived.
extension StewardCore {
    /// One hash over `digestLines`.
    public func digest() -> String {
        let hash = digestLines().reduce(ContentHash.seed) { ContentHash.combine($0, $1) }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// All device state, alarms, runs, orders, tickets and ledgers as text, sorted; arrival times and what follows from them are left out.
    public func digestLines() -> [String] {
        let json = JSONEncoder()
        json.outputFormatting = .sortedKeys
        func text(_ value: some Encodable) -> String { (try? json.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "?" }
        var lines: [String] = []
        for device in hot.indices where !hot[device].isVacant {
            let record = records[device]
            lines += anomalyLines(device)
            let layout = layouts[Int(hot[device].profile)]
            for (slot, definition) in layout.slots.enumerated() where slot < Int(hot[device].metricCapacity) {
                let metric = metrics[Int(hot[device].firstMetric) + slot]
                guard metric.timeMilliseconds != .min else { continue }
                let value = definition.kind == .state ? Self.state(definition, metric.value) : "\(metric.value)"
                lines.append("device \(record.id) \(definition.name) = \(metric.isUnknown ? "unknown" : value) @\(metric.timeMilliseconds)")
            }
            lines.append("ledger \(record.id) \(text(record.ledger.totals(atMilliseconds: hot[device].newestMilliseconds)))")
            lines.append("incidents \(record.id) \(text(record.incidents))")
            lines.append(
                "alerts \(record.id) \(text(record.alertCodes.filter { !$0.isEmpty })) \(record.activeAlarms.filter { alarms[$0]?.source != .order }.sorted().joined(separator: ","))"
            )
            for (index, supply) in record.supplies.enumerated()
            where index < layout.supplies.count && hasShown(layout.supplies[index], device) {
                let name = layout.supplies[index].name
                lines.append("supply \(record.id) \(name) \(supply.order ?? "-") \(text(supply.model))")
                lines.append("cartridge \(record.id) \(name) \(text(supply.reported)) \(text(supply.facts))")
            }
        }
        for alarm in alarms.all where alarm.source != .order {
            lines.append(
                "alarm \(alarm.id) \(alarm.device) \(alarm.condition) \(alarm.state.rawValue) \(alarm.severity.rawValue) \(alarm.onsetMilliseconds) \(alarm.clearedMilliseconds ?? -1) \(alarm.repeats)"
            )
        }
        for run in runs.all {
            let attempts = run.attempts.map { "\($0.command):\($0.requestID):\($0.outcome.rawValue)" }.joined(separator: " ")
            lines.append("run \(run.id) \(run.alarm) \(attempts)")
        }
        for order in orders.all {
            // How long it may wait, not until when: that is arrival time, as a deadline is.
            let wait = order.terms.latestSendMilliseconds.map { " may wait \($0 &- order.life.sinceMilliseconds)" } ?? ""
            let attempt = order.attempt > 1 ? " attempt \(order.attempt)" : ""
            lines.append("order \(order.id)\(attempt) \(order.state.rawValue) \(order.decidedMilliseconds)\(wait)")
        }
        for item in stock.items { lines.append("stock \(item) \(stock.unitsOnHand(item)) \(stock.unitsReserved(item))") }
        for ticket in tickets.all { lines.append("ticket \(ticket.id) \(ticket.state.rawValue)") }
        for profile in layouts.indices where bases[profile] == profile && learned[profile] != SupplyLearning() {
            lines.append("learned \(layouts[profile].profile.name) \(text(learned[profile]))")
        }
        lines.append("scores \(text(scores))")
        return lines.sorted()
    }

    static func state(_ slot: MetricSlot, _ value: Double) -> String {
        guard let index = Int(exactly: value), slot.states.indices.contains(index) else { return "?" }
        return slot.states[index]
    }
}
