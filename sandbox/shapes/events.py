"""Bodies of notifications, leaner than the REST shape (API reference, 7.3).

No `startTime`, no `queueName`, no empty media arrays; `wrapupExpected` and
`"additionalProperties": {}` instead, and `recordingState` in lower case: so recorded.
"""

from sandbox.shapes.conversation import wrapup
from sandbox.shapes.legs import MEDIA_MEMBERS, leg_body
from sandbox.shapes.times import Json, maybe, milliseconds, present
from sandbox.world.happening import Happening
from sandbox.world.model import Conversation, Media, Participant
from sandbox.world.moves import ALERTING_SECONDS

_NOT_IN_EVENTS = {
    "segments",
    "startAlertingTime",
    "callerId",
    "recordingId",
}
_DETAIL_MEDIA: dict[Media, str] = {
    "voice": "VOICE",
    "callback": "CALLBACK",
    "email": "EMAIL",
    "message": "MESSAGE",
}


def conversation_event(conversation: Conversation) -> Json:
    """The body of `v2.users.{id}.conversations` and of `v2.routing.queues.{id}.conversations`."""
    return present(
        id=conversation.id,
        participants=[_participant(p, conversation) for p in conversation.participants],
        recordingState="active" if conversation.recording else "none",
        address=conversation.person.phone if conversation.media == "voice" else None,
    )


def _participant(p: Participant, conversation: Conversation) -> Json:
    body = present(
        id=p.id,
        connectedTime=maybe(p.connected),
        endTime=maybe(p.ended),
        userId=p.agent.id if p.agent else None,
        name=p.name if p.purpose == "customer" else None,
        queueId=p.queue.id if p.queue else None,
        purpose=p.purpose,
        consultParticipantId=p.consulted_by,
        wrapupRequired=p.in_after_call_work,
        wrapupExpected=p.agent is not None,
        wrapupPrompt="optional" if p.agent else None,
        wrapup=_wrapup(p),
        startAcwTime=maybe(p.acw_started),
        endAcwTime=maybe(p.acw_ended),
        conversationRoutingData=_routing(p),
        alertingTimeoutMs=ALERTING_SECONDS[conversation.media] * 1000 if p.agent else None,
        attributes=p.attributes,
    )
    for leg in p.legs:
        body.setdefault(MEDIA_MEMBERS[leg.media], []).append(_lean(leg_body(leg, p, conversation)))
    body["additionalProperties"] = {}
    return body


def _lean(leg: Json) -> Json:
    lean = {
        name: value for name, value in leg.items() if name not in _NOT_IN_EVENTS and value != {}
    }
    if "callbackNumbers" in lean:
        del lean["direction"]
    lean.pop("wrapup", None)
    return lean | {"additionalProperties": {}}


def _wrapup(p: Participant) -> Json | None:
    """As in REST, but the model of the event has no name."""
    noted = wrapup(p)
    if noted is not None:
        del noted["name"]
    return noted


def _routing(p: Participant) -> Json | None:
    if p.purpose not in {"acd", "agent"} or p.queue is None:
        return None
    return {
        "queue": {"id": p.queue.id} if p.purpose == "acd" else {},
        "language": {},
        "priority": 0,
    }


def attributes_event(happening: Happening, participant: Participant) -> Json:
    """The body of `v2.detail.events.conversation.{id}.attributes`: the keys that changed."""
    changed = happening.attributes or {}
    return {
        "eventTime": milliseconds(happening.at),
        "conversationId": happening.conversation.id,
        "participantId": participant.id,
        "attributes": {key: value for key, value in changed.items() if value is not None},
        "conversationExternalContactIds": [happening.conversation.person.contact_id],
        "communications": [
            {"id": leg.id, "mediaType": _DETAIL_MEDIA[leg.media]} for leg in participant.legs
        ],
        "participantStartTime": milliseconds(participant.started),
    }


def flow_event(happening: Happening, participant: Participant) -> Json:
    """The body of `v2.detail.events.conversation.{id}.flow.start` and `.flow.end`; the model is
    not in the definition we have.
    """
    flow = happening.flow
    return present(
        eventTime=milliseconds(happening.at),
        conversationId=happening.conversation.id,
        participantId=participant.id,
        sessionId=participant.leg.id,
        mediaType=_DETAIL_MEDIA[happening.conversation.media],
        direction=participant.leg.direction.upper(),
        flowId=flow.id if flow else None,
        flowName=flow.name if flow else None,
    )
