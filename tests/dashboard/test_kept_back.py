"""A conflict found when an edit of several attributes is sent: what is said of each, and that nothing typed is lost."""

import html
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from conversations import mirror
from conversations.connection import genesys
from conversations.edits import accept, answers
from conversations.edits.accept import Wish
from conversations.models import AttributeDefinition, AttributeEdit, Role, Says, State, User
from conversations.models.clock import now
from tests.builders import Hands, a_user
from tests.genesys import Made, Sandbox

pytestmark = [pytest.mark.pipeline, pytest.mark.brokerless]

HELD = {"tier": "silver", "remark": "old", "team": "A"}
WANTED = {"tier": "gold", "remark": "new", "team": "B"}
Conflict = Callable[..., AttributeEdit]
Audience = AttributeDefinition.Audience


@pytest.fixture(autouse=True)
def tier(hands: Hands) -> Iterator[AttributeDefinition]:
    """One entry of the catalogue, which has the others as well."""
    labels = {"tier": "Tier", "remark": "Remark", "team": "Team"}
    entries = [AttributeDefinition.objects.create(key=e, label=labels[e]) for e in labels]
    yield entries[0]
    for each in entries:
        each.delete()


@pytest.fixture
def user(hands: Hands) -> User:
    """May write keys the catalogue does not know, and sees every conversation."""
    return a_user(Role.ADMIN)


@pytest.fixture
def client(user: User) -> Client:
    return client_of(user)


@pytest.fixture
def made(sandbox: Sandbox, hands: Hands) -> Made:
    return read(sandbox.conversation(attributes=HELD))


@pytest.fixture
def conflict(sandbox: Sandbox, hands: Hands, made: Made, user: User) -> Conflict:
    """An edit of these keys, which meets what somebody else has written meanwhile."""

    def conflict(*keys: str, by: User | None = None, **theirs: str) -> AttributeEdit:
        wishes = {key: Wish(WANTED[key], HELD[key]) for key in keys}
        edit = accept.save(made.id, made.customer, wishes, by=by or user).edit
        sandbox.write(made, theirs)
        read(made)
        assert hands.turn(edit).state == State.CONFLICT
        return edit

    return conflict


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def read(made: Made) -> Made:
    at = now()
    mirror.record_read(genesys().conversation(made.id).value, at)
    return made


class Status:
    """What a conversation's page says of one attribute, and offers to do about it."""

    def __init__(self, client: Client, made: Made, key: str) -> None:
        page = client.get(f"/conversations/{made.id}/").content.decode()
        found = re.search(rf'id="st-{key}"[^>]*>(.*?)</div>\n</div>', page, re.DOTALL)
        assert found, key
        self.words = html.unescape(re.sub("<[^>]*>", "", found[1]))
        buttons = re.findall(r'hx-post="[^"]*/([a-z]+)"[^>]*>([^<]*)</button>', found[1])
        self.steps = {action: html.unescape(words) for action, words in buttons}


def steps_of(client: Client, edit: AttributeEdit) -> dict[str, str]:
    """What the edit's own page offers."""
    page = client.get(f"/edits/{edit.pk}/").content.decode()
    buttons = re.findall(r'<button formaction="[^"]*/([a-z]+)">([^<]*)</button>', page)
    return {action: html.unescape(words) for action, words in buttons}


def answer(client: Client, edit: AttributeEdit, action: str, **seen: str) -> Any:
    form = {f"seen.{key}": value for key, value in seen.items()}
    return client.post(reverse("edit-answer", args=[edit.pk, action]), form)


def decided(edit: AttributeEdit) -> bool:
    edit.refresh_from_db()
    return not edit.unresolved


def newer(edit: AttributeEdit) -> AttributeEdit | None:
    return AttributeEdit.objects.filter(lane=edit.lane, seq__gt=edit.seq).first()


