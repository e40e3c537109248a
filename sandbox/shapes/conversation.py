"""The REST shape of a conversation: `GET /api/v2/conversations/{conversationId}` (API reference,
5.1).
"""

from collections.abc import Mapping

from sandbox.shapes.legs import MEDIA_MEMBERS, leg_body
from sandbox.shapes.times import Json, iso, maybe, present
from sandbox.world.model import Conversation, Leg, Participant
from sandbox.world.moves import ALERTING_SECONDS
from sandbox.world.organisation import Division, constant_id

UNKNOWN_MEMBER = "sandboxUnknownMember"
"""A member no definition has: the service adds some without notice, and a client must live with
it.
"""

UTILIZATION_LABEL_ID = constant_id("utilizationLabel", "default")
_MEDIA_ARRAYS = (
    "calls",
    "callbacks",
    "chats",
    "cobrowsesessions",
    "emails",
    "messages",
    "screenshares",
    "socialExpressions",
    "videos",
    "internalMessages",
)
_TYPES = {
    "customer": "External",
    "acd": "ACD",
    "ivr": "IVR",
    "agent": "Internal",
    "user": "Internal",
}


def conversation_body(conversation: Conversation, as_of: float | None = None) -> Json:
    """The whole conversation; with `as_of` the participants and attributes of that earlier time."""
    spoken = conversation.media == "voice"
    shown = [p for p in conversation.participants if as_of is None or p.started <= as_of]
    body = present(
        id=conversation.id,
        startTime=iso(conversation.started),
        endTime=maybe(conversation.ended),
        address=conversation.person.phone if spoken else None,
        externalTag=conversation.external_tag,
        participants=[
            _participant(p, conversation, readable_attributes(p, conversation, as_of))
            for p in shown
        ],
        recordingState="ACTIVE" if conversation.recording else "NONE",
        divisions=divisions(conversation),
    )
    if spoken:
        body["recentTransfers"] = transfers(conversation)
        body["securePause"] = False
        body["utilizationLabelId"] = UTILIZATION_LABEL_ID
    if conversation.has_unknown_members:
        body[UNKNOWN_MEMBER] = {"added": "without notice"}
    body["selfUri"] = f"/api/v2/conversations/{conversation.id}"
    return body


def readable_attributes(
    participant: Participant, conversation: Conversation, as_of: float | None
) -> Mapping[str, str]:
    """The attributes as they are, or as they were at an earlier time."""
    if as_of is None:
        return participant.attributes
    return conversation.attributes_at(participant.id, as_of)


def _participant(p: Participant, conversation: Conversation, attributes: Mapping[str, str]) -> Json:
    body = present(
        id=p.id,
        startTime=iso(p.started),
        endTime=maybe(p.ended),
        connectedTime=maybe(p.connected),
        name=p.name,
        userUri=f"/api/v2/users/{p.agent.id}" if p.agent else None,
        userId=p.agent.id if p.agent else None,
        queueId=p.queue.id if p.queue else None,
        queueName=p.queue.name if p.queue else None,
        purpose=p.purpose,
    )
    if conversation.media == "voice":
        body |= _telephone_members(p, conversation)
    body["wrapupRequired"] = p.in_after_call_work
    if p.agent:
        body["wrapupPrompt"] = "optional"
        body["alertingTimeoutMs"] = ALERTING_SECONDS[conversation.media] * 1000
    body |= present(
        wrapup=wrapup(p),
        conversationRoutingData=_routing(p, conversation),
        consultParticipantId=p.consulted_by,
        attributes=attributes,
    )
    for member in _MEDIA_ARRAYS:
        body[member] = []
    for leg in p.legs:
        body[MEDIA_MEMBERS[leg.media]].append(leg_body(leg, p, conversation))
    return body | present(startAcwTime=maybe(p.acw_started), endAcwTime=maybe(p.acw_ended))


def _telephone_members(p: Participant, conversation: Conversation) -> Json:
    """What the recorded call's participants have and the recorded callback's have not."""
    person = p.person or conversation.person
    own = person.phone if p.person else f"sip:{p.id}@127.0.0.1;language=en-US;user={p.purpose}"
    members = present(
        externalContactId=person.contact_id if p.person else None,
        externalContactInitialDivisionId="*" if p.person else None,
        participantType=_TYPES.get(p.purpose),
        address=own,
        ani=person.phone,
        aniName=person.name,
        dnis=own,
        wrapupTimeoutMs=20000 if p.agent else None,
    )
    members["mediaRoles"] = ["full"]
    return members


def wrapup(p: Participant) -> Json | None:
    """What the agent noted, once they have."""
    if p.wrapup is None:
        return None
    return {
        "code": p.wrapup.code,
        "name": p.wrapup.name,
        "notes": p.wrapup.notes,
        "tags": [],
        "durationSeconds": p.wrapup.seconds,
        "endTime": iso(p.wrapup.ended),
    }


def _routing(p: Participant, conversation: Conversation) -> Json | None:
    """Of a call the waiting leg has it, with a label; of a callback the agents have it too (recorded)."""
    spoken = conversation.media == "voice"
    if p.queue is None or p.purpose not in ({"acd"} if spoken else {"acd", "agent"}):
        return None
    routing: Json = {}
    if p.purpose == "acd":
        routing["queue"] = {"id": p.queue.id, "selfUri": f"/api/v2/routing/queues/{p.queue.id}"}
    routing |= {"priority": 0, "skills": [], "scoredAgents": []}
    return routing | {"label": UTILIZATION_LABEL_ID} if spoken else routing


def divisions(conversation: Conversation) -> list[Json]:
    """The divisions a conversation belongs to, with the queues and users that brought it there."""
    entities: dict[Division, dict[str, Json]] = {}
    for p in conversation.participants:
        if p.queue is not None:
            uri = f"/api/v2/routing/queues/{p.queue.id}"
            entities.setdefault(p.queue.division, {}).setdefault(
                p.queue.id, _entity(p.queue.id, uri, p.started)
            )
        if p.agent is not None:
            uri = f"/api/v2/users/{p.agent.id}"
            entities.setdefault(p.agent.division, {}).setdefault(
                p.agent.id, _entity(p.agent.id, uri, p.started)
            )
    return [
        {
            "division": {"id": d.id, "selfUri": f"/api/v2/authorization/divisions/{d.id}"},
            "entities": list(e.values()),
        }
        for d, e in entities.items()
    ]


def _entity(entity_id: str, uri: str, at: float) -> Json:
    return {"id": entity_id, "selfUri": uri, "dateDivisionUpdated": iso(at)}


def transfers(conversation: Conversation) -> list[Json]:
    """`recentTransfers`: finished ones only, the sandbox's transfers do not take time."""
    return [
        {
            "id": t.id,
            "state": "Complete",
            "dateIssued": iso(t.at),
            "initiator": {},
            "modifiedBy": {},
            "destination": present(
                userId=t.to.id if t.to else None,
                address=f"sip:{t.to.email if t.to else t.queue.id}@localhost",
            ),
            "transferType": "Attended" if t.attended else "Unattended",
        }
        for t in conversation.transfers
    ]


def legs_of(conversation: Conversation) -> list[tuple[Participant, Leg]]:
    """Every leg with its participant, in order."""
    return [(p, leg) for p in conversation.participants for leg in p.legs]
