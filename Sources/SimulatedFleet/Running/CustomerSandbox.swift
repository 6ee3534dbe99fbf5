import Documents
import Synchronization
import Threading

/// Customers who answer a survey now and then, after their device was helped or a delivery was put in.
final class CustomerSandbox: Sendable {
    private let api: GatewayAPI
    private let errands: ErrandQueue
    private let counts: FleetCounts
    private let share: Double
    /// Makes the ids of this run differ from those of the run before.
    private let run = String(Clock.systemMilliseconds(), radix: 36)
    private let state: Mutex<(generator: SplitMix64, answers: Int)>

    init(api: GatewayAPI, errands: ErrandQueue, counts: FleetCounts, configuration: FleetConfiguration) {
        self.api = api
        self.errands = errands
        self.counts = counts
        share = configuration.surveyShare
        state = Mutex((SplitMix64(seed: configuration.seed, name: "customers"), 0))
    }

    func noticed(_ happening: FleetHappening) {
        let answer: (survey: SurveyAnswer, delay: Int64)? = state.withLock { state in
            guard state.generator.chance(share) else { return nil }
            let id = "survey-\(run)-\(state.answers + 1)"
            guard let survey = SurveyAnswer(id: id, happening, generator: &state.generator) else { return nil }
            state.answers += 1
            return (survey, state.generator.integer(1_000...4_000))
        }
        guard let answer else { return }
        let (api, errands, counts) = (self.api, self.errands, self.counts)
        errands.add(afterMilliseconds: answer.delay) {
            api.post("/api/v1/surveys", answer.survey.payload, key: answer.survey.id, errands: errands) { outcome in
                switch outcome {
                case .done: counts.update { $0.surveysPosted += 1 }
                case .failed(let reason): counts.failed("a survey answer was not taken: \(reason)")
                }
            }
        }
    }
}

/// What one customer says.
struct SurveyAnswer: Sendable, Equatable {
    enum Question: String, Sendable { case ces, ves, nps, csat }

    var id: String
    var device: String
    var question: Question
    var values: [Int64]
    var context: String

    /// Nil for what a customer does not notice as service: a fault as such, or one that went away by itself.
    init?(id: String, _ happening: FleetHappening, generator: inout SplitMix64) {
        let contentment: Double
        switch happening {
        case .recovered(let device, true, let after):
            self.device = device
            context = "afterRemoteFix"
            // Somebody who waited a minute is less content than somebody who hardly noticed.
            contentment = max(0.25, 1 - Double(after) / 180_000)
        case .installed(let device, _):
            self.device = device
            context = "afterDelivery"
            contentment = 0.9
        case .recovered, .faultBegan: return nil
        }
        self.id = id
        let questions: [Question] = [.ces, .ves, .nps, .csat]
        question = questions[generator.index(weights: [0.55, 0.15, 0.15, 0.15])]
        let range: ClosedRange<Int64> =
            switch question {
            case .ces, .ves: 1...7
            case .nps: 0...10
            case .csat: 1...5
            }
        values = []
        for _ in 0..<(question == .ves ? 2 : 1) {
            let width = Double(range.upperBound - range.lowerBound)
            let value = Double(range.lowerBound) + width * contentment + generator.noise(width * 0.3)
            values.append(min(range.upperBound, max(range.lowerBound, Int64(value.rounded()))))
        }
    }

    var payload: [UInt8] {
        JSONWriter.object { writer in
            writer.member("id", id)
            writer.member("device", device)
            writer.member("question", question.rawValue)
            writer.array("values", of: values) { $0.integer($1) }
            writer.member("context", context)
        }
    }
}
