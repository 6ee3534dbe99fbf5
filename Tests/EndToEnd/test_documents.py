"""The pages say what the program does: examples are accepted, and no key of a reader is left out of its page.

A fence tells what its text is by its info string: `json5 profile`, `json5 config`, `ndjson replay`, `conf bridge`.
The program is named by the environment variable STEWARD. This file needs no conftest.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEWARD = pathlib.Path(os.environ.get("STEWARD", ROOT / ".build/release/steward")).resolve()
MOSQUITTO = next((p for p in ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto") if os.access(p, os.X_OK)), None)
PROFILE_PAGE = ROOT / "DeviceProfiles/reference.md"
TUTORIAL = ROOT / "DeviceProfiles/tutorial.md"
OPERATIONS_PAGE = ROOT / "deploy/README.md"
PAGES = [TUTORIAL, PROFILE_PAGE, OPERATIONS_PAGE, *sorted((ROOT / "DeviceProfiles").glob("*/README.md"))]
RULES = ROOT / "deploy/prometheus-rules.yml"
METRICS_SOURCE = ROOT / "Sources/Gateway/API/MetricsPage.swift"


def fences(info):
    """(id, text) of every fence with this info string, on all pages."""
    found = []
    for page in PAGES:
        text = page.read_text()
        for match in re.finditer(r"^```([^\n]*)\n(.*?)^```$", text, re.M | re.S):
            if match.group(1).strip() == info:
                line = text[: match.start()].count("\n") + 1
                found.append(pytest.param(match.group(2), id=f"{page.relative_to(ROOT)}:{line}"))
    return found


def steward(*arguments, **options):
    assert STEWARD.exists(), f"there is no program at {STEWARD}: build it, or name it by STEWARD"
    return subprocess.run([STEWARD, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


def check_configuration(text, directory):
    """`run --check`, with the profiles of this tree in place of those of an installed gateway."""
    changed, count = re.subn(r"profiles: \[[^\]]*\]", f'profiles: ["{ROOT / "DeviceProfiles"}"]', text)
    assert count == 1, "the example names its profiles once"
    file = directory / "steward.json"
    file.write_text(changed)
    return steward("run", "--check", "--config", file)


def keys_of(source):
    """The keys that a Swift file asks an ObjectReader for."""
    calls = r"(?:string|requiredString|number|integer|bool|strings|choice|object|named|members|list|required|optional)"
    keys = set(re.findall(rf"\.{calls}\(\s*\"(\w+)\"", source))
    keys |= set(re.findall(r"(?:path|seconds|supplier)\(\w+, \"(\w+)\"", source))
    # Asked for only to be refused with advice.
    return keys - {"password"}


def test_there_is_something_to_test():
    assert len(fences("json5 profile")) >= 1
    assert len(fences("json5 config")) >= 1
    assert len(fences("ndjson replay")) >= 3
    assert len(fences("conf bridge")) >= 1


@pytest.mark.parametrize("text", fences("json5 profile"))
def test_example_profile_is_accepted(text, tmp_path):
    (tmp_path / "example.json").write_text(text)
    result = steward("replay", "--profiles", tmp_path, "-", input="")
    assert result.returncode == 0, result.stderr


def assert_accepted(result):
    """Every key and value is taken. The secrets and certificates that an example names are looked for last, and are not on this machine."""
    assert result.returncode == 0 or result.stderr.rstrip().endswith("(No such file or directory)"), result.stderr


@pytest.mark.parametrize("text", fences("json5 config"))
def test_example_configuration_is_accepted(text, tmp_path):
    assert_accepted(check_configuration(text, tmp_path))


# Nothing is ordered for a plug or a sensor, and none of their profiles switches anything by itself.
PAGES_WITHOUT_ORDERS = {f"DeviceProfiles/{name}/README.md" for name in ("tasmota", "shelly", "zigbee2mqtt", "sparkplug", "octoprint", "moonraker", "thingsboard", "aws-iot", "esphome", "prusa", "duet", "home-connect", "zebra", "io-link")}
# A printer that is only asked by SNMP takes no commands.
PAGES_WITHOUT_COMMANDS = {"DeviceProfiles/office-printer/README.md"}


def page_of(fence):
    return fence.id.rsplit(":", 1)[0]


@pytest.mark.parametrize(
    ("text", "page"), [pytest.param(p.values[0], page_of(p), id=p.id) for p in fences("ndjson replay")]
)
def test_example_recording_decides_something(text, page, tmp_path):
    profiles = tmp_path / "profiles"
    shutil.copytree(ROOT / "DeviceProfiles", profiles)
    for index, example in enumerate(fences("json5 profile")):
        (profiles / f"example-{index}.json").write_text(example.values[0])
    result = steward("replay", "--profiles", profiles, "-", input=text)
    assert result.returncode == 0, result.stderr
    assert " 0 dead letters, 0 unreadable lines" in result.stderr
    kinds = {json.loads(line)["kind"] for line in result.stdout.splitlines()}
    expected = {"alarm.raised"} if page in PAGES_WITHOUT_ORDERS else {"order", "alarm.raised", "command"}
    assert expected - ({"command"} if page in PAGES_WITHOUT_COMMANDS else set()) <= kinds


@pytest.mark.parametrize(
    ("text", "page"), [pytest.param(p.values[0], page_of(p), id=p.id) for p in fences("text") if p.values[0].startswith('{"time"')]
)
def test_shown_decisions_are_those_of_the_program(text, page, tmp_path):
    shown = [line for line in text.splitlines() if line]
    recording = next(p.values[0] for p in fences("ndjson replay") if page_of(p) == page)
    # The page of the language brings its profile with it; the others show a shipped one.
    folder = (ROOT / page).parent
    is_shipped = (folder / f"{folder.name}.json").exists()
    own = [] if is_shipped else [p.values[0] for p in fences("json5 profile") if page_of(p) == page]
    profiles = tmp_path if own else ROOT / "DeviceProfiles"
    if own:
        (tmp_path / "shown.json").write_text(own[0])
    process = steward("replay", "--profiles", profiles, "-", input=recording)
    assert process.stdout.splitlines()[: len(shown)] == shown


@pytest.mark.parametrize(
    ("source", "page"),
    [
        ("Sources/Telemetry/Profile/ProfileReader*.swift", PROFILE_PAGE),
        ("Sources/Gateway/Configuration/ConfigurationReader*.swift", OPERATIONS_PAGE),
    ],
)
def test_every_key_stands_on_the_page(source, page):
    keys = keys_of("".join(file.read_text() for file in sorted(ROOT.glob(source))))
    assert len(keys) > 25, "the reader's calls are no longer recognised by this test"
    text = page.read_text()
    in_code = {word for code in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"\w+", code)}
    assert sorted(keys - in_code) == []


def test_configuration_page_shows_every_key_in_its_example():
    keys = keys_of((ROOT / "Sources/Gateway/Configuration/ConfigurationReader.swift").read_text())
    example = fences("json5 config")[0].values[0]
    assert sorted(keys - set(re.findall(r"(\w+):", example))) == []


def test_the_shipped_configuration_is_accepted(tmp_path):
    assert_accepted(check_configuration((ROOT / "deploy/steward.json").read_text(), tmp_path))


def accepts_connections(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def broker(configuration, port, directory):
    """Starts mosquitto; whether it came to listen, and its log. It is ended by its process id."""
    file = directory / "mosquitto.conf"
    file.write_text(configuration)
    log = directory / "log"
    with log.open("w") as out:
        process = subprocess.Popen([MOSQUITTO, "-c", file], stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 20
        while process.poll() is None and not accepts_connections(port) and time.monotonic() < deadline:
            time.sleep(0.02)
        return process.poll() is None and accepts_connections(port), log.read_text()
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def broker_directory(tmp_path):
    """As root mosquitto becomes another user, which must be able to read and write there."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="steward-documents-"))
    directory.chmod(0o777)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_the_shipped_broker_configuration_runs(broker_directory):
    text = (ROOT / "deploy/mosquitto.conf").read_text()
    assert "listener 1883 127.0.0.1" in text
    port = free_port()
    text = text.replace("listener 1883 127.0.0.1", f"listener {port} 127.0.0.1")
    for path in ("/etc/mosquitto", "/var/lib/mosquitto", "/run/mosquitto"):
        text = text.replace(path, str(broker_directory))
    (broker_directory / "steward.passwd").write_text("")
    shutil.copy(ROOT / "deploy/mosquitto.acl", broker_directory / "steward.acl")
    listens, log = broker(text, port, broker_directory)
    assert listens and "Error" not in log and "Warning" not in log, log


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
@pytest.mark.parametrize("text", fences("conf bridge"))
def test_example_bridge_is_read_by_the_broker(text, broker_directory):
    authority = broker_directory / "ca.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-keyout", "/dev/null", "-out", authority],
        check=True, capture_output=True)
    authority.chmod(0o644)
    # Nothing outside this machine is called: the printer's address becomes a port on which nothing listens.
    text, count = re.subn(r"(?m)^address .*$", f"address 127.0.0.1:{free_port()}", text)
    assert count == 1
    text = re.sub(r"(?m)^bridge_cafile .*$", f"bridge_cafile {authority}", text)
    port = free_port()
    listens, log = broker(f"listener {port} 127.0.0.1\nallow_anonymous true\n{text}", port, broker_directory)
    assert listens and "Connecting bridge" in log, log


