import pytest

from broker import Broker
from fleet import Fleet
from gateway import Gateway


@pytest.fixture
def broker(tmp_path):
    started = Broker(tmp_path)
    yield started
    started.stop()


@pytest.fixture
def gateway(tmp_path, broker):
    """A gateway that has not been started yet."""
    made = Gateway(tmp_path, broker.port)
    yield made
    if made.process is not None:
        made.kill()


@pytest.fixture
def fleet(broker):
    """A connection to publish by hand; it plays no scripts."""
    made = Fleet(broker.port, {})
    yield made
    made.stop()