class TestWhatIsSaid:
    def test_of_each_attribute_is_what_happened_to_it(
        self, client: Client, made: Made, conflict: Conflict
    ) -> None:
        conflict("tier", "remark", tier="bronze")
        clashing, kept_back = Status(client, made, "tier"), Status(client, made, "remark")
        assert "Someone changed this while you were editing" in clashing.words
        assert "Genesys shows “bronze”" in clashing.words
        assert "Kept back together with “Tier”; nothing was sent." in (kept_back.words)
        assert "Wanted: “new”." in kept_back.words
        assert "Someone" not in kept_back.words

    def test_follows_what_is_changed_afterwards(
        self, client: Client, made: Made, conflict: Conflict, sandbox: Sandbox
    ) -> None:
        conflict("tier", "remark", tier="bronze")
        sandbox.write(made, {"tier": "silver", "remark": "theirs"})
        read(made)
        for key in ("tier", "remark"):
            assert "Someone changed this" in Status(client, made, key).words
        assert Status(client, made, "tier").steps["leave"] == "Keep theirs: silver; send nothing"

    def test_of_a_wish_of_ours_that_never_arrived_is_no_conflict(
        self, client: Client, made: Made, sandbox: Sandbox, hands: Hands, user: User
    ) -> None:
        """The form showed what was on its way, and not what was held."""
        first = accept.save(made.id, made.customer, {"team": Wish("C", "A")}, by=user).edit
        accept.withdraw(first)
        wishes = {"tier": Wish("gold", "silver"), "team": Wish("B", "C")}
        edit = accept.save(made.id, made.customer, wishes, by=user).edit
        sandbox.write(made, {"tier": "bronze"})
        read(made)
        assert hands.turn(edit).state == State.CONFLICT
        assert "Kept back together with “Tier”" in Status(client, made, "team").words

    def test_names_no_attribute_that_is_hidden(
        self, made: Made, conflict: Conflict, tier: AttributeDefinition
    ) -> None:
        edit = conflict("tier", "remark", tier="bronze")
        AttributeDefinition.objects.filter(pk=tier.pk).update(seen_by=Audience.ADMINS)
        supervisor = a_user(Role.SUPERVISOR)
        User.objects.filter(pk=supervisor.pk).update(all_queues=True)
        client = client_of(supervisor)
        shown = Status(client, made, "remark")
        assert "Kept back together with a hidden attribute; nothing was sent." in shown.words
        assert not shown.steps
        assert not steps_of(client, edit)
        assert "Tier" not in client.get(f"/edits/{edit.pk}/").content.decode()


class TestTheButtons:
    def test_say_what_becomes_of_the_whole_edit(
        self, client: Client, made: Made, conflict: Conflict
    ) -> None:
        edit = conflict("tier", "remark", tier="bronze")
        only = {"again": "send all 2", "theirs": "send only “Remark”"}
        mine = {"again": "Keep mine: gold", "theirs": "Keep theirs: bronze"}
        both = {"again": "Keep mine", "theirs": "Keep theirs"}
        assert Status(client, made, "tier").steps == {e: f"{mine[e]}; {only[e]}" for e in only}
        assert Status(client, made, "remark").steps == {e: f"{both[e]}; {only[e]}" for e in only}
        assert steps_of(client, edit) == Status(client, made, "remark").steps

    def test_count_what_is_too_much_to_name(
        self, client: Client, made: Made, conflict: Conflict
    ) -> None:
        edit = conflict("tier", "remark", "team", tier="bronze")
        assert steps_of(client, edit) == {
            "again": "Keep mine; send all 3",
            "theirs": "Keep theirs; send only the 2 nobody changed",
        }

    def test_promise_nothing_where_everything_clashes(
        self, client: Client, made: Made, conflict: Conflict
    ) -> None:
        edit = conflict("tier", "remark", tier="bronze", remark="")
        assert Status(client, made, "remark").steps == {
            "again": "Keep mine: new; send all 2",
            "leave": "Keep theirs: (empty); send nothing",
        }
        assert steps_of(client, edit)["leave"] == "Keep theirs; send nothing"

    def test_of_a_single_attribute_are_about_that(
        self, client: Client, made: Made, conflict: Conflict
    ) -> None:
        edit = conflict("tier", tier="bronze")
        plain = {"again": "Keep mine: gold", "leave": "Keep theirs: bronze"}
        assert Status(client, made, "tier").steps == plain
        assert steps_of(client, edit) == {"again": "Keep mine", "leave": "Keep theirs"}

    def test_send_nothing_for_those_who_may_not_write(
        self, client: Client, made: Made, user: User, conflict: Conflict
    ) -> None:
        edit = conflict("tier", "remark", tier="bronze")
        User.objects.filter(pk=user.pk).update(may_edit=False)
        assert steps_of(client, edit) == {"leave": "Keep theirs; send nothing"}
        assert answer(client, edit, "theirs", tier="bronze", remark="old").status_code == 409
        assert newer(edit) is None
        assert not decided(edit)


