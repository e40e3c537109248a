"""The communications of a participant in the REST shape: `Call`, `Callback`, `Email`, `Message`.

Calls and callbacks follow the recorded conversations member for member; of e-mails and messages
no REST answer was recorded, they follow the published definition.
"""

from sandbox.shapes.times import Json, iso, maybe, present
from sandbox.world.model import Conversation, Leg, Media, Participant, Segment
from sandbox.world.organisation import QUEUES, constant_id

AGENT_ASSISTANT_ID = constant_id("agentAssistant", "sandbox")
MEDIA_MEMBERS: dict[Media, str] = {
    "voice": "calls",
    "callback": "callbacks",
    "email": "emails",
    "message": "messages",
}


def leg_body(leg: Leg, participant: Participant, conversation: Conversation) -> Json:
    """One leg in the shape of its media."""
    return _SHAPES[leg.media](leg, participant, conversation)


def _segment(segment: Segment) -> Json:
    """An open segment has no `endTime`, although the definition requires one (API reference,
    section 11).
    """
    return present(
        startTime=iso(segment.started),
        endTime=maybe(segment.ended),
        type=segment.kind,
        howEnded=segment.how_ended,
        disconnectType=segment.disconnect,
    )


def _after_call_work(participant: Participant) -> Json | None:
    if participant.acw_started is None:
        return None
    return present(
        startTime=iso(participant.acw_started),
        endTime=maybe(participant.acw_ended),
        state=participant.leg.acw_state,
    )


def _times(leg: Leg) -> Json:
    return present(
        startHoldTime=maybe(leg.held_since),
        startAlertingTime=maybe(leg.alerting),
        connectedTime=maybe(leg.connected),
        disconnectedTime=maybe(leg.ended),
    )


def _wrapup_needed(participant: Participant) -> bool:
    return participant.in_after_call_work


def call(leg: Leg, participant: Participant, conversation: Conversation) -> Json:
    """A leg of a voice conversation, as recorded in 2025."""
    body = present(
        state=leg.state,
        initialState=leg.initial_state,
        id=leg.id,
        direction=leg.direction,
        recording=conversation.recording,
        recordingState="active" if conversation.recording else "none",
        muted=False,
        confined=False,
        held=leg.held_since is not None,
        securePause=False,
        segments=[_segment(s) for s in leg.segments],
        disconnectType=leg.disconnect,
        **_times(leg),
    )
    body["disconnectReasons"] = _disconnect_reasons(leg, participant)
    body |= present(provider="Edge", peerId=leg.peer if participant.purpose != "customer" else None)
    body["self"], body["other"] = call_addresses(participant, conversation)
    body["afterCallWork"] = _after_call_work(participant) or {}
    body["afterCallWorkRequired"] = _wrapup_needed(participant)
    if participant.purpose in {"customer", "agent"}:
        body["agentAssistantId"] = AGENT_ASSISTANT_ID
    if participant.purpose == "agent":
        body["queueMediaSettings"] = {"alertingTimeoutSeconds": 8}
    return body


def _disconnect_reasons(leg: Leg, participant: Participant) -> list[Json]:
    """A waiting leg that was passed on says so in the words of SIP (recorded)."""
    passed_on = participant.purpose == "acd" and leg.disconnect == "transfer"
    return [{"type": "sip", "code": 410, "phrase": "Gone"}] if passed_on else []


def call_addresses(participant: Participant, conversation: Conversation) -> tuple[Json, Json]:
    """The two ends of a call, seen from the participant."""
    person = participant.person or conversation.person
    own = participant.agent.email if participant.agent else participant.name or person.name
    outside = _address(person.name, person.phone)
    inside = _address(own, f"sip:{participant.id}@localhost;user={participant.purpose}")
    if participant.purpose == "agent":
        del inside["name"]  # so recorded: an agent's own end has only the raw name
    return (outside, inside) if participant.purpose == "customer" else (inside, outside)


def _address(name: str, normalized: str) -> Json:
    return {
        "name": name,
        "nameRaw": name,
        "addressNormalized": normalized,
        "addressRaw": normalized,
        "addressDisplayable": "unavailable",
    }


def callback(leg: Leg, participant: Participant, conversation: Conversation) -> Json:
    """A leg of a callback, as recorded live in 2022."""
    person = conversation.person
    segments = [_segment(s) for s in leg.segments]
    if segments and leg.ended is None and segments[-1]["type"] == "Interact":
        segments[-1]["howEnded"] = "Disconnect"  # so recorded, on a segment that goes on
    body = present(
        state=leg.state,
        id=leg.id,
        segments=segments,
        direction=leg.direction,
        held=leg.held_since is not None,
        disconnectType=leg.disconnect,
        callbackNumbers=[person.phone.removeprefix("tel:")],
        callbackUserName=person.name,
        scriptId=(conversation.queue or QUEUES[0]).script_id,
        externalCampaign=False,
        skipEnabled=True,
        timeoutSeconds=0,
        **_times(leg),
        callbackScheduledTime=iso(conversation.started),
        provider="PureCloud Callback",
        peerId=leg.peer if participant.purpose != "customer" else None,
        afterCallWork=_after_call_work(participant),
        afterCallWorkRequired=_wrapup_needed(participant),
        callerId=person.phone.removeprefix("tel:"),
        callerIdName=person.name,
    )
    body["initialState"] = leg.initial_state
    return body


def email(leg: Leg, participant: Participant, conversation: Conversation) -> Json:
    """A leg of an e-mail conversation."""
    return present(
        state=leg.state,
        initialState=leg.initial_state,
        id=leg.id,
        held=leg.held_since is not None,
        subject=f"Question about order {conversation.id[:4]}",
        messagesSent=0,
        segments=[_segment(s) for s in leg.segments],
        direction=leg.direction,
        disconnectType=leg.disconnect,
        **_times(leg),
        autoGenerated=False,
        provider="PureCloud Email",
        scriptId=(conversation.queue or QUEUES[0]).script_id,
        peerId=leg.peer if participant.purpose != "customer" else None,
        messageId=f"<{conversation.id}@sandbox.example>",
        draftAttachments=[],
        spam=False,
        afterCallWork=_after_call_work(participant),
        afterCallWorkRequired=_wrapup_needed(participant),
    )


def message(leg: Leg, participant: Participant, conversation: Conversation) -> Json:
    """A leg of a web message conversation."""
    person = conversation.person
    return present(
        state=leg.state,
        initialState=leg.initial_state,
        id=leg.id,
        held=leg.held_since is not None,
        segments=[_segment(s) for s in leg.segments],
        direction=leg.direction,
        disconnectType=leg.disconnect,
        **_times(leg),
        provider="PureCloud Messaging",
        type="webmessaging",
        recipientType="webmessaging",
        scriptId=(conversation.queue or QUEUES[0]).script_id,
        peerId=leg.peer if participant.purpose != "customer" else None,
        toAddress=_address("Web", "sandbox-web"),
        fromAddress=_address(person.name, person.email),
        messages=[],
        afterCallWork=_after_call_work(participant),
        afterCallWorkRequired=_wrapup_needed(participant),
    )


_SHAPES = {"voice": call, "callback": callback, "email": email, "message": message}
