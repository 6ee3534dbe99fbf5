"""The life of an order through the whole gateway: approval, stock, calling off, two gateways, kill -9, answers by webhook, API and MQTT."""

import json
import os
import signal
import sqlite3

import pytest
from conftest import now_ms, wait_for
from suppliers import WebhookSupplier


@pytest.fixture
def supplier(make):
    supplier = WebhookSupplier()
    yield supplier
    supplier.close()


def shop(supplier, **more):
    return {"suppliers": [{"name": "shop", "url": supplier.url, **more}]}


def use_up(client, device="p1", level=4, supply="black"):
    now = now_ms()
    client.publish(f"devices/{device}/telemetry", {"ts": now - 60_000, "supplies": {supply: 43}})
    # A far drop has to stay before it is believed.
    for age in (40_000, 30_000, 20_000):
        client.publish(f"devices/{device}/telemetry", {"ts": now - age, "supplies": {supply: level}})


def install(client, device="p1", supply="black"):
    now = now_ms()
    for step in range(3):
        client.publish(f"devices/{device}/telemetry", {"ts": now + step, "supplies": {supply: 100}})


def order(gateway):
    [order] = gateway.api("orders")["orders"]
    return order


def reaches(gateway, state):
    return wait_for(lambda: order(gateway)["state"] == state and order(gateway), f"the order's state {state}")


def metric_of(gateway, name):
    text = gateway.request("/metrics")[2].decode()
    return int(next(line for line in text.splitlines() if line.startswith(name + " ")).split()[1])


# Approval.


def test_expensive_order_waits_for_a_second_person(make, broker, client, supplier):
    gateway = make.gateway(
        broker, **shop(supplier), replenishment={"prices": {"supply-*": 79.9}, "currency": "EUR", "approval": {"aboveAmount": 50}})
    use_up(client)
    waiting = reaches(gateway, "awaiting-approval")
    assert (waiting["amount"], waiting["currency"], waiting["supplier"]) == (79.9, "EUR", "shop")
    assert "above 50.00 EUR" in waiting["approvalReason"] and waiting["deadline"] > now_ms()
    assert metric_of(gateway, 'steward_orders_by_state{state="awaiting-approval"}') == 1
    name = waiting["order"]
    assert gateway.post(f"orders/{name}/approval", {}) == 400
    assert gateway.post(f"orders/{name}/approval", {"by": "steward"}) == 409
    assert gateway.post("orders/or-none/approval", {"by": "Ann"}) == 404
    assert supplier.requests == []
    refused = gateway.cli("orders", "--approve", name)
    assert refused.returncode == 2 and "--by" in refused.stderr
    assert gateway.cli("orders", "--approve", name, "--by", "Ann").returncode == 0
    assert reaches(gateway, "sent")["approvedBy"] == "Ann"
    again = gateway.cli("orders", "--approve", name, "--by", "Ben")
    assert again.returncode == 1 and "sent" in again.stderr
    gateway.settled(client)
    assert len(supplier.requests) == 1


def test_rejected_order_is_never_sent(make, broker, client, supplier):
    gateway = make.gateway(broker, **shop(supplier), replenishment={"approval": {"always": True}})
    use_up(client)
    name = reaches(gateway, "awaiting-approval")["order"]
    result = gateway.cli("orders", "--reject", name, "--by", "Ann", "--reason", "enough in the cellar")
    assert result.returncode == 0, result.stderr
    assert "enough in the cellar" in reaches(gateway, "cancelled")["detail"]
    use_up(client, level=3)
    gateway.settled(client)
    assert supplier.requests == [] and len(gateway.api("orders")["orders"]) == 1


def test_who_asks_by_hand_cannot_approve(make, broker, client, supplier):
    gateway = make.gateway(broker, **shop(supplier), replenishment={"approval": {"always": True}})
    client.publish("devices/p1/telemetry", {"ts": now_ms(), "supplies": {"black": 80}})
    gateway.settled(client)
    assert gateway.cli("orders", "--place", "p1", "--supply", "pink", "--by", "Ann").returncode == 1
    assert gateway.cli("orders", "--place", "p1", "--supply", "black", "--by", "Ann").returncode == 0
    name = reaches(gateway, "awaiting-approval")["order"]
    refused = gateway.cli("orders", "--approve", name, "--by", "ann")
    assert refused.returncode == 1 and "second person" in refused.stderr
    assert gateway.cli("orders", "--approve", name, "--by", "Ben").returncode == 0
    reaches(gateway, "sent")
    listed = json.loads(gateway.cli("orders", "--json", "--state", "sent").stdout)["orders"]
    assert [item["requestedBy"] for item in listed] == ["Ann"]
    assert json.loads(gateway.cli("orders", "--json", "--state", "failed").stdout)["orders"] == []
    assert "shop" in gateway.request("/")[2].decode()


