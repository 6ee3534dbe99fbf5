"""`steward profile`: check, list and test; and the schema that editors use says what the program says."""

import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEWARD = pathlib.Path(os.environ.get("STEWARD", ROOT / ".build/release/steward")).resolve()
PROFILES = ROOT / "DeviceProfiles"
SCHEMA = json.loads((PROFILES / "profile.schema.json").read_text())
PAGE = "".join((PROFILES / name).read_text() for name in ("tutorial.md", "reference.md"))
READER = "".join(file.read_text() for file in sorted((ROOT / "Sources/Telemetry/Profile").glob("ProfileReader*.swift")))
# A function on one line ends where it begins, and would hide the next one.
READER = re.sub(r"^    .*\bfunc .*\{ .* \}$", "", READER, flags=re.M)
OK, FAILED, USAGE, NOT_FOUND = range(4)

BASE = """{
  profile: "base",
  messages: [{ topic: "base/{device}" }],
  metrics: { temp: { pointer: "/temp", unit: "Cel" }, status: { pointer: "/status", kind: "state" } },
  supplies: { ink: { level: "/ink" }, toner: { level: "/toner" } },
  alerts: [{ pointer: "/errors" }],
}
"""
CHILD = """{
  profile: "child", extends: "base",
  messages: [{ topic: "child/{device}" }],
  faults: { hot: { raise: { metric: "temp", above: 80, unit: "Cel" } } },
}
"""
WRONG = """{
  profile: "wrong", extends: "bsae",
  messages: [{ topic: "base/{device}" }],
  metrics: { temp: { pointer: "temp", knd: "gauge" } },
}
"""


def steward(*words, **options):
    return subprocess.run([STEWARD, *map(str, words)], capture_output=True, text=True, timeout=60, **options)


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


# MARK: check


def test_every_mistake_of_every_file_in_one_run(write, tmp_path):
    base, child, wrong = write("a.json", BASE), write("b.json", CHILD), write("c.json", WRONG)
    assert steward("profile", "check", base, child).returncode == OK
    result = steward("profile", "check", tmp_path)
    assert (result.returncode, result.stderr) == (FAILED, "")
    expected = [
        rf"{wrong}:2:30: extends the profile \"bsae\", which is not loaded, did you mean \"base\"\?",
        rf"{wrong}:3:23: topic .* \({base}\) match the same messages; make one narrower",
        rf"{wrong}:4:31: pointer \"temp\": a pointer begins with /",
        rf"{wrong}:4:39: unknown key \"knd\" in a metric, did you mean \"kind\"\?",
    ]
    lines = result.stdout.splitlines()
    assert len(lines) == len(expected), result.stdout
    for line, pattern in zip(lines, expected):
        assert re.match(pattern, line), (pattern, line)
    answer = steward("profile", "check", "--json", tmp_path)
    document = json.loads(answer.stdout)
    assert answer.returncode == FAILED and document["files"] == 3
    assert [(p["line"], p["column"]) for p in document["problems"]] == [(2, 30), (3, 23), (4, 31), (4, 39)]
    assert document["profiles"] == ["base", "child"]


def test_a_profile_may_extend_one_of_another_directory(write):
    child = write("child.json", CHILD.replace('"base"', '"steward-native"').replace(', unit: "Cel"', "").replace("temp", "fuserTemp"))
    assert steward("profile", "check", child).returncode == FAILED
    result = steward("profile", "check", "--profiles", PROFILES, child)
    assert result.returncode == OK, result.stdout


def test_what_is_not_there_is_a_mistake_among_others(write, tmp_path):
    wrong = write("c.json", WRONG)
    result = steward("profile", "check", tmp_path / "none.json", wrong)
    assert result.returncode == FAILED
    assert "none.json:1:1: cannot be read" in result.stdout and "knd" in result.stdout
    (tmp_path / "empty").mkdir()
    assert "no profile (*.json) is in this directory" in steward("profile", "check", tmp_path / "empty").stdout


def test_the_shipped_profiles_are_in_order():
    result = steward("profile", "check", PROFILES)
    assert (result.returncode, result.stderr) == (OK, "")


# MARK: list


def test_list(write, tmp_path):
    write("a.json", BASE), write("b.json", CHILD)
    table = steward("profile", "list", "--profiles", tmp_path)
    assert table.returncode == OK and "child/{device}" in table.stdout
    answer = json.loads(steward("profile", "list", "--profiles", tmp_path, "--json").stdout)
    assert answer["profiles"][1] == {
        "profile": "child", "title": "child", "topics": ["child/{device}"], "metrics": 2, "supplies": 2, "faults": 1, "commands": 0,
        "file": str(tmp_path / "b.json")}
    assert steward("profile", "list", "--profiles", tmp_path / "none").returncode == FAILED


