"""The account of downtime: by replay against plain sums in Python, and at the running gateway, which must tell the same."""

import datetime
import json
import random
import subprocess
import zoneinfo

import pytest
from conftest import STEWARD, now_ms, wait_for

STEP_MS = 300_000
STATES = {"run": "productive", "wait": "standby", "fault": "unscheduledDowntime", "service": "scheduledDowntime"}
PRESS = """{
  profile: "press", silentAfterSeconds: 3600, allowedLatenessSeconds: 0,
  messages: [{ topic: "press/{device}", time: { pointer: "/ts" } }],
  metrics: { mode: { pointer: "/mode", kind: "state", states: ["run", "wait", "fault", "service"] } },
  status: { metric: "mode", productive: ["run"], standby: ["wait"], unscheduledDowntime: ["fault"], scheduledDowntime: ["service"] },
  faults: { broken: { severity: "major", text: "It is broken", raise: { metric: "mode", equals: "fault" } } },
}
"""


@pytest.fixture
def profiles(tmp_path):
    directory = tmp_path / "presses"
    directory.mkdir()
    (directory / "press.json").write_text(PRESS)
    return directory


def course(seed, start, days):
    """What one press tells every five minutes: (ms, mode). It is away at times, for some minutes or for hours."""
    noise = random.Random(seed)
    time, end, mode = start, start + days * 86_400_000, "wait"
    told = []
    while time < end:
        if noise.random() < 0.03:
            mode = noise.choices(list(STATES), [5, 4, 2, 1])[0]
        told.append((time, mode))
        time += STEP_MS * (noise.choice([4, 30, 150]) if noise.random() < 0.004 else 1)
    return told


def sums(told, zone):
    """(day, state) to milliseconds, and the incidents, by the rule: a gap of more than an hour is unknown."""
    zone = zoneinfo.ZoneInfo(zone)
    totals = {}
    pieces = []
    for (time, mode), (following, _) in zip(told, told[1:]):
        pieces.append((time, following, "unknown" if following - time > 3_600_000 else STATES[mode]))
    for start, end, state in pieces:
        while start < end:
            local = datetime.datetime.fromtimestamp(start / 1000, zone)
            midnight = datetime.datetime.combine(local.date() + datetime.timedelta(days=1), datetime.time(), zone)
            stop = min(end, round(midnight.timestamp() * 1000))
            key = (str(local.date()), state)
            totals[key] = totals.get(key, 0) + stop - start
            start = stop
    incidents, onset = [], None
    for time, mode in told:
        if mode == "fault" and onset is None:
            onset = time
        elif mode in ("run", "wait") and onset is not None:
            incidents.append((onset, time))
            onset = None
    return totals, incidents, onset


def grouped(totals):
    days = {}
    for (day, state), milliseconds in totals.items():
        days.setdefault(day, dict.fromkeys([*STATES.values(), "unknown"], 0))[state] += milliseconds
    return days


def replayed(profiles, tmp_path, lines, zone, *words):
    recording = tmp_path / "recording.ndjson"
    recording.write_text("".join(json.dumps(line) + "\n" for line in sorted(lines, key=lambda line: line["time"])))
    config = tmp_path / "replay.json"
    config.write_text(json.dumps({"gateway": {"id": "r", "zone": zone}}))
    words = [STEWARD, "replay", "--config", config, "--profiles", profiles, "--report", *words, recording]
    result = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


