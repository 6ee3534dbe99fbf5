"""SIGHUP takes changed profiles over while the gateway runs, or refuses them and keeps the old ones."""

import json
import re
import signal

import profiles
import pytest
from conftest import now_ms, wait_for

HOT = {"severity": "critical", "text": "Too hot", "raise": {"metric": "temp", "above": 80}, "clear": {"metric": "temp", "below": 70}}


@pytest.fixture
def directory(tmp_path):
    return profiles.write(tmp_path / "profiles", profiles.BENCH)


@pytest.fixture
def gateway(make, broker, directory):
    return make.gateway(broker, profiles=[str(directory)])


def publish(gateway, client, **members):
    before = gateway.metric("steward_messages_processed_total")
    client.publish("bench/b1/telemetry", {"ts": now_ms(), **members})
    wait_for(lambda: gateway.metric("steward_messages_processed_total") > before, "the message")


def reload(gateway):
    gateway.process.send_signal(signal.SIGHUP)


def test_new_fault_works_and_the_state_is_kept(gateway, client, directory):
    publish(gateway, client, status="error", errors=["jam"], temp=60)
    publish(gateway, client, temp=90)
    assert gateway.device("b1")["alarms"] == ["jam"]
    before = gateway.device("b1")
    history = gateway.api("devices/b1/history/temp")["samples"]

    profiles.write(directory, profiles.bench(faults={"hot": HOT}))
    reload(gateway)
    wait_for(lambda: "profiles are reloaded" in gateway.log(), "the reload")
    after = gateway.device("b1")
    for kept in ("status", "metrics", "alarms", "incidents", "messages"):
        assert after[kept] == before[kept]
    assert gateway.api("devices/b1/history/temp")["samples"] == history

    publish(gateway, client, temp=91)
    wait_for(lambda: "hot" in gateway.device("b1")["alarms"], "the new fault")
    publish(gateway, client, temp=65)
    wait_for(lambda: "hot" not in gateway.device("b1")["alarms"], "its end")
    publish(gateway, client, status="printing", errors=[])
    wait_for(lambda: gateway.device("b1")["incidents"][0].get("restored"), "the restoration")

    assert gateway.metric("steward_profile_reloads_total") == 1
    state = gateway.device("b1")
    gateway.restart()
    assert gateway.device("b1") == state


def test_new_topic_is_subscribed_to(gateway, client, directory):
    profiles.write(directory, {"profile": "more", "messages": [{"topic": "more/{device}"}],
                               "metrics": {"x": {"pointer": "/x", "kind": "gauge"}}})
    reload(gateway)
    wait_for(lambda: gateway.log().count("subscribed filters") == 2, "the new subscription")
    client.publish("more/m1", {"x": 3})
    wait_for(lambda: gateway.device("m1")["metrics"] == {"x": 3}, "a device of the new profile")
    publish(gateway, client, temp=1)


def test_broken_profile_is_refused_with_its_place(gateway, client, directory):
    publish(gateway, client, temp=60)
    file = directory / "bench.json"
    file.write_text(json.dumps(profiles.BENCH, indent=2).replace('"gauge"', '"guage"'))
    reload(gateway)
    wait_for(lambda: "the old ones stay" in gateway.log(), "the refusal")
    assert re.search(re.escape(str(file)) + r":\d+:\d+: .*guage", gateway.log()), gateway.log()
    publish(gateway, client, errors=["jam"], temp=61)
    assert gateway.device("b1")["alarms"] == ["jam"]

    profiles.write(directory, profiles.BENCH)
    reload(gateway)
    wait_for(lambda: "profiles are reloaded" in gateway.log(), "the reload")


def test_reload_by_the_api(gateway):
    status, _, body = gateway.request("/api/v1/profiles/reload", {})
    assert (status, json.loads(body)) == (200, {"reloaded": ["bench"]})
    assert gateway.metric("steward_profile_reloads_total") == 1


def test_what_is_in_effect_can_be_asked(gateway, client, directory):
    assert gateway.api("profiles/reload") == {"state": "idle", "inEffect": ["bench"]}
    profiles.write(directory, {"profile": "more", "messages": [{"topic": "more/{device}"}],
                               "metrics": {"x": {"pointer": "/x", "kind": "gauge"}}})
    reload(gateway)
    wait_for(lambda: gateway.api("profiles/reload") == {"state": "idle", "inEffect": ["bench", "more"], "last": "reloaded"}, "the reload")
    (directory / "more.json").write_text("{")
    reload(gateway)
    wait_for(lambda: gateway.api("profiles/reload").get("last") == "refused", "the refusal")
    assert gateway.api("profiles/reload")["inEffect"] == ["bench", "more"]
    assert 'inEffect="bench more"' in gateway.log()


def test_reload_by_the_api_tells_every_mistake(gateway, client, directory):
    publish(gateway, client, temp=60)
    file = directory / "bench.json"
    file.write_text(json.dumps(profiles.BENCH, indent=2).replace('"gauge"', '"guage"').replace('"json"', '"jsn"'))
    status, kind, body = gateway.request("/api/v1/profiles/reload", {})
    answer = json.loads(body)
    assert (status, kind, answer["status"]) == (422, "application/problem+json", 422)
    assert [problem["file"] for problem in answer["problems"]] == [str(file)] * 2
    assert "jsn" in answer["problems"][0]["message"] and "did you mean" in answer["problems"][1]["message"]
    assert all(problem["line"] > 1 for problem in answer["problems"])
    assert gateway.metric("steward_profile_reload_failures_total") == 1
    publish(gateway, client, errors=["jam"], temp=61)
    assert gateway.device("b1")["alarms"] == ["jam"]
