import Replenishment
import Testing

@testable import XMLReading

/// What is written can be read, and what suppliers write is understood: with the real reader between.
@Suite struct CXMLTests {
    private func tree(_ bytes: [UInt8]) throws -> XMLElement {
        var builder = XMLTreeBuilder()
        try XMLReader.read(bytes) { piece in
            switch piece {
            case .start(let name, let attributes): builder.start(name, attributes.map { ($0.name, $0.value) })
            case .text(let text): builder.text(text)
            case .end: builder.end()
            }
        }
        return try #require(builder.root)
    }

    private func document(_ body: String, key: String) throws -> OrderDocument {
        try OrderDocument(parsing: Array(body.utf8), key: key, createdMilliseconds: 1_767_225_600_000)
    }

    private var parties: CXMLRequest.Parties {
        let us = CXMLRequest.Party(domain: "NetworkID", identity: "us & <co>")
        var parties = CXMLRequest.Parties(from: us, to: CXMLRequest.Party(domain: "DUNS", identity: "1"), sender: us)
        parties.shipTo.name = "Hall 3"
        return parties
    }

    @Test func anOrderAsItIsRead() throws {
        let order = try document(
            #"{"shipment":"sh-1","orders":[{"device":"a","order":"or-1","supply":"s","item":"i","amount":79.9,"currency":"CHF"},{"device":"b\"<&>]]>é","order":"or-2","supply":"t","item":"j","amount":0.2}]}"#,
            key: "sh-1")
        let root = try tree(CXMLRequest.document(order, parties, sharedSecret: "s<e>c"))
        #expect(root.attributes["payloadID"] == "sh-1@steward" && root.attributes["timestamp"] == "2026-01-01T00:00:00+00:00")
        #expect(root.first("Header", "Sender", "Credential", "SharedSecret")?.text == "s<e>c")
        #expect(root.first("Header", "From", "Credential", "Identity")?.text == "us & <co>")
        let request = try #require(root.first("Request", "OrderRequest"))
        #expect(request.first("OrderRequestHeader", "Total", "Money")?.text == "80.10")
        #expect(request.all("ItemOut").map { $0.attributes["requisitionID"] } == ["or-1", "or-2"])
        #expect(request.all("ItemOut")[1].first("ItemDetail", "Extrinsic")?.text == "b\"<&>]]>é")
    }

    /// The order of the elements is that of the cXML 1.2.014 DTD.
    @Test func theElementsStandInTheOrderOfTheDTD() throws {
        let order = try document(
            #"{"cancellation":"ca-1","device":"a","order":"or-1","supply":"s","item":"i","reason":"r"}"#, key: "ca-1")
        let root = try tree(CXMLRequest.document(order, parties, sharedSecret: "s"))
        let request = try #require(root.first("Request", "OrderRequest"))
        let header = try #require(request.first("OrderRequestHeader"))
        #expect(header.children.map(\.name) == ["Total", "ShipTo", "BillTo", "DocumentReference"])
        #expect(header.attributes["type"] == "delete" && header.attributes["orderID"] == "or-1")
        #expect(header.first("DocumentReference")?.attributes["payloadID"] == "or-1@steward")
        #expect(request.first("ItemOut")?.children.map(\.name) == ["ItemID", "ItemDetail", "Comments"])
        #expect(
            request.first("ItemOut", "ItemDetail")?.children.map(\.name)
                == ["UnitPrice", "Description", "UnitOfMeasure", "Classification", "Extrinsic"])
        #expect(root.first("Header")?.children.map(\.name) == ["From", "To", "Sender"])
        // Who has told no address is known by the credential; an address of a name alone is no postal address.
        #expect(header.first("ShipTo", "Address", "Name")?.text == "Hall 3")
        #expect(header.first("BillTo", "Address", "Name")?.text == "us & <co>")
        #expect(header.first("ShipTo", "Address", "PostalAddress") == nil)
    }

