"""With the live feed on: what an event that proves an edit saves, in time and in calls.

The feed is believed only after a minute without a gap; here that minute is moved into the past, not waited for.
"""

import time
import uuid
from collections.abc import Sequence

from django.db.models import F

from bench import stand
from bench.edits import Trip, product_edit, where_the_time_goes
from bench.loop import Loop
from bench.stand import Count, Figure
from conversations.models import Conversation, FeedTopic, State
from tests.builders import save, settled
from tests.chaos.website import Person
from tests.genesys import Made, Sandbox
from tests.processes import until

ROUNDS, WARM_UP, BURSTS, IN_A_BURST = 60, 5, 10, 10
LATENCY_MS = 50


def one_at_a_time(sandbox: Sandbox, person: Person) -> Sequence[Figure | Count]:
    loop, product, floor = Loop(), list[Trip](), list[float]()
    conversations = followed(sandbox, WARM_UP + ROUNDS)
    before = _calls(sandbox, conversations)
    for made in conversations:
        product.append(product_edit(person, made, "tier", uuid.uuid4().hex, LATENCY_MS))
    calls = _calls(sandbox, conversations) - before
    for made in sandbox.conversations(WARM_UP + ROUNDS):
        floor.append(loop.edit(made, "case", uuid.uuid4().hex))
    return [
        Figure.of(
            f"POST to confirmed by an event, {LATENCY_MS} ms",
            [each.seconds for each in product[WARM_UP:]],
            floor[WARM_UP:],
            goal_median=0.75,
            note=where_the_time_goes(product[WARM_UP:]),
        ),
        Count("calls for a confirmed edit, the feed on", calls / len(conversations), 1.1),
    ]


def bursts(sandbox: Sandbox) -> Count:
    """Ten edits of one participant, saved one after the other within a second."""
    conversations = followed(sandbox, BURSTS)
    before = _calls(sandbox, conversations)
    confirmed = 0
    for made in conversations:
        started = time.monotonic()
        edits = [save(made, {f"key {n}": uuid.uuid4().hex}) for n in range(IN_A_BURST)]
        assert time.monotonic() - started < 1
        confirmed += sum(settled(edit).state == State.CONFIRMED for edit in edits)
    calls = _calls(sandbox, conversations) - before
    return Count("calls for a confirmed edit, ten within a second", calls / confirmed, 0.3)


def followed(sandbox: Sandbox, count: int) -> list[Made]:
    """Conversations heard of long enough for an event to prove something."""
    made = sandbox.conversations(count)
    rows = Conversation.objects.filter(pk__in=[each.id for each in made])
    known = rows.filter(known_since__gt=0)
    until(lambda: known.count() == count, 60, what="all are known here")
    _until_nobody_reads(sandbox, made)
    long_ago = 100.0
    rows.update(known_since=F("known_since") - long_ago, queue_since=F("queue_since") - long_ago)
    FeedTopic.objects.filter(since__gt=0).update(since=F("since") - long_ago)
    return made


def _until_nobody_reads(sandbox: Sandbox, conversations: Sequence[Made]) -> None:
    """The listener's first reads are over: a second has passed without one."""
    counts = [-1]

    def at_rest() -> bool:
        counts.append(_calls(sandbox, conversations))
        return counts[-1] == counts[-2]

    until(at_rest, 60, what="the listener is at rest", every=1)


def _calls(sandbox: Sandbox, conversations: Sequence[Made]) -> int:
    return sum(len(sandbox.calls(made)) for made in conversations)


def measure() -> Sequence[Figure | Count]:
    options = (
        f"--latency-ms {LATENCY_MS} --persist-delay-ms 0 --rate-limit 1000000 --conversations 0"
    )
    with stand.processes("web", "worker", "listen", sandbox=options) as sandbox:
        return [*one_at_a_time(sandbox, Person(stand.SITE)), bursts(sandbox)]


if __name__ == "__main__":
    stand.run("feed", measure)
