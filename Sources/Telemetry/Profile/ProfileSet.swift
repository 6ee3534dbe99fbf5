import CivilCalendar
import Documents

/// The profiles that are loaded together: they may extend one another, overlays change some of them, and no two may claim one topic.
public struct ProfileSet: Sendable {
    /// Those without a mistake, in the order in which they were added.
    public private(set) var profiles: [DeviceProfile] = []
    /// Every mistake of every file: file by file, each in the order of its lines.
    public private(set) var diagnostics: [Diagnostic] = []
    /// What is no mistake and most likely not meant, in the same order. Profiles with warnings are loaded.
    public private(set) var warnings: [Diagnostic] = []

    private struct Entry {
        var file: String
        /// The files of an overlaid profile, the profile's own first.
        var files: [String]
        var layer: Int
        var name: String?
        /// As it was written, and with what it inherits.
        var own: DocumentNode
        var whole: DocumentNode
    }

    /// `files` are names and contents. A file that could not be read comes as the diagnostic that says so.
    /// `layers` say of each file to which directory it belongs: a profile replaces one of the same name of an earlier layer. Without them all are one.
    /// `zones` finds the rules of a named time zone.
    public init(
        _ files: [(file: String, content: Result<[UInt8], Diagnostic>)], layers: [Int] = [],
        zones: @escaping (String) -> ZoneRules? = { _ in nil }
    ) {
        var entries: [Entry] = []
        var overlays: [(file: String, overlay: ProfileOverlay)] = []
        for (index, (file, content)) in files.enumerated() {
            let layer = layers.indices.contains(index) ? layers[index] : 0
            do {
                let root = try DocumentParser.parse(try content.get(), file: file)
                if let overlay = ProfileOverlay(root) {
                    overlays.append((file, overlay))
                    continue
                }
                let name = root.member("profile")?.text
                entries.removeAll { name != nil && $0.name == name && $0.layer < layer }
                entries.append(Entry(file: file, files: [file], layer: layer, name: name, own: root, whole: root))
            } catch {
                diagnostics.append(error)
            }
        }
        var plain = entries
        let isRead = readAll(&plain, zones)
        if overlays.isEmpty {
            entries = plain
        } else {
            apply(overlays, to: &entries, isRead)
            let found = (diagnostics, warnings)
            (profiles, diagnostics, warnings) = ([], [], [])
            _ = readAll(&entries, zones)
            // What stands in a file that no overlay touches was found by both readings.
            diagnostics = found.0 + diagnostics.filter { !found.0.contains($0) }
            warnings = found.1 + warnings.filter { !found.1.contains($0) }
        }
        findConflicts(entries)
        // All of one file together, whichever check found them.
        let order = Dictionary(files.enumerated().map { ($1.file, $0) }, uniquingKeysWith: { first, _ in first })
        func sorted(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
            diagnostics.enumerated().sorted { a, b in
                let (x, y) = (a.element, b.element)
                return (order[x.file] ?? .max, x.position.line, x.position.column, a.offset)
                    < (order[y.file] ?? .max, y.position.line, y.position.column, b.offset)
            }.map(\.element)
        }
        (diagnostics, warnings) = (sorted(diagnostics), sorted(warnings))
    }

    private mutating func add(_ message: String, in entry: Entry, at position: SourcePosition) {
        diagnostics.append(Diagnostic(file: entry.file, position: position, message: message))
    }

    // MARK: Extending

    /// Whether each could be read.
    private mutating func readAll(_ entries: inout [Entry], _ zones: @escaping (String) -> ZoneRules?) -> [Bool] {
        let lines = entries.indices.map { lineage(of: $0, entries) }
        var results: [Result<ProfileReader.Outcome, DocumentProblems>] = []
        for (index, line) in lines.enumerated() {
            for ancestor in line.ancestors { entries[index].whole = entries[index].whole.extending(entries[ancestor].own) }
            let entry = entries[index]
            if let problem = line.problem { add(problem, in: entry, at: entry.own.position(of: ["extends"])) }
            results.append(
                Result { () throws(DocumentProblems) in
                    try ProfileReader.read(
                        entry.whole, file: entry.file, extent: line.problem == nil ? .withParents : .withoutParents, zones: zones)
                })
        }
        for (index, result) in results.enumerated() {
            switch result {
            case .success(var outcome):
                outcome.profile.source = entries[index].files.joined(separator: " + ")
                if lines[index].problem == nil { profiles.append(outcome.profile) }
                // What was inherited is told of the parent.
                let inherited = entries[index].own.member("extends")?.position
                warnings += outcome.warnings.filter { $0.position != inherited }
            case .failure(let problems):
                // A mistake in what was inherited is told once, where it was made.
                let isToldElsewhere = lines[index].ancestors.contains { if case .failure = results[$0] { true } else { false } }
                let inherited = entries[index].own.member("extends")?.position
                diagnostics += problems.diagnostics.filter { !isToldElsewhere || $0.position != inherited }
            }
        }
        return results.map { if case .success = $0 { true } else { false } }
    }

    // MARK: Overlays

