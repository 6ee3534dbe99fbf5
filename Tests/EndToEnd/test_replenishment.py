"""A low supply becomes one signed order, delivered once accepted, followed to the installed cartridge."""

import base64
import hashlib
import hmac
import json
import re
import secrets

import pytest
from conftest import now_ms, wait_for


@pytest.fixture
def shop(make, broker, tmp_path):
    """(gateway, receiver, key): the gateway orders at the receiver, and signs with the key."""
    key = secrets.token_bytes(32)
    secret = tmp_path / "orders.secret"
    secret.write_text("whsec_" + base64.b64encode(key).decode() + "\n")
    receiver = make.receiver()
    gateway = make.gateway(broker, orders={"url": receiver.url + "/orders", "secretFile": str(secret)})
    return gateway, receiver, key


def use_up(client, device, level=4):
    client.publish(f"devices/{device}/telemetry", {"ts": now_ms() - 60_000, "supplies": {"black": 43}})
    # A far drop has to stay before it is believed.
    for age in (40_000, 30_000, 20_000):
        client.publish(f"devices/{device}/telemetry", {"ts": now_ms() - age, "supplies": {"black": level}})


def genuine(request, key):
    """Standard Webhooks 1.0: HMAC-SHA256 over id.timestamp.body."""
    headers = request["headers"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request["body"]
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in headers["webhook-signature"].split()


def order(gateway):
    [order] = gateway.api("orders")["orders"]
    return order


def test_order_is_a_signed_cloud_event(shop, client):
    gateway, receiver, key = shop
    use_up(client, "p1")
    wait_for(lambda: receiver.accepted("/orders"), "the order")
    request = receiver.accepted("/orders")[0]
    assert genuine(request, key)
    assert not genuine(request, secrets.token_bytes(32))
    assert request["headers"]["content-type"].startswith("application/cloudevents+json")
    event = json.loads(request["body"])
    assert event["specversion"] == "1.0"
    assert event["type"] == "steward.order.requested"
    assert event["source"] == "/steward/e2e"
    assert event["subject"] == "p1"
    assert event["id"] == request["headers"]["webhook-id"] == event["data"]["order"]
    assert abs(int(request["headers"]["webhook-timestamp"]) * 1000 - now_ms()) < 300_000
    data = event["data"]
    assert (data["supply"], data["item"], data["generation"], data["levelPercent"]) == ("black", "supply-black", 1, 4)
    assert data["reason"]
    wait_for(lambda: order(gateway)["state"] == "sent", "the sent order")


def test_receiver_that_fails_twice_gets_one_order_under_one_id(shop, client):
    gateway, receiver, key = shop
    receiver.statuses = [500, 500]
    use_up(client, "p1")
    wait_for(lambda: order(gateway)["state"] == "sent", "the sent order")
    gateway.settled(client)
    assert [request["status"] for request in receiver.requests] == [500, 500, 202]
    assert len({request["headers"]["webhook-id"] for request in receiver.requests}) == 1
    assert all(genuine(request, key) for request in receiver.requests)
    assert gateway.metric("steward_delivery_failures_total") == 2


def test_order_is_followed_until_the_new_cartridge_is_seen(shop, client):
    gateway, receiver, _ = shop
    use_up(client, "p1")
    wait_for(lambda: order(gateway)["state"] == "sent", "the sent order")
    path = f"orders/{order(gateway)['order']}/updates"
    for state in ("accepted", "shipped", "delivered"):
        assert gateway.post(path, {"state": state, "reference": "A-17"}) == 202
        wait_for(lambda: order(gateway)["state"] == state, state)
    assert order(gateway)["reference"] == "A-17"

    # A report out of order moves nothing back.
    assert gateway.post(path, {"state": "shipped"}) == 202
    now = now_ms()
    client.publish("devices/p1/telemetry", {"ts": now, "supplies": {"black": 100}})
    gateway.settled(client)
    assert order(gateway)["state"] == "delivered", "one reading is no new cartridge"
    client.publish("devices/p1/telemetry", {"ts": now + 1, "supplies": {"black": 100}})
    client.publish("devices/p1/telemetry", {"ts": now + 2, "supplies": {"black": 99}})
    wait_for(lambda: order(gateway)["state"] == "installed", "the installed cartridge")
    supply = gateway.device("p1")["supplies"]["black"]
    assert (supply["generation"], supply["levelPercent"]) == (2, 99)
    assert len(receiver.requests) == 1


def test_wobbling_level_orders_once_and_unknown_orders_nothing(shop, client):
    gateway, receiver, _ = shop
    for value in (-1, -2, -3, None, "", "asleep"):
        client.publish("devices/unknown/telemetry", {"ts": now_ms(), "supplies": {"black": value}})
    use_up(client, "p1")
    for level in (5, 4, 3, 4, 0, 4, 3, -1, 2):
        client.publish("devices/p1/telemetry", {"ts": now_ms(), "supplies": {"black": level}})
    wait_for(lambda: receiver.accepted("/orders"), "the order")
    gateway.settled(client)
    assert [item["device"] for item in gateway.api("orders")["orders"]] == ["p1"]
    assert len(receiver.requests) == 1


def test_refused_order_is_failed_and_says_why(shop, client):
    gateway, receiver, _ = shop
    receiver.statuses = [422]
    use_up(client, "p1")
    wait_for(lambda: order(gateway)["state"] == "failed", "the failed order")
    assert "422" in order(gateway)["detail"]


def test_explain_says_why_a_supply_is_ordered_or_not(shop, client):
    gateway, _, _ = shop
    for pages in 10, 12:
        client.publish("devices/p2/telemetry", {"ts": now_ms(), "pageCount": pages, "supplies": {"black": 80, "cyan": -3}})
    use_up(client, "p1")
    wait_for(lambda: order(gateway)["state"] == "sent", "the sent order")
    gateway.settled(client)

    why = gateway.cli("explain", "p1", "black")
    assert (why.returncode, why.stderr) == (0, "")
    for words in ("4 % reported", "yield", "use by weekday", "lead time", "none: days are counted", "probability", order(gateway)["order"], "is sent"):
        assert words in why.stdout, words
    assert order(gateway)["reason"] in why.stdout

    fine = gateway.cli("explain", "p2", "--supply", "black")
    assert fine.returncode == 0 and "80 % reported" in fine.stdout and "12 pageCount" in fine.stdout and "Mon " in fine.stdout and "order " in fine.stdout and "none: " in fine.stdout
    unknown = gateway.cli("explain", "p2", "cyan")
    assert unknown.returncode == 0 and "not known" in unknown.stdout and "not enough evidence" in unknown.stdout

    answer = json.loads(gateway.cli("explain", "p1", "black", "--json").stdout)
    assert answer == gateway.api("devices/p1/supplies/black/explain")
    assert answer["order"] == order(gateway)["order"] and answer["level"]["reportedPercent"] == 4
    assert len(answer["use"]["weekdayWeights"]) == 7 and answer["decision"]["serviceLevel"] == 0.95


def test_explain_says_at_which_level_people_change_it(shop, client):
    """Five lives from 100 to 28 %, four percent a day."""
    gateway, _, _ = shop
    readings = [100 - 4 * day for _ in range(5) for day in range(19)]
    for day, level in enumerate(readings):
        for hour in 0, 8, 16:
            ts = now_ms() - ((len(readings) - day) * 24 - hour) * 3_600_000
            client.publish("devices/p3/telemetry", {"ts": ts, "pageCount": 1000 + 30 * day + hour, "supplies": {"black": level}})
    gateway.settled(client)
    why = gateway.cli("explain", "p3", "black")
    assert why.returncode == 0, why.stderr
    [line] = [line for line in why.stdout.splitlines() if line.startswith("changed early")]
    found = re.search(r"people here change it at about ([\d.]+) ± [\d.]+ %: 4 of the last 4 changes of this supply$", line)
    assert found and abs(float(found[1]) - 26) < 3, line
    habit = gateway.api("devices/p3/supplies/black/explain")["habit"]
    assert habit["isOwn"] and habit["changes"] == habit["earlyChanges"] == 4
    client.publish("devices/p4/telemetry", {"ts": now_ms(), "supplies": {"black": 80}})
    gateway.settled(client)
    assert "changed early" not in gateway.cli("explain", "p4", "black").stdout


def test_explain_names_what_is_near_to_an_unknown_supply(shop, client):
    gateway, _, _ = shop
    use_up(client, "p1")
    gateway.settled(client)
    for words in (("blakc",), ("--supply", "blakc")):
        wrong = gateway.cli("explain", "p1", *words)
        assert wrong.returncode == 3 and wrong.stdout == ""
        assert 'did you mean "black"?' in wrong.stderr
    # A condition is no supply, where one is asked for.
    assert gateway.cli("explain", "p1", "silent").returncode == 0
    assert gateway.cli("explain", "p1", "--supply", "silent").returncode == 3
    assert gateway.cli("explain", "p1", "--condition", "black").returncode == 3
    assert gateway.cli("explain", "nobody", "black").returncode == 3
    assert gateway.cli("explain", "p1", "black", "--supply", "black").returncode == 2
