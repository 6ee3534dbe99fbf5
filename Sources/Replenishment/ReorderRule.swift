import Telemetry

/// When to order: first cut of the reorder point.
///
/// Order when, with 95 % confidence, the supply might end before an order placed now arrives: the 5 % quantile of the days left
/// is not longer than the lead time. While there is too little evidence for a forecast, a known level at or below the floor decides.
/// Nothing is ordered because of an unknown.
public enum ReorderRule {
    public static func reason(
        levelPercent: Double?, daysLeft5Percent: Double?, leadTimeMilliseconds: Int64, floorPercent: Double
    ) -> String? {
        guard let levelPercent else { return nil }
        let leadDays = Double(leadTimeMilliseconds) / 86_400_000
        if let days = daysLeft5Percent, days <= leadDays {
            return "may end in \(counted(days)) (5 % quantile), and an order takes \(counted(leadDays))"
        }
        if levelPercent <= floorPercent {
            return "the level of \(rounded(levelPercent)) % is at or below the floor of \(rounded(floorPercent)) %"
        }
        return nil
    }

    private static func counted(_ days: Double) -> String {
        let text = rounded(days)
        return text == "1" ? "1 day" : text + " days"
    }

    private static func rounded(_ number: Double) -> String {
        let tenths = (number * 10).rounded() / 10
        return tenths == tenths.rounded() && abs(tenths) < 1e15 ? String(Int64(tenths)) : "\(tenths)"
    }
}
