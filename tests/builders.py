"""Short ways to the things tests are about. What is not said has a value nobody else uses."""

import itertools
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection, transaction
from django.db.models import F

from conversations import checkup, mirror
from conversations.connection import genesys
from conversations.edits import accept, step
from conversations.edits.accept import Wish
from conversations.genesys import Client
from conversations.models import (
    AttributeEdit,
    Conversation,
    EditLane,
    Feed,
    FeedTopic,
    Role,
    User,
)
from conversations.models.clock import now
from conversations.tasks import nudge
from tests.genesys import Made, Sandbox
from tests.processes import Process, until

_numbers = itertools.count(1)


def a_value() -> str:
    """A value no key has ever held."""
    return f"value-{next(_numbers)}-{uuid.uuid4().hex[:8]}"


def a_user(
    role: str = Role.AGENT, genesys_user_id: UUID | None = None, *, may_edit: bool = True
) -> User:
    return User.objects.create_user(
        username=f"user-{uuid.uuid4().hex[:8]}",
        role=role,
        genesys_user_id=genesys_user_id,
        may_edit=may_edit,
    )


@contextmanager
def feed_put_back() -> Iterator[None]:
    """What a test does to the rows of the feed is undone: the listener of the run goes on with them."""
    feeds, topics = list(Feed.objects.all()), list(FeedTopic.objects.all())
    try:
        yield
    finally:
        for model, rows in ((Feed, feeds), (FeedTopic, topics)):
            model._default_manager.all().delete()
            model._default_manager.bulk_create(rows)  # type: ignore[arg-type]


def followed_for_long(made: Made) -> None:
    """As if the feed had been heard for long, and the conversation with it, so that events may prove."""
    long_ago = now() - 100
    queue = UUID(made.raw["queue"]["id"])
    FeedTopic.objects.update_or_create(queue_id=queue, defaults={"since": long_ago})
    Feed.objects.update_or_create(defaults={"opened_at": long_ago, "heard_at": now() + 600})
    mirror.record_read(genesys().conversation(made.id).value, now())
    Conversation.objects.filter(pk=made.id).update(
        known_since=long_ago, queue_since=long_ago, queue_id=queue
    )


def freeze_idle(processes: list[Process]) -> bool:
    """Freeze processes so that they hold no lock of the database: it would stop us as well."""
    with transaction.atomic():  # on SQLite, who holds the write lock knows that nobody else does
        EditLane.objects.filter(pk=0).update(attempt=0)
        for each in processes:
            each.freeze()
    if connection.vendor == "sqlite" or not _sessions_in_transaction():
        return True
    thaw(processes)
    return False


@contextmanager
def frozen() -> Iterator[None]:
    """Worker and listener of the run, if there are any, stand still."""
    processes = [each for each in Process.running_ones if each.name in {"worker", "listen"}]
    try:
        until(lambda: freeze_idle(processes), 30, what="all are frozen, outside any transaction")
        yield
    finally:
        thaw(processes)


def thaw(processes: list[Process]) -> None:
    """Have all of them go on; one may be dead by now, which must not leave the others frozen."""
    for each in processes:
        with suppress(ProcessLookupError):
            each.signal(signal.SIGCONT)


def _sessions_in_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
        )
        [(count,)] = cursor.fetchall()
    return int(count)


def session_of(user: User, store: type[SessionBase] | None = None) -> str:
    """The key of a session as signing in makes it; `store` is where the site keeps them, unless one is named."""
    session = (store or import_module(settings.SESSION_ENGINE).SessionStore)()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def save(
    made: Made,
    wanted: dict[str, str],
    *,
    baseline: str | None = None,
    by: User | None = None,
    participant: UUID | None = None,
) -> AttributeEdit:
    """Save an edit and nudge the worker, as the page does."""
    wishes = {key: Wish(value, baseline) for key, value in wanted.items()}
    saved = accept.save(made.id, participant or made.customer, wishes, by=by)
    if saved.due:
        nudge(saved.edit.lane_id)
    return saved.edit


def settled(edit: AttributeEdit, seconds: float = 20.0) -> AttributeEdit:
    """Wait until an edit is settled."""

    def is_settled() -> bool:
        edit.refresh_from_db()
        return not edit.is_open

    until(is_settled, seconds, what=f"edit {edit.pk} is settled")
    return edit


def reached(edit: AttributeEdit, state: str, seconds: float = 20.0) -> AttributeEdit:
    """Wait until an edit is in a state."""

    def is_there() -> bool:
        edit.refresh_from_db()
        return edit.state == state

    until(is_there, seconds, what=f"edit {edit.pk} is {state}")
    return edit


def worked_off() -> None:
    """Wait until no lane is overdue: what earlier tests have left is done."""
    try:
        until(lambda: checkup.lanes().ok, 60, what="what earlier tests left is worked off")
    except AssertionError as error:
        rows = EditLane.objects.filter(due_at__lt=now() - checkup.OVERDUE_SECONDS)
        raise AssertionError("\n".join(map(str, rows.values()))) from error


def verdicts(edit: AttributeEdit) -> dict[str, str]:
    return dict(edit.changes.values_list("key", "verdict"))


class Hands:
    """The worker's work, done by hand."""

    def turn(self, edit: AttributeEdit, client: Client | None = None) -> AttributeEdit:
        """Do what is due for the edit's lane now, whatever its due time says."""
        EditLane.objects.filter(pk=edit.lane_id).exclude(due_at=None).update(due_at=1.0)
        step.work(edit.lane_id, client or genesys())
        edit.refresh_from_db()
        return edit

    def until_settled(self, edit: AttributeEdit) -> AttributeEdit:
        """Turn after turn at the times the lane asks for."""

        def is_settled() -> bool:
            step.work(edit.lane_id, genesys())
            edit.refresh_from_db()
            return not edit.is_open

        until(is_settled, 30, what=f"edit {edit.pk} is settled")
        return edit

    def lease_runs_out(self, edit: AttributeEdit) -> None:
        """As if the holder of the lane had been gone for longer than its lease."""
        EditLane.objects.filter(pk=edit.lane_id).update(lease_until=0, due_at=1.0)

    def deadline_passes(self, edit: AttributeEdit) -> None:
        past = edit.created_at
        AttributeEdit.objects.filter(pk=edit.pk).update(deadline_at=past)


def moves(edit: AttributeEdit) -> list[tuple[str, str]]:
    """The moves of an edit in order, without the entries that moved nothing."""
    rows = edit.moves.exclude(from_state=F("to_state")).exclude(from_state="")
    return list(rows.values_list("from_state", "to_state"))


def story(edit: AttributeEdit, made: Made, sandbox: Sandbox) -> str:
    """What happened to an edit, what the sandbox was asked and what it held, in order: for a test that failed."""
    events = [
        (move.at.timestamp(), f"{move.from_state} -> {move.to_state} {move.note}")
        for move in edit.moves.all()
    ]
    events += [
        (each["at"], f"    call {each['method']} {each['status']}") for each in sandbox.calls(made)
    ]
    events += [
        (each["at"], f"        truth {each['key']} = {each['value']!r} by {each['by']}")
        for each in sandbox.history(made)
    ]
    start = edit.created_at.timestamp()
    lines = [f"{at - start:8.3f} {words}" for at, words in sorted(events)]
    return "\n".join([f"edit {edit.pk} is {edit.state}: {edit.reason}", *lines])
