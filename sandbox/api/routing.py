"""Queues: `GET /api/v2/routing/queues` (API reference, 6.2)."""

from sandbox.api.call import Answer, Call, Json
from sandbox.api.paging import page_of
from sandbox.state import Sandbox
from sandbox.world.organisation import AGENTS_OF_QUEUE, QUEUES, Queue


def list_queues(sandbox: Sandbox, call: Call) -> Answer:
    """A page of queues, by `name` (with `*` at the end) or `divisionId` if asked."""
    query = call.query
    name = query.get("name", "").rstrip("*").lower()
    division = query.get("divisionId")
    found = [
        q for q in QUEUES if q.name.lower().startswith(name) and division in (None, q.division.id)
    ]
    return Answer(200, page_of([_queue(q) for q in found], call, "/api/v2/routing/queues"))


def _queue(queue: Queue) -> Json:
    members = len(AGENTS_OF_QUEUE[queue.id])
    return {
        "id": queue.id,
        "name": queue.name,
        "division": {
            "id": queue.division.id,
            "name": queue.division.name,
            "selfUri": f"/api/v2/authorization/divisions/{queue.division.id}",
        },
        "description": "",
        "memberCount": members,
        "userMemberCount": members,
        "joinedMemberCount": members,
        "enableTranscription": False,
        "selfUri": f"/api/v2/routing/queues/{queue.id}",
    }
