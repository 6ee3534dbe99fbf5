import SQLiteStore

/// Recognises requests that are recorded already, so that they are not done twice. It runs on the ingest thread, the only writer.
struct KnownRequests {
    let store: Store

    /// Removes the event from a mail whose request is known, and sets the outcome for its sender. `pending` is mail of the present batch.
    func settle(_ mail: inout ControlMailbox.Mail, pending: [ControlMailbox.Mail]) {
        guard let request = mail.request, let outcome = outcome(of: request, pending) else { return }
        mail.event = nil
        mail.request = nil
        mail.verdict = outcome
    }

    /// Nil for a new request.
    private func outcome(of request: RequestRecord, _ pending: [ControlMailbox.Mail]) -> MailOutcome? {
        do {
            let known = try store.request(key: request.key) ?? pending.lazy.compactMap(\.request).first { $0.key == request.key }
            return known.map { $0.hash == request.hash ? .recorded(answer: $0.answer, letters: []) : .conflict }
        } catch {
            // A store that cannot be read cannot be written either.
            return .notRecorded
        }
    }
}
