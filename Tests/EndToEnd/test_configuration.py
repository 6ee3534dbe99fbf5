"""A mistake in the configuration or in a profile is refused at start with its place and with advice."""

import json
import re
import socket
import subprocess

import profiles
import pytest
from conftest import DEADLINE_SECONDS, STEWARD


@pytest.fixture
def gateway(make):
    return make.gateway(start=False)


WRONG = {
    "unknown key": ('{\n  gateway: { id: "a" },\n  mqtt: { host: "x",\n    prot: 1883 },\n}', r":4:5:.*prot.*port"),
    "unknown section": ('{\n  gatway: { id: "a" },\n}', r":2:3:.*gatway.*gateway"),
    "wrong type": ('{\n  mqtt: { port: "1883" },\n}', r":2:17:.*port.*whole number"),
    "out of range": ('{\n  mqtt: { port: 99999 },\n}', r":2:17:.*port.*65535"),
    "a list for an object": ("{\n  mqtt: [],\n}", r":2:9:.*object.*list|array"),
    "no JSON": ("{\n  mqtt: { host: 'a' \n", r":\d+:\d+:"),
    "empty": ("", r":1:1:"),
    "twice": ('{\n  gateway: { id: "a" },\n  gateway: { id: "b" },\n}', r":3:3:.*gateway"),
    "a password": ('{\n  mqtt: { password: "secret" },\n}', r":2:\d+:.*passwordFile"),
    "open to the network without a token": ('{\n  http: { listen: "0.0.0.0:8420" },\n}', r":2:9:.*tokenFile"),
    "two mistakes at once": ('{\n  a: 1,\n  b: 2,\n}', r"(?s):2:3:.*:3:3:"),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistake_is_told_with_file_line_and_column(gateway, name):
    text, expected = WRONG[name]
    log = gateway.refusal(text)
    assert str(gateway.config_path) in log
    assert re.search(expected, log), log
    assert "secret" not in log.replace("passwordFile", "")


def test_missing_configuration(tmp_path):
    answer = subprocess.run([STEWARD, "run", "--config", tmp_path / "none.json"], capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    assert answer.returncode == 1
    assert "none.json" in answer.stderr and "No such file" in answer.stderr and "--config" in answer.stderr


@pytest.mark.parametrize(
    "key,value,says",
    [
        ("mqtt", {"passwordFile": "/none/password", "username": "u"}, "mqtt.passwordFile"),
        ("mqtt", {"tls": {"caFile": "/none/ca.pem"}}, "/none/ca.pem"),
        ("http", {"listen": "127.0.0.1:0", "tokenFile": "/none/token"}, "http.tokenFile"),
        ("orders", {"url": "http://127.0.0.1:1/", "secretFile": "/none/secret"}, "orders.secretFile"),
        ("tickets", {"url": "https://127.0.0.1:1/", "caFile": "/none/ca.pem"}, "/none/ca.pem"),
        ("profiles", ["/none"], "/none"),
        ("store", {"path": "/none/steward.db"}, "/none"),
    ])
def test_missing_file_is_named(gateway, key, value, says):
    gateway.config[key] = value
    log = gateway.refusal()
    assert says in log


def test_secret_that_is_no_secret(gateway, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("whsec_dGVzdA==\n")
    gateway.config["orders"] = {"url": "http://127.0.0.1:1/", "secretFile": str(secret)}
    log = gateway.refusal()
    assert "orders.secretFile" in log and "dGVzdA" not in log


def test_port_in_use_names_the_address(gateway):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        gateway.config["http"] = {"listen": f"127.0.0.1:{port}"}
        log = gateway.refusal()
    assert str(port) in log and "in use" in log.lower()


def test_two_profiles_that_match_one_topic(gateway, tmp_path):
    other = profiles.bench(profile="other")
    directory = profiles.write(tmp_path / "profiles", profiles.BENCH, other)
    gateway.config["profiles"] = [str(directory)]
    log = gateway.refusal()
    assert "other.json:5:16" in log and "bench" in log and "bench/{device}/telemetry" in log


def two_of_one_name(tmp_path, second):
    other = profiles.bench(messages=[{"topic": "elsewhere/{device}/telemetry"}], replies=profiles.BENCH["replies"])
    first = profiles.write(tmp_path / "a", profiles.BENCH)
    return first, profiles.write(tmp_path / second, other)


def test_two_profiles_of_one_name(gateway, tmp_path):
    first, _ = two_of_one_name(tmp_path, "a/inner")
    gateway.config["profiles"] = [str(first)]
    log = gateway.refusal()
    assert "bench.json" in log and "already" in log


def test_a_profile_of_a_later_entry_takes_the_place_of_one_of_its_name(tmp_path):
    first, second = two_of_one_name(tmp_path, "b")
    listed = subprocess.run(
        [STEWARD, "profile", "list", "--json", "--profiles", first, "--profiles", second], capture_output=True, text=True, timeout=60)
    assert [profile["topics"] for profile in json.loads(listed.stdout)["profiles"]] == [["elsewhere/{device}/telemetry"]]


PROFILE_MISTAKES = {
    "unknown key": ('"metrics"', '"metrisc"', "metrics"),
    "wrong type": ('"deadlineSeconds": 1', '"deadlineSeconds": "1"', "number"),
    "unknown playbook": ('"playbook": "clear"', '"playbook": "claer"', "clear"),
    "unknown kind": ('"kind": "gauge"', '"kind": "guage"', "gauge"),
    "wildcard in a command": ('bench/{device}/commands/restart', "bench/{device}/#", "wildcard"),
    "topic without a device": ('bench/{device}/telemetry', "bench/x/telemetry", "device"),
    "pointer without a slash": ('"/temp"', '"temp"', "/"),
}


@pytest.mark.parametrize("name", PROFILE_MISTAKES)
def test_mistake_in_a_profile_is_told_with_its_place(gateway, tmp_path, name):
    old, new, says = PROFILE_MISTAKES[name]
    directory = profiles.write(tmp_path / "profiles", profiles.BENCH)
    file = directory / "bench.json"
    file.write_text(json.dumps(profiles.BENCH, indent=2).replace(old, new, 1))
    gateway.config["profiles"] = [str(directory)]
    log = gateway.refusal()
    assert re.search(re.escape(str(file)) + r":\d+:\d+: ", log), log
    assert says in log
