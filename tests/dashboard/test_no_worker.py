"""With no worker there, nothing may look as if it were on its way: every page that shows something waiting says so."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import (
    AttributeDefinition,
    AttributeEdit,
    EditLane,
    Heartbeat,
    Lookup,
    Participant,
    Role,
    State,
    User,
)
from conversations.models.clock import now
from tests.builders import a_user, frozen
from tests.mirrored import a_conversation, conversations_forgotten, saved

pytestmark = pytest.mark.usefixtures("database")

NOBODY = "No worker is running; nothing is sent until one is. Tell an administrator."
POLL = {"HX-Request": "true"}


@pytest.fixture
def nobody() -> Iterator[None]:
    """Whatever worker the run has stands still, and has done so for long."""
    with frozen(), conversations_forgotten():
        beats = list(Heartbeat.objects.all())
        Heartbeat.objects.update(at=0)
        cache.clear()
        yield
        Heartbeat.objects.bulk_update(beats, ["at"])
        cache.clear()


@pytest.fixture
def customer(nobody: None) -> Iterator[Participant]:
    entry, made = AttributeDefinition.objects.get_or_create(
        key="priority", defaults={"label": "Priority"}
    )
    yield a_conversation(attributes={"priority": "Silver"})
    if made:
        entry.delete()


@pytest.fixture
def admin() -> User:
    return a_user(Role.ADMIN)


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def waiting(
    customer: Participant, by: User, *, seconds: float, late: bool = False
) -> AttributeEdit:
    """Saved so long ago and not touched since."""
    edit = saved(customer, {"priority": "Gold"}, by=by)
    edit.created_at = timezone.now() - timedelta(seconds=seconds)
    edit.deadline_at = edit.created_at + timedelta(seconds=1 if late else 120)
    edit.save(update_fields=["created_at", "deadline_at"])
    EditLane.objects.filter(pk=edit.lane_id).update(due_at=None)  # for nobody else of the run
    return edit


def page(client: Client, customer: Participant, language: str = "en") -> str:
    address = f"/conversations/{customer.conversation_id}/"
    return client.get(address, headers={"Accept-Language": language}).content.decode()


def poll(client: Client, address: str) -> str:
    return client.get(address, headers=POLL).content.decode()


def test_a_saved_field_says_that_nobody_sends(
    client: Client, customer: Participant, admin: User
) -> None:
    edit = waiting(customer, admin, seconds=10)
    for shown in (
        page(client, customer),
        poll(client, f"/conversations/{customer.conversation_id}/poll?open=1"),
    ):
        assert NOBODY in shown
        assert "Waiting to be sent" not in shown
        assert 'data-light="lost"' in shown
        assert "Stuck: no worker takes the changes" in shown
    assert NOBODY in client.get(f"/edits/{edit.pk}/").content.decode()
    assert NOBODY in poll(client, f"/edits/{edit.pk}/poll")
    assert NOBODY in client.get("/edits/").content.decode()
    assert NOBODY in poll(client, "/edits/rows")


def test_in_the_first_seconds_it_waits_as_ever(
    client: Client, customer: Participant, admin: User
) -> None:
    waiting(customer, admin, seconds=0)
    shown = page(client, customer)
    assert "Waiting to be sent." in shown
    assert 'data-light="wait"' in shown


def test_past_its_deadline_it_is_overdue(
    client: Client, customer: Participant, admin: User
) -> None:
    waiting(customer, admin, seconds=60, late=True)
    assert "no worker is running to send it" in page(client, customer)
    assert "Überfällig seit" in page(client, customer, "de")


def test_what_was_sent_is_not_checked(client: Client, customer: Participant, admin: User) -> None:
    edit = waiting(customer, admin, seconds=10)
    AttributeEdit.objects.filter(pk=edit.pk).update(state=State.VERIFYING, sends=1)
    assert "nothing is checked until one is" in page(client, customer)


def test_a_worker_that_lives_and_does_not_send_is_told_of_as_well(
    client: Client, customer: Participant, admin: User
) -> None:
    waiting(customer, admin, seconds=60, late=True)
    at = now()
    beat = Heartbeat.objects.create(name=str(uuid.uuid4()), kind="worker", started_at=at, at=at)
    assert "and no worker has sent it" in page(client, customer)
    beat.delete()


def test_the_worker_is_asked_for_once_however_much_waits(
    client: Client, customer: Participant, admin: User
) -> None:
    saved(customer, {f"key {n}": "x" for n in range(20)}, by=admin)
    waiting(customer, admin, seconds=10)
    page(client, customer)
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        page(client, customer)
    assert sum("conversations_heartbeat" in each["sql"] for each in asked) == 1
    with CaptureQueriesContext(connection) as asked:
        page(client, customer)
    assert not any("conversations_heartbeat" in each["sql"] for each in asked)


def test_a_conversation_that_is_looked_for_says_that_nobody_looks(
    client: Client, nobody: None
) -> None:
    unknown = uuid.uuid4()
    client.get(f"/conversations/{unknown}/")
    shown = poll(client, f"/conversations/{unknown}/poll?looking=1")
    assert "nothing is looked up until one is" in shown
    Lookup.objects.filter(pk=unknown).delete()
