"""A storm from its first edit to the judgement."""

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection

from conversations import checkup
from conversations.models import AttributeEdit, Conversation, EditLane
from conversations.models.clock import now
from conversations.models.edit import OPEN
from tests.chaos import blows, truth
from tests.chaos.blows import Ground
from tests.chaos.crew import FAKETIME, Crew
from tests.chaos.people import People
from tests.chaos.servers import Server
from tests.chaos.truth import Findings
from tests.chaos.weather import Weather
from tests.genesys import Made, Sandbox
from tests.processes import until

#: Genesys may let a write land so long after its call; see the faults of the weather.
LATEST_LANDING_SECONDS = 13.0

Blow = Callable[[Ground], bool]


@dataclass(frozen=True)
class Plan:
    """How long and how hard."""

    conversations: int
    #: Edits a second, and seconds between two faults.
    rate: float
    fault_every: float
    #: The blows in this order, with about so many seconds between two.
    blows: Sequence[Blow]
    pause: float
    workers: int
    deadline: float
    seed: int = 1
    latency_ms: int = 40
    persist_delay_ms: int = 100
    wrong_clock: bool = False
    #: More environment for every process.
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Report:
    """What happened, in numbers."""

    findings: Findings
    hits: dict[str, int]
    misses: dict[str, int]
    faults: dict[str, int]
    exits: dict[str, int]
    seconds: float

    def content(self) -> dict[str, object]:
        """As it is kept."""
        return {
            "edits": dict(self.findings.counts),
            "promises_broken": self.findings.wrong,
            "blows_that_hit": self.hits,
            "blows_that_missed": self.misses,
            "faults": self.faults,
            "ended_by_themselves": self.exits,
            "seconds": round(self.seconds),
        }


def rage(
    plan: Plan,
    sandbox: Sandbox,
    logs: Path,
    database: Server | None = None,
    broker: Server | None = None,
) -> Report:
    """Run the storm, wait until it is calm, judge."""
    started = time.monotonic()
    sandbox.switch(latency_ms=plan.latency_ms, persist_delay_ms=plan.persist_delay_ms)
    conversations = sandbox.conversations(plan.conversations)
    [quiet] = sandbox.conversations(1)
    crew = Crew(logs, plan.workers, plan.environment)
    if plan.wrong_clock:
        crew.give_wrong_clock(crew.workers[-1])
    ground = Ground(sandbox, crew, random.Random(plan.seed), quiet, database, broker)
    crew.start()
    site = f"http://127.0.0.1:{os.environ['PORT']}"
    people = People(conversations, site, plan.rate, plan.seed)
    weather = Weather(sandbox, conversations, plan.fault_every, plan.seed)
    try:
        until(lambda: checkup.worker().ok and checkup.feed().ok, 60, what="everybody is up")
        until(lambda: _are_known(conversations), 60, what="the listener knows them", every=0.5)
        people.start()
        weather.start()
        for blow in plan.blows:
            time.sleep(ground.dice.uniform(0.5, 1.5) * plan.pause)
            ground.strike(blow)
        people.end()
        weather.clear()
        _until_calm(ground, plan, [each.id for each in [*conversations, quiet]])
        findings = truth.judge(people.wanted, [*conversations, quiet], sandbox, weather.late)
        _wrong_clock_worked(plan, ground)
    finally:
        _clear_up(
            crew.thaw,
            people.end,
            weather.clear,
            crew.end,
            partial(sandbox.switch, latency_ms=0),
        )
    return Report(
        findings,
        dict(ground.hits),
        dict(ground.misses),
        dict(weather.counts),
        dict(crew.exits),
        time.monotonic() - started,
    )


def _clear_up(*steps: Callable[[], object]) -> None:
    """One after the other, each whatever became of those before it; what went wrong is raised at the end."""
    with ExitStack() as later:
        for each in reversed(steps):
            later.callback(each)


def _are_known(conversations: list[Made]) -> bool:
    """The website shows only what the listener has heard of."""
    known = Conversation.objects.filter(known_since__gt=0)
    return known.filter(pk__in=[each.id for each in conversations]).count() == len(conversations)


