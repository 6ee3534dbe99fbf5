import Documents
import ServiceValue

/// What customers say, counted into scores.
package struct ExperienceDesk: Sendable {
    package private(set) var scores = ExperienceScores()

    /// Counts an answer; one that was counted before changes nothing, but for its value.
    mutating func count(_ submission: SurveySubmission, _ out: inout StepOutput) {
        guard
            let answer = try? SurveyAnswer(
                id: submission.id, question: submission.question, values: submission.values, context: submission.context)
        else { return out.refuse() }
        let outcome = scores.count(answer)
        guard outcome != .repeated else { return }
        out.decide(.survey, at: out.now, device: submission.device ?? "") { writer in
            writer.member("survey", submission.id)
            writer.member("question", submission.question.rawValue)
            writer.key("values")
            writer.beginArray()
            for value in submission.values { writer.number(value) }
            writer.endArray()
            writer.member("context", submission.context.rawValue)
            if outcome == .corrected { writer.member("corrected", true) }
        }
    }

    /// The customer takes back what was said under the id.
    mutating func withdraw(_ id: String, by person: String, _ out: inout StepOutput) {
        let answers = scores.withdraw(id)
        guard answers > 0 else { return out.refuse() }
        out.decide(.surveyWithdrawn, at: out.now, device: "") { writer in
            writer.member("survey", id)
            writer.member("answers", Int64(answers))
            writer.member("by", person)
        }
    }

    mutating func restore(_ scores: ExperienceScores) { self.scores = scores }
}
