"""Names and values of other people's making: other directions of writing, blanks that matter, hundreds of letters."""

import re
import uuid
from collections.abc import Iterator

import pytest
from django.test import Client

from conversations.models import (
    AttributeDefinition,
    AttributeEdit,
    Participant,
    Reason,
    Role,
    Says,
    State,
    User,
)
from dashboard.templatetags.midcall import marked
from tests.builders import a_user, frozen
from tests.mirrored import a_conversation, an_edit_of_old, conversations_forgotten

pytestmark = pytest.mark.usefixtures("database")

HEBREW = "שלום (1)"
OVERRIDE = "\u202eabc\u2066"
LEADING = " lead"
BLANKS = "   "


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with frozen(), conversations_forgotten():
        yield


@pytest.fixture
def admin() -> User:
    return a_user(Role.ADMIN)


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def entry() -> Iterator[AttributeDefinition]:
    made = AttributeDefinition.objects.create(key=f"odd_{uuid.uuid4().hex[:6]}", label="Odd")
    yield made
    made.delete()


@pytest.fixture
def customer(entry: AttributeDefinition) -> Participant:
    return a_conversation(
        attributes={entry.key: "other", "plain": HEBREW, LEADING: "1", BLANKS: "2"}
    )


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def of(customer: Participant, rest: str = "") -> str:
    return f"/conversations/{customer.conversation_id}/{rest}"


class TestWritingFromRightToLeft:
    def test_each_value_stands_by_itself(
        self, client: Client, admin: User, customer: Participant, entry: AttributeDefinition
    ) -> None:
        edit = an_edit_of_old(customer, {entry.key: HEBREW}, by=admin, baseline="ערך")
        assert f"<bdi>ערך</bdi> → <b><bdi>{HEBREW}</bdi></b>" in page(client, "/edits/")
        assert f'<bdi class="held">{HEBREW}</bdi>' in page(client, f"/edits/{edit.pk}/")
        assert f"<bdi>{HEBREW}</bdi>" in page(client, of(customer))

    def test_so_does_one_in_a_sentence(
        self, client: Client, admin: User, customer: Participant, entry: AttributeDefinition
    ) -> None:
        an_edit_of_old(customer, {entry.key: HEBREW}, State.REJECTED, by=admin)
        assert f"Wanted: “\u2068{HEBREW}\u2069”." in page(client, of(customer))

    def test_what_steers_the_direction_steers_no_sentence(
        self, client: Client, admin: User, customer: Participant, entry: AttributeDefinition
    ) -> None:
        an_edit_of_old(customer, {entry.key: OVERRIDE}, State.REJECTED, by=admin)
        assert "Wanted: “\u2068abc\u2069”." in page(client, of(customer))

    def test_plain_values_stay_as_they_are(
        self, client: Client, admin: User, customer: Participant, entry: AttributeDefinition
    ) -> None:
        an_edit_of_old(customer, {entry.key: "Gold"}, State.REJECTED, by=admin)
        assert "Wanted: “Gold”." in page(client, of(customer))


class TestBlanks:
    def test_are_marked_where_they_matter(self) -> None:
        assert str(marked("a b")) == '<bdi class="key">a b</bdi>'
        assert '<span class="blank"> </span>lead</bdi>' in marked(LEADING)
        assert "(starts with a blank)" in marked(LEADING)
        assert 'a<span class="blank">  </span>b' in marked("a  b")
        assert "(blanks only)" in marked(BLANKS)
        assert "&lt;b&gt;" in marked("<b> ")

    def test_are_seen_wherever_a_name_is(
        self, client: Client, admin: User, customer: Participant
    ) -> None:
        edit = an_edit_of_old(customer, {LEADING: "1"}, by=admin)
        pages = (of(customer), of(customer, "participants/"), "/edits/", f"/edits/{edit.pk}/")
        for address in pages:
            assert '<span class="blank"> </span>lead' in page(client, address), address
        shown = page(client, of(customer))
        assert "(blanks only)" in shown


class TestLongNames:
    def test_are_not_added(self, client: Client, customer: Participant) -> None:
        shown = page(client, f"{of(customer, 'field')}?key={'k' * 251}")
        assert "This name has 251 characters; 250 is the most." in shown
        assert "<input" not in shown
        assert 'name="set.' in page(client, f"{of(customer, 'field')}?key={'k' * 250}")

    def test_are_not_saved_either(self, client: Client, customer: Participant) -> None:
        answer = client.post(
            of(customer, "edits"),
            {"participant": customer.participant_id, f"set.{'k' * 251}": "1"},
        )
        assert answer.status_code == 422
        assert "250 is the most" in answer.content.decode()

    def test_that_are_there_already_are_taken_as_they_are(self, client: Client) -> None:
        customer = a_conversation(attributes={"k" * 300: "1"})
        assert 'name="set.' in page(client, f"{of(customer, 'field')}?key={'k' * 300}")


class TestTexts:
    def test_nothing_beside_the_fields_needs_no_box(
        self, client: Client, entry: AttributeDefinition
    ) -> None:
        def hidden(attributes: dict[str, str]) -> bool:
            shown = page(client, of(a_conversation(attributes=attributes)))
            box = re.search(r'<details[^>]*id="others-box"[^>]*>', shown)
            assert box is not None
            return " hidden" in box[0]

        assert hidden({entry.key: "1"})
        assert not hidden({"another": "1"})

    def test_what_changed_since_is_called_by_its_label_and_asks_for_one_thing(
        self, client: Client, admin: User, customer: Participant, entry: AttributeDefinition
    ) -> None:
        edit = an_edit_of_old(customer, {entry.key: "mine"}, State.REVERTED, by=admin)
        for says in (Says.CHANGED_SINCE, Says.CHANGED_BACK):
            AttributeEdit.objects.filter(pk=edit.pk).update(
                reason=Reason.of(says, keys=[entry.key])
            )
            shown = page(client, f"/edits/{edit.pk}/")
            assert "for “Odd”. See why before you write it again." in shown
            assert "Write it again." not in shown

    def test_the_two_boxes_of_the_panel_have_different_names_in_german(
        self, client: Client, entry: AttributeDefinition
    ) -> None:
        address = of(a_conversation(attributes={"another": "1"}))
        shown = client.get(address, headers={"Accept-Language": "de"}).content.decode()
        assert "Sonstige Attribute" in shown
        assert "Weitere Attribute" not in shown
