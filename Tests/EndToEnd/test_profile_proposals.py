"""`steward profile from-discovery` and `steward profile draft`, as a person uses them: propose, check, replay."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEWARD = pathlib.Path(os.environ.get("STEWARD", ROOT / ".build/release/steward")).resolve()
OK, FAILED, USAGE, NOT_FOUND = range(4)
START = 1_788_220_800_000


def steward(*words, **options):
    return subprocess.run([STEWARD, *map(str, words)], capture_output=True, text=True, timeout=60, **options)


def announcement(component, node, name, **members):
    device = {"identifiers": [node], "name": node}
    return f"homeassistant/{component}/{node}/{name}/config", {"device": device, "availability_topic": f"press/{node}/link", **members}


ANNOUNCED = [
    announcement("sensor", node, "heat", state_topic=f"press/{node}/state", value_template="{{ value_json.heat.now }}", unit_of_measurement="°C")
    for node in ("press-1", "press-2")
] + [
    announcement("sensor", "press-1", "strokes", state_topic="press/press-1/state", value_template="{{ value_json.strokes }}", state_class="total_increasing"),
    announcement("sensor", "press-1", "odd", state_topic="press/press-1/state", value_template="{% if value_json.x %}1{% endif %}"),
    announcement("button", "press-1", "stop", command_topic="press/press-1/do/stop", payload_press="1"),
]
TELEMETRY = [
    ("press/press-1/link", "online"),
    *[(f"press/press-{1 + i % 2}/state", {"ts": START // 1000 + i, "heat": {"now": 60.5 + i}, "strokes": 100 + i, "mode": "run"}) for i in range(8)],
    ("press/press-1/link", "offline"),
]


def recording(messages):
    return "".join(json.dumps({"time": START + i * 1000, "topic": topic, "payload": payload}) + "\n" for i, (topic, payload) in enumerate(messages))


def replayed(profile, tmp_path, messages):
    """The decisions of a recording by the profile, which has to be in order and to understand every message."""
    path = tmp_path / "proposed.json"
    path.write_text(profile)
    checked = steward("profile", "check", "--strict", path)
    assert checked.returncode == OK, checked.stdout + profile
    result = steward("replay", "--profiles", path, "-", input=recording(messages))
    assert " 0 dead letters, 0 unreadable lines" in result.stderr, result.stderr + profile
    return [json.loads(line) for line in result.stdout.splitlines()]


def reading(profile, tmp_path, topic, payload):
    """Metric → value with its unit, of one message."""
    path = tmp_path / "read.json"
    path.write_text(profile)
    result = steward("profile", "test", "--profile", path, "--topic", topic, "--json", input=payload)
    [device] = json.loads(result.stdout)["devices"]
    return {metric["metric"]: (metric.get("value"), metric.get("unit")) for metric in device["readings"] + device["states"]}


def test_announcements_of_a_recording(tmp_path):
    result = steward("profile", "from-discovery", "--file", "-", input=recording(ANNOUNCED + TELEMETRY))
    assert result.returncode == OK, result.stderr
    # Two devices share the form of their topics, so there is one profile; what it cannot say stands in it with the place.
    assert "Made from: press-1, press-2" in result.stdout
    assert "homeassistant/sensor/press-1/odd/config" in result.stdout
    decisions = replayed(result.stdout, tmp_path, TELEMETRY)
    assert [(d["kind"], d["device"], d.get("condition")) for d in decisions] == [("alarm.raised", "press-1", "silent")]
    values = reading(result.stdout, tmp_path, "press/press-1/state", '{"heat":{"now":61.5},"strokes":7}')
    assert values == {"heat": (61.5, "Cel"), "strokes": (7, None)}


def test_announcements_that_a_broker_has_retained(broker, client, tmp_path):
    for topic, payload in ANNOUNCED:
        client.publish(topic, payload, retain=True)
    result = steward("profile", "from-discovery", "--broker", f"127.0.0.1:{broker.port}")
    assert result.returncode == OK, result.stderr
    assert "Made from: press-1, press-2" in result.stdout
    replayed(result.stdout, tmp_path, TELEMETRY)


def test_a_broker_that_is_not_there(tmp_path):
    result = steward("profile", "from-discovery", "--broker", "127.0.0.1:1", "--seconds", "3")
    assert result.returncode == FAILED and result.stdout == ""
    assert "127.0.0.1:1: " in result.stderr


def test_several_profiles(tmp_path):
    other = announcement("sensor", "lamp", "power", state_topic="lights/lamp/power", availability_topic="lights/lamp/link", unit_of_measurement="W")
    text = recording(ANNOUNCED + [other])
    result = steward("profile", "from-discovery", "--file", "-", input=text)
    assert result.returncode == FAILED and "there are 2 profiles" in result.stderr
    assert steward("profile", "from-discovery", "--file", "-", "--profile", "lamp", input=text).stdout.count("profile:") == 1
    assert steward("profile", "from-discovery", "--file", "-", "--profile", "lamb", input=text).returncode == NOT_FOUND
    written = steward("profile", "from-discovery", "--file", "-", "--output", tmp_path, input=text)
    assert written.returncode == OK and len(list(tmp_path.glob("*.json"))) == 2
    assert steward("profile", "check", tmp_path).returncode == OK
    # What a person may have changed stays.
    again = steward("profile", "from-discovery", "--file", "-", "--output", tmp_path, input=text)
    assert again.returncode == FAILED and "it is there already" in again.stderr


def test_draft_of_a_recording(tmp_path):
    path = tmp_path / "day.ndjson"
    path.write_text(recording(ANNOUNCED + TELEMETRY))
    result = steward("profile", "draft", path)
    assert result.returncode == OK, result.stderr
    assert "from-discovery" in result.stderr
    decisions = replayed(result.stdout, tmp_path, TELEMETRY)
    assert [(d["kind"], d["device"], d.get("condition")) for d in decisions] == [("alarm.raised", "press-1", "silent")]
    assert 'time: { pointer: "/ts", unit: "seconds" }' in result.stdout
    values = reading(result.stdout, tmp_path, "press/press-1/state", '{"heat":{"now":61.5},"strokes":7,"mode":"run"}')
    assert {name: value for name, (value, _unit) in values.items()} == {"heat.now": 61.5, "strokes": 7, "mode": "run"}


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["from-discovery"], USAGE, "--file RECORDING, --broker HOST[:PORT] and --config FILE"),
        (["from-discovery", "--broker", "host:port"], USAGE, "it is HOST or HOST:PORT"),
        (["from-discovery", "--broker", "h", "--seconds", "0"], USAGE, "a whole number from 1 to 600"),
        (["from-discovery", "--file", "-", "--prefix", "a/+"], USAGE, "the first levels of a topic"),
        (["from-discovery", "--file", "/nowhere"], NOT_FOUND, "No such file"),
        (["from-discovery", "--file", "-"], NOT_FOUND, "no device announces itself"),
        (["draft", "/nowhere"], NOT_FOUND, "No such file"),
        (["draft", "-"], NOT_FOUND, "no message that a profile could read"),
    ],
)
def test_refusals(words, status, text):
    result = steward("profile", *words, input="")
    assert (result.returncode, result.stdout) == (status, ""), result.stderr
    assert text in result.stderr
