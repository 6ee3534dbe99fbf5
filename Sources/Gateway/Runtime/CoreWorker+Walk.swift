import GatewayCore
import Threading

/// What a walk has gathered so far. Between two slices it belongs to the asker, within one to the core's thread.
private final class WalkBox<State>: @unchecked Sendable {
    var state: State
    init(_ state: State) { self.state = state }
}

extension CoreWorker {
    /// A slice ends after this time, so a batch that comes meanwhile waits no longer.
    static let sliceNanoseconds: Int64 = 1_000_000

    /// Puts together a long answer in slices; batches go between them.
    /// - Parameters:
    ///   - hasLeft: whether the asker has gone.
    ///   - step: one small step; false when it was the last.
    func walk<State>(
        _ state: State, timeoutMilliseconds: Int64 = 60_000, hasLeft: () -> Bool, _ step: @escaping (StewardCore, inout State) -> Bool
    ) throws(NotAnswered) -> State {
        let box = WalkBox(state)
        let deadline = Clock.monotonicMilliseconds() + timeoutMilliseconds
        while true {
            let remaining = deadline - Clock.monotonicMilliseconds()
            guard remaining > 0 else { throw .busy }
            let goesOn = try ask(timeoutMilliseconds: min(remaining, 10_000)) { core in
                let end = Clock.monotonicNanoseconds() + Self.sliceNanoseconds
                repeat {
                    guard step(core, &box.state) else { return false }
                } while Clock.monotonicNanoseconds() < end
                return true
            }
            guard goesOn else { return box.state }
            if hasLeft() { throw .askerLeft }
        }
    }
}
