import Testing

@testable import Replenishment

@Suite struct OrderLifeTests {
    /// Every state with every step: m moved, r repeated or behind, x refused.
    @Test(arguments: [
        //                                     req app sen acc shi del ins can fai
        (OrderLife.State.planned, "mrmmmmmmm"), (.awaitingApproval, "rmxmmmxmm"), (.sent, "xxrmmmmmm"), (.accepted, "xxrrmmmmm"),
        (.shipped, "xxrrrmmmm"), (.delivered, "xxrrrrmxx"), (.installed, "xxrrrrrxx"), (.cancelled, "xxxxxmmrr"), (.failed, "xxxxxmmmr"),
    ]) func everyStep(_ from: OrderLife.State, _ expected: String) {
        let targets: [OrderLife.State] = [
            .awaitingApproval, .planned, .sent, .accepted, .shipped, .delivered, .installed, .cancelled, .failed,
        ]
        #expect(expected.count == targets.count && Set(targets) == Set(OrderLife.State.allCases))
        for (target, want) in zip(targets, expected) {
            var life = OrderLife(sinceMilliseconds: 5, state: from)
            let change = life.move(to: target, atMilliseconds: 9)
            let got: Character =
                switch change {
                case .moved: "m"
                case .repeated: "r"
                case .refused: "x"
                }
            #expect(got == want, "\(from) and \(target)")
            #expect(life.state == (got == "m" ? target : from), "\(from) and \(target)")
            #expect(life.sinceMilliseconds == (got == "m" ? 9 : 5), "\(from) and \(target)")
        }
    }

    /// What a supplier reports leads to the same state in any order, and however often.
    @Test(arguments: 0..<300) func anyOrderOfReportsEndsInOneState(_ seed: Int) {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        func random(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        let words: [OrderLife.State] = [.accepted, .shipped, .delivered, .cancelled, .failed]
        let reports = (0..<(1 + random(4))).map { _ in words[random(words.count)] }
        var ends: Set<OrderLife.State> = []
        for _ in 0..<12 {
            var life = OrderLife(sinceMilliseconds: 0, state: .sent)
            var shuffled = reports + (random(2) == 0 ? [reports[random(reports.count)]] : [])
            for index in shuffled.indices { shuffled.swapAt(index, random(shuffled.count)) }
            for (time, report) in shuffled.enumerated() { _ = life.move(to: report, atMilliseconds: Int64(time)) }
            ends.insert(life.state)
        }
        #expect(ends.count == 1, "seed \(seed): \(reports) may end as \(ends)")
    }

    /// Whatever is reported in whatever order, as often as it likes: an end stays, and nothing the supplier says goes backwards.
    @Test(arguments: 0..<200) func noSequenceGoesBackwards(_ seed: Int) {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        var life = OrderLife(sinceMilliseconds: 0)
        var furthest = life.state
        for time in 1...40 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let next = OrderLife.State.allCases[Int(state >> 33) % OrderLife.State.allCases.count]
            let before = life
            let change = life.move(to: next, atMilliseconds: Int64(time))
            #expect((change == .moved) == (life != before), "seed \(seed)")
            if before.state == .installed { #expect(life == before, "seed \(seed): nothing follows") }
            if !before.state.isOurs {
                #expect(!life.state.isOurs, "seed \(seed): the supplier has it")
                #expect(life.state.rank >= furthest.rank, "seed \(seed)")
            }
            furthest = life.state
        }
    }

    @Test func deadlines() {
        var deadlines = OrderDeadlines()
        deadlines.limits[.sent] = 100
        deadlines.limits[.accepted] = nil
        var order = SupplyOrder(
            device: "d", supply: "s", item: "i", generation: 1, reason: "r", decidedMilliseconds: 0, levelPercent: 5, daysLeft: nil)
        _ = order.report(.sent, atMilliseconds: 50)
        #expect(deadlines.deadlineMilliseconds(order) == nil, "nobody is to get it")
        order.terms.supplier = "shop"
        #expect(deadlines.deadlineMilliseconds(order) == 150)
        order.terms.isDryRun = true
        #expect(deadlines.deadlineMilliseconds(order) == nil)
        order.terms.isDryRun = false
        _ = order.report(.accepted, atMilliseconds: 60)
        #expect(deadlines.deadlineMilliseconds(order) == nil)
        _ = order.report(.installed, atMilliseconds: 60)
        #expect(deadlines.deadlineMilliseconds(order) == nil)
        var held = SupplyOrder(
            device: "d", supply: "s", item: "i", generation: 1, reason: "r", decidedMilliseconds: 0, levelPercent: 5, daysLeft: nil)
        held.terms.supplier = "shop"
        held.terms.holdUntilMilliseconds = 1000
        #expect(deadlines.deadlineMilliseconds(held) == Int64(14_401_000))
    }
}
