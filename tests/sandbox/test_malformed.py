"""Whatever is thrown at any endpoint comes back as an `ErrorBody`: never a 500, never a traceback."""

from typing import Any
from uuid import uuid4

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.api.routes import ENDPOINTS
from tests.sandbox.client import Caller, today

BODIES: list[bytes] = [
    b"",
    b"null",
    b"{",
    b"[]",
    b"7",
    b'"x"',
    b"[null]",
    b'{"attributes": null, "interval": null, "filter": null, "metrics": null}',
    b'{"attributes": {"a": {"b": []}}, "filter": {"predicates": [null]}, "metrics": [7]}',
    b"\xff\xfe\xfd",
    b'{"a":' * 3000,
    b'{"attributes": {"a": ' + b"9" * 5000 + b"}}",
    b'{"attributes": {"a": 1e999}}',
]
API = [(e.method, e.template) for e in ENDPOINTS if e.template.startswith("/api/")]
# The deletion of a token would sign the caller out for all that follows.
CASES = [case for case in API if case != ("DELETE", "/api/v2/tokens/me")]


def path_of(template: str, **known: str) -> str:
    names = {"conversationId", "participantId", "channelId"}
    for name in names:
        template = template.replace("{" + name + "}", known.get(name, str(uuid4())))
    return template.removeprefix("/api/v2")


@pytest.mark.parametrize(("method", "template"), CASES)
def test_no_body_breaks_an_endpoint(sandbox: Caller, method: str, template: str) -> None:
    made = sandbox.make()
    channel = sandbox.channel()["id"]
    known = {"conversationId": made.id, "participantId": made.participant(), "channelId": channel}
    for path in (path_of(template, **known), path_of(template)):
        for body in BODIES:
            headers = {"Content-Type": "application/json"}
            answer = sandbox.api(method, path, data=body, headers=headers)
            assert answer.status_code < 500, (method, path, body, answer.text)
            if answer.status_code >= 400 and method != "HEAD":
                assert answer.json()["contextId"] == answer.headers["ININ-Correlation-Id"]


@pytest.mark.parametrize(("method", "template"), CASES)
def test_without_a_token_every_endpoint_is_closed(
    sandbox: Caller, method: str, template: str
) -> None:
    for header in ("", "Bearer", "Bearer x", "Basic eDp5"):
        answer = sandbox.api(method, path_of(template), headers={"Authorization": header})
        assert answer.status_code == 401


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
queries = st.fixed_dictionaries(
    {},
    optional={
        "interval": st.just(today()) | json_values,
        "paging": json_values
        | st.fixed_dictionaries({"pageSize": json_values, "pageNumber": json_values}),
        "order": json_values,
        "orderBy": json_values,
        "conversationFilters": json_values
        | st.lists(
            st.fixed_dictionaries(
                {"type": st.just("and"), "predicates": st.lists(json_values, max_size=2)}
            ),
            max_size=2,
        ),
        "segmentFilters": json_values,
        "filter": json_values,
        "metrics": json_values,
        "detailMetrics": json_values,
    },
)
thorough = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)


@thorough
@given(query=queries)
def test_no_query_breaks_analytics(sandbox: Caller, query: Any) -> None:
    for path in ("/analytics/conversations/details/query", "/analytics/queues/observations/query"):
        assert sandbox.api("POST", path, query).status_code in {200, 400}


@thorough
@given(attributes=st.dictionaries(st.text(), st.text() | json_values))
def test_any_attributes_are_stored_or_refused(sandbox: Caller, attributes: Any) -> None:
    sandbox.turn(persist_delay_ms=0)
    made = sandbox.make()
    answer = made.patch(attributes)
    texts = {key: value for key, value in attributes.items() if isinstance(value, str)}
    if "" in attributes:
        assert answer.status_code == 400
    else:
        assert answer.status_code == 202
        assert texts.items() <= made.readable().items()


members = ("fault", "conversation", "times", "seconds", "call", "count", "media", "agent", "queue",
           "attributes", "state", "customers", "flow_keys", "seconds_ago", "speed", "how",
           "notice_seconds", "client", "twin_body", "rate_limit", "max_attributes")  # fmt: skip
requests_by_hand = json_values | st.dictionaries(st.sampled_from(members), json_values, max_size=4)


@thorough
@given(body=requests_by_hand)
def test_no_request_breaks_the_sandboxs_own_side(sandbox: Caller, body: Any) -> None:
    made = sandbox.make()
    for path in (
        "faults",
        "conversations",
        "switches",
        "clock",
        "sockets/drop",
        "tokens/revoke",
        f"conversations/{made.id}/transfer",
        f"conversations/{made.id}/hold",
    ):
        answer = requests.post(f"{sandbox.url}/_sandbox/{path}", json=body, timeout=5)
        assert answer.status_code in {200, 400}
    sandbox.control("POST", "reset", {"conversations": 0})
    sandbox.sign_in()  # an empty request revokes every token
