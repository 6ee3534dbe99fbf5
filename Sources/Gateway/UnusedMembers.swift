import Documents
import Telemetry

/// Finds the members that no decoder used, without knowing how decoders work: a member was not used when the outcome stays the same without it,
/// and with a value of another kind in its place.
///
/// They are not tried one by one. Each leaf has a number; leaving out all whose number has a certain bit tells of every reading whether its source
/// is among them, so that a few messages name the sources of most readings. What is left is tried together, and halved where that changes anything.
struct UnusedMembers {
    /// A reading that depends on more members than so many leaves the last ones to be found by halving.
    private static let rounds = 4

    private let bench: TrialBench
    private let reference: ProfileTrial.Outcome
    private let document: NumberedDocument
    /// Members that count as used although their absence need not change the outcome: they are compared only, or matter only while a command is
    /// open.
    private let usedNames: Set<String>
    private let usedPointers: Set<String>
    private(set) var pointers: [String] = []

    /// The number of a value.
    private typealias Place = Int

    /// What stands in the place of a member: nothing; a list within a list, which can be read as no number, text or time; an object, as no list.
    private enum Replacement: CaseIterable {
        case nothing, list, object

        var node: DocumentNode? {
            switch self {
            case .nothing: nil
            case .list: DocumentNode(.array([DocumentNode(.array([]))]))
            case .object: DocumentNode(.object([]))
            }
        }
    }

    init(_ bench: TrialBench, _ profile: DeviceProfile, topic: String, _ root: DocumentNode) {
        self.bench = bench
        document = NumberedDocument(root)
        // Of a retained message only a part is read, so the comparison is made with a live one.
        reference = bench.outcome(root.json)
        usedNames = Set(profile.comparedMembers)
        let replies = profile.replies.filter { $0.topic.matches(topic) }
        // The value of an alert changes nothing while it reports no error.
        usedPointers = Set(
            replies.flatMap { [$0.requestID, $0.outcome, $0.reason, $0.failure, $0.device].compactMap { $0?.text } }
                + profile.alerts.map(\.path.text))
        let leaves = document.values.indices.dropFirst().filter { document.values[$0].children.isEmpty }
        let candidates = leaves.filter { !isUsedByName($0) }
        var used = Set(leaves).subtracting(candidates).union(sources(of: candidates))
        used.formUnion(self.used(among: candidates.filter { !used.contains($0) }))
        // An object or a list may be looked at as a whole, though none of its values is used.
        var containers: [Place] = []
        _ = collectUnused(0, used, into: &containers)
        used.formUnion(self.used(among: containers))
        pointers = unused(0, used)
    }

    private func isUsedByName(_ place: Place) -> Bool {
        let value = document.values[place]
        return usedPointers.contains(value.pointer) || value.name.map(usedNames.contains) ?? false
    }

    /// Collects the containers in which no value is used; false where one is.
    private func collectUnused(_ place: Place, _ used: Set<Place>, into places: inout [Place]) -> Bool {
        let children = document.values[place].children
        guard !children.isEmpty else { return place == 0 || !used.contains(place) }
        var isUnused = true
        for child in children where !collectUnused(child, used, into: &places) { isUnused = false }
        if isUnused, place > 0, !isUsedByName(place) { places.append(place) }
        return isUnused
    }

    /// The unused values from `place` on: itself alone when nothing in it is used, and it is not used as a whole.
    private func unused(_ place: Place, _ used: Set<Place>) -> [String] {
        let value = document.values[place]
        guard !value.children.isEmpty else { return place == 0 || used.contains(place) ? [] : [value.pointer] }
        let found = value.children.map { unused($0, used) }
        let isWhole = zip(value.children, found).allSatisfy { child, unused in unused == [document.values[child].pointer] }
        let isNamed = isWhole && place > 0 && !isUsedByName(place) && !used.contains(place)
        return isNamed ? [value.pointer] : found.flatMap { $0 }
    }

    // MARK: Sources of readings

    /// The leaves that readings depend on, as far as a few messages tell: those that are a reading's only source, and then, as these stay where they
    /// are, those that are its only other one.
    private func sources(of candidates: [Place]) -> Set<Place> {
        let whole = reference.parts
        var found: Set<Place> = []
        guard candidates.count > 8, whole.count > 1 else { return found }
        for replacement in Replacement.allCases {
            for _ in 0..<Self.rounds {
                let rest = candidates.filter { !found.contains($0) }
                let sources = sources(of: whole, among: rest, replacement)
                guard !sources.isEmpty else { break }
                found.formUnion(sources)
            }
        }
        return found
    }

    private func sources(of whole: [String: String], among places: [Place], _ replacement: Replacement) -> Set<Place> {
        let bits = (0..<Int.bitWidth).prefix { places.count > 1 << $0 }
        let changed = bits.map { bit in
            [0, 1].map { value in
                let parts = outcome(places.indices.filter { $0 >> bit & 1 == value }.map { places[$0] }, replacement).parts
                return Set(whole.filter { parts[$0.key] != $0.value }.keys)
            }
        }
        func source(_ isChanged: (Set<String>) -> Bool) -> Place? {
            var number = 0
            for (bit, pair) in changed.enumerated() {
                let (zero, one) = (isChanged(pair[0]), isChanged(pair[1]))
                guard zero != one else { return nil }
                if one { number |= 1 << bit }
            }
            return places.indices.contains(number) ? places[number] : nil
        }
        // A member without which nothing is read hides all others.
        if let one = source({ $0.count == whole.count }) { return [one] }
        return Set(whole.keys.compactMap { part in source { $0.contains(part) } })
    }

