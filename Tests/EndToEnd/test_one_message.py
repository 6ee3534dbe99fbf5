"""One message, whatever is in it, costs a bounded amount of memory, becomes at most one dead letter, and stops nobody else.

The memory is what the kernel counts of the real program (VmHWM), with the limits as shipped.
"""

import json
import pathlib
import re

import pytest
from conftest import now_ms
from profiles import write
from test_sparkplug import INT64, counted, metric, payload

LIMIT_MIB = 64
NASTY = {
    "profile": "nasty",
    "messages": [
        {"topic": "nasty/rows", "each": "/rows/{row}", "device": "/id", "time": {"pointer": "/ts"}},
        {"topic": "nasty/map", "each": "/{device}"},
        {"topic": "nasty/{device}/one"},
        {"topic": "nasty/{device}/list", "each": "/{row}"},
        {"topic": "nasty/{device}/csv", "format": "csv", "columns": ["column" * 10, "b"]},
        {"topic": "nasty/{device}/text", "format": "text"},
    ],
    "metrics": {"{name}": {"pointer": "/{name}"}, "deep.{a}.{b}": {"pointer": "/deep/{a}/{b}"}},
    "supplies": {"{slot}": {"level": "/supplies/{slot}"}},
    "alerts": [{"pointer": "/errors", "severity": "major"}],
}
SPARKPLUG = {
    "profile": "edge",
    "messages": [{"format": "sparkplug", "topic": "spBv1.0/+/+/+"}, {"format": "sparkplug", "topic": "spBv1.0/+/+/+/+"}],
    "metrics": {"{name}": {"pointer": "/{name}"}},
}
MEGABYTE = 1 << 20


def fill(head, item, tail, size=MEGABYTE - 64):
    """As many items as fit, each made of its number."""
    out, length, number = [head], len(head) + len(tail), 0
    while True:
        text = ("," if number else "") + item(number)
        length += len(text)
        if length > size:
            return ("".join(out) + tail).encode()
        out.append(text)
        number += 1


def values(count, size):
    return "{" + ",".join(f'"n{number}":{number}' for number in range(count)) + "}" + " " * size


MESSAGES = {
    "429 KiB of parts that all fail": ("nasty/rows", fill('{"rows":[', lambda n: '{"id":"+","a":1}', "]}", 429 << 10)),
    "parts that share a name of 400 KB": ("nasty/rows", fill('{"id":"' + "x" * 400_000 + '","rows":[', lambda n: '{"a":1}', "]}")),
    "a wide object before many parts": (
        "nasty/rows", fill('{"rows":[' + ",".join(['{"a":1}'] * 9000) + '],', lambda n: f'"k{n}":1', ',"id":"wide"}')),
    "devices": ("nasty/rows", fill('{"rows":[', lambda n: f'{{"id":"d{n}","a":1}}', "]}")),
    "devices with names": ("nasty/map", fill("{", lambda n: f'"e{n}":{{"a{n}":1,"b{n}":2}}', "}")),
    "names": ("nasty/names/one", fill("{", lambda n: f'"n{n}":1', "}")),
    "one name": ("nasty/names/one", fill("{", lambda n: '"same":1', "}")),
    "supplies": ("nasty/supplies/one", fill('{"supplies":{', lambda n: f'"s{n}":5', "}}")),
    "codes": ("nasty/codes/list", fill("[", lambda n: f'{{"errors":[{",".join(chr(34) + f"{n}-{k}" + chr(34) for k in range(64))}]}}', "]")),
    "codes in one list": ("nasty/codes/one", fill('{"errors":[', lambda n: f'"c{n}"', "]}")),
    "readings of one metric": ("nasty/many/list", fill("[", lambda n: f'{{"a":{n}.{n}}}', "]")),
    "deep": ("nasty/deep/one", b'{"deep":' * 70_000 + b"1" + b"}" * 70_000),
    "60 deep and wide": ("nasty/deep/one", fill('{"deep":{"x":' * 30, lambda n: "[" * 2 + "1" + "]" * 2 if n == 0 else "1", "}}" * 30)),
    "brackets": ("nasty/deep/list", b"[" + b"[]," * 340_000 + b"[]]"),
    "long numbers": ("nasty/numbers/one", fill("{", lambda n: f'"l{n}":{"9" * 5000}', "}")),
    "a long text": ("nasty/text/one", b'{"status":"' + b"\\u0001" * 170_000 + b'"}'),
    "a million columns": ("nasty/csv/csv", b"1," * 520_000),
    "lines": ("nasty/csv/csv", b"1,2\n" * 260_000),
    "empty lines": ("nasty/csv/csv", b"\r\n" * 520_000),
    "control characters": ("nasty/text/text", b"\x01" * (MEGABYTE - 64)),
    "sparkplug names": ("spBv1.0/g/NBIRTH/names", payload(0, *[metric(f"name{n}", n, INT64, n) for n in range(16_000)])),
    "sparkplug long names": ("spBv1.0/g/NBIRTH/long", payload(0, *[metric(f"{n}/" * 50, n, INT64, n) for n in range(4000)])),
    "sparkplug aliases": ("spBv1.0/g/NDATA/names", payload(1, *[metric(None, n, INT64, n) for n in range(85_000)])),
    "sparkplug times": (
        "spBv1.0/g/NDATA/names",
        payload(2, *[metric(None, n % 4, INT64, n) + b"\x18" + bytes([n & 127]) for n in range(16_000)])),
    "sparkplug templates": ("spBv1.0/g/NDATA/names", payload(3, *[counted(1, b"t") + b"\x20\x13" + counted(18, b"\x12\x02\x12\x00" * 8)] * 16_000)),
}


