"""Alarms as people handle them, at the running gateway with a real broker: shelves, maintenance windows, latches, and why."""

import json

import pytest
from conftest import now_ms, wait_for

OVEN = """{
  profile: "oven", silentAfterSeconds: 3600,
  messages: [{ topic: "ovens/{device}", time: { pointer: "/ts" } }],
  metrics: { temp: { pointer: "/temp", unit: "Cel" }, door: { pointer: "/door", kind: "state", states: ["open", "shut"] } },
  faults: {
    hot: { severity: "critical", text: "Too hot", raise: { metric: "temp", above: 250 } },
    draught: { severity: "minor", raise: { all: [{ metric: "door", equals: "open" }, { metric: "temp", above: 100 }] }, latch: true },
  },
}
"""


@pytest.fixture
def ovens(make, broker, tmp_path):
    directory = tmp_path / "ovens"
    directory.mkdir()
    (directory / "oven.json").write_text(OVEN)
    return make.gateway(broker, profiles=[str(directory)])


def tell(client, device, **members):
    client.publish(f"ovens/{device}", {"ts": now_ms(), **members})


def alarm(gateway, device, condition):
    return [a for a in gateway.api(f"alarms?device={device}&all=true")["alarms"] if a["condition"] == condition][0]


def tickets(gateway):
    return [ticket["device"] for ticket in gateway.api("tickets")["tickets"]]


def test_a_shelved_alarm_waits_and_survives_a_restart(ovens, client):
    tell(client, "o1", temp=300)
    first = wait_for(lambda: alarm(ovens, "o1", "hot"), "the alarm")
    wait_for(lambda: tickets(ovens) == ["o1"], "its ticket")
    result = ovens.cli("alarms", "--shelve", first["alarm"], "--for", "2h", "--reason", "fan is ordered", "--by", "ada")
    assert result.returncode == 0 and "is shelved" in result.stdout, result.stderr
    wait_for(lambda: alarm(ovens, "o1", "hot")["state"] == "shelved", "the shelf")
    shelf = alarm(ovens, "o1", "hot")["shelf"]
    assert (shelf["by"], shelf["reason"]) == ("ada", "fan is ordered") and shelf["until"] > now_ms() + 7_000_000
    ovens.restart()
    assert alarm(ovens, "o1", "hot")["state"] == "shelved"
    assert b"steward_alarms_shelved 1\n" in ovens.request("/metrics")[2]
    assert b"shelved" in ovens.request("/")[2]
    assert ovens.cli("alarms", "--unshelve", first["alarm"]).returncode == 0
    wait_for(lambda: alarm(ovens, "o1", "hot")["state"] == "unacknowledged", "the end of the shelf")
    assert ovens.cli("alarms", "--ack", first["alarm"], "--by", "ada").returncode == 0
    wait_for(lambda: alarm(ovens, "o1", "hot")["acknowledgedBy"] == "ada", "the acknowledgement")


def test_mistakes_of_the_command_line_and_the_api_are_told(ovens, client):
    tell(client, "o1", temp=300)
    known = wait_for(lambda: alarm(ovens, "o1", "hot"), "the alarm")["alarm"]
    for words, code, text in [
        (["--shelve", known], 2, "needs --for TIME and --reason TEXT"),
        (["--shelve", known, "--for", "soon", "--reason", "x"], 2, "30min"),
        (["--shelve", known, "--for", "31d", "--reason", "x"], 2, "at most 30d"),
        (["--for", "2h"], 2, "belongs to --shelve"),
        (["--ack", known, "--reset", known], 2, "exclude each other"),
        (["--ack", "al-none"], 3, "no alarm"),
        (["--reset", known], 1, "latched"),
    ]:
        result = ovens.cli("alarms", *words)
        assert result.returncode == code and text in result.stderr, (words, result)
    assert ovens.post(f"alarms/{known}/shelving", {"by": "ada", "reason": "x"}) == 400
    assert ovens.post(f"alarms/{known}/shelving", {"by": "ada", "reason": "x", "forSeconds": 0}) == 400
    assert ovens.post("maintenance", {"by": "ada", "all": True, "from": 1, "until": 2}) == 400
    assert ovens.post("maintenance", {"by": "ada", "all": True, "device": "o1", "from": 1, "until": now_ms() + 60_000}) == 400
    assert ovens.post("maintenance/none/end", {"by": "ada"}) == 404
    assert ovens.cli("explain", "nobody").returncode == 3
    assert ovens.cli("explain", "o1", "nothing").returncode == 3