    // MARK: Halving

    /// Those of the places without which, or with another value in which, the outcome is another one.
    private func used(among places: [Place]) -> Set<Place> {
        var found: Set<Place> = []
        for replacement in Replacement.allCases { halve(places.filter { !found.contains($0) }, beside: [], replacement, &found) }
        return found
    }

    /// - Parameter base: what is replaced beside them, and changes nothing by itself: of two members that stand in for each other each is used.
    private func halve(_ places: [Place], beside base: [Place], _ replacement: Replacement, _ found: inout Set<Place>) {
        guard !places.isEmpty, outcome(base + places, replacement) != reference else { return }
        guard places.count > 1 else {
            found.formUnion(places)
            return
        }
        let (first, second) = (Array(places[..<(places.count / 2)]), Array(places[(places.count / 2)...]))
        let before = found.count
        halve(first, beside: base, replacement, &found)
        halve(second, beside: base, replacement, &found)
        guard found.count == before else { return }
        halve(first, beside: base + second, replacement, &found)
        halve(second, beside: base + first, replacement, &found)
    }

    private func outcome(_ places: [Place], _ replacement: Replacement) -> ProfileTrial.Outcome {
        bench.outcome(document.json(replacing: places, with: replacement.node))
    }
}

extension ProfileTrial.Outcome {
    /// What the message tells, by names: metrics, supplies, other members of the devices, problems.
    fileprivate var parts: [String: String] {
        var parts: [String: String] = [:]
        for (number, device) in devices.compactMap({ try? APIValue(parsing: $0) }).enumerated() {
            for (name, value) in device.members {
                guard name == "metrics" || name == "supplies" else {
                    parts["\(number) \(name)"] = value.node?.text(without: [])
                    continue
                }
                for item in value.items {
                    let key = item["metric"].string ?? item["supply"].string ?? ""
                    // All have the time of the message.
                    parts["\(number) \(name) \(key)"] = item.node?.text(without: ["time"])
                }
            }
        }
        if !problems.isEmpty { parts["problems"] = problems.joined(separator: "\n") }
        return parts
    }
}

/// A document whose values have numbers, in the order in which they begin; 0 is the whole.
private struct NumberedDocument {
    struct Value {
        /// As a JSON pointer (RFC 6901).
        var pointer: String
        /// The name of the member; nil for an item of a list, and for the whole.
        var name: String?
        var children: [Int] = []
        /// The number behind the last value inside.
        var end = 0
    }

    let root: DocumentNode
    private(set) var values: [Value] = []

    init(_ root: DocumentNode) {
        self.root = root
        _ = number(root, "", nil)
    }

    private mutating func number(_ node: DocumentNode, _ pointer: String, _ name: String?) -> Int {
        let place = values.count
        values.append(Value(pointer: pointer, name: name))
        var children: [Int] = []
        switch node.value {
        case .object(let members):
            for member in members { children.append(number(member.node, "\(pointer)/\(Self.token(member.key))", member.key)) }
        case .array(let items):
            for (index, item) in items.enumerated() { children.append(number(item, "\(pointer)/\(index)", nil)) }
        default: break
        }
        values[place].children = children
        values[place].end = values.count
        return place
    }

    private static func token(_ key: String) -> String {
        key.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
            .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }

    /// The document with another value in each of the places, or without these members; an item of a list becomes null, so that the others keep
    /// their places.
    func json(replacing places: [Int], with other: DocumentNode?) -> [UInt8] {
        var isReplaced = [Bool](repeating: false, count: values.count)
        for place in places { isReplaced[place] = true }
        var writer = JSONWriter()
        var next = 0
        write(root, to: &writer, isReplaced, other, &next)
        return writer.bytes
    }

    /// `next` is the number of `node`.
    private func write(_ node: DocumentNode, to writer: inout JSONWriter, _ isReplaced: [Bool], _ other: DocumentNode?, _ next: inout Int) {
        let place = next
        next += 1
        switch node.value {
        case _ where isReplaced[place]:
            next = values[place].end
            if let other { other.write(to: &writer) } else { writer.null() }
        case .object(let members):
            writer.beginObject()
            for member in members {
                if isReplaced[next], other == nil {
                    next = values[next].end
                    continue
                }
                writer.key(member.key)
                write(member.node, to: &writer, isReplaced, other, &next)
            }
            writer.endObject()
        case .array(let items):
            writer.beginArray()
            for item in items { write(item, to: &writer, isReplaced, other, &next) }
            writer.endArray()
        default: node.write(to: &writer)
        }
    }
}

extension DocumentNode {
    var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    var memberCount: Int {
        switch value {
        case .object(let members): members.reduce(1) { $0 + $1.node.memberCount }
        case .array(let items): items.reduce(1) { $0 + $1.memberCount }
        default: 1
        }
    }

    fileprivate func text(without names: Set<String>) -> String {
        guard !names.isEmpty, case .object(let members) = value else { return String(decoding: json, as: UTF8.self) }
        return String(decoding: DocumentNode(.object(members.filter { !names.contains($0.key) })).json, as: UTF8.self)
    }
}

extension TopicPattern {
    func matches(_ topic: String) -> Bool { Array(topic.utf8).withUnsafeBytes { match($0) } != nil }
}
