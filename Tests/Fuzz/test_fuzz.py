"""The short form of the fuzzing campaign: two seconds for each reader, from valid inputs on."""

import shutil

import pytest

import fuzz

SEED = 20261130


@pytest.fixture(scope="session")
def program():
    if not shutil.which("swiftc"):
        pytest.skip("there is no swiftc on this machine")
    return fuzz.build(fuzz.ROOT / ".build/fuzz")


@pytest.mark.parametrize("reader", fuzz.READERS)
def test_no_bytes_break_the_reader(program, reader, tmp_path):
    broken = fuzz.fuzz(program, reader, seconds=2, seed=SEED, corpus=tmp_path)
    assert not broken, broken


def test_an_unknown_reader_is_told(program, tmp_path):
    """What breaks a promise ends the run, so that the inputs of libFuzzer are no decoration."""
    broken = fuzz.fuzz(program, "nothing", seconds=1, seed=SEED, corpus=tmp_path)
    assert broken and "broken: STEWARD_FUZZ_READER is" in broken
