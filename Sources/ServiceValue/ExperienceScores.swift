/// What customers say, as histograms: every score and its interval can be had from them at any time.
///
/// Bounded: 144 counters, and the answers that are known (`CountedAnswers`).
public struct ExperienceScores: Codable, Equatable, Sendable {
    public enum Outcome: Equatable, Sendable {
        case counted
        /// The same answer was counted before, or it was withdrawn.
        case repeated
        /// Another value was counted under its id, which counts no more.
        case corrected
    }

    /// Counters of all contexts, of all questions, of all sums, one after the other.
    private var counts: [Int64]
    private var answers = CountedAnswers()
    /// Answers that were sent before and not counted again.
    public private(set) var duplicateCount: Int64 = 0
    public private(set) var correctedCount: Int64 = 0
    public private(set) var withdrawnCount: Int64 = 0

    public init() {
        counts = Array(repeating: 0, count: Self.counterCount)
    }

    /// Counts an answer. Of several values under one id the last one counts.
    @discardableResult
    public mutating func count(_ answer: SurveyAnswer) -> Outcome {
        let hash = CountedAnswers.hash(answer.question, answer.id)
        let cell = Self.offset(answer.question, answer.context) + answer.sum - answer.question.sums.lowerBound
        let former = answers[hash].map { Int($0) }
        guard let former else {
            answers.note(hash, cell: UInt8(cell))
            counts[cell] = counts[cell].saturatingSum(1)
            return .counted
        }
        guard former != cell, former < Self.counterCount else {
            duplicateCount = duplicateCount.saturatingSum(1)
            return .repeated
        }
        answers.note(hash, cell: UInt8(cell))
        counts[former] = max(0, counts[former] - 1)
        counts[cell] = counts[cell].saturatingSum(1)
        correctedCount = correctedCount.saturatingSum(1)
        return .corrected
    }

    /// Whether answers under the id count.
    public func has(_ id: String) -> Bool { !counting(id).isEmpty }

    /// Answers under the id count no more, to whatever question, and do not when they are sent again.
    /// - Returns: how many there were.
    public mutating func withdraw(_ id: String) -> Int {
        let found = counting(id)
        for (hash, cell) in found {
            counts[cell] = max(0, counts[cell] - 1)
            answers.note(hash, cell: CountedAnswers.withdrawnCell)
        }
        withdrawnCount = withdrawnCount.saturatingSum(Int64(found.count))
        return found.count
    }

    private func counting(_ id: String) -> [(hash: UInt64, cell: Int)] {
        SurveyQuestion.allCases.compactMap { question in
            let hash = CountedAnswers.hash(question, id)
            guard let cell = answers[hash].map({ Int($0) }), cell < Self.counterCount else { return nil }
            return (hash, cell)
        }
    }

    /// The score of a question with its 95 % interval; nil without answers, because unknown is not zero.
    ///
    /// - Parameter context: nil for all contexts together.
    public func score(_ question: SurveyQuestion, context: SurveyContext? = nil) -> ExperienceScore? {
        let histogram = histogram(question, context: context)
        return switch question {
        case .ces: ExperienceScore.share(histogram, from: 5 - question.sums.lowerBound)
        case .csat: ExperienceScore.share(histogram, from: 4 - question.sums.lowerBound)
        case .nps: ExperienceScore.netPromoter(histogram)
        case .ves: ExperienceScore.meanOfTwo(histogram, lowestSum: question.sums.lowerBound, scale: question.scale)
        }
    }

    /// Answers by value, from the lowest of the scale up; for `ves` by the sum of both values, 2…14.
    public func histogram(_ question: SurveyQuestion, context: SurveyContext? = nil) -> [Int64] {
        var sum = Array(repeating: 0 as Int64, count: question.sums.count)
        for each in SurveyContext.allCases where context == nil || context == each {
            let offset = Self.offset(question, each)
            for index in sum.indices { sum[index] = sum[index].saturatingSum(counts[offset + index]) }
        }
        return sum
    }

    private static let questionCounterCount = SurveyQuestion.allCases.reduce(0) { $0 + $1.sums.count }
    static let counterCount = questionCounterCount * SurveyContext.allCases.count

    private static func offset(_ question: SurveyQuestion, _ context: SurveyContext) -> Int {
        SurveyContext.allCases.prefix { $0 != context }.count * questionCounterCount
            + SurveyQuestion.allCases.prefix { $0 != question }.reduce(0) { $0 + $1.sums.count }
    }

    private enum CodingKeys: CodingKey { case counts, answers, duplicateCount, correctedCount, withdrawnCount }
    /// The last 256 ids, as an earlier program kept them; a ring with the oldest at `oldestKey`.
    private enum FormerKeys: CodingKey { case keys, oldestKey }

    /// Throws for what no program wrote, because its numbers become indices.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        counts = try values.decode([Int64].self, forKey: .counts)
        duplicateCount = try values.decode(Int64.self, forKey: .duplicateCount)
        correctedCount = try values.decodeIfPresent(Int64.self, forKey: .correctedCount) ?? 0
        withdrawnCount = try values.decodeIfPresent(Int64.self, forKey: .withdrawnCount) ?? 0
        if let known = try values.decodeIfPresent(CountedAnswers.self, forKey: .answers) {
            answers = known
        } else {
            let former = try decoder.container(keyedBy: FormerKeys.self)
            let keys = try former.decodeIfPresent([String].self, forKey: .keys) ?? []
            let oldest = try former.decodeIfPresent(Int.self, forKey: .oldestKey) ?? 0
            for place in keys.indices {
                let parts = keys[(place + max(0, oldest)) % keys.count].split(
                    separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, let question = SurveyQuestion(rawValue: String(parts[0])) else { continue }
                answers.note(CountedAnswers.hash(question, String(parts[1])), cell: CountedAnswers.unknownCell)
            }
        }
        guard counts.count == Self.counterCount, counts.allSatisfy({ $0 >= 0 }), duplicateCount >= 0 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "These are no experience scores; restore an older snapshot."))
        }
    }
}
