"""The status page: what is known, what cannot be seen and why, and that nobody but admins reads it."""

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from conversations import checkup, connection_test, coverage
from conversations import status as standing
from conversations.connection import SharedToken
from conversations.genesys import Client as Wire
from conversations.genesys import GenesysError
from conversations.models import (
    AccessToken,
    ConnectionTest,
    Conversation,
    EditMove,
    Feed,
    FeedTopic,
    Heartbeat,
    Queue,
    Reason,
    Role,
    Says,
)
from conversations.models.clock import now
from tests.builders import a_user, feed_put_back, frozen
from tests.genesys import Sandbox
from tests.mirrored import a_conversation, an_edit_of_old, conversations_forgotten
from tests.processes import Process, until

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


def test_says_where_genesys_is_and_how_the_sign_in_stands(client: Client) -> None:
    kept = list(AccessToken.objects.all())
    AccessToken.objects.all().delete()
    at, key = now(), settings.GENESYS.client_id
    row = AccessToken.objects.create(client_id=key, sealed="x", expires_at=at + 900, fetched_at=at)
    try:
        page = client.get("/status/").content.decode()
        assert settings.GENESYS.api_url in page
        assert "signed in" in page
        row.refused_at, row.refusal = at + 1, Reason.of(Says.CLIENT_REFUSED, message="bad secret")
        row.save()
        assert "Genesys refuses the client id or secret" in client.get("/status/").content.decode()
    finally:
        row.delete()
        AccessToken.objects.bulk_create(kept)


def test_a_refused_sign_in_is_remembered(sandbox: Sandbox) -> None:
    config = replace(settings.GENESYS, client_id=uuid.uuid4().hex, client_secret="wrong")
    with pytest.raises(GenesysError):
        Wire(config, SharedToken(config.client_id)).token_info()
    row = AccessToken.objects.get(pk=config.client_id)
    assert row.refused_at > row.fetched_at == 0
    assert "Genesys refuses the client id or secret" in str(row.refusal)
    row.delete()


def test_names_the_broker_and_the_last_error(client: Client) -> None:
    with conversations_forgotten():
        edit = an_edit_of_old(a_conversation(), {"team": "A"})
        state = {"from_state": "sending", "to_state": "queued"}
        at = timezone.now()
        EditMove.objects.create(edit=edit, at=at, status=503, correlation_id="c-1", **state)
        page = client.get("/status/").content.decode()
    assert "Genesys answered 503 (request id c-1)" in page
    assert "<dt>On their way</dt>" in page
    assert checkup.broker_kind() in page
    assert checkup.broker_kind() in ("files on this machine", "Redis", "RabbitMQ")


class TestTheTest:
    @pytest.fixture(autouse=True)
    def _none_yet(self) -> Iterator[None]:
        ConnectionTest.objects.all().delete()
        yield
        ConnectionTest.objects.all().delete()

    def test_is_made_by_a_worker_and_shown(self, client: Client, worker: Process) -> None:
        assert client.post("/status/test").status_code == 302

        def shown() -> str:
            return client.get("/status/poll", headers={"HX-Request": "true"}).content.decode()

        until(lambda: "Tested: permissions" in shown(), 30, what="the worker has tested")
        assert "everything is in place" in shown()
        assert "organisation “" in shown()

    def test_waits_for_a_worker_and_says_so(self, client: Client, sandbox: Sandbox) -> None:
        with frozen():
            beats = list(Heartbeat.objects.all())
            Heartbeat.objects.update(at=0)
            cache.clear()
            client.post("/status/test", headers={"Accept-Language": "de"})
            page = client.get("/status/").content.decode()
            connection_test.carry_out()
            Heartbeat.objects.bulk_update(beats, ["at"])
            cache.clear()
        assert "Waiting for a worker…" in page
        assert "nothing is tested until one is" in page
        assert "Organisation „" in str(ConnectionTest.objects.get().findings)

    def test_is_asked_for_once_however_often_it_is_pressed(self, client: Client) -> None:
        admin = a_user(Role.ADMIN)
        assert connection_test.ask(admin)
        assert not connection_test.ask(admin)
        assert not connection_test.forgotten()
        ConnectionTest.objects.update(nudged_at=1.0)
        assert connection_test.forgotten()
        assert not connection_test.forgotten()

    @pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
    def test_is_for_admins_only(self, role: str) -> None:
        client = Client()
        client.force_login(a_user(role))
        assert client.post("/status/test").status_code == 403
        assert not ConnectionTest.objects.exists()


def test_the_report_is_plain_text_without_secrets(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "GENESYS", replace(settings.GENESYS, client_secret="hush-hush"))
    report = standing.report(standing.sections())
    assert report.startswith("Midcall, ")
    assert settings.GENESYS.api_url in report
    for secret in (settings.GENESYS.client_secret, settings.SECRET_KEY, settings.BROKER_URL):
        assert secret not in report
    assert "<" not in report
    assert 'data-copy="Midcall, ' in client.get("/status/").content.decode()


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
@pytest.mark.parametrize("path", ["/status/", "/status/poll"])
def test_is_for_admins_only(role: str, path: str) -> None:
    client = Client()
    client.force_login(a_user(role))
    assert client.get(path).status_code in (403, 404)
