"""Nothing anybody can put into an address or a form makes the site stumble: a clear answer or none, never a 500."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from conversations.finding import MOST_CHARACTERS
from conversations.models import (
    AttributeDefinition,
    AttributeEdit,
    Conversation,
    Role,
    User,
)
from dashboard.models import PanelStore
from dashboard.place import PANEL_URLS
from tests.builders import a_user, save, session_of
from tests.genesys import Sandbox
from tests.processes import until

pytestmark = pytest.mark.usefixtures("database", "listener", "worker")

BAD = [
    "",
    "zzz",
    "-1",
    "0",
    "9" * 30,
    "1'",
    "\x00",
    "💥",
    "a" * 5000,
    "0001-01-01",
    "9999-12-31",
    "٣",
    "%",
    "2026-01-01T00:00:00~zzz",
    "2026-01-01~00000000-0000-4000-8000-000000000000",
    "2026-01-01T00:00:00+00:00~00000000-0000-4000-8000-000000000000",
    "00000000-0000-4000-8000-000000000000",
]
BOARD = [
    "q",
    "queue",
    "media",
    "state",
    "edits",
    "only",
    "sort",
    "size",
    "page",
    "agent",
    "division",
]
BOARD += ["is.priority", "is.", "with", "without", "attribute", "value"]
AUDIT = ["person", "key", "state", "from", "to", "conversation", "before"]
QUESTIONS = {
    "board-rows": BOARD,  # the board asks the same
    "view-new": ["query"],
    "edits": ["state", "attention", "key", "conversation", "before"],
    "edits-rows": ["state", "attention", "key", "conversation", "before"],
    "people": ["q", "page"],
    "audit": AUDIT,
    "audit-file": AUDIT,
}
#: By words: what makes the database look through all of it.
SEARCHED = {
    "board": ["q", "agent"],
    "board-rows": ["q", "agent"],
    "people": ["q"],
    "edits": ["key"],
    "audit": ["key"],
}
#: Whose days begin first, and last.
ZONES = ["Asia/Tokyo", "Etc/GMT+12"]
PANEL = ["q", "conversationId", "gcHostOrigin", "langTag"]
OF_A_CONVERSATION = {
    "conversation": ["participant", "n"],
    "conversation-poll": ["participant", "n", "open"],
    "conversation-field": ["key", "participant"],
}
FIELDS = [
    "set.priority",
    "set.case_id",
    "set.new key",
    "set.",
    "edit",
    "participant",
    "was.priority",
]


@pytest.fixture(scope="module")
def edit(database: None, listener: object, sandbox_process: object) -> AttributeEdit:
    made = Sandbox(settings.GENESYS.api_url).conversation(
        attributes={"priority": "Gold", "secret_score": "do-not-show"}
    )
    until(lambda: Conversation.objects.filter(pk=made.id, known_since__gt=0).exists())
    return save(made, {"priority": "Silver"})


@pytest.fixture(scope="module")
def client(database: None) -> Client:
    return client_of(a_user(Role.ADMIN))


@pytest.fixture(scope="module")
def panel(database: None) -> Client:
    client = Client()
    client.cookies["panelsid"] = session_of(a_user(Role.ADMIN), PanelStore)
    return client


def client_of(user: User, zone: str = "") -> Client:
    if zone:
        User.objects.filter(pk=user.pk).update(time_zone=zone)
    client = Client()
    client.force_login(user)
    return client


def status(answer: Any) -> int:
    """Once all of it is there: a file is made while it is sent."""
    if answer.streaming:
        b"".join(answer)
    return int(answer.status_code)


class TestAddresses:
    @pytest.mark.parametrize("list_", QUESTIONS)
    def test_of_lists(self, client: Client, list_: str) -> None:
        for name in QUESTIONS[list_]:
            for value in BAD:
                assert status(client.get(reverse(list_), {name: value})) < 500, (name, value)

    @pytest.mark.parametrize("zone", ZONES)
    @pytest.mark.parametrize("list_", ["audit", "audit-file"])
    def test_of_days_in_every_zone(self, list_: str, zone: str) -> None:
        """The first of all days begins before all time, east of UTC."""
        client = client_of(a_user(Role.ADMIN), zone)
        for name in ("from", "to"):
            for day in ("0001-01-01", "0001-01-02", "9999-12-30", "9999-12-31"):
                answer = client.get(reverse(list_), {name: day})
                assert status(answer) == 200, (name, day)

    @pytest.mark.pipeline
    @pytest.mark.brokerless
    @pytest.mark.parametrize("view", ["board", "board-rows"])
    def test_of_the_panel(self, panel: Client, view: str) -> None:
        for name in PANEL:
            for value in BAD:
                answer = panel.get(reverse(view, urlconf=PANEL_URLS), {name: value})
                assert status(answer) < 500, (name, value)

    @pytest.mark.parametrize("view", OF_A_CONVERSATION)
    def test_of_a_conversation(self, client: Client, edit: AttributeEdit, view: str) -> None:
        address = reverse(view, args=[edit.lane.conversation_id])
        for name in OF_A_CONVERSATION[view]:
            for value in BAD:
                assert client.get(address, {name: value}).status_code < 500, (name, value)


class TestWordsToFindSomethingBy:
    """Too many are refused or cut, and that is told; SQLite stumbles over a pattern of 50,000 bytes."""

    @pytest.mark.parametrize("letter", ["a", "%", "a "])
    @pytest.mark.parametrize("list_", SEARCHED)
    def test_of_any_length(self, client: Client, list_: str, letter: str) -> None:
        for name in SEARCHED[list_]:
            answer = client.get(reverse(list_), {name: letter * 60_000})
            assert status(answer) < 500, name

    TOO_LONG = "a" * (MOST_CHARACTERS + 1)

    @pytest.mark.parametrize("name", ["q", "agent"])
    def test_on_the_board(self, client: Client, name: str) -> None:
        words = f"{MOST_CHARACTERS + 1} characters; at most {MOST_CHARACTERS} fit here."
        assert words in client.get("/", {name: self.TOO_LONG}).content.decode()
        assert words not in client.get("/", {name: self.TOO_LONG[1:]}).content.decode()

    @pytest.mark.parametrize("view", ["board", "board-rows"])
    def test_in_the_panel_of_any_length(self, panel: Client, view: str) -> None:
        answer = panel.get(reverse(view, urlconf=PANEL_URLS), {"q": "a" * 60_000})
        assert status(answer) < 500

    def test_among_people(self, client: Client) -> None:
        words = f"Only the first {MOST_CHARACTERS} characters"
        assert words in client.get("/people/", {"q": self.TOO_LONG}).content.decode()
        assert words not in client.get("/people/", {"q": self.TOO_LONG[1:]}).content.decode()

    def test_in_the_panel(self, panel: Client) -> None:
        words = f"Only the first {MOST_CHARACTERS} characters"
        assert words in panel.get("/panel/", {"q": self.TOO_LONG}).content.decode()
        assert words not in panel.get("/panel/", {"q": self.TOO_LONG[1:]}).content.decode()


class TestForms:
    @pytest.mark.parametrize("field", FIELDS)
    def test_of_the_editor(self, client: Client, edit: AttributeEdit, field: str) -> None:
        address = reverse("conversation-save", args=[edit.lane.conversation_id])
        for value in BAD:
            assert client.post(address, {field: value}).status_code < 500, value

    @pytest.mark.parametrize("action", ["again", "theirs", "check", "withdraw", "leave", "zzz"])
    def test_of_an_edit(self, client: Client, edit: AttributeEdit, action: str) -> None:
        address = reverse("edit-answer", args=[edit.pk, action])
        for value in BAD:
            assert client.post(address, {"seen.priority": value}).status_code < 500, value


class TestHiddenAttributes:
    def test_stay_hidden_in_every_page(self, edit: AttributeEdit) -> None:
        """A value that only admins may see is in nothing that an agent or supervisor is sent."""
        AttributeDefinition.objects.create(
            key="secret_score", label="Score", seen_by="admins", edited_by="admins", pinned=True
        )
        supervisor = a_user(Role.SUPERVISOR)
        supervisor.all_queues = True
        supervisor.save(update_fields=["all_queues"])
        for user, shown in ((supervisor, False), (a_user(Role.ADMIN), True)):
            assert ("do-not-show" in everything(user, edit)) is shown
        AttributeDefinition.objects.filter(key="secret_score").delete()


def everything(user: User, edit: AttributeEdit) -> str:
    client = Client()
    client.force_login(user)
    pages = [
        reverse("board"),
        reverse("board-rows"),
        reverse("edits"),
        reverse("edit", args=[edit.pk]),
        reverse("conversation", args=[edit.lane.conversation_id]),
        reverse("conversation-poll", args=[edit.lane.conversation_id]),
    ]
    answers = [client.get(page) for page in pages]
    assert all(each.status_code == 200 for each in answers)
    return "\n".join(each.content.decode() for each in answers)
