/// Finds out when the queue is empty that the broker kept while the gateway was away. MQTT does not say so.
///
/// The broker sends the queue as fast as the gateway acknowledges it, in rounds as large as it allows to be in flight. So the queue is over when
/// nothing comes for a moment, or when the rounds have become small and stay so.
struct BacklogWatch {
    private static let quietMilliseconds: Int64 = 500
    /// A queue that takes longer is taken for what the fleet says all the time.
    private static let longestMilliseconds: Int64 = 120_000
    /// So many rounds in a row have to be smaller than a quarter of the largest one, which is a sign from so many messages on only.
    private static let smallRounds = 3
    private static let wantedRound = 16

    private var beganMilliseconds: Int64?
    private var lastMessageMilliseconds: Int64 = 0
    private var largestRound = 0
    private var smallRoundsInARow = 0

    /// The connection stands, and the broker had kept the session. Times are monotonic.
    mutating func begin(nowMilliseconds now: Int64) {
        self = BacklogWatch()
        beganMilliseconds = now
        lastMessageMilliseconds = now
    }

    mutating func disconnected() { beganMilliseconds = nil }

    /// A round of reading is over that brought so many messages. True once, when the queue is over.
    mutating func isOver(messages: Int, nowMilliseconds now: Int64) -> Bool {
        guard let began = beganMilliseconds else { return false }
        if messages > 0 {
            lastMessageMilliseconds = now
            largestRound = max(largestRound, messages)
            let isSmall = largestRound >= Self.wantedRound && messages < largestRound / 4
            smallRoundsInARow = isSmall ? smallRoundsInARow + 1 : 0
        }
        guard
            now - lastMessageMilliseconds >= Self.quietMilliseconds || smallRoundsInARow >= Self.smallRounds
                || now - began >= Self.longestMilliseconds
        else { return false }
        beganMilliseconds = nil
        return true
    }
}
