/// What was counted in a year beside the violations.
public struct ChaosFindings: Sendable, Equatable {
    /// Cartridges that were used up and lived long enough for an order.
    public var needs = 0
    /// Decisions of the core.
    public var orders = 0
    /// For cartridges that were not low, while the forecast had little to go by.
    public var earlyOrdersWhileLearning = 0
    /// Nobody had taken an order when the cartridge was used up.
    public var unorderedNeeds = 0
    /// Needs for which the core took a unit of the cupboard aside: one that lay there, and one that did not.
    public var unitsReserved = 0
    public var unitsNotThere = 0
    /// Delivered after the end of the cartridge; the days between are `emptyDays`.
    public var lateDeliveries = 0
    public var emptyDays = 0.0
    /// Of the needs of both worlds: ordered more than a day later than in the clean one, the time not counted in which nothing was heard, and
    /// less than five days before the end; those ordered earlier than that are counted apart.
    public var laterOrders = 0
    public var laterOrdersInTime = 0
    public var comparedNeeds = 0
    /// Not ordered, because a supplier had sent a wrong item, which the gateway was told to be the right one and lay in the cupboard.
    public var laterOrdersNobodyCouldKnow = 0
    public var faults = 0
    public var alarms = 0
    public var falseAlarms = 0
    public var missedFaults = 0
    public var silences = 0
    public var falseSilences = 0
    public var tickets = 0
    public var falseTickets = 0
    public var commands = 0
    public var commandsExecuted = 0
    /// Sent while no fault was there.
    public var commandsWithoutFault = 0
    /// Executed after the deadline by a device behind a session without expiry that went away unnoticed.
    public var lateCommandsNobodyCouldKnow = 0
    public var messages = 0
    public var deadLetters = 0
    public var restarts = 0
    /// Not the same to the byte in each run, because it counts the room that the allocator gave.
    public var largestStateBytes = 0

    public var laterShare: Double { comparedNeeds > 0 ? Double(laterOrders) / Double(comparedNeeds) : 0 }

    /// Name and value of each, in the order of the report.
    public var rows: [(name: String, value: Double)] {
        [
            ("messages", Double(messages)), ("deadLetters", Double(deadLetters)), ("needs", Double(needs)), ("orders", Double(orders)),
            ("earlyOrdersWhileLearning", Double(earlyOrdersWhileLearning)),
            ("unorderedNeeds", Double(unorderedNeeds)), ("unitsReserved", Double(unitsReserved)),
            ("unitsNotThere", Double(unitsNotThere)), ("lateDeliveries", Double(lateDeliveries)), ("emptyDays", emptyDays),
            ("comparedNeeds", Double(comparedNeeds)), ("laterOrders", Double(laterOrders)),
            ("laterOrdersInTime", Double(laterOrdersInTime)),
            ("laterOrdersNobodyCouldKnow", Double(laterOrdersNobodyCouldKnow)), ("faults", Double(faults)),
            ("alarms", Double(alarms)), ("falseAlarms", Double(falseAlarms)), ("missedFaults", Double(missedFaults)),
            ("silences", Double(silences)), ("falseSilences", Double(falseSilences)), ("tickets", Double(tickets)),
            ("falseTickets", Double(falseTickets)), ("commands", Double(commands)), ("commandsExecuted", Double(commandsExecuted)),
            ("commandsWithoutFault", Double(commandsWithoutFault)),
            ("lateCommandsNobodyCouldKnow", Double(lateCommandsNobodyCouldKnow)), ("restarts", Double(restarts)),
        ]
    }
}
