/// When to order.
///
/// The risk is the probability that the supply ends before an order placed now arrives. It is weighed against waiting, at one price for
/// all supplies of a kind (`LatenessPrice`), and never above a ceiling. While there is too little evidence for a forecast, a known level
/// at or below the floor decides. Nothing is ordered because of an unknown.
public struct ReorderRule: Equatable, Sendable {
    /// 0.95 means that one supply in twenty may end before its successor is there.
    public var serviceLevel: Double
    public var floorPercent: Double
    /// However dear waiting is, no single supply takes more than so many times the risk that the service level allows on average.
    public static let ceilingFactor = 3.5

    public init(serviceLevel: Double = 0.95, floorPercent: Double = 5) {
        self.serviceLevel = min(max(serviceLevel, 0.5), 0.999)
        self.floorPercent = floorPercent
    }

    /// What speaks for and against an order at one moment.
    public struct Weighing: Equatable, Sendable {
        /// The risk of an order placed now, and of one placed at the next report.
        public var risk, riskLater: Double
        /// Days until that report.
        public var gapDays: Double
        /// Whether to order now.
        public var orders: Bool
    }

    /// Weighs an order placed now against one placed at the next report, `gapDays` later. The risks are probabilities, 0 to 1.
    public func weigh(risk: Double, riskLater: Double, gapDays: Double, price: LatenessPrice) -> Weighing {
        let gap = max(gapDays, 0.01)
        let isWorthIt = (riskLater - risk) * price.days >= gap * (1 - riskLater)
        let ceiling = min(Self.ceilingFactor * (1 - serviceLevel), 0.9)
        return Weighing(risk: risk, riskLater: riskLater, gapDays: gap, orders: isWorthIt || riskLater > ceiling)
    }

    /// Why it is ordered. `daysLeft` are the 5, 50 and 95 % quantiles of its end, or empty.
    public func reason(_ weighing: Weighing, leadDays: Double, daysLeft: [Double]) -> String {
        let range = daysLeft.count == 3 ? "; it lasts \(Self.rounded(daysLeft[0])) to \(Self.rounded(daysLeft[2])) days" : ""
        return "\(Self.rounded(weighing.risk * 100)) % risk that it ends before an order placed now arrives "
            + "(lead time \(Self.counted(leadDays))), \(Self.rounded(weighing.riskLater * 100)) % at the next report\(range)"
    }

    /// The reason to order without a forecast; nil when there is none.
    public func reasonWithoutForecast(levelPercent: Double?) -> String? {
        guard let levelPercent, levelPercent <= floorPercent else { return nil }
        return "the level of \(Self.rounded(levelPercent)) % is at or below the floor of \(Self.rounded(floorPercent)) %, "
            + "and there is no forecast yet"
    }

    /// A device that knows no numbers says "low" when somebody should order: there is nothing better to go by.
    public static let reasonOfLow = "the device says that it is low, and there is no forecast yet"

    static func counted(_ days: Double) -> String {
        let text = rounded(days)
        return text == "1" ? "1 day" : text + " days"
    }

    /// With one digit behind the point, and none for a whole number.
    public static func rounded(_ number: Double) -> String {
        let tenths = (number * 10).rounded() / 10
        return tenths == tenths.rounded() && abs(tenths) < 1e15 ? String(Int64(tenths)) : "\(tenths)"
    }
}