def _until_calm(ground: Ground, plan: Plan, ours: list[UUID]) -> None:
    """Everything settled, everything landed that Genesys held back, and the feed followed anew."""
    landed = time.monotonic() + LATEST_LANDING_SECONDS
    connection.close()
    try:
        until(lambda: _are_settled(ours), plan.deadline + 30, what="every edit is settled")
        time.sleep(max(0.0, landed - time.monotonic()))
        since = now()
        assert ground.crew.kill(ground.crew.listener)
        until(lambda: checkup.feed().ok and _are_read(ours, since), 90, what="the listener is back")
        until(lambda: _are_at_rest(ours), 60, what="no lane has anything to do", every=0.5)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{_restless(ours)}") from error


def _restless(ours: list[UUID]) -> str:
    """What still goes on, for whoever has to find out why."""
    lines = []
    at = now()
    for lane in EditLane.objects.filter(conversation_id__in=ours).exclude(due_at=None)[:5]:
        lines.append(f"lane {lane.pk}: due in {(lane.due_at or 0) - at:.1f}, {lane.__dict__}")
        for edit in lane.edits.order_by("-seq")[:3]:
            wanted = "look wanted" if edit.look_wanted else ""
            lines.append(f"  seq {edit.seq} {edit.state} {wanted} {edit.reason}")
            lines += [f"    {m.at:%H:%M:%S.%f} {m} {m.note}" for m in edit.moves.all()]
    return "\n".join(lines)


def _are_settled(ours: list[UUID]) -> bool:
    edits = AttributeEdit.objects.filter(lane__conversation_id__in=ours)
    try:
        return not edits.filter(state__in=OPEN).exists()
    except DatabaseError:
        connection.close()
        return False


def _are_read(ours: list[UUID], since: float) -> bool:
    """Every conversation we edited has been read after a moment."""
    edited = EditLane.objects.filter(conversation_id__in=ours).values("conversation_id")
    return not Conversation.objects.filter(pk__in=edited, asked_at__lt=since).exists()


def _are_at_rest(ours: list[UUID]) -> bool:
    lanes = EditLane.objects.filter(conversation_id__in=ours)
    wanted = AttributeEdit.objects.filter(lane__in=lanes, look_wanted=True)
    return not lanes.exclude(due_at=None).exists() and not wanted.exists()


def _wrong_clock_worked(plan: Plan, ground: Ground) -> None:
    """The worker with the wrong clock moved edits, and by its own log did so minutes in the future."""
    if not plan.wrong_clock:
        return
    log = ground.crew.workers[-1].output().splitlines()
    today = time.strftime("%Y-%m-%dT%H:%M", time.gmtime())
    ahead = [line for line in log if "edit moved" in line and line[10:26] > today]
    name = "worker with a wrong clock"
    (ground.hits if ahead else ground.misses)[name] = 1


def is_possible_wrong_clock() -> bool:
    return FAKETIME.exists()


EMBEDDED: Sequence[Blow] = (
    blows.worker_killed,
    blows.messages_lost,
    blows.listener_killed,
    blows.web_killed,
    blows.database_locked,
    blows.all_workers_killed,
    blows.broker_folder_removed,
)
PRODUCTION: Sequence[Blow] = (
    blows.worker_killed,
    blows.listener_killed,
    blows.web_killed,
    blows.broker_stopped,
    blows.database_stopped,
    blows.messages_lost,
    blows.all_workers_killed,
    blows.everything_killed,
)


def schedule(kinds: Sequence[Blow], rounds: int, seed: int) -> list[Blow]:
    """Every kind so many times in an order nobody chose; in the middle a worker frozen for longer than its lease."""
    dice = random.Random(seed)
    order = [blow for blow in kinds for _ in range(rounds)]
    order += [blows.worker_killed] * 2 * rounds
    dice.shuffle(order)
    order.insert(len(order) // 2, blows.worker_frozen_in_the_middle_of_a_write)
    return order
