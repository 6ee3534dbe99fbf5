import time, signal
from test_clock import *
def test_before_jump(site, client, clock):
    site.start()
    clock.set(40 * DAY); time.sleep(2)
    client.publish("bench/x/telemetry", {"errors": []}); time.sleep(1)
    clock.set(0); time.sleep(2)
    jam(client, "x")
def test_before_deadline(site, client, clock):
    site.start()
    clock.set(-DAY); time.sleep(2)
    jam(client, "x")
def test_before_history(site, client, clock):
    site.start()
    start = now_ms() - 3 * DAY
    for index in range(6000):
        client.client.publish("bench/h/telemetry", f'{{"ts": {start + index * 30_000}, "temp": {20 + random.random() * 60}}}', qos=1)
    wait_for(lambda: site.metric("steward_history_samples") > 1000, "closed chunks")
    clock.set(40 * DAY); time.sleep(1)
    site.stop(signal.SIGKILL); site.start(); time.sleep(3)
    assert site.metric("steward_history_samples") > 1000
