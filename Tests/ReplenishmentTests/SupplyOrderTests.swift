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
        (.shipped, "xxrrrmmmm"), (.delivered, "xxrrrrmxx"), (.installed, "xxrrrrrxx"), (.cancelled, "xxxxxmmrr"), (.failed, "xxxxxmmmr"),
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

    /// Suppliers and other gateways know the first attempt's key, so it must never change.
    @Test func eachAttemptHasAKeyOfItsOwnAndTheFirstIsAsEver() {
        #expect(order().attempt == 1)
        #expect(SupplyOrder.id(device: "d", supply: "black", generation: 2) == "or-ca931ec7633ea12968778dcac656b1b8")
        #expect(SupplyOrder.formerID(device: "d", supply: "black", generation: 2) == "or-ed8c4c270785f47d")
        #expect(SupplyOrder.id(device: "d", supply: "black", generation: 2, attempt: 1) == order().id)
        let attempts = 1...SupplyOrder.maximumAttempts
        let ids = attempts.map { SupplyOrder.id(device: "d", supply: "black", generation: 2, attempt: $0) }
        #expect(Set(ids).count == attempts.count)
        #expect(ids[1] == SupplyOrder.id(device: "d", supply: "black", generation: 2, attempt: 2))
        #expect(!ids.contains(SupplyOrder.id(device: "d", supply: "black", generation: 22)))
    }

    @Test(arguments: SupplyOrder.State.allCases) func onlyWhatFailedOrWasCalledOffCameToNothing(_ state: SupplyOrder.State) {
        var order = order(state)
        #expect(order.cameToNothing == (state == .failed || state == .cancelled))
        order.terms.isDuplicate = true
        #expect(!order.cameToNothing, "the other gateway's order is on its way")
    }
}
