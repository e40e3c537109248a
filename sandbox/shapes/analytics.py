"""The analytics shape of a conversation (API reference, 6.1), which has no attributes.

Analytics trail real time. `as_of` is the moment the store has reached: what began later is not
there yet, what ended later is still open.
"""

from collections.abc import Callable

from sandbox.shapes.times import Json, iso, present
from sandbox.world.model import PROVIDERS, Conversation, Leg, Participant, Segment

_DISCONNECTS = {"transfer.consult": "consultTransfer", "transfer.conference": "conferenceTransfer"}


def conversation_detail(conversation: Conversation, as_of: float) -> Json:
    """One item of an analytics answer."""
    body = present(
        conversationId=conversation.id,
        conversationStart=iso(conversation.started),
        conversationEnd=_until(conversation.ended, as_of),
    )
    if conversation.conference_started is not None and conversation.conference_started <= as_of:
        body["conferenceStart"] = iso(conversation.conference_started)
    if conversation.media == "voice" and conversation.ended is not None:
        body |= {
            "mediaStatsMinConversationMos": 4.882874965667725,
            "mediaStatsMinConversationRFactor": 92.46395111083984,
        }
    body["originatingDirection"] = conversation.direction
    body["divisionIds"] = division_ids(conversation)
    body["participants"] = [
        _participant(p, conversation, as_of)
        for p in conversation.participants
        if p.started <= as_of
    ]
    return body


def division_ids(conversation: Conversation) -> list[str]:
    """The divisions of its queues and agents, each once."""
    ids: dict[str, None] = {}
    for p in conversation.participants:
        if p.queue is not None:
            ids[p.queue.division.id] = None
        if p.agent is not None:
            ids[p.agent.division.id] = None
    return list(ids)


def _until(ended: float | None, as_of: float) -> str | None:
    return iso(ended) if ended is not None and ended <= as_of else None


def _participant(p: Participant, conversation: Conversation, as_of: float) -> Json:
    return present(
        externalContactId=p.person.contact_id if p.person else None,
        participantId=p.id,
        participantName=None if p.agent else p.name,
        purpose=p.purpose,
        userId=p.agent.id if p.agent else None,
        sessions=[_session(leg, p, conversation, as_of) for leg in p.legs],
    )


def _session(leg: Leg, p: Participant, conversation: Conversation, as_of: float) -> Json:
    person = p.person or conversation.person
    spoken = leg.media == "voice"
    return present(
        mediaType=leg.media,
        sessionId=leg.id,
        direction=leg.direction,
        ani=person.phone if spoken else None,
        dnis=(p.queue.phone if p.queue else None) if spoken else None,
        peerId=leg.peer if p.purpose != "customer" else None,
        callbackUserName=person.name if leg.media == "callback" else None,
        callbackNumbers=[person.phone.removeprefix("tel:")] if leg.media == "callback" else None,
        messageType="webmessaging" if leg.media == "message" else None,
        provider=PROVIDERS[leg.media],
        remote=person.name if p.purpose != "customer" else None,
        requestedRoutings=["Standard"] if p.queue else None,
        usedRouting="Standard" if p.queue and p.purpose != "acd" else None,
        selectedAgentId=_selected_agent(conversation) if p.queue else None,
        segments=[_segment(s, p, as_of) for s in segments_of(leg, p) if s.started <= as_of],
        metrics=_metrics(leg, as_of),
    )


def _selected_agent(conversation: Conversation) -> str | None:
    """Whom routing chose last."""
    chosen = [p.agent.id for p in conversation.agents if p.agent and p.queue]
    return chosen[-1] if chosen else None


def segments_of(leg: Leg, p: Participant) -> list[Segment]:
    """The leg's segments, and after-call work as one more, which the REST shape does not have."""
    if p.acw_started is None:
        return leg.segments
    return [*leg.segments, Segment("Wrapup", p.acw_started, p.acw_ended, disconnect="client")]


def _segment(segment: Segment, p: Participant, as_of: float) -> Json:
    body = present(
        segmentStart=iso(segment.started),
        segmentEnd=_until(segment.ended, as_of),
        queueId=p.queue.id if p.queue else None,
    )
    if "segmentEnd" in body and segment.disconnect:
        body["disconnectType"] = analytics_disconnect(segment.disconnect)
    body["segmentType"] = segment_type(segment)
    body["conference"] = False
    if segment.kind == "Wrapup" and p.wrapup is not None:
        body["wrapUpCode"] = p.wrapup.code
    return body


def segment_type(segment: Segment) -> str:
    """The analytics word for a kind of segment."""
    return segment.kind.lower()


def analytics_disconnect(disconnect: str) -> str:
    """The analytics word for a disconnect type."""
    return _DISCONNECTS.get(disconnect, disconnect)


def _metrics(leg: Leg, as_of: float) -> list[Json]:
    if leg.connected is None or leg.connected > as_of:
        return []
    return [{"name": "nConnected", "value": 1, "emitDate": iso(leg.connected)}]


Fact = Callable[[Participant, Leg, Segment, float], str | None]

FACTS: dict[str, Fact] = {
    "mediaType": lambda _p, leg, _s, _at: leg.media,
    "direction": lambda _p, leg, _s, _at: leg.direction,
    "purpose": lambda p, _leg, _s, _at: p.purpose,
    "userId": lambda p, _leg, _s, _at: p.agent.id if p.agent else None,
    "queueId": lambda p, _leg, _s, _at: p.queue.id if p.queue else None,
    "participantName": lambda p, _leg, _s, _at: p.name,
    "provider": lambda _p, leg, _s, _at: PROVIDERS[leg.media],
    "segmentType": lambda _p, _leg, s, _at: segment_type(s),
    "segmentEnd": lambda _p, _leg, s, at: _until(s.ended, at),
    "disconnectType": lambda _p, _leg, s, _at: (
        analytics_disconnect(s.disconnect) if s.disconnect else None
    ),
    "wrapUpCode": lambda p, _leg, s, _at: (
        p.wrapup.code if p.wrapup and s.kind == "Wrapup" else None
    ),
    "conference": lambda _p, _leg, _s, _at: "false",
}
"""What a segment filter can ask about; None stands for "does not exist"."""
