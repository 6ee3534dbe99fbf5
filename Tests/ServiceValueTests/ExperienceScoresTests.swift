import Documents
import FoundationEssentials
import Testing

@testable import ServiceValue

private func scores(
    _ question: SurveyQuestion, _ answers: [[Double]], context: SurveyContext = .periodic, idPrefix: String = "a"
) throws -> ExperienceScores {
    var scores = ExperienceScores()
    for (index, values) in answers.enumerated() {
        let outcome = scores.count(try SurveyAnswer(id: "\(idPrefix)\(index)", question: question, values: values, context: context))
        #expect(outcome == .counted)
    }
    return scores
}

private func isClose(_ a: Double?, _ b: Double, _ tolerance: Double = 5e-4) -> Bool {
    a.map { abs($0 - b) < tolerance } ?? false
}

@Suite struct ExperienceScoresTests {
    @Test func unknownIsNotZero() {
        for question in SurveyQuestion.allCases {
            #expect(ExperienceScores().score(question) == nil)
            #expect(ExperienceScores().score(question, context: .afterVisit) == nil)
        }
    }

    @Test func effort() throws {
        // 8 of 10 on 5…7; Wilson's interval of 8/10 is 0.4902…0.9433 (Newcombe 1998, method 3).
        let score = try #require(scores(.ces, [1, 4, 5, 5, 6, 6, 7, 7, 7, 7].map { [$0] }).score(.ces))
        #expect(score.value == 0.8 && score.answerCount == 10)
        #expect(isClose(score.low, 0.4902) && isClose(score.high, 0.9433))
    }

    @Test func satisfaction() throws {
        let score = try #require(scores(.csat, [1, 2, 3, 4, 5].map { [$0] }).score(.csat))
        #expect(score.value == 0.4)
        let none = try #require(scores(.csat, [[3], [3]]).score(.csat))
        #expect(none.value == 0 && none.low == 0 && isClose(none.high, 0.6576))
        let all = try #require(scores(.csat, [[5]]).score(.csat))
        #expect(all.value == 1 && all.high == 1 && all.low > 0.2 && all.low < 0.21)
    }

    @Test func netPromoter() throws {
        let score = try #require(scores(.nps, (0...10).map { [Double($0)] }).score(.nps))
        // 2 promoters, 7 detractors of 11.
        #expect(isClose(score.value, -500.0 / 11))
        // p = 2.75/14, d = 7.75/14: −35.71 ± 196·√(0.6224/14).
        #expect(isClose(score.low, -77.04, 0.01) && isClose(score.high, 5.61, 0.01))
        let only = try #require(scores(.nps, [[10]]).score(.nps))
        #expect(only.value == 100 && only.high == 100 && only.low < 0)
        let passive = try #require(scores(.nps, [[7], [8]]).score(.nps))
        #expect(passive.value == 0 && passive.low < 0 && passive.high > 0)
    }

    @Test func value() throws {
        let score = try #require(scores(.ves, [[4, 6], [7, 7], [5, 4], [2, 3]]).score(.ves))
        // Means 5, 7, 4.5, 2.5: mean 4.75, deviation 1.8484, half width 1.96·1.8484/2.
        #expect(isClose(score.value, 4.75) && isClose(score.low, 2.9385) && isClose(score.high, 6.5615))
        let one = try #require(scores(.ves, [[7, 6]]).score(.ves))
        #expect(one.value == 6.5 && one.low == 1 && one.high == 7)
    }

    @Test func contextsAreKeptApart() throws {
        var scores = ExperienceScores()
        for (index, context) in SurveyContext.allCases.enumerated() {
            for answer in 0...index {
                scores.count(try SurveyAnswer(id: "\(context)-\(answer)", question: .csat, values: [answer == 0 ? 5 : 1], context: context))
            }
        }
        #expect(SurveyContext.allCases.map { scores.score(.csat, context: $0)?.answerCount } == [1, 2, 3, 4])
        let shares: [Double?] = SurveyContext.allCases.map { scores.score(.csat, context: $0)?.value }
        let expected: [Double?] = [1, 1.0 / 2, 1.0 / 3, 1.0 / 4]
        #expect(shares == expected)
        #expect(scores.score(.csat)?.value == 0.4)
        #expect(scores.histogram(.csat) == [6, 0, 0, 0, 4])
        #expect(scores.score(.nps) == nil && scores.score(.ces) == nil && scores.score(.ves) == nil)
    }

