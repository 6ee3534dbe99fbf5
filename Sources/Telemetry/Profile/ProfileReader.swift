import CivilCalendar
import Documents

/// Turns a JSON5 document into a `DeviceProfile`, and tells every mistake with its place.
public final class ProfileReader {
    let report: DocumentReport
    let extent: Extent

    /// Whether the parents of a profile that `extends` others are there when it is read.
    enum Extent {
        /// Only this file: a parent cannot be looked up.
        case alone
        case withParents
        /// Its parent is missing, which was reported already. References are not checked, as the parent may define what they name.
        case withoutParents
    }

    /// Names with pointers, to be checked when the topics are known.
    var positions: [(NameTemplate, PathPattern, message: String?, SourcePosition)] = []
    /// Captures of the text patterns, by index into `positions`.
    var textCaptures: [Int: [String]] = [:]

    let zones: (String) -> ZoneRules?
    /// Known before the metrics are read: some of their keys need it.
    var namesPerDevice = false

    private init(_ report: DocumentReport, _ extent: Extent, _ zones: @escaping (String) -> ZoneRules?) {
        self.report = report
        self.extent = extent
        self.zones = zones
    }

    /// Throws `DocumentProblems` with all mistakes. `zones` finds the rules of a named time zone; reading files is the caller's business.
    public static func read(
        _ bytes: [UInt8], file: String, zones: @escaping (String) -> ZoneRules? = { _ in nil }
    ) throws(DocumentProblems) -> DeviceProfile {
        let root: DocumentNode
        do {
            root = try DocumentParser.parse(bytes, file: file)
        } catch {
            throw DocumentProblems([error])
        }
        return try read(root, file: file, extent: .alone, zones: zones).profile
    }

    /// A profile without a mistake, and what in it is most likely not meant.
    struct Outcome {
        var profile: DeviceProfile
        var warnings: [Diagnostic]
    }

    /// Reads a document. `ProfileSet` has given it the members of its parents.
    static func read(
        _ root: DocumentNode, file: String, extent: Extent, zones: @escaping (String) -> ZoneRules?
    ) throws(DocumentProblems) -> Outcome {
        let report = DocumentReport(file: file)
        let profile = ProfileReader(report, extent, zones).profile(ObjectReader(root, "a device profile", report))
        try report.throwIfAny()
        return Outcome(profile: profile, warnings: report.warnings)
    }

    func profile(_ reader: ObjectReader) -> DeviceProfile {
        let name = reader.requiredString("profile", "its name, such as \"label-printer\"") ?? ""
        if !name.isEmpty, !Self.isPlainName(name) {
            reader.add("a profile's name has letters, digits, - and . only", at: "profile")
        }
        // Editors look here for the schema, and `ProfileSet` for the parent.
        _ = reader.string("$schema")
        if reader.string("extends") != nil, extent == .alone {
            reader.add("\"extends\" names another profile, so both have to be loaded together", at: "extends")
        }
        var profile = DeviceProfile(name: name, title: reader.string("title") ?? name, source: report.file)
        namesPerDevice = reader.bool("namesPerDevice") ?? false
        profile.namesPerDevice = namesPerDevice
        profile.messages = reader.list("messages", "a message rule").compactMap(message)
        profile.replies = reader.list("replies", "a reply rule").compactMap(reply)
        profile.metrics = reader.members("metrics").flatMap(places)
        profile.ignored = (reader.strings("ignore") ?? []).compactMap { pattern($0, at: reader.node.position(of: ["ignore"])) }
        profile.supplies = reader.named("supplies", "a supply").flatMap(supply)
        profile.alerts = reader.list("alerts", "an alert list").flatMap(alertList)
        profile.status = reader.object("status", "the status rule").flatMap(status)
        profile.faults = reader.named("faults", "a fault").compactMap(fault)
        profile.commands = reader.named("commands", "a command").compactMap(command)
        profile.playbooks = reader.named("playbooks", "a playbook").compactMap(playbook)
        profile.parent = parent(reader)
        profile.silentAfterMilliseconds = seconds(reader, "silentAfterSeconds")
        profile.gapMilliseconds = seconds(reader, "gapSeconds") ?? profile.gapMilliseconds
        if let allowed = seconds(reader, "allowedLatenessSeconds") {
            profile.allowedLatenessMilliseconds = allowed
            if allowed > 300_000 {
                reader.add("\"allowedLatenessSeconds\" may be at most 300: everything waits that long", at: "allowedLatenessSeconds")
            }
        }
        profile.watchesAnomalies = reader.bool("anomalies") ?? true
        reader.finish()
        if reader.node.node(at: ["messages", .index(0)]) == nil, extent != .withoutParents {
            reader.add("a profile needs \"messages\" with at least one topic", at: "messages")
        }
        // The decoder keeps a bit for each message rule and a place for each list.
        if profile.messages.count > ProfileLayout.maximumMessages {
            reader.add("\"messages\" may have at most \(ProfileLayout.maximumMessages) rules", at: "messages")
        }
        if profile.alerts.count > 4 { reader.add("\"alerts\" may have at most 4 pointers", at: "alerts") }
        if extent != .withoutParents {
            checkNames(profile, reader)
            checkReferences(profile, reader)
            warnOfWords(profile, reader.node)
            warnOfIgnored(profile, reader.node)
            warnOfConditions(profile, reader.node)
        }
        return profile
    }