# Suppliers' answers.


def test_answer_to_the_webhook_moves_the_order(make, broker, client, supplier):
    supplier.answer = {"state": "accepted", "reference": "PO-7", "detail": "on its way soon"}
    gateway = make.gateway(broker, **shop(supplier))
    use_up(client)
    accepted = reaches(gateway, "accepted")
    assert (accepted["reference"], accepted["detail"]) == ("PO-7", "on its way soon")


def test_answers_by_mqtt_twice_and_out_of_order(make, broker, client, supplier):
    gateway = make.gateway(broker, **shop(supplier), replenishment={"statusTopic": "orders/{order}/status"})
    use_up(client)
    topic = f"orders/{reaches(gateway, 'sent')['order']}/status"
    for state in ("shipped", "accepted", "shipped", "accepted"):
        client.publish(topic, {"state": state, "reference": f"R-{state}"})
    gateway.settled(client)
    assert (order(gateway)["state"], order(gateway)["reference"]) == ("shipped", "R-shipped")
    client.publish(topic, {"state": "sent"})
    client.publish("orders/or-unknown/status", {"state": "shipped"})
    gateway.settled(client)
    reasons = [letter["reason"] for letter in gateway.dead_letters()]
    assert any("state" in reason for reason in reasons) and any("no order" in reason for reason in reasons)
    client.publish(topic, {"state": "delivered"})
    install(client)
    reaches(gateway, "installed")


def test_slow_and_failing_supplier_gets_one_order(make, broker, client, supplier):
    """It fails, it takes the order and then fails, and it is slower than the gateway waits."""
    supplier.statuses = [503, "taken-500"]
    supplier.delay = 1.5
    gateway = make.gateway(broker, **shop(supplier, timeoutSeconds=1))
    use_up(client)
    wait_for(lambda: len(supplier.requests) >= 3, "three tries")
    supplier.delay = 0
    reaches(gateway, "sent")
    assert len(supplier.orders) == 1, "an answer \"duplicate\" to our own try is a success"
    assert len({json.loads(request["body"])["id"] for request in supplier.requests}) == 1


@pytest.mark.parametrize("moment", ["while it is sent", "after it was taken"])
def test_kill_in_the_middle_keeps_exactly_one_order(make, broker, client, supplier, moment):
    supplier.delay = 3
    gateway = make.gateway(broker, **shop(supplier))
    use_up(client)
    wait_for(lambda: supplier.requests, "the first try")
    gateway.stop(signal.SIGKILL)
    supplier.delay = 0
    if moment == "while it is sent":
        # The answer is lost, and the supplier tells nobody's name: whose order is it? Ours, as a try was noted before it went.
        for known in supplier.orders:
            supplier.orders[known] = None
        original = supplier.reply
        supplier.reply = lambda request: (409, "text/plain", b"") if supplier.orders else original(request)
    gateway.start()
    reaches(gateway, "sent")
    assert len(supplier.orders) == 1
    gateway.stop(signal.SIGKILL)
    gateway.start()
    assert order(gateway)["state"] == "sent"
    use_up(client, level=3)
    gateway.settled(client)
    assert len(supplier.orders) == 1 and len(gateway.api("orders")["orders"]) == 1


def test_two_gateways_that_see_the_same_device_order_once(make, broker, client, supplier):
    first = make.gateway(broker, **shop(supplier), gateway={"id": "north"}, mqtt={"clientId": "north"})
    second = make.gateway(broker, start=False, **shop(supplier), gateway={"id": "south"}, mqtt={"clientId": "south"})
    second.start()
    use_up(client)
    wait_for(lambda: len(supplier.requests) == 2, "both orders")
    states = wait_for(
        lambda: (s := sorted([order(first)["state"], order(second)["state"]])) == ["cancelled", "sent"] and s, "one of the two is closed")
    assert states == ["cancelled", "sent"]
    assert len(supplier.orders) == 1 and supplier.cancelled == []
    closed = first if order(first)["state"] == "cancelled" else second
    assert order(closed)["detail"].startswith("duplicate: the supplier has this order from /steward/")
    assert closed.api("tickets")["tickets"] == []
    use_up(client, level=3)
    closed.settled(client)
    assert len(supplier.requests) == 2


