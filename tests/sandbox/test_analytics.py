"""Finding conversations: interval, paging, order, filters, lag."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.client import Caller, Json, Made, today, until

PATH = "/analytics/conversations/details/query"


def predicate(dimension: str, operator: str = "matches", value: str | None = None) -> Json:
    raw = {"type": "dimension", "dimension": dimension, "operator": operator}
    return raw | ({"value": value} if value is not None else {})


def all_of(*predicates: Json) -> list[Json]:
    return [{"type": "and", "predicates": list(predicates)}]


def any_of(*predicates: Json) -> list[Json]:
    return [{"type": "or", "predicates": list(predicates)}]


def found(sandbox: Caller, **query: Any) -> list[str]:
    answer = sandbox.api("POST", PATH, {"interval": today(), **query})
    assert answer.status_code == 200, answer.text
    return [c["conversationId"] for c in answer.json().get("conversations", [])]


def interval(begins: datetime, ends: datetime) -> str:
    return f"{begins.isoformat()}/{ends.isoformat()}"


class TestInterval:
    def test_the_day_counts_and_not_the_hour(self, sandbox: Caller) -> None:
        made = sandbox.make(seconds_ago=0)
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        later_today = midnight + timedelta(hours=23, minutes=58)
        assert found(
            sandbox, interval=interval(later_today, later_today + timedelta(minutes=1))
        ) == [made.id]
        tomorrow = midnight + timedelta(days=1)
        assert found(sandbox, interval=interval(tomorrow, tomorrow + timedelta(hours=1))) == []
        assert found(sandbox, interval=interval(midnight - timedelta(days=1), midnight)) == []

    @pytest.mark.parametrize(
        "text", [None, 7, "", "x", "2026-01-01", "a/b", "2026-01-01/2026-01-02/2026-01-03"]
    )
    def test_it_is_required_and_must_be_two_dates(self, sandbox: Caller, text: Any) -> None:
        answer = sandbox.api("POST", PATH, {"interval": text})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid.date")

    def test_31_days_at_most_and_forwards(self, sandbox: Caller) -> None:
        now = datetime.now(UTC)
        for begins, ends in ((now - timedelta(days=32), now), (now, now - timedelta(days=1))):
            assert (
                sandbox.api("POST", PATH, {"interval": interval(begins, ends)}).status_code == 400
            )


class TestPaging:
    def test_pages_cover_everything_and_then_the_member_is_missing(self, sandbox: Caller) -> None:
        made = {m.id for m in sandbox.make_many(7)}
        seen: list[str] = []
        for number in range(1, 4):
            body = page(sandbox, number)
            assert body["totalHits"] == 7
            seen += [c["conversationId"] for c in body["conversations"]]
        assert sorted(seen) == sorted(made)
        assert page(sandbox, 4) == {"totalHits": 7}

    def test_25_by_default(self, sandbox: Caller) -> None:
        sandbox.make_many(30)
        assert len(found(sandbox)) == 25

    @pytest.mark.parametrize(
        "paging",
        [
            {"pageSize": 10},
            {"pageNumber": 1},
            {"pageSize": 101, "pageNumber": 1},
            {"pageSize": 0, "pageNumber": 1},
            {"pageSize": "10", "pageNumber": 1},
            {"pageSize": True, "pageNumber": 1},
            [],
            "x",
        ],
    )
    def test_malformed_paging_is_refused(self, sandbox: Caller, paging: Any) -> None:
        assert sandbox.api("POST", PATH, {"interval": today(), "paging": paging}).status_code == 400


def page(sandbox: Caller, number: int) -> Json:
    query = {"interval": today(), "paging": {"pageSize": 3, "pageNumber": number}}
    body: Json = sandbox.api("POST", PATH, query).json()
    return body


class TestOrder:
    def test_by_start_in_both_directions(self, sandbox: Caller) -> None:
        ids = [sandbox.make(seconds_ago=ago).id for ago in (30, 10, 20)]
        oldest_first = [ids[0], ids[2], ids[1]]
        assert found(sandbox) == oldest_first
        assert found(sandbox, order="desc", orderBy="conversationStart") == oldest_first[::-1]
        assert set(found(sandbox, order="unordered")) == set(ids)

    @pytest.mark.parametrize("order_by", ["conversationEnd", "segmentStart", "segmentEnd"])
    def test_by_other_times(self, sandbox: Caller, order_by: str) -> None:
        first, second = sandbox.make_many(2)
        first.move("end")
        second.move("end")
        assert found(sandbox, orderBy=order_by) == [first.id, second.id]
        assert found(sandbox, orderBy=order_by, order="desc") == [second.id, first.id]

    def test_unknown_words_are_refused(self, sandbox: Caller) -> None:
        for query in ({"order": "up"}, {"orderBy": "name"}):
            answer = sandbox.api("POST", PATH, {"interval": today(), **query})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid.value")


class TestFilters:
    def test_live_ones(self, sandbox: Caller) -> None:
        live, ended = sandbox.make(), sandbox.make(state="ended")
        is_open = all_of(predicate("conversationEnd", "notExists"))
        is_over = all_of(predicate("conversationEnd", "exists"))
        assert found(sandbox, conversationFilters=is_open) == [live.id]
        assert found(sandbox, conversationFilters=is_over) == [ended.id]

    def test_conversations_are_matched(self, sandbox: Caller) -> None:
        call, callback = sandbox.make(media="voice"), sandbox.make(media="callback")
        by_id = any_of(
            predicate("conversationId", value=call.id), predicate("conversationId", value="x")
        )
        assert found(sandbox, conversationFilters=by_id) == [call.id]
        outbound = all_of(predicate("originatingDirection", value="outbound"))
        assert found(sandbox, conversationFilters=outbound) == [callback.id]

    def test_one_segment_must_fit_altogether(self, sandbox: Caller) -> None:
        billing, claims = sandbox.make(queue="Billing"), sandbox.make(queue="Claims")
        billing_queue = predicate("queueId", value=billing.raw["queue"]["id"])
        claims_agent = predicate("userId", value=claims.raw["agent"]["id"])
        assert found(sandbox, segmentFilters=all_of(billing_queue)) == [billing.id]
        assert found(sandbox, segmentFilters=all_of(claims_agent)) == [claims.id]
        assert found(sandbox, segmentFilters=all_of(billing_queue, claims_agent)) == []
        assert set(found(sandbox, segmentFilters=any_of(billing_queue, claims_agent))) == {
            billing.id,
            claims.id,
        }

    def test_open_segments_by_kind(self, sandbox: Caller) -> None:
        talking, held = sandbox.make(), sandbox.make(state="held")
        on_hold = all_of(
            predicate("segmentType", value="hold"), predicate("segmentEnd", "notExists")
        )
        assert found(sandbox, segmentFilters=on_hold) == [held.id]
        voice = all_of(predicate("mediaType", value="voice"), predicate("purpose", value="agent"))
        assert set(found(sandbox, segmentFilters=voice)) == {talking.id, held.id}

    def test_clauses(self, sandbox: Caller) -> None:
        call, mail = sandbox.make(media="voice"), sandbox.make(media="email")
        sandbox.make(media="message")
        clauses = [
            {"type": "and", "predicates": [predicate("mediaType", value="voice")]},
            {"type": "and", "predicates": [predicate("mediaType", value="email")]},
        ]
        query = [{"type": "or", "clauses": clauses}]
        assert set(found(sandbox, segmentFilters=query)) == {call.id, mail.id}

    @pytest.mark.parametrize(
        "filters",
        [
            "x",
            ["x"],
            [{}],
            [{"type": "and"}],
            [{"type": "xor", "predicates": [predicate("conversationEnd", "exists")]}],
            all_of(predicate("weather", value="rain")),
            all_of(predicate("conversationId")),
            all_of(predicate("conversationEnd", "equals")),
            all_of({"type": "metric", "metric": "oTotal"}),
        ],
    )
    @pytest.mark.parametrize("name", ["conversationFilters", "segmentFilters"])
    def test_malformed_filters_are_refused(self, sandbox: Caller, name: str, filters: Any) -> None:
        answer = sandbox.api("POST", PATH, {"interval": today(), name: filters})
        assert answer.status_code == 400


class TestContents:
    def test_there_are_no_attributes(self, sandbox: Caller) -> None:
        made = sandbox.make(attributes={"secret key": "secret value"})
        for answer in (
            sandbox.api("POST", PATH, {"interval": today()}),
            sandbox.api("GET", f"/analytics/conversations/{made.id}/details"),
        ):
            assert made.id in answer.text
            assert "secret" not in answer.text
            assert "attributes" not in answer.text

    def test_after_call_work_is_a_segment(self, sandbox: Caller) -> None:
        made = sandbox.make(state="wrapup")
        body = sandbox.api("GET", f"/analytics/conversations/{made.id}/details").json()
        agent = next(p for p in body["participants"] if p["purpose"] == "agent")
        kinds = [s["segmentType"] for s in agent["sessions"][0]["segments"]]
        assert kinds == ["alert", "interact", "wrapup"]
        assert "segmentEnd" not in agent["sessions"][0]["segments"][-1]

    def test_a_permission_is_needed(self, sandbox: Caller) -> None:
        assert (
            Caller(sandbox.url, "limited").api("POST", PATH, {"interval": today()}).status_code
            == 200
        )

    def test_an_unknown_conversation(self, sandbox: Caller) -> None:
        assert sandbox.api("GET", "/analytics/conversations/x/details").status_code == 404


class TestLag:
    def test_what_happens_shows_only_later(self, sandbox: Caller) -> None:
        sandbox.turn(analytics_lag_seconds=0.4)
        made = sandbox.make(seconds_ago=0)
        assert found(sandbox) == []
        assert sandbox.api("GET", f"/analytics/conversations/{made.id}/details").status_code == 404
        until(lambda: found(sandbox) == [made.id], what="it has reached analytics")
        made.move("end")
        still_open = all_of(predicate("conversationEnd", "notExists"))
        assert found(sandbox, conversationFilters=still_open) == [made.id]
        assert "conversationEnd" not in details(sandbox, made)
        until(lambda: found(sandbox, conversationFilters=still_open) == [], what="the end has too")


def details(sandbox: Caller, made: Made) -> Json:
    body: Json = sandbox.api("GET", f"/analytics/conversations/{made.id}/details").json()
    return body
