"""Queues as they are now: `POST /api/v2/analytics/queues/observations/query` (API reference, 6.2;
recorded).
"""

from collections.abc import Iterable

from sandbox.api.call import Answer, Call, Json
from sandbox.api.errors import bad_request, invalid_value
from sandbox.shapes.times import iso, present
from sandbox.state import Sandbox
from sandbox.world.model import MEDIA, Conversation, Participant
from sandbox.world.organisation import AGENTS, QUEUE_BY_ID, Queue

_METRICS = ("oInteracting", "oWaiting", "oUserRoutingStatuses")
_STAGES = {"oInteracting": {"connected", "held"}, "oWaiting": {"waiting", "alerting"}}


def query_queues(sandbox: Sandbox, call: Call) -> Answer:
    """One group for each queue and media, with one observation for each live conversation in
    detail metrics.
    """
    body = call.json_object()
    metrics = _metrics(body.get("metrics"))
    detailed = set(_metrics(body.get("detailMetrics") or []))
    live = [c for c in sandbox.world.conversations.values() if c.is_live and c.queue is not None]
    results: list[Json] = []
    for queue in _queues(body.get("filter")):
        here = [c for c in live if c.queue is queue]
        if "oUserRoutingStatuses" in metrics:
            results.append(_routing_statuses(queue, here))
        for media in MEDIA:
            of_media = [c for c in here if c.media == media]
            data = [_datum(m, of_media, m in detailed) for m in metrics if m in _STAGES]
            if data:
                results.append({"group": {"queueId": queue.id, "mediaType": media}, "data": data})
    return Answer(200, {"results": results})


def _metrics(names: object) -> list[str]:
    if not isinstance(names, list):
        raise bad_request("metrics must be a list of names.")
    for name in names:
        if name not in _METRICS:
            raise invalid_value(name, "metric", list(_METRICS))
    return names


def _queues(raw: object) -> list[Queue]:
    if not isinstance(raw, dict) or not isinstance(raw.get("predicates"), list):
        raise bad_request("filter needs predicates.")
    asked = [
        p.get("value")
        for p in raw["predicates"]
        if isinstance(p, dict) and p.get("dimension") == "queueId"
    ]
    return [
        QUEUE_BY_ID[value] for value in asked if isinstance(value, str) and value in QUEUE_BY_ID
    ]


def _routing_statuses(queue: Queue, here: Iterable[Conversation]) -> Json:
    team = {a.id for a in AGENTS if queue in a.queues}
    busy = team & {p.agent.id for c in here for p in c.agents if p.is_on and p.agent}
    counts = {"INTERACTING": len(busy), "IDLE": len(team) - len(busy)}
    data = [
        {"metric": "oUserRoutingStatuses", "qualifier": qualifier, "stats": {"count": count}}
        for qualifier, count in counts.items()
    ]
    return {"group": {"queueId": queue.id}, "data": data}


def _datum(metric: str, conversations: list[Conversation], with_details: bool) -> Json:
    counted = [c for c in conversations if c.state in _STAGES[metric]]
    datum: Json = {"metric": metric, "stats": {"count": len(counted)}}
    if with_details and counted:
        datum |= {"truncated": False, "observations": [_observation(c) for c in counted]}
    return datum


def _observation(conversation: Conversation) -> Json:
    seen: Participant = conversation.agent or conversation.customer
    spoken = conversation.media == "voice"
    return present(
        observationDate=iso(seen.connected or seen.started),
        conversationId=conversation.id,
        sessionId=seen.leg.id,
        routingPriority=0,
        participantName=conversation.person.name,
        userId=seen.agent.id if seen.agent else None,
        direction=conversation.direction,
        ani=conversation.person.phone if spoken else None,
        dnis=conversation.queue.phone if spoken and conversation.queue else None,
    )
