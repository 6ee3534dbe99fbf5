import SQLiteStore

/// Recognises requests that are recorded already, so that they are not done twice. It runs on the ingest thread, the only writer.
struct KnownRequests {
    let store: Store

    /// Takes the event out of a mail whose request is known, and says what its sender shall hear. `pending` is mail of the batch in hand.
    func settle(_ mail: inout ControlMailbox.Mail, pending: [ControlMailbox.Mail]) {
        guard let request = mail.request else { return }
        let known: RequestRecord?
        do {
            known = try store.request(key: request.key) ?? pending.lazy.compactMap(\.request).first { $0.key == request.key }
        } catch {
            // A store that cannot be read will not take it either.
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
