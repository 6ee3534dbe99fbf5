import CivilCalendar
import Documents

/// Turns a JSON5 document into a `DeviceProfile`, and tells every mistake with its place.
public final class ProfileReader {
    let report: DocumentReport
    let extent: Extent

    /// What of a profile that `extends` others is there when it is read.
    enum Extent {
        /// Itself only, and nobody to look for its parent.
        case alone
        case withParents
        /// Its parent is missing, which was told already: what it refers to may stand there.
        case withoutParents
    }

    /// Names with pointers, to be checked when the topics are known.
    var positions: [(NameTemplate, PathPattern, message: String?, SourcePosition)] = []
    /// What the texts there capture, by the index in `positions`.
    var textCaptures: [Int: [String]] = [:]

    let zones: (String) -> ZoneRules?

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
        return try read(root, file: file, extent: .alone, zones: zones)
    }

    /// Reads a document. `ProfileSet` has given it the members of its parents.
    static func read(
        _ root: DocumentNode, file: String, extent: Extent, zones: @escaping (String) -> ZoneRules?
    ) throws(DocumentProblems) -> DeviceProfile {
        let report = DocumentReport(file: file)
        let profile = ProfileReader(report, extent, zones).profile(ObjectReader(root, "a device profile", report))
        try report.throwIfAny()
        return profile
    }

    func profile(_ reader: ObjectReader) -> DeviceProfile {
        let name = reader.requiredString("profile", "its name, such as \"label-printer\"") ?? ""
        if !name.isEmpty, !Self.isPlainName(name) {
            report.add("a profile's name has letters, digits, - and . only", at: reader.node.position(of: ["profile"]))
        }
        // Editors look here for the schema, and `ProfileSet` for the parent.
        _ = reader.string("$schema")
        if reader.string("extends") != nil, extent == .alone {
            report.add(
                "\"extends\" names another profile, so both have to be loaded together", at: reader.node.position(of: ["extends"]))
        }
        var profile = DeviceProfile(name: name, title: reader.string("title") ?? name, source: report.file)
        profile.messages = reader.list("messages", "a message rule").compactMap(message)
        profile.replies = reader.list("replies", "a reply rule").compactMap(reply)
        profile.metrics = reader.members("metrics").flatMap(places)
        profile.ignored = ignored(reader)
        profile.supplies = reader.named("supplies", "a supply").flatMap(supply)
        profile.alerts = reader.list("alerts", "an alert list").flatMap(alertList)
        profile.status = reader.object("status", "the status rule").flatMap(status)
        profile.faults = reader.named("faults", "a fault").compactMap(fault)
        profile.commands = reader.named("commands", "a command").compactMap(command)
        profile.playbooks = reader.named("playbooks", "a playbook").compactMap(playbook)
        profile.parent = parent(reader)
        profile.silentAfterMilliseconds = seconds(reader, "silentAfterSeconds") ?? profile.silentAfterMilliseconds
        profile.gapMilliseconds = seconds(reader, "gapSeconds") ?? profile.gapMilliseconds
        if let allowed = seconds(reader, "allowedLatenessSeconds") {
            profile.allowedLatenessMilliseconds = allowed
            if allowed > 300_000 {
                report.add(
                    "\"allowedLatenessSeconds\" may be at most 300: everything waits that long",
                    at: reader.node.position(of: ["allowedLatenessSeconds"]))
            }
        }
        profile.watchesAnomalies = reader.bool("anomalies") ?? true
        profile.namesPerDevice = reader.bool("namesPerDevice") ?? false
        reader.finish()
        if reader.node.node(at: ["messages", .index(0)]) == nil, extent != .withoutParents {
            report.add("a profile needs \"messages\" with at least one topic", at: reader.node.position(of: ["messages"]))
        }
        // The decoder keeps a bit for each message rule and a place for each list.
        if profile.messages.count > ProfileLayout.maximumMessages {
            report.add("\"messages\" may have at most \(ProfileLayout.maximumMessages) rules", at: reader.node.position(of: ["messages"]))
        }
        if profile.alerts.count > 4 { report.add("\"alerts\" may have at most 4 pointers", at: reader.node.position(of: ["alerts"])) }
        if extent != .withoutParents {
            checkNames(profile, reader)
            checkReferences(profile, reader)
        }
        return profile
    }

    private func parent(_ reader: ObjectReader) -> NameTemplate? {
        guard let text = reader.string("parent") else { return nil }
        if text.isEmpty || text.utf8.count > 128 {
            report.add("\"parent\" is the name of a device", at: reader.node.position(of: ["parent"]))
        }
        return NameTemplate(text)
    }

    static func isPlainName(_ name: String) -> Bool {
        name.utf8.count <= 64
            && name.utf8.allSatisfy { ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E }
    }

    func path(_ reader: ObjectReader, _ key: String, required: Bool = true, mayCapture: Bool = false) -> PathPattern? {
        guard let node = required ? reader.required(key, "a JSON pointer such as \"/temp\"") : reader.optional(key) else { return nil }
        guard let text = reader.string(key) else { return nil }
        do {
            let path = try PathPattern(text)
            if !mayCapture, let capture = path.captures.first {
                report.add("pointer \"\(text)\" captures nothing here: {\(capture)} belongs to metrics and supplies", at: node.position)
            }
            return path
        } catch {
            report.add("pointer \"\(text)\": \(error)", at: node.position)
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
            report.add("\"\(key)\" must be from 0 to 31536000 (a year)", at: reader.node.position(of: [.key(key)]))
            return nil
        }
        return Int64(number * 1000)
    }
}