# MARK: test

PAYLOAD = {"temp": 81.5, "status": "on", "ink": 43, "toner": -2, "errors": ["jam"], "serial": {"a": 1, "b": [2]}}


def test_one_message(write, tmp_path):
    write("a.json", BASE), write("b.json", CHILD)
    payload = write("payload", json.dumps(PAYLOAD))
    words = ["profile", "test", "--profile", tmp_path, "--topic", "child/c1", "--time", "1750000000000"]
    (tmp_path / "payload").rename(tmp_path / "payload.txt")
    result = steward(*words, "--file", tmp_path / "payload.txt", "--json")
    assert (result.returncode, result.stderr) == (OK, ""), payload
    assert json.loads(result.stdout) == {
        "profile": "child",
        "devices": [{
            "device": "c1", "profile": "child", "equipmentState": "unknown", "time": 1750000000000,
            "readings": [{"metric": "temp", "kind": "gauge", "unit": "Cel", "value": 81.5}],
            "states": [{"metric": "status", "kind": "state", "value": "on"}],
            "supplies": [
                {"supply": "ink", "levelPercent": 43, "resolutionPercent": 1},
                {
                    "supply": "toner", "levelPercent": None, "unknown": "deviceDoesNotKnow",
                    "reason": "the device says that it does not know the level (-2)"}],
            "alarms": [
                {"condition": "hot", "severity": "major", "text": "hot"}, {"condition": "jam", "severity": "major", "text": "jam"}],
        }],
        "problems": [], "timeNotBelieved": False, "timeCorrected": False, "unused": ["/serial"],
    }
    people = steward(*words, input=json.dumps(PAYLOAD))
    assert people.returncode == OK
    for shown in ("c1", "81.5", "°C", "43 %", "unknown", "jam", "/serial"):
        assert shown in people.stdout, people.stdout


def test_retained_and_unreadable_and_foreign(write, tmp_path):
    write("a.json", BASE)
    words = ["profile", "test", "--profile", tmp_path, "--json", "--topic"]
    [device] = json.loads(steward(*words, "base/c1", "--retained", input=json.dumps(PAYLOAD)).stdout)["devices"]
    assert device["alarms"] == [] and "time" not in device and device["readings"][0]["value"] == 81.5
    broken = steward(*words, "base/c1", input="{")
    assert broken.returncode == FAILED
    answer = json.loads(broken.stdout)
    assert answer["unused"] is None and len(answer["problems"]) == 1
    foreign = steward(*words, "other/c1", input="{}")
    assert foreign.returncode == FAILED and "profile" not in json.loads(foreign.stdout)


@pytest.mark.parametrize(
    "words,code,says",
    [
        (["profile"], USAGE, "check"), (["profile", "chekc"], USAGE, 'did you mean "check"?'), (["profile", "check"], USAGE, "FILE"),
        (["profile", "test", "--topic", "a/b"], USAGE, "--profile"), (["profile", "test", "--profile", PROFILES], USAGE, "--topic"),
        (["profile", "test", "--profile", PROFILES, "--topic", "a/+"], USAGE, "no topic"),
        (["profile", "test", "--profile", PROFILES, "--topic", "a", "--file", "/none/x"], NOT_FOUND, "/none/x"),
    ])
def test_wrong_words(words, code, says):
    result = steward(*words)
    assert (result.returncode, result.stdout) == (code, "") and says in result.stderr, result.stderr


def test_help():
    assert "profile check" in steward("profile", "--help").stdout
    assert "FILE:LINE:COLUMN" in steward("profile", "check", "--help").stdout


# MARK: the schema