class TestKeepingTheirs:
    def test_sends_what_nobody_changed(
        self, client: Client, made: Made, conflict: Conflict, sandbox: Sandbox, hands: Hands
    ) -> None:
        edit = conflict("tier", "remark", tier="bronze")
        answer(client, edit, "theirs", tier="bronze", remark="old")
        rest = newer(edit)
        assert rest is not None
        assert decided(edit)
        assert any(each.note.says(Says.LEFT) for each in edit.moves.all())
        assert "Waiting to be sent" in Status(client, made, "remark").words
        assert not Status(client, made, "tier").steps
        assert hands.until_settled(rest).state == State.CONFIRMED
        assert sandbox.attributes(made) == {**HELD, "tier": "bronze", "remark": "new"}
        assert "Genesys shows “new”" in Status(client, made, "remark").words

    def test_twice_makes_one_edit(self, client: Client, conflict: Conflict, hands: Hands) -> None:
        edit = conflict("tier", "remark", tier="bronze")
        first = answer(client, edit, "theirs", tier="bronze", remark="old")
        again = answer(client, edit, "theirs", tier="bronze", remark="old")
        rest = newer(edit)
        assert rest is not None
        assert first.url == again.url == f"/edits/{rest.pk}/"
        hands.until_settled(rest)
        assert answer(client, edit, "theirs", tier="bronze", remark="old").url == first.url
        assert AttributeEdit.objects.filter(lane=edit.lane).count() == 2

    def test_in_two_tabs_at_once_makes_one_edit(self, user: User, conflict: Conflict) -> None:
        """Both have read the edit before either has decided."""
        edit = conflict("tier", "remark", tier="bronze")
        seen = {"tier": "bronze", "remark": "old"}
        tabs = [AttributeEdit.objects.get(pk=edit.pk) for _ in range(2)]
        first, second = (answers.keep_theirs(each, by=user, seen=seen) for each in tabs)
        assert first is not None
        assert second is not None
        assert first.edit == second.edit == newer(edit)

    def test_overwrites_nothing_that_was_not_shown(
        self, client: Client, made: Made, conflict: Conflict, sandbox: Sandbox
    ) -> None:
        edit = conflict("tier", "remark", tier="bronze")
        sandbox.write(made, {"remark": "theirs"})
        read(made)
        refused = answer(client, edit, "theirs", tier="bronze", remark="old")
        assert refused.status_code == 409
        assert "Someone has just changed “remark” once more" in refused.content.decode()
        assert newer(edit) is None
        assert not decided(edit)
        answer(client, edit, "theirs", tier="bronze", remark="theirs")
        assert newer(edit) is None  # that it clashes as well was shown
        assert decided(edit)

    def test_sends_nothing_that_was_saved_anew_meanwhile(
        self, client: Client, made: Made, user: User, conflict: Conflict
    ) -> None:
        edit = conflict("tier", "remark", tier="bronze")
        later = accept.save(made.id, made.customer, {"remark": Wish("newer", "old")}, by=user).edit
        assert "send nothing" in Status(client, made, "tier").steps["leave"]
        answer(client, edit, "theirs", tier="bronze", remark="old")
        assert decided(edit)
        assert AttributeEdit.objects.filter(lane=edit.lane, seq__gt=edit.seq).get() == later

    def test_is_no_answer_to_anything_but_a_conflict(
        self, client: Client, made: Made, user: User
    ) -> None:
        edit = accept.save(made.id, made.customer, {"tier": Wish(uuid4().hex)}, by=user).edit
        AttributeEdit.objects.filter(pk=edit.pk).update(unresolved=True)
        assert answer(client, edit, "theirs").status_code == 409
        assert newer(edit) is None

    def test_leaves_everything_where_everything_clashes(
        self, client: Client, made: Made, conflict: Conflict, hands: Hands
    ) -> None:
        edit = conflict("tier", "remark", tier="bronze", remark="theirs")
        answer(client, edit, "leave")
        assert decided(edit)
        assert newer(edit) is None


def test_keeping_mine_sends_all_again(
    client: Client, made: Made, conflict: Conflict, sandbox: Sandbox, hands: Hands
) -> None:
    edit = conflict("tier", "remark", tier="bronze")
    answer(client, edit, "again", tier="bronze", remark="old")
    again = newer(edit)
    assert again is not None
    hands.until_settled(again)
    assert sandbox.attributes(made) == {**HELD, "tier": "gold", "remark": "new"}
