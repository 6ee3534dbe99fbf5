import CivilCalendar
import CoreViews
import Documents
import GatewayCore
import HTTPService
import SQLiteStore
import ServiceValue
import Threading

/// The account of downtime, from what is in the store and what is open in the core.
extension GatewayAPI {
    static let downtimeRoutes: [Route] = [
        .ask("/api/v1/downtime") { try $0.downtime($1) },
        .ask("/api/v1/devices/{id}/states") { try $0.states($1) },
    ]

    /// Days that one answer covers at most: ten years.
    private static let maximumDays = 3_660
    /// Groups and causes that an answer lists at most.
    private static let maximumGroups = 10_000

    /// `from` and `to` are dates of the site's zone, both included; the last 30 days without them. With `by=device` or `by=day` also `groups`.
    private func downtime(_ request: HTTPRequest) throws -> HTTPResponse {
        let grouping = try request.queryValue("by").map { name -> DowntimeDocument.Grouping in
            guard let grouping = DowntimeDocument.Grouping(rawValue: name) else {
                throw Refusal(400, "No such grouping", "Ask by=device or by=day.")
            }
            return grouping
        }
        let now = Clock.wallMilliseconds()
        let device = request.queryValue("device")
        let account = try account(try period(request, now: now), device: device, hasLeft: request.hasLeft)
        return Self.json {
            DowntimeDocument.write(account, by: grouping, now: now, limit: Self.maximumGroups, &$0)
        }
    }

    /// The days that a request asks for.
    private func period(_ request: HTTPRequest, now: Int64) throws -> ClosedRange<Int> {
        let calendar = LocalDays(zone: configuration.core.zone)
        func day(_ name: String, _ fallback: Int) throws -> Int {
            guard let text = request.queryValue(name) else { return fallback }
            guard let date = CivilDate(text) else { throw Refusal(400, "No such date", "\(name) is a date such as 2026-11-30.") }
            return date.daysSince1970
        }
        let to = try day("to", calendar.day(atMilliseconds: now))
        let from = try day("from", to - 29)
        guard from <= to else { throw Refusal(400, "The period ends before it begins", "from is not after to.") }
        guard to - from < Self.maximumDays else { throw Refusal(400, "The period is too long", "At most \(Self.maximumDays) days.") }
        return from...to
    }

    private func account(_ days: ClosedRange<Int>, device: String?, hasLeft: () -> Bool) throws -> DowntimeAccount {
        let calendar = LocalDays(zone: configuration.core.zone)
        let times = calendar.startMilliseconds(ofDay: days.lowerBound)..<calendar.startMilliseconds(ofDay: days.upperBound + 1)
        // An entry that ends between the two questions is missing from this answer, and in the next.
        var account = try history.read { try $0.downtimeAccount(days, times, device: device) }
        var open: [(interval: StateInterval?, incident: DowntimeAccount.IncidentFact?)] = []
        open = try core.walk((place: 0, found: open), hasLeft: hasLeft) { core, state in
            guard state.place < core.devicePlaces else { return false }
            if let open = core.openDowntime(at: state.place) { state.found.append(open) }
            state.place += 1
            return true
        }.found
        for (interval, incident) in open {
            if let interval, device == nil || interval.device == device { account.add(interval, calendar) }
            if let incident, device == nil || incident.device == device, times.contains(incident.onsetMilliseconds) {
                account.add(incident)
            }
        }
        return account
    }

    /// The entries of one device's ledger, `from` to `to` in milliseconds since 1970; the last 30 days without them.
    private func states(_ request: HTTPRequest) throws -> HTTPResponse {
        let id = request.parameter("id")
        let from = request.queryValue("from").flatMap { Int64($0) } ?? Clock.wallMilliseconds() - 30 * 86_400_000
        let to = request.queryValue("to").flatMap { Int64($0) } ?? .max
        let limit = try limit(request, 1000)
        let rows = try history.read { try $0.stateIntervals(device: id, from: from, to: to, limit: limit) }
        let (open, isKnown) = try core.ask { ($0.openDowntime(of: id)?.interval, $0.hasDevice(id)) }
        guard isKnown || !rows.isEmpty else { throw Refusal.unknown("device", id) }
        return Self.json { writer in
            writer.member("device", id)
            writer.array("states", of: rows) { DowntimeDocument.write($1, &$0) }
            if let open {
                writer.key("open")
                DowntimeDocument.write(StateIntervalRow(open), &writer)
            }
        }
    }
}

extension StoreReader {
    /// What is committed of a period.
    /// - Parameter times: the same as `days`, as instants.
    func downtimeAccount(_ days: ClosedRange<Int>, _ times: Range<Int64>, device: String?) throws -> DowntimeAccount {
        var account = DowntimeAccount(days: days)
        try stateDays(days, device: device) { row in
            for (state, milliseconds) in zip(EquipmentState.allCases, row.states) {
                account.add(milliseconds, in: state, of: row.device, onDay: row.day)
            }
        }
        for row in try causeDays(days, device: device) { account.add(row.milliseconds, ofCause: row.cause, onDay: row.day) }
        for row in try incidents(from: times.lowerBound, to: times.upperBound, device: device) {
            let cause = row.causes.split(separator: "\n").first.map(String.init)
            account.add(
                DowntimeAccount.IncidentFact(
                    device: row.device, onsetMilliseconds: row.onsetMilliseconds, restoredMilliseconds: row.restoredMilliseconds,
                    downtimeMilliseconds: row.downtimeMilliseconds, detectedMilliseconds: row.detectedMilliseconds,
                    actedMilliseconds: row.actedMilliseconds, isRemote: row.isRemote, cause: cause))
        }
        return account
    }
}
