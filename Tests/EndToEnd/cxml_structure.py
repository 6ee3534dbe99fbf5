"""What cXML 1.2 allows inside what, as far as orders go: order and number of children, required attributes, enumerations.

Written for these tests after the cXML User's Guide. The DTD itself is not copied here, as its licence does not plainly allow it. A child that
the guide knows and nobody here writes is left out, so that the table is stricter than the DTD and never laxer.
"""

import re

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
TEXT = "#text"

# Children in the order in which they must come; `?`, `*` and `+` as in a DTD. TEXT: only text.
CONTENT = {
    "cXML": "(Header, Request) | (Header, Message) | Response",
    "Header": "From, To, Sender",
    "From": "Credential+",
    "To": "Credential+",
    "Sender": "Credential+, UserAgent",
    "Credential": "Identity, SharedSecret?",
    "Identity": TEXT,
    "SharedSecret": TEXT,
    "UserAgent": TEXT,
    "Request": "OrderRequest | ConfirmationRequest | ShipNoticeRequest | ProfileRequest",
    "Response": "Status",
    "Status": TEXT,
    "OrderRequest": "OrderRequestHeader, ItemOut+",
    "OrderRequestHeader": "Total, ShipTo?, BillTo, Shipping?, Tax?, Payment?, PaymentTerm*, Contact*, Comments?, Followup?, DocumentReference?, Extrinsic*",
    "Total": "Money",
    "Money": TEXT,
    "ShipTo": "Address",
    "BillTo": "Address",
    "Address": "Name, PostalAddress?, Email?, Phone?, Fax?, URL?",
    "Name": TEXT,
    "PostalAddress": "DeliverTo*, Street+, City, State?, PostalCode?, Country",
    "DeliverTo": TEXT,
    "Street": TEXT,
    "City": TEXT,
    "State": TEXT,
    "PostalCode": TEXT,
    "Country": TEXT,
    "DocumentReference": "",
    "ItemOut": "ItemID, ItemDetail?, ShipTo?, Shipping?, Tax?, Distribution*, Contact*, Comments?",
    "ItemID": "SupplierPartID, SupplierPartAuxiliaryID?",
    "SupplierPartID": TEXT,
    "ItemDetail": "UnitPrice, Description+, UnitOfMeasure, Classification+, ManufacturerPartID?, ManufacturerName?, URL?, LeadTime?, Extrinsic*",
    "UnitPrice": "Money",
    "Description": TEXT,
    "UnitOfMeasure": TEXT,
    "Classification": TEXT,
    "Extrinsic": TEXT,
    "Comments": TEXT,
    "ConfirmationRequest": "ConfirmationHeader, OrderReference, ConfirmationItem*",
    "ConfirmationHeader": "DocumentReference?, Total?, Shipping?, Tax?, Contact*, Comments?, Extrinsic*",
    "OrderReference": "DocumentReference",
    "ConfirmationItem": "UnitOfMeasure, ConfirmationStatus+, Contact*",
    "ConfirmationStatus": "UnitOfMeasure, UnitPrice?, Tax?, Shipping?, Comments?, Extrinsic*",
    "ShipNoticeRequest": "ShipNoticeHeader, ShipControl*, ShipNoticePortion*",
    "ShipNoticeHeader": "ServiceLevel*, DocumentReference?, Contact*, Comments?, Extrinsic*",
    "ShipControl": "CarrierIdentifier+, ShipmentIdentifier+, Route*, Contact*, Comments?, Extrinsic*",
    "CarrierIdentifier": TEXT,
    "ShipmentIdentifier": TEXT,
    "ShipNoticePortion": "OrderReference, Contact*, Comments?, ShipNoticeItem*, Extrinsic*",
    "ShipNoticeItem": "UnitOfMeasure",
}

