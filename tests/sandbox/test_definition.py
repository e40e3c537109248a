"""The check itself is checked: recorded payloads pass, and every kind of stray is found."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox import allowances
from tests.sandbox.definition import check_model, definition, problems, reference

MODELS = {
    "conversation_voice_inbound_ended": "Conversation",
    "conversation_callback_live": "Conversation",
    "analytics_conversation_detail_1": "AnalyticsConversationWithoutAttributes",
    "analytics_job_results_with_attributes": "AnalyticsConversationAsyncQueryResponse",
    "authorization_subject_me": "AuthzSubject",
    "tokens_me": "TokenInfo",
    "users_me_expand_authorization": "UserMe",
    "notification_channel_create_response": "Channel",
    "queue_observation_response": "QueueObservationQueryResponse",
}
CORRELATION = "0ae82ce3-5c8e-4865-82d4-caa2a4e6a1de"
HEADERS = {
    "content-type": "application/json",
    "inin-correlation-id": CORRELATION,
    "inin-ratelimit-count": "1",
    "inin-ratelimit-allowed": "300",
    "inin-ratelimit-reset": "60",
}


def sample(name: str) -> Any:
    folder = reference()
    assert folder is not None
    return json.loads((folder / "samples" / f"{name}.json").read_text(encoding="utf-8"))


class TestRecordedPayloads:
    @pytest.mark.parametrize("name", MODELS)
    def test_they_pass(self, name: str) -> None:
        assert check_model(MODELS[name], sample(name)) == []

    def test_the_recorded_event_passes(self, tmp_path: Path) -> None:
        frame = json.dumps(sample("event_user_conversations_connected"))
        assert strays(tmp_path, {"kind": "frame", "channel": "c", "body": frame}) == []

    def test_recorded_errors_pass(self) -> None:
        for body in sample("errors_platform").values():
            assert check_model("ErrorBody", body) == []
        for body in sample("errors_oauth").values():
            assert check_model("LoginErrorResponse", body) == []


def strays(folder: Path, *entries: dict[str, Any]) -> list[str]:
    tape = folder / "tape.jsonl"
    tape.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return problems(tape)


def answer(body: Any, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "answer",
        "method": "GET",
        "path": "/api/v2/conversations/x",
        "template": "/api/v2/conversations/{conversationId}",
        "status": 200,
        "headers": HEADERS,
        "body": "" if body is None else json.dumps(body),
        "fault": None,
        "has_broken_body": False,
        **changes,
    }


class TestStrays:
    """Each of these once made it into a sandbox somewhere."""

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"colour": "red"}, "'colour' was unexpected"),
            ({"endTime": None}, 'null is not of type "string"'),
            ({"startTime": "yesterday"}, 'is not a "date-time"'),
            ({"startTime": "2026-01-01T00:00:00+00:00"}, 'is not a "date-time"'),
            ({"recordingState": "none"}, '"none" is not one of'),
            ({"participants": {}}, 'is not of type "array"'),
            ({"participants": [{"attributes": {"a": 1}}]}, '1 is not of type "string"'),
            ({"participants": [{"wrapupRequired": "false"}]}, 'is not of type "boolean"'),
        ],
    )
    def test_in_a_body(self, tmp_path: Path, change: Any, complaint: str) -> None:
        body = {**sample("conversation_callback_live"), **change}
        found = strays(tmp_path, answer(body))
        assert len(found) == 1
        assert complaint in found[0]

    def test_a_required_member_that_is_missing(self, tmp_path: Path) -> None:
        assert (
            '"startTime" is a required property'
            in strays(tmp_path, answer({"participants": []}))[0]
        )

    def test_a_stray_that_comes_after_good_ones(self, tmp_path: Path) -> None:
        good = sample("conversation_callback_live")
        bad = {**good, "recordingState": "none"}
        assert len(strays(tmp_path, answer(good), answer(good), answer(bad), answer(bad))) == 1

    @pytest.mark.parametrize(
        ("entry", "complaint"),
        [
            (answer({}, status=201), "this status is not declared"),
            (answer({}, template=None, path="/api/v2/x"), "nobody published this path"),
            (answer({}, method="HEAD", template="/api/v2/tokens/me"), "a HEAD has a body"),
            (answer({"x": 1}, method="PATCH", status=202,
                    template="/api/v2/conversations/{conversationId}/participants/{participantId}/attributes"),
             "no body is declared"),
            (answer({"status": 404, "contextId": "other"}, status=404), "contextId is not the correlation id"),
            (answer({"status": 400, "contextId": CORRELATION}, status=404), "the status in the body is another"),
            (answer({"error": "x"}, status=404), "'error' was unexpected"),
            (answer({}, headers={}, template="/api/v2/tokens/me"), "header inin-correlation-id is missing"),
            (answer({"status": 429, "contextId": CORRELATION}, status=429), "header retry-after is missing"),
            ({"kind": "frame", "body": '{"topicName": "v2.weather", "eventBody": {}}'}, "there is no such topic"),
            ({"kind": "frame", "body": '{"eventBody": {}}'}, '"topicName" is a required property'),
            ({"kind": "frame", "body": json.dumps({"topicName": f"v2.users.{CORRELATION}.conversations",
                                                   "eventBody": {"startTime": "x"}})},
             "'startTime' was unexpected"),
        ],
    )  # fmt: skip
    def test_around_it(self, tmp_path: Path, entry: Any, complaint: str) -> None:
        assert any(complaint in found for found in strays(tmp_path, entry))

    def test_a_body_broken_on_purpose_is_exempt_but_not_its_headers(self, tmp_path: Path) -> None:
        broken = {
            **answer(None, has_broken_body=True, fault="bad_gateway", status=502),
            "body": "<html>",
        }
        assert strays(tmp_path, broken) == []
        assert strays(tmp_path, {**broken, "headers": {}})


class TestAllowances:
    """An allowance nobody needs is one too many."""

    def test_each_is_about_something_that_is_declared(self) -> None:
        models = definition()["definitions"]
        for name, member in allowances.NOT_REQUIRED:
            assert member in models[name]["required"]
        for name, member in allowances.EXTRA_MEMBERS:
            assert member not in models[name]["properties"]
        for template in allowances.UNDECLARED_PATHS:
            assert template not in definition()["paths"]

    def test_each_has_a_reason(self) -> None:
        for table in (allowances.NOT_REQUIRED, allowances.EXTRA_MEMBERS, allowances.EVENTS_ADD,
                      allowances.UNDECLARED_PATHS, allowances.UNDECLARED_STATUSES,
                      allowances.LOGIN_STATUSES, allowances.CONTROL_FRAMES):  # fmt: skip
            assert all(len(reason) > 5 for reason in table.values())
