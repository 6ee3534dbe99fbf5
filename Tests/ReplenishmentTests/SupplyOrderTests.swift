import Testing

@testable import Replenishment

@Suite struct SupplyOrderTests {
    private func order(_ state: SupplyOrder.State = .planned) -> SupplyOrder {
        var order = SupplyOrder(
            device: "d", supply: "black", item: "i", generation: 2, reason: "r", decidedMilliseconds: 1, levelPercent: 5, daysLeft: nil)
        if state != .planned { #expect(order.report(state) == .moved) }
        return order
    }

    /// Every state with every report: m moved, r repeated or older, x refused.
    @Test(arguments: [
        //                                      pl aw se ac sh de in ca fa
        (SupplyOrder.State.planned, "rmmmmmmmm"), (.awaitingApproval, "xrxmmmxmm"), (.sent, "xxrmmmmmm"), (.accepted, "xxrrmmmmm"),
        (.shipped, "xxrrrmmmm"), (.delivered, "xxrrrrmxx"), (.installed, "xxxxxxrxx"), (.cancelled, "xxxxxxxrx"), (.failed, "xxxxxxxxr"),
    ]) func everyReport(_ from: SupplyOrder.State, _ expected: String) {
        for (next, want) in zip(SupplyOrder.State.allCases, expected) {
            var order = order(from)
            let change = order.report(next)
            let got: Character =
                switch change {
                case .moved: "m"
                case .repeated: "r"
                case .refused: "x"
                }
            #expect(got == want, "\(from) → \(next)")
            #expect(order.state == (got == "m" ? next : from), "\(from) → \(next)")
        }
    }

    @Test func referenceAndDetailAreKept() {
        var order = order()
        _ = order.report(.accepted, reference: "PO-1", detail: "soon")
        _ = order.report(.shipped)
        #expect(order.reference == "PO-1")
        #expect(order.detail == "soon")
        #expect(order.state.rawValue == "shipped")
        #expect(SupplyOrder.State.awaitingApproval.rawValue == "awaiting-approval")
    }

    @Test func theIDIsMadeOfDeviceSupplyAndGeneration() {
        #expect(order().id == SupplyOrder.id(device: "d", supply: "black", generation: 2))
        let ids = [("d", "black", 3), ("d", "blac", 2), ("e", "black", 2), ("dblack", "", 2)].map {
            SupplyOrder.id(device: $0, supply: $1, generation: Int32($2))
        }
        #expect(Set(ids + [order().id]).count == 5)
    }

    @Test(
        arguments: [
            (nil, nil, false), (nil, 0.1, false), (50, nil, false), (50, 3.1, false), (50, 3, true), (50, 0, true), (5.1, nil, false),
            (5, nil, true),
            (0, nil, true), (5, 100, true), (50, Double.nan, false), (50, -Double.infinity, true),
        ] as [(Double?, Double?, Bool)])
    func theReorderPoint(_ level: Double?, _ days: Double?, _ orders: Bool) {
        let reason = ReorderRule.reason(levelPercent: level, daysLeft5Percent: days, leadTimeMilliseconds: 3 * 86_400_000, floorPercent: 5)
        #expect((reason != nil) == orders)
    }

    @Test func theReasonSaysWhatDecided() {
        #expect(
            ReorderRule.reason(levelPercent: 20, daysLeft5Percent: 2.34, leadTimeMilliseconds: 3 * 86_400_000, floorPercent: 5)
                == "may end in 2.3 days (5 % quantile), and an order takes 3 days")
        #expect(
            ReorderRule.reason(levelPercent: 4, daysLeft5Percent: nil, leadTimeMilliseconds: 0, floorPercent: 4.5)
                == "the level of 4 % is at or below the floor of 4.5 %")
    }
}