# In both the clock is changed within the recording, once forward and once back.
@pytest.mark.parametrize("zone,first", [("Europe/Berlin", "2026-03-20"), ("America/New_York", "2026-10-20"), ("UTC", "2026-06-01")])
def test_a_replay_adds_up_as_plain_sums_do(profiles, tmp_path, zone, first):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    start = round(datetime.datetime.fromisoformat(first + "T07:13:00+00:00").timestamp() * 1000)
    courses = {f"p{n}": course(seed + n, start + n * 1000, 16) for n in range(4)}
    lines = [{"time": t, "topic": f"press/{d}", "payload": {"ts": t, "mode": m}} for d, told in courses.items() for t, m in told]
    report = json.loads(replayed(profiles, tmp_path, lines, zone, "--json", "--by", "day"))
    totals, incidents, open_count = {}, [], 0
    for told in courses.values():
        one, closed, onset = sums(told, zone)
        for key, milliseconds in one.items():
            totals[key] = totals.get(key, 0) + milliseconds
        incidents += closed
        open_count += onset is not None
    assert {group["day"]: group["milliseconds"] for group in report["groups"]} == grouped(totals)
    everything = {state: sum(group["milliseconds"][state] for group in report["groups"]) for state in report["milliseconds"]}
    assert report["milliseconds"] == everything
    known = sum(everything[state] for state in STATES.values())
    assert report["availability"] == pytest.approx((everything["productive"] + everything["standby"]) / known)
    assert (report["incidents"]["count"], report["incidents"]["open"]) == (len(incidents) + open_count, open_count)
    # The causes are the unscheduled downtime, seen another way.
    assert sum(cause["milliseconds"] for cause in report["causes"]) == everything["unscheduledDowntime"]
    assert {cause.get("cause") for cause in report["causes"]} <= {"broken", "silent"}
    lengths = sorted(end - onset for onset, end in incidents)
    if open_count == 0:
        assert report["timeToRestore"]["median"]["milliseconds"] == lengths[(len(lengths) - 1) // 2]


def test_the_gateway_tells_what_a_replay_tells(make, broker, client, profiles, tmp_path):
    gateway = make.gateway(broker, profiles=[str(profiles)])
    end = now_ms() // STEP_MS * STEP_MS
    told = [(t, m) for t, m in course(11, end - 5 * 86_400_000, 5)]
    for time, mode in told:
        client.publish("press/p1", {"ts": time, "mode": mode})
    lines = [{"time": t, "topic": "press/p1", "payload": {"ts": t, "mode": m}} for t, m in told]
    expected = json.loads(replayed(profiles, tmp_path, lines, "UTC", "--json", "--by", "day"))

    def report():
        return gateway.api("downtime?by=day")

    wait_for(lambda: report()["milliseconds"] == expected["milliseconds"], f"the same sums: {report()['milliseconds']} {expected['milliseconds']}")
    before = report()
    assert before["groups"] == expected["groups"] and before["incidents"]["count"] == expected["incidents"]["count"]
    assert [(c.get("cause"), c["milliseconds"]) for c in before["causes"]] == [(c.get("cause"), c["milliseconds"]) for c in expected["causes"]]
    # A restart, also one without a goodbye, changes nothing.
    gateway.stop(9)
    gateway.start()
    assert {**report(), "timeToRestore": 0, "timeToAct": 0} == {**before, "timeToRestore": 0, "timeToAct": 0}
    one_day = gateway.api(f"downtime?from={before['groups'][1]['day']}&to={before['groups'][1]['day']}")
    assert one_day["milliseconds"] == before["groups"][1]["milliseconds"]
    assert gateway.api("downtime?device=p1&by=device")["groups"][0]["device"] == "p1"
    assert gateway.api("downtime?device=nobody")["devices"] == 0
    states = gateway.api("devices/p1/states")
    assert sum(s["to"] - s["from"] for s in states["states"] + [states.get("open")] if s) == told[-1][0] - told[0][0]
    assert all(a["to"] == b["from"] for a, b in zip(states["states"], states["states"][1:]))
    text = gateway.cli("report", "--by", "device")
    assert text.returncode == 0 and "availability" in text.stdout and "CAUSE OF DOWNTIME" in text.stdout and "p1" in text.stdout, text
    for query in ["from=tomorrow", "from=2026-02-30", "from=2026-03-01&to=2026-02-01", "from=1000-01-01", "by=weather"]:
        assert gateway.request("/api/v1/downtime?" + query)[0] == 400, query
    assert gateway.request("/api/v1/devices/nobody/states")[0] == 404
    assert gateway.cli("report", "--by", "weather").returncode == 2


def test_a_recording_without_states_says_so(profiles, tmp_path):
    recording = tmp_path / "none.ndjson"
    recording.write_text('{"time": 1767225600000, "topic": "other/x", "payload": {}}\n')
    result = subprocess.run(
        [STEWARD, "replay", "--profiles", profiles, "--report", recording], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1 and "tells no state" in result.stderr
    result = subprocess.run(
        [STEWARD, "replay", "--profiles", profiles, "--by", "day", recording], capture_output=True, text=True, timeout=60)
    assert result.returncode == 2 and "belongs to --report" in result.stderr
