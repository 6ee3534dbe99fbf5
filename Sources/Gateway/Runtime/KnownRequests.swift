import SQLiteStore

/// Recognises requests that are recorded already, so that they are not done twice. It runs on the ingest thread, the only writer.
struct KnownRequests {
    let store: Store

    /// Removes the event from a mail whose request is known, and sets the outcome for its sender. `pending` is mail of the present batch.
    func settle(_ mail: inout ControlMailbox.Mail, pending: [ControlMailbox.Mail]) {
        guard let request = mail.request else { return }
        let known: RequestRecord?
        do {
            known = try store.request(key: request.key) ?? pending.lazy.compactMap(\.request).first { $0.key == request.key }
        } catch {
            // A store that cannot be read cannot be written either.
            replace(&mail, .notRecorded)
            return
        }
        guard let known else { return }
        replace(&mail, known.hash == request.hash ? .recorded(answer: known.answer, letters: []) : .conflict)
    }

    private func replace(_ mail: inout ControlMailbox.Mail, _ verdict: MailOutcome) {
        mail.event = nil
        mail.request = nil
        mail.verdict = verdict
    }
}
