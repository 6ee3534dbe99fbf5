/// What customers say, as histograms: every score and its interval can be had from them at any time.
///
/// Bounded: 144 counters and the last 256 answer ids. An id older than those is counted again.
public struct ExperienceScores: Codable, Equatable, Sendable {
    public static let rememberedIDLimit = 256

    /// Counters of all contexts, of all questions, of all sums, one after the other.
    private var counts: [Int64]
    /// Keys of the last answers; a ring once it is full, with the oldest at `oldestKey`.
    private var keys: [String] = []
    private var oldestKey = 0
    /// Answers that were given before and not counted again.
    public private(set) var duplicateCount: Int64 = 0

    public init() {
        counts = Array(repeating: 0, count: Self.counterCount)
    }

    /// Counts an answer; false if the same id has answered the same question before.
    @discardableResult
    public mutating func count(_ answer: SurveyAnswer) -> Bool {
        let key = answer.question.rawValue + ":" + answer.id
        // Bytes, not characters: two ids that merely look the same are two ids.
        guard !keys.contains(where: { $0.utf8.elementsEqual(key.utf8) }) else {
            duplicateCount = duplicateCount.saturatingSum(1)
            return false
        }
        if keys.count < Self.rememberedIDLimit {
            keys.append(key)
        } else {
            keys[oldestKey] = key
            oldestKey = (oldestKey + 1) % Self.rememberedIDLimit
        }
        let index = Self.offset(answer.question, answer.context) + answer.sum - answer.question.sums.lowerBound
        counts[index] = counts[index].saturatingSum(1)
        return true
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
    private static let counterCount = questionCounterCount * SurveyContext.allCases.count

    private static func offset(_ question: SurveyQuestion, _ context: SurveyContext) -> Int {
        SurveyContext.allCases.prefix { $0 != context }.count * questionCounterCount
            + SurveyQuestion.allCases.prefix { $0 != question }.reduce(0) { $0 + $1.sums.count }
    }

    /// A snapshot from a file is checked, because its numbers become indices.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        counts = try container.decode([Int64].self, forKey: .counts)
        keys = try container.decode([String].self, forKey: .keys)
        oldestKey = try container.decode(Int.self, forKey: .oldestKey)
        duplicateCount = try container.decode(Int64.self, forKey: .duplicateCount)
        let isRing = keys.count <= Self.rememberedIDLimit && (0..<Self.rememberedIDLimit).contains(oldestKey)
        guard counts.count == Self.counterCount, counts.allSatisfy({ $0 >= 0 }), isRing, duplicateCount >= 0 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: container.codingPath, debugDescription: "These are no experience scores; restore an older snapshot."))
        }
    }
}