# Which object of the schema each function of the reader reads, or which objects, and through which variable.
OBJECTS = {
    ("profile", "reader"): "",
    ("message", "reader"): "message",
    ("timeRule", "reader"): "time",
    ("livenessRule", "reader"): "liveness",
    ("selection", "rule"): "full",
    ("enumeration", "reader"): "metric",
    ("reply", "reader"): "reply",
    ("metric", "reader"): "metric",
    ("unitPlace", "reader"): "metric",
    ("unknownValues", "reader"): "metric",
    ("withRows", "reader"): "metric",
    ("readUnitSources", "reader"): "metric",
    ("qualityRule", "reader"): "metric supply",
    ("qualityRule", "rule"): "quality",
    ("wordsRule", "rule"): "stateWhen",
    ("readBounds", "reader"): "metric",
    ("packing", "reader"): "metric",
    ("floatBits", "reader"): "metric",
    ("textPattern", "reader"): "metric",
    ("namePointers", "reader"): "message",
    ("supply", "reader"): "supply",
    ("unknownWhen", "reader"): "supply",
    ("unknownWhen", "when"): "unknownWhen",
    ("readOrdering", "reader"): "supply",
    ("readMeaning", "reader"): "supply",
    ("readMembers", "reader"): "supply",
    ("unknownLevels", "reader"): "supply",
    ("supplyValues", "reader"): "supply",
    ("leadTimeDays", "reader"): "supply",
    ("alertList", "reader"): "alertList",
    ("codeForm", "reader"): "alertList",
    ("severityPacking", "reader"): "alertList",
    ("event", "reader"): "alertEvent",
    ("hexNumber", "reader"): "hexNumber",
    ("hexPair", "pair"): "hexPair",
    ("alertList", "code"): "alertCode",
    ("alertSupply", "reader"): "alertSupply",
    ("supplyTarget", "reader"): "alertSupply",
    ("status", "reader"): "status",
    ("parsed", "reader"): "condition",
    ("comparison", "reader"): "condition",
    ("operand", "reader"): "operand",
    ("steps", "reader"): "severityStep",
    ("flappingRule", "reader"): "flapping",
    ("wearRule", "reader"): "remainingLife",
    ("parent", "reader"): "",
    ("status", "down"): "downWhen",
    ("fault", "reader"): "fault",
    ("command", "reader"): "command",
    ("playbook", "reader"): "playbook",
    ("playbook", "step"): "step",
}
NAMES = {name for names in OBJECTS.values() for name in names.split(" ")}
CALLS = "string|requiredString|number|integer|bool|strings|choice|object|named|members|list|required|optional"


def keys_by_object():
    """The keys that the reader asks for, by the object of the schema that they belong to."""
    found = {}
    for function, text in re.findall(r"(?:private )?func (\w+)\(.*?\n(.*?)\n    }\n", READER, re.S):
        asked = re.findall(rf"([\w.]+)\.(?:{CALLS})\(\s*\"([$\w]+)\"", text)
        # Helpers of the reader take a key, or know it.
        asked += re.findall(r"(?<!\.)\b(?:path|paths|seconds|number|operand)\((\w+), \"(\w+)\"", text)
        asked += [(reader, "topic") for reader in re.findall(r"\btopic\((\w+)", text)]
        for variable, key in asked:
            if function in ("path", "paths", "topic", "seconds", "number"):
                continue
            assert (function, variable) in OBJECTS, f"{function} reads {variable}.{key}: name its object in OBJECTS"
            for name in OBJECTS[function, variable].split(" "):
                found.setdefault(name, set()).add(key)
    return found


def definition(name):
    return SCHEMA["$defs"][name] if name else SCHEMA


