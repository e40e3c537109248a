"""The channel endpoints (API reference, 7.1)."""

from typing import Any

from sandbox.api.call import Answer, Call, Json
from sandbox.api.errors import ApiError, bad_request, invalid_value, missing_permissions, not_found
from sandbox.api.tokens import Client
from sandbox.notifications.channels import MOST_TOPICS, Channel
from sandbox.notifications.topics import (
    TOPICS,
    Topic,
    kind_of,
    missing_permission,
    names_refused_queue,
)
from sandbox.shapes.times import iso
from sandbox.state import Sandbox
from sandbox.switches import Switches


def available_topics(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/notifications/availabletopics`; `expand` adds members."""
    expand = set(call.query.get("expand", "").split(","))
    return Answer(200, {"entities": [_topic(topic, expand) for topic in TOPICS]})


def _topic(topic: Topic, expand: set[str]) -> Json:
    body: Json = {"id": topic.template, "description": topic.description}
    if "requiresPermissions" in expand:
        body["requiresPermissions"] = [topic.permission] if topic.permission else []
    if "requiresCurrentUser" in expand:
        body["requiresCurrentUser"] = False
    if "transports" in expand:
        body["transports"] = ["All"]
    return body


def create_channel(sandbox: Sandbox, call: Call) -> Answer:
    """`POST /api/v2/notifications/channels`: no body, or the `null` the official SDK sends
    (measured).
    """
    if call.json() is not None:
        raise bad_request("A channel is made without a body.")
    channel = sandbox.channels.create(call.token.client.id)
    return Answer(200, _channel(channel, call))


def _channel(channel: Channel, call: Call) -> Json:
    return {
        "connectUri": f"ws://{call.headers.get('host', 'localhost')}/channels/{channel.id}",
        "id": channel.id,
        "expires": iso(channel.expires),
    }


def list_channels(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/notifications/channels`: the client's own."""
    own = sandbox.channels.of_client(call.token.client.id)
    return Answer(200, {"entities": [_channel(c, call) for c in own]})


def _find(sandbox: Sandbox, call: Call) -> Channel:
    channel = sandbox.channels.find(call.params["channelId"], call.token.client.id)
    if channel is None:
        raise not_found()
    return channel


def head_channel(sandbox: Sandbox, call: Call) -> Answer:
    """`HEAD /api/v2/notifications/channels/{channelId}`: 200 alive, 404 gone."""
    _find(sandbox, call)
    return Answer(200)


def list_subscriptions(sandbox: Sandbox, call: Call) -> Answer:
    """`GET .../subscriptions`."""
    channel = _find(sandbox, call)
    return Answer(200, {"entities": [_permitted(topic) for topic in channel.topics]})


def clear_subscriptions(sandbox: Sandbox, call: Call) -> Answer:
    """`DELETE .../subscriptions`: 204."""
    sandbox.channels.unsubscribe(_find(sandbox, call))
    return Answer(204)


def replace_subscriptions(sandbox: Sandbox, call: Call) -> Answer:
    """`PUT .../subscriptions`: these topics and no others."""
    return _subscribe(sandbox, call, replace=True)


def add_subscriptions(sandbox: Sandbox, call: Call) -> Answer:
    """`POST .../subscriptions`: these topics as well."""
    return _subscribe(sandbox, call, replace=False)


def _subscribe(sandbox: Sandbox, call: Call, *, replace: bool) -> Answer:
    channel = _find(sandbox, call)
    topics = _topic_ids(call.json())
    check_room(channel, topics, replace=replace)
    refusals = refusals_of(topics, call.token.client, sandbox.switches)
    if refusals and not call.flag("ignoreErrors"):
        raise next(iter(refusals.values()))
    good = [topic for topic in topics if topic not in refusals]
    sandbox.channels.subscribe(channel, good, replace=replace)
    return Answer(200, {"entities": [_entity(topic, refusals.get(topic)) for topic in topics]})


def _topic_ids(body: Any) -> list[str]:
    if not isinstance(body, list) or not all(
        isinstance(t, dict) and isinstance(t.get("id"), str) for t in body
    ):
        raise bad_request("The body must be a list of topics with an id each.")
    return list(dict.fromkeys(topic["id"] for topic in body))


def check_room(channel: Channel, topics: list[str], *, replace: bool) -> None:
    """1000 topics a channel, 400 above (CONFIRMED)."""
    held = set() if replace else set(channel.topics)
    if len(held | set(topics)) > MOST_TOPICS:
        raise bad_request(f"A channel may have {MOST_TOPICS} topics at most.")


def refusals_of(topics: list[str], client: Client, switches: Switches) -> dict[str, ApiError]:
    """The topics this client may not have, each with the reason."""
    refusals: dict[str, ApiError] = {}
    for topic in topics:
        kind = kind_of(topic)
        if kind is None:
            refusals[topic] = invalid_value(topic, "topic", "see availabletopics")
            continue
        missing = missing_permission(kind, client, switches)
        if missing is None and names_refused_queue(topic, switches):
            missing = "routing:queue:view"
        if missing is not None:
            refusals[topic] = missing_permissions((missing,))
    return refusals


def _entity(topic: str, refusal: ApiError | None) -> Json:
    if refusal is None:
        return _permitted(topic)
    entity: Json = {
        "id": topic,
        "state": "Rejected",
        "rejectionReason": refusal.body("")["message"],
    }
    if refusal.status == 403:
        entity["missingPermissions"] = [refusal.params["permissions"]]
    return entity


def _permitted(topic: str) -> Json:
    return {
        "id": topic,
        "state": "Permitted",
        "selfUri": f"/api/v2/notifications/availabletopics/{topic}",
    }
