extension Int64 {
    /// The same moment in milliseconds on a clock that was set by `step`, so that the time since then stays what it was.
    /// The ends of the range, which stand for "none" and "never", stay what they are.
    public func shifted(byMilliseconds step: Int64) -> Int64 {
        let farthest: Int64 = 1 << 60
        return (-farthest...farthest).contains(self) ? self &+ Swift.min(Swift.max(step, -farthest), farthest) : self
    }
}

extension Int64? {
    public func shifted(byMilliseconds step: Int64) -> Int64? { map { $0.shifted(byMilliseconds: step) } }
}