def test_the_schema_has_the_keys_of_the_reader():
    found = keys_by_object()
    assert sum(map(len, found.values())) > 60 and set(found) == NAMES
    for name, keys in found.items():
        assert set(definition(name)["properties"]) == keys, name or "the profile"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_schema_is_closed_and_described(name):
    schema = definition(name)
    assert schema["additionalProperties"] is False
    for key, value in schema["properties"].items():
        assert value.get("description") or "$ref" in value, f"{name}.{key} has no description"


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def json_of(json5):
    """JSON of the part of JSON5 that profiles are written in: comments, trailing commas, bare keys, single quotes."""
    token = r'"(?:\\.|[^"\\])*"|' r"'(?:\\.|[^'\\])*'" r"|//[^\n]*|/\*.*?\*/|[A-Za-z_$][\w$]*(?=\s*:)|."

    def plain(match):
        text = match.group()
        if text.startswith(("//", "/*")):
            return ""
        if text[0] == "'":
            return json.dumps(text[1:-1].replace("\\'", "'"))
        return f'"{text}"' if re.match(r"[A-Za-z_$]", text) and text not in "truefalsenull" else text

    text = re.sub(token, plain, json5, flags=re.S)
    return json.loads(re.sub(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', lambda match: match.group(1) or "", text))


def shipped():
    return sorted(path for path in PROFILES.glob("*/*.json"))


def page_examples():
    return re.findall(r"^```json5 profile\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.name)
def test_shipped_profiles_are_valid(path):
    jsonschema.validate(json_of(path.read_text()), SCHEMA, jsonschema.Draft202012Validator)


def test_examples_are_valid():
    for text in [*page_examples(), BASE, CHILD]:
        jsonschema.validate(json_of(text), SCHEMA, jsonschema.Draft202012Validator)


def test_the_example_that_extends_the_page_s_own_profile(write, tmp_path):
    [heir] = re.findall(r"^```json5\n(\{\n  profile: .*?)^```$", PAGE, re.M | re.S)
    write("a.json", page_examples()[0]), write("b.json", heir)
    result = steward("profile", "check", tmp_path)
    assert result.returncode == OK, result.stdout
    jsonschema.validate(json_of(heir), SCHEMA, jsonschema.Draft202012Validator)


def test_the_page_s_overlay_fits_the_page_s_own_profile(write, tmp_path):
    [overlay] = re.findall(r"^```json5\n(\{\n  overlay: .*?)^```$", PAGE, re.M | re.S)
    write("a.json", page_examples()[0]), write("b.json", overlay)
    result = steward("profile", "check", tmp_path)
    # Its "was" names all that it replaces, so nothing is warned of.
    assert (result.returncode, result.stdout) == (OK, "1 profile is in order\n")
    (tmp_path / "a.json").write_text(page_examples()[0].replace("above: 65", "above: 63"))
    result = steward("profile", "check", "--strict", tmp_path)
    assert result.returncode == FAILED and "faults.head-hot.raise.above of \"label-printer\" is 63 now" in result.stdout


def test_warnings_are_told_and_fail_only_a_strict_check(write, tmp_path):
    faulty = BASE.replace('kind: "state" }', 'kind: "state", states: ["on", "off"] }').replace(
        "  alerts:", '  status: { metric: "status", productive: ["On"] },\n  alerts:'
    )
    file = write("a.json", faulty)
    result = steward("profile", "check", file)
    assert result.returncode == OK
    assert re.fullmatch(rf'{file}:6:\d+: warning: the status rule .* did you mean "on"\?\n1 profile is in order, with warnings\n', result.stdout)
    document = json.loads(steward("profile", "check", "--json", file).stdout)
    assert document["problems"] == [] and [warning["line"] for warning in document["warnings"]] == [6]
    assert steward("profile", "check", "--strict", file).returncode == FAILED


@pytest.mark.parametrize("unit, corrected", [("nanoseconds", False), ("milliseconds", True)])
def test_a_time_in_nanoseconds_is_no_time_that_is_not_believed(write, unit, corrected):
    profile = write(
        "p.json",
        f"{{ profile: 'p', messages: [{{ topic: 'p/{{device}}', time: {{ pointer: '/at', unit: '{unit}' }} }}], metrics: {{ t: {{ pointer: '/t' }} }} }}",
    )
    payload = write("m.json", '{"at": 1790000000123456789, "t": 4}')
    words = ["profile", "test", "--profile", profile, "--topic", "p/d", "--file", payload, "--time", "2026-09-21T14:13:30Z"]
    document = json.loads(steward(*words, "--json").stdout)
    assert document["devices"][0]["time"] == 1790000000123
    assert (document["timeNotBelieved"], document["timeCorrected"]) == (False, corrected)
    assert ("was corrected" in steward(*words).stdout) == corrected


WRONG_PROFILES = {
    "unknown key": {"colour": 1},
    "kind": {"metrics": {"x": {"pointer": "/x", "kind": "guage"}}},
    "pointer": {"metrics": {"x": {"pointer": "x"}}},
    "no pointer": {"metrics": {"x": {}}},
    "topic": {"messages": [{"topic": "a/b"}]},
    "two comparisons": {"faults": {"f": {"raise": {"metric": "m", "above": 1, "below": 0}}}},
    "no comparison": {"faults": {"f": {"raise": {"metric": "m"}}}},
    "severity": {"alerts": [{"pointer": "/e", "severity": "bad"}]},
    "capacity": {"supplies": {"s": {"level": "/s", "capacity": 0}}},
    "capacity pointer": {"supplies": {"s": {"level": "/s", "capacity": "full"}}},
    "values": {"supplies": {"s": {"level": "/s", "values": {"low": "lots"}}}},
    "step": {"supplies": {"s": {"level": "/s", "step": 0}}},
    "unit": {"supplies": {"s": {"level": "/s", "unit": "gramms"}}},
    "no place": {"supplies": {"s": {"level": []}}},
    "alert code": {"alerts": [{"pointer": "/e", "code": "plain"}]},
    "floor": {"supplies": {"s": {"level": "/s", "floorPercent": 101}}},
    "seconds": {"gapSeconds": -1},
    "no command": {"playbooks": {"p": {"steps": []}}},
    "status": {"status": {"productive": []}},
    "name": {"profile": "my printer"},
}


@pytest.mark.parametrize("name", WRONG_PROFILES)
def test_what_the_program_refuses_the_schema_refuses(name, write):
    profile = {"profile": "p", "messages": [{"topic": "p/{device}"}], **WRONG_PROFILES[name]}
    assert steward("profile", "check", write("p.json", json.dumps(profile))).returncode == FAILED
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(profile, SCHEMA, jsonschema.Draft202012Validator)