    @Test(
        arguments: [
            ("<cXML><Response><Status code=\"200\" text=\"OK\"/></Response></cXML>", 200),
            ("<cXML><Response><Status code=\"x\"/></Response></cXML>", nil),
            ("<cXML><Response><Status code=\"409\" text=\"Conflict\">twice</Status></Response></cXML>", 409), ("<html/>", nil),
            ("<cXML/>", nil),
        ] as [(String, Int?)]) func statuses(_ text: String, _ code: Int?) throws
    {
        #expect(CXMLAnswer.status(try tree(Array(text.utf8)))?.code == code)
    }

    private func notices(_ request: String) throws -> [CXMLAnswer.Notice]? {
        CXMLAnswer.notices(try tree(Array("<cXML><Header/><Request>\(request)</Request></cXML>".utf8)))
    }

    @Test func confirmations() throws {
        let reference = "<OrderReference orderID=\"sh-1\"><DocumentReference payloadID=\"sh-1@steward\"/></OrderReference>"
        for type in ["accept", "allDetail", "detail", "except", "backordered"] {
            let found = try notices(
                "<ConfirmationRequest><ConfirmationHeader type=\"\(type)\" confirmID=\"C\"/>\(reference)</ConfirmationRequest>")
            #expect(found?.map(\.state) == [.accepted] && found?.first?.key == "sh-1" && found?.first?.reference == "C")
        }
        let mixed = try notices(
            "<ConfirmationRequest><ConfirmationHeader type=\"except\"/>\(reference)<ConfirmationItem lineNumber=\"2\" quantity=\"1\"><ConfirmationStatus type=\"reject\" quantity=\"1\"><Comments>sold out</Comments></ConfirmationStatus></ConfirmationItem><ConfirmationItem lineNumber=\"1\"><ConfirmationStatus type=\"accept\"/></ConfirmationItem></ConfirmationRequest>"
        )
        #expect(mixed?.map(\.state) == [.failed, .accepted] && mixed?.map(\.line) == [2, nil] && mixed?.first?.detail == "sold out")
        // Without orderID the payload id names it.
        let other = try notices(
            "<ConfirmationRequest><ConfirmationHeader type=\"reject\"/><OrderReference><DocumentReference payloadID=\"or-7@steward\"/></OrderReference></ConfirmationRequest>"
        )
        #expect(other?.map(\.key) == ["or-7"] && other?.map(\.state) == [.failed])
        #expect(try notices("<ConfirmationRequest><ConfirmationHeader type=\"accept\"/></ConfirmationRequest>") == [])
        #expect(try notices("<PunchOutSetupRequest/>") == nil)
    }

    @Test func shipNotices() throws {
        let found = try notices(
            "<ShipNoticeRequest><ShipNoticeHeader shipmentID=\"S\"/><ShipControl><CarrierIdentifier domain=\"c\">DHL</CarrierIdentifier><ShipmentIdentifier>1</ShipmentIdentifier></ShipControl><ShipNoticePortion><OrderReference orderID=\"sh-1\"/><ShipNoticeItem lineNumber=\"1\"/><ShipNoticeItem lineNumber=\"3\"/></ShipNoticePortion><ShipNoticePortion><OrderReference orderID=\"or-2\"/></ShipNoticePortion></ShipNoticeRequest>"
        )
        #expect(found?.map(\.key) == ["sh-1", "sh-1", "or-2"] && found?.map(\.line) == [1, 3, nil])
        #expect(found?.allSatisfy { $0.state == .shipped && $0.detail == "DHL 1" && $0.reference == "S" } == true)
    }

    @Test func theAnswerIsADocument() throws {
        let bytes = CXMLAnswer.response(code: 401, text: "who are \"you\"?", payloadID: "1@x", timestampMilliseconds: 0)
        #expect(CXMLAnswer.status(try tree(bytes))?.code == 401)
    }
}