def test_rules_name_metrics_that_there_are():
    known = set(re.findall(r"\"(steward_\w+)\"", METRICS_SOURCE.read_text()))
    rules = RULES.read_text()
    used = set(re.findall(r"steward_\w+", " ".join(re.findall(r"expr: (.*)", rules))))
    assert len(used) > 8
    assert sorted(used - known) == []
    alerts = re.findall(r"alert: (\w+)", rules)
    assert len(alerts) == len(set(alerts)) == rules.count("expr:") == rules.count("summary:")
    page = OPERATIONS_PAGE.read_text()
    assert [alert for alert in alerts if f"`{alert}`" not in page] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_in_order(tmp_path):
    # systemd wants the program to be there; the one under test takes its place.
    text = (ROOT / "deploy/steward.service").read_text()
    assert "ExecStart=/usr/local/bin/steward " in text
    unit = tmp_path / "steward.service"
    unit.write_text(text.replace("/usr/local/bin/steward ", f"{STEWARD} "))
    result = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    complaints = [line for line in (result.stdout + result.stderr).splitlines() if "steward.service" in line]
    assert result.returncode == 0 and complaints == []


def promises():
    """The rows of "What is lost, and what stops": what they promise, and the tests that they name."""
    section = OPERATIONS_PAGE.read_text().split("### What is lost, and what stops, when …\n", 1)[1].split("\n### ", 1)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")][1:]
    return [pytest.param(re.findall(r"`(Tests/[^`]+)`", cells[-1]), id=cells[0].strip()) for cells in rows]


