"""Every kind of supplier, as bad as the real ones: slow, failing, answering twice and out of order, killed in the worst moment, talking rubbish."""

import csv
import email
import email.policy
import json
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import pytest
from conftest import STEWARD, STEWARD_DEBUG, now_ms, wait_for
from suppliers import CXMLSupplier, MailServer, WebhookSupplier, cxml_notice, secret_file, signed_headers, signed_report, webhook_secret
from test_orders import install, order, reaches, use_up
from test_supplier_kinds import REPLY_SECRET, SECRET, confirmation, cxml_settings, mail_settings, ship_notice

KEY = b"the key with which the shop signs"


class WebhookShop:
    kind = "webhook"

    def __init__(self, directory):
        self.server = WebhookSupplier()
        self.settings = {
            "name": "shop", "url": self.server.url, "replySecretFile": secret_file(directory, "reply.whsec", webhook_secret(KEY))}

    def received(self):
        """(key, ids of the lines) of each delivery, repeats included."""
        events = [json.loads(request["body"]) for request in self.server.requests]
        return [(event["id"], [line["order"] for line in event["data"].get("orders", [event["data"]])]) for event in events]

    def taken(self):
        return len(self.server.orders)

    def report(self, gateway, name, state):
        """Whether it is taken; otherwise it was refused with 409."""
        body = json.dumps({"order": name, "state": "failed" if state == "rejected" else state, "reference": state}).encode()
        status = signed_report(gateway, "shop", body, signed_headers(KEY, body))
        assert status in (202, 409)
        return status == 202

    def close(self):
        self.server.close()


class CXMLShop:
    kind = "cxml"

    def __init__(self, directory):
        self.server = CXMLSupplier(SECRET)
        self.settings = {**cxml_settings(self.server, directory), "name": "shop"}

    def received(self):
        roots = [ElementTree.fromstring(request["body"]) for request in self.server.requests]
        return [(root.get("payloadID").split("@")[0], [item.get("requisitionID") for item in root.iter("ItemOut")]) for root in roots]

    def taken(self):
        return len(self.server.orders)

    def report(self, gateway, name, state):
        if state == "delivered":
            # cXML has no word of the supplier for it.
            assert gateway.post(f"orders/{name}/updates", {"state": "delivered", "reference": "delivered"}) == 202
            return True
        notice = ship_notice(name) if state == "shipped" else confirmation(name, {"accepted": "accept", "rejected": "reject"}[state])
        status = cxml_notice(gateway, notice, REPLY_SECRET)
        assert status in (200, 409)
        return status == 200

    def close(self):
        self.server.close()


class MailShop:
    kind = "mail"

    def __init__(self, directory):
        self.server = MailServer()
        self.settings = mail_settings(self.server, name="shop", requireTLS=False)

    def messages(self):
        return [email.message_from_bytes(mail["bytes"], policy=email.policy.default) for mail in self.server.mails]

    def received(self):
        def lines(message):
            return [line.split(":")[1].strip() for line in message.get_content().splitlines() if line.strip().startswith("order:")]

        return [(message["Message-ID"].strip("<>").split("@")[0], lines(message)) for message in self.messages()]

    def taken(self):
        return len({key for key, _ in self.received()})

    def report(self, gateway, name, state):
        body = {"state": "failed" if state == "rejected" else state, "reference": state}
        status = gateway.post(f"orders/{name}/updates", body)
        assert status in (202, 409)
        return status == 202

    def close(self):
        self.server.close()


class FolderShop(MailShop):
    kind = "csv"

    def __init__(self, directory):
        self.folder = directory / "drop"
        self.folder.mkdir()
        self.settings = {"name": "shop", "kind": "csv", "directory": str(self.folder)}

    def received(self):
        found = []
        for file in sorted(self.folder.iterdir()):
            with file.open(newline="", encoding="utf-8") as lines:
                found.append((file.stem, [row["order"] for row in csv.DictReader(lines)]))
        return found

    def close(self):
        pass


KINDS = [WebhookShop, CXMLShop, MailShop, FolderShop]


@pytest.fixture
def opened(tmp_path):
    made = []

    def open_shop(kind):
        made.append(kind(tmp_path))
        return made[-1]

    yield open_shop
    for shop in made:
        shop.close()


@pytest.fixture(params=KINDS, ids=lambda kind: kind.kind)
def shop(request, opened):
    return opened(request.param)


