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
    private let root: DocumentNode
    /// Members that count as used although their absence need not change the outcome: they are compared only, or matter only while a command is
    /// open.
    private let usedNames: Set<String>
    private let usedPointers: Set<String>
    /// The values without children, in the order of the document.
    private var leaves: [Place] = []
    private(set) var pointers: [String] = []

    private struct Place: Hashable {
        var path: [DocumentPath.Step]
        var pointer: String
    }

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
        self.root = root
        // Of a retained message only a part is read, so the comparison is made with a live one.
        reference = bench.outcome(root.json)
        usedNames = Set(profile.comparedMembers)
        let replies = profile.replies.filter { $0.topic.matches(topic) }
        // The value of an alert changes nothing while it reports no error.
        usedPointers = Set(
            replies.flatMap { [$0.requestID, $0.outcome, $0.reason, $0.failure, $0.device].compactMap { $0?.text } }
                + profile.alerts.map(\.path.text))
        collect(root, [])
        let candidates = leaves.filter { !isUsedByName($0) }
        var used = Set(leaves).subtracting(candidates).union(sources(of: candidates))
        used.formUnion(self.used(among: candidates.filter { !used.contains($0) }))
        // An object or a list may be looked at as a whole, though none of its values is used.
        var containers: [Place] = []
        _ = collectUnused(root, [], used, into: &containers)
        used.formUnion(self.used(among: containers))
        pointers = unused(root, [], used)
    }

    private mutating func collect(_ node: DocumentNode, _ path: [DocumentPath.Step]) {
        let children = DocumentPath.children(of: node)
        if children.isEmpty, !path.isEmpty { leaves.append(Place(path: path, pointer: DocumentPath.pointer(path))) }
        for child in children { collect(child.node, path + [child.step]) }
    }

    private func isUsedByName(_ place: Place) -> Bool {
        if usedPointers.contains(place.pointer) { return true }
        if case .member(let name)? = place.path.last { return usedNames.contains(name) }
        return false
    }

    /// Collects the containers in which no value is used; false where one is.
    private func collectUnused(_ node: DocumentNode, _ path: [DocumentPath.Step], _ used: Set<Place>, into places: inout [Place]) -> Bool {
        let place = Place(path: path, pointer: DocumentPath.pointer(path))
        let children = DocumentPath.children(of: node)
        guard !children.isEmpty else { return path.isEmpty || !used.contains(place) }
        var isUnused = true
        for child in children where !collectUnused(child.node, path + [child.step], used, into: &places) { isUnused = false }
        if isUnused, !path.isEmpty, !isUsedByName(place) { places.append(place) }
        return isUnused
    }

    /// The unused members below `node`: its own pointer alone when nothing in it is used, and it is not used as a whole.
    private func unused(_ node: DocumentNode, _ path: [DocumentPath.Step], _ used: Set<Place>) -> [String] {
        let place = Place(path: path, pointer: DocumentPath.pointer(path))
        let children = DocumentPath.children(of: node)
        guard !children.isEmpty else { return path.isEmpty || used.contains(place) ? [] : [place.pointer] }
        let found = children.map { unused($0.node, path + [$0.step], used) }
        let isWhole = zip(children, found).allSatisfy { child, unused in unused == [DocumentPath.pointer(path + [child.step])] }
        let isNamed = isWhole && !path.isEmpty && !isUsedByName(place) && !used.contains(place)
        return isNamed ? [place.pointer] : found.flatMap { $0 }
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
        bench.outcome(root.replacing(Set(places.map(\.path)), with: replacement.node).json)
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

/// The way to a value of a document.
enum DocumentPath {
    enum Step: Hashable {
        case member(String)
        case item(Int)
    }

    static func children(of node: DocumentNode) -> [(step: Step, node: DocumentNode)] {
        switch node.value {
        case .object(let members): members.map { (.member($0.key), $0.node) }
        case .array(let items): items.enumerated().map { (.item($0), $1) }
        default: []
        }
    }

    /// RFC 6901.
    static func pointer(_ path: [Step]) -> String {
        path.map { step in
            switch step {
            case .item(let index): "/\(index)"
            case .member(let name):
                "/"
                    + name.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
                    .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
            }
        }.joined()
    }
}

extension DocumentNode {
    var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    var memberCount: Int {
        1 + DocumentPath.children(of: self).reduce(0) { $0 + $1.node.memberCount }
    }

    fileprivate func text(without names: Set<String>) -> String {
        guard !names.isEmpty, case .object(let members) = value else { return String(decoding: json, as: UTF8.self) }
        return String(decoding: DocumentNode(.object(members.filter { !names.contains($0.key) })).json, as: UTF8.self)
    }

    /// The document with another value at each of the paths, or without these members; an item of a list becomes null, so that the others keep their
    /// places.
    fileprivate func replacing(
        _ paths: Set<[DocumentPath.Step]>, with other: DocumentNode?, at path: [DocumentPath.Step] = []
    ) -> DocumentNode {
        switch value {
        case .object(let members):
            return DocumentNode(
                .object(
                    members.compactMap { member in
                        let place = path + [.member(member.key)]
                        var member = member
                        if paths.contains(place) {
                            guard let other else { return nil }
                            member.node = other
                        } else {
                            member.node = member.node.replacing(paths, with: other, at: place)
                        }
                        return member
                    }))
        case .array(let items):
            return DocumentNode(
                .array(
                    items.enumerated().map { index, item in
                        let place = path + [.item(index)]
                        return paths.contains(place) ? other ?? DocumentNode(.null) : item.replacing(paths, with: other, at: place)
                    }))
        default: return self
        }
    }
}

extension TopicPattern {
    func matches(_ topic: String) -> Bool { Array(topic.utf8).withUnsafeBytes { match($0) } != nil }
}
