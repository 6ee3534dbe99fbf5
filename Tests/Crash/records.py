"""What a stopped gateway left in its store."""

import json
import sqlite3
import struct
from collections import Counter
from dataclasses import dataclass, field

FRAME = struct.Struct("<BBHI")
MESSAGE = 1
HAS_PACKET_ID = 4


@dataclass
class Records:
    # (topic, payload) -> how often it is in the inbox. Once is the rule; a repeat by the broker makes it more.
    inbox: Counter = field(default_factory=Counter)
    # key -> (channel, state)
    outbox: dict = field(default_factory=dict)
    # Decisions, without arrival times: (kind, device, text) -> how often.
    journal: Counter = field(default_factory=Counter)
    dead_letters: Counter = field(default_factory=Counter)
    # Closed chunks of history: every sample once.
    chunks: Counter = field(default_factory=Counter)


# Their time is arrival time, or when the supplier answered.
TIMELESS = {"command", "command.outcome", "ticket"}
# An order that is installed before its delivery report comes never says "sent": both ways are right.
UNORDERED = {"order.updated"}


def frames(segment):
    """The events of one row of the inbox, as Sources/GatewayCore/Segment.swift frames them."""
    offset = 0
    while offset + FRAME.size <= len(segment):
        kind, flags, topic_bytes, payload_bytes = FRAME.unpack_from(segment, offset)
        start = offset + FRAME.size + (2 if flags & HAS_PACKET_ID else 0)
        offset = start + topic_bytes + payload_bytes
        assert offset <= len(segment), "a segment of the inbox ends inside a frame"
        yield kind, segment[start : start + topic_bytes].decode(), segment[start + topic_bytes : offset]
    assert offset == len(segment), "a segment of the inbox has bytes behind its last frame"


def read(store):
    records = Records()
    database = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    try:
        expected = 1
        for first, count, segment in database.execute("SELECT first_event, event_count, bytes FROM inbox ORDER BY first_event"):
            assert first == expected, f"the inbox goes from event {expected - 1} to {first}"
            events = list(frames(segment))
            assert len(events) == count, f"the segment at {first} has {len(events)} events, not {count}"
            expected += count
            records.inbox.update((topic, payload) for kind, topic, payload in events if kind == MESSAGE)
        for key, channel, state in database.execute("SELECT key, channel, state FROM outbox"):
            records.outbox[key] = (channel, state)
        for kind, device, body in database.execute("SELECT kind, device, body FROM journal"):
            decision = json.loads(body)
            if kind in TIMELESS:
                decision.pop("time")
            if kind not in UNORDERED:
                # An estimate, which rests on the order among devices; see campaign.OBSERVED.
                decision.pop("residualPercent", None)
                records.journal[(kind, device, json.dumps(decision, sort_keys=True))] += 1
        records.dead_letters.update(database.execute("SELECT topic, payload, reason FROM dead_letter"))
        records.chunks.update(
            database.execute(
                "SELECT device, metric, first_ms, duration_ms, sample_count, bytes FROM chunk"
                " JOIN chunk_index ON chunk_index.chunk = chunk.id JOIN series ON series.id = chunk.series"
            )
        )
    finally:
        database.close()
    return records
