#!/usr/bin/env python3
"""Coverage-guided fuzzing (libFuzzer) of what reads bytes of strangers and bytes of the store.

    python Tests/Fuzz/fuzz.py --seconds 3600 [--reader zone] [--seed 7] [--corpus DIR]

Each reader runs so long. An input that breaks one is named, with the command that repeats it. The readers' modules are built here by the
compiler alone, because the instrumentation has to be in them and in nothing else.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
READERS = ["message", "profile", "sparkplug", "snapshot", "zone", "time", "chunk"]
# Whole snapshots, which a checksum guards. Not in the short form: bytes that no program wrote still break promises there.
LONG_READERS = [*READERS, "core"]
MODULES = ["CivilCalendar", "Documents", "Hashing", "SampleCodec", "Sparkplug", "Telemetry", "FaultDetection", "ConsumableForecast", "RemoteSupport",
           "Replenishment", "ServiceValue", "GatewayCore"]
CLANG_MODULES = ["CCrypto", "CSimdjson", "CZlib"]


def build(into):
    """The program, with the coverage of all readers and the address sanitizer in it."""
    into.mkdir(parents=True, exist_ok=True)
    shim = into / "csimdjson.o"
    run("clang++", "-std=c++17", "-O2", "-c", ROOT / "Sources/CSimdjson/csimdjson.cpp", "-I", ROOT / "Sources/CSimdjson/include", "-o", shim)
    maps = []
    for module in CLANG_MODULES:
        include = ROOT / "Sources" / module / "include"
        if include.exists():
            maps += ["-Xcc", "-fmodule-map-file=" + str(module_map(into, module, include)), "-I", include]
        else:
            maps += ["-Xcc", f"-fmodule-map-file={ROOT / 'Sources' / module / 'module.modulemap'}"]
    swift = ["swiftc", "-O", "-wmo", "-parse-as-library", "-swift-version", "6", "-package-name", "steward", "-sanitize=fuzzer,address", "-I", into, *maps]
    objects = [shim]
    for module in MODULES:
        objects.append(into / f"{module}.o")
        run(*swift, "-module-name", module, "-emit-module-path", into / f"{module}.swiftmodule", "-emit-object", "-o", objects[-1],
            *sorted((ROOT / "Sources" / module).rglob("*.swift")))
    program = into / "readers"
    run(*swift, "-module-name", "readers", ROOT / "Tests/Fuzz/readers.swift", *objects, "-lsimdjson", "-lcrypto", "-lz", "-lstdc++", "-o", program)
    return program


def module_map(into, module, include):
    file = into / f"{module}.modulemap"
    headers = "".join(f'    header "{header}"\n' for header in sorted(include.glob("*.h")))
    file.write_text(f"module {module} {{\n{headers}    export *\n}}\n")
    return file


def run(*words):
    result = subprocess.run(list(map(str, words)), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600)
    assert result.returncode == 0, " ".join(map(str, words[:4])) + "\n" + result.stdout[-2000:] + result.stderr[-4000:]


def seeds(reader, into):
    """Inputs to begin with: what is valid. libFuzzer finds the rest."""
    into.mkdir(parents=True, exist_ok=True)
    found = []
    if reader == "message":
        found = [
            b'\0{"ts":1700000000123,"status":"busy","pages":12,"supplies":{"black":43,"cyan":null,"waste":-3},"errors":["jam"],"temp":182.5}',
            b'\0{"print":{"ams":[{"id":"0","temp":"26.2 C"}]},"supplies":{"black":"43 %"},"x":1e3}', b"\x0121.5", b"\x021700000000,1.5,7\n1700000001,2,8\n",
        ]
    elif reader == "profile":
        found = [file.read_bytes() for file in sorted((ROOT / "DeviceProfiles").glob("*/*.json"))]
    elif reader == "zone":
        zones = pathlib.Path("/usr/share/zoneinfo")
        names = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca", "Australia/Lord_Howe"]
        found = [(zones / name).read_bytes() for name in names if (zones / name).exists()]
    elif reader == "time":
        found = [b"2026-11-21T22:04:05.123+01:00", b"Sat, 21 Nov 2026 22:04:05 GMT", b"1795298645.123", b"20261121T220405Z"]
    elif reader == "sparkplug":
        metric = bytes([0x0A, 1, 0x61, 0x10, 1, 0x20, 3, 0x50, 7])
        birth = bytes([0x08, 1, 0x12, len(metric)]) + metric + bytes([0x18, 0])
        data = bytes([0x08, 2, 0x12, 4, 0x10, 1, 0x50, 9, 0x18, 1])
        # An instance of a template with a member and a quality, then null; the same packed.
        member = bytes([0x12, 11, 0x0A, 1, 0x62, 0x20, 3, 0x50, 7, 0x10, 2, 0x30, 0])
        quality = bytes([0x4A, 15, 0x0A, 7]) + b"Quality" + bytes([0x12, 4, 0x08, 3, 0x18, 0])
        instance = bytes([0x0A, 1, 0x54, 0x10, 3, 0x20, 19, 0x92, 1, len(member)]) + member + quality
        template = bytes([0x08, 1, 0x12, len(instance)]) + instance + bytes([0x18, 0])
        null = bytes([0x08, 2, 0x12, 4, 0x10, 3, 0x38, 1, 0x18, 1])
        found = [
            b"".join(bytes([kind, len(payload), 0]) + payload for kind, payload in messages)
            for messages in [
                [(0, birth), (4, birth), (2, data), (6, data)],
                [(0, template), (2, null), (0x80, template), (0x82, null)],
            ]
        ]
    elif reader == "chunk":
        found = [bytes([2, 0]) + bytes(range(40))]
    elif reader == "snapshot":
        found = [bytes([0, 1]) + bytes(60), bytes([1, 2]) + bytes(1200)]
    elif reader == "core":
        for name in ["line", "desk"]:
            parts = (ROOT / f"Tests/GatewayCoreTests/Golden/{name}-7.snapshot").read_bytes()
            # Without what is as long as its table, which says nothing here.
            found.append(without(parts, b"refusedNames"))
    for number, content in enumerate(found):
        (into / f"seed-{number}").write_bytes(content)


def without(parts, name):
    """The parts of a snapshot but for those of that name: each is a counted name, a version of two bytes and counted content."""
    kept, at = b"", 0
    while at < len(parts):
        length = int.from_bytes(parts[at:at + 4], "little")
        content = at + 4 + length + 2
        end = content + 4 + int.from_bytes(parts[content:content + 4], "little")
        kept += b"" if parts[at + 4:at + 4 + length] == name else parts[at:end]
        at = end
    return kept


def fuzz(program, reader, seconds, seed, corpus):
    """None, or what broke the reader."""
    seeds(reader, corpus / reader)
    artifacts = corpus / f"{reader}-"
    words = [program, f"-max_total_time={seconds}", f"-seed={seed}", "-max_len=16384", "-rss_limit_mb=1024", "-timeout=10", "-print_final_stats=1",
             f"-artifact_prefix={artifacts}", corpus / reader]
    environment = {**os.environ, "STEWARD_FUZZ_READER": reader, "ASAN_OPTIONS": "detect_leaks=0", "SWIFT_BACKTRACE": "enable=no"}
    result = subprocess.run(list(map(str, words)), env=environment, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
                            timeout=seconds + 120)
    executed = [line for line in result.stderr.splitlines() if "number_of_executed_units" in line]
    print(f"{reader}: seed {seed}, {executed[-1].split()[-1] if executed else '?'} inputs, {len(list((corpus / reader).iterdir()))} kept", flush=True)
    if result.returncode == 0:
        assert executed and int(executed[-1].split()[-1]) > 100, result.stderr[-2000:]
        return None
    return f"{reader} broke; repeat with STEWARD_FUZZ_READER={reader} {program} {artifacts}…\n{result.stderr[-6000:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each reader")
    parser.add_argument("--reader", choices=LONG_READERS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=pathlib.Path, help="where what was found is kept and read again")
    options = parser.parse_args()
    if not shutil.which("swiftc"):
        sys.exit("there is no swiftc on this machine")
    corpus = options.corpus or pathlib.Path(tempfile.mkdtemp(prefix="steward-fuzz-"))
    program = build(ROOT / ".build/fuzz")
    broken = [fuzz(program, reader, options.seconds, options.seed, corpus) for reader in LONG_READERS if options.reader in (None, reader)]
    for text in filter(None, broken):
        print(text)
    print(f"corpus: {corpus}")
    sys.exit(1 if any(broken) else 0)


if __name__ == "__main__":
    main()
