/// Finds out when the queue is empty that the broker kept while the gateway was away. MQTT does not say so.
///
/// The broker sends the queue as fast as the gateway acknowledges it, in rounds as large as it allows to be in flight. So the queue is over when
/// nothing comes for a moment; when several rounds in a row are small and had to be waited for; or when the rounds have become small and stay so.
struct BacklogWatch {
    private static let quietMilliseconds: Int64 = 500
    /// A queue that takes longer is taken for what the fleet says all the time.
    private static let longestMilliseconds: Int64 = 30_000
    /// A round that was waited for so long is calm when it has at most a quarter of the messages of the largest one.
    private static let calmWaitMilliseconds: Int64 = 50
    private static let calmRounds = 3
    /// So many small rounds in a row are a sign however soon they come, where the largest had so many messages.
    private static let smallRounds = 10
    private static let largeRound = 4

    private var beganMilliseconds: Int64?
    private var waitedMilliseconds: Int64 = 0
    private var largestRound = 0
    private var calmRoundsInARow = 0
    private var smallRoundsInARow = 0

    /// The connection stands, and the broker had kept the session. Times are monotonic.
    mutating func begin(nowMilliseconds now: Int64) {
        self = BacklogWatch()
        beganMilliseconds = now
    }

    mutating func disconnected() { beganMilliseconds = nil }

    /// A round of reading is over that brought so many messages, and waited so long for them. True once, when the queue is over.
    mutating func isOver(messages: Int, waitedMilliseconds waited: Int64, nowMilliseconds now: Int64) -> Bool {
        guard let began = beganMilliseconds else { return false }
        waitedMilliseconds += waited
        if messages > 0 {
            largestRound = max(largestRound, messages)
            let isSmall = messages <= max(1, largestRound / 4)
            calmRoundsInARow = isSmall && waitedMilliseconds >= Self.calmWaitMilliseconds ? calmRoundsInARow + 1 : 0
            smallRoundsInARow = isSmall && largestRound >= Self.largeRound ? smallRoundsInARow + 1 : 0
            waitedMilliseconds = 0
        }
        guard
            waitedMilliseconds >= Self.quietMilliseconds || calmRoundsInARow >= Self.calmRounds
                || smallRoundsInARow >= Self.smallRounds || now - began >= Self.longestMilliseconds
        else { return false }
        beganMilliseconds = nil
        return true
    }
}
