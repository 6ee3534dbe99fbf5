import Documents
import ServiceValue

/// What customers say, counted into scores.
package struct ExperienceDesk: Sendable {
    package private(set) var scores = ExperienceScores()

    /// Counts an answer; one that was counted before changes nothing.
    mutating func count(_ submission: SurveySubmission, _ out: inout StepOutput) {
        guard
            let answer = try? SurveyAnswer(
                id: submission.id, question: submission.question, values: submission.values, context: submission.context)
        else { return out.refuse() }
        guard scores.count(answer) else { return }
        out.decide(.survey, at: out.now, device: submission.device ?? "") { writer in
            writer.member("survey", submission.id)
            writer.member("question", submission.question.rawValue)
            writer.key("values")
            writer.beginArray()
            for value in submission.values { writer.number(value) }
            writer.endArray()
            writer.member("context", submission.context.rawValue)
        }
    }

    mutating func restore(_ scores: ExperienceScores) { self.scores = scores }
}
