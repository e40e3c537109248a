"""Writing attributes: what is accepted, when it becomes readable, and what is left alone."""

import time
from typing import Any
from uuid import uuid4

import pytest

from tests.sandbox.client import Caller, Made, until

MEDIA = {"voice": "calls", "callback": "callbacks", "email": "emails", "message": "messages"}


def settled(made: Made, wanted: dict[str, str]) -> None:
    until(lambda: made.stored() == wanted, what=f"it is {wanted}")


class TestAccepting:
    def test_the_answer_is_202_and_empty(self, sandbox: Caller) -> None:
        answer = sandbox.make().patch({"tier": "gold"})
        assert (answer.status_code, answer.content) == (202, b"")

    def test_keys_left_out_are_kept(self, sandbox: Caller) -> None:
        made = sandbox.make(attributes={"a": "1", "b": "2"})
        made.patch({"b": "3"})
        settled(made, {"a": "1", "b": "3"})

    def test_the_empty_string_is_stored(self, sandbox: Caller) -> None:
        made = sandbox.make(attributes={"a": "1"})
        made.patch({"a": ""})
        settled(made, {"a": ""})

    def test_keys_and_values_come_back_as_they_went(self, sandbox: Caller) -> None:
        odd = {
            "ANI ": " leading",
            "7day": "a\nb",
            "ivr.Skills": "x|y",
            "Queue Name": '"quoted"',
            "ic-data": "ünïcödé 漢字 🙂",
            "case": "1",
            "Case": "2",
        }
        made = sandbox.make()
        made.patch(odd)
        settled(made, odd)
        assert made.readable() == odd

    def test_only_the_participant_asked_for_is_written(self, sandbox: Caller) -> None:
        made = sandbox.make()
        agent = made.participant("agent")
        sandbox.api("PATCH", made.address(participant=agent), {"attributes": {"a": "b"}})
        until(lambda: made.stored(agent) == {"a": "b"}, what="the agent has it")
        assert made.stored() == {}

    def test_an_ended_conversation_still_takes_it(self, sandbox: Caller) -> None:
        made = sandbox.make(state="ended")
        assert made.patch({"a": "b"}).status_code == 202
        settled(made, {"a": "b"})

    def test_no_permission_is_needed(self, sandbox: Caller) -> None:
        made = sandbox.make()
        answer = Caller(sandbox.url, "limited").api(
            "PATCH", made.address(), {"attributes": {"a": "b"}}
        )
        assert answer.status_code == 202

    def test_an_unknown_conversation_is_not_found(self, sandbox: Caller) -> None:
        made = sandbox.make()
        path = made.address().replace(made.id, str(uuid4()))
        answer = sandbox.api("PATCH", path, {"attributes": {"a": "b"}})
        assert (answer.status_code, answer.json()["code"]) == (404, "not.found")


class TestLanding:
    def test_a_write_is_readable_after_the_delay_and_not_before(self, sandbox: Caller) -> None:
        sandbox.turn(persist_delay_ms=250)
        made = sandbox.make()
        sent = time.time()
        made.patch({"a": "b"})
        assert made.readable() == {}
        settled(made, {"a": "b"})
        assert 0.25 <= made.history()[-1]["at"] - sent < 0.4

    def test_without_a_delay_it_is_readable_at_once(self, sandbox: Caller) -> None:
        sandbox.turn(persist_delay_ms=0)
        made = sandbox.make()
        made.patch({"a": "b"})
        assert made.readable() == {"a": "b"}

    def test_writes_to_one_participant_land_in_the_order_of_sending(self, sandbox: Caller) -> None:
        made = sandbox.make()
        for number in range(30):
            sandbox.turn(persist_delay_ms=30 - number)  # later ones would overtake
            made.patch({"a": str(number)})
        settled(made, {"a": "29"})
        assert [int(entry["value"]) for entry in made.history()] == list(range(30))

    def test_the_history_begins_with_the_creation(self, sandbox: Caller) -> None:
        before = time.time()
        made = sandbox.make(attributes={"a": "1"})
        made.patch({"a": "2"})
        settled(made, {"a": "2"})
        entries = made.history()
        assert [(e["key"], e["value"], e["by"]) for e in entries] == [
            ("a", "1", "creation"),
            ("a", "2", "sandbox"),
        ]
        assert all(entry["participant"] == made.participant() for entry in entries)
        assert before <= entries[0]["at"] < entries[1]["at"] <= time.time()