REQUIRED = {
    "cXML": ["payloadID", "timestamp"],
    "Credential": ["domain"],
    "Status": ["code", "text"],
    "OrderRequestHeader": ["orderID", "orderDate"],
    "Money": ["currency"],
    "Name": [LANG],
    "Country": ["isoCountryCode"],
    "DocumentReference": ["payloadID"],
    "ItemOut": ["quantity"],
    "Description": [LANG],
    "Classification": ["domain"],
    "Extrinsic": ["name"],
    "ConfirmationHeader": ["type", "noticeDate"],
    "ConfirmationItem": ["quantity", "lineNumber"],
    "ConfirmationStatus": ["quantity", "type"],
    "ShipNoticeHeader": ["shipmentID", "noticeDate"],
    "CarrierIdentifier": ["domain"],
    "ShipNoticeItem": ["quantity", "lineNumber"],
}

OPTIONAL = {
    "cXML": ["version", LANG],
    "Request": ["deploymentMode"],
    "Credential": ["type"],
    "OrderRequestHeader": ["type", "orderType", "orderVersion", "requisitionID", "shipComplete", "agreementID"],
    "Address": ["isoCountryCode", "addressID"],
    "PostalAddress": ["name"],
    "ItemOut": ["lineNumber", "requisitionID", "requestedDeliveryDate", "agreementItemNumber"],
    "Comments": [LANG],
    "Status": [LANG],
    "ConfirmationHeader": ["confirmID", "operation", "invoiceID"],
    "OrderReference": ["orderID", "orderDate"],
    "ShipNoticeHeader": ["operation", "shipmentDate", "deliveryDate"],
}

ENUMERATED = {
    ("Request", "deploymentMode"): {"production", "test"},
    ("OrderRequestHeader", "type"): {"new", "update", "delete"},
    ("OrderRequestHeader", "orderType"): {"regular", "release", "blanket"},
    ("ConfirmationHeader", "type"): {"accept", "allDetail", "detail", "backordered", "except", "reject", "requestToPay", "replace"},
    ("ConfirmationStatus", "type"): {"accept", "allDetail", "detail", "backordered", "reject", "unknown"},
}

# ISO 8601 with a zone, as the guide asks.
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)")
TIMES = {"timestamp", "orderDate", "noticeDate"}


def pattern(model):
    """A content model as an expression over `<Name>` written one after the other."""
    return re.compile(re.sub(r"(\w+)", r"(?:<\1>)", model).replace(",", "").replace(" ", "").replace("(<", "(?:<"))


def problems(element):
    """Everything that is wrong with a document, as sentences."""
    found = []
    name = element.tag
    if name not in CONTENT:
        return [f"{name} is no element of an order"]
    model = CONTENT[name]
    if model == TEXT:
        if len(element):
            found.append(f"{name} holds text, not {element[0].tag}")
    else:
        children = "".join(f"<{child.tag}>" for child in element)
        if not pattern(model).fullmatch(children):
            found.append(f"{name} has {children or 'nothing'}; it is to have {model or 'nothing'}")
        if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
            found.append(f"{name} has text between its elements")
    allowed = REQUIRED.get(name, []) + OPTIONAL.get(name, [])
    for attribute in REQUIRED.get(name, []):
        if not element.get(attribute):
            found.append(f"{name} needs {attribute}")
    for attribute, value in element.attrib.items():
        if attribute not in allowed:
            found.append(f"{name} has no attribute {attribute}")
        if value not in ENUMERATED.get((name, attribute), {value}):
            found.append(f"{name} {attribute} cannot be {value}")
        if attribute in TIMES and not INSTANT.fullmatch(value):
            found.append(f"{name} {attribute} {value} is no instant")
    for child in element:
        found += problems(child)
    return found


def problems_of(root):
    """Of a whole document; the rest of what a DTD cannot say, but the guide does."""
    found = [] if root.tag == "cXML" else [f"the document begins with {root.tag}"]
    found += problems(root)
    if "@" not in (root.get("payloadID") or ""):
        found.append("payloadID is to have the form of an address")
    for header in root.iter("OrderRequestHeader"):
        if (header.get("type") in ("delete", "update")) != (header.find("DocumentReference") is not None):
            found.append("an order names an earlier one where it changes or deletes it, and only there")
    lines = [item.get("lineNumber") for item in root.iter("ItemOut")]
    if lines != [str(number + 1) for number in range(len(lines))]:
        found.append(f"the lines are numbered {lines}")
    return found