    /// Changes the profiles as the overlays say, one after the other. A profile with mistakes of its own stays as it is.
    private mutating func apply(_ overlays: [(file: String, overlay: ProfileOverlay)], to entries: inout [Entry], _ isRead: [Bool]) {
        for (file, overlay) in overlays {
            func add(_ message: String, _ position: SourcePosition) {
                diagnostics.append(Diagnostic(file: file, position: position, message: message))
            }
            let mistakes = overlay.mistakes
            guard mistakes.isEmpty else {
                for mistake in mistakes { add(mistake.text, mistake.position) }
                continue
            }
            guard let index = entries.firstIndex(where: { $0.name == overlay.target }) else {
                let hint = Spelling.hint(overlay.target, among: entries.compactMap(\.name))
                add("changes the profile \"\(overlay.target)\", which is not loaded\(hint)", overlay.position)
                continue
            }
            guard isRead[index] else { continue }
            func warn(_ message: String) { warnings.append(Diagnostic(file: file, position: overlay.position, message: message)) }
            if let changes = overlay.changes(beneath: entries[index].own) {
                for change in changes {
                    warn(
                        "\(change.path) of \"\(overlay.target)\" is \(change.now) now, and \"was\" says \(change.was): see whether the overlay is still right, and change \"was\""
                    )
                }
            } else {
                warn(
                    "says not what it replaces, so an upgrade could change that unseen; add was: \(overlay.replaced(in: entries[index].own).plainJSON)"
                )
            }
            entries[index].own = overlay.applied(to: entries[index].own)
            entries[index].whole = entries[index].own
            entries[index].file = file
            entries[index].files.append(file)
        }
    }

    /// The ancestors, the parent first, and what is wrong with the way to them.
    private func lineage(of index: Int, _ entries: [Entry]) -> (ancestors: [Int], problem: String?) {
        var ancestors: [Int] = []
        var names = [entries[index].name ?? ""]
        var current = index
        while let parent = entries[current].own.member("extends")?.text {
            names.append(parent)
            guard let next = entries.firstIndex(where: { $0.name == parent }) else {
                let known = entries.compactMap(\.name).filter { $0 != entries[index].name }
                let user = current == index ? "" : "\"\(entries[current].name ?? "")\" "
                return (ancestors, "\(user)extends the profile \"\(parent)\", which is not loaded\(Spelling.hint(parent, among: known))")
            }
            guard next != index, !ancestors.contains(next) else {
                return (ancestors, "profiles extend one another in a circle: \(names.joined(separator: " → "))")
            }
            ancestors.append(next)
            current = next
        }
        return (ancestors, nil)
    }

    // MARK: Conflicts

    /// Two profiles of one name, or two that would read one topic.
    private mutating func findConflicts(_ entries: [Entry]) {
        let topics = entries.map { $0.whole.messageTopics }
        for (index, entry) in entries.enumerated() {
            for (earlier, other) in entries[..<index].enumerated() {
                if let name = entry.name, name == other.name {
                    add("the profile \"\(name)\" is defined in \(other.file) already", in: entry, at: entry.own.position(of: ["profile"]))
                    continue
                }
                for topic in topics[index] {
                    guard
                        let clash = topics[earlier].first(where: {
                            // One that yields, or that is broad where the other is not, has its turn when the other reads nothing in a message.
                            !$0.isGeneral && !topic.isGeneral && $0.pattern.isBroad == topic.pattern.isBroad
                                && $0.pattern.overlaps(topic.pattern)
                        })
                    else { continue }
                    let isInherited = entry.own.member("messages") == nil
                    add(
                        "topic \"\(topic.pattern.text)\" and \"\(clash.pattern.text)\" of profile \"\(other.name ?? "")\" (\(other.file)) match the same messages; "
                            + (isInherited
                                ? "give \"messages\" of its own"
                                : "make one narrower, give the one that shall yield general: true, or leave one of the two profiles out of \"profiles\""),
                        in: entry, at: topic.position)
                }
            }
        }
    }
}

extension DocumentNode {
    fileprivate var messageTopics: [(pattern: TopicPattern, isGeneral: Bool, position: SourcePosition)] {
        guard case .array(let rules)? = member("messages")?.value else { return [] }
        return rules.compactMap { rule in
            guard let node = rule.member("topic"), let text = node.text, let pattern = try? TopicPattern(text, needsDevice: false) else {
                return nil
            }
            return (pattern, rule.member("general")?.value == .bool(true), node.position)
        }
    }

    /// With the members of `parent` that it has not itself. Members of the objects inside are taken one by one, by their names; everything
    /// else is replaced whole. What is inherited stands where `extends` stands.
    fileprivate func extending(_ parent: DocumentNode) -> DocumentNode {
        guard case .object(var members) = value, case .object(let inherited) = parent.value else { return self }
        let place = member("extends")?.position ?? position
        for member in inherited where !["profile", "extends", "title", "$schema"].contains(member.key) {
            guard let index = members.firstIndex(where: { $0.key == member.key }) else {
                members.append(member.standing(at: place))
                continue
            }
            guard case .object(let own) = members[index].node.value, case .object(let others) = member.node.value else { continue }
            let added = others.filter { other in !own.contains { $0.key == other.key } }.map { $0.standing(at: place) }
            members[index].node.value = .object(own + added)
        }
        return DocumentNode(.object(members), at: position)
    }
}
