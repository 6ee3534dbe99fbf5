"""Suppliers that are no webhook: cXML over HTTP, mail over SMTP, files in a folder. Each a real server on loopback."""

import csv
import email
import email.policy
import re
import shutil
import signal
import ssl
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from conftest import now_ms, wait_for
from suppliers import CXMLSupplier, MailServer, cxml_notice, secret_file
from test_orders import install, metric_of, order, reaches, use_up

SECRET = "shared-secret-of-the-shop"
REPLY_SECRET = "another-secret-for-replies"


@pytest.fixture
def cxml(make):
    supplier = CXMLSupplier(SECRET)
    yield supplier
    supplier.close()


def cxml_settings(supplier, directory):
    party = {"domain": "NetworkID", "identity": "us"}
    return {
        "name": "erp",
        "kind": "cxml",
        "url": supplier.url,
        "from": party,
        "to": {"domain": "NetworkID", "identity": "shop"},
        "sender": party,
        "secretFile": secret_file(directory, "cxml.secret", SECRET),
        "replyIdentity": "shop-system",
        "replySecretFile": secret_file(directory, "reply.secret", REPLY_SECRET),
        "shipTo": {"name": "Hall 3", "street": "Weg 1", "city": "Bonn", "postalCode": "53113", "country": "DE"},
        "deploymentMode": "test",
    }


@pytest.fixture
def erp(make, broker, cxml, tmp_path):
    return make.gateway(broker, suppliers=[cxml_settings(cxml, tmp_path)], replenishment={"prices": {"*": 12.5}})


def confirmation(name, kind="accept", more=""):
    return (
        f'<ConfirmationRequest><ConfirmationHeader type="{kind}" noticeDate="2026-01-01T00:00:00+00:00" confirmID="C-1">{more}</ConfirmationHeader>'
        f'<OrderReference orderID="{name}"><DocumentReference payloadID="{name}@steward"/></OrderReference></ConfirmationRequest>'
    )


def ship_notice(name):
    return (
        '<ShipNoticeRequest><ShipNoticeHeader shipmentID="S-9" noticeDate="2026-01-01T00:00:00+00:00"/>'
        '<ShipControl><CarrierIdentifier domain="company">DHL</CarrierIdentifier><ShipmentIdentifier>00340</ShipmentIdentifier></ShipControl>'
        f'<ShipNoticePortion><OrderReference orderID="{name}"><DocumentReference payloadID="{name}@steward"/></OrderReference>'
        '<ShipNoticeItem quantity="1" lineNumber="1"><UnitOfMeasure>EA</UnitOfMeasure></ShipNoticeItem></ShipNoticePortion></ShipNoticeRequest>'
    )


def test_cxml_order_confirmation_and_ship_notice(erp, cxml, client):
    use_up(client)
    name = reaches(erp, "sent")["order"]
    [(payload, root)] = cxml.orders.items()
    assert payload == f"{name}@steward"
    header = root.find("Request/OrderRequest/OrderRequestHeader")
    assert (header.get("orderID"), header.get("type")) == (name, "new")
    assert header.find("Total/Money").text == "12.50" and header.find("ShipTo/Address/PostalAddress/City").text == "Bonn"
    item = root.find("Request/OrderRequest/ItemOut")
    assert (item.get("quantity"), item.findtext("ItemID/SupplierPartID")) == ("1", "supply-black")
    assert root.find("Request").get("deploymentMode") == "test"
    # Out of order and twice.
    assert cxml_notice(erp, ship_notice(name), REPLY_SECRET) == 200
    assert cxml_notice(erp, confirmation(name), REPLY_SECRET) == 200
    assert cxml_notice(erp, ship_notice(name), REPLY_SECRET) == 200
    shipped = reaches(erp, "shipped")
    assert (shipped["reference"], shipped["detail"]) == ("S-9", "DHL 00340")


