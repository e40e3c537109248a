"""Writing attributes (API reference, section 4): accepted is not stored."""

import json
from functools import partial

from sandbox.api.call import Answer, Call, Json
from sandbox.api.conversations import MEDIA_PATHS, find, media_of
from sandbox.api.errors import (
    ApiError,
    bad_request,
    conversation_forbidden,
    invalid_value,
    not_found,
    too_large,
)
from sandbox.faults import writes
from sandbox.shapes.analytics import division_ids
from sandbox.state import Sandbox
from sandbox.switches import Switches
from sandbox.world import by_hand
from sandbox.world.model import Conversation, Participant, overlay


def patch_attributes(sandbox: Sandbox, call: Call) -> Answer:
    """`PATCH .../participants/{participantId}/attributes`: 202 with an empty body (CONFIRMED)."""
    _accept(sandbox, call, find(sandbox, call))
    return Answer(202)


def patch_twin(sandbox: Sandbox, call: Call) -> Answer:
    """The media-specific twin: the same, but 202 with `ParticipantAttributes` (CONFIRMED since
    August 2023).
    """
    conversation = find(sandbox, call)
    if conversation.media != MEDIA_PATHS.get(media_of(call)):
        raise not_found()
    changes = _accept(sandbox, call, conversation)
    participant = conversation.participant(call.params["participantId"])
    shown: dict[str, str] = {}
    if participant is not None and sandbox.switches.twin_body == "all":
        shown = dict(participant.attributes)
    overlay(shown, changes)
    return Answer(202, {"attributes": shown})


def echo_and_store_nothing(sandbox: Sandbox, call: Call) -> Answer:
    """The path from the forums that is not in the published API: 200, echoes, stores nothing.

    Behind it is a trap people really fell into; the sandbox keeps it so that nobody falls again.
    """
    body = call.json_object()
    return Answer(
        200, {"id": call.params["participantId"], "attributes": body.get("attributes", {})}
    )


def _accept(sandbox: Sandbox, call: Call, conversation: Conversation) -> dict[str, str | None]:
    switches = sandbox.switches
    body = call.json_object()
    changes = _changes(body, switches)
    call.sent_attributes = body.get("attributes")
    _check_conversation(conversation, call, switches)
    participant = conversation.participant(call.params["participantId"])
    if participant is None:
        if switches.unknown_participant == "accepted":
            return changes
        raise (
            not_found()
            if switches.unknown_participant == "not_found"
            else bad_request("Unknown participant.")
        )
    _check_limits(participant, changes, switches)
    fault = sandbox.faults.take("write", conversation=conversation.id, participant=participant.id)
    call.faulty_write = fault.name if fault else None
    by = call.token.client.id
    end = partial(by_hand.end, sandbox.world, conversation)
    write = writes.Write(sandbox.world.ledger, conversation, participant, changes, by, end)
    writes.store(write, fault)
    return changes


def _check_conversation(conversation: Conversation, call: Call, switches: Switches) -> None:
    """UNKNOWN 2 (ended conversations) and UNKNOWN 3 (divisions)."""
    if conversation.state == "ended" and switches.ended_conversation_writes != "accepted":
        raise (
            not_found()
            if switches.ended_conversation_writes == "not_found"
            else conversation_forbidden(conversation.id)
        )
    if switches.division_check_on_write:
        granted = {division.id for division in call.token.client.divisions}
        if granted.isdisjoint(division_ids(conversation)):
            raise conversation_forbidden(conversation.id)


def _changes(body: Json, switches: Switches) -> dict[str, str | None]:
    """What a body asks for; UNKNOWN 4 for everything that is not a map of strings."""
    if "attributes" not in body:
        if switches.missing_attributes == "accepted":
            return {}
        raise bad_request("The member attributes is missing.")
    attributes = body["attributes"]
    if not isinstance(attributes, dict):
        raise invalid_value(attributes, "attributes", "a map of strings")
    if not attributes and switches.empty_map == "rejected":
        raise bad_request("The member attributes is empty.")
    if "" in attributes and switches.empty_key == "rejected":
        raise bad_request("The name of an attribute is empty.")
    changes: dict[str, str | None] = {}
    for key, value in attributes.items():
        _take(changes, key, value, switches)
    return changes


def _take(changes: dict[str, str | None], key: str, value: object, switches: Switches) -> None:
    if isinstance(value, str):
        changes[key] = value
        return
    rule = switches.null_values if value is None else switches.non_string_values
    if rule == "rejected":
        raise invalid_value(value, "string", "any text")
    if rule == "emptied":
        changes[key] = ""
    elif rule == "removed":
        changes[key] = None
    elif rule == "stringified":
        changes[key] = json.dumps(value, ensure_ascii=False)


def _check_limits(
    participant: Participant, changes: dict[str, str | None], switches: Switches
) -> None:
    """UNKNOWN 5: whether there are limits, and whether exceeding them is 400 or 413."""
    after = dict(participant.attributes)
    overlay(after, changes)
    for name, limit, reached in (
        ("number of attributes", switches.max_attributes, len(after)),
        ("length of a key", switches.max_key_length, max(map(len, changes), default=0)),
        (
            "length of a value",
            switches.max_value_length,
            max((len(v or "") for v in changes.values()), default=0),
        ),
        ("bytes of attributes", switches.max_attributes_bytes, _bytes_of(after)),
    ):
        if limit is not None and reached > limit:
            raise _limit_exceeded(name, limit, switches)


def _bytes_of(attributes: dict[str, str]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in attributes.items())


def _limit_exceeded(name: str, limit: float, switches: Switches) -> ApiError:
    if switches.limit_exceeded == "too_large":
        return too_large()
    return bad_request(f"The {name} is over the limit of {limit:g}.")