    /// Every value of every question and context lands in a counter of its own.
    @Test func countersDoNotOverlap() throws {
        var scores = ExperienceScores()
        var expected = 0
        for context in SurveyContext.allCases {
            for question in SurveyQuestion.allCases {
                for value in question.scale {
                    let values = Array(repeating: Double(value), count: question.valueCount)
                    scores.count(try SurveyAnswer(id: "\(context)\(value)", question: question, values: values, context: context))
                    expected += 1
                    let histogram = scores.histogram(question, context: context)
                    #expect(histogram.reduce(0, +) == Int64(value - question.scale.lowerBound + 1) && histogram.max() == 1)
                }
            }
        }
        #expect(expected == 120)
    }

    private static func nps(_ id: String, _ value: Double, _ context: SurveyContext = .periodic) throws -> SurveyAnswer {
        try SurveyAnswer(id: id, question: .nps, values: [value], context: context)
    }

    private static func restored(_ scores: ExperienceScores) throws -> ExperienceScores {
        let json = try JSONDecoder().decode(ExperienceScores.self, from: try JSONEncoder().encode(scores))
        #expect(json == scores)
        return try StateDecoder.decode(from: StateEncoder.encode(scores))
    }

    @Test func anAnswerIsCountedOnce() throws {
        var scores = ExperienceScores()
        let other = try SurveyAnswer(id: "r-1", question: .csat, values: [5], context: .afterRemoteFix)
        #expect(scores.count(try Self.nps("r-1", 9)) == .counted)
        #expect(scores.count(try Self.nps("r-1", 9)) == .repeated)
        #expect(scores.count(other) == .counted)
        #expect(scores.duplicateCount == 1 && scores.score(.nps)?.answerCount == 1 && scores.score(.csat)?.answerCount == 1)
        // Bytes, not characters: é of one code point and of two.
        #expect(scores.count(try Self.nps("caf\u{E9}", 9)) == .counted)
        #expect(scores.count(try Self.nps("cafe\u{301}", 9)) == .counted)
        scores = try Self.restored(scores)
        #expect(scores.count(other) == .repeated)
    }

    /// An export that is sent twice, also over a restart in between, counts once.
    @Test func anExportThatIsSentAgainCountsOnce() throws {
        var scores = ExperienceScores()
        let export = try (0..<3_000).map { try Self.nps("x\($0)", Double($0 % 11)) }
        for answer in export { scores.count(answer) }
        let first = scores.histogram(.nps)
        scores = try Self.restored(scores)
        for answer in export { scores.count(answer) }
        #expect(scores.histogram(.nps) == first && first.reduce(0, +) == 3_000 && scores.duplicateCount == 3_000)
    }

    /// The last word counts, whatever was said before and in whatever context.
    @Test func anAnswerIsCorrected() throws {
        var scores = ExperienceScores()
        for (value, outcome) in [(3, .counted), (9, .corrected), (9, .repeated), (0, .corrected)] as [(Double, ExperienceScores.Outcome)] {
            #expect(scores.count(try Self.nps("a", value)) == outcome)
        }
        #expect(scores.count(try Self.nps("a", 0, .afterVisit)) == .corrected)
        #expect(scores.histogram(.nps) == [1] + Array(repeating: 0, count: 10) && scores.correctedCount == 3)
        #expect(scores.score(.nps, context: .periodic) == nil && scores.score(.nps, context: .afterVisit)?.answerCount == 1)
    }

    @Test func whatIsWithdrawnCountsNoMore() throws {
        var scores = ExperienceScores()
        scores.count(try Self.nps("a", 10))
        scores.count(try SurveyAnswer(id: "a", question: .ces, values: [7], context: .periodic))
        scores.count(try Self.nps("b", 2))
        #expect(scores.has("a") && !scores.has("c"))
        #expect(scores.withdraw("a") == 2)
        #expect(scores.withdraw("a") == 0 && scores.withdraw("c") == 0)
        #expect(scores.score(.ces) == nil && scores.score(.nps)?.answerCount == 1 && !scores.has("a"))
        scores = try Self.restored(scores)
        // The export has it still.
        #expect(scores.count(try Self.nps("a", 10)) == .repeated)
        #expect(scores.count(try Self.nps("a", 4)) == .repeated)
        #expect(scores.score(.nps)?.answerCount == 1 && scores.withdrawnCount == 2)
    }

