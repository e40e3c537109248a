"""The blows of a storm. Each says whether it verifiably hit its victim; one that did not is not counted."""

import random
import shutil
import signal
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection, transaction

from conversations.models import AttributeEdit, EditLane, State
from conversations.models.lane import LEASE_SECONDS
from dashboard.celery import app
from tests.builders import save, thaw
from tests.chaos.crew import Crew
from tests.chaos.gate import Gate
from tests.chaos.servers import Redis, Server
from tests.genesys import Made, Sandbox
from tests.processes import Process, until

#: How long a server stays away.
OUTAGE_SECONDS = 4.0
#: What a worker logs that wrote although its lane was no longer its own.
LATE_WRITE = "late write found"


@dataclass
class Ground:
    """Where the storm rages."""

    sandbox: Sandbox
    crew: Crew
    dice: random.Random
    #: A conversation nobody else edits, for the worker frozen in the middle of a write.
    quiet: Made
    #: Of the storm's own; none on the embedded profile.
    database: Server | None = None
    broker: Server | None = None
    hits: Counter[str] = field(default_factory=Counter)
    misses: Counter[str] = field(default_factory=Counter)

    def strike(self, blow: Callable[["Ground"], bool]) -> bool:
        name = blow.__name__.replace("_", " ")
        connection.close()  # the blow before may have broken it
        hit = blow(self)
        (self.hits if hit else self.misses)[name] += 1
        return hit


# --- Processes ---


def worker_killed(ground: Ground) -> bool:
    return ground.crew.kill(ground.dice.choice(ground.crew.workers))


def all_workers_killed(ground: Ground) -> bool:
    return ground.crew.kill(*ground.crew.workers)


def listener_killed(ground: Ground) -> bool:
    return ground.crew.kill(ground.crew.listener)


def web_killed(ground: Ground) -> bool:
    return ground.crew.kill(ground.crew.web)


def everything_killed(ground: Ground) -> bool:
    """All processes and all servers at one instant."""
    servers = [each for each in (ground.database, ground.broker) if each]
    struck = [ground.crew.kill(*ground.crew.everybody), *(each.kill() for each in servers)]
    time.sleep(1)
    for each in servers:
        each.start()
    return all(struck)


# --- Servers ---


def broker_stopped(ground: Ground) -> bool:
    return ground.broker is not None and _stopped_for_a_while(ground.broker)


def database_stopped(ground: Ground) -> bool:
    return ground.database is not None and _stopped_for_a_while(ground.database)


def _stopped_for_a_while(server: Server) -> bool:
    hit = server.kill()
    time.sleep(OUTAGE_SECONDS)
    server.start()
    return hit


def messages_lost(ground: Ground) -> bool:
    """Every message the broker holds is gone; on Redis with everything else it holds."""
    if isinstance(ground.broker, Redis):
        ground.broker.run("redis-cli", "-p", str(ground.broker.port), "FLUSHALL")
        return True
    if ground.broker is not None:
        with app.connection_for_write() as broker:
            broker.channel().queue_purge(settings.QUEUE)  # type: ignore[attr-defined]
        return True
    folder = settings.DATA_DIR / "broker"
    if not folder.exists():
        return False
    for path in folder.glob("*.msg"):
        path.unlink(missing_ok=True)
    return True


def broker_folder_removed(ground: Ground) -> bool:
    """The embedded broker's whole folder vanishes, bells and all."""
    folder = settings.DATA_DIR / "broker"
    if ground.broker is not None or not folder.exists():
        return False
    aside = folder.with_name(f"gone-{uuid.uuid4().hex}")
    folder.rename(aside)
    shutil.rmtree(aside)
    return True


def database_locked(ground: Ground) -> bool:
    """SQLite: somebody holds the one write lock for seconds (a backup, a slow disk)."""
    if connection.vendor != "sqlite":
        return False
    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=30)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        time.sleep(OUTAGE_SECONDS)
        other.execute("ROLLBACK")
    return True


# --- The late holder ---


def worker_frozen_in_the_middle_of_a_write(ground: Ground) -> bool:
    """Frozen after it wrote down its intention and before its PATCH left, for longer than its lease; then it writes.

    Counted only if by its own log it really wrote after it had lost a lane.
    """
    victim = ground.crew.workers[0]
    if not any(_freeze_before_it_writes(ground) for _ in range(4)):
        return False
    before = victim.output().count(LATE_WRITE)
    try:
        save(ground.quiet, {"count": f"newer {uuid.uuid4().hex}"})
        time.sleep(LEASE_SECONDS + 12)  # another worker takes over, looks, and sends what is newer
    finally:
        victim.signal(signal.SIGCONT)
    try:
        return until(lambda: victim.output().count(LATE_WRITE) > before, 20)
    except AssertionError:
        return False


def _freeze_before_it_writes(ground: Ground) -> bool:
    """Whether the victim is frozen now, and holds back a PATCH."""
    gate, (victim, *others) = ground.crew.gate, ground.crew.workers
    others = [each for each in others if each.running()]
    caught = False
    try:
        _freeze_outside_a_transaction(others)  # the victim is the only one to take the edit
        gate.shut()
        edit = save(ground.quiet, {"count": f"older {uuid.uuid4().hex}"})
        until(lambda: _stands_at_the_gate(edit, victim, gate), 30, every=0.005)
        _freeze_outside_a_transaction([victim])
        if _stands_at_the_gate(edit, victim, gate):  # it may have given up meanwhile
            caught = True
        else:
            victim.signal(signal.SIGCONT)
    except AssertionError:
        pass
    finally:
        gate.open()
        thaw(others)
    return caught


def _stands_at_the_gate(edit: AttributeEdit, victim: Process, gate: Gate) -> bool:
    state = AttributeEdit.objects.values_list("state", flat=True).get(pk=edit.pk)
    return state == State.SENDING and gate.somebody_waits(victim.pid)


def _freeze_outside_a_transaction(processes: list[Process]) -> None:
    """On SQLite a frozen process that holds the write lock would stop everybody, us included."""
    with transaction.atomic():
        EditLane.objects.filter(pk=0).update(attempt=0)
        for each in processes:
            each.freeze()