# One shipment.


def weekday(days_ahead):
    names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    return names[time.gmtime(time.time() + days_ahead * 86_400).tm_wday]


def history(client, device="p1"):
    """Forty days of 2 % a day, told late: black has 20 %, cyan two days' use more. They teach, and order nothing."""
    now = now_ms()
    for hour in range(-240, -1):
        used = (hour + 240) / 3
        client.publish(
            f"devices/{device}/telemetry",
            {"ts": now + hour * 4 * 3_600_000, "pageCount": 1000 + (hour + 240) * 10, "supplies": {"black": int(100 - used), "cyan": min(100, int(104 - used))}})


def test_supplies_that_end_within_days_travel_together(make, broker, client, shop):
    """The shop works on one day of the week only, so waiting until then is free, and both wait, over kill -9 as well."""
    calendar = {"workingDays": [weekday(3)], "zone": "Etc/UTC"}
    gateway = make.gateway(broker, suppliers=[{**shop.settings, "consolidateHours": 720, "consolidateBy": "device", "calendar": calendar}])
    history(client)
    gateway.settled(client)
    assert gateway.api("orders")["orders"] == []
    client.publish("devices/p1/telemetry", {"ts": now_ms(), "pageCount": 3400, "supplies": {"black": 20, "cyan": 24}})

    def held():
        found = {item["supply"]: item for item in gateway.api("orders")["orders"]}
        return set(found) == {"black", "cyan"} and found

    before = wait_for(held, "both orders")
    for item in before.values():
        assert item["state"] == "planned" and "risk that it ends" in item["reason"]
        assert now_ms() + 86_400_000 < item["holdUntil"] <= item["latestSend"] < now_ms() + 7 * 86_400_000
    gateway.settled(client)
    gateway.stop(signal.SIGKILL)
    gateway.start()
    assert held() == before and shop.received() == []
    # The third knows no forecast and cannot wait: it takes the others along.
    client.publish("devices/p1/telemetry", {"ts": now_ms(), "supplies": {"magenta": 3}})
    wait_for(lambda: all(item["state"] == "sent" for item in gateway.api("orders")["orders"]), "the sent orders")
    [(key, lines)] = shop.received()
    found = {item["supply"]: item for item in gateway.api("orders")["orders"]}
    assert key.startswith("sh-") and sorted(lines) == sorted(item["order"] for item in found.values()) and len(lines) == 3
    assert {item["shipment"] for item in found.values()} == {key}
    # A word on the shipment is one on each of them.
    shop.report(gateway, key, "accepted")
    wait_for(lambda: all(item["state"] == "accepted" for item in gateway.api("orders")["orders"]), "the accepted orders")


# The worst moment.


def test_kill_between_the_answer_and_its_commit(make, broker, client, shop):
    """The supplier has it and has said so; the gateway dies before it is on record, and delivers again under the same name."""
    gateway = make.gateway(broker, start=False, suppliers=[shop.settings])
    gateway.environment["STEWARD_KILL_AT_DELIVERY"] = "1"
    gateway.program = STEWARD_DEBUG
    gateway.start()
    use_up(client)
    wait_for(lambda: gateway.process.poll() is not None, "the kill")
    assert gateway.process.returncode == -signal.SIGKILL
    assert len(shop.received()) == 1
    del gateway.environment["STEWARD_KILL_AT_DELIVERY"]
    gateway.program = STEWARD
    gateway.start()
    name = reaches(gateway, "sent")["order"]
    assert {key for key, _ in shop.received()} == {name} and shop.taken() == 1
    assert len(shop.received()) == (1 if shop.kind == "csv" else 2)
    if shop.kind == "mail":
        first, second = shop.messages()
        assert first["Message-ID"] == second["Message-ID"] == f"<{name}@site.example>"
        assert (first["X-Steward-Attempt"], second["X-Steward-Attempt"]) == ("1", "2")
        assert first.get_content() == second.get_content() and first["Date"] == second["Date"]


# Slow, failing, double.