def kibibytes(gateway, name):
    text = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", text)[1])


@pytest.fixture
def nasty(make, broker, tmp_path):
    profiles = write(tmp_path / "profiles", NASTY, SPARKPLUG)
    return make.gateway(broker, profiles=[str(profiles), str(pathlib.Path(__file__).resolve().parents[2] / "DeviceProfiles")])


def test_no_message_costs_much_memory_or_more_than_one_dead_letter(nasty, client):
    client.publish("devices/good/telemetry", {"ts": now_ms(), "fuserTemp": 20})
    nasty.settled(client)
    costs = {}
    for name, (topic, body) in MESSAGES.items():
        assert len(body) <= MEGABYTE, name
        pathlib.Path(f"/proc/{nasty.process.pid}/clear_refs").write_text("5")
        before, letters = kibibytes(nasty, "VmRSS"), nasty.metric("steward_dead_letters_total")
        client.publish(topic, body)
        nasty.settled(client)
        costs[name] = (kibibytes(nasty, "VmHWM") - before) / 1024
        # The marker of `settled` is one, too.
        assert nasty.metric("steward_dead_letters_total") - letters <= 2, name
    print("\n".join(f"{mebibytes:6.1f} MiB  {name}" for name, mebibytes in sorted(costs.items(), key=lambda cost: -cost[1])))
    assert all(mebibytes < LIMIT_MIB for mebibytes in costs.values()), costs
    # Nobody else has lost anything, and a restart takes it all once more.
    client.publish("devices/good/telemetry", {"ts": now_ms(), "fuserTemp": 30, "pageCount": 7})
    nasty.settled(client)
    assert nasty.device("good")["metrics"] == {"fuserTemp": 30, "pageCount": 7}
    digest = nasty.api("digest")["digest"]
    nasty.process.kill()
    nasty.process.wait()
    nasty.start()
    assert nasty.api("digest")["digest"] == digest


def test_the_memory_limit_is_set_and_a_wrong_one_is_refused(make, broker):
    limited = make.gateway(broker, limits={"memoryMegabytes": 300})
    line = next(line for line in pathlib.Path(f"/proc/{limited.process.pid}/limits").read_text().splitlines() if line.startswith("Max data size"))
    assert line.split()[3] == str(300 << 20)
    assert "memoryLimitMiB=300" in limited.log()
    free = make.gateway(broker, limits={"memoryMegabytes": 0}, mqtt={"clientId": "free"})
    line = next(line for line in pathlib.Path(f"/proc/{free.process.pid}/limits").read_text().splitlines() if line.startswith("Max data size"))
    assert line.split()[3] == "unlimited"
    assert "limits.memoryMegabytes" in make.gateway(broker, start=False, limits={"memoryMegabytes": 5}).refusal()
