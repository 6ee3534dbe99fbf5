import CivilCalendar

/// An order as cXML 1.2 (http://cxml.org, the User's Guide's OrderRequest and Profile): a PunchOut-free purchase order over HTTP POST.
/// Calling off is an OrderRequest of type `delete` that names the first one by its payload id.
public enum CXMLRequest {
    /// A company or a system, as both sides know it.
    public struct Party: Equatable, Sendable {
        /// Such as `NetworkID` or `DUNS`.
        public var domain: String
        public var identity: String

        public init(domain: String, identity: String) {
            self.domain = domain
            self.identity = identity
        }
    }

    public struct Address: Equatable, Sendable {
        public var name = ""
        public var street = ""
        public var city = ""
        public var postalCode = ""
        /// Two letters of ISO 3166.
        public var country = ""

        public init() {}
    }

    public struct Parties: Equatable, Sendable {
        public var from: Party
        public var to: Party
        public var sender: Party
        public var shipTo = Address()
        public var billTo = Address()
        /// `production` or `test`.
        public var deploymentMode = "production"
        public var currency = "EUR"

        public init(from: Party, to: Party, sender: Party) {
            self.from = from
            self.to = to
            self.sender = sender
        }
    }

    public static let documentType = "cXML SYSTEM \"http://xml.cxml.org/schemas/cXML/1.2.014/cXML.dtd\""

    /// The same for every try and every gateway, so that the supplier recognises a repeat.
    public static func payloadID(_ key: String) -> String { "\(key)@steward" }

    public static func document(_ order: OrderDocument, _ parties: Parties, sharedSecret: String) -> [UInt8] {
        var writer = XMLWriter(documentType: documentType)
        let timestamp = UTCText.iso8601(order.createdMilliseconds)
        writer.element("cXML", [("payloadID", payloadID(order.key)), ("timestamp", timestamp), ("version", "1.2.014"), ("xml:lang", "en")])
        { writer in
            writer.element("Header") { header(parties, sharedSecret, &$0) }
            writer.element("Request", [("deploymentMode", parties.deploymentMode)]) { writer in
                writer.element("OrderRequest") { writer in
                    orderHeader(order, parties, timestamp, &writer)
                    for (index, line) in order.lines.enumerated() { item(line, index + 1, parties, &writer) }
                }
            }
        }
        return writer.bytes
    }

    private static func header(_ parties: Parties, _ secret: String, _ writer: inout XMLWriter) {
        writer.element("From") { credential(parties.from, nil, &$0) }
        writer.element("To") { credential(parties.to, nil, &$0) }
        writer.element("Sender") { writer in
            credential(parties.sender, secret, &writer)
            writer.element("UserAgent", text: "Steward")
        }
    }

    private static func credential(_ party: Party, _ secret: String?, _ writer: inout XMLWriter) {
        writer.element("Credential", [("domain", party.domain)]) { writer in
            writer.element("Identity", text: party.identity)
            if let secret { writer.element("SharedSecret", text: secret) }
        }
    }

    private static func orderHeader(_ order: OrderDocument, _ parties: Parties, _ timestamp: String, _ writer: inout XMLWriter) {
        let attributes: [(String, String?)] = [
            ("orderID", order.subject), ("orderDate", timestamp), ("type", order.isCancellation ? "delete" : "new"),
            ("orderType", "regular"),
        ]
        writer.element("OrderRequestHeader", attributes) { writer in
            let total = order.lines.reduce(Int64(0)) { $0 &+ ($1.amountHundredths ?? 0) }
            writer.element("Total") { money(total, order.lines.first?.currency ?? parties.currency, &$0) }
            // The DTD asks for BillTo; where nobody told an address, the supplier knows it by the credential.
            if parties.shipTo != Address() { writer.element("ShipTo") { address(parties.shipTo, parties, &$0) } }
            writer.element("BillTo") { address(parties.billTo, parties, &$0) }
            if order.isCancellation { writer.element("DocumentReference", [("payloadID", payloadID(order.subject))], text: "") }
        }
    }

    private static func address(_ address: Address, _ parties: Parties, _ writer: inout XMLWriter) {
        writer.element("Address", [("isoCountryCode", address.country.isEmpty ? nil : address.country)]) { writer in
            writer.element("Name", [("xml:lang", "en")], text: address.name.isEmpty ? parties.from.identity : address.name)
            // A postal address has a street, a city and a country, or is none.
            guard !address.street.isEmpty, !address.city.isEmpty, !address.country.isEmpty else { return }
            writer.element("PostalAddress") { writer in
                writer.element("Street", text: address.street)
                writer.element("City", text: address.city)
                if !address.postalCode.isEmpty { writer.element("PostalCode", text: address.postalCode) }
                writer.element("Country", [("isoCountryCode", address.country)], text: address.country)
            }
        }
    }

    private static func money(_ hundredths: Int64, _ currency: String, _ writer: inout XMLWriter) {
        writer.element("Money", [("currency", currency)], text: Money.text(hundredths))
    }

    private static func item(_ line: OrderDocument.Line, _ number: Int, _ parties: Parties, _ writer: inout XMLWriter) {
        writer.element("ItemOut", [("quantity", "1"), ("lineNumber", String(number)), ("requisitionID", line.order)]) { writer in
            writer.element("ItemID") { $0.element("SupplierPartID", text: line.item) }
            writer.element("ItemDetail") { writer in
                writer.element("UnitPrice") { money(line.amountHundredths ?? 0, line.currency ?? parties.currency, &$0) }
                writer.element("Description", [("xml:lang", "en")], text: "\(line.item) for \(line.device), \(line.supply)")
                writer.element("UnitOfMeasure", text: "EA")
                // Toner: UNSPSC 44103103; what else is ordered is a printer's or machine's supply all the same.
                writer.element("Classification", [("domain", "UNSPSC")], text: "44103100")
                writer.element("Extrinsic", [("name", "device")], text: line.device)
            }
            if let reason = line.reason { writer.element("Comments", [("xml:lang", "en")], text: reason) }
        }
    }
}
