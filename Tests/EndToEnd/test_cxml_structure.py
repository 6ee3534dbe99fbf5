"""The table of what cXML allows has to find mistakes, or it shows nothing."""

import xml.etree.ElementTree as ElementTree

import pytest
from cxml_structure import problems_of
from suppliers import CXMLSupplier
from test_orders import reaches, use_up
from test_supplier_kinds import SECRET, cxml_settings


def credential(secret=""):
    return f'<Credential domain="NetworkID"><Identity>a</Identity>{secret}</Credential>'


HEADER = (
    f"<Header><From>{credential()}</From><To>{credential()}</To>"
    f"<Sender>{credential('<SharedSecret>s</SharedSecret>')}<UserAgent>x</UserAgent></Sender></Header>"
)
MONEY = '<Money currency="EUR">1.00</Money>'
BILL = '<BillTo><Address><Name xml:lang="en">n</Name></Address></BillTo>'
DETAIL = (
    f'<ItemDetail><UnitPrice>{MONEY}</UnitPrice><Description xml:lang="en">d</Description><UnitOfMeasure>EA</UnitOfMeasure>'
    '<Classification domain="UNSPSC">1</Classification></ItemDetail>'
)
ITEM = f'<ItemOut quantity="1" lineNumber="1"><ItemID><SupplierPartID>p</SupplierPartID></ItemID>{DETAIL}</ItemOut>'
GOOD = (
    f'<cXML payloadID="1@a" timestamp="2026-01-01T00:00:00+00:00" version="1.2.014">{HEADER}<Request deploymentMode="test"><OrderRequest>'
    f'<OrderRequestHeader orderID="o" orderDate="2026-01-01T00:00:00+00:00" type="new"><Total>{MONEY}</Total>{BILL}</OrderRequestHeader>'
    f"{ITEM}</OrderRequest></Request></cXML>"
)


def test_a_good_order_has_no_problems():
    assert problems_of(ElementTree.fromstring(GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (f"<Total>{MONEY}</Total>{BILL}", f"{BILL}<Total>{MONEY}</Total>", "OrderRequestHeader has"),
        (BILL, "", "OrderRequestHeader has"),
        (ITEM, "", "OrderRequest has"),
        ('<Description xml:lang="en">', "<Description>", "Description needs"),
        (' currency="EUR"', "", "Money needs"),
        ("<UserAgent>x</UserAgent>", "", "Sender has"),
        ('<ItemOut quantity="1" ', "<ItemOut ", "ItemOut needs"),
        ('lineNumber="1"', 'lineNumber="2"', "numbered"),
        ('type="new"', 'type="delete"', "names an earlier one"),
        ('type="new"', 'type="newest"', "cannot be newest"),
        ('type="new"', 'type="new" colour="red"', "no attribute colour"),
        ("<UnitOfMeasure>EA</UnitOfMeasure>", "", "ItemDetail has"),
        ("2026-01-01T00:00:00+00:00", "01.01.2026", "no instant"),
        ('payloadID="1@a"', 'payloadID="1"', "form of an address"),
        ("<Identity>a</Identity>", "<Identity><b/></Identity>", "holds text"),
        ("<SupplierPartID>p</SupplierPartID>", "p", "ItemID has"),
    ],
)
def test_mistakes_are_found(old, new, word):
    assert old in GOOD
    assert any(word in problem for problem in problems_of(ElementTree.fromstring(GOOD.replace(old, new))))


@pytest.mark.parametrize("address", [{}, {"name": "Hall 3"}, {"street": "Weg 1", "city": "Bonn", "country": "DE"}, {"city": "Bonn"}])
def test_an_order_with_little_address_is_still_a_document(make, broker, client, tmp_path, address):
    supplier = CXMLSupplier(SECRET)
    settings = {**cxml_settings(supplier, tmp_path), "shipTo": address, "billTo": {}}
    gateway = make.gateway(broker, suppliers=[settings])
    use_up(client)
    reaches(gateway, "sent")
    [root] = supplier.orders.values()
    assert (root.find(".//ShipTo") is not None) == bool(address)
    assert (root.find(".//PostalAddress") is not None) == ("street" in address)
    supplier.close()