def test_cxml_rejection_fails_the_order(erp, cxml, client):
    use_up(client)
    name = reaches(erp, "sent")["order"]
    assert cxml_notice(erp, confirmation(name, "reject", "<Comments>sold out</Comments>"), REPLY_SECRET) == 200
    assert reaches(erp, "failed")["detail"] == "sold out"
    assert len(erp.api("tickets")["tickets"]) == 1


def test_cxml_status_codes_decide_over_http(erp, cxml, client):
    cxml.codes = [500, 503]
    cxml.statuses = ["taken-500"]
    use_up(client)
    reaches(erp, "sent")
    assert len(cxml.orders) == 1 and len(cxml.requests) >= 3


class ForgetfulSupplier(CXMLSupplier):
    """Takes the order, breaks the connection before its answer, and says of each later try that it has it already."""

    lost = 1

    def reply(self, request):
        self.lost -= 1
        if self.lost >= 0:
            return None
        return self.status(*self.later)


@pytest.mark.parametrize(
    ("later", "rules", "state"),
    [
        ((500, "PO number has already been processed."), None, "sent"),
        ((200, "OK"), None, "sent"),
        ((500, "A-17: known here"), [{"status": 500, "text": "*known here"}], "sent"),
        # Not of this supplier's rules: it is tried until it is given up, and then only a person who knows of it orders again.
        ((400, "PO number has already been processed."), [{"status": 500, "text": "*"}], "failed"),
    ],
)
def test_cxml_answer_that_is_lost_is_no_second_order(make, broker, client, tmp_path, later, rules, state):
    supplier = ForgetfulSupplier(SECRET)
    supplier.later = later
    settings = cxml_settings(supplier, tmp_path)
    if rules:
        settings["duplicateAnswers"] = rules
    gateway = make.gateway(broker, suppliers=[settings])
    use_up(client)
    name = reaches(gateway, state)["order"]
    again = gateway.cli("orders", "--place", "p1", "--supply", "black", "--by", "Ann")
    assert again.returncode == 1 and name in again.stderr
    if state == "failed":
        assert order(gateway)["mayHaveBeenTaken"] is True and name in gateway.api("tickets")["tickets"][0]["reason"]
        assert gateway.cli("orders", "--place", "p1", "--supply", "black", "--by", "Ann", "--despite", name).returncode == 0
        assert len(gateway.api("orders")["orders"]) == 2
    supplier.close()


def test_cxml_refusal_is_final(erp, cxml, client):
    cxml.codes = [400]
    use_up(client)
    assert "400" in reaches(erp, "failed")["detail"]


def test_cxml_cancellation_names_the_order(erp, cxml, client):
    use_up(client)
    name = reaches(erp, "sent")["order"]
    assert erp.cli("orders", "--cancel", name, "--by", "Ann").returncode == 0
    wait_for(lambda: cxml.cancelled == [f"{name}@steward"], "the cancellation")