# Calling off.


def test_cancellation_is_passed_to_the_supplier(make, broker, client, supplier):
    gateway = make.gateway(broker, **shop(supplier))
    use_up(client)
    name = reaches(gateway, "sent")["order"]
    assert gateway.cli("orders", "--cancel", name, "--by", "Ann", "--reason", "the printer goes").returncode == 0
    wait_for(lambda: supplier.cancelled == [name], "the cancellation")
    event = json.loads(supplier.requests[-1]["body"])
    assert event["type"] == "steward.order.cancelled" and event["data"]["reason"] == "cancelled by Ann: the printer goes"
    assert gateway.cli("orders", "--cancel", name, "--by", "Ann").returncode == 1
    # The parcel crossed the cancellation: a person has to know.
    assert gateway.post(f"orders/{name}/updates", {"state": "shipped"}) == 202
    wait_for(lambda: gateway.api("tickets")["tickets"], "the ticket")
    assert order(gateway)["state"] == "cancelled"


def test_order_that_is_called_off_before_the_supplier_heard_of_it_never_goes(make, broker, client, supplier):
    supplier.statuses = [500] * 1000
    gateway = make.gateway(broker, **shop(supplier))
    use_up(client)
    wait_for(lambda: len(supplier.requests) >= 2, "tries")
    assert gateway.cli("orders", "--cancel", order(gateway)["order"], "--by", "Ann").returncode == 0
    reaches(gateway, "cancelled")
    supplier.statuses = []
    wait_for(lambda: supplier.cancelled, "the cancellation")
    wait_for(lambda: metric_of(gateway, "steward_outbox_open") == 0, "the empty outbox")
    assert set(supplier.orders) <= set(supplier.cancelled)
    assert gateway.api("tickets")["tickets"] == [], "who never heard of it has nothing to call off"


def test_permanent_refusal_fails_the_order_and_opens_a_ticket(make, broker, client, supplier):
    supplier.statuses = [422]
    gateway = make.gateway(broker, **shop(supplier))
    use_up(client)
    assert "422" in reaches(gateway, "failed")["detail"]
    [ticket] = gateway.api("tickets")["tickets"]
    assert "failed" in ticket["text"]


def by_attempt(gateway):
    return {item.get("attempt", 1): item for item in gateway.api("orders")["orders"]}


def ask_again(gateway, person):
    return gateway.cli("orders", "--place", "p1", "--supply", "black", "--by", person)


def test_order_that_failed_or_was_called_off_is_made_again_by_hand(make, broker, client, supplier):
    supplier.statuses = [422]
    gateway = make.gateway(broker, **shop(supplier))
    use_up(client)
    first = reaches(gateway, "failed")
    use_up(client, level=3)
    gateway.settled(client)
    assert len(supplier.requests) == 1 and len(gateway.api("orders")["orders"]) == 1, "not by itself"
    assert ask_again(gateway, "Ann").returncode == 0
    second = wait_for(lambda: by_attempt(gateway).get(2, {}).get("state") == "sent" and by_attempt(gateway)[2], "the second attempt")
    assert second["order"] != first["order"] and second["requestedBy"] == "Ann"
    assert by_attempt(gateway)[1]["state"] == "failed", "the first one stays in the list"
    refused = ask_again(gateway, "Ben")
    assert refused.returncode == 1 and second["order"] in refused.stderr, "one that is open is enough"
    gateway.stop(signal.SIGKILL)
    gateway.start()
    assert ask_again(gateway, "Ben").returncode == 1, "and it is known after a restart"
    assert gateway.cli("orders", "--cancel", second["order"], "--by", "Ben").returncode == 0
    wait_for(lambda: supplier.cancelled == [second["order"]], "the cancellation")
    assert ask_again(gateway, "Ann").returncode == 0
    third = wait_for(lambda: by_attempt(gateway).get(3, {}).get("state") == "sent" and by_attempt(gateway)[3], "the third attempt")
    placed = [json.loads(request["body"])["data"] for request in supplier.requests if b"order.requested" in request["body"]]
    assert [data["order"] for data in placed] == [first["order"], second["order"], third["order"]]
    assert [data.get("attempt") for data in placed] == [None, 2, 3]
    assert "attempt 3" in gateway.cli("orders", env={**os.environ, "COLUMNS": "400"}).stdout
    decided = gateway.api("journal?kind=order")["journal"]
    assert [entry.get("requestedBy") for entry in reversed(decided)] == [None, "Ann", "Ann"]


