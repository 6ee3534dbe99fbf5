import CivilCalendar
import CoreViews
import Documents
import SQLiteStore
import ServiceValue

/// The account of downtime as JSON, the same for the API and for a replay.
enum DowntimeDocument {
    enum Grouping: String { case device, day }

    static func write(_ account: DowntimeAccount, by grouping: Grouping?, now: Int64, limit: Int, _ writer: inout JSONWriter) {
        writer.member("from", date(account.days.lowerBound))
        writer.member("to", date(account.days.upperBound))
        writer.member("devices", account.byDevice.count)
        write(account.totals, &writer)
        writer.member("meanTimeBetweenFailuresMilliseconds", account.meanTimeBetweenFailuresMilliseconds)
        writer.object("incidents") { writer in
            writer.member("count", account.incidents.count)
            writer.member("open", account.incidents.count { $0.restoredMilliseconds == nil })
            writer.member("remote", account.incidents.count { $0.isRemote })
        }
        write("timeToDetect", account.timeToDetect, &writer)
        write("timeToAct", account.timeToAct(now: now), &writer)
        write("timeToRestore", account.timeToRestore(now: now), &writer)
        writer.array("causes", of: Array(account.causesBySize.prefix(limit))) { writer, cause in
            writer.beginObject()
            writer.member("cause", cause.name.isEmpty ? nil : cause.name)
            writer.member("milliseconds", cause.milliseconds)
            writer.member("incidents", cause.incidents)
            writer.endObject()
        }
        switch grouping {
        case .device:
            // Those with the most unscheduled downtime first.
            let sorted = account.byDevice.sorted {
                let (a, b) = ($0.value.unscheduledDowntimeMilliseconds, $1.value.unscheduledDowntimeMilliseconds)
                return a == b ? $0.key < $1.key : a > b
            }
            groups(sorted.map { ($0.key, $0.value) }, "device", limit, &writer)
        case .day: groups(account.byDay.sorted { $0.key < $1.key }.map { (date($0.key), $0.value) }, "day", limit, &writer)
        case nil: break
        }
    }

    private static func groups(_ groups: [(String, StateTotals)], _ key: String, _ limit: Int, _ writer: inout JSONWriter) {
        writer.array("groups", of: Array(groups.prefix(limit))) { writer, group in
            writer.beginObject()
            writer.member(key, group.0)
            write(group.1, &writer)
            writer.endObject()
        }
    }

    private static func write(_ totals: StateTotals, _ writer: inout JSONWriter) {
        writer.object("milliseconds") { writer in
            for state in EquipmentState.allCases { writer.member(state.text, totals.milliseconds(in: state)) }
        }
        writer.member("availability", totals.availability)
        writer.member("knownShare", totals.knownShare)
    }

    /// Nil quantiles are longer than anything seen.
    private static func write(_ key: String, _ times: TimeToEvent, _ writer: inout JSONWriter) {
        writer.object(key) { writer in
            writer.member("n", times.count)
            writer.member("open", times.openCount)
            for (name, share) in [("median", 0.5), ("p90", 0.9)] {
                let quantile = times.quantile(share)
                writer.object(name) { writer in
                    writer.member("milliseconds", quantile.milliseconds)
                    writer.member("low", quantile.low)
                    writer.member("high", quantile.high)
                }
            }
        }
    }

    /// `YYYY-MM-DD`.
    static func date(_ day: Int) -> String { CivilDate(daysSince1970: day).text }

    /// One entry of the ledger. Of a state that stands, `to` is when the device was last heard.
    static func write(_ row: StateIntervalRow, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("state", UInt8(exactly: row.state).flatMap(EquipmentState.init)?.text)
        writer.member("from", row.fromMilliseconds)
        writer.member("to", row.toMilliseconds)
        if !row.causes.isEmpty { writer.strings("causes", row.causes.split(separator: "\n").map(String.init)) }
        writer.endObject()
    }
}
