"""Follow the live feed: lead, subscribe to the queues, record what is heard, let it prove edits, open again what broke.

Any number of these processes may run. One leads; the others wait for its lease to end.
"""

import random
import time
from collections.abc import Callable, Collection

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from conversations import budget, mirror
from conversations.edits.rounds import HEARTBEAT_SECONDS, beat
from conversations.genesys import Client, GenesysError
from conversations.genesys.notifications import Drop, Dropped, queue_topic
from conversations.live import mishap, notes, queues
from conversations.live.chore import Chore
from conversations.live.ears import Ears
from conversations.live.intake import Intake
from conversations.live.keeper import Keeper
from conversations.live.lease import RENEW_SECONDS, Lease, LeaseLost
from conversations.live.lister import Lister
from conversations.live.reader import Reader
from conversations.models.clock import Clock, now

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MAX_BACKOFF_SECONDS = 30.0
#: A line that broke sooner did not work; the next is opened later.
GOOD_LINE_SECONDS = 5.0
#: So many events are recorded in one transaction at most. When they come faster than that they share its costs, and one
#: transaction still is shorter than anybody waits for the database.
BATCH = 200
#: A leader that did nothing for so long was frozen: what its socket kept for it is too old to be believed.
FROZEN_SECONDS = 15.0
#: Queues that are new, or gone, are noticed this soon.
CHECK_QUEUES_SECONDS = 600.0
#: A line that could not be replaced is tried again this much later.
RENEW_AGAIN_SECONDS = 15.0


class Ended(Exception):
    """The process was told to end."""


class Listener:
    """The listening process."""

    def __init__(self, genesys: Client, nudge: Callable[[int], None]) -> None:
        self._genesys, self._nudge = genesys, nudge
        self._lease = Lease("feed", settings.FEED_LEASE_SECONDS)
        self._beaten = self._noted = self._round = self._renewed = 0.0
        self._ending = False

    def end(self) -> None:
        """Have `run` return soon."""
        self._ending = True

    def run(self) -> None:
        """Until told to end: wait for the lease, lead until it is lost."""
        try:
            while not self._ending:
                try:
                    close_old_connections()
                    self._beat()
                    if self._lease.take():
                        self._lead()
                except DatabaseError as error:
                    log.warning("no database to stand by", error=type(error).__name__)
                time.sleep(RENEW_SECONDS * random.uniform(0.3, 0.6))
        except Ended:
            log.info("ending", holder=self._lease.holder)
        finally:
            self._step_down()

    def _step_down(self) -> None:
        try:
            self._lease.release()
        except DatabaseError as error:  # it runs out by itself
            log.warning("lease could not be released", error=type(error).__name__)

    # --- Leading ---

    def _lead(self) -> None:
        log.info("leading", holder=self._lease.holder)
        self._lister = Lister(self._genesys)
        self._reader = Reader(self._genesys, self._nudge, lambda: self._lister.behind)
        self._intake = Intake(self._nudge, self._reader.wake)
        chores: list[Chore] = [self._lister, self._reader, Keeper()]
        for each in chores:
            each.start()
        try:
            self._keep_following()
        except LeaseLost:
            log.warning("somebody else leads now", holder=self._lease.holder)
        finally:
            for each in chores:
                each.stop()

    def _keep_following(self) -> None:
        """Until the lease is lost: whatever else happens is written down and tried again."""
        failures = 0
        while True:
            opened = self._round = time.monotonic()
            try:
                self._follow()
            except (Ended, LeaseLost):
                raise
            except Exception as trouble:  # noqa: BLE001 - the outermost loop: whatever happens, nobody else listens
                failures = 0 if time.monotonic() - opened > GOOD_LINE_SECONDS else failures + 1
                self._note(trouble)
            self._wait(random.uniform(0.1, min(MAX_BACKOFF_SECONDS, 0.5 * 2**failures)))

    def _note(self, trouble: Exception) -> None:
        """Write down that the line is gone, unless somebody else leads by now, whose line is well."""
        if not isinstance(trouble, (Dropped, GenesysError, DatabaseError)):
            log.error("following failed", **mishap.facts(trouble))
        try:
            close_old_connections()
            self._lease.make_sure()
        except DatabaseError as error:
            log.warning("no database to lead by", error=type(error).__name__)
        else:
            notes.trouble(trouble)

    def _follow(self) -> None:
        close_old_connections()
        chosen = queues.chosen(self._genesys)
        with Ears(self._genesys, [queue_topic(each.id) for each in chosen]) as ears:
            self._lease.make_sure()  # opening takes long, and what is noted now replaces what a new leader has noted
            notes.opened(ears, Clock(now()).at(ears.opened))
            mirror.want_missed()
            self._lister.heal_gap([each.id for each in chosen] if settings.LISTEN_QUEUES else ())
            self._listen(ears)

    def _listen(self, ears: Ears) -> None:
        """Hear until the line is gone."""
        due, topics = _next_check(), ears.topics
        self._round = time.monotonic()
        while True:
            notices = ears.take(BATCH, RENEW_SECONDS / 2)
            self._rounds(heard=notices[-1].received if notices else None)
            self._intake.take(notices)
            if time.monotonic() > due:
                topics, due = self._topics(topics), _next_check()
            if (ears.ageing or topics != ears.topics) and self._may_renew():
                self._renew(ears, topics)

    def _renew(self, ears: Ears, topics: Collection[str]) -> None:
        """Replace the lines before they go."""
        try:
            ears.renew(list(topics))
            self._lease.make_sure()
            notes.renewed(ears, Clock(now()).at(ears.opened))
        except GenesysError as trouble:
            log.warning("line was not replaced", error=type(trouble).__name__)
            budget.heed(trouble)
        except Dropped as trouble:
            log.warning("line was not replaced", error=type(trouble).__name__)
        self._round = time.monotonic()

    def _may_renew(self) -> bool:
        due = time.monotonic() - self._renewed > RENEW_AGAIN_SECONDS
        self._renewed = time.monotonic() if due else self._renewed
        return due

    def _topics(self, known: frozenset[str]) -> frozenset[str]:
        """What is to be heard; where Genesys does not say, what is known: the line itself is well."""
        try:
            return frozenset(queue_topic(each.id) for each in queues.chosen(self._genesys))
        except GenesysError as trouble:
            log.warning("queues could not be checked", error=type(trouble).__name__)
            budget.heed(trouble)
            return known
        finally:
            self._round = time.monotonic()  # it may take long, which is not to stand still

    # --- What is due about once a second ---

    def _rounds(self, *, heard: float | None) -> None:
        idle, self._round = time.monotonic() - self._round, time.monotonic()
        self._go_on()
        if idle > FROZEN_SECONDS:
            raise Dropped(Drop.STOOD_STILL)
        self._beat()
        if heard is not None and self._round - self._noted > RENEW_SECONDS:
            self._noted = self._round
            notes.heard(Clock(now()).at(heard))

    def _go_on(self) -> None:
        """Raises `Ended`, or `LeaseLost`, where this process may not go on."""
        if self._ending:
            raise Ended
        self._lease.hold()

    def _beat(self) -> None:
        if time.monotonic() - self._beaten > HEARTBEAT_SECONDS:
            self._beaten = time.monotonic()
            beat("listen")

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self._go_on()
                self._beat()
            except DatabaseError as error:
                log.warning("no database to go on", error=type(error).__name__)
            time.sleep(min(RENEW_SECONDS, seconds))


def _next_check() -> float:
    return time.monotonic() + CHECK_QUEUES_SECONDS
