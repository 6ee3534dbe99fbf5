"""`steward detect` runs the core's anomaly detectors over a recorded series: one line a row, no look ahead, good errors."""

import csv
import io
import math
import random
import subprocess

import pytest
from conftest import STEWARD

OK, FAILED, USAGE, NOT_FOUND = range(4)
START = 1_767_225_600


def detect(*words, input=None):
    return subprocess.run([STEWARD, "detect", *map(str, words)], input=input, capture_output=True, text=True, timeout=120)


def rows(result):
    assert (result.returncode, result.stderr) == (OK, ""), result.stderr
    return list(csv.DictReader(io.StringIO(result.stdout)))


def series(count, fault, seed=1):
    """A daily curve with noise, 5 minutes a row, 20 higher from `fault` on."""
    rng = random.Random(seed)
    lines = ["timestamp,value"]
    for i in range(count):
        value = 5 * math.sin(2 * math.pi * (i % 288) / 288) + rng.gauss(0, 1) + (20 if i >= fault else 0)
        lines.append(f"{START + 300 * i},{value:.4f}")
    return lines


def machine(count, fault, seed=2):
    rng = random.Random(seed)
    lines = ["t;flow;current;volts"]
    for i in range(count):
        lines.append(f"{START + i};{100 + rng.gauss(0, 1) - (25 if i in fault else 0):.4f};{rng.gauss(2, 0.2):.4f};{rng.gauss(230, 5):.4f}")
    return lines


def write(path, lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_fault_of_one_metric(tmp_path):
    path = write(tmp_path / "a.csv", series(3100, 3000))
    out = rows(detect("--time", "timestamp", "--value", "value", path))
    assert len(out) == 3100 and list(out[0]) == ["time", "score", "alarm", "change"]
    assert out[0]["time"] == str(START)
    scores = [float(row["score"]) for row in out]
    assert any(score >= 1 for score in scores[3000:3003]), "seen at once"
    assert all(row["alarm"] == "1" for row in out[3003:3010])
    assert sum(score >= 1 for score in scores[:3000]) <= 3
    assert all(row["alarm"] in "01" and row["change"] in "01" for row in out)


def test_no_look_ahead_and_standard_input(tmp_path):
    lines = series(2000, 1500)
    whole = rows(detect("--time", "timestamp", "--value", "value", write(tmp_path / "a.csv", lines)))
    part = rows(detect("--time", "timestamp", "--value", "value", "-", input="\n".join(lines[:1521])))
    assert part == whole[:1520]


def test_a_fault_of_a_machine(tmp_path):
    path = write(tmp_path / "m.csv", machine(1200, range(700, 900)))
    options = ["--delimiter", ";", "--time", "t", "--warmup", 400]
    out = rows(detect(*options, "--value", "flow", "--value", "current", "--value", "volts", path))
    alarms = [i for i, row in enumerate(out) if row["alarm"] == "1"]
    assert alarms and 700 <= alarms[0] < 715 and 900 <= alarms[-1] < 940
    assert any(row["change"] == "1" for row in out[700:720])
    turned = rows(detect(*options, "--value", "volts", "--value", "flow", "--value", "current", path))
    assert [row["alarm"] for row in turned] == [row["alarm"] for row in out], "the order of the columns is nothing"


def test_unknown_late_and_repeated_rows_are_not_zero(tmp_path):
    lines = series(1500, 99_999)
    plain = rows(detect("--time", "timestamp", "--value", "value", write(tmp_path / "a.csv", lines)))
    odd = list(lines)
    for at in (900, 1000, 1100):
        odd.insert(at + 1, f"{START + 300 * at - 150},{'' if at == 900 else 'NaN'}" if at < 1100 else f"{START},1e9")
    out = rows(detect("--time", "timestamp", "--value", "value", write(tmp_path / "b.csv", odd)))
    kept = [row for i, row in enumerate(out) if i not in (900, 1000, 1100)]
    assert [row["score"] for row in kept] == [row["score"] for row in plain]


def test_other_forms_of_csv(tmp_path):
    lines = ["\ufeffwhen,\"my value\",rest"]
    lines += [f"2026-01-0{1 + i // 288} {i % 288 // 12:02}:{i % 12 * 5:02}:00,\"{i % 7}\",\"a, \"\"b\"\"\"" for i in range(500)]
    path = tmp_path / "a.csv"
    path.write_bytes(("\r\n".join(lines) + "\r\n\r\n").encode())
    out = rows(detect("--time", "when", "--value", "my value", path))
    assert len(out) == 500 and out[12]["time"] == "2026-01-01 01:00:00"
    assert len(rows(detect("--value", "my value", path))) == 500
    numpy = write(tmp_path / "n.csv", ["x", "np.float64(1.5)", "2"])
    assert len(rows(detect("--value", "x", numpy))) == 2
    tabs = write(tmp_path / "t.csv", ["x\ty", "1\t2", "2\t3"])
    assert [row["time"] for row in rows(detect("--delimiter", "\\t", "--value", "y", tabs))] == ["1", "2"]


@pytest.mark.parametrize(
    "lines, words, code, told",
    [
        (["time,value", "1,2"], ["--value", "vlaue"], FAILED, 'there is no column "vlaue", did you mean "value"?'),
        (["time,value", "1,2"], ["--value", "pressure"], FAILED, '"time", "value"'),
        (["time,value", "1,2", "2,two"], ["--value", "value"], FAILED, 'a.csv:3: "two" in column "value" is no number'),
        (["time,value", "1,2", "2"], ["--value", "value"], FAILED, "a.csv:3: 1 cells"),
        (["time,value", "noon,2"], ["--time", "time", "--value", "value"], FAILED, 'a.csv:2: "noon" is no time'),
        ([], ["--value", "value"], FAILED, "is empty"),
        (["time,value"], [], USAGE, "--value COLUMN"),
        (["time,value"], ["--value", "value", "--delimiter", "ab"], USAGE, "one character"),
        (["time,value"], ["--value", "value", "--warmup", "3"], USAGE, "from 40"),
    ],
)
def test_mistakes_are_named(tmp_path, lines, words, code, told):
    path = tmp_path / "a.csv"
    path.write_text("".join(line + "\n" for line in lines))
    result = detect(*words, path)
    assert result.returncode == code and told in result.stderr, result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_file_and_help():
    assert detect("--value", "x", "/nonexistent.csv").returncode == NOT_FOUND
    result = detect("--help")
    assert result.returncode == OK and "--warmup" in result.stdout