# Stock, visits, dry run.


def test_stock_covers_the_need_and_is_drawn_down(make, broker, client, supplier):
    gateway = make.gateway(broker, **shop(supplier))
    assert "No stock" in gateway.cli("stock", "list").stdout
    assert gateway.cli("stock", "set", "supply-black", "1", "--by", "Ann").returncode == 0
    assert gateway.cli("stock", "set", "supply-black", "x", "--by", "Ann").returncode == 2
    assert gateway.post("stock", {"item": "supply-black", "units": 1, "add": 2, "by": "Ann"}) == 400
    use_up(client)
    item = wait_for(lambda: (s := gateway.api("stock")["stock"]) and s[0]["reserved"] == 1 and s[0], "the reservation")
    assert item == {"item": "supply-black", "units": 1, "reserved": 1, "available": 0, "onOrder": 0}
    assert gateway.api("orders")["orders"] == [] and supplier.requests == []
    gateway.restart()
    install(client)
    wait_for(lambda: gateway.api("stock")["stock"][0]["units"] == 0, "the drawn-down stock")
    assert gateway.cli("stock", "add", "--by", "Ann", "supply-black", "2").returncode == 0
    assert gateway.post("stock", {"item": "supply-black", "add": -1, "by": "Ann"}) == 202
    assert json.loads(gateway.cli("stock", "list", "--json").stdout)["stock"][0]["units"] == 1


def test_delivered_and_ended_is_a_visit_and_no_order(make, broker, client, supplier):
    gateway = make.gateway(broker, **shop(supplier))
    use_up(client)
    name = reaches(gateway, "sent")["order"]
    assert gateway.post(f"orders/{name}/updates", {"state": "delivered"}) == 202
    reaches(gateway, "delivered")
    now = now_ms()
    for step in range(4):
        client.publish("devices/p1/telemetry", {"ts": now + step, "supplies": {"black": 0}})
    [ticket] = wait_for(lambda: gateway.api("tickets")["tickets"], "the visit")
    assert ticket["text"] == "Install supply-black (black)" and ticket["state"] == "open"
    assert len(supplier.requests) == 1


@pytest.mark.parametrize("place", ["supplier", "everywhere"])
def test_dry_run_decides_and_sends_nothing(make, broker, client, supplier, place):
    more = {"dryRun": True} if place == "supplier" else {}
    rules = {"dryRun": True} if place == "everywhere" else {}
    gateway = make.gateway(broker, **shop(supplier, **more), replenishment=rules)
    use_up(client)
    planned = wait_for(lambda: order(gateway), "the order")
    assert planned["dryRun"] is True and "dry run" in planned["detail"]
    gateway.settled(client)
    assert supplier.requests == [] and metric_of(gateway, "steward_outbox_open") == 0
    assert "dry run" in gateway.request("/")[2].decode()


def test_supplier_is_chosen_by_item_and_site(make, broker, client, supplier):
    other = WebhookSupplier()
    try:
        gateway = make.gateway(
            broker,
            suppliers=[
                {"name": "toner", "url": supplier.url, "items": ["supply-black"], "sites": ["south"]},
                {"name": "rest", "url": other.url},
            ],
            replenishment={"sites": {"south": ["s-*"]}})
        for device in ("s-1", "n-1"):
            use_up(client, device)
        use_up(client, "s-1", supply="cyan")
        wait_for(lambda: len(supplier.requests) == 1 and len(other.requests) == 2, "all three orders")
        [event] = [json.loads(request["body"]) for request in supplier.requests]
        assert (event["subject"], event["data"]["site"]) == ("s-1", "south")
    finally:
        other.close()


