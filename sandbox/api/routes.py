"""Every endpoint on one screen: path as published, who may call it, and who answers."""

from collections.abc import Callable
from dataclasses import dataclass
from re import Pattern
from typing import Final

from starlette.routing import compile_path

from sandbox.api import analytics, attributes, conversations, observations, routing, signin
from sandbox.api.call import Answer, Call
from sandbox.api.errors import ApiError, missing_permissions
from sandbox.api.tokens import READ_CONVERSATION
from sandbox.notifications import endpoints as notifications
from sandbox.state import Sandbox

Handler = Callable[[Sandbox, Call], Answer]

V2: Final = "/api/v2"
DETAILS: Final = ("analytics:conversationDetail:view", "analytics:agentConversationDetail:view")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path; `call` is the word faults select it by; one of the permissions is
    enough.
    """

    method: str
    template: str
    pattern: Pattern[str]
    handler: Handler
    call: str
    permissions: tuple[str, ...]

    def refusal(self, call: Call) -> ApiError | None:
        """The error for a client without the permission, if there is one to tell."""
        if not self.permissions or any(call.token.client.may(p) for p in self.permissions):
            return None
        return missing_permissions(self.permissions, any_is_enough=len(self.permissions) > 1)


def _endpoint(
    method: str, template: str, handler: Handler, *permissions: str, call: str = "other"
) -> Endpoint:
    return Endpoint(method, template, compile_path(template)[0], handler, call, permissions)


_CONVERSATIONS: Final = f"{V2}/conversations"
_CHANNELS: Final = f"{V2}/notifications/channels"
_ONE_PARTICIPANT: Final = "{conversationId}/participants/{participantId}"


def _media_endpoints() -> list[Endpoint]:
    """The views of each media, and the twins of the write, two of them deprecated."""
    views = ("calls", "callbacks", "emails", "messages")
    twins = (*views, "cobrowsesessions", "chats")
    return [
        *(
            _endpoint("GET", f"{_CONVERSATIONS}/{m}", conversations.own_conversations)
            for m in views
        ),
        *(
            _endpoint(
                "GET",
                f"{_CONVERSATIONS}/{m}/{{conversationId}}",
                conversations.get_media_view,
                call="read",
            )
            for m in views
        ),
        *(
            _endpoint(
                "PATCH",
                f"{_CONVERSATIONS}/{m}/{_ONE_PARTICIPANT}/attributes",
                attributes.patch_twin,
                call="write",
            )
            for m in twins
        ),
    ]


ENDPOINTS: Final = (
    _endpoint("POST", "/oauth/token", signin.token, call="token"),
    _endpoint("GET", f"{V2}/tokens/me", signin.tokens_me),
    _endpoint("HEAD", f"{V2}/tokens/me", signin.head_tokens_me),
    _endpoint("DELETE", f"{V2}/tokens/me", signin.delete_tokens_me),
    _endpoint("GET", f"{V2}/authorization/subjects/me", signin.subjects_me),
    _endpoint("GET", f"{V2}/authorization/divisions", signin.divisions),
    _endpoint("GET", f"{V2}/oauth/scopes", signin.scopes),
    _endpoint("GET", f"{V2}/users/me", signin.users_me),
    _endpoint(
        "GET", f"{V2}/routing/queues", routing.list_queues, "routing:queue:view", call="queues"
    ),
    _endpoint(
        "POST",
        f"{V2}/analytics/conversations/details/query",
        analytics.query_details,
        *DETAILS,
        call="list",
    ),
    _endpoint(
        "GET",
        f"{V2}/analytics/conversations/{{conversationId}}/details",
        analytics.get_details,
        *DETAILS,
    ),
    _endpoint(
        "POST",
        f"{V2}/analytics/queues/observations/query",
        observations.query_queues,
        "analytics:queueObservation:view",
    ),
    _endpoint("GET", _CONVERSATIONS, conversations.own_conversations),
    *_media_endpoints(),
    _endpoint(
        "GET",
        f"{_CONVERSATIONS}/{{conversationId}}",
        conversations.get_conversation,
        READ_CONVERSATION,
        call="read",
    ),
    _endpoint(
        "PATCH",
        f"{_CONVERSATIONS}/{_ONE_PARTICIPANT}/attributes",
        attributes.patch_attributes,
        call="write",
    ),
    _endpoint(
        "PUT",
        f"{_CONVERSATIONS}/interactions/{_ONE_PARTICIPANT}",
        attributes.echo_and_store_nothing,
    ),
    _endpoint(
        "PATCH",
        f"{_CONVERSATIONS}/interactions/{_ONE_PARTICIPANT}",
        attributes.echo_and_store_nothing,
    ),
    _endpoint("GET", f"{V2}/notifications/availabletopics", notifications.available_topics),
    _endpoint("GET", _CHANNELS, notifications.list_channels),
    _endpoint("POST", _CHANNELS, notifications.create_channel, call="channel"),
    _endpoint("HEAD", f"{_CHANNELS}/{{channelId}}", notifications.head_channel),
    _endpoint("GET", f"{_CHANNELS}/{{channelId}}/subscriptions", notifications.list_subscriptions),
    _endpoint(
        "PUT",
        f"{_CHANNELS}/{{channelId}}/subscriptions",
        notifications.replace_subscriptions,
        call="subscribe",
    ),
    _endpoint(
        "POST",
        f"{_CHANNELS}/{{channelId}}/subscriptions",
        notifications.add_subscriptions,
        call="subscribe",
    ),
    _endpoint(
        "DELETE", f"{_CHANNELS}/{{channelId}}/subscriptions", notifications.clear_subscriptions
    ),
)


def _by_shape() -> dict[tuple[str, int], list[Endpoint]]:
    """Endpoints by method and number of path parts, so that few patterns are tried for a call."""
    shapes: dict[tuple[str, int], list[Endpoint]] = {}
    for endpoint in ENDPOINTS:
        shapes.setdefault((endpoint.method, endpoint.template.count("/")), []).append(endpoint)
    return shapes


_BY_SHAPE: Final = _by_shape()


def find_endpoint(method: str, path: str) -> tuple[Endpoint, dict[str, str]] | None:
    """The endpoint for a call with the parameters in its path."""
    for endpoint in _BY_SHAPE.get((method, path.count("/")), ()):
        match = endpoint.pattern.match(path)
        if match:
            return endpoint, match.groupdict()
    return None
