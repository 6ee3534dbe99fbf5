/// The store's file is not where it was: whatever is committed now nobody would find again.
struct StoreMisplaced: Error, CustomStringConvertible {
    let problem: String

    init(_ problem: String) { self.problem = problem }

    var description: String { "\(problem): put it back, or stop the gateway, restore a backup, and start it again" }
}
