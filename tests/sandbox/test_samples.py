"""Key sets and types of what the sandbox sends against each recorded payload."""

import json
from typing import Any

from tests.sandbox.client import DEMO_AGENT, Caller, Json
from tests.sandbox.definition import reference

Names = set[str] | frozenset[str]

TEXT = "a text"


def sample(name: str) -> Any:
    folder = reference()
    assert folder is not None
    return json.loads((folder / "samples" / f"{name}.json").read_text(encoding="utf-8"))


def outline(value: Any) -> Any:
    """The shape of a value: members with their types; a list is the union of its items."""
    if isinstance(value, dict):
        return {name: outline(member) for name, member in value.items()}
    if isinstance(value, list):
        merged: Any = None
        for item in value:
            merged = outline(item) if merged is None else union(merged, outline(item))
        return [] if merged is None else [merged]
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else TEXT


def union(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        names = [*one, *(name for name in other if name not in one)]
        return {
            n: union(one[n], other[n]) if n in one and n in other else one.get(n, other.get(n))
            for n in names
        }
    if isinstance(one, list) and isinstance(other, list):
        return [union(one[0], other[0])] if one and other else one or other
    return one


def missing(recorded: Any, sent: Any, place: str = "") -> list[str]:
    """Members of the recorded shape that the sent one has not, or has of another type."""
    if isinstance(recorded, dict) and isinstance(sent, dict):
        found = []
        for name, member in recorded.items():
            if name in sent:
                found += missing(member, sent[name], f"{place}/{name}")
            else:
                found.append(f"{place}/{name}")
        return found
    if isinstance(recorded, list) and isinstance(sent, list):
        if recorded and not sent:
            return [f"{place}[]"]
        return missing(recorded[0], sent[0], f"{place}[]") if recorded else []
    return [] if recorded == sent else [f"{place}: {sent} instead of {recorded}"]


def assert_alike(
    recorded: Any, sent: Any, *, more: Names = frozenset(), less: Names = frozenset()
) -> None:
    """Same members and types, but for exactly those named: `more` only we send, `less` only they did."""
    recorded, sent = outline(recorded), outline(sent)
    assert (set(missing(recorded, sent)), set(missing(sent, recorded))) == (set(less), set(more))


class TestConversations:
    def test_an_ended_call_is_like_the_recorded_one(self, sandbox: Caller) -> None:
        made = sandbox.make(media="voice", attributes={"a": "b"})
        made.move("transfer", agent=made.raw["agent"]["id"])
        made.move("end")
        recorded = without_attributes(sample("conversation_voice_inbound_ended"))
        sent = without_attributes(made.read())
        assert set(sent) == set(recorded)
        assert_alike(participants_by_purpose(recorded), participants_by_purpose(sent))
        assert_alike(recorded["recentTransfers"], sent["recentTransfers"])
        assert_alike(recorded["divisions"], sent["divisions"])

    def test_a_live_callback_is_like_the_recorded_one(self, sandbox: Caller) -> None:
        made = sandbox.make(media="callback", attributes={"a": "b"})
        made.move("transfer", waiting=True)
        recorded = without_attributes(sample("conversation_callback_live"))
        sent = without_attributes(made.read())
        assert set(sent) == set(recorded)
        waiting = participants_by_purpose(
            {"participants": sent["participants"][-1:] + sent["participants"][:1]}
        )
        assert_alike(
            {
                purpose: participants_by_purpose(recorded)[purpose]
                for purpose in ("customer", "acd")
            },
            waiting,
            more={
                "/customer/internalMessages",
                "/acd/internalMessages",
            },  # newer than the recording
        )

    def test_an_alert_of_a_callback_is_like_the_recorded_one(self, sandbox: Caller) -> None:
        ringing = sandbox.make(media="callback", state="alerting").read()["participants"]
        missed = sandbox.make(media="callback", state="alerting")
        missed.move("end")
        recorded = participants_by_purpose(
            without_attributes(sample("conversation_callback_live"))
        )["agent"]
        sent = participants_by_purpose({"participants": ringing + missed.read()["participants"]})[
            "agent"
        ]
        assert_alike(recorded, sent, more={"/internalMessages"})

    def test_the_acd_of_a_callback_has_a_copy_of_the_attributes(self, sandbox: Caller) -> None:
        made = sandbox.make(media="callback", state="alerting", attributes={"number": "1"})
        assert made.readable("acd") == made.readable("customer") == {"number": "1"}


class TestNotifications:
    def test_a_user_event_is_like_the_recorded_one(self, sandbox: Caller) -> None:
        frames = []
        with sandbox.listening(f"v2.users.{DEMO_AGENT}.conversations") as ear:
            made = sandbox.make(media="callback", agent=DEMO_AGENT, attributes={"number": ""})
            frames.append(ear.hear())
            made.move("wrapup")
            frames.append(ear.hear())
        recorded = sample("event_user_conversations_connected")
        assert set(frames[0]) == set(recorded)
        assert set(frames[0]["metadata"]) == set(recorded["metadata"])
        assert set(frames[0]["eventBody"]) == set(recorded["eventBody"])
        both = [
            p for frame in frames for p in without_attributes(frame["eventBody"])["participants"]
        ]
        sent = participants_by_purpose({"participants": both})
        del sent["ivr"]  # the recorded callback had no flow
        assert_alike(
            participants_by_purpose(without_attributes(recorded["eventBody"])),
            sent,
            more={
                "/customer/endTime",
                "/customer/callbacks[]/disconnectType",
                "/customer/callbacks[]/disconnectedTime",
            },
        )

    def test_a_channel_is_like_the_recorded_one(self, sandbox: Caller) -> None:
        recorded, sent = sample("notification_channel_create_response"), sandbox.channel()
        assert_alike(recorded, sent)
        assert sent["connectUri"].endswith(f"/channels/{sent['id']}")
        assert sent["id"].startswith("streaming-")

    def test_control_frames_are_the_recorded_literals(self, sandbox: Caller) -> None:
        recorded = sample("notification_channel_messages")
        sandbox.turn(heartbeat_seconds=0.05)
        with sandbox.listening() as ear:
            assert ear.hear() == recorded["server_heartbeat"]
            ear.say(recorded["client_ping"])
            ear.hear_until(lambda frame: frame == recorded["server_pong"])
            topic = f"v2.users.{DEMO_AGENT}.conversations"
            ear.say({**recorded["client_subscribe_over_socket"], "topics": [topic]})
            ear.hear_until(lambda frame: frame == recorded["server_subscribe_result"])


class TestAnalytics:
    def test_a_detail_is_like_the_recorded_one(self, sandbox: Caller) -> None:
        made = sandbox.make(media="message", state="ended")
        sent = sandbox.api("GET", f"/analytics/conversations/{made.id}/details").json()
        recorded = sample("analytics_conversation_detail_1")
        quality = {"mediaStatsMinConversationMos", "mediaStatsMinConversationRFactor"}
        assert set(recorded) - set(sent) == quality
        assert set(sent) <= set(recorded)
        sent = participants_by_purpose(sent)
        del sent["botflow"]  # the recorded chat had no flow
        assert_alike(
            participants_by_purpose(recorded),
            sent,
            more={
                "/customer/externalContactId",
                *(f"/{purpose}/sessions[]/messageType" for purpose in ("customer", "acd", "agent")),
            },
        )

    def test_the_recorded_query_is_understood(self, sandbox: Caller) -> None:
        query = sample("analytics_live_query_request")
        assert sandbox.api("POST", "/analytics/conversations/details/query", query).json() == {
            "totalHits": 0
        }

    def test_a_queue_observation_is_like_the_recorded_one(self, sandbox: Caller) -> None:
        made = sandbox.make(media="voice")
        query = {
            "filter": {
                "type": "or",
                "predicates": [
                    {"type": "dimension", "dimension": "queueId", "value": made.raw["queue"]["id"]}
                ],
            },
            "metrics": ["oUserRoutingStatuses", "oInteracting"],
            "detailMetrics": ["oInteracting"],
        }
        sent = sandbox.api("POST", "/analytics/queues/observations/query", query).json()
        assert_alike(sample("queue_observation_response"), sent)
        assert made.id in json.dumps(sent)


class TestSignIn:
    def test_tokens_me(self, sandbox: Caller) -> None:
        assert_alike(sample("tokens_me"), sandbox.api("GET", "/tokens/me").json())

    def test_subjects_me(self, sandbox: Caller) -> None:
        assert_alike(
            sample("authorization_subject_me"),
            sandbox.api("GET", "/authorization/subjects/me").json(),
        )

    def test_users_me_needs_a_user(self, sandbox: Caller) -> None:
        answer = sandbox.api("GET", "/users/me?expand=authorization")
        assert answer.status_code == 400
        assert "user context" in answer.json()["message"]

    def test_failed_logins(self, sandbox: Caller) -> None:
        recorded = sample("errors_oauth")
        assert sandbox.login("nobody", "x").json() == recorded["unknown_client"]
        assert sandbox.login("sandbox", "x").json() == recorded["wrong_secret"]


class TestErrors:
    def test_bad_credentials(self, sandbox: Caller) -> None:
        recorded = sample("errors_platform")["401_bad_credentials"]
        sent = sandbox.api("GET", "/tokens/me", headers={"Authorization": "Bearer wrong"}).json()
        assert {name: sent[name] for name in recorded} == recorded

    def test_a_forbidden_conversation(self, sandbox: Caller) -> None:
        recorded = sample("errors_platform")["403_conversation_forbidden"]
        made = sandbox.make()
        sandbox.fault("forbidden", times=1)
        sent = made.patch({"a": "b"}).json()
        assert_alike(recorded, sent)
        assert sent["message"] == recorded["message"].replace(
            recorded["messageParams"]["id"], made.id
        )

    def test_too_many_requests(self, sandbox: Caller) -> None:
        recorded = sample("errors_platform")["429_normalised"]
        made = sandbox.make()
        sandbox.fault("rate_limited", times=1, retry_after=42)
        answer = made.patch({"a": "b"})
        assert {**answer.json(), "contextId": ""} == {**recorded, "contextId": ""}
        assert answer.headers["Retry-After"] == "42"
        assert answer.json()["contextId"] == answer.headers["ININ-Correlation-Id"]


def test_the_headers_of_a_good_answer(sandbox: Caller) -> None:
    answer = sandbox.api("GET", "/tokens/me")
    recorded = sample("response_headers_2021")
    del recorded["Connection"]  # says nothing in HTTP/1.1
    assert {name.lower() for name in recorded} - {name.lower() for name in answer.headers} == set()
    assert answer.headers["inin-ratelimit-reset"].isdecimal()


def without_attributes(body: Json) -> Json:
    """Attribute keys are data, not shape."""
    for participant in body["participants"]:
        participant["attributes"] = {}
    return body


def participants_by_purpose(body: Json) -> Json:
    """The union of the participants of each purpose."""
    return {
        purpose: outline([p for p in body["participants"] if p["purpose"] == purpose])[0]
        for purpose in {p["purpose"] for p in body["participants"]}
    }
