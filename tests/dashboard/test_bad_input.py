"""Nothing anybody can put into an address or a form makes the site stumble: a clear answer or none, never a 500."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from conversations.models import (
    AttributeDefinition,
    AttributeEdit,
    Conversation,
    Role,
    User,
)
from tests.builders import a_user, save
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
QUESTIONS = {
    "board-rows": BOARD,  # the board asks the same
    "view-new": ["query"],
    "edits": ["state", "attention", "key", "conversation", "before"],
    "edits-rows": ["state", "attention", "key", "conversation", "before"],
    "people": ["q", "page"],
}
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
    client = Client()
    client.force_login(a_user(Role.ADMIN))
    return client


class TestAddresses:
    @pytest.mark.parametrize("list_", QUESTIONS)
    def test_of_lists(self, client: Client, list_: str) -> None:
        for name in QUESTIONS[list_]:
            for value in BAD:
                assert client.get(reverse(list_), {name: value}).status_code < 500, (name, value)

    @pytest.mark.parametrize("view", OF_A_CONVERSATION)
    def test_of_a_conversation(self, client: Client, edit: AttributeEdit, view: str) -> None:
        address = reverse(view, args=[edit.lane.conversation_id])
        for name in OF_A_CONVERSATION[view]:
            for value in BAD:
                assert client.get(address, {name: value}).status_code < 500, (name, value)


class TestForms:
    @pytest.mark.parametrize("field", FIELDS)
    def test_of_the_editor(self, client: Client, edit: AttributeEdit, field: str) -> None:
        address = reverse("conversation-save", args=[edit.lane.conversation_id])
        for value in BAD:
            assert client.post(address, {field: value}).status_code < 500, value

    @pytest.mark.parametrize("action", ["again", "check", "withdraw", "leave", "zzz"])
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
