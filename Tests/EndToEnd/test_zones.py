"""Weekly maintenance windows against Python's zoneinfo: every zone that changes its clock, 30 years, through `steward replay`."""

import bisect
import datetime
import hashlib
import json
import pathlib
import subprocess
import zoneinfo

import pytest
from conftest import STEWARD

FILES = pathlib.Path("/usr/share/zoneinfo")
UTC = datetime.timezone.utc
FIRST = datetime.datetime(2016, 1, 1, tzinfo=UTC)
LAST = datetime.datetime(2046, 1, 1, tzinfo=UTC)
MINUTE = datetime.timedelta(minutes=1)
DAY = datetime.timedelta(days=1)
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

pytestmark = pytest.mark.skipif(not (FILES / "Europe/Berlin").exists(), reason="there is no tzdata")


def milliseconds(moment):
    return round(moment.timestamp() * 1000)


def changes(zone):
    """The instants at which the offset changes: found by day, then by minute."""
    found = []
    at = FIRST
    while at < LAST:
        if at.astimezone(zone).utcoffset() != (at + DAY).astimezone(zone).utcoffset():
            low, high = 0, 1440
            while high - low > 1:
                middle = (low + high) // 2
                same = (at + middle * MINUTE).astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(at + high * MINUTE)
        at += DAY
    return found


@pytest.fixture(scope="module")
def zones():
    """Each zone of which no other has the same rules, with its changes."""
    seen, distinct = set(), []
    for file in sorted(FILES.rglob("*")):
        name = str(file.relative_to(FILES))
        if not file.is_file() or name.startswith(("right/", "posix/")) or not file.read_bytes().startswith(b"TZif"):
            continue
        digest = hashlib.sha256(file.read_bytes()).digest()
        if digest in seen:
            continue
        seen.add(digest)
        zone = zoneinfo.ZoneInfo(name)
        if found := changes(zone):
            distinct.append((name, zone, found))
    return distinct


def replay(directory, lines, profiles, **configuration):
    (directory / "steward.json").write_text(json.dumps({"gateway": {"id": "z"}, "mqtt": {"host": "127.0.0.1"}, "store": {"path": str(directory / "s.db")}, "profiles": [str(profiles)], **configuration}))
    (directory / "input.ndjson").write_text("\n".join(json.dumps(line) for line in lines))
    done = subprocess.run(
        [STEWARD, "replay", "--profiles", profiles, "--config", directory / "steward.json", directory / "input.ndjson"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def windows(zone, found):
    """Half an hour in the middle of what the last change of spring skips, and one across the beginning of what that of autumn repeats; the weekdays of all changes."""
    minutes, days = set(), set()
    for change in found:
        before = (change - MINUTE).astimezone(zone).replace(tzinfo=None) + MINUTE
        after = change.astimezone(zone).replace(tzinfo=None)
        days |= {before.weekday(), after.weekday()}
        if change in found[-2:]:
            start = min(before, after)
            minutes.add((start.hour * 60 + start.minute + (10 if before < after else -20)) % 1440)
    return [(begin, begin + 30) for begin in sorted(minutes)], sorted(days)


def edges(zone, found, days, begin, end):
    """When the clock on the wall shows a time from `begin` on and before `end`, on days of the week: in UTC, by zoneinfo."""
    spans = []
    # Between two changes the offset is one.
    steady = [(at + DAY).astimezone(zone).utcoffset() for at in [FIRST - 3 * DAY, *found]]
    date = FIRST.date() - DAY
    while date < LAST.date():
        if date.weekday() in days:
            local = datetime.datetime(date.year, date.month, date.day)
            start, stop = local + begin * MINUTE, local + end * MINUTE
            offsets = {steady[bisect.bisect(found, (local + distance * DAY).replace(tzinfo=UTC))] for distance in (-2, 3)}
            if len(offsets) == 1:
                offset = offsets.pop()
                spans.append((start - offset, stop - offset))
            else:
                at = start - max(offsets)
                while at < stop - min(offsets):
                    shown = at.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
                    if start <= shown < stop:
                        if spans and spans[-1][1] == at:
                            spans[-1] = (spans[-1][0], at + MINUTE)
                        else:
                            spans.append((at, at + MINUTE))
                    at += MINUTE
        date += DAY
    return [(milliseconds(a.replace(tzinfo=UTC)), milliseconds(b.replace(tzinfo=UTC))) for a, b in spans]


def test_every_edge_of_every_window_is_where_the_clock_on_the_wall_shows_it(zones, tmp_path):
    assert len(zones) > 30
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "p.json").write_text(json.dumps({"profile": "p", "messages": [{"topic": "p/{device}"}], "metrics": {"n": {"pointer": "/n"}}}))
    plan = []
    for name, zone, found in zones:
        spans, days = windows(zone, found)
        for begin, end in spans:
            plan.append((f"w{len(plan)}", name, zone, found, days, begin, end))
    weeks = [{"time": milliseconds(FIRST + week * 7 * DAY), "topic": "nobody/reads/this", "payload": {}} for week in range((LAST - FIRST).days // 7)]
    begun, ended = weeks[0]["time"], weeks[-1]["time"]
    # Without a device, of whose silence the clock would have to be asked twice a minute.
    for first in range(0, len(plan), 64):
        part = plan[first : first + 64]
        clock = lambda minute: f"{minute // 60 % 24:02}:{minute % 60:02}"
        maintenance = [
            {"id": label, "all": True, "weekly": {"days": [DAYS[day] for day in days], "from": clock(begin), "until": clock(end)}, "zone": name}
            for label, name, _, _, days, begin, end in part]
        told = {label: [] for label, *_ in part}
        for line in replay(tmp_path, weeks, profiles, maintenance=maintenance):
            if line["kind"] in ("maintenance.began", "maintenance.ended"):
                told[line["window"]].append((line["kind"].split(".")[1], line["time"]))
        for label, name, zone, found, days, begin, end in part:
            expected = [edge for a, b in edges(zone, found, days, begin, end) for edge in (("began", a), ("ended", b))]
            expected = [edge for edge in expected if begun < edge[1] <= ended]
            heard = [edge for edge in told[label] if begun < edge[1] <= ended]
            assert heard == expected, f"{name}, {clock(begin)} to {clock(end)}: {sorted(set(heard) ^ set(expected))[:4]}"
