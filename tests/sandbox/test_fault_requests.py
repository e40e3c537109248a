"""Asking for faults: which calls they hit, how often, and what is wrong with a request."""

from typing import Any

import pytest
import requests

from tests.sandbox.client import Caller


class TestAsking:
    """Which calls a fault hits."""

    @pytest.mark.parametrize(
        ("call", "method", "path", "body"),
        [
            ("list", "POST", "/analytics/conversations/details/query", {}),
            ("channel", "POST", "/notifications/channels", None),
            ("subscribe", "PUT", "/notifications/channels/x/subscriptions", []),
            ("queues", "GET", "/routing/queues", None),
            ("any", "GET", "/routing/queues", None),
        ],
    )
    def test_a_fault_hits_the_calls_it_was_asked_for(
        self, sandbox: Caller, call: str, method: str, path: str, body: Any
    ) -> None:
        made = sandbox.make()
        sandbox.fault("server_error", call=call, times=1)
        if call != "any":
            assert made.patch({"a": "b"}).status_code == 202
        assert sandbox.api(method, path, body).status_code == 500
        assert sandbox.api(method, path, body).status_code != 500

    def test_a_login_fails_in_its_own_form(self, sandbox: Caller) -> None:
        sandbox.fault("rate_limited", call="token", times=1)
        answer = sandbox.login("sandbox", "sandbox")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert "rate limit exceeded" in answer.json()["error_description"]
        sandbox.fault("unauthorized", call="token", times=1)
        assert sandbox.login("sandbox", "sandbox").json()["error"] == "invalid_client"
        sandbox.fault("unavailable", call="token", times=1)
        assert sandbox.login("sandbox", "sandbox").status_code == 503
        assert sandbox.login("sandbox", "sandbox").status_code == 200

    def test_a_fault_hits_one_conversation_and_one_participant(self, sandbox: Caller) -> None:
        made, other = sandbox.make_many(2)
        sandbox.fault("server_error", conversation=made.id, participant=made.participant("acd"))
        assert made.patch({"a": "b"}).status_code == 202
        assert (
            sandbox.api(
                "PATCH", made.address(participant=made.participant("acd")), {"attributes": {}}
            ).status_code
            == 500
        )
        assert other.patch({"a": "b"}).status_code == 202

    def test_a_fault_hits_so_many_times_and_is_gone(self, sandbox: Caller) -> None:
        made = sandbox.make()
        sandbox.fault("server_error", times=2)
        assert [made.patch({"a": "b"}).status_code for _ in range(3)] == [500, 500, 202]
        assert sandbox.control("GET", "faults")["active"] == []

    def test_a_fault_without_times_stays_until_cleared(self, sandbox: Caller) -> None:
        made = sandbox.make()
        sandbox.fault("server_error")
        assert [made.patch({"a": "b"}).status_code for _ in range(3)] == [500, 500, 500]
        active = sandbox.control("GET", "faults")["active"][0]
        assert (active["fault"], active["times"], active["hits"]) == ("server_error", None, 3)
        sandbox.control("DELETE", "faults")
        assert made.patch({"a": "b"}).status_code == 202

    def test_the_log_says_which_fault_hit(self, sandbox: Caller) -> None:
        made = sandbox.make()
        sandbox.fault("never_stored", times=1)
        made.patch({"a": "b"})
        made.patch({"a": "b"})
        assert [c["fault"] for c in sandbox.calls(conversation=made.id)] == ["never_stored", None]

    @pytest.mark.parametrize(
        ("body", "complaint"),
        [
            ({"fault": "no_such"}, "There is no fault 'no_such'"),
            ({}, "There is no fault None"),
            (
                {"fault": "stored_late", "minutes": 3},
                "has no parameter 'minutes'. It has: seconds.",
            ),
            ({"fault": "never_stored", "seconds": 3}, "has no parameter 'seconds'. It has: none."),
            ({"fault": "stored_late", "seconds": "soon"}, "must be a number of seconds"),
            ({"fault": "stored_late", "seconds": None}, "must be a number of seconds"),
            ({"fault": "stored_late", "seconds": -1}, "must be a number of seconds"),
            ({"fault": "server_error", "call": "telephone"}, "must be one of write, read"),
            ({"fault": "server_error", "lands": "yes"}, "must be true or false"),
            ({"fault": "server_error", "times": 0}, "times must be a whole number"),
            ({"fault": "server_error", "times": "2"}, "times must be a whole number"),
            ({"fault": "server_error", "conversation": 7}, "conversation must be an id"),
            ({"fault": "another_writer", "value": 3}, "must be a text"),
        ],
    )
    def test_a_malformed_request_is_answered_with_a_sentence(
        self, sandbox: Caller, body: Any, complaint: str
    ) -> None:
        answer = requests.post(f"{sandbox.url}/_sandbox/faults", json=body, timeout=5)
        assert answer.status_code == 400
        assert complaint in answer.json()["error"]
        assert sandbox.control("GET", "faults")["active"] == []
