"""Messages that cannot be read become dead letters that say why, and everything else goes on."""

import json

import pytest
from conftest import now_ms, wait_for

TOPIC = "devices/d/telemetry"

# What cannot be read at all: the payload, and a word of the reason.
UNREADABLE = {
    "blank": (b"   ", ""),
    "truncated": (b'{"ts": 1, "fuserTemp": 18', ""),
    "no JSON": (b"fuserTemp=180", ""),
    "a single value": (b"42", "object"),
    "10,000 deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "deep"),
    "10,000 brackets without an end": (b"[" * 10_000, "JSON"),
    "invalid UTF-8": (b'{"status": "\xff\xfe\xc0"}', "UTF-8"),
    "lone surrogate": (b'{"status": "\\ud800"}', ""),
    "one and a half documents": (b'{"fuserTemp": 1}{"fuserTemp": ', ""),
    "a word that is no value": (b'{"fuserTemp": hot}', ""),
    "only NUL": (b"\0" * 64, ""),
    "NUL in a string": (b'{"status": "a\0b"}', ""),
    "1e999": (b'{"fuserTemp": 1e999}', ""),
    "a number that never ends": (b'{"fuserTemp": ' + b"9" * 5000 + b"}", ""),
    "beyond the limit": (json.dumps({"x": "y" * (20 << 20)}).encode(), "limits.payloadBytes"),
}

# No JSON, and plain all the same: what the device has then; None is unknown.
PLAIN = {
    "a byte order mark": (b'\xef\xbb\xbf{"fuserTemp": 1, "pageCount": 7}', {"fuserTemp": 1, "pageCount": 7}),
    "NUL": (b'{"fuserTemp": 1, "pageCount": 7}\0\0', {"fuserTemp": 1, "pageCount": 7}),
    "two documents": (b'{"fuserTemp": 1}\n{"fuserTemp": 2, "pageCount": 7}\n', {"fuserTemp": 2, "pageCount": 7}),
    "NaN": (b'{"fuserTemp": NaN, "pageCount": 7}', {"fuserTemp": None, "pageCount": 7}),
    "infinity": (b'{"fuserTemp": -Infinity, "pageCount": 7}', {"fuserTemp": None, "pageCount": 7}),
}

# What can be read in part: the members in doubt are left out, the others count.
PARTLY = {
    "a member twice": (b'{"fuserTemp": 1, "fuserTemp": 2, "pageCount": 7}', "fuserTemp"),
    "text where a number belongs": (b'{"fuserTemp": "hot", "pageCount": 7}', "fuserTemp"),
    "a truth value for a number": (b'{"fuserTemp": true, "pageCount": 7}', "fuserTemp"),
    "an object for a number": (b'{"fuserTemp": {"value": 180}, "pageCount": 7}', "fuserTemp"),
    "a list for a number": (b'{"fuserTemp": [180], "pageCount": 7}', "fuserTemp"),
    "a level of another unit": (b'{"supplies": {"black": 4300}, "pageCount": 7}', "black"),
    "a time that is text": (b'{"ts": "yesterday", "pageCount": 7}', "ts"),
    "an object for the status": (b'{"status": {"a": 1}, "pageCount": 7}', "status"),
    "an object for the list of errors": (b'{"errors": {"jam": 1}, "pageCount": 7}', "errors"),
}


def goes_on(gateway, client):
    gateway.settled(client)
    assert gateway.process.poll() is None
    assert gateway.request("/readyz")[0] == 200


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_message_is_a_dead_letter(gateway, client, name):
    payload, says = UNREADABLE[name]
    client.publish(TOPIC, payload)
    goes_on(gateway, client)
    [letter] = gateway.dead_letters(TOPIC)
    assert says in letter["reason"]
    assert letter["reason"]
    client.publish(TOPIC, {"ts": now_ms(), "fuserTemp": 181})
    wait_for(lambda: gateway.device("d")["metrics"] == {"fuserTemp": 181}, "the next reading")


@pytest.mark.parametrize("name", PLAIN)
def test_plain_meaning_is_taken(gateway, client, name):
    payload, metrics = PLAIN[name]
    client.publish(TOPIC, payload)
    goes_on(gateway, client)
    assert gateway.dead_letters(TOPIC) == []
    found = gateway.device("d")["metrics"]
    assert {key: found.get(key) for key in metrics} == metrics


