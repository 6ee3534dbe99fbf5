"""The recipes of DeviceProfiles/cookbook.md: the profile of each makes of the message what the page says.

A recipe has a fence `json message TOPIC` (or `text message TOPIC`), a fence `json5 recipe`, and a fence `text result`.
"""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEWARD = pathlib.Path(os.environ.get("STEWARD", ROOT / ".build/release/steward")).resolve()
PAGE = ROOT / "DeviceProfiles/cookbook.md"
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)


def recipes():
    """(title, topic, payload, profile, result) of each recipe, in the order of the page."""
    found = []
    for section in re.split(r"^(?=### )", PAGE.read_text(), flags=re.M)[1:]:
        title = section.splitlines()[0].removeprefix("### ")
        topic = payload = profile = None
        for info, text in FENCE.findall(section):
            if " message " in info:
                topic, payload = info.split(" message ")[1].strip(), text.removesuffix("\n")
            elif info == "json5 recipe":
                profile = text
            elif info == "text result":
                found.append(pytest.param(topic, payload, profile, text, id=f"{title} {topic}"))
    return found


def number(value):
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e5 else str(value)


def lines(document):
    """What a message became, a line each: the form in which the page shows it."""
    for device in document["devices"]:
        yield device["device"]
        for reading in device["readings"]:
            value = "unknown" if reading["value"] is None else number(reading["value"])
            yield f"  {reading['metric']} = {value} {reading.get('unit', '')}".rstrip()
        for state in device["states"]:
            value = "unknown" if state["value"] is None else json.dumps(state["value"], ensure_ascii=False)
            yield f"  {state['metric']} = {value}"
        for supply in device["supplies"]:
            level = supply["levelPercent"]
            yield f"  {supply['supply']} " + (f"unknown: {supply['reason']}" if level is None else f"at {number(level)} %")
        for alarm in device["alarms"]:
            yield f"  alarm {alarm['condition']} ({alarm['severity']}): {alarm['text']}"
    yield from document["problems"]


def test_there_are_recipes():
    assert len(recipes()) >= 15


@pytest.mark.parametrize(("topic", "payload", "profile", "result"), recipes())
def test_recipe(topic, payload, profile, result, tmp_path):
    (tmp_path / "p.json").write_text(profile)
    (tmp_path / "m").write_text(payload)
    check = subprocess.run([STEWARD, "profile", "check", "--strict", tmp_path / "p.json"], capture_output=True, text=True, timeout=60)
    assert check.returncode == 0, check.stdout
    words = ["profile", "test", "--profile", tmp_path / "p.json", "--topic", topic, "--file", tmp_path / "m", "--time", "2026-05-04T10:00:00Z", "--json"]
    test = subprocess.run([STEWARD, *words], capture_output=True, text=True, timeout=60)
    assert "\n".join(lines(json.loads(test.stdout))) + "\n" == result
