"""Where the sandbox may differ from the published definition, each with its reason.

Everything else is a problem: a member the definition has not, a wrong type, an unknown enumeration value, a null, a
missing required member, a path or a status that is not declared.
"""

from typing import Final

NOT_REQUIRED: Final = {
    ("Segment", "endTime"): "an open segment has none (API reference, 11; recorded)",
    ("AuthzDivision", "description"): "answers omit it (API reference, 11)",
    ("Organization", "version"): "answers omit it (API reference, 11; recorded)",
    ("OrgOAuthClient", "authorizedGrantType"): "answers omit it (API reference, 11; recorded)",
    ("UserMe", "version"): "answers omit it (API reference, 11; recorded)",
}
"""Members declared required that answers leave out."""

EXTRA_MEMBERS: Final = {
    ("Conversation", "sandboxUnknownMember"): (
        "the service adds members without notice; the sandbox does so on purpose, so that no client depends on knowing "
        "them all"
    ),
}
"""Members that are sent and not declared."""

EVENTS_ADD: Final = {
    "additionalProperties": "events carry it on participants and legs (API reference, 11; recorded)",
}
"""Members every model of an event may have."""

UNDECLARED_PATHS: Final = {
    "/api/v2/conversations/interactions/{conversationId}/participants/{participantId}": (
        "the trap from the forums: not in the published API, answers 200 and stores nothing (API reference, 4.2)"
    ),
}
"""Paths the sandbox answers with success although nobody published them."""

UNDECLARED_STATUSES: Final = {
    502: "an intermediary's answer (API reference, 8)",
}
"""Statuses no path declares."""

LOGIN_STATUSES: Final = {
    "5": "what the login host answers when it is in trouble is not published; the body is not checked",
}
"""First digits of statuses of `/oauth/token` that the definition has not."""

UNMODELLED_TOPICS: Final[dict[str, tuple[str | None, str]]] = {
    "conversations.calls": (
        "CallConversation",
        "checked against the REST view, which it resembles",
    ),
    "conversations.callbacks": ("CallbackConversation", "as calls"),
    "conversations.emails": ("EmailConversation", "as calls"),
    "conversations.messages": ("MessageConversation", "as calls"),
    "flow.start": (None, "only the envelope is checked"),
    "flow.end": (None, "only the envelope is checked"),
}
"""Endings of published topics whose models are not in the definition we have, and what stands in for them."""

CONTROL_FRAMES: Final = {
    "channel.metadata": "heartbeat and pong: protocol literals (recorded)",
    "v2.system.socket_closing": "body not recorded (API reference, 7.2)",
}
"""Topics of the protocol itself."""
