/// The store's file is not at its path any more, so a later start would not find what is committed now.
struct StoreMisplaced: Error, CustomStringConvertible {
    let problem: String

    init(_ problem: String) { self.problem = problem }

    var description: String { "\(problem): put it back, or stop the gateway, restore a backup, and start it again" }
}
