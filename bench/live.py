"""Ten thousand live conversations: how soon the board is complete, how many events a second it bears, and how late.

The rate limit is the real one, 300 calls a minute, so the first fill is held against what that allows; events are held
against a bare socket that reads the same frames and only parses them.
"""

import json
import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from websockets.sync.client import connect

from bench import stand
from bench.stand import Count
from conversations.connection import genesys
from conversations.genesys.notifications import queue_topic
from conversations.models import Conversation, Feed, Participant, Queue
from tests.genesys import Made, Sandbox
from tests.processes import Process, until

CONVERSATIONS = 10_000
CALLS_A_MINUTE = 300
#: Written as fast as the sandbox takes them, to as many conversations.
BURST = 3000
#: At a steady pace, each timed from the write to the row.
STEADY, A_SECOND = 200, 20
REST_SECONDS = 3.0


def measure() -> Sequence[Count]:
    options = f"--conversations {CONVERSATIONS} --rate-limit {CALLS_A_MINUTE}"
    with stand.processes(sandbox=options) as sandbox:
        started = time.monotonic()
        with (
            stand.one("listen") as listener,
            stand.one("web") as web,
            stand.one("worker") as worker,
        ):
            figures = [*first_fill(sandbox, started)]
            sandbox.call("POST", "clock", {"speed": 0})
            figures += [*events(sandbox)]
            figures += [
                _memory(name, each)
                for name, each in (("listen", listener), ("web", web), ("worker", worker))
            ]
    return figures


def first_fill(sandbox: Sandbox, started: float) -> Sequence[Count]:
    """Every live conversation has its row; attributes come after, by events and by the calls that are left."""
    listed()
    seconds = time.monotonic() - started
    calls = len([each for each in sandbox.calls() if "analytics" in each["path"]])
    allowed = calls * 60 / (0.9 * CALLS_A_MINUTE)
    live = Conversation.objects.live().count()
    return [
        Count(
            f"first complete board of {live}: seconds beside what the calls allow",
            seconds / allowed,
            2.0,
            note=f"{seconds:.0f} s and {calls} calls; at the allowed rate {allowed:.0f} s",
        )
    ]


def listed() -> None:
    """Wait for the first complete listing."""
    rows = Feed.objects.filter(listed_at__gt=0)
    until(rows.exists, 300, what="everything is listed", every=0.1)


def events(sandbox: Sandbox) -> Sequence[Count]:
    """Behind a bare socket that only parses: the whole burst, and single events at a steady pace."""
    made = [made_of(pk) for pk in Conversation.objects.live().values_list("pk", flat=True)[:BURST]]
    bare = Bare()
    started = time.monotonic()
    for each in made:
        sandbox.write(each, {"burst": "1"})
    wrote = time.monotonic() - started
    heard = bare.rest()  # of a conversation that never was in a queue no queue's topic tells
    floor = bare.last - started
    holding = Participant.objects.filter(attributes__burst="1", conversation_id__in=heard)
    until(lambda: holding.count() >= len(heard), 300, what="all are on the board", every=0.2)
    took = time.monotonic() - started
    bare.close()
    told = [each for each in made if each.id in heard]
    delays = [delay(sandbox, each, number) for number, each in enumerate(told[:STEADY])]
    ordered = sorted(delays)
    note = f"written in {wrote:.1f} s, heard bare in {floor:.1f} s, on the board in {took:.1f} s"
    return [
        Count("events a second onto the board", len(heard) / took, 100, at_least=True, note=note),
        Count("event to board, steady: median, milliseconds", statistics.median(ordered), 500),
        Count("event to board, steady: p99, milliseconds", ordered[int(0.99 * STEADY)], 2000),
    ]


def delay(sandbox: Sandbox, made: Made, number: int) -> float:
    """Milliseconds from a write in the sandbox to its row; takes at least as long as the pace says."""
    key = f"steady {number}"  # a new one: what an event says of another value may have to be read before it counts
    started = time.monotonic()
    sandbox.write(made, {key: "1"})
    rows = Participant.objects.filter(
        conversation_id=made.id, participant_id=made.customer, attributes__has_key=key
    )
    until(rows.exists, 30, every=0.002)
    took = time.monotonic() - started
    time.sleep(max(0.0, 1 / A_SECOND - took))
    return 1000 * took


class Bare:
    """A socket of its own on the same topics; every frame is parsed and thrown away."""

    def __init__(self) -> None:
        client = genesys()
        channel = client.create_channel().value
        self._socket = connect(channel.connect_uri, max_size=None)
        client.subscribe(channel, [queue_topic(each.pk) for each in Queue.objects.all()])
        self._heard: set[UUID] = set()
        self.frames = 0
        self.last = time.monotonic()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for frame in self._socket:
            raw = json.loads(frame)
            if ".conversations" in raw.get("topicName", ""):
                self._heard.add(UUID(raw["eventBody"]["id"]))
                self.last = time.monotonic()
                self.frames += 1

    def rest(self) -> set[UUID]:
        """What it has heard of, once nothing more comes."""
        until(lambda: time.monotonic() - self.last > REST_SECONDS, 120, what="nothing more comes")
        return set(self._heard)

    def close(self) -> None:
        self._socket.close()


def made_of(conversation_id: UUID) -> Made:
    customer = Participant.objects.filter(conversation_id=conversation_id, purpose="customer")
    return Made(conversation_id, customer.values_list("participant_id", flat=True)[0], {})


def _memory(name: str, process: Process) -> Count:
    """Of it and its children."""
    pages = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in _family(process.pid)]
    return Count(f"memory of {name}: MB", sum(map(int, pages)) * 4096 / 1e6, 600)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


if __name__ == "__main__":
    stand.run("live", measure)
