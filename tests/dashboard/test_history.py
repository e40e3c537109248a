"""The history of one attribute: who may not read it is told nothing of it, not even that there is something."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client

from conversations.models import AttributeDefinition, Participant, Role, User
from tests.builders import a_user, frozen
from tests.mirrored import a_conversation, an_edit_of_old, conversations_forgotten

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with frozen(), conversations_forgotten():
        yield


@pytest.fixture
def customer() -> Iterator[Participant]:
    """Whose score was edited, which only admins may read."""
    entry = AttributeDefinition.objects.create(
        key="score", label="Hidden score", seen_by="admins", edited_by="admins"
    )
    customer = a_conversation(attributes={"score": "7", "team": "A"})
    an_edit_of_old(customer, {"score": "7", "team": "A"}, by=a_user(Role.ADMIN))
    yield customer
    entry.delete()


@pytest.fixture
def supervisor() -> User:
    user = a_user(Role.SUPERVISOR)
    user.all_queues = True
    user.save(update_fields=["all_queues"])
    return user


def history(user: User, customer: Participant, key: str, end: str) -> str:
    """What the page is about, without what differs between any two."""
    client = Client()
    client.force_login(user)
    address = f"/conversations/{customer.conversation_id}/history/{end}"
    answer = client.get(address, {"key": key}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    content = answer.content.decode().partition("<main")[2] or answer.content.decode()
    return re.sub('(hx-ptag|hx-trigger|data-heard|value)="[^"]*"', "", content).replace(
        key, "the key"
    )


@pytest.mark.parametrize("end", ["", "poll"])
class TestOfAHiddenAttribute:
    def test_is_that_of_one_there_is_not(
        self, customer: Participant, supervisor: User, end: str
    ) -> None:
        hidden = history(supervisor, customer, "score", end)
        assert hidden == history(supervisor, customer, "unknown", end)
        assert 'href="/edits/' not in hidden

    def test_is_there_for_those_who_may_read_it(self, customer: Participant, end: str) -> None:
        assert 'href="/edits/' in history(a_user(Role.ADMIN), customer, "score", end)
