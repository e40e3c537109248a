"""OAuth clients, what they may do, and the tokens they hold."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Final

from sandbox.world.organisation import DIVISIONS, HOME, Division, constant_id

READ_CONVERSATION: Final = "conversation:communication:view"

Policy = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Role:
    """A role as subjects/me shows it: policies of domain, entity and actions, `*` for all."""

    name: str
    description: str
    policies: tuple[Policy, ...]
    is_default: bool = False

    @property
    def id(self) -> str:
        """The same at every start."""
        return constant_id("role", self.name)

    def allows(self, permission: str) -> bool:
        """Whether it holds `domain:entityName:action`."""
        domain, entity, action = permission.split(":")
        return any(
            d in (domain, "*") and e in (entity, "*") and (action in actions or "*" in actions)
            for d, e, actions in self.policies
        )


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client for the client-credentials grant."""

    id: str
    secret: str
    name: str
    roles: tuple[Role, ...]
    divisions: tuple[Division, ...]

    @property
    def subject_id(self) -> str:
        """The id it has as a subject of authorisation."""
        return constant_id("client", self.id)

    def may(self, permission: str) -> bool:
        """Whether one of its roles holds the permission."""
        return any(role.allows(permission) for role in self.roles)


_READER: Final = Role(
    "Conversation Reader",
    "Reads conversations of every media",
    (("conversation", "communication", ("view",)), ("conversation", "participant", ("wrapup",))),
)
_OBSERVER: Final = Role(
    "Service Observer",
    "Lists conversations and queues",
    (
        ("analytics", "conversationDetail", ("view",)),
        ("analytics", "queueObservation", ("view",)),
        ("analytics", "conversationAggregate", ("*",)),
        ("routing", "queue", ("view", "search")),
        ("routing", "wrapupCode", ("view",)),
        ("notifications", "*", ("*",)),
    ),
)
_EMPTY: Final = Role("queueAdmin", "Directory - queueAdmin", (), is_default=True)

CLIENTS: Final = {
    client.id: client
    for client in (
        Client("sandbox", "sandbox", "Midcall", (_EMPTY, _READER, _OBSERVER), DIVISIONS),
        Client("limited", "limited", "Midcall without reading", (_EMPTY, _OBSERVER), (HOME,)),
    )
}


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and whose it is."""

    text: str
    client: Client
    expires: float


@dataclass(slots=True)
class Tokens:
    """The tokens in use."""

    _tokens: dict[str, Token] = field(default_factory=dict)

    def issue(self, client: Client, seconds: float) -> Token:
        """A new token; older ones stay good."""
        token = Token(secrets.token_urlsafe(48), client, time.time() + seconds)
        self._tokens[token.text] = token
        return token

    def find(self, text: str) -> Token | None:
        """The token with this text, unless it has expired."""
        token = self._tokens.get(text)
        if token is not None and token.expires <= time.time():
            del self._tokens[text]
            return None
        return token

    def revoke(self, token: Token) -> None:
        """This one is no good any more."""
        self._tokens.pop(token.text, None)

    def revoke_all(self, client_id: str | None) -> int:
        """None of them is good any more, of one client or of all; says how many there were."""
        revoked = [t for t in self._tokens.values() if client_id in (None, t.client.id)]
        for token in revoked:
            self.revoke(token)
        return len(revoked)
