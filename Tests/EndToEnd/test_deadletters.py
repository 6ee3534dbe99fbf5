"""`steward deadletters`: after a profile is mended, what could not be read is taken once more, as of its first arrival."""

import json

import profiles
import pytest
from conftest import now_ms, wait_for

OK, FAILED, USAGE, NOT_FOUND = range(4)
TEMP = {"temp": {"pointer": "/temp", "kind": "gauge"}}
ODD = {"profile": "odd", "messages": [{"topic": "odd/{device}/say"}], "metrics": TEMP,
       "alerts": [{"pointer": "/errors"}]}


@pytest.fixture
def directory(tmp_path):
    return profiles.write(tmp_path / "profiles", profiles.BENCH)


@pytest.fixture
def gateway(make, broker, directory):
    return make.gateway(broker, profiles=[str(directory)], mqtt={"subscriptions": ["odd/#", "bench/#", "devices/#"]})


def letters(gateway, count, topic=None):
    return wait_for(
        lambda: (found := gateway.dead_letters(topic)) is not None and len(found) == count and (found or True),
        f"{count} dead letters")


def replay(gateway, *ids):
    return gateway.cli("deadletters", "--replay", *map(str, ids), "--json")


def test_they_are_listed_with_reason_profile_topic_and_age(gateway, client):
    empty = gateway.cli("deadletters")
    assert (empty.returncode, empty.stdout) == (OK, "There is no dead letter: every message could be read.\n")
    client.publish("odd/o1/say", {"temp": 1})
    client.publish("bench/b1/telemetry", "no JSON")
    letters(gateway, 2)
    table = gateway.cli("deadletters").stdout
    for words in ("odd/o1/say", "no profile reads this topic", "bench/b1/telemetry", "bench", "not JSON", "AGE"):
        assert words in table, table
    answer = json.loads(gateway.cli("deadletters", "--limit", "1", "--json").stdout)
    assert [letter["topic"] for letter in answer["deadLetters"]] == ["bench/b1/telemetry"]
    assert gateway.cli("deadletters", "5").returncode == USAGE
    assert gateway.cli("deadletters", "--replay", "five").returncode == USAGE


def test_replay_after_the_profile_is_mended(gateway, client, directory):
    before = now_ms()
    for temp in (20, 21, 22):
        client.publish("odd/o1/say", {"temp": temp, "errors": ["jam"]})
        wait_for(lambda: len(gateway.dead_letters()) == temp - 19, "the dead letter")
    first = [letter["arrival"] for letter in reversed(gateway.dead_letters())]
    assert gateway.device("o1") is None

    profiles.write(directory, ODD)
    status, _, body = gateway.request("/api/v1/profiles/reload", {})
    assert (status, sorted(json.loads(body)["reloaded"])) == (200, ["bench", "odd"])
    after = now_ms()
    answer = replay(gateway)
    assert (answer.returncode, json.loads(answer.stdout)) == (OK, {"replayed": 3, "missing": [], "empty": []})
    wait_for(lambda: gateway.device("o1")["metrics"] == {"temp": 22}, "the replayed readings")
    samples = gateway.api("devices/o1/history/temp")["samples"]
    assert samples == [[time, temp] for time, temp in zip(first, (20, 21, 22))]
    assert all(before <= time <= after for time, _ in samples)
    assert gateway.dead_letters() == []
    assert gateway.device("o1")["alarms"] == ["jam"]
    assert gateway.metric("steward_dead_letters_replayed_total") == 3

    # The inbox holds the replay, so a restart comes to the same.
    gateway.settled(client)
    digest = gateway.api("digest")["digest"]
    gateway.restart(connected=False)
    assert gateway.api("devices/o1/history/temp")["samples"] == samples
    assert digest and gateway.device("o1")["metrics"] == {"temp": 22}


def test_only_the_named_ones_and_each_once(gateway, client, directory):
    for device in ("o1", "o2"):
        client.publish(f"odd/{device}/say", {"temp": 5})
    second, first = letters(gateway, 2)
    profiles.write(directory, ODD)
    assert gateway.post("profiles/reload", {}) == 200
    answer = json.loads(replay(gateway, first["id"]).stdout)
    assert answer == {"replayed": 1, "missing": [], "empty": []}
    wait_for(lambda: gateway.device("o1"), "the replayed device")
    assert gateway.device("o2") is None
    assert [letter["id"] for letter in gateway.dead_letters()] == [second["id"]]
    again = gateway.cli("deadletters", "--replay", str(first["id"]))
    assert again.returncode == NOT_FOUND and str(first["id"]) in again.stderr
    assert "0 messages" in again.stdout


def test_what_fails_again_is_a_dead_letter_of_its_first_time(gateway, client):
    client.publish("bench/b1/telemetry", "no JSON")
    [letter] = letters(gateway, 1)
    assert json.loads(replay(gateway).stdout)["replayed"] == 1
    [again] = wait_for(
        lambda: [found for found in gateway.dead_letters() if found["id"] != letter["id"]], "the letter's return")
    assert again["id"] > letter["id"]
    for member in ("arrival", "topic", "payload", "reason", "profile"):
        assert again[member] == letter[member]


def test_a_message_without_payload_stays(gateway, client):
    client.publish("bench/b1/telemetry", b"x" * (20 << 20))
    [letter] = letters(gateway, 1)
    answer = gateway.cli("deadletters", "--replay")
    assert answer.returncode == OK and "no payload" in answer.stdout
    assert gateway.dead_letters() == [letter]


def test_history_has_no_sample_twice(gateway, client):
    """A message that was taken in part is replayed whole."""
    client.publish("bench/b1/telemetry", {"ts": now_ms() - 1000, "temp": 7, "status": {"x": 1}})
    letters(gateway, 1)
    client.publish("bench/b1/telemetry", {"ts": now_ms(), "temp": 8})
    wait_for(lambda: gateway.device("b1")["metrics"]["temp"] == 8, "the next reading")
    assert json.loads(replay(gateway).stdout)["replayed"] == 1
    gateway.settled(client)
    assert [value for _, value in gateway.api("devices/b1/history/temp")["samples"]] == [7, 8]


@pytest.mark.parametrize(
    "body", [{}, {"ids": []}, {"ids": ["1"]}, {"ids": [1.5]}, {"ids": 1}, {"ids": [1], "all": True}, {"all": False}, {"id": [1]}, b"x"])
def test_a_body_that_says_nothing_is_refused(gateway, body):
    status, kind, answer = gateway.request("/api/v1/deadletters/replay", body)
    assert (status, kind) == (400, "application/problem+json"), answer
