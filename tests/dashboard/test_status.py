"""The status page: what is known, what cannot be seen and why, and that nobody but admins reads it."""

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client

from conversations import coverage
from conversations.models import Conversation, Feed, FeedTopic, Queue, Role
from conversations.models.clock import now
from tests.builders import a_user, feed_put_back

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(a_user(Role.ADMIN))
    return client


@pytest.fixture
def rows() -> Iterator[list[Conversation]]:
    """Three live conversations: known by an event, in doubt, and refused by Genesys."""
    at = now()
    division = str(uuid.uuid4())
    made = [
        Conversation(id=uuid.uuid4(), known_since=at, heard_at=at),
        Conversation(id=uuid.uuid4(), known_since=at, asked_at=at, reading=3),
        Conversation(id=uuid.uuid4(), listed_at=at, read_refused=403, division_ids=[division]),
    ]
    Conversation.objects.bulk_create(made)
    with feed_put_back():
        Feed.objects.all().delete()
        yield made
    Conversation.objects.filter(pk__in=[each.pk for each in made]).delete()


def test_what_is_known_is_counted_by_certainty_and_source(rows: list[Conversation]) -> None:
    before = Conversation.objects.live().exclude(pk__in=[each.pk for each in rows]).count()
    counted = coverage.count()
    assert counted.live == before + 3
    assert (counted.known >= 1, counted.doubtful >= 1, counted.unknown >= 1) == (True, True, True)
    assert counted.known + counted.doubtful + counted.unknown == counted.live
    assert (rows[2].division_ids[0], 403, 1) in counted.refused
    assert coverage.current() == counted


def test_says_what_is_known_and_what_genesys_refuses(
    client: Client, rows: list[Conversation]
) -> None:
    coverage.count()
    page = client.get("/status/").content.decode()
    assert rows[2].division_ids[0] in page
    assert "Genesys refuses to show 1 interaction (403)" in page
    assert "conversation:communication:view" in page


def test_names_a_refused_queue_and_a_queue_that_does_not_exist(
    client: Client, rows: list[Conversation], settings: object
) -> None:
    queue = Queue.objects.create(id=uuid.uuid4(), name="Returns")
    FeedTopic.objects.create(queue_id=queue.pk, refusal="routing:queue:view is missing")
    settings.LISTEN_QUEUES = ["returns", "Retuns"]  # type: ignore[attr-defined]
    page = client.get("/status/poll", headers={"HX-Request": "true"}).content.decode()
    assert "Queue Returns" in page
    assert "routing:queue:view is missing" in page
    assert "Queue Retuns" in page
    queue.delete()


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
@pytest.mark.parametrize("path", ["/status/", "/status/poll"])
def test_is_for_admins_only(role: str, path: str) -> None:
    client = Client()
    client.force_login(a_user(role))
    assert client.get(path).status_code in (403, 404)
