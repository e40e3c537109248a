"""A board that is silently partial: whoever's queue is not heard, or whose interactions are not shown, reads so."""

import uuid
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from conversations.models import Conversation, Feed, FeedTopic, Queue, Role, User
from conversations.models.clock import now
from tests.builders import a_user, feed_put_back, frozen
from tests.mirrored import a_conversation, conversations_forgotten

pytestmark = pytest.mark.usefixtures("database")

REFUSAL = "routing:queue:view is missing"
POLL = {"HX-Request": "true"}


@pytest.fixture
def queues() -> Iterator[dict[str, Queue]]:
    """One that is heard, one that Genesys refuses, one that is not followed; each with a live conversation."""
    with frozen(), conversations_forgotten(), feed_put_back():
        at = now()
        Feed.objects.all().delete()
        FeedTopic.objects.all().delete()
        Feed.objects.create(opened_at=at, heard_at=at)
        names = ("Heard", "Refused", "Ignored")
        made = {name: Queue.objects.create(id=uuid.uuid4(), name=name) for name in names}
        FeedTopic.objects.create(queue_id=made["Heard"].pk, since=at)
        FeedTopic.objects.create(queue_id=made["Refused"].pk, refusal=REFUSAL)
        for each in made.values():
            a_conversation(queue=each)
        cache.clear()
        yield made
        cache.clear()
        for each in made.values():
            each.delete()


def supervisor(*queues: Queue) -> User:
    user = a_user(Role.SUPERVISOR)
    user.queues.set(queues)
    return user


def board(user: User, path: str = "/", language: str = "en") -> str:
    client = Client()
    client.force_login(user)
    return client.get(path, headers={**POLL, "Accept-Language": language}).content.decode()


@pytest.mark.parametrize("path", ["/", "/rows"])
def test_a_supervisor_reads_that_their_only_queue_is_refused(
    queues: dict[str, Queue], path: str
) -> None:
    shown = board(supervisor(queues["Refused"]), path)
    assert "Genesys refuses the events of the queue “Refused”" in shown
    assert "Ask an administrator." in shown
    assert "Ignored" not in shown


def test_the_chip_says_then_that_it_is_only_read(queues: dict[str, Queue]) -> None:
    client = Client()
    client.force_login(supervisor(queues["Refused"]))
    answer = client.get("/rows", headers=POLL)
    assert answer["Midcall-Heard"].endswith(" read")
    unchanged = client.get("/rows", headers={**POLL, "HX-PTag": answer["HX-PTag"]})
    assert (unchanged.status_code, unchanged["Midcall-Heard"][-5:]) == (304, " read")
    client.force_login(supervisor(queues["Heard"], queues["Refused"]))
    assert client.get("/rows", headers=POLL)["Midcall-Heard"].endswith(" live")


def test_nothing_is_said_to_whoever_hears_everything(queues: dict[str, Queue]) -> None:
    assert "data-gaps" not in board(supervisor(queues["Heard"]))


def test_an_unfollowed_queue_is_named_as_well(queues: dict[str, Queue]) -> None:
    shown = board(supervisor(queues["Heard"], queues["Ignored"]))
    assert "The queue “Ignored” is not followed live" in shown
    german = board(supervisor(queues["Ignored"]), language="de")
    assert "Die Warteschlange „Ignored“ wird nicht live verfolgt" in german


def test_admins_read_of_all_and_where_to_look(queues: dict[str, Queue]) -> None:
    shown = board(a_user(Role.ADMIN))
    assert "“Refused”" in shown
    assert "“Ignored”" in shown
    assert '<p><a href="/status/">' in shown


def test_an_agent_reads_of_the_queue_they_are_in(queues: dict[str, Queue]) -> None:
    me = uuid.uuid4()
    row = Conversation.objects.get(queue_id=queues["Refused"].pk)
    row.participants.create(participant_id=uuid.uuid4(), purpose="agent", user_id=me, position=1)
    assert "“Refused”" in board(a_user(genesys_user_id=me))
    assert "data-gaps" not in board(a_user(genesys_user_id=uuid.uuid4()))


def test_while_the_line_is_down_the_chip_says_it_all(queues: dict[str, Queue]) -> None:
    Feed.objects.update(opened_at=0)
    assert "data-gaps" not in board(supervisor(queues["Refused"]))


def test_refused_divisions_and_counts_are_of_what_a_person_sees(queues: dict[str, Queue]) -> None:
    division = str(uuid.uuid4())
    Conversation.objects.filter(queue_id=queues["Refused"].pk).update(
        read_refused=403, division_ids=[division], known_since=0
    )
    mine = board(supervisor(queues["Heard"], queues["Refused"]))
    assert f"Genesys refuses to show 1 of these interactions (division “{division}”)." in mine
    assert "attributes known for 1" in mine
    theirs = board(supervisor(queues["Heard"], queues["Ignored"]))
    assert division not in theirs
    assert "attributes known for 2" in theirs
