import FaultDetection
import FoundationEssentials
import Hashing
import RemoteSupport
import Replenishment
import ServiceValue
import Telemetry

/// Where a walk over the state stands. It is taken in small steps, so that whoever asks can let go of the core in between.
public struct DigestWalk: Sendable {
    fileprivate enum Section: Int {
        case devices
        case alarms
        case runs
        case orders
        case tickets
        case rest
        case end
    }

    fileprivate var section = Section.devices
    fileprivate var index = 0
    /// The sum of the lines' hashes: no order and no memory of the lines is needed.
    fileprivate var sum: UInt64 = 0

    public init() {}

    public var isAtEnd: Bool { section == .end }

    /// Equal for equal states. Meaningful at the end, when the core took no event during the walk.
    public var digest: String {
        let digits = String(sum, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// What two gateways that saw the same events must agree on, whenever the events arrived.
extension StewardCore {
    /// One hash over `digestLines`.
    public func digest() -> String {
        var walk = DigestWalk()
        while !walk.isAtEnd { _ = digestStep(&walk) }
        return walk.digest
    }

    /// All device state, alarms, runs, orders, tickets and ledgers as text, sorted; arrival times and what follows from them are left out.
    public func digestLines() -> [String] {
        var walk = DigestWalk()
        var lines: [String] = []
        while !walk.isAtEnd { lines += digestStep(&walk) }
        return lines.sorted()
    }

    /// The lines of the next device, or of the next few of the other things.
    public func digestStep(_ walk: inout DigestWalk) -> [String] {
        let lines: [String]
        switch walk.section {
        case .devices: lines = next(&walk, of: fleet.devices.count, atOnce: 1) { $0.flatMap { deviceLines(DeviceIndex(place: Int32($0))) } }
        case .alarms:
            lines = next(&walk, of: alarms.count) { places in
                places.compactMap { alarms[alarms.ids[$0]] }.filter { $0.source != .order }.map(Self.line)
            }
        case .runs: lines = next(&walk, of: support.runs.count) { $0.compactMap { support.runs[support.runs.ids[$0]] }.map(Self.line) }
        case .orders: lines = next(&walk, of: orders.count) { $0.compactMap { orders[orders.ids[$0]] }.map(Self.line) }
        case .tickets:
            lines = next(&walk, of: support.tickets.count) { places in
                places.compactMap { support.tickets[support.tickets.ids[$0]] }.map { "ticket \($0.id) \($0.state.rawValue)" }
            }
        case .rest:
            lines = restLines()
            walk.section = .end
        case .end: lines = []
        }
        for line in lines { walk.sum &+= ContentHash.combine(ContentHash.seed, line) }
        return lines
    }

    private func next(_ walk: inout DigestWalk, of count: Int, atOnce: Int = 50, _ lines: (Range<Int>) -> [String]) -> [String] {
        let places = min(walk.index, count)..<min(walk.index + atOnce, count)
        walk.index = places.upperBound
        if places.upperBound == count {
            walk.section = DigestWalk.Section(rawValue: walk.section.rawValue + 1) ?? .end
            walk.index = 0
        }
        return lines(places)
    }

    private static func text(_ value: some Encodable) -> String {
        let json = JSONEncoder()
        json.outputFormatting = .sortedKeys
        return (try? json.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "?"
    }

    private func deviceLines(_ device: DeviceIndex) -> [String] {
        guard !fleet.devices[device].isVacant else { return [] }
        let record = fleet.records[device]
        var lines = anomalyLines(device)
        let layout = fleet.profiles[fleet.devices[device].profile].layout
        for (slot, place) in fleet.places(of: device) where fleet.metrics[place].isTold {
            let (definition, metric) = (layout.slots[Int(slot)], fleet.metrics[place])
            let value = definition.kind == .state ? definition.text(of: metric.value) : "\(metric.value)"
            lines.append("device \(record.id) \(definition.name) = \(metric.isUnknown ? "unknown" : value) @\(metric.timeMilliseconds)")
        }
        let downtime = availability.state(of: device) ?? AvailabilityDesk.OfDevice(incidents: IncidentLog(device: record.id))
        lines.append("ledger \(record.id) \(Self.text(downtime.ledger.totals(atMilliseconds: fleet.devices[device].newestMilliseconds)))")
        lines.append("incidents \(record.id) \(Self.text(downtime.incidents))")
        let known = alarms.state(of: device)
        let standing = known.active.filter { alarms[$0]?.source != .order }.sorted().joined(separator: ",")
        lines.append("alerts \(record.id) \(Self.text(known.codes.filter { !$0.isEmpty })) \(standing)")
        for (index, supply) in supplies.supplies(of: device).enumerated()
        where index < layout.supplies.count && fleet.hasShown(layout.supplies[index], device) {
            let name = layout.supplies[index].name
            lines.append("supply \(record.id) \(name) \(supply.order ?? "-") \(Self.text(supply.model))")
            lines.append("cartridge \(record.id) \(name) \(Self.text(supply.reported)) \(Self.text(supply.facts))")
        }
        return lines
    }

    private static func line(_ alarm: Alarm) -> String {
        "alarm \(alarm.id) \(alarm.device) \(alarm.condition) \(alarm.state.rawValue) \(alarm.severity.rawValue) "
            + "\(alarm.onsetMilliseconds) \(alarm.clearedMilliseconds ?? -1) \(alarm.repeats)"
    }

    private static func line(_ run: PlaybookRun) -> String {
        let attempts = run.attempts.map { "\($0.command):\($0.requestID):\($0.outcome.rawValue)" }.joined(separator: " ")
        return "run \(run.id) \(run.alarm) \(attempts)"
    }

    private static func line(_ order: SupplyOrder) -> String {
        // How long it may wait, not until when: that is arrival time, as a deadline is.
        let wait = order.terms.latestSendMilliseconds.map { " may wait \($0 &- order.life.sinceMilliseconds)" } ?? ""
        let attempt = order.attempt > 1 ? " attempt \(order.attempt)" : ""
        return "order \(order.id)\(attempt) \(order.state.rawValue) \(order.decidedMilliseconds)\(wait)"
    }

    private func restLines() -> [String] {
        var lines = orders.stock.items.map { "stock \($0) \(orders.stock.unitsOnHand($0)) \(orders.stock.unitsReserved($0))" }
        for profile in fleet.profiles.indices
        where fleet.profiles[profile].base == profile && supplies.learning(of: profile) != SupplyLearning() {
            lines.append("learned \(fleet.profiles[profile].layout.profile.name) \(Self.text(supplies.learning(of: profile)))")
        }
        for entry in storeDamage.entries { lines.append("damage \(entry.damage.id) \(entry.seenBy ?? "unseen")") }
        return lines + ["scores \(Self.text(experience.scores))"]
    }
}
