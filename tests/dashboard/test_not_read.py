"""What Genesys showed of an attribute, on an edit's page and in the evidence: nothing there is not nothing known."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from conversations.models import AttributeEdit, Participant, Role, State, Verdict
from tests.builders import a_user, frozen
from tests.mirrored import a_conversation, an_edit_of_old, conversations_forgotten

pytestmark = pytest.mark.usefixtures("database")

#: Nobody looked, or what a look showed says nothing about this one.
NOT_READ = {Verdict.PENDING, Verdict.UNKNOWN, Verdict.UNSENT, Verdict.REPLACED}


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with frozen(), conversations_forgotten():
        yield


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(a_user(Role.ADMIN))
    return client


@pytest.fixture
def customer() -> Participant:
    return a_conversation()


def an_edit(customer: Participant, verdict: str, observed: str | None = None) -> AttributeEdit:
    """One nobody has to decide about, and whose form did not know what was there."""
    edit = an_edit_of_old(customer, {"team": "A"})
    edit.changes.update(verdict=verdict, observed=observed)
    return edit


def cell(client: Client, edit: AttributeEdit, column: str = "Genesys shows") -> str:
    page = client.get(f"/edits/{edit.pk}/").content.decode()
    found = re.search(rf'data-label="{column}">(.*?)</td>', page)
    assert found
    return html.unescape(re.sub("<[^>]*>", "", found[1]))


def evidence(client: Client, edit: AttributeEdit, values: str) -> dict[str, Any]:
    text = client.get(f"/edits/{edit.pk}/evidence", {"values": values}).content
    [change] = json.loads(text)["evidence"]["edits"][0]["changes"]
    assert isinstance(change, dict)
    return change


@pytest.mark.parametrize("verdict", Verdict)
class TestWhereNothingWasObserved:
    def test_the_page_tells_absent_from_not_read(
        self, client: Client, customer: Participant, verdict: Verdict
    ) -> None:
        words = "not read" if verdict in NOT_READ else "no such key"
        assert cell(client, an_edit(customer, verdict)) == words

    @pytest.mark.parametrize("values", ["", "1"])
    def test_so_does_the_evidence(
        self, client: Client, customer: Participant, verdict: Verdict, values: str
    ) -> None:
        change = evidence(client, an_edit(customer, verdict), values)
        what = "not_read" if verdict in NOT_READ else "absent"
        assert change["observed"] == {what: True}
        assert change["before"] == {"unknown": True}


@pytest.mark.parametrize(("observed", "words"), [("B", "B"), ("", "—")])
def test_what_was_observed_is_shown_whatever_the_verdict(
    client: Client, customer: Participant, observed: str, words: str
) -> None:
    edit = an_edit(customer, Verdict.UNSENT, observed)
    assert cell(client, edit) == words
    assert evidence(client, edit, "1")["observed"] == {"value": observed}


@pytest.mark.parametrize(
    ("held", "words"), [({}, "no such key"), ({"team": ""}, "—"), ({"team": "B"}, "B")]
)
def test_while_somebody_has_to_decide_it_is_what_is_held_now(
    client: Client, held: dict[str, str], words: str
) -> None:
    edit = an_edit_of_old(a_conversation(attributes=held), {"team": "A"}, State.UNVERIFIABLE)
    assert cell(client, edit) == words
