import CivilCalendar

/// What a cXML supplier says: the response to an order, and what it sends of its own later (ConfirmationRequest, ShipNoticeRequest).
public enum CXMLAnswer {
    /// `Response/Status`: codes mean what they mean in HTTP. Nil when the document is no response.
    public static func status(_ root: XMLElement) -> (code: Int, text: String)? {
        guard root.name == "cXML", let status = root.first("Response", "Status"), let code = status.attributes["code"].flatMap({ Int($0) })
        else { return nil }
        let words = [status.attributes["text"], status.text].compactMap { $0 }.filter { !$0.isEmpty }
        return (code, bounded(words.joined(separator: ": ")))
    }

    /// What one notice says of one order, or of one line of it.
    public struct Notice: Equatable, Sendable {
        /// The id under which the order went out.
        public var key: String
        /// Counted from 1; nil for the whole.
        public var line: Int?
        public var state: SupplyOrder.State
        public var reference: String?
        public var detail: String?
    }

    /// Who says so, to be compared with the shared secret of the configuration.
    public struct Sender: Equatable, Sendable {
        public var identity: String
        public var sharedSecret: String
    }

    /// Nil when the document names no sender with a secret.
    public static func sender(_ root: XMLElement) -> Sender? {
        guard root.name == "cXML", let credential = root.first("Header", "Sender", "Credential"),
            let identity = credential.first("Identity")?.text, let secret = credential.first("SharedSecret")?.text
        else { return nil }
        return Sender(identity: identity, sharedSecret: secret)
    }

    /// The notices of a request; nil when it is of a kind that is not taken.
    public static func notices(_ root: XMLElement) -> [Notice]? {
        guard root.name == "cXML", let request = root.first("Request") else { return nil }
        if let confirmation = request.first("ConfirmationRequest") { return confirmed(confirmation) }
        if let notice = request.first("ShipNoticeRequest") { return shipped(notice) }
        return nil
    }

    private static func confirmed(_ request: XMLElement) -> [Notice] {
        guard let header = request.first("ConfirmationHeader"), let key = key(request.first("OrderReference")) else { return [] }
        let reference = header.attributes["confirmID"].map(bounded)
        let type = header.attributes["type"] ?? ""
        let comment = header.first("Comments")?.text
        let detail = comment.flatMap { $0.isEmpty ? nil : bounded($0) }
        if type == "reject" {
            return [Notice(key: key, line: nil, state: .failed, reference: reference, detail: detail ?? "the supplier rejects the order")]
        }
        let rejected = request.all("ConfirmationItem").compactMap { item -> Notice? in
            let statuses = item.all("ConfirmationStatus")
            guard !statuses.isEmpty, statuses.allSatisfy({ $0.attributes["type"] == "reject" }), let line = line(item) else { return nil }
            let why = statuses.lazy.compactMap { $0.first("Comments")?.text }.first { !$0.isEmpty }
            return Notice(
                key: key, line: line, state: .failed, reference: reference, detail: why.map(bounded) ?? "the supplier rejects the line")
        }
        // The lines that are refused first: what is failed does not become accepted by the word on the whole.
        return rejected + [
            Notice(key: key, line: nil, state: .accepted, reference: reference, detail: type == "backordered" ? "back-ordered" : detail)
        ]
    }

    private static func shipped(_ request: XMLElement) -> [Notice] {
        let header = request.first("ShipNoticeHeader")
        let carrier = request.first("ShipControl", "CarrierIdentifier")?.text
        let parcel = request.first("ShipControl", "ShipmentIdentifier")?.text ?? header?.attributes["shipmentID"]
        let detail = [carrier, parcel].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
        return request.all("ShipNoticePortion").flatMap { portion -> [Notice] in
            guard let key = key(portion.first("OrderReference")) else { return [] }
            let lines = portion.all("ShipNoticeItem").map(line)
            // Without items the portion is the whole order.
            return (lines.isEmpty ? [nil] : lines).map {
                Notice(
                    key: key, line: $0, state: .shipped, reference: header?.attributes["shipmentID"].map(bounded),
                    detail: detail.isEmpty ? nil : bounded(detail))
            }
        }
    }

    private static func line(_ item: XMLElement) -> Int? { item.attributes["lineNumber"].flatMap { Int($0) } }

    /// `orderID`, or what the payload id of our own document begins with.
    private static func key(_ reference: XMLElement?) -> String? {
        let payload = reference?.first("DocumentReference")?.attributes["payloadID"]
        let key = reference?.attributes["orderID"] ?? payload.map { String($0.prefix { $0 != "@" }) }
        guard let key, !key.isEmpty, key.utf8.count <= 64 else { return nil }
        return key
    }

    private static func bounded(_ text: String) -> String { String(decoding: text.utf8.prefix(256), as: UTF8.self) }

    /// The answer to a notice.
    public static func response(code: Int, text: String, payloadID: String, timestampMilliseconds: Int64) -> [UInt8] {
        var writer = XMLWriter(documentType: CXMLRequest.documentType)
        writer.element("cXML", [("payloadID", payloadID), ("timestamp", UTCText.iso8601(timestampMilliseconds)), ("version", "1.2.014")]) {
            writer in
            writer.element("Response") { $0.element("Status", [("code", String(code)), ("text", text)], text: "") }
        }
        return writer.bytes
    }
}