def test_maintenance_holds_back_and_its_end_lets_go(ovens, client):
    tell(client, "o1", temp=20), tell(client, "o2", temp=20)
    result = ovens.cli("maintenance", "add", "--device", "o1", "--for", "2h", "--reason", "new belt", "--by", "ada", "--json")
    assert result.returncode == 0, result.stderr
    window = json.loads(result.stdout)["window"]
    wait_for(lambda: [w["window"] for w in ovens.api("maintenance")["maintenance"] if w["open"]] == [window], "the window")
    assert "new belt" in ovens.cli("maintenance", "list").stdout
    tell(client, "o1", temp=300), tell(client, "o2", temp=300)
    wait_for(lambda: tickets(ovens) == ["o2"], "the ticket of the other oven")
    assert wait_for(lambda: alarm(ovens, "o1", "hot"), "the alarm")["inhibitedBy"] == "maintenance"
    explained = ovens.cli("explain", "o1", "hot").stdout
    assert f"the maintenance window {window} is open" in explained
    ovens.restart()
    assert tickets(ovens) == ["o2"]
    assert ovens.cli("maintenance", "end", window).returncode == 0
    wait_for(lambda: sorted(tickets(ovens)) == ["o1", "o2"], "what waited")
    assert ovens.api("maintenance") == {"maintenance": []}


def test_a_window_that_ends_by_itself(ovens, client):
    tell(client, "o1", temp=20)
    wait_for(lambda: ovens.device("o1"), "the oven")
    until = now_ms() + 4000
    assert ovens.post("maintenance", {"by": "ada", "all": True, "from": now_ms() - 1000, "until": until, "id": "short"}) == 202
    tell(client, "o1", temp=300)
    wait_for(lambda: alarm(ovens, "o1", "hot"), "the alarm")
    wait_for(lambda: tickets(ovens) == ["o1"], "what waited, without another message")
    assert now_ms() >= until


def test_windows_of_the_configuration(make, broker, client, tmp_path):
    (tmp_path / "oven.json").write_text(OVEN)
    gateway = make.gateway(
        broker, profiles=[str(tmp_path / "oven.json")],
        maintenance=[{"id": "always", "profile": "oven", "weekly": {"days": [
            "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], "from": "00:00", "until": "24:00"}, "zone": "Europe/Berlin"}])
    tell(client, "o1", temp=300)
    wait_for(lambda: alarm(gateway, "o1", "hot")["inhibitedBy"] == "maintenance", "the alarm")
    assert gateway.post("maintenance/always/end", {"by": "ada"}) == 202
    wait_for(lambda: tickets(gateway) == ["o1"], "what waited")
    assert [w["window"] for w in gateway.api("maintenance")["maintenance"]] == ["always"]
    gateway.stop()
    gateway.config["maintenance"] = [{"weekly": {"days": ["mondy"], "from": "25:00", "until": "1"}, "zone": "Europe/Berln"}]
    text = gateway.refusal()
    assert 'did you mean "monday"' in gateway.log() and "one of" in gateway.log() and "Europe/Berln" in gateway.log(), text


def test_explain_says_why_and_why_not(ovens, client):
    tell(client, "o1", temp=120)
    wait_for(lambda: ovens.device("o1")["metrics"], "the oven")
    people = ovens.cli("explain", "o1").stdout
    assert "it does not hold: temp is 120 Cel, read" in people and "which is not above 250 Cel" in people
    assert "door was never told" in people
    tell(client, "o1", temp=121)
    wait_for(lambda: json.loads(ovens.cli("explain", "o1", "--json").stdout)["watches"], "the detector")
    [watch] = json.loads(ovens.cli("explain", "o1", "--json").stdout)["watches"]
    assert (watch["metric"], watch["learning"], watch["score"]) == ("temp", True, 0)
    assert "watched without a rule" in ovens.cli("explain", "o1").stdout
    tell(client, "o1", temp=120)
    wait_for(lambda: ovens.device("o1")["metrics"]["temp"] == 120, "the last reading")
    answer = json.loads(ovens.cli("explain", "o1", "draught", "--json").stdout)
    [condition] = answer["conditions"]
    door, temp = condition["raise"]["parts"]
    assert (door["holds"], temp["holds"], temp["value"], condition["active"]) == (None, True, 120, False)
    tell(client, "o1", door="open")
    wait_for(lambda: alarm(ovens, "o1", "draught"), "the alarm")
    tell(client, "o1", door="shut")
    latched = wait_for(lambda: (a := alarm(ovens, "o1", "draught")).get("latched") and a, "the end of the condition")
    assert [r["metric"] for r in latched["raisedBy"]] == ["door", "temp"] and latched["clearedBy"][0]["value"] == "shut"
    assert "it stands until somebody resets it" in ovens.cli("explain", "o1", "draught").stdout
    assert ovens.cli("alarms", "--reset", latched["alarm"], "--by", "ada").returncode == 0
    wait_for(lambda: alarm(ovens, "o1", "draught")["state"] == "returned-to-normal", "the reset")