@pytest.mark.parametrize(
    ("doctype", "words"),
    [
        ('<!DOCTYPE cXML [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"),
        ('<!DOCTYPE cXML [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>', "&c;"),
        ('<!DOCTYPE cXML [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]>', ""),
    ],
)
def test_cxml_bombs_and_thieves_are_turned_away(erp, cxml, client, doctype, words):
    use_up(client)
    name = reaches(erp, "sent")["order"]
    assert cxml_notice(erp, confirmation(name, "reject", f"<Comments>{words}</Comments>"), REPLY_SECRET, doctype=doctype) == 400
    assert order(erp)["state"] == "sent"


def test_cxml_wants_the_shared_secret_and_knows_its_orders(erp, cxml, client):
    use_up(client)
    name = reaches(erp, "sent")["order"]
    assert cxml_notice(erp, confirmation(name), "wrong-secret-of-somebody") == 401
    assert cxml_notice(erp, confirmation(name), REPLY_SECRET, identity="stranger") == 401
    assert cxml_notice(erp, confirmation(name), SECRET) == 401
    assert cxml_notice(erp, confirmation("or-0000000000000000"), REPLY_SECRET) == 404
    assert cxml_notice(erp, "<PunchOutSetupRequest/>", REPLY_SECRET, is_valid=False) == 450
    assert order(erp)["state"] == "sent"


def test_without_a_cxml_supplier_there_is_no_entrance(gateway):
    assert gateway.request("/api/v1/cxml", b"<a/>")[0] == 404


# Mail.


@pytest.fixture
def mails():
    servers = []

    def start(**options):
        servers.append(MailServer(**options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def mail_settings(server, **more):
    return {"name": "post", "kind": "mail", "url": server.url, "from": "steward@site.example", "to": ["a@shop.example", "b@shop.example"], **more}


def test_mail_order(make, broker, client, mails):
    server = mails()
    server.replies = ["451 greylisted, come again"]
    gateway = make.gateway(broker, suppliers=[mail_settings(server, requireTLS=False)])
    use_up(client, "bürö=1")
    sent = reaches(gateway, "sent")
    [mail] = server.mails
    assert (mail["from"], mail["to"]) == ("steward@site.example", ["a@shop.example", "b@shop.example"])
    message = email.message_from_bytes(mail["bytes"], policy=email.policy.default)
    assert message["Message-ID"] == f"<{sent['order']}@site.example>"
    assert message["Subject"] == f"Order {sent['order']}: supply-black"
    assert message.get_content_charset() == "utf-8" and message.defects == []
    text = message.get_content()
    assert "1 x supply-black" in text and "bürö=1, black" in text
    assert gateway.cli("orders", "--cancel", sent["order"], "--by", "Ann").returncode == 0
    wait_for(lambda: len(server.mails) == 2, "the cancellation")
    cancellation = email.message_from_bytes(server.mails[1]["bytes"], policy=email.policy.default)
    assert cancellation["References"] == message["Message-ID"] and cancellation["Subject"].startswith("Cancellation")


def test_mail_that_is_refused_for_good_fails_the_order(make, broker, client, mails):
    server = mails()
    server.replies = ["550 no such user here"]
    gateway = make.gateway(broker, suppliers=[mail_settings(server, requireTLS=False)])
    use_up(client)
    assert "550" in reaches(gateway, "failed")["detail"]
    assert len(gateway.api("tickets")["tickets"]) == 1


def test_no_device_name_becomes_a_header(make, broker, client, mails):
    server = mails()
    gateway = make.gateway(broker, suppliers=[mail_settings(server, requireTLS=False)])
    # Names with line feeds do not even come through telemetry; this one tries by way of an encoded word.
    supply = '=?utf-8?Q?=0D=0ABcc:=20thief@evil.example?= "x" <a@evil.example>'
    use_up(client, supply=supply)
    wait_for(lambda: server.mails, "the mail")
    message = email.message_from_bytes(server.mails[0]["bytes"], policy=email.policy.default)
    assert message["Bcc"] is None and server.mails[0]["to"] == ["a@shop.example", "b@shop.example"]
    assert message["Subject"].endswith("supply-" + supply) and supply in message.get_content()
    reaches(gateway, "sent")


def certificate(directory):
    openssl = shutil.which("openssl")
    key, cert = directory / "mail.key", directory / "mail.crt"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return key, cert


def test_mail_with_starttls_and_a_password_from_a_file(make, broker, client, mails, tmp_path):
    key, cert = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = mails(tls=context, user=(b"steward", b"pass word"))
    password = secret_file(tmp_path, "mail.password", "pass word")
    gateway = make.gateway(broker, suppliers=[mail_settings(server, caFile=str(cert), username="steward", passwordFile=password)])
    use_up(client)
    reaches(gateway, "sent")
    assert [mail["tls"] for mail in server.mails] == [True]


def test_mail_is_never_sent_in_the_clear_unless_allowed(make, broker, client, mails):
    server = mails()
    gateway = make.gateway(broker, suppliers=[mail_settings(server)])
    use_up(client)
    wait_for(lambda: gateway.metric("steward_delivery_failures_total") > 0, "the failed try")
    assert server.mails == [] and order(gateway)["state"] == "planned"


def test_kill_while_a_mail_is_sent_gives_the_same_message(make, broker, client, mails):
    server = mails()
    server.delay = 2
    gateway = make.gateway(broker, suppliers=[mail_settings(server, requireTLS=False)])
    use_up(client)
    wait_for(lambda: "mail" in gateway.log() or order(gateway)["state"] == "planned", "the order")
    gateway.stop(signal.SIGKILL)
    server.delay = 0
    gateway.start()
    name = reaches(gateway, "sent")["order"]
    # SMTP has no idempotency: what a lost answer repeats is one Message-ID, and the same mail but for the number of the try.
    assert {email.message_from_bytes(mail["bytes"])["Message-ID"] for mail in server.mails} == {f"<{name}@site.example>"}
    assert len({re.sub(rb"X-Steward-Attempt: \d+", b"", mail["bytes"]) for mail in server.mails}) == 1


# Files.


def test_csv_drop_folder(make, broker, client, tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    first = make.gateway(broker, suppliers=[{"name": "drop", "kind": "csv", "directory": str(folder)}], gateway={"id": "north"}, mqtt={"clientId": "n"})
    use_up(client, "=HYPERLINK(1)", supply='a,"b"')
    name = reaches(first, "sent")["order"]
    [file] = folder.iterdir()
    assert file.name == f"{name}.csv"
    with file.open(newline="", encoding="utf-8") as lines:
        [row] = list(csv.DictReader(lines))
    assert (row["key"], row["kind"], row["quantity"], row["supply"]) == (name, "order", "1", 'a,"b"')
    assert row["device"] == "'=HYPERLINK(1)"
    # A second gateway finds the file of the first.
    second = make.gateway(broker, suppliers=[{"name": "drop", "kind": "csv", "directory": str(folder)}], gateway={"id": "south"}, mqtt={"clientId": "s"})
    use_up(client, "=HYPERLINK(1)", supply='a,"b"')
    assert reaches(second, "cancelled")["detail"].startswith("duplicate")
    assert [item.name for item in folder.iterdir()] == [f"{name}.csv"]
    assert first.cli("orders", "--cancel", name, "--by", "Ann").returncode == 0
    wait_for(lambda: len(list(folder.iterdir())) == 2, "the cancellation's file")


def test_csv_folder_that_is_full_or_gone_is_tried_again(make, broker, client, tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    gateway = make.gateway(broker, suppliers=[{"name": "drop", "kind": "csv", "directory": str(folder)}])
    shutil.rmtree(folder)
    use_up(client)
    wait_for(lambda: gateway.metric("steward_delivery_failures_total") > 0, "the failed try")
    folder.mkdir()
    reaches(gateway, "sent")


# Configuration.


@pytest.mark.parametrize(
    ("supplier", "word"),
    [
        ({"name": "x", "kind": "pigeon", "url": "http://127.0.0.1:1/"}, "pigeon"),
        ({"name": "x", "kind": "mail", "url": "http://127.0.0.1:1/", "from": "a@b", "to": "c@d"}, "smtp"),
        ({"name": "x", "kind": "mail", "url": "smtp://127.0.0.1:1", "from": "a@b\r\nBcc: x@y", "to": "c@d"}, "plain address"),
        ({"name": "x", "kind": "cxml", "url": "http://127.0.0.1:1/", "secretFile": "/none"}, "from"),
        ({"name": "x", "kind": "csv", "directory": "/none/at/all"}, "directory"),
        ({"name": "x", "url": "http://127.0.0.1:1/", "secretFile": "/none/secret"}, "secretFile"),
        ({"name": "x", "url": "http://127.0.0.1:1/", "consolidateBy": "country"}, "country"),
        ({"url": "http://127.0.0.1:1/"}, "name"),
    ],
)
def test_mistakes_are_told_at_start(make, broker, supplier, word):
    gateway = make.gateway(broker, start=False, suppliers=[supplier])
    assert word in gateway.refusal()
