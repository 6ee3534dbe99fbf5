"""`steward replay` tells beside its decisions what the rule of ordering would have done, next to a fixed threshold."""

import json
import re
import subprocess

from conftest import PROFILES, STEWARD

DAY = 86_400_000
START = 1_767_225_600_000


def recording(path, lives, days_a_life=50):
    """A printer that uses 2 % a day and gets a new cartridge at 2 %, a report every four hours."""
    with path.open("w") as out:
        pages = 0
        for tick in range(lives * days_a_life * 6):
            time = START + tick * DAY // 6
            level = 100 - 2 * (tick // 6 % days_a_life)
            pages += 10
            payload = {"ts": time, "pageCount": pages, "supplies": {"black": level}}
            out.write(json.dumps({"time": time, "topic": "devices/p1/telemetry", "payload": payload}) + "\n")
    return path


def replay(path, *options):
    words = [STEWARD, "replay", "--profiles", PROFILES, *options, path]
    result = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result


def test_summary_beside_a_fixed_threshold(tmp_path):
    result = replay(recording(tmp_path / "a.ndjson", lives=6))
    [line] = [line for line in result.stderr.splitlines() if line.startswith("  black: ")]
    numbers = re.fullmatch(
        r"  black: (\d+) lives; rule (\d+) orders, ([\d.]+) % late, ([\d.]+) days early; "
        r"20 % (\d+) orders, ([\d.]+) % late, ([\d.]+) days early; ([\d.]+) % left; (\d+) lives not judged .*", line)
    assert numbers, line
    lives, orders, late, early, fixed_orders, fixed_late, fixed_early, left, skipped = map(float, numbers.groups())
    # Five swaps are seen; the first life was in the slot before, and the last has no end.
    assert (lives, skipped) == (4, 1)
    assert orders == lives and fixed_orders == lives
    assert left <= 4
    assert 0 <= late <= 100 and 0 <= fixed_late <= 100
    # Such a steady printer is foretold well: an order at 20 % lies for days.
    assert early < fixed_early
    placed = [json.loads(line) for line in result.stdout.splitlines() if json.loads(line)["kind"] == "order"]
    assert len({(order["supply"], order["generation"]) for order in placed}) == len(placed)


def test_a_higher_service_level_orders_no_later(tmp_path):
    path = recording(tmp_path / "a.ndjson", lives=5)

    def orders(percent):
        config = tmp_path / f"{percent}.json"
        config.write_text(json.dumps({"replenishment": {"serviceLevelPercent": percent}}))
        lines = map(json.loads, replay(path, "--config", config).stdout.splitlines())
        return {line["generation"]: line["time"] for line in lines if line["kind"] == "order"}

    careless, careful = orders(60), orders(99.9)
    assert careless.keys() == careful.keys()
    assert all(careful[generation] <= careless[generation] for generation in careful)
    assert careful != careless


def test_without_a_whole_life_nothing_is_said(tmp_path):
    result = replay(recording(tmp_path / "a.ndjson", lives=1))
    assert "no cartridge began and ended in this recording" in result.stderr


EXACT = {
    "profile": "exact",
    "messages": [{"topic": "exact/{device}", "time": {"pointer": "/ts"}}],
    "metrics": {"pages": {"pointer": "/pages", "kind": "counter"}},
    "supplies": {
        "black": {"level": "/black", "counter": "pages", "leadTimeDays": 3, "leadTimeSpread": 0},
        "refilled": {"level": "/black2", "counter": "pages", "order": False},
        "plain": {"level": "/plain", "leadTimeDays": 3, "leadTimeSpread": 0},
    },
}


def exact_recording(path, lives=6):
    """Two supplies with a new cartridge at 2 % every 50 days, one of them without counter; and one that nobody orders."""
    with path.open("w") as out:
        for tick in range(lives * 50 * 6):
            time = START + tick * DAY // 6
            level = 100 - 2 * (tick // 6 % 50)
            payload = {"ts": time, "pages": tick * 10, "black": level, "black2": level, "plain": level}
            out.write(json.dumps({"time": time, "topic": "exact/p1", "payload": payload}) + "\n")
    return path


def test_the_summary_is_the_arithmetic_of_the_decisions(tmp_path):
    """With a lead time that never differs, early days are the time from order to end less three days, and nothing else. The end lies between the
    last report of a cartridge and the first one of the next, which are four hours apart."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "exact.json").write_text(json.dumps(EXACT))
    words = [STEWARD, "replay", "--profiles", tmp_path / "profiles", exact_recording(tmp_path / "a.ndjson")]
    result = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=120)
    lines = list(map(json.loads, result.stdout.splitlines()))
    swaps = [(line["supply"], line["generation"]) for line in lines if line["kind"] == "supply.replaced"]
    assert sum(supply == "refilled" for supply, _ in swaps) == 5
    shown = {}
    for supply in "black", "plain":
        [line] = [line for line in result.stderr.splitlines() if line.startswith(f"  {supply}: ")]
        orders = {line["generation"]: line["time"] for line in lines if line["kind"] == "order" and line["supply"] == supply}
        # Each generation lasts fifty days, from the first report on.
        ends = {generation: START + (generation * 50 * 6 - 0.5) * DAY / 6 for generation in range(2, 6)}
        waits = [(end - orders[generation]) / DAY - 3 for generation, end in ends.items()]
        late = 100 * sum(wait < 0 for wait in waits) / len(waits)
        early = sum(max(wait, 0) for wait in waits) / max(sum(wait >= 0 for wait in waits), 1)
        # A level of 20 % is first reported forty days after the cartridge came, which is seen at its second report at the earliest.
        found = re.search(
            r"(\d+) lives; rule (\d+) orders, ([\d.]+) % late, ([\d.]+) days early; 20 % (\d+) orders, ([\d.]+) % late, ([\d.]+) days early", line)
        lives, ordered, shown_late, shown_early, fixed, fixed_late, fixed_early = map(float, found.groups())
        assert (lives, ordered, fixed) == (4, 4, 4), line
        assert abs(shown_late - late) < 0.06 and abs(shown_early - early) < 0.06, (line, waits)
        assert fixed_late == 0 and abs(fixed_early - (10 - 3)) < 0.5, line
        shown[supply] = line
    assert "refilled" not in result.stderr, "nobody orders it, so it is not late"