def test_an_empty_message_makes_unknown_what_the_topic_told(gateway, client):
    client.publish(TOPIC, {"ts": now_ms(), "fuserTemp": 181})
    wait_for(lambda: gateway.device("d")["metrics"] == {"fuserTemp": 181}, "the reading")
    client.publish(TOPIC, b"")
    goes_on(gateway, client)
    assert gateway.dead_letters(TOPIC) == []
    assert gateway.device("d")["metrics"].get("fuserTemp") is None


@pytest.mark.parametrize("name", PARTLY)
def test_member_in_doubt_is_left_out_and_the_rest_counts(gateway, client, name):
    payload, member = PARTLY[name]
    client.publish(TOPIC, payload)
    goes_on(gateway, client)
    [letter] = gateway.dead_letters(TOPIC)
    assert member in letter["reason"]
    device = gateway.device("d")
    assert device["metrics"].get("pageCount") == 7
    assert device["metrics"].get("fuserTemp") is None
    assert device.get("status") is None
    assert device["alarms"] == []


def test_a_word_in_place_of_the_list_of_errors_is_one_error(gateway, client):
    client.publish(TOPIC, {"errors": "jam", "pageCount": 7})
    wait_for(lambda: gateway.device("d")["alarms"] == ["jam"], "the alarm")
    client.publish(TOPIC, {"errors": "none", "pageCount": 7})
    wait_for(lambda: gateway.device("d")["alarms"] == [], "the alarm's end")
    assert gateway.dead_letters(TOPIC) == []


NUMBERS = [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 1.7976931348623157e308, 5e-324, -0.0, 1e-400]


@pytest.mark.parametrize("number", NUMBERS)
def test_extreme_number_neither_traps_nor_stops_anything(gateway, client, number):
    """As a value, a level, a counter and a time. The device is known: a message that cannot be read at all would not make it so."""
    client.publish(TOPIC, {"other": 1})
    client.publish(TOPIC, {"fuserTemp": number})
    client.publish(TOPIC, {"pageCount": number, "supplies": {"black": number}})
    client.publish(TOPIC, {"ts": number, "bearingTemp": 40})
    goes_on(gateway, client)
    value = gateway.device("d")["metrics"].get("fuserTemp")
    letters = gateway.dead_letters(TOPIC)
    assert value == pytest.approx(float(number)) if value is not None else letters
    supply = gateway.device("d")["supplies"].get("black")
    assert supply is None or supply["levelPercent"] in (None, 0)
    if gateway.device("d")["metrics"].get("bearingTemp") is None:
        assert any(letter["payload"].startswith('{"ts"') for letter in letters)
    client.publish(TOPIC, {"fuserTemp": 20, "bearingTemp": 41})
    wait_for(lambda: gateway.device("d")["metrics"].get("bearingTemp") == 41, "the next reading")


def test_unbelievable_clocks_are_taken_at_arrival(gateway, client):
    before = now_ms()
    for time in (0, 1, 946_684_800_000, now_ms() // 1000, 4_294_967_295_000, -5):
        client.publish(TOPIC, {"ts": time, "fuserTemp": 20})
    client.publish(TOPIC, {"ts": None, "fuserTemp": 21})
    goes_on(gateway, client)
    assert before <= gateway.device("d")["lastEvent"] <= now_ms()
    assert gateway.device("d")["metrics"]["fuserTemp"] == 21
    assert gateway.metric("steward_clock_problems_total") == 6


def test_same_message_twice_is_one_state_and_no_second_alarm(gateway, client):
    message = {"ts": now_ms(), "status": "error", "errors": ["cover-open", "cover-open"], "pageCount": 5}
    for _ in range(5):
        client.publish(TOPIC, message)
    goes_on(gateway, client)
    assert gateway.device("d")["alarms"] == ["cover-open"]
    assert len(gateway.api("alarms?all=true")["alarms"]) == 1
    history = gateway.api("devices/d/history/pageCount")["samples"]
    assert history == [[message["ts"], 5]]


def test_message_with_ten_thousand_names_is_bounded(gateway, client):
    client.publish(TOPIC, {f"metric{number}": number for number in range(10_000)})
    client.publish(TOPIC, {"errors": [f"code{number}" for number in range(10_000)]})
    goes_on(gateway, client)
    device = gateway.device("d")
    assert len(device["metrics"]) < 1000
    assert 0 < len(device["alarms"]) <= 64
    client.publish("devices/other/telemetry", {"fuserTemp": 20})
    wait_for(lambda: gateway.device("other")["metrics"] == {"fuserTemp": 20}, "another device's reading")