@pytest.mark.parametrize("tests", promises())
def test_every_promise_names_tests_that_there_are(tests):
    assert tests, "the row names no test"
    for test in tests:
        file, _, name = test.partition("::")
        assert (ROOT / file).exists(), f"{file} is not there"
        assert not name or f"def {name}(" in (ROOT / file).read_text(), f"{file} has no {name}"


def test_every_cited_page_and_file_is_there():
    """Comments and pages name other pages by their path from the top, from the page itself, or by their bare name."""
    missing = []
    files = [p for part in ("Sources", "Tests", "deploy", "DeviceProfiles", ".ci") for p in (ROOT / part).rglob("*") if p.is_file()]
    files += [p for p in ROOT.iterdir() if p.is_file()]
    names = {p.name for p in files}
    for file in files:
        if file.suffix not in (".swift", ".md", ".py", ".sh", ".json", ".h", ".yml", "") or file == pathlib.Path(__file__).resolve():
            continue
        text = file.read_text(errors="replace")
        for cited in re.findall(r"(?<![\w/.:-])((?:(?:Sources|Tests|deploy|DeviceProfiles)/[\w/+-]*)?[A-Z][A-Za-z]+\.md)\b", text):
            if not ((ROOT / cited).exists() or (file.parent / cited).exists() or ("/" not in cited and cited in names)):
                missing.append(f"{file.relative_to(ROOT)}: {cited}")
        if file.suffix == ".md":
            for cited in re.findall(r"`((?:Sources|Tests|deploy|DeviceProfiles)/[\w./+-]+)`", text):
                if not (ROOT / cited).exists() and not list(ROOT.glob(cited + "*")):
                    missing.append(f"{file.relative_to(ROOT)}: {cited}")
    assert missing == []


def test_every_decision_is_numbered_dated_and_in_the_list():
    folder = ROOT / "Sources/decisions"
    listed = re.findall(r"^\| \[(\d+)\]\(([\w-]+\.md)\) \| (.+) \| (\d{4}-\d\d-\d\d) \|$", (folder / "README.md").read_text(), re.M)
    assert [int(number) for number, *_ in listed] == list(range(1, len(listed) + 1))
    assert sorted(name for _, name, *_ in listed) == sorted(p.name for p in folder.glob("*.md") if p.name != "README.md")
    for number, name, title, date in listed:
        text = (folder / name).read_text()
        assert text.startswith(f"# {number}. {title}\n\nDate: {date}. Status: "), name
        assert name.startswith(f"{int(number):04}-") and "**Alternatives.** " in text, name
