"""Wear that telemetry shows plans a visit: the shipped profile `steward-native`, with an overlay that says how early."""

import json
import random
import subprocess

from conftest import PROFILES, STEWARD

DAY = 86_400_000
START = 1_767_225_600_000
OVERLAY = """{ overlay: "steward-native", faults: { "vibration-high": { remainingLife: { visitDays: 21 } } },
  was: { faults: { "vibration-high": { remainingLife: { visitDays: null } } } } }
"""


def recording(path, days, seed=11):
    """A pump that runs by day; its vibration rises from 2 mm/s by 0.06 a day. At night it stands still and shakes no more.

    Two readings a minute apart, because the alarm needs a level that is kept up for 30 s.
    """
    noise = random.Random(seed)
    with path.open("w") as out:
        for step in range(days * 48):
            time, hour = START + step // 2 * DAY // 24 + step % 2 * 60_000, step % 48 / 2
            runs = 7 <= hour < 20
            vibration = 2 + 0.06 * step / 48 + noise.uniform(-0.1, 0.1) if runs else 0.1
            payload = {"ts": time, "status": "running" if runs else "idle", "vibration": round(vibration, 2)}
            out.write(json.dumps({"time": time, "topic": "devices/pump/telemetry", "payload": payload}) + "\n")
    return path


def tickets(path, profiles):
    words = [STEWARD, "replay", *(word for profile in profiles for word in ("--profiles", profile)), path]
    result = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return [line for line in map(json.loads, result.stdout.splitlines()) if line["kind"] == "ticket"]


def test_a_visit_is_planned_before_the_bearings_are_worn(tmp_path):
    """The limit of 7.1 mm/s is met after 85 days."""
    path = recording(tmp_path / "pump.ndjson", days=82)
    assert tickets(path, [PROFILES]) == [], "nobody asked for visits"
    own = tmp_path / "profiles.d"
    own.mkdir()
    (own / "pumps.json").write_text(OVERLAY)
    [ticket] = tickets(path, [PROFILES, own])
    assert ticket["text"] == "Replace the bearings" and ticket["severity"] == "minor"
    assert 45 <= (ticket["time"] - START) / DAY <= 82
    earliest = int(ticket["reason"].split()[0])
    assert earliest < 10.5, ticket
    # The same recording gives the same ticket.
    assert tickets(path, [PROFILES, own]) == [ticket]