    /// The oldest of more than are kept is forgotten, and nothing else.
    @Test func theMemoryIsBounded() throws {
        var answers = CountedAnswers()
        for number in 0...UInt64(CountedAnswers.limit) { answers.note(number, cell: UInt8(number % 144)) }
        #expect(answers[0] == nil && answers[1] == 1 && answers[UInt64(CountedAnswers.limit)] == UInt8(CountedAnswers.limit % 144))
        answers.note(1, cell: 7)
        #expect(answers[1] == 7 && answers[2] == 2)
        let again: CountedAnswers = try StateDecoder.decode(from: StateEncoder.encode(answers))
        #expect(again == answers)
        answers.note(0, cell: 9)
        #expect(answers[1] == nil && answers[0] == 9 && answers[2] == 2)
    }

    /// The ids that an earlier program kept, the newest of which stands before the oldest in its ring.
    @Test func theIDsOfAnEarlierProgramAreKnown() throws {
        let counts = "0,0,0,0,0,0,0," + Array(repeating: "0", count: 137).joined(separator: ",")
        let json = #"{"counts":[\#(counts)],"keys":["nps:new","ces:old:1"],"oldestKey":1,"duplicateCount":4}"#
        var scores = try JSONDecoder().decode(ExperienceScores.self, from: Data(json.utf8))
        #expect(scores.count(try Self.nps("new", 3)) == .repeated)
        #expect(scores.count(try SurveyAnswer(id: "old:1", question: .ces, values: [3], context: .periodic)) == .repeated)
        #expect(scores.duplicateCount == 6 && !scores.has("new"))
    }

    struct Refusal: CustomTestStringConvertible {
        var question: SurveyQuestion
        var values: [Double]
        var error: SurveyError
        var testDescription: String { "\(question) \(values)" }
    }
    static let refusals: [Refusal] = [
        Refusal(question: .ces, values: [0], error: .outOfRange(question: .ces, value: 0)),
        Refusal(question: .ces, values: [8], error: .outOfRange(question: .ces, value: 8)),
        Refusal(question: .ces, values: [5.5], error: .notAnInteger(question: .ces, value: 5.5)),
        Refusal(question: .ces, values: [.infinity], error: .outOfRange(question: .ces, value: .infinity)),
        Refusal(question: .nps, values: [-1], error: .outOfRange(question: .nps, value: -1)),
        Refusal(question: .nps, values: [11], error: .outOfRange(question: .nps, value: 11)),
        Refusal(question: .nps, values: [], error: .wrongValueCount(question: .nps, given: 0)),
        Refusal(question: .csat, values: [6], error: .outOfRange(question: .csat, value: 6)),
        Refusal(question: .csat, values: [4, 4], error: .wrongValueCount(question: .csat, given: 2)),
        Refusal(question: .ves, values: [4], error: .wrongValueCount(question: .ves, given: 1)),
        Refusal(question: .ves, values: [7, 8], error: .outOfRange(question: .ves, value: 8)),
        Refusal(question: .ves, values: [7, 3.2], error: .notAnInteger(question: .ves, value: 3.2)),
    ]

    @Test(arguments: refusals) func refuses(_ refusal: Refusal) {
        #expect(throws: refusal.error) {
            try SurveyAnswer(id: "a", question: refusal.question, values: refusal.values, context: .periodic)
        }
        #expect(refusal.error.description.contains(": "))
    }

    @Test func refusesNaNAndBadIDs() {
        #expect(throws: SurveyError.self) { try SurveyAnswer(id: "a", question: .nps, values: [.nan], context: .periodic) }
        for id in ["", String(repeating: "x", count: 129)] {
            #expect(throws: SurveyError.badID(byteCount: id.utf8.count)) {
                try SurveyAnswer(id: id, question: .nps, values: [3], context: .periodic)
            }
        }
    }

    @Test func aDamagedSnapshotIsRefused() throws {
        for json in [
            #"{"counts":[1],"keys":[],"oldestKey":0,"duplicateCount":0}"#,
            #"{"counts":[\#(Array(repeating: "0", count: 144).joined(separator: ","))],"answers":{"hashes":[1],"cells":[],"oldest":0},"duplicateCount":0}"#,
            #"{"counts":[\#(Array(repeating: "0", count: 144).joined(separator: ","))],"answers":{"hashes":[1,0,0,0,0,0,0,0],"cells":[144],"oldest":0},"duplicateCount":0}"#,
            #"{"counts":[-1,\#(Array(repeating: "0", count: 143).joined(separator: ","))],"keys":[],"oldestKey":0,"duplicateCount":0}"#,
        ] {
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(ExperienceScores.self, from: Data(json.utf8)) }
        }
    }
}
