"""The web as it stands: closed unless opened, scoped to who asks, honest about its own health."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from conversations.models import Conversation, Queue, Role, User
from tests.builders import a_user, worked_off
from tests.genesys import Sandbox
from tests.processes import until

pytestmark = pytest.mark.usefixtures("database")

OPEN = {"login", "healthz", "readyz", "metrics"}


@pytest.fixture
def agent(sandbox: Sandbox) -> Iterator[User]:
    user = a_user(Role.AGENT)
    yield user
    user.delete()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class TestEveryPage:
    def test_needs_a_sign_in(self) -> None:
        names = [str(getattr(each, "name", "")) for each in get_resolver().url_patterns]
        assert set(names) > OPEN
        patterns = [each for each in get_resolver().url_patterns if isinstance(each, URLPattern)]
        for each in patterns:
            if str(each.name) in OPEN:
                continue
            some_id: object = 1 if "pk" in str(each.pattern) else uuid4()
            asked = dict.fromkeys(each.pattern.converters, some_id) | {"action": "leave"}
            wanted = {name: asked[name] for name in each.pattern.converters}
            address = reverse(str(each.name), kwargs=wanted)
            answer = Client().get(address)
            assert answer.status_code == 302, each.name
            assert answer["Location"].startswith(reverse("login"))
            nowhere = each.name == "logout"  # where they would go is where they are sent
            assert Client().post(address).status_code == (302 if nowhere else 401), each.name

    def test_tells_a_fragment_of_nobody_so_and_paints_no_sign_in(self) -> None:
        answer = Client().get(reverse("board-rows"), headers={"HX-Request": "true"})
        assert (answer.status_code, answer.content) == (401, b"")

    def test_carries_a_strict_policy(self, agent: User) -> None:
        answer = signed_in(agent).get(reverse("board"))
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer["X-Content-Type-Options"] == "nosniff"


class TestSigningIn:
    def test_leads_to_the_board(self) -> None:
        user = a_user()
        user.set_password("a long enough secret")
        user.save(update_fields=["password"])
        form = {"username": user.username, "password": "a long enough secret"}
        answer = Client().post(reverse("login"), form)
        assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.usefixtures("listener")
class TestTheBoard:
    def test_shows_an_agent_their_own_and_nobody_elses(self, sandbox: Sandbox) -> None:
        theirs = sandbox.conversation()
        agent = a_user(Role.AGENT, theirs.raw["agent"]["id"])
        until(lambda: Conversation.objects.filter(pk=theirs.id, known_since__gt=0).exists())
        context = signed_in(agent).get("/?size=200&sort=-started").context
        shown = {each.id for each in context["rows"]}
        assert theirs.id in shown
        own = Conversation.objects.filter(participants__user_id=agent.genesys_user_id)
        assert shown <= set(own.values_list("pk", flat=True))

    def test_shows_a_supervisor_their_queues(self, sandbox: Sandbox) -> None:
        one = sandbox.conversation()
        until(lambda: Conversation.objects.filter(pk=one.id, known_since__gt=0).exists())
        supervisor = a_user(Role.SUPERVISOR)
        assert not signed_in(supervisor).get(reverse("board")).context["rows"]
        queue = Queue.objects.get(pk=one.raw["queue"]["id"])
        supervisor.queues.add(queue)
        rows = signed_in(supervisor).get(reverse("board")).context["rows"]
        assert {each.queue for each in rows} == {queue.name}

    def test_shows_nothing_to_an_agent_without_a_genesys_user(self, agent: User) -> None:
        assert not signed_in(agent).get(reverse("board")).context["rows"]


class TestHealth:
    def test_is_told_without_a_sign_in(self) -> None:
        assert Client().get("/healthz").status_code == 200

    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
    def test_is_told_as_well_without_a_body(self, path: str) -> None:
        worked_off()
        assert Client().head(path).status_code == Client().get(path).status_code

    @pytest.mark.usefixtures("worker")
    def test_is_ready_with_a_live_worker(self) -> None:
        worked_off()
        assert Client().get("/readyz").json()["ready"] is True


def test_the_secret_stays_out_of_sight() -> None:
    assert settings.GENESYS.client_secret not in repr(settings.GENESYS).replace("'sandbox'", "")
