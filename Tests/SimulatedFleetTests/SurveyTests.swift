import Foundation
import Testing

@testable import SimulatedFleet

@Suite struct SurveyTests {
    private func answers(afterMilliseconds: Int64) -> [SurveyAnswer] {
        var generator = SplitMix64(seed: 11)
        return (0..<2_000).compactMap { number in
            let happening = FleetHappening.recovered(device: "prn-0001", byCommand: true, afterMilliseconds: afterMilliseconds)
            return SurveyAnswer(id: "s-\(number)", happening, generator: &generator)
        }
    }

    @Test func answersStayWithinTheirScales() throws {
        let ranges: [SurveyAnswer.Question: ClosedRange<Int64>] = [.ces: 1...7, .ves: 1...7, .nps: 0...10, .csat: 1...5]
        let all = answers(afterMilliseconds: 4_000) + answers(afterMilliseconds: 600_000)
        for answer in all {
            let range = try #require(ranges[answer.question])
            #expect(answer.values.allSatisfy { range.contains($0) })
            #expect(answer.values.count == (answer.question == .ves ? 2 : 1))
        }
        #expect(Set(all.map(\.question)).count == 4)
        let payload = try JSONSerialization.jsonObject(with: Data(try #require(all.first).payload)) as? [String: Any]
        #expect(Set(try #require(payload).keys) == ["id", "device", "question", "values", "context"])
    }

    @Test func quickHelpIsLikedBetter() {
        func mean(_ answers: [SurveyAnswer]) -> Double {
            let values = answers.filter { $0.question == .ces }.flatMap(\.values)
            return Double(values.reduce(0, +)) / Double(values.count)
        }
        #expect(mean(answers(afterMilliseconds: 4_000)) > mean(answers(afterMilliseconds: 120_000)) + 1)
    }

    @Test func onlyServiceIsAnswered() {
        var generator = SplitMix64(seed: 1)
        #expect(SurveyAnswer(id: "s", .faultBegan(device: "d"), generator: &generator) == nil)
        let byItself = FleetHappening.recovered(device: "d", byCommand: false, afterMilliseconds: 1)
        #expect(SurveyAnswer(id: "s", byItself, generator: &generator) == nil)
        #expect(SurveyAnswer(id: "s", .installed(device: "d", supply: "black"), generator: &generator)?.context == "afterDelivery")
    }
}
