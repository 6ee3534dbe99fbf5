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

    public var name: String
    /// `http`, `https`, `smtp` or `smtps`; empty for a folder.
    public var url = ""
    public var caFile: String?
    /// How long a delivery is tried before the order counts as failed.
    public var giveUpAfterMilliseconds: Int64 = 3 * 86_400_000
    public var timeoutSeconds: Double = 15
    public var way: Way
}