    private func parent(_ reader: ObjectReader) -> NameTemplate? {
        guard let text = reader.string("parent") else { return nil }
        if text.isEmpty || text.utf8.count > 128 {
            reader.add("\"parent\" is the name of a device", at: "parent")
        }
        return NameTemplate(text)
    }

    static func isPlainName(_ name: String) -> Bool {
        name.utf8.count <= 64
            && name.utf8.allSatisfy { ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E }
    }

    func path(_ reader: ObjectReader, _ key: String, required: Bool = true, mayCapture: Bool = false) -> PathPattern? {
        guard let node = required ? reader.required(key, "a JSON pointer such as \"/temp\"") : reader.optional(key) else { return nil }
        guard let text = reader.string(key), let path = pattern(text, at: node.position) else { return nil }
        if !mayCapture, let capture = path.captures.first {
            report.add("pointer \"\(text)\" captures nothing here: {\(capture)} belongs to metrics and supplies", at: node.position)
        }
        return path
    }

    /// One pointer, or a list of pointers for what different senders call differently. They may capture.
    func paths(_ reader: ObjectReader, _ key: String) -> [PathPattern] {
        guard let node = reader.optional(key), case .array(let items) = node.value else {
            return path(reader, key, mayCapture: true).map { [$0] } ?? []
        }
        if items.isEmpty { report.add("\"\(key)\" needs at least one pointer", at: node.position) }
        return (reader.strings(key) ?? []).compactMap { pattern($0, at: node.position) }
    }

    /// A pointer out of its text; nil, with a report, when the text is none.
    func pattern(_ text: String, at position: SourcePosition) -> PathPattern? {
        do { return try PathPattern(text) } catch {
            report.add("pointer \"\(text)\": \(error)", at: position)
            return nil
        }
    }

    func topic(_ reader: ObjectReader, needsDevice: Bool = true) -> TopicPattern? {
        guard let node = reader.required("topic", "such as \"devices/{device}/telemetry\""), let text = reader.string("topic") else {
            return nil
        }
        do { return try TopicPattern(text, needsDevice: needsDevice) } catch {
            report.add("topic \"\(text)\": \(error)", at: node.position)
            return nil
        }
    }

    func seconds(_ reader: ObjectReader, _ key: String) -> Int64? {
        guard let number = reader.number(key) else { return nil }
        guard number >= 0, number <= 31_536_000 else {
            reader.add("\"\(key)\" must be from 0 to 31536000 (a year)", at: key)
            return nil
        }
        return Int64(number * 1000)
    }

    /// A number; one outside the range is reported.
    func number(_ reader: ObjectReader, _ key: String, in range: ClosedRange<Double>) -> Double? {
        let number = reader.number(key)
        if let number, !range.contains(number) {
            let bounds = [range.lowerBound, range.upperBound].map { bound in Int(exactly: bound).map(String.init) ?? "\(bound)" }
            reader.add("\"\(key)\" must be from \(bounds[0]) to \(bounds[1])", at: key)
        }
        return number
    }
}
