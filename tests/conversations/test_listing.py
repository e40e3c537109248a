"""A listing of everything live brings all of it, though pages move while they are read."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from conversations.genesys import Answer, Client
from conversations.genesys.shapes import ListedPage
from conversations.live import lister
from conversations.live.lister import Lister
from conversations.mirror import LAG_SECONDS
from conversations.models import Conversation
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.usefixtures("hands")


class Restless(Client):
    """After every page the newest and the oldest of these end, while there are more than twenty."""

    def __init__(self, sandbox: Sandbox, made: list[Made]) -> None:
        super().__init__(settings.GENESYS)
        self._sandbox, self.live = sandbox, list(made)

    def live_conversations(self, *args: Any, **more: Any) -> Answer[ListedPage]:
        answer = super().live_conversations(*args, **more)
        for place in (0, -1):
            if len(self.live) > 20:
                self._sandbox.act(self.live.pop(place), "end")
        return answer


class TestAListing:
    def test_misses_nothing_while_others_end(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lister, "PAGE", 5)
        client = Restless(sandbox, sandbox.conversations(60))
        _list_with(client)
        wanted = {each.id for each in client.live}
        assert len(wanted) < 40
        assert _listed() >= wanted

    @pytest.mark.parametrize("said", [0, 7, 400], ids=["none", "too few", "too many"])
    def test_is_complete_whatever_number_was_said(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, said: int
    ) -> None:
        monkeypatch.setattr(lister, "PAGE", 5)
        made = sandbox.conversations(20)

        class Miscounting(Client):
            def live_conversations(self, *args: Any, **more: Any) -> Answer[ListedPage]:
                answer = super().live_conversations(*args, **more)
                listed = answer.value.conversations
                return replace(answer, value=ListedPage(listed, said or len(listed)))

        _list_with(Miscounting(settings.GENESYS))
        assert _listed() >= {each.id for each in made}

    def test_comes_again_soon_after_a_gap(self, sandbox: Sandbox) -> None:
        assert _list_with(Client(settings.GENESYS)) <= LAG_SECONDS


def _list_with(client: Client) -> float:
    """One listing after a gap; the seconds until something is listed again."""
    listing = Lister(client)
    listing.heal_gap(())
    return listing.work()


def _listed() -> set[UUID]:
    return set(Conversation.objects.filter(listed_at__gt=0).values_list("pk", flat=True))
