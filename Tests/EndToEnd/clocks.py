"""A gateway whose system clock the test sets, while the machine's own stays as it is (`clock_shim.c`)."""

import pathlib
import struct
import subprocess
import time

DAY = 86_400_000
SHIM = pathlib.Path(__file__).with_name("clock_shim.c")


class FakeClock:
    """What the system's clock says, and whether a time server confirms it."""

    def __init__(self, directory):
        directory.mkdir(exist_ok=True)
        self.library = directory / "clock_shim.so"
        subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", self.library, SHIM], check=True)
        self.file = directory / "clock"
        self.ahead, self.passed, self.booted, self.confirmed = 0, 0, 0, False
        self.file.write_bytes(b"\0" * 24)

    def environment(self):
        return {"LD_PRELOAD": str(self.library), "CLOCK_FILE": str(self.file)}

    def set(self, ahead, confirmed=False):
        """The system's clock is wrong by so many milliseconds from now on."""
        self.ahead, self.confirmed = ahead, confirmed
        self._write()

    def pass_by(self, milliseconds):
        """So much time has passed, as if the machine had slept."""
        self.passed += milliseconds
        self._write()

    def boot(self):
        """The machine has been running for twenty seconds."""
        self.booted = 20_000 - self.passed - time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        self._write()

    def _write(self):
        # Read by another process at any moment: one write of 24 bytes into the page that both have mapped.
        with self.file.open("r+b") as file:
            file.write(struct.pack("<qqq", self.ahead + self.passed, self.passed + self.booted, self.confirmed))
