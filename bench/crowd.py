"""Many edits at once: a backlog drained eight at a time, and four workers at the rate that Genesys allows."""

import time
import uuid
from collections.abc import Sequence
from uuid import UUID

from bench import stand
from bench.loop import at_a_time
from bench.stand import Count
from conversations.models import AttributeEdit, RequestBudget, State
from conversations.models.edit import OPEN
from tests.builders import frozen, save, settled
from tests.processes import until

BACKLOG, THREADS, LATENCY_MS = 400, 8, 50
ALLOWED_PER_MINUTE, MINUTES, WORKERS = 300, 1.5, 4


def drain() -> Sequence[Count]:
    """The rate at which one worker with eight threads works off a backlog, as a part of eight bare loops' rate."""
    options = (
        f"--latency-ms {LATENCY_MS} --persist-delay-ms 0 --rate-limit 1000000 --conversations 0"
    )
    with stand.processes(sandbox=options) as sandbox:
        conversations = sandbox.conversations(BACKLOG)
        floor = at_a_time(THREADS, ((made, "case", uuid.uuid4().hex) for made in conversations))
        with stand.one("worker"):
            settled(save(sandbox.conversation(), {"tier": "first"}))  # it brings the rate limit
            with frozen():
                edits = [save(made, {"tier": uuid.uuid4().hex}).pk for made in conversations]
            seconds = _drained(edits)
    rate, floor_rate = BACKLOG / seconds, BACKLOG / floor
    note = f"({rate:.1f} edits a second, the loops {floor_rate:.1f})"
    return [
        Count(
            "rate of a drained backlog, of eight loops' rate", rate / floor_rate, 0.88, True, note
        )
    ]


def _drained(edits: Sequence[UUID]) -> float:
    """Seconds from the moment the first edit is sent until the last is confirmed."""
    rows = AttributeEdit.objects.filter(pk__in=edits)
    until(lambda: not rows.filter(state__in=OPEN).exists(), 120, what="drained", every=0.05)
    assert not rows.exclude(state=State.CONFIRMED).exists()
    first = rows.earliest("sent_at").sent_at
    last = rows.latest("settled_at").settled_at
    assert first is not None
    assert last is not None
    return (last - first).total_seconds()


def at_the_allowed_rate() -> Sequence[Count]:
    """How much of what the budget rule allows four workers use, and how often Genesys says 429."""
    options = f"--latency-ms {LATENCY_MS} --persist-delay-ms 0 --rate-limit {ALLOWED_PER_MINUTE}"
    with stand.processes(*["worker"] * WORKERS, sandbox=f"{options} --conversations 0") as sandbox:
        seconds = 60 * MINUTES
        conversations = sandbox.conversations(int(ALLOWED_PER_MINUTE * MINUTES))
        started = time.time()
        for made in conversations:
            save(made, {"tier": uuid.uuid4().hex})
        until(
            lambda: time.time() - started > seconds, seconds + 10, what="the time is over", every=1
        )
        calls = [each for each in sandbox.calls() if started <= each["at"] <= started + seconds]
    ours = [each for each in calls if each["call"] != "token"]
    burst = 10.0
    may = 0.9 * ALLOWED_PER_MINUTE * MINUTES + burst
    refused = sum(each["status"] == 429 for each in ours)
    share = len(ours) / (ALLOWED_PER_MINUTE * MINUTES)
    note = f"({share:.1%} of what Genesys allows; {len(ours)} calls in {seconds:.0f} s)"
    return [
        Count("calls made, of what the budget rule allows", len(ours) / may, 0.97, True, note),
        Count("answers 429, of all", refused / max(1, len(ours)), 1 / 200),
    ]


def measure() -> Sequence[Count]:
    drained = drain()
    RequestBudget.objects.all().delete()
    return [*drained, *at_the_allowed_rate()]


if __name__ == "__main__":
    stand.run("crowd", measure)
