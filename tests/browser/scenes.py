"""Where the browser tests start: somebody on a call that Midcall holds."""

from typing import Any
from uuid import UUID

from conversations.models import Census, Conversation, Role, SeenKey, User
from tests.builders import a_user
from tests.genesys import Made, Sandbox
from tests.processes import until

ATTRIBUTES = {"priority": "Silver", "case_id": "C-100", "language": "en-GB"}


def held(made: Made) -> Made:
    """Once Midcall holds it."""
    until(
        lambda: Conversation.objects.filter(pk=made.id, known_since__gt=0).exists(),
        what="the listener has recorded the conversation",
    )
    return made


def own_conversation(sandbox: Sandbox, **facts: Any) -> tuple[User, Made]:
    """An agent of ours, and a conversation they are on."""
    made = held(sandbox.conversation(**{"attributes": ATTRIBUTES, **facts}))
    return agent_of(made), made


def agent_of(made: Made) -> User:
    genesys_user = UUID(made.raw["agent"]["id"])
    known = User.objects.filter(genesys_user_id=genesys_user, role=Role.AGENT).first()
    return known or a_user(Role.AGENT, genesys_user)


def address(made: Made) -> str:
    return f"/conversations/{made.id}/"


def counted(*keys: str) -> None:
    """Once a worker has counted these keys; its next round starts now."""
    Census.objects.update(next_at=0)
    until(
        lambda: SeenKey.objects.filter(key__in=keys, live__gt=0).count() == len(keys),
        60,
        what="a worker has counted the keys",
    )
