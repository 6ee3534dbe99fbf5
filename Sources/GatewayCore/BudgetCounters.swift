/// What was dropped, folded or forgotten because a limit was reached, by kind. Part of the state, so that a replay comes to the same numbers.
///
/// Stored by name, so that a program of another version reads what it knows and begins the rest at 0.
public struct BudgetCounters: Equatable, Sendable, Codable {
    public enum Kind: String, CaseIterable, Sendable {
        /// Parts of messages that failed beside the first one of their message, which is in the dead letter.
        case partsFailed = "parts_failed"
        /// Parts of messages that were not looked at because their message had used up what one message may cost.
        case partsDropped = "parts_dropped"
        /// Devices that got a layout of their own because they bring more names than their share of the profile's.
        case ownLayouts = "own_layouts"
        /// Devices that gave way to new ones because almost nothing was heard of them.
        case devicesForgotten = "devices_forgotten"
        /// Sparkplug nodes that gave way to new ones.
        case nodesForgotten = "sparkplug_nodes_forgotten"
        /// Alarms and tickets beyond what one device may have at a time; they are told together.
        case alarmsFolded = "alarms_folded"
        case ticketsFolded = "tickets_folded"
        /// Readings of counters that the reading after them has shown to be false.
        case falseCounts = "false_counts"
        /// Readings that their profile's bounds and sentinels exclude; they are unknown.
        case impossibleValues = "impossible_values"
        /// Commands that were not sent because their device is known to be away.
        case commandsKeptBack = "commands_kept_back"
        /// Answers to requests that the gateway did not make, or does not remember.
        case unknownReplies = "unknown_replies"
        /// Messages on topics that have the shape of a profile's, of devices that are not known, in which no profile reads anything.
        case strangers = "strangers"
        /// Devices that began anew because they turned out to be of another profile.
        case devicesReclaimed = "devices_reclaimed"
    }

    private var counts: [String: Int64] = [:]

    public init() {}

    public subscript(_ kind: Kind) -> Int64 { counts[kind.rawValue] ?? 0 }

    /// All kinds, for the metrics.
    var figures: [(name: String, value: Int64)] { Kind.allCases.map { ($0.rawValue, self[$0]) } }

    mutating func count(_ kind: Kind, _ more: Int = 1) {
        guard more > 0 else { return }
        counts[kind.rawValue, default: 0] &+= Int64(more)
    }
}

extension StewardCore {
    /// The counts, and how many topics were forgotten since the start: these are resolved again, so they are no part of the state.
    public var budgetFigures: [(name: String, value: Int64)] { budgets.figures + [("topics_forgotten", fleet.topics.forgotten)] }
}
