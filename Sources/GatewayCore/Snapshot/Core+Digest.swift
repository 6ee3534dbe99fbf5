import Documents
import FoundationEssentials
import Hashing
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
        case .alarms: lines = next(&walk, of: alarms.count) { $0.compactMap(alarms.digestLine) }
        case .runs: lines = next(&walk, of: support.runs.count) { $0.compactMap(support.digestLine(ofRun:)) }
        case .orders: lines = next(&walk, of: orders.count) { $0.compactMap(orders.digestLine) }
        case .tickets: lines = next(&walk, of: support.tickets.count) { $0.compactMap(support.digestLine(ofTicket:)) }
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

    private func deviceLines(_ device: DeviceIndex) -> [String] {
        guard !fleet.devices[device].isVacant else { return [] }
        let id = fleet.records[device].id
        let layout = fleet.profiles[fleet.devices[device].profile].layout
        let shown = layout.supplies.map { fleet.hasShown($0, device) ? $0.name : nil }
        return anomalyLines(device) + wear.digestLines(device, fleet) + fleet.digestLines(device) + fleet.counterDigestLines(device)
            + alarms.digestLines(device, named: id)
            + availability.digestLines(device, named: id, at: fleet.devices[device].newestMilliseconds)
            + supplies.digestLines(device, named: id, shown)
    }

    private func restLines() -> [String] {
        var lines = orders.stockLines
        for profile in fleet.baseProfiles where supplies.hasLearned(of: profile) {
            lines.append("learned \(fleet.profiles[profile].layout.profile.name) \(digestText(supplies.learning(of: profile)))")
        }
        for entry in storeDamage.entries { lines.append("damage \(entry.damage.id) \(entry.seenBy ?? "unseen")") }
        // As a hash: it has a number for each of many answers.
        let scores = ((try? StateEncoder.encode(experience.scores)) ?? []).withUnsafeBytes { ContentHash.combine(ContentHash.seed, $0) }
        return lines + ["scores \(scores)"]
    }
}

/// A value in a line of the digest: equal values have equal texts.
func digestText(_ value: some Encodable) -> String {
    let json = JSONEncoder()
    json.outputFormatting = .sortedKeys
    return (try? json.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "?"
}
