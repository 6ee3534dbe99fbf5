/// How a site orders: from whom, what it may cost without asking, how long each step may take.
public struct ReplenishmentPolicy: Equatable, Sendable {
    /// A supplier as far as the decision goes; how to reach it is the shell's business.
    public struct Supplier: Equatable, Sendable {
        public enum Scope: String, CaseIterable, Sendable { case device, site }

        public var name: String
        /// Which orders it takes: every list that is given must match; the first supplier that matches is taken.
        public var items: [Wildcard] = []
        public var profiles: [Wildcard] = []
        public var sites: [Wildcard] = []
        public var isDryRun = false
        /// How long an order may wait for others, where waiting risks nothing; 0: not at all.
        public var consolidationMilliseconds: Int64 = 0
        public var consolidationScope = Scope.site
        /// Its own, in place of the one of the site.
        public var calendar: SupplierCalendar?
        /// Its own quote and how it keeps it (`LeadTime`), in place of the profile's.
        public var leadTimeDays: Double?
        public var leadTimeSpread: Double?

        public init(name: String) { self.name = name }

        func takes(item: String, profile: String, site: String) -> Bool {
            items.matches(item) && profiles.matches(profile) && sites.matches(site)
        }
    }

    public struct Site: Equatable, Sendable {
        public var name: String
        public var devices: [Wildcard]

        public init(name: String, devices: [Wildcard]) {
            self.name = name
            self.devices = devices
        }
    }

    public struct Price: Equatable, Sendable {
        public var item: Wildcard
        public var hundredths: Int64

        public init(item: Wildcard, hundredths: Int64) {
            self.item = item
            self.hundredths = hundredths
        }
    }

    /// What needs a second person. With any limit set, an order without a price needs one, too: unknown is not free.
    public struct Approval: Equatable, Sendable {
        public var isAlwaysNeeded = false
        public var aboveHundredths: Int64?
        public var monthlyDeviceHundredths: Int64?
        public var monthlySiteHundredths: Int64?

        public init() {}

        var hasLimit: Bool { aboveHundredths != nil || monthlyDeviceHundredths != nil || monthlySiteHundredths != nil }
    }

    public var suppliers: [Supplier] = []
    public var isDryRun = false
    /// The site of devices that `sites` does not name.
    public var defaultSite = ""
    public var sites: [Site] = []
    public var prices: [Price] = []
    public var currency = "EUR"
    /// Which items are kept in stock, and how many.
    public var stockRules: [String: StockRule] = [:]
    public var approval = Approval()
    public var deadlines = OrderDeadlines()
    /// `orders/{order}/status`: where suppliers answer over MQTT; nil: nowhere.
    public var statusTopic: StatusTopic?
    /// At or below this level a supply counts as used up.
    public var endedPercent: Double = 1

    public init() {}

    /// The first site that names the device, else the default.
    public func site(ofDevice device: String) -> String {
        sites.first { site in site.devices.contains { $0.matches(device) } }?.name ?? defaultSite
    }

    /// The first that takes such an order; nil: nobody is to get it.
    public func supplier(item: String, profile: String, site: String) -> Supplier? {
        suppliers.first { $0.takes(item: item, profile: profile, site: site) }
    }

    /// Whether it matters for the times which supplier an order would go to.
    public var hasSupplierTimes: Bool {
        suppliers.contains { $0.calendar != nil || $0.leadTimeDays != nil || $0.leadTimeSpread != nil }
    }

    public func supplier(named name: String) -> Supplier? { suppliers.first { $0.name == name } }

    public func priceHundredths(ofItem item: String) -> Int64? { prices.first { $0.item.matches(item) }?.hundredths }

    /// Why a person has to agree to an order; nil when none has to.
    /// - Parameter spent: this month, for the same device and the same site, without this order.
    public func reasonToAsk(amountHundredths amount: Int64?, spentHundredths spent: (device: Int64, site: Int64)) -> String? {
        if approval.isAlwaysNeeded { return "every order needs approval" }
        guard approval.hasLimit else { return nil }
        guard let amount else { return "its price is not known" }
        if let limit = approval.aboveHundredths, amount > limit { return "\(money(amount)) is above \(money(limit))" }
        let plans = [("device", spent.device, approval.monthlyDeviceHundredths), ("site", spent.site, approval.monthlySiteHundredths)]
        for case (let what, let before, let limit?) in plans {
            let (sum, overflow) = before.addingReportingOverflow(amount)
            if overflow || sum > limit {
                return "with it the \(what) is at \(money(overflow ? .max : sum)) this month, above its plan of \(money(limit))"
            }
        }
        return nil
    }

    public func money(_ hundredths: Int64) -> String { Money.text(hundredths) + " " + currency }
}

/// Amounts as whole hundredths, so that sums are exact.
public enum Money {
    /// `79.90`
    public static func text(_ hundredths: Int64) -> String {
        let cents = hundredths.magnitude % 100
        return "\(hundredths < 0 ? "-" : "")\(hundredths.magnitude / 100).\(cents < 10 ? "0" : "")\(cents)"
    }

    /// The nearest hundredth; nil for what is no amount.
    public static func hundredths(_ amount: Double) -> Int64? {
        guard amount.isFinite, amount >= 0, amount <= 1e12 else { return nil }
        return Int64((amount * 100).rounded())
    }
}

/// A text in which `*` stands for any characters, none included.
public struct Wildcard: Equatable, Sendable {
    public let text: String

    public init(_ text: String) { self.text = text }

    /// Byte for byte, in time proportional to both lengths multiplied at worst.
    public func matches(_ candidate: String) -> Bool {
        let pattern = Array(text.utf8)
        let bytes = Array(candidate.utf8)
        var p = 0
        var b = 0
        var star = -1
        var mark = 0
        while b < bytes.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = p
                mark = b
                p += 1
            } else if p < pattern.count, pattern[p] == bytes[b] {
                p += 1
                b += 1
            } else if star >= 0 {
                p = star + 1
                mark += 1
                b = mark
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension [Wildcard] {
    /// An empty list asks for nothing.
    fileprivate func matches(_ text: String) -> Bool { isEmpty || contains { $0.matches(text) } }
}
