"""Reading an analytics query: interval, paging, order and filters (API reference, 6.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sandbox.api.call import Json
from sandbox.api.errors import bad_request, invalid_date, invalid_value
from sandbox.shapes.analytics import FACTS, division_ids, segments_of
from sandbox.shapes.conversation import legs_of
from sandbox.shapes.times import iso
from sandbox.world.model import Conversation, Leg, Participant, Segment

LONGEST_INTERVAL = timedelta(days=31)
LARGEST_PAGE = 100
"""Both REPORTED."""

Place = tuple[Participant, Leg, Segment]
S = TypeVar("S")
Test = Callable[[S, float], bool]
"""Whether something fits, as far as it was known at a time."""

_CONVERSATION_FACTS: dict[str, Callable[[Conversation, float], list[str]]] = {
    "conversationId": lambda c, _at: [c.id],
    "conversationStart": lambda c, _at: [iso(c.started)],
    "conversationEnd": lambda c, at: (
        [iso(c.ended)] if c.ended is not None and c.ended <= at else []
    ),
    "originatingDirection": lambda c, _at: [c.direction],
    "divisionId": lambda c, _at: division_ids(c),
    "externalTag": lambda c, _at: [c.external_tag] if c.external_tag else [],
}


@dataclass(frozen=True, slots=True)
class Query:
    """A query that made sense."""

    begins: float
    ends: float
    page_size: int
    page_number: int
    order: str
    order_by: str
    conversation_test: Test[Conversation]
    segment_test: Test[Place] | None

    def matches(self, conversation: Conversation, as_of: float) -> bool:
        """Whether the conversation, as far as analytics know it, is asked for."""
        if not self.begins <= conversation.started < self.ends or conversation.started > as_of:
            return False
        if not self.conversation_test(conversation, as_of):
            return False
        return self.segment_test is None or _has_segment(conversation, self.segment_test, as_of)


def _has_segment(conversation: Conversation, test: Test[Place], as_of: float) -> bool:
    """Whether one segment fits altogether."""
    return any(
        test((participant, leg, segment), as_of)
        for participant, leg in legs_of(conversation)
        for segment in segments_of(leg, participant)
        if segment.started <= as_of
    )


def read_query(body: Json) -> Query:
    """Check a query and make it runnable."""
    begins, ends = _days_touched(body.get("interval"))
    page_size, page_number = _paging(body.get("paging"))
    of_conversations = [
        _filter(raw, _conversation_predicate) for raw in _dicts(body, "conversationFilters")
    ]
    of_segments = [_filter(raw, _segment_predicate) for raw in _dicts(body, "segmentFilters")]
    return Query(
        begins=begins,
        ends=ends,
        page_size=page_size,
        page_number=page_number,
        order=_one_of(body, "order", ("asc", "desc", "unordered")),
        order_by=_one_of(
            body, "orderBy", ("conversationStart", "conversationEnd", "segmentStart", "segmentEnd")
        ),
        conversation_test=_joined("and", of_conversations),
        segment_test=_joined("and", of_segments) if of_segments else None,
    )


def _days_touched(interval: object) -> tuple[float, float]:
    """A conversation matches if it started on a day touched by the interval (CONFIRMED)."""
    if not isinstance(interval, str) or interval.count("/") != 1:
        raise invalid_date(interval)
    begin, end = (_date(part) for part in interval.split("/"))
    if end < begin:
        raise bad_request("The interval ends before it begins.")
    if end - begin > LONGEST_INTERVAL:
        raise bad_request("The interval is longer than 31 days.")
    midnight = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    last_day = max(begin, end - timedelta(microseconds=1)).replace(**midnight)  # type: ignore[arg-type]
    return begin.replace(**midnight).timestamp(), (last_day + timedelta(days=1)).timestamp()  # type: ignore[arg-type]


def _date(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_date(text) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _paging(paging: object) -> tuple[int, int]:
    if paging is None:
        return 25, 1
    if not isinstance(paging, dict) or not {"pageSize", "pageNumber"} <= paging.keys():
        raise bad_request("paging needs pageSize and pageNumber.")
    size, number = paging["pageSize"], paging["pageNumber"]
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in (size, number)):
        raise bad_request("pageSize and pageNumber must be positive numbers.")
    if size > LARGEST_PAGE:
        raise invalid_value(size, "pageSize", f"1 to {LARGEST_PAGE}")
    return size, number


def _one_of(body: Json, name: str, allowed: tuple[str, ...]) -> str:
    value = body.get(name, allowed[0])
    if value not in allowed:
        raise invalid_value(value, name, list(allowed))
    return str(value)


def _dicts(body: Json, name: str) -> list[Json]:
    listed = body.get(name) or []
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise bad_request(f"{name} must be a list of objects.")
    return listed


def _filter(raw: Json, predicate: Callable[[Json], Test[S]]) -> Test[S]:
    """Predicates and clauses, joined by `and` or `or`; a clause has predicates only."""
    tests = [predicate(p) for p in _dicts(raw, "predicates")]
    tests += [_clause(clause, predicate) for clause in _dicts(raw, "clauses")]
    return _joined_by_type(raw, tests)


def _clause(raw: Json, predicate: Callable[[Json], Test[S]]) -> Test[S]:
    return _joined_by_type(raw, [predicate(p) for p in _dicts(raw, "predicates")])


def _joined_by_type(raw: Json, tests: list[Test[S]]) -> Test[S]:
    if not tests:
        raise bad_request("A filter needs predicates.")
    return _joined(_one_of(raw, "type", ("and", "or")), tests)


def _joined(kind: str, tests: list[Test[S]]) -> Test[S]:
    """One test of many; the common case of a single one costs nothing."""
    if len(tests) == 1:
        return tests[0]
    join = all if kind == "and" else any
    return lambda subject, as_of: join(test(subject, as_of) for test in tests)


def _conversation_predicate(raw: Json) -> Test[Conversation]:
    dimension, operator, value = _predicate(raw, list(_CONVERSATION_FACTS))
    fact = _CONVERSATION_FACTS[dimension]
    if operator == "matches":
        return lambda conversation, as_of: value in fact(conversation, as_of)
    wanted = operator == "exists"
    return lambda conversation, as_of: bool(fact(conversation, as_of)) is wanted


def _segment_predicate(raw: Json) -> Test[Place]:
    dimension, operator, value = _predicate(raw, list(FACTS))
    fact = FACTS[dimension]
    if operator == "matches":
        return lambda place, as_of: fact(*place, as_of) == value
    wanted = operator == "exists"
    return lambda place, as_of: (fact(*place, as_of) is not None) is wanted


def _predicate(raw: Json, dimensions: list[str]) -> tuple[str, str, str | None]:
    """The sandbox knows predicates on dimensions; properties and metrics are refused rather than
    ignored.
    """
    if _one_of(raw, "type", ("dimension", "property", "metric")) != "dimension":
        raise bad_request("The sandbox only knows predicates of the type dimension.")
    dimension = raw.get("dimension")
    if dimension not in dimensions:
        raise invalid_value(dimension, "dimension", dimensions)
    operator = _one_of(raw, "operator", ("matches", "exists", "notExists"))
    value = raw.get("value")
    if operator == "matches" and not isinstance(value, str):
        raise bad_request(f"The predicate on {dimension} needs a value.")
    return str(dimension), operator, value
