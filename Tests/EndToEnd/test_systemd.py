"""systemd is told when the gateway is ready, alive, reloading and stopping."""

import os
import signal
import socket

import pytest
from conftest import DEADLINE_SECONDS


@pytest.fixture
def notifications(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(DEADLINE_SECONDS)
        yield receiver


def test_states_are_told_in_order(make, broker, notifications):
    gateway = make.gateway(broker, start=False)
    gateway.environment |= {"NOTIFY_SOCKET": notifications.getsockname(), "WATCHDOG_USEC": "1000000"}
    gateway.start()

    def until(state):
        while True:
            message = notifications.recv(4096).decode()
            if state in message.splitlines():
                return message

    until("READY=1")
    until("WATCHDOG=1")
    gateway.process.send_signal(signal.SIGHUP)
    until("RELOADING=1")
    until("READY=1")
    assert gateway.stop() == 0
    until("STOPPING=1")


def test_nothing_is_promised_by_a_start_that_fails(make, notifications):
    gateway = make.gateway(start=False, profiles=["/none"])
    gateway.environment |= {"NOTIFY_SOCKET": notifications.getsockname()}
    gateway.refusal()
    notifications.setblocking(False)
    with pytest.raises(BlockingIOError):
        notifications.recv(4096)
