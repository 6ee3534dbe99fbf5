/// Readings of one device that belong to one time.
public struct SparkplugBatch: Equatable, Sendable {
    public var readings: [SparkplugReading]
    /// Nil when the node tells no time.
    public var timeMilliseconds: Int64?
    /// Values of the past that were sent later (`is_historical`).
    public var isHistorical: Bool
    /// The newest batch of its message.
    public var isLast = false

    /// Splits the readings of one message by time, the oldest first. No batch has a metric twice.
    ///
    /// A metric's own time is when its value came to be; in a birth that may be days ago for a value that holds now. So a value that is the
    /// metric's only one counts for the time of the message, and only values of which there are several, or that are marked as history,
    /// keep their own.
    public static func split(_ readings: ArraySlice<SparkplugReading>) -> [SparkplugBatch] {
        var counts: [Int32: Int] = [:]
        for reading in readings where !reading.isHistorical { counts[reading.metric, default: 0] += 1 }
        let timed = readings.enumerated().map { place, reading -> (time: Int64, place: Int, reading: SparkplugReading) in
            let isSingle = !reading.isHistorical && counts[reading.metric] == 1
            let time = isSingle ? reading.payloadMilliseconds : reading.timestampMilliseconds
            // Without a time it is now, which is the end.
            return (time ?? .max, place, reading)
        }
        var batches: [SparkplugBatch] = []
        var seen: Set<Int32> = []
        for (time, _, reading) in timed.sorted(by: { ($0.time, $0.place) < ($1.time, $1.place) }) {
            let time = time == .max ? nil : time
            if let last = batches.last, last.timeMilliseconds == time, last.isHistorical == reading.isHistorical,
                seen.insert(reading.metric).inserted
            {
                batches[batches.count - 1].readings.append(reading)
            } else {
                batches.append(SparkplugBatch(readings: [reading], timeMilliseconds: time, isHistorical: reading.isHistorical))
                seen = [reading.metric]
            }
        }
        if !batches.isEmpty { batches[batches.count - 1].isLast = true }
        return batches
    }
}
