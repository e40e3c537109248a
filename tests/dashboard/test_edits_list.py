"""The list of edits: which interaction each belongs to, as far as whoever looks may see it."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations.models import Role, User
from tests.builders import a_user, frozen
from tests.mirrored import a_conversation, an_edit_of_old, conversations_forgotten

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with frozen(), conversations_forgotten():
        yield


def shown(user: User, path: str = "/edits/") -> str:
    client = Client()
    client.force_login(user)
    return client.get(path, headers={"HX-Request": "true"}).content.decode()


@pytest.mark.parametrize("path", ["/edits/", "/edits/rows"])
def test_names_the_customer_and_leads_to_the_conversation(path: str) -> None:
    customer = a_conversation("Grace Hopper <1>")
    an_edit_of_old(customer, {"team": "A"}, seconds_ago=0)
    page = shown(a_user(Role.ADMIN), path)
    link = f'<a href="/conversations/{customer.conversation_id}/">Grace Hopper &lt;1&gt;</a>'
    assert link in page


def test_of_a_conversation_that_is_not_theirs_any_more_it_names_nobody() -> None:
    agent, customer = a_user(Role.AGENT), a_conversation("Grace Hopper")
    an_edit_of_old(customer, {"team": "A"}, by=agent, seconds_ago=0)
    page = shown(agent)
    assert "Grace Hopper" not in page
    assert f'href="/conversations/{customer.conversation_id}/"' not in page
    assert "no longer before you" in page


def test_costs_the_same_for_many() -> None:
    admin = a_user(Role.ADMIN)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            shown(admin)
        return len(asked)

    an_edit_of_old(a_conversation(), {"team": "A"}, seconds_ago=0)
    queries()
    first = queries()
    for _ in range(5):
        an_edit_of_old(a_conversation(), {"team": "A"}, by=a_user(), seconds_ago=0)
    assert queries() <= first
