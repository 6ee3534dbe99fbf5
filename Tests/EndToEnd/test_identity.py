"""A delivery whose key is somebody else's is not sent, and does not look sent."""

import hashlib
import sqlite3

from conftest import wait_for
from test_orders import use_up


def stable_id(*parts):
    """As `StableID.make` says it."""
    fields = b"".join(len(part.encode()).to_bytes(8, "little") + part.encode() for part in parts)
    return hashlib.sha256(fields).hexdigest()[:32]


def test_key_of_another_delivery_is_never_taken_for_ones_own(make, broker, client):
    receiver = make.receiver()
    gateway = make.gateway(broker, orders={"url": receiver.url + "/orders"})
    assert gateway.stop() == 0
    key = "or-" + stable_id("p1", "black", "1")
    with sqlite3.connect(gateway.store) as store:
        store.execute(
            "INSERT INTO outbox(key, channel, device, payload, created_ms, not_before_ms, state, finished_ms) VALUES(?, ?, ?, ?, 0, 0, 1, 0)",
            (key, "order", "another", b""))
    store.close()
    gateway.start()
    use_up(client, "p1")
    wait_for(lambda: gateway.api("orders")["orders"][0]["state"] == "failed", "the refusal")
    [order] = gateway.api("orders")["orders"]
    assert order["order"] == key and "another delivery has its key" in order["detail"]
    assert [ticket["alarm"] for ticket in gateway.api("tickets")["tickets"]] == [key]
    assert gateway.metric("steward_outbox_key_conflicts_total") == 1
    # The other one's entry is what it was, and nothing was sent.
    with sqlite3.connect(gateway.store) as store:
        assert store.execute("SELECT device, state FROM outbox WHERE key = ?", (key,)).fetchall() == [("another", 1)]
    store.close()
    assert receiver.requests == []


def test_order_that_was_delivered_before_is_sent_and_not_sent_again(make, broker, client):
    receiver = make.receiver()
    gateway = make.gateway(broker, orders={"url": receiver.url + "/orders"})
    assert gateway.stop() == 0
    with sqlite3.connect(gateway.store) as store:
        store.execute(
            "INSERT INTO outbox(key, channel, device, payload, created_ms, not_before_ms, state, finished_ms) VALUES(?, ?, ?, ?, 0, 0, 1, 0)",
            ("or-" + stable_id("p1", "black", "1"), "order", "p1", b""))
    store.close()
    gateway.start()
    use_up(client, "p1")
    wait_for(lambda: gateway.api("orders")["orders"][0]["state"] == "sent", "the end of it")
    assert receiver.requests == []
