"""Finding conversations: the analytics queries (API reference, section 6)."""

import time
from collections.abc import Callable, Iterable

from sandbox.api.analytics_query import Query, read_query
from sandbox.api.call import Answer, Call, Json
from sandbox.api.errors import not_found
from sandbox.shapes.analytics import conversation_detail
from sandbox.state import Sandbox
from sandbox.world.model import Conversation


def _reached(sandbox: Sandbox) -> float:
    """Up to when the analytics store knows what happened."""
    return time.time() - sandbox.switches.analytics_lag_seconds


def query_details(sandbox: Sandbox, call: Call) -> Answer:
    """`POST /api/v2/analytics/conversations/details/query`; an empty page has no member
    `conversations`.
    """
    query = read_query(call.json_object())
    as_of = _reached(sandbox)
    found = [c for c in sandbox.world.conversations.values() if query.matches(c, as_of)]
    _sort(found, query)
    first = (query.page_number - 1) * query.page_size
    page = found[first : first + query.page_size]
    body: Json = {}
    if page:
        body["conversations"] = [conversation_detail(c, as_of) for c in page]
    body["totalHits"] = len(found)
    return Answer(200, body)


def _sort(found: list[Conversation], query: Query) -> None:
    if query.order != "unordered":
        found.sort(key=_KEYS[query.order_by], reverse=query.order == "desc")


def _segment_times(conversation: Conversation) -> Iterable[tuple[float, float]]:
    return (
        (s.started, s.ended if s.ended is not None else float("inf"))
        for p in conversation.participants
        for leg in p.legs
        for s in leg.segments
    )


_KEYS: dict[str, Callable[[Conversation], float]] = {
    "conversationStart": lambda c: c.started,
    "conversationEnd": lambda c: c.ended if c.ended is not None else float("inf"),
    "segmentStart": lambda c: max((started for started, _ in _segment_times(c)), default=c.started),
    "segmentEnd": lambda c: max((ended for _, ended in _segment_times(c)), default=c.started),
}


def get_details(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/analytics/conversations/{conversationId}/details`."""
    as_of = _reached(sandbox)
    conversation = sandbox.world.conversations.get(call.params["conversationId"])
    if conversation is None or conversation.started > as_of:
        raise not_found()
    return Answer(200, conversation_detail(conversation, as_of))
