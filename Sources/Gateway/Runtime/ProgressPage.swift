/// The words of a page of memory that outlives the program. The next start reads from it how the program ended.
///
/// The page has 512 words of 64 bits, all 0 in a new file. The meaning of a word never changes; new information gets a new word. A program of
/// another version leaves the words that it does not know as they are.
enum ProgressWord {
    /// The event that the core is taking, 0 between events. A plain store, made by the core.
    static let event = 0
    /// Set by the handler of a fatal signal: the program died of a crash.
    static let crashed = 1
    /// The event in which the program before died, and how many programs in a row died in it, however they died.
    static let formerEvent = 2
    static let deathsInARow = 3
    /// What the store has committed (`CommitWitness`, 12 words).
    static let commitRecords = 256
    /// When the last commit was, by both clocks (`ClockMemory`, 4 words).
    static let clock = 272
}

/// What the page says of the program before this one.
struct Death: Equatable {
    /// The event that the core was taking; 0 for none.
    var event: Int64 = 0
    /// A fatal signal, which came from the program itself.
    var isCrash = false
    /// Programs in a row that died while they processed this event, the last one included.
    var inARow: Int64 = 0

    /// A SIGKILL comes from outside, from an operator or from the kernel when memory is short, and usually has nothing to do with the message being
    /// processed. But a message takes microseconds, so three programs in a row that are killed during the same one are no accident.
    static let suspiciousDeaths: Int64 = 3

    var isSuspicious: Bool { event != 0 && inARow >= Self.suspiciousDeaths }

    /// Reads what the program before left behind, and makes the page ready for this one.
    static func readAndReset(_ page: UnsafeMutablePointer<Int64>) -> Death {
        var death = Death(event: page[ProgressWord.event], isCrash: page[ProgressWord.crashed] != 0)
        if death.event != 0 {
            let isSame = page[ProgressWord.formerEvent] == death.event
            death.inARow = isSame ? max(page[ProgressWord.deathsInARow], 0) &+ 1 : 1
        }
        page[ProgressWord.formerEvent] = death.event
        page[ProgressWord.deathsInARow] = death.inARow
        page[ProgressWord.event] = 0
        page[ProgressWord.crashed] = 0
        return death
    }
}