class TestTwins:
    @pytest.mark.parametrize("media", MEDIA)
    def test_a_twin_writes_the_same_and_answers_with_attributes(
        self, sandbox: Caller, media: str
    ) -> None:
        made = sandbox.make(media=media)
        answer = sandbox.api("PATCH", made.address(MEDIA[media]), {"attributes": {"a": "b"}})
        assert (answer.status_code, answer.json()) == (202, {"attributes": {"a": "b"}})
        settled(made, {"a": "b"})

    @pytest.mark.parametrize(
        "view", ["callbacks", "emails", "messages", "chats", "cobrowsesessions"]
    )
    def test_the_twin_of_another_media_does_not_know_it(self, sandbox: Caller, view: str) -> None:
        made = sandbox.make(media="voice")
        assert (
            sandbox.api("PATCH", made.address(view), {"attributes": {"a": "b"}}).status_code == 404
        )


class TestTheTrap:
    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_it_answers_200_echoes_and_stores_nothing(self, sandbox: Caller, method: str) -> None:
        made = sandbox.make(attributes={"a": "1"})
        path = made.address().replace("/conversations/", "/conversations/interactions/")
        answer = sandbox.api(method, path.removesuffix("/attributes"), {"attributes": {"a": "2"}})
        assert (answer.status_code, answer.json()["attributes"]) == (200, {"a": "2"})
        made.patch({"b": "after"})
        settled(made, {"a": "1", "b": "after"})


class TestMalformed:
    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"[]",
            b'"x"',
            b"{}",
            b'{"attributes": []}',
            b'{"attributes": "x"}',
            b'{"attributes": {"a": NaN}}',
            b'{"attributes": {"a": "\\ud800"}}',
            b"\xff\xfe\x00",
            b"null",
            b"",
        ],
    )
    def test_a_malformed_body_is_a_bad_request(self, sandbox: Caller, body: bytes) -> None:
        made = sandbox.make()
        headers = {"Content-Type": "application/json"}
        answer = sandbox.api("PATCH", made.address(), data=body, headers=headers)
        assert answer.status_code == 400
        assert answer.json()["status"] == 400

    def test_another_content_type_is_refused(self, sandbox: Caller) -> None:
        made = sandbox.make()
        headers = {"Content-Type": "text/plain"}
        answer = sandbox.api("PATCH", made.address(), data=b"{}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported.media.type")

    def test_a_body_over_the_limit_is_refused(self, sandbox: Caller) -> None:
        made = sandbox.make()
        answer = made.patch({"a": "x" * 512_000})
        assert (answer.status_code, answer.json()["code"]) == (413, "request.entity.too.large")
        assert "512000" in answer.json()["message"]
        assert made.patch({"a": "x" * 511_000}).status_code == 202