@pytest.mark.parametrize("kind", [WebhookShop, CXMLShop], ids=lambda kind: kind.kind)
def test_slow_and_failing_over_http(make, broker, client, opened, kind):
    """It fails, it takes the order and then fails, it is slower than the gateway waits, and then it knows the order already."""
    shop = opened(kind)
    shop.server.statuses = [503, "taken-500"]
    shop.server.delay = 1.5
    gateway = make.gateway(broker, suppliers=[{**shop.settings, "timeoutSeconds": 1}])
    use_up(client)
    wait_for(lambda: len(shop.server.requests) >= 3, "three tries")
    shop.server.delay = 0
    name = reaches(gateway, "sent")["order"]
    assert shop.taken() == 1 and {key for key, _ in shop.received()} == {name}


def test_slow_mail_server_gets_one_message_id(make, broker, client, opened):
    shop = opened(MailShop)
    shop.server.answer_delay = 3
    shop.server.replies = ["421 busy", "452 no room"]
    gateway = make.gateway(broker, suppliers=[{**shop.settings, "timeoutSeconds": 1}])
    use_up(client)
    wait_for(lambda: len(shop.server.mails) == 1 and gateway.metric("steward_delivery_failures_total") >= 3, "the answer that comes too late")
    shop.server.answer_delay = 0
    name = reaches(gateway, "sent")["order"]
    assert {key for key, _ in shop.received()} == {name} and len(shop.received()) >= 2
    attempts = [int(message["X-Steward-Attempt"]) for message in shop.messages()]
    assert attempts == sorted(set(attempts)) and attempts[0] == 3


def test_csv_folder_on_a_full_disk(make, broker, client, tmp_path, opened):
    shop = opened(FolderShop)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", shop.folder], capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount")
    try:
        ballast = shop.folder / "ballast"
        ballast.write_bytes(b"x" * 8192)
        gateway = make.gateway(broker, suppliers=[shop.settings])
        use_up(client)
        wait_for(lambda: gateway.metric("steward_delivery_failures_total") >= 2, "failed tries")
        assert [file.name for file in shop.folder.iterdir()] == ["ballast"], "no draft stays behind"
        assert order(gateway)["state"] == "planned"
        ballast.unlink()
        name = reaches(gateway, "sent")["order"]
        assert shop.received() == [(name, [name])]
        gateway.stop()
    finally:
        subprocess.run(["umount", "-l", shop.folder], check=True)


@pytest.mark.parametrize("kind", [WebhookShop, CXMLShop, FolderShop], ids=lambda kind: kind.kind)
def test_order_of_a_second_gateway_is_closed(make, broker, client, opened, kind):
    shop = opened(kind)
    first = make.gateway(broker, suppliers=[shop.settings], gateway={"id": "north"}, mqtt={"clientId": "north"})
    use_up(client)
    name = reaches(first, "sent")["order"]
    second = make.gateway(broker, suppliers=[shop.settings], gateway={"id": "south"}, mqtt={"clientId": "south"})
    use_up(client)
    assert reaches(second, "cancelled")["detail"].startswith("duplicate")
    assert shop.taken() == 1 and order(first)["order"] == name and order(first)["state"] == "sent"
    assert second.api("tickets")["tickets"] == []


def test_line_of_a_shipment_that_the_shop_has_from_another_gateway(make, broker, client, opened):
    """The gateways hold different company, so their shipments differ; the line is the same."""
    shop = opened(WebhookShop)
    gateway = make.gateway(broker, suppliers=[{**shop.settings, "consolidateHours": 720, "calendar": {"workingDays": [weekday(3)]}}])
    history(client)
    client.publish("devices/p1/telemetry", {"ts": now_ms(), "pageCount": 3400, "supplies": {"black": 20, "cyan": 24}})
    held = wait_for(lambda: (found := gateway.api("orders")["orders"]) and len(found) == 2 and found, "both orders")
    known, ours = held[0]["order"], held[1]["order"]
    shop.server.answer = {
        "orders": [
            {"order": known, "duplicate": True, "source": "/steward/south"}, {"order": ours, "duplicate": True, "source": "/steward/e2e"},
            {"order": "or-of-another", "duplicate": True, "source": "/steward/south"}]}
    client.publish("devices/p1/telemetry", {"ts": now_ms(), "supplies": {"magenta": 3}})
    wait_for(lambda: [item["order"] for item in gateway.api("orders?state=cancelled")["orders"]] == [known], "the line's end")
    assert ours in [item["order"] for item in gateway.api("orders?state=sent")["orders"]]
    gateway.settled(client)
    assert len(shop.received()) == 1 and gateway.api("tickets")["tickets"] == [], "the other's line is not called off"


