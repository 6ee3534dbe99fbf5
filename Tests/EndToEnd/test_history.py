"""The history of a metric is read back exactly: every time and every value, before and after a restart."""

import random

from conftest import now_ms, wait_for


def test_values_and_times_are_read_back_exactly(gateway, client):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    numbers = random.Random(seed)
    time = now_ms() - 20_000_000
    sent = []
    for number in range(3000):
        time += numbers.choice([1, 10, 999, 1000, 1000, 1000, 5003])
        value = numbers.choice([20.5, -40, 0.1, 1e-9, 123456789.123, numbers.uniform(-1e3, 1e3), number])
        sent.append([time, value])
        client.client.publish("devices/d/telemetry", f'{{"ts": {time}, "bearingTemp": {value!r}}}', qos=1)

    def history():
        return gateway.api(f"devices/d/history/bearingTemp?from={sent[0][0]}")["samples"]

    wait_for(lambda: len(history()) == len(sent), "all samples")
    assert history() == sent
    gateway.restart()
    assert history() == sent
    middle = gateway.api(f"devices/d/history/bearingTemp?from={sent[1000][0]}&to={sent[1999][0]}")
    assert middle["samples"] == sent[1000:2000]
    assert middle["unit"] == "Cel"


def test_late_readings_take_their_place_in_time(gateway, client):
    base = now_ms() - 10_000_000
    times = list(range(base, base + 1_500_000, 1000))
    late = times[200:900]
    for time in [time for time in times if time not in set(late)] + late:
        client.client.publish("devices/d/telemetry", f'{{"ts": {time}, "bearingTemp": {time % 7919}}}', qos=1)
    expected = [[time, time % 7919] for time in times]
    wait_for(lambda: len(gateway.api(f"devices/d/history/bearingTemp?from={base}")["samples"]) == len(times), "all samples")
    assert gateway.api(f"devices/d/history/bearingTemp?from={base}")["samples"] == expected
    assert gateway.device("d")["lastEvent"] == times[-1]
    # A part that lies within what came late.
    part = gateway.api(f"devices/d/history/bearingTemp?from={late[100]}&to={late[199]}")["samples"]
    assert part == [[time, time % 7919] for time in late[100:200]]
    assert gateway.metric("steward_late_messages_total") == len(late)


def test_unknown_leaves_no_sample(gateway, client):
    base = now_ms()
    for number, value in enumerate([1, None, 2, None, 3]):
        client.publish("devices/d/telemetry", {"ts": base + number, "bearingTemp": value})
    client.publish("devices/d/telemetry", {"ts": base + 9, "bearingTemp": None})
    gateway.settled(client)
    assert gateway.api("devices/d/history/bearingTemp")["unit"] == "Cel"
    assert gateway.api("devices/d/history/bearingTemp")["samples"] == [[base, 1], [base + 2, 2], [base + 4, 3]]
    assert gateway.device("d")["metrics"]["bearingTemp"] is None
