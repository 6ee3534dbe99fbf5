import CivilCalendar
import GatewayCore
import SQLiteStore

/// Steps of the clock on their way through the ingest thread. The core is some batches behind, so what it decides before it has met a step is
/// still dated by the clock from before.
struct ClockSteps {
    /// The step that is the first event of the batch being committed, in milliseconds; 0 when there is none.
    private(set) var inHandMilliseconds: Int64 = 0
    /// Steps that are committed and that the core may not have processed yet, each with the number of its event.
    private var committed: [(event: Int64, step: Int64)] = []

    /// The core has not processed the last step yet, so what it published last is dated by the former clock.
    var isUnderWay: Bool { inHandMilliseconds != 0 || !committed.isEmpty }

    mutating func begin(_ step: Int64) { inHandMilliseconds = step }

    /// The batch in hand is committed; its first event told the step.
    mutating func commit(firstEvent: Int64) {
        if inHandMilliseconds != 0 { committed.append((firstEvent, inHandMilliseconds)) }
        inHandMilliseconds = 0
    }

    /// The core has come to this event and will date nothing by an earlier clock any more.
    mutating func reached(event: Int64) { committed.removeAll { $0.event <= event } }

    /// Converts a time that the core gave at `event` to the clock of the last committed step.
    func current(_ time: Int64?, from event: Int64) -> Int64? {
        committed.reduce(time) { $1.event > event ? $0.shifted(byMilliseconds: $1.step) : $0 }
    }
}

extension Store {
    /// Shifts the times of open deliveries, and the expiry of commands, by a step of the clock.
    func stepOutbox(byMilliseconds step: Int64) throws {
        try shiftOutbox(byMilliseconds: step)
        for delivery in try dueOutbox(OutboxLane(channel: OutboxChannel.command.rawValue, receiver: ""), nowMilliseconds: .max, limit: .max)
        {
            guard var payload = try? OutboxPayload(decoding: delivery.entry.payload), let expires = payload.expiresMilliseconds else {
                continue
            }
            payload.expiresMilliseconds = expires.shifted(byMilliseconds: step)
            try replaceOutboxPayload(key: delivery.entry.key, with: payload.encoded())
        }
    }
}
