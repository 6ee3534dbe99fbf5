import Replenishment

/// How to reach one supplier: an entry of `suppliers` without what decides, which is `ReplenishmentPolicy.Supplier`.
public struct SupplierSettings: Sendable {
    public enum Kind: String, CaseIterable, Sendable { case webhook, cxml, mail, csv }

    public struct CXML: Sendable {
        public var parties: CXMLRequest.Parties
        /// A file with the secret that we show to the supplier.
        public var secretFile: String
        /// Who may send notices to us, and a file with the secret that it shows.
        public var replyIdentity: String?
        public var replySecretFile: String?
    }

    public struct Mail: Sendable {
        public var envelope: OrderMail.Envelope
        public var username: String?
        public var passwordFile: String?
        public var requiresTLS = true
    }

    public enum Way: Sendable {
        /// `secretFile` signs what we send, `replySecretFile` what the supplier reports of its own; without one it may report nothing.
        case webhook(secretFile: String?, replySecretFile: String?)
        case cxml(CXML)
        case mail(Mail)
        case csv(directory: String)
    }

    /// An answer by which a supplier says that it has the order already: a status, and a text in small letters with `*` for any characters.
    public struct DuplicateAnswer: Equatable, Sendable {
        /// Nil: any that is an error.
        public var status: Int?
        public var text: Wildcard

        func fits(_ answer: (code: Int, text: String)) -> Bool {
            (status.map { $0 == answer.code } ?? !(200..<300).contains(answer.code)) && text.matches(answer.text.lowercased())
        }

        /// What buyers' systems are known to say.
        public static let usual = [
            "*already been processed*", "*already processed*", "*already been received*", "*already received*", "*already exists*",
            "*duplicate*",
        ].map { DuplicateAnswer(status: nil, text: Wildcard($0)) }
    }

    public var name: String
    /// `http`, `https`, `smtp` or `smtps`; empty for a folder.
    public var url = ""
    public var caFile: String?
    /// How long a delivery is tried before the order counts as failed.
    public var giveUpAfterMilliseconds: Int64 = 3 * 86_400_000
    public var timeoutSeconds: Double = 15
    /// Answers that mean after a try which may have been taken what 409 means; nil: the usual ones of cXML, and none elsewhere.
    public var duplicateAnswers: [DuplicateAnswer]?
    public var way: Way
}