# Out of order.


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (["shipped", "accepted", "shipped"], "shipped"),
        (["delivered", "shipped", "accepted"], "delivered"),
        (["delivered", "rejected"], "delivered"),
        (["accepted", "accepted", "rejected", "shipped"], "failed"),
    ],
    ids="-".join,
)
def test_words_out_of_order_and_twice(make, broker, client, shop, words, state):
    gateway = make.gateway(broker, suppliers=[shop.settings])
    use_up(client)
    name = reaches(gateway, "sent")["order"]
    taken = [shop.report(gateway, name, word) for word in words]
    # What was delivered cannot fail; all others are taken, or lie behind.
    assert taken == [word != "rejected" or "delivered" not in words for word in words]
    gateway.settled(client)
    found = order(gateway)
    assert found["state"] == state
    gateway.restart()
    assert order(gateway)["state"] == state and order(gateway).get("reference") == found.get("reference")
    assert len(shop.received()) == 1
    install(client)
    gateway.settled(client)
    # What was sent a moment ago is not in the printer yet: that was a spare.
    assert order(gateway)["state"] == ("installed" if state == "delivered" else state)
    assert order(gateway).get("spare", False) == (state == "shipped")


# Rubbish.


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>thank you</html>", b"{", b"\x00\xff\xfe", b"[" * 5000, b"null", b'{"state": 7}', b'{"state": "planned"}', b'{"state": "sent"}',
        b'{"state": "shipped", "state": {}}', b'{"orders": [{"order": "or-of-another", "state": "failed"}, 7, null]}',
        b'{"reference": "' + b"x" * 100_000 + b'"}', b'{"orders": ' + b"[" * 100 + b"]" * 100 + b"}",
    ],
    ids=range(12),
)
def test_rubbish_in_the_answer_moves_nothing(make, broker, client, opened, answer):
    shop = opened(WebhookShop)
    shop.server.answer = answer
    gateway = make.gateway(broker, suppliers=[shop.settings])
    use_up(client)
    reaches(gateway, "sent")
    gateway.settled(client)
    assert order(gateway)["state"] == "sent" and len(shop.received()) == 1


def test_an_answer_moves_no_order_but_its_own(make, broker, client, opened):
    shop = opened(WebhookShop)
    gateway = make.gateway(broker, suppliers=[shop.settings])
    use_up(client)
    mine = reaches(gateway, "sent")["order"]
    shop.server.answer = {"state": "accepted", "orders": [{"order": mine, "state": "failed", "detail": "not yours to say"}]}
    use_up(client, "p2")
    wait_for(lambda: gateway.api("orders?state=accepted")["orders"], "the second order")
    gateway.settled(client)
    assert {item["order"]: item["state"] for item in gateway.api("orders")["orders"]}[mine] == "sent"


@pytest.mark.parametrize("answer", [b"", b"OK", b"<a><b></a>", b"<cXML/>", b"<cXML><Response><Status code='x'/></Response></cXML>", b"\xff" * 1000])
def test_rubbish_for_a_cxml_response_is_tried_again(make, broker, client, opened, answer):
    shop = opened(CXMLShop)
    proper = shop.server.reply
    shop.server.reply = lambda request: (200, "text/xml", answer)
    gateway = make.gateway(broker, suppliers=[shop.settings])
    use_up(client)
    wait_for(lambda: gateway.metric("steward_delivery_failures_total") >= 1, "the failed try")
    assert order(gateway)["state"] == "planned"
    shop.server.reply = proper
    reaches(gateway, "sent")
    assert shop.taken() == 1


@pytest.mark.parametrize("code", [404, 410, 406])
def test_cxml_says_that_there_is_no_such_thing(make, broker, client, opened, code):
    """Where an order is called off that is fine; where one is placed it is not."""
    shop = opened(CXMLShop)
    shop.server.codes = [code]
    gateway = make.gateway(broker, suppliers=[shop.settings])
    use_up(client)
    assert str(code) in reaches(gateway, "failed")["detail"]


# Signed reports.


