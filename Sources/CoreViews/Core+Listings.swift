import Documents
import FaultDetection
import GatewayCore
import RemoteSupport
import Replenishment
import ServiceValue

/// Lists that are read item by item, so that whoever reads a long one can let go of the core in between.
public enum Listing: String, Sendable {
    case alarms
    case actions
    case tickets
    case orders
}

/// Which items of a list are wanted; nil: all.
public struct ListingFilter: Sendable {
    public var device: String?
    /// Of orders.
    public var state: String?
    /// Alarms that are over and were seen.
    public var includesFinished = false
    /// Of alarms: what found them.
    public var source: Alarm.Source?

    public init(device: String? = nil, state: String? = nil, includesFinished: Bool = false, source: Alarm.Source? = nil) {
        self.device = device
        self.state = state
        self.source = source
        self.includesFinished = includesFinished
    }
}

extension StewardCore {
    public func hasSurvey(_ id: String) -> Bool { experience.scores.has(id) }
    public func hasTicket(_ id: String) -> Bool { support.tickets[id] != nil }

    /// The ids of a list, oldest first. Those of actions are runs, which have an item for each attempt.
    public func ids(of listing: Listing) -> [String] {
        switch listing {
        case .alarms: alarms.ids
        case .actions: support.runs.ids
        case .tickets: support.tickets.ids
        case .orders: orders.ids
        }
    }

    /// Writes one item of a list; false when it is not wanted or was forgotten meanwhile.
    public func write(_ listing: Listing, id: String, filter: ListingFilter, _ writer: inout JSONWriter) -> Bool {
        func isOf(_ device: String) -> Bool { filter.device == nil || filter.device == device }
        switch listing {
        case .alarms:
            guard let alarm = alarms[id], isOf(alarm.device), filter.includesFinished || alarm.state != .returnedToNormal,
                filter.source == nil || filter.source == alarm.source
            else { return false }
            write(alarm, &writer)
        case .actions:
            guard let run = support.runs[id], isOf(run.device) else { return false }
            for attempt in run.attempts { write(attempt, of: run, &writer) }
        case .tickets:
            guard let ticket = support.tickets[id], isOf(ticket.device) else { return false }
            writer.beginObject()
            writer.member("device", ticket.device)
            writer.members(of: ticket)
            writer.endObject()
        case .orders:
            guard let order = orders[id], isOf(order.device), filter.state == nil || filter.state == order.state.rawValue else {
                return false
            }
            write(order, &writer)
        }
        return true
    }

    /// Commands with what became of them.
    private func write(_ attempt: PlaybookRun.Attempt, of run: PlaybookRun, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("request", attempt.requestID)
        writer.member("device", run.device)
        writer.member("command", attempt.command)
        writer.member("outcome", attempt.outcome.rawValue)
        writer.member("detail", attempt.detail)
        writer.member("alarm", run.alarm)
        writer.member("condition", alarms[run.alarm]?.condition)
        writer.member("onset", alarms[run.alarm]?.onsetMilliseconds)
        writer.endObject()
    }
}
