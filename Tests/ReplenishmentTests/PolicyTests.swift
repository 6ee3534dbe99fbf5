import Testing

@testable import Replenishment

@Suite struct PolicyTests {
    @Test(arguments: [
        ("", "", true), ("", "a", false), ("*", "", true), ("*", "abc", true), ("a*", "abc", true), ("a*", "bac", false),
        ("*c", "abc", true),
        ("a*c", "abbc", true), ("a*c", "abbcd", false), ("a**c", "ac", true), ("TN-*", "TN-247", true), ("*-*", "a-b-c", true),
        ("abc", "ABC", false), ("a*b*c*d", "a1b2c3", false), ("*ab", "aab", true),
    ]) func patterns(_ pattern: String, _ text: String, _ matches: Bool) {
        #expect(Wildcard(pattern).matches(text) == matches)
    }

    @Test func theFirstSupplierThatTakesItGetsIt() {
        var policy = ReplenishmentPolicy()
        policy.defaultSite = "north"
        policy.sites = [.init(name: "south", devices: [Wildcard("s-*")])]
        var toner = ReplenishmentPolicy.Supplier(name: "toner")
        toner.items = [Wildcard("TN-*"), Wildcard("DR-*")]
        toner.sites = [Wildcard("south")]
        var office = ReplenishmentPolicy.Supplier(name: "office")
        office.profiles = [Wildcard("office-*")]
        policy.suppliers = [toner, office]
        #expect(policy.site(ofDevice: "s-1") == "south" && policy.site(ofDevice: "n-1") == "north")
        #expect(policy.supplier(item: "TN-1", profile: "x", site: "south")?.name == "toner")
        #expect(policy.supplier(item: "TN-1", profile: "office-laser", site: "north")?.name == "office")
        #expect(policy.supplier(item: "TN-1", profile: "x", site: "north") == nil)
    }

    @Test func whatNeedsASecondPerson() {
        var policy = ReplenishmentPolicy()
        func asks(_ amount: Int64?, _ device: Int64 = 0, _ site: Int64 = 0) -> Bool {
            policy.reasonToAsk(amountHundredths: amount, spentHundredths: (device, site)) != nil
        }
        #expect(!asks(nil) && !asks(1_000_000))
        policy.approval.aboveHundredths = 10_000
        #expect(asks(nil), "unknown is not free")
        #expect(!asks(10_000) && asks(10_001))
        policy.approval.monthlyDeviceHundredths = 15_000
        #expect(!asks(5000, 10_000, 90_000) && asks(5001, 10_000, 0))
        policy.approval.monthlySiteHundredths = 90_000
        #expect(asks(5000, 10_000, 85_001) && asks(1, .max, 0) && asks(1, 0, .max))
        policy.approval = .init()
        policy.approval.isAlwaysNeeded = true
        #expect(asks(0))
    }

    @Test func money() {
        #expect(Money.text(7990) == "79.90" && Money.text(5) == "0.05" && Money.text(0) == "0.00" && Money.text(-101) == "-1.01")
        #expect(Money.text(.min) == "-92233720368547758.08")
        #expect(Money.hundredths(79.9) == 7990 && Money.hundredths(0.005) == 1 && Money.hundredths(-1) == nil)
        #expect(Money.hundredths(.nan) == nil && Money.hundredths(.infinity) == nil && Money.hundredths(1e13) == nil)
    }

    @Test func topics() throws {
        let topic = try #require(StatusTopic("orders/{order}/status"))
        func order(_ text: String) -> String? { Array(text.utf8).withUnsafeBytes { topic.order(in: $0) } }
        #expect(topic.subscription == "orders/+/status")
        #expect(order("orders/or-1/status") == "or-1")
        for other in ["orders/or-1/status/x", "orders//status", "orders/or-1", "order/or-1/status", "orders/a b/status", ""] {
            #expect(order(other) == nil, "\(other)")
        }
        #expect(order("orders/\(String(repeating: "x", count: 65))/status") == nil)
        for wrong in ["", "orders", "{order}", "orders/{order}x", "orders/+/{order}", "a/{order}/{order}", "a/#/{order}"] {
            #expect(StatusTopic(wrong) == nil, "\(wrong)")
        }
    }
}

@Suite struct StockLedgerTests {
    /// As `#expect`, whose own closures cannot change the ledger.
    private func holds(_ isTrue: Bool, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(isTrue, comment, sourceLocation: sourceLocation)
    }

    @Test func aUnitCoversOneNeed() {
        var stock = StockLedger()
        holds(!stock.cover("a", item: "i"))
        holds(stock.set("i", units: 1))
        holds(stock.cover("a", item: "i") && stock.cover("a", item: "i"), "the same need once more")
        holds(!stock.cover("b", item: "i") && !stock.cover("c", item: "j"))
        holds(stock.unitsAvailable("i") == 0 && stock.unitsReserved("i") == 1)
        holds(stock.install("i", for: "a"))
        holds(stock.unitsOnHand("i") == 0 && stock.needs.isEmpty)
        holds(!stock.install("i", for: "a"), "nothing is there any more")
    }

    @Test func aCountThatFallsUncoversTheLastNeeds() {
        var stock = StockLedger()
        _ = stock.set("i", units: 2)
        holds(stock.cover("a", item: "i") && stock.cover("b", item: "i"))
        _ = stock.set("i", units: 1)
        holds(stock.cover("a", item: "i") && !stock.cover("b", item: "i"))
        holds(!stock.isReserved("b"))
    }

    /// A cartridge that nobody ordered came from the cupboard, but not the one that is meant for another device.
    @Test func anInstallationWithoutAReservation() {
        var stock = StockLedger()
        _ = stock.set("i", units: 2)
        _ = stock.cover("a", item: "i")
        holds(stock.install("i", for: "x"))
        holds(!stock.install("i", for: "y"))
        holds(stock.unitsOnHand("i") == 1 && stock.isReserved("a"))
    }

    @Test func limits() {
        var stock = StockLedger()
        holds(!stock.set("i", units: -1) && !stock.set("i", units: 1_000_001) && !stock.set("", units: 1))
        holds(stock.add("i", units: 3) && stock.add("i", units: -5) && stock.unitsOnHand("i") == 0)
        holds(!stock.add("i", units: .max) || stock.unitsOnHand("i") == 0)
        holds(stock.add("i", units: 1) && !stock.add("i", units: .max))
    }

    /// Whatever is counted, needed and installed: never below zero, never more taken aside than there is.
    @Test(arguments: 0..<100) func theLedgerAlwaysAddsUp(_ seed: Int) {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var stock = StockLedger()
        for _ in 0..<300 {
            let item = "i\(next(3))"
            let need = "n\(next(8))-\(item)"
            switch next(5) {
            case 0: _ = stock.set(item, units: next(4))
            case 1: _ = stock.add(item, units: next(5) - 2)
            case 2: _ = stock.cover(need, item: item)
            case 3: _ = stock.install(item, for: need)
            default: stock.release(need)
            }
            for item in stock.items {
                holds(stock.unitsOnHand(item) >= 0 && stock.unitsAvailable(item) >= 0, "seed \(seed)")
                holds(stock.unitsAvailable(item) + stock.unitsReserved(item) == stock.unitsOnHand(item), "seed \(seed)")
            }
        }
    }
}
