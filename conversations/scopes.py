"""Tell the pages that something changed: raise the counters of everybody who may look at a conversation.

A page asks for its counters first and is answered "nothing new" without another query. They are raised a moment after
the change, by a thread of each process, many changes together: an edit never waits for them. A process that dies in
that moment leaves a page behind by at most `BUCKET_SECONDS`, after which every page asks anew.
"""

import atexit
import threading
from collections.abc import Iterable
from uuid import UUID

import structlog
from django.db import DatabaseError, close_old_connections, connection, transaction

from conversations.models import Conversation, Participant, Role, Scope, User
from conversations.models.clock import carried_now

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

EVERYTHING = "all"
#: Part of everybody's scope: a label, a mask or an audience concerns every page.
CATALOGUE = "catalogue"
FLUSH_SECONDS = 0.2
RETRY_SECONDS = 2.0
BUCKET_SECONDS = 20.0
#: So long a process that ends waits for its own thread: that may be waiting for a database that does not answer.
END_SECONDS = 5.0


def of(user: User) -> list[str]:
    """The counters that cover all a person may see."""
    if user.role == Role.ADMIN or (user.role == Role.SUPERVISOR and user.all_queues):
        return [EVERYTHING]
    own = [f"user:{user.genesys_user_id}"] if user.genesys_user_id else []
    if user.role == Role.SUPERVISOR:
        return [*own, *sorted(f"queue:{pk}" for pk in user.queues.values_list("pk", flat=True))]
    return own


def version(names: Iterable[str]) -> str:
    """A text that differs as soon as something changed in one of these scopes; one read by primary key."""
    rows = (
        Scope.objects.filter(name__in=[*names, CATALOGUE])
        .order_by("name")
        .values_list("name", "version")
    )
    bucket = int(carried_now() // BUCKET_SECONDS)
    return "|".join([str(bucket), *(f"{name}={number}" for name, number in rows)])


def catalogue_changed() -> None:
    """What the catalogue says changed, in this transaction: every page asks anew."""
    _raise([CATALOGUE])


def changed(conversation_id: UUID) -> None:
    """Something about a conversation or its edits changed, and is committed or will be with this transaction."""
    transaction.on_commit(lambda: _announcer.add(conversation_id))


class _Announcer:
    """Collects what changed; its thread starts with the first change, so that a process forked before has its own."""

    def __init__(self) -> None:
        self._changed: set[UUID] = set()
        self._lock = threading.Condition()
        #: Whoever flushes last, as this process ends, waits a while for a flush that is under way.
        self._flushing = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, conversation_id: UUID) -> None:
        with self._lock:
            self._changed.add(conversation_id)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
                self._thread.start()
                atexit.register(self.flush, END_SECONDS)
            self._lock.notify()

    def flush(self, patience: float = -1) -> bool:
        """Raise the counters now; says whether the database could be reached. If not, the changes go with the next.

        `patience`: how long (seconds) to wait for a flush that is under way; by default as long as it takes.
        """
        if not self._flushing.acquire(timeout=patience):
            return False
        try:
            return self._flush()
        finally:
            self._flushing.release()

    def _flush(self) -> bool:
        with self._lock:
            conversations, self._changed = self._changed, set()
        if not conversations:
            return True
        try:
            close_old_connections()
            _raise(sorted(_covering(conversations)))
        except DatabaseError as error:
            log.warning("pages could not be told of changes", error=type(error).__name__)
            with self._lock:
                self._changed |= conversations
            return False
        return True

    def _run(self) -> None:
        pause, reached = threading.Event(), True
        while True:
            with self._lock:
                while not self._changed:
                    self._lock.wait()
            # What else changes meanwhile goes with it.
            pause.wait(FLUSH_SECONDS if reached else RETRY_SECONDS)
            reached = self.flush()


_announcer = _Announcer()


def _raise(names: list[str]) -> None:
    """One more on each of these counters; in one order, so that nobody deadlocks."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO conversations_scope (name, version) VALUES (%s, 1)"
            " ON CONFLICT (name) DO UPDATE SET version = conversations_scope.version + 1",
            [(name,) for name in names],
        )


def _covering(conversations: set[UUID]) -> set[str]:
    """Queues and users that are on these conversations, or were: who has just lost one must be told as well."""
    names = {EVERYTHING}
    parties = Participant.objects.filter(conversation_id__in=conversations)
    for user_id, queue_id in parties.values_list("user_id", "queue_id").distinct():
        names |= {f"user:{user_id}"} if user_id else set()
        names |= {f"queue:{queue_id}"} if queue_id else set()
    queues = Conversation.objects.filter(pk__in=conversations, queue_id__isnull=False)
    return names | {f"queue:{queue_id}" for queue_id in queues.values_list("queue_id", flat=True)}