class TestOpenQuestions:
    """Each UNKNOWN about writes can be switched to each of its answers."""

    @pytest.mark.parametrize(
        ("rule", "status"), [("not_found", 404), ("accepted", 202), ("bad_request", 400)]
    )
    def test_an_unknown_participant(self, sandbox: Caller, rule: str, status: int) -> None:
        sandbox.turn(unknown_participant=rule)
        made = sandbox.make()
        answer = sandbox.api(
            "PATCH", made.address(participant=str(uuid4())), {"attributes": {"a": "b"}}
        )
        assert answer.status_code == status

    @pytest.mark.parametrize(
        ("rule", "status"), [("accepted", 202), ("not_found", 404), ("forbidden", 403)]
    )
    def test_an_ended_conversation(self, sandbox: Caller, rule: str, status: int) -> None:
        sandbox.turn(ended_conversation_writes=rule)
        assert sandbox.make(state="ended").patch({"a": "b"}).status_code == status
        assert sandbox.make().patch({"a": "b"}).status_code == 202

    @pytest.mark.parametrize(("checked", "status"), [(False, 202), (True, 403)])
    def test_divisions(self, sandbox: Caller, checked: bool, status: int) -> None:
        sandbox.turn(division_check_on_write=checked)
        claims = sandbox.make(queue="Claims", state="waiting")
        billing = sandbox.make(queue="Billing", state="waiting")
        limited = Caller(sandbox.url, "limited")
        assert (
            limited.api("PATCH", claims.address(), {"attributes": {"a": "b"}}).status_code == status
        )
        assert (
            limited.api("PATCH", billing.address(), {"attributes": {"a": "b"}}).status_code == 202
        )
        assert claims.patch({"a": "b"}).status_code == 202

    @pytest.mark.parametrize(
        ("switches", "value", "status", "stored"),
        [
            ({}, True, 202, "true"),
            ({}, 7, 202, "7"),
            ({}, {"b": [1]}, 202, '{"b": [1]}'),
            ({"non_string_values": "ignored"}, True, 202, None),
            ({"non_string_values": "rejected"}, True, 400, None),
            ({}, None, 202, "old"),
            ({"null_values": "emptied"}, None, 202, ""),
            ({"null_values": "removed"}, None, 202, None),
            ({"null_values": "rejected"}, None, 400, "old"),
        ],
    )
    def test_values_that_are_no_texts(
        self, sandbox: Caller, switches: dict[str, str], value: Any, status: int, stored: str | None
    ) -> None:
        sandbox.turn(persist_delay_ms=0, **switches)
        made = sandbox.make(attributes={"a": "old"} if value is None else {})
        assert made.patch({"a": value}).status_code == status
        assert made.stored().get("a") == stored

    @pytest.mark.parametrize(
        ("switch", "body"),
        [
            ("empty_map", {"attributes": {}}),
            ("missing_attributes", {"something": "else"}),
            ("empty_key", {"attributes": {"": "x"}}),
        ],
    )
    @pytest.mark.parametrize(("rule", "status"), [("accepted", 202), ("rejected", 400)])
    def test_bodies_without_much_sense(
        self, sandbox: Caller, switch: str, body: Any, rule: str, status: int
    ) -> None:
        sandbox.turn(**{switch: rule})
        made = sandbox.make()
        assert sandbox.api("PATCH", made.address(), body).status_code == status

    @pytest.mark.parametrize(
        ("limit", "value"),
        [
            ("max_attributes", 2),
            ("max_key_length", 3),
            ("max_value_length", 4),
            ("max_attributes_bytes", 10),
        ],
    )
    @pytest.mark.parametrize(("rule", "status"), [("bad_request", 400), ("too_large", 413)])
    def test_limits(self, sandbox: Caller, limit: str, value: int, rule: str, status: int) -> None:
        made = sandbox.make(attributes={"a": "1"})
        big = {"long key": "long value", "b": "2"}
        sandbox.turn(**{limit: value, "limit_exceeded": rule})
        assert made.patch(big).status_code == status
        assert made.patch({"b": "2"}).status_code == 202
        sandbox.turn(**{limit: None})
        assert made.patch(big).status_code == 202

    @pytest.mark.parametrize(
        ("rule", "shown"), [("sent", {"b": "2"}), ("all", {"a": "1", "b": "2"})]
    )
    def test_what_a_twin_returns(self, sandbox: Caller, rule: str, shown: dict[str, str]) -> None:
        sandbox.turn(twin_body=rule)
        made = sandbox.make(attributes={"a": "1"})
        answer = sandbox.api("PATCH", made.address("calls"), {"attributes": {"b": "2"}})
        assert answer.json()["attributes"] == shown

    @pytest.mark.parametrize(
        ("rule", "values"),
        [("last_wins", {"second"}), ("first_wins", {"first"}), ("either", {"first", "second"})],
    )
    def test_two_writes_within_the_window(
        self, sandbox: Caller, rule: str, values: set[str]
    ) -> None:
        sandbox.turn(concurrent_writes=rule, persist_delay_ms=60)
        conversations = sandbox.make_many(1 if len(values) == 1 else 12)
        for made in conversations:
            made.patch({"a": "first"})
            made.patch({"a": "second", "b": "x"})
        until(lambda: all(m.stored().get("b") == "x" for m in conversations), what="all has landed")
        assert {m.stored()["a"] for m in conversations} == values