def test_signed_reports(make, broker, client, opened, tmp_path):
    shop = opened(WebhookShop)
    other = b"the key of quite another supplier"
    others = {"name": "other", "url": shop.server.url, "items": "none", "replySecretFile": secret_file(tmp_path, "other.whsec", webhook_secret(other))}
    token = secret_file(tmp_path, "token", "a token of the API")
    gateway = make.gateway(broker, suppliers=[shop.settings, others])
    use_up(client)
    name = reaches(gateway, "sent")["order"]
    body = json.dumps({"order": name, "state": "accepted", "reference": "PO-1"}).encode()
    good = signed_headers(KEY, body)
    now = int(time.time())
    for what, status in {
        "no signature": signed_report(gateway, "shop", body, {}),
        "another key": signed_report(gateway, "shop", body, signed_headers(other, body)),
        "the key of another supplier, and its name": signed_report(gateway, "other", body, good),
        "a name that nobody has": signed_report(gateway, "nobody", body, good),
        "another body": signed_report(gateway, "shop", body.replace(b"accepted", b"shipped"), good),
        "another id": signed_report(gateway, "shop", body, {**good, "webhook-id": "msg-2"}),
        "a new time on an old signature": signed_report(gateway, "shop", body, {**good, "webhook-timestamp": str(now + 1_000)}),
        "an old message": signed_report(gateway, "shop", body, signed_headers(KEY, body, timestamp=now - 400)),
        "one from the future": signed_report(gateway, "shop", body, signed_headers(KEY, body, timestamp=now + 400)),
        "a time that is none": signed_report(gateway, "shop", body, signed_headers(KEY, body, timestamp="soon")),
        "an empty signature": signed_report(gateway, "shop", body, {**good, "webhook-signature": "v1,"}),
    }.items():
        assert status == 401, what
    for rubbish in [b"", b"[]", b"{", b'{"order": 7}', b'{"order": "x"}', json.dumps({"order": name, "state": "sent"}).encode(), b'{"orders": []}']:
        assert signed_report(gateway, "shop", rubbish, signed_headers(KEY, rubbish)) == 400, rubbish
    stranger = json.dumps({"orders": [{"order": name, "state": "failed"}, {"order": "or-0000000000000000", "state": "failed"}]}).encode()
    assert signed_report(gateway, "shop", stranger, signed_headers(KEY, stranger)) == 404
    foreign = json.dumps({"order": name, "state": "failed"}).encode()
    assert signed_report(gateway, "other", foreign, signed_headers(other, foreign)) == 404
    gateway.settled(client)
    assert order(gateway)["state"] == "sent"

    assert signed_report(gateway, "shop", body, good) == 202
    reaches(gateway, "accepted")
    event = json.dumps({"specversion": "1.0", "id": "9", "source": "/shop", "type": "shop.shipped", "data": {"order": name, "state": "shipped", "reference": "PO-2"}}).encode()
    assert signed_report(gateway, "shop", event, signed_headers(KEY, event, "msg-9"), "application/cloudevents+json") == 202
    assert reaches(gateway, "shipped")["reference"] == "PO-2"
    # The message of before once more, byte for byte: genuine, and moves nothing.
    gateway.settled(client)
    before = len(gateway.api("journal?limit=1000")["journal"])
    assert signed_report(gateway, "shop", body, good) == 202
    gateway.settled(client)
    assert (order(gateway)["state"], order(gateway)["reference"]) == ("shipped", "PO-2")
    assert len(gateway.api("journal?limit=1000")["journal"]) == before

    # With a token the API is locked, and this entrance is not: it has a lock of its own.
    gateway.stop()
    gateway.config["http"]["tokenFile"] = token
    gateway.start()
    last = json.dumps({"order": name, "state": "delivered"}).encode()
    assert signed_report(gateway, "shop", last, signed_headers(other, last)) == 401
    assert signed_report(gateway, "shop", last, signed_headers(KEY, last)) == 202


def test_without_a_secret_there_is_no_entrance(gateway):
    assert signed_report(gateway, "shop", b"{}", signed_headers(KEY, b"{}")) == 404


# People.


def test_approval_of_what_was_replaced_meanwhile(make, broker, client, shop):
    gateway = make.gateway(broker, suppliers=[shop.settings], replenishment={"approval": {"always": True}})
    use_up(client)
    name = reaches(gateway, "awaiting-approval")["order"]
    install(client)
    assert "installed before it was sent" in reaches(gateway, "cancelled")["detail"]
    refused = gateway.cli("orders", "--approve", name, "--by", "Ann")
    assert refused.returncode == 1 and "cancelled" in refused.stderr
    gateway.settled(client)
    assert shop.received() == []
