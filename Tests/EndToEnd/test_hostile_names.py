"""Names come from the network: they are bounded, shown escaped, and never become a path, a wildcard or markup."""

import urllib.parse

import pytest
from conftest import wait_for

SCRIPT = "<script>alert(1)<"


def test_markup_in_names_is_escaped_on_the_page(gateway, client):
    client.publish(f"devices/{SCRIPT}/telemetry", {"status": "<img src=x onerror=alert(2)>", "errors": ['"><script>alert(3)</script>']})
    client.publish(f"devices/{SCRIPT}/telemetry", {"supplies": {"<b>black</b>": 50}, "<i>temp</i>": 3})
    wait_for(lambda: gateway.device(urllib.parse.quote(SCRIPT, safe=""))["supplies"], "the device")
    status, kind, page = gateway.request("/")
    assert status == 200 and kind.startswith("text/html")
    text = page.decode()
    for markup in ("<script>alert", "<img src=x", '"><script', "<b>black"):
        assert markup not in text
    assert "&lt;script&gt;alert(1)&lt;" in text
    assert SCRIPT in [device["device"] for device in gateway.api("devices")["devices"]]


@pytest.mark.parametrize("name", ["..", ".", "x" * 129])
def test_name_that_is_no_name_is_a_dead_letter(gateway, client, name):
    client.publish(f"devices/{name}/telemetry", {"fuserTemp": 1})
    gateway.settled(client)
    [letter] = gateway.dead_letters(f"devices/{name}/telemetry")
    assert "name" in letter["reason"]
    assert [device["device"] for device in gateway.api("devices")["devices"]] == []


def test_empty_name_and_further_levels_are_no_device(gateway, client):
    client.publish("devices//telemetry", {"fuserTemp": 1})
    client.publish("devices/a/b/telemetry", {"fuserTemp": 1})
    client.publish("devices/../../etc/passwd/telemetry", {"fuserTemp": 1})
    gateway.settled(client)
    assert [device["device"] for device in gateway.api("devices")["devices"]] == []
    [letter] = gateway.dead_letters()
    assert "empty" in letter["reason"]


@pytest.mark.parametrize(
    "name", ["$SYS", "a b", "a%2Fb", "%2e%2e", "a?b&c=d", "'; DROP TABLE inbox; --", "=1-1", "ü–\u202e", "c:\\x", "{requestId}"])
def test_odd_name_is_a_device_like_any_other(gateway, client, name):
    client.publish(f"devices/{name}/telemetry", {"fuserTemp": 1})
    path = urllib.parse.quote(name, safe="")
    wait_for(lambda: gateway.device(path)["metrics"] == {"fuserTemp": 1}, "the device")
    assert gateway.device(path)["device"] == name
    assert gateway.api(f"devices/{path}/history/fuserTemp")["samples"][0][1] == 1
    shown = gateway.cli("device", name)
    assert shown.returncode == 0, shown.stderr
    assert "\u202e" not in shown.stdout


def test_command_goes_to_the_device_named_and_to_no_other(gateway, client):
    """A name that looks like a placeholder is not filled in again."""
    client.subscribe("devices/#")
    client.publish("devices/{requestId}/telemetry", {"errors": ["jam"]})
    wait_for(lambda: [topic for topic, _ in client.heard if "/commands/" in topic] == ["devices/{requestId}/commands/clear-jam"],
             "the command")


def test_sys_topics_are_no_devices(make, broker):
    gateway = make.gateway(broker, mqtt={"subscriptions": ["#", "$SYS/#"]}, start=False)
    gateway.start()
    client = make.client(broker)
    client.publish("devices/d/telemetry", {"fuserTemp": 1})
    client.publish("something/else", {"fuserTemp": 1})
    gateway.settled(client)
    devices = {device["device"] for device in gateway.api("devices")["devices"]}
    assert devices == {"d"}
    assert "no profile" in gateway.dead_letters("something/else")[0]["reason"]
