"""The command line asks the running gateway, for people and as JSON, and tells scripts by its exit code how it went."""

import json
import subprocess

import pytest
from conftest import DEADLINE_SECONDS, STEWARD, now_ms, wait_for

OK, FAILED, USAGE, NOT_FOUND = range(4)


@pytest.fixture
def gateway(gateway, client):
    client.publish("devices/p1/telemetry", {"ts": now_ms() - 5, "status": "printing", "pageCount": 7, "supplies": {"black": 3}})
    client.publish("devices/p1/telemetry", {"ts": now_ms(), "status": "error", "errors": ["jam", "strange"]})
    wait_for(lambda: gateway.api("actions")["actions"] and gateway.api("orders")["orders"], "the decisions")
    return gateway


QUESTIONS = {
    "status": (["status"], "status", ["connected", "1 down"]),
    "devices": (["devices"], "devices", ["p1", "error"]),
    "device": (["device", "p1"], "devices/p1", ["p1", "jam", "black", "pageCount"]),
    "alarms": (["alarms"], "alarms", ["jam", "strange", "Paper jam"]),
    "orders": (["orders"], "orders", ["black", "planned"]),
    "actions": (["actions"], "actions", ["clear-jam"]),
    "tickets": (["tickets"], "tickets", ["p1", "strange"]),
    "history": (["history", "p1", "pageCount"], "devices/p1/history/pageCount", ["7"]),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_answers_for_people_and_as_json(gateway, name):
    words, path, shown = QUESTIONS[name]
    table = gateway.cli(*words)
    assert (table.returncode, table.stderr) == (OK, "")
    for text in shown:
        assert text in table.stdout, table.stdout
    assert "\x1b" not in table.stdout, "no colours in a pipe"
    answer = gateway.cli(*words, "--json")
    assert (answer.returncode, answer.stderr) == (OK, "")
    document, expected = json.loads(answer.stdout), gateway.api(path)
    changing = {"time", "uptimeSeconds", "store", "messages"}
    assert {key: value for key, value in document.items() if key not in changing} == {
        key: value for key, value in expected.items() if key not in changing}


def test_filters(gateway):
    assert "jam" in gateway.cli("alarms", "--device", "p1").stdout
    assert json.loads(gateway.cli("alarms", "--device", "other", "--json").stdout) == {"alarms": []}
    assert len(json.loads(gateway.cli("alarms", "--limit", "1", "--json").stdout)["alarms"]) == 1


@pytest.mark.parametrize(
    "words,code,says",
    [
        (["device", "none"], NOT_FOUND, "none"),
        (["history", "p1", "none"], NOT_FOUND, "none"),
        (["history", "none", "pageCount"], NOT_FOUND, "none"),
        (["device", ".."], NOT_FOUND, ".."),
        (["device"], USAGE, "DEVICE"),
        (["alarms", "--limit", "many"], USAGE, "many"),
        (["alarms", "--limti", "1"], USAGE, "--limit"),
        (["status", "extra"], USAGE, "extra"),
        (["history", "p1", "pageCount", "--from", "yesterdayish"], USAGE, "--from"),
        (["status", "--token-file", "/none/token"], FAILED, "/none/token"),
    ])
def test_exit_code_and_error(gateway, words, code, says):
    answer = gateway.cli(*words)
    assert (answer.returncode, answer.stdout) == (code, "")
    assert says.lower() in answer.stderr.lower()
    assert answer.stderr.startswith("steward ")


def test_without_a_gateway():
    answer = subprocess.run(
        [STEWARD, "status", "--url", "http://127.0.0.1:1"], capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    assert (answer.returncode, answer.stdout) == (FAILED, "")
    assert "is steward running" in answer.stderr


def test_token_is_asked_for_and_taken_from_a_file(make, tmp_path):
    token = tmp_path / "token"
    token.write_text("a-token-of-the-test\n")
    gateway = make.gateway(connected=False, http={"tokenFile": str(token)})
    refused = gateway.cli("status", token=False)
    assert refused.returncode == FAILED and "--token-file" in refused.stderr
    assert gateway.cli("status", "--token-file", str(token)).returncode == OK
    token.write_text("another-token-of-it\n")
    assert gateway.cli("status", "--token-file", str(token)).returncode == FAILED
    assert gateway.request("/healthz", headers={"Authorization": ""})[0] == 200
    assert gateway.request("/", headers={"Authorization": ""})[0] == gateway.request("/metrics", headers={"Authorization": ""})[0] == 401


def test_unknown_subcommand_and_help():
    def run(*words):
        return subprocess.run([STEWARD, *words], capture_output=True, text=True, timeout=DEADLINE_SECONDS)

    assert run("statsu").returncode == USAGE and "status" in run("statsu").stderr
    assert run().returncode == OK
    for name in QUESTIONS:
        assert run(name, "--help").returncode == OK
        assert "Usage: steward " + name in run(name, "--help").stdout
