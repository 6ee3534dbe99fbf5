import CivilCalendar
import Documents
import FoundationEssentials
import GatewayCore
import Hashing

/// Reads a maintenance window as the configuration and the API say it.
enum MaintenanceReader {
    /// Members: one of `device`, `profile` and `all`; `from` and `until`, or `weekly`; `zone`, `reason` and `id`. Nil after a mistake was told.
    static func window(_ reader: ObjectReader, by person: String) -> MaintenanceWindow? {
        let before = reader.report.diagnostics.count
        let scope = scope(reader)
        let (zone, zoneBytes, rules) = zone(reader)
        let schedule = schedule(reader, rules)
        let reason = reader.string("reason").map { String(decoding: $0.utf8.prefix(256), as: UTF8.self) } ?? ""
        let id = reader.string("id")
        if let id, id.isEmpty || id.utf8.count > 64 || !id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) {
            reader.add("\"id\" has 1 to 64 plain characters without spaces and /", at: "id")
        }
        guard reader.report.diagnostics.count == before, let scope, let schedule else { return nil }
        return MaintenanceWindow(
            id: id ?? "mw-" + StableID.short(scope.identity, schedule.identity, zone), scope: scope, schedule: schedule, zone: zone,
            zoneBytes: zoneBytes, by: person, reason: reason)
    }

    private static func scope(_ reader: ObjectReader) -> MaintenanceWindow.Scope? {
        let device = reader.string("device")
        let profile = reader.string("profile")
        let all = reader.bool("all") == true
        guard (device == nil ? 0 : 1) + (profile == nil ? 0 : 1) + (all ? 1 : 0) == 1 else {
            reader.report.add("a maintenance window is for one of \"device\", \"profile\" and \"all\": true", at: reader.node.position)
            return nil
        }
        return device.map { .device($0) } ?? profile.map { .profile($0) } ?? .all
    }

    /// `zone`, a name of the tz database, UTC where it is left out: for the site, for windows and for the calendars of suppliers.
    static func zone(_ reader: ObjectReader) -> (name: String, bytes: Data, rules: ZoneRules) {
        guard let name = reader.string("zone"), name != "UTC" else { return ("UTC", Data(), .utc) }
        guard let bytes = ProfileLoader.zoneBytes(name), let rules = try? ZoneRules(tzif: Array(bytes)) else {
            reader.add(
                "the zone \"\(name)\" is not known here; it is a name such as \"Europe/Berlin\" (Debian's tzdata has them)", at: "zone")
            return (name, Data(), .utc)
        }
        return (name, bytes, rules)
    }

    private static func schedule(_ reader: ObjectReader, _ zone: ZoneRules) -> MaintenanceWindow.Schedule? {
        let from = instant(reader, "from", reader.optional("from"), zone)
        let until = instant(reader, "until", reader.optional("until"), zone)
        guard let weekly = reader.object("weekly", "days and times") else {
            guard let from, let until else {
                reader.report.add("a maintenance window needs \"from\" and \"until\", or \"weekly\"", at: reader.node.position)
                return nil
            }
            guard from < until, until - from <= 366 * 86_400_000 else {
                reader.add("\"until\" must be later than \"from\", by at most a year", at: "until")
                return nil
            }
            return .once(fromMilliseconds: from, untilMilliseconds: until)
        }
        if from != nil || until != nil {
            reader.report.add("\"from\" and \"until\" belong into \"weekly\" where that stands", at: reader.node.position)
        }
        return self.weekly(weekly)
    }

    /// The weekdays of a list of names; nil without the list. What is none is reported.
    static func weekdays(_ reader: ObjectReader, _ key: String) -> Set<Weekday>? {
        guard let names = reader.strings(key) else { return nil }
        return Set(
            names.compactMap { name in
                if let day = Weekday(name: name) { return day }
                let known = Weekday.names
                reader.add(
                    "\"\(key)\" cannot be \"\(name)\"\(Spelling.hint(name, among: known)); it is one of \(known.joined(separator: ", "))",
                    at: key)
                return nil
            })
    }

    private static func weekly(_ reader: ObjectReader) -> MaintenanceWindow.Schedule? {
        let days = weekdays(reader, "days") ?? []
        if days.isEmpty { reader.report.add("\"weekly\" needs \"days\", such as [\"monday\"]", at: reader.node.position) }
        let from = minute(reader, "from")
        let until = minute(reader, "until")
        reader.finish()
        guard let from, let until, !days.isEmpty else { return nil }
        return .weekly(days: Weekday.allCases.filter(days.contains), fromMinute: from % 1440, untilMinute: until)
    }

    /// `22:00`; `24:00` is the end of the day.
    private static func minute(_ reader: ObjectReader, _ key: String) -> Int? {
        guard let text = reader.requiredString(key, "a time such as \"22:00\"") else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = UInt8(parts[0]), let minute = UInt8(parts[1]),
            minute < 60, hour < 24 || (hour == 24 && minute == 0)
        else {
            reader.add("\"\(key)\" is a time such as \"22:00\"", at: key)
            return nil
        }
        return Int(hour) * 60 + Int(minute)
    }

    /// A time on the wall in the window's zone, one with a zone of its own, or milliseconds since 1970.
    private static func instant(_ reader: ObjectReader, _ key: String, _ node: DocumentNode?, _ zone: ZoneRules) -> Int64? {
        guard let node else { return nil }
        if case .number(let number, _) = node.value, let whole = Int64(exactly: number), (0...253_402_300_799_000).contains(whole) {
            return whole
        }
        if case .string(let text) = node.value {
            switch LocalTimeText(text) {
            case .instant(let milliseconds)?: return milliseconds
            case .local(let wall)?:
                let resolved = zone.utcSeconds(
                    localYear: wall.year, month: wall.month, day: wall.day, hour: wall.hour, minute: wall.minute, second: wall.second)
                if let seconds = resolved.utcSeconds { return seconds * 1000 }
            case .number?, nil: break
            }
        }
        reader.report.add("\"\(key)\" is a time such as \"2026-03-01T22:00\", in the window's zone", at: node.position)
        return nil
    }
}
