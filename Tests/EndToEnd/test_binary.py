"""What the release program is made of: hardened as Debian's own are, without the hooks of tests and, once installed, without paths of the build."""

import subprocess

import pytest
from conftest import ROOT, STEWARD


def elf(*options):
    return subprocess.run(["readelf", "-W", *options, STEWARD], capture_output=True, text=True, check=True).stdout


def test_addresses_are_bound_at_start_and_then_read_only():
    assert "BIND_NOW" in elf("-d")
    assert "GNU_RELRO" in elf("-l")


def test_it_may_lie_anywhere_and_its_stack_is_not_executable():
    assert "Type:" in elf("-h") and "DYN" in elf("-h")
    [stack] = [line for line in elf("-l").splitlines() if "GNU_STACK" in line]
    assert " RW " in stack and "RWE" not in stack


def test_installed_program_tells_nothing_of_its_build(tmp_path):
    # As the README says it: `install -s` leaves symbols and debug information out.
    subprocess.run(["install", "-s", "-m", "755", STEWARD, tmp_path / "steward"], check=True)
    assert str(ROOT).encode() not in (tmp_path / "steward").read_bytes()
    assert subprocess.run([tmp_path / "steward", "--help"], capture_output=True).returncode == 0


@pytest.mark.parametrize("hook", ["STEWARD_KILL_AT", "STEWARD_CRASH_ON_TOPIC", "STEWARD_KILL_AT_DELIVERY"])
def test_release_build_has_no_hooks(make, hook):
    gateway = make.gateway(start=False)
    gateway.environment[hook] = "1"
    assert f"{hook} is set, and a release build has no hooks" in gateway.refusal()


def test_the_shipped_program_has_no_simulator(tmp_path):
    program = STEWARD.read_bytes()
    assert b"SimulatedFleet" not in program and b"SupplierSandbox" not in program
    subprocess.run(["install", "-s", "-m", "755", STEWARD, tmp_path / "steward"], check=True)
    for word in ("demo", "simulate", "bench"):
        result = subprocess.run([tmp_path / "steward", word], capture_output=True, text=True)
        assert result.returncode == 2 and "steward-tools" in result.stderr, result
