"""Who may change something: whoever holds the operator's token, which is made at the first start."""

import os
import stat
import subprocess

import pytest
from conftest import STEWARD, wait_for

WRITES = {
    "orders": {"device": "d", "supply": "black", "by": "Eve"},
    "stock": {"item": "toner", "add": 1, "by": "Eve"},
    "maintenance": {"all": True, "by": "Eve"},
    "surveys": {"id": "s", "question": "ces", "values": [1]},
    "orders/or-1/updates": {"state": "delivered"},
    "orders/or-1/approval": {"by": "Eve"},
    "orders/or-1/rejection": {"by": "Eve"},
    "orders/or-1/cancellation": {"by": "Eve"},
    "alarms/al-1/acknowledgement": {"by": "Eve"},
    "alarms/al-1/shelving": {"by": "Eve", "reason": "x", "forSeconds": 60},
    "alarms/al-1/unshelving": {"by": "Eve"},
    "alarms/al-1/reset": {"by": "Eve"},
    "tickets/ti-1/closure": {"by": "Eve"},
    "maintenance/mw-1/end": {"by": "Eve"},
    "damage/da-1/acknowledgement": {"by": "Eve"},
    "devices/d/removal": {"by": "Eve"},
    "deadletters/replay": {"all": True},
    "profiles/reload": {},
}
NOBODY = {"Authorization": ""}
WRONG = {"Authorization": "Bearer 0123456789abcdef"}


@pytest.fixture
def gateway(make):
    return make.gateway(connected=False)


def test_every_write_and_every_costly_question_needs_it(gateway):
    for path, body in WRITES.items():
        for headers in (NOBODY, WRONG):
            status, kind, answer = gateway.request("/api/v1/" + path, body, headers)
            assert (status, kind) == (401, "application/problem+json"), path
    for path in ("digest", "devices?limit=1001", "alarms?limit=1001", "journal?limit=1001", "deadletters?limit=101"):
        assert gateway.request("/api/v1/" + path, headers=NOBODY)[0] == 401, path
        assert gateway.request("/api/v1/" + path)[0] == 200, path
    for path in ("status", "devices", "alarms", "orders", "stock"):
        assert gateway.request("/api/v1/" + path, headers=NOBODY)[0] == 200, path
    assert gateway.api("stock")["stock"] == []
    assert gateway.post("stock", WRITES["stock"]) == 202
    assert gateway.metric("steward_profile_reloads_total") == 0


def test_it_is_for_its_owner_alone_and_stays(make, broker):
    old = os.umask(0)
    try:
        gateway = make.gateway(broker)
    finally:
        os.umask(old)
    token = gateway.token_file.read_text()
    assert stat.S_IMODE(gateway.token_file.stat().st_mode) == 0o600
    assert len(token.strip()) == 64
    assert token.strip() not in gateway.log()
    gateway.restart()
    assert gateway.token_file.read_text() == token
    other = make.gateway(broker, mqtt={"clientId": "other"})
    assert other.token_file.read_text() != token
    gateway.token_file.unlink()
    gateway.restart()
    assert gateway.token_file.read_text() != token


def test_with_a_token_of_the_configuration_reading_needs_it_too(make, tmp_path):
    file = tmp_path / "token"
    file.write_text("a-token-of-the-test\n")
    file.chmod(0o600)
    gateway = make.gateway(connected=False, http={"tokenFile": str(file)})
    assert not (gateway.directory / "operator.token").exists()
    assert gateway.request("/api/v1/status", headers=NOBODY)[0] == 401
    assert gateway.request("/healthz", headers=NOBODY)[0] == 200
    assert gateway.post("stock", WRITES["stock"]) == 202


BAD = {
    "written by everybody": (lambda file: file.chmod(0o602), "chmod o-w"),
    "written by a foreign group": (lambda file: (os.chown(file, 0, 65534), file.chmod(0o620)), "chmod g-w"),
    "of another user": (lambda file: os.chown(file, 65534, 0), "belongs to user 65534"),
    "empty": (lambda file: file.write_text(""), "empty"),
    "short": (lambda file: file.write_text("short\n"), "operator's token"),
    "a pipe": (lambda file: (file.unlink(), os.mkfifo(file, 0o600)), "no regular file"),
    "a directory": (lambda file: (file.unlink(), file.mkdir()), "no regular file"),
}


@pytest.mark.skipif(os.geteuid() != 0, reason="files of other users are made by root only")
@pytest.mark.parametrize("spoil,says", BAD.values(), ids=BAD.keys())
def test_a_token_that_others_may_have_chosen_is_refused(make, gateway, spoil, says):
    assert gateway.stop() == 0
    spoil(gateway.token_file)
    log = gateway.refusal()
    assert "operator.token" in log and says in log


@pytest.mark.parametrize("key", ["mqtt", "http"])
def test_the_same_goes_for_every_secret(make, tmp_path, key):
    file = tmp_path / "secret"
    file.write_text("a-secret-of-the-test\n")
    file.chmod(0o666)
    overrides = {"mqtt": {"username": "u", "passwordFile": str(file)}} if key == "mqtt" else {"http": {"listen": "127.0.0.1:0", "tokenFile": str(file)}}
    log = make.gateway(start=False, **overrides).refusal()
    assert str(file) in log and "chmod o-w" in log
    file.chmod(0o604)
    gateway = make.gateway(start=False, **overrides)
    gateway.start(connected=False)
    assert "everybody on this machine can read a secret" in gateway.log()


def test_the_command_line_says_what_to_do(gateway, tmp_path):
    words = ["stock", "add", "toner", "1", "--by", "Ann"]
    environment = {**os.environ, "STEWARD_TOKEN_FILE": str(gateway.token_file)}
    assert gateway.cli(*words).returncode == 0
    found = subprocess.run([STEWARD, *words, "--url", gateway.url], capture_output=True, text=True, env=environment)
    assert found.returncode == 0, found.stderr
    empty = tmp_path / "empty"
    empty.write_text("another-token-of-the-test\n")
    refused = subprocess.run(
        [STEWARD, *words, "--url", gateway.url, "--token-file", str(empty)], capture_output=True, text=True)
    assert refused.returncode == 1 and "--token-file" in refused.stderr
    wait_for(lambda: gateway.api("stock")["stock"][0]["units"] == 2, "the stock")
