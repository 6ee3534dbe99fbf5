/// One physical cartridge. Its successor is one need: whichever slot it lies in, one order is enough for it.
struct TrueCartridge: Sendable, Equatable {
    enum End: String, Sendable {
        /// Taken out when nothing was left in it.
        case empty
        /// Taken out when it was nearly empty.
        case low
        /// Taken out with much left in it.
        case early
        /// It left with its printer.
        case printerReplaced
    }

    let id: Int
    /// Pages that a full one gives.
    let yieldPages: Double
    let isRefurbished: Bool
    /// At what level people take it out, and why.
    let endPercent: Double
    let plannedEnd: End
    /// Hours of work until somebody has changed it.
    let changeHours: Double

    /// When it came into the device; the first ones were there before.
    var installedMilliseconds: Int64?
    /// When it left, how full and why; nil for one that is still there at the end of the year.
    var ended: (at: Int64, percent: Double, why: End)?
    /// When nothing will be, or would have been, left in it; nil when that is beyond all days.
    var emptyMilliseconds: Int64?

    static func == (one: Self, other: Self) -> Bool { one.id == other.id }
}

/// A time that a cartridge spends in one slot.
struct CartridgeStay: Sendable {
    var cartridge: Int
    var from: Int64
    var until: Int64
    var percentAtBegin: Double
    var pagesAtBegin: Double
}

/// A fault that begins by itself. When it ends depends on what is done about it.
struct TrueFault: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case jam, headClogged, fuserHot
    }

    var kind: Kind
    var onset: Int64
    /// It mends itself after that time; nil: it does not.
    var mendsItselfAfter: Int64?
    /// The command of its playbook helps.
    var yieldsToCommand: Bool
    /// From the ticket until somebody is there and mends it.
    var personAfter: Int64
    /// When somebody finds it without any ticket.
    var foundAfter: Int64
}
