extension LeadTime {
    /// How long an order may wait before it is sent, so that others can travel with it, in milliseconds from `time`.
    ///
    /// Waiting is safe while the risk of an order sent then is no higher than allowed, or no higher than that of one sent at once: over a
    /// weekend on which the supplier does not work waiting costs nothing at all. The risk never falls with the wait, because who sends later
    /// receives later, so the end of the safe wait is found by bisection, to the minute and never beyond it.
    ///
    /// - Parameters:
    ///   - window: no longer than this.
    ///   - endsWithin: the chance that the supply ends within so many days of `time`.
    public func safeWaitMilliseconds(
        from time: Int64, within window: Int64, allowedRisk: Double, calendar: SupplierCalendar?, endsWithin: (Double) -> Double
    ) -> Int64 {
        func risk(_ wait: Int64) -> Double {
            chance(orderedAt: time &+ wait, calendar: calendar) { endsWithin($0 + Double(wait) / 86_400_000) }
        }
        guard window > 0 else { return 0 }
        // Sums of days are rounded; a millionth of a percent is no risk.
        let limit = max(allowedRisk, risk(0)) + 1e-8
        // A chance that is no number allows nothing.
        guard limit.isFinite else { return 0 }
        if risk(window) <= limit { return window }
        var (safe, unsafe) = (Int64(0), window)
        while unsafe - safe > 60_000 {
            let middle = safe + (unsafe - safe) / 2
            if risk(middle) <= limit { safe = middle } else { unsafe = middle }
        }
        return safe
    }
}