def test_overdue_order_raises_an_alarm(make, broker, client, supplier):
    gateway = make.gateway(broker, **shop(supplier), replenishment={"deadlineHours": {"sent": 0.0003}})
    use_up(client)
    name = reaches(gateway, "sent")["order"]
    [alarm] = wait_for(lambda: gateway.api("alarms")["alarms"], "the alarm")
    assert alarm["condition"] == "order-overdue/black" and order(gateway)["overdue"] is True
    assert metric_of(gateway, "steward_orders_overdue") == 1
    assert "overdue" in gateway.cli("orders", env={**os.environ, "COLUMNS": "400"}).stdout
    assert gateway.post(f"orders/{name}/updates", {"state": "accepted"}) == 202
    wait_for(lambda: metric_of(gateway, "steward_orders_overdue") == 0, "the end of the alarm")


# What the store will not take.


def test_order_that_the_full_outbox_refuses_is_failed_and_told(make, broker, client, supplier):
    supplier.statuses = [500] * 1000
    gateway = make.gateway(broker, **shop(supplier), limits={"outbox": 1})
    use_up(client, "p1")
    wait_for(lambda: supplier.requests, "the first order's try")
    use_up(client, "p2")
    failed = wait_for(lambda: gateway.api("orders?state=failed")["orders"], "the refused order")
    assert [item["device"] for item in failed] == ["p2"] and "limits.outbox" in failed[0]["detail"]


def test_effect_that_the_store_refuses_for_ever_holds_up_nothing(make, broker, client, supplier):
    gateway = make.gateway(broker, **shop(supplier))
    with sqlite3.connect(gateway.store, timeout=30) as database:
        # A constraint is a fault of the row, not of the disk: trying again gives the same answer.
        database.execute("CREATE TRIGGER refuse BEFORE INSERT ON outbox WHEN new.device = 'p1' BEGIN SELECT RAISE(ABORT, 'never'); END")
    database.close()
    use_up(client, "p1")
    use_up(client, "p2")
    wait_for(lambda: gateway.api("orders?state=sent")["orders"], "the other order")
    [failed] = wait_for(lambda: gateway.api("orders?state=failed")["orders"], "the refused order")
    assert failed["device"] == "p1" and "refuses" in failed["detail"]
    assert gateway.api("tickets")["tickets"][0]["device"] == "p1"
    assert gateway.request("/readyz")[0] == 200


# Devices that follow one another.


def test_a_device_that_is_called_otherwise_takes_its_order_along(make, broker, client, supplier):
    gateway = make.gateway(broker, **shop(supplier))
    use_up(client)
    name = reaches(gateway, "sent")["order"]
    client.publish("devices/p2/telemetry", {"supplies": {"black": 90}, "errors": ["jam"]})
    wait_for(lambda: gateway.device("p2"), "the other device")
    for words in (["--rename", "p1", "--by", "Ann", "--yes"], ["--rename", "p1", "--to", "p2", "--by", "Ann"], ["--to", "p2"]):
        assert gateway.cli("devices", *words).returncode == 2
    assert gateway.cli("devices", "--rename", "p1", "--to", "nobody", "--by", "Ann", "--yes").returncode == 1
    assert gateway.post("devices/p1/succession", {"by": "Ann", "successor": "p2", "kind": "moved"}) == 400
    assert gateway.cli("devices", "--replace", "p1", "--to", "p2", "--by", "Ann", "--yes").returncode == 0
    wait_for(lambda: gateway.device("p1") is None, "the removal")
    assert (order(gateway)["order"], order(gateway)["device"], order(gateway)["state"]) == (name, "p2", "sent")
    gateway.restart()
    assert gateway.device("p1") is None and order(gateway)["device"] == "p2"
    entry = next(entry for entry in gateway.api("journal?limit=50")["journal"] if entry["kind"] == "device.removed")
    assert (entry["successor"], entry["reason"]) == ("p2", "replaced")


def test_a_spare_is_put_in_before_the_parcel_comes(make, broker, client, supplier):
    gateway = make.gateway(broker, **shop(supplier))
    use_up(client)
    name = reaches(gateway, "sent")["order"]
    install(client)
    wait_for(lambda: order(gateway).get("spare"), "the spare")
    for state in ("accepted", "shipped", "delivered"):
        assert gateway.post(f"orders/{name}/updates", {"state": state}) == 202
    assert reaches(gateway, "delivered")["onShelf"] is True
    assert gateway.post(f"orders/{name}/updates", {"state": "failed"}) == 409
    [item] = gateway.api("stock")["stock"]
    assert (item["item"], item["units"]) == ("supply-black", 1)
