"""How long from the POST of the form until the row is confirmed, against a bare loop of `requests` with the same calls.

Product and loop take turns, so that a change of the machine's speed meets both.
"""

import statistics
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from django.db import connection

from bench import stand
from bench.loop import Loop
from bench.stand import Count, Figure
from conversations.edits.proof import NEW_SECONDS
from conversations.models import AttributeEdit, Conversation, State
from conversations.models.clock import now
from tests import profile
from tests.chaos.website import Person
from tests.genesys import Made, Sandbox
from tests.processes import until

#: Rounds by latency and by the delay until a write is stored (both ms); the long ones vary little.
ROUNDS = {(0, 0): 100, (50, 0): 100, (200, 0): 30, (0, 1000): 10, (50, 1000): 15, (200, 1000): 10}
WARM_UP = 5
GOALS = {"embedded": (1.08, 1.20), "redis": (1.12, 1.30), "rabbitmq": (1.12, 1.30)}
GOAL_LATENCY_MS = 50


def product_edit(person: Person, made: Made, key: str, value: str, calls_ms: float) -> "Trip":
    """Save at the website, and wait until another process can read that it is confirmed.

    Not asked before the calls alone have taken so long: that would only take the machine from those who work.
    """
    edit_id = uuid.uuid4()
    posted = time.time()
    assert person.save(made, {key: value}, {key: ""}, edit_id), "the website refused it"
    time.sleep(max(0.0, posted + calls_ms / 1000 - time.time()))
    return Trip(edit_id, posted, seen_confirmed(edit_id))


@dataclass(frozen=True)
class Trip:
    """One edit from the click to the proof, in epoch seconds."""

    edit_id: UUID
    posted: float
    confirmed: float

    @property
    def seconds(self) -> float:
        return self.confirmed - self.posted


def where_the_time_goes(trips: Sequence[Trip]) -> str:
    """The medians (ms) of the parts of a trip, by the stamps of the row."""
    rows = AttributeEdit.objects.in_bulk([each.edit_id for each in trips])
    parts = []
    for each in trips:
        row = rows[each.edit_id]
        stamps = [row.created_at, row.sent_at, row.accepted_at, row.settled_at]
        moments = [each.posted, *(at.timestamp() for at in stamps if at), each.confirmed]
        parts.append([after - before for before, after in pairwise(moments)])
    names = ("website", "to the worker", "write", "looks", "commit")
    medians = [statistics.median(part) * 1000 for part in zip(*parts, strict=True)]
    return ", ".join(f"{name} {ms:.0f}" for name, ms in zip(names, medians, strict=True))


def seen_confirmed(edit_id: UUID) -> float:
    """When the confirmation was committed, to a millisecond."""
    field = AttributeEdit._meta.pk
    assert field is not None
    asked = [field.get_db_prep_value(edit_id, connection)]
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT state FROM conversations_attributeedit WHERE id = %s", asked)
            [(state,)] = cursor.fetchall()
            if state == State.CONFIRMED:
                return time.time()
            assert state in ("queued", "sending", "verifying"), state
            time.sleep(0.001)


def one_at_a_time(sandbox: Sandbox, person: Person, latency_ms: int, persist_ms: int) -> Figure:
    sandbox.switch(latency_ms=latency_ms, persist_delay_ms=persist_ms)
    loop, product, floor = Loop(), list[Trip](), list[float]()
    conversations = sandbox.conversations(WARM_UP + ROUNDS[latency_ms, persist_ms])
    until(lambda: _are_known(conversations), 60, what="the conversations are known here")
    for made in conversations:
        product.append(product_edit(person, made, "tier", uuid.uuid4().hex, 2 * latency_ms))
        floor.append(loop.edit(made, "case", uuid.uuid4().hex))
    median, p99 = GOALS[profile.PROFILE] if latency_ms == GOAL_LATENCY_MS else (None, None)
    return Figure.of(
        f"POST to confirmed, {latency_ms} ms, stored after {persist_ms} ms",
        [each.seconds for each in product[WARM_UP:]],
        floor[WARM_UP:],
        goal_median=median,
        goal_p99=p99,
        note=where_the_time_goes(product[WARM_UP:]),
    )


def _are_known(conversations: Sequence[Made]) -> bool:
    """The website shows only what the listener has heard of; and as long as a person takes to read a page."""
    known = Conversation.objects.filter(known_since__gt=0, known_since__lt=now() - NEW_SECONDS)
    return known.filter(pk__in=[each.id for each in conversations]).count() == len(conversations)


def measure() -> Sequence[Figure | Count]:
    options = "--persist-delay-ms 0 --rate-limit 1000000 --conversations 0"
    with stand.processes("web", "worker", "listen", sandbox=options) as sandbox:
        person = Person(stand.SITE)
        return [
            one_at_a_time(sandbox, person, latency_ms, persist_ms)
            for latency_ms, persist_ms in ROUNDS
        ]


if __name__ == "__main__":
    stand.run("edits", measure)
