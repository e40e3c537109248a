"""The sandbox's own side: truth, hand control, log, clock, switches, reset, and the page."""

import time
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.sandbox.client import DEMO_AGENT, Caller, until


def refused(sandbox: Caller, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer = requests.request(method, f"{sandbox.url}/_sandbox/{path}", json=body, timeout=5)
    return answer.status_code, answer.json()["error"]


class TestMaking:
    def test_by_default_it_is_a_call_with_four_participants(self, sandbox: Caller) -> None:
        made = sandbox.make(attributes={"tier": "gold"})
        assert made.truth() == {
            "id": made.id,
            "live": True,
            "participants": [
                {
                    "id": made.raw["participants"][0]["id"],
                    "purpose": "customer",
                    "attributes": {"tier": "gold"},
                },
                {"id": made.raw["participants"][1]["id"], "purpose": "ivr", "attributes": {}},
                {"id": made.raw["participants"][2]["id"], "purpose": "acd", "attributes": {}},
                {"id": made.raw["participants"][3]["id"], "purpose": "agent", "attributes": {}},
            ],
        }
        body = made.read()
        assert ["endTime" in p for p in body["participants"]] == [False, True, True, False]

    @pytest.mark.parametrize("media", ["voice", "callback", "email", "message"])
    @pytest.mark.parametrize(
        "state", ["waiting", "alerting", "connected", "held", "wrapup", "ended"]
    )
    def test_each_media_in_each_state(self, sandbox: Caller, media: str, state: str) -> None:
        made = sandbox.make(media=media, state=state, agent=DEMO_AGENT)
        assert (made.raw["media"], made.raw["state"]) == (media, state)
        assert made.raw["live"] is (state != "ended")

    def test_agent_queue_customers_and_count(self, sandbox: Caller) -> None:
        made = sandbox.make_many(3, agent=DEMO_AGENT, queue="Claims", customers=2)
        assert {m.raw["agent"]["name"] for m in made} == {"James Okafor"}
        assert {m.raw["queue"]["name"] for m in made} == {"Claims"}
        purposes = [p["purpose"] for p in made[0].truth()["participants"]]
        assert purposes.count("customer") == 2

    def test_a_flow_can_be_running(self, sandbox: Caller) -> None:
        made = sandbox.make(flow_running=True, attributes={"a": "1"}, flow_keys=["a"])
        assert made.raw["flow_running"] is True
        made.patch({"a": "2", "b": "3"})
        until(lambda: made.stored() == {"a": "2", "b": "3"}, what="it is stored")
        assert made.move("flow_end")["flow_running"] is False
        assert made.stored() == {"a": "1", "b": "3"}

    def test_they_never_change_by_themselves(self, sandbox: Caller) -> None:
        made = sandbox.make(state="alerting")
        sandbox.control("POST", "clock", {"speed": 1000})
        before = made.read()
        time.sleep(0.3)
        assert made.read() == before

    @pytest.mark.parametrize(
        ("wish", "complaint"),
        [
            ({"media": "fax"}, "media cannot be 'fax'"),
            ({"state": "asleep"}, "state cannot be 'asleep'"),
            ({"agent": "nobody"}, "There is no agent 'nobody'"),
            ({"queue": "nowhere"}, "There is no queue 'nowhere'"),
            ({"attributes": {"a": 1}}, "attributes must be texts"),
            ({"attributes": []}, None),
            ({"attributes": [1]}, "attributes must be texts"),
            ({"count": 0}, "count must be a whole number"),
            ({"count": "many"}, "count must be a whole number"),
            ({"customers": "two"}, "customers must be a number"),
            ({"agent": 7}, "There is no agent 7"),
        ],
    )
    def test_a_malformed_wish(self, sandbox: Caller, wish: Any, complaint: str | None) -> None:
        if complaint is None:
            sandbox.make(**wish)
            return
        status, error = refused(sandbox, "POST", "conversations", wish)
        assert status == 400
        assert complaint in error


class TestMoving:
    def test_ending(self, sandbox: Caller) -> None:
        made = sandbox.make()
        assert made.move("end")["live"] is False
        body = made.read()
        assert "endTime" in body
        assert all("endTime" in p for p in body["participants"])

    def test_transferring_appends_and_keeps_ids(self, sandbox: Caller) -> None:
        made = sandbox.make(queue="Billing")
        before = [p["id"] for p in made.truth()["participants"]]
        moved = made.move("transfer", agent=DEMO_AGENT)
        participants = moved["participants"]
        assert [p["id"] for p in participants][:4] == before
        assert [p["purpose"] for p in participants][4:] == ["acd", "agent"]
        assert moved["agent"]["id"] == DEMO_AGENT
        assert made.move("transfer", queue="Claims", waiting=True)["state"] == "waiting"

    def test_holding_and_resuming(self, sandbox: Caller) -> None:
        made = sandbox.make()
        assert made.move("hold")["state"] == "held"
        assert made.read()["participants"][-1]["calls"][0]["held"] is True
        assert made.move("hold", held=False)["state"] == "connected"

    def test_conferring(self, sandbox: Caller) -> None:
        made = sandbox.make(attributes={"a": "1"})
        made.move("conference")
        customers = [p for p in made.truth()["participants"] if p["purpose"] == "customer"]
        assert [c["attributes"] for c in customers] == [{"a": "1"}, {}]

    def test_what_cannot_be(self, sandbox: Caller) -> None:
        ended = sandbox.make(state="ended")
        waiting = sandbox.make(state="waiting")
        unknown = uuid4()
        for path, status in [
            (f"conversations/{ended.id}/end", 400),
            (f"conversations/{waiting.id}/hold", 400),
            (f"conversations/{waiting.id}/transfer", 400),
            (f"conversations/{waiting.id}/dance", 404),
            (f"conversations/{unknown}/end", 404),
        ]:
            assert refused(sandbox, "POST", path, {})[0] == status
        assert refused(sandbox, "GET", f"conversations/{unknown}")[0] == 404
        assert refused(sandbox, "GET", f"conversations/{unknown}/history")[0] == 404

    def test_a_conversation_of_the_world_stops_moving_when_touched(self, world: Caller) -> None:
        listed = world.control("GET", "conversations")
        touched = next(c["id"] for c in listed if c["state"] == "connected")
        world.control("POST", f"conversations/{touched}/conference")
        world.control("POST", "clock", {"speed": 500})
        before = world.api("GET", f"/conversations/{touched}").json()
        time.sleep(0.3)
        assert world.api("GET", f"/conversations/{touched}").json() == before


class TestAnotherWriter:
    def test_it_writes_at_once(self, sandbox: Caller) -> None:
        sandbox.turn(persist_delay_ms=60_000)
        made = sandbox.make(attributes={"a": "1", "b": "2"})
        path = f"conversations/{made.id}/participants/{made.participant()}/attributes"
        sandbox.control("PATCH", path, {"attributes": {"a": "theirs", "b": None}})
        assert made.readable() == {"a": "theirs"}
        assert [(e["key"], e["value"], e["by"]) for e in made.history()[-2:]] == [
            ("a", "theirs", "other"),
            ("b", None, "other"),
        ]

    def test_malformed(self, sandbox: Caller) -> None:
        made = sandbox.make()
        path = f"conversations/{made.id}/participants/{made.participant()}/attributes"
        assert refused(sandbox, "PATCH", path, {"attributes": {"a": 1}})[0] == 400
        assert refused(sandbox, "PATCH", path, {})[0] == 400
        assert (
            refused(sandbox, "PATCH", path.replace(made.participant(), "x"), {"attributes": {}})[0]
            == 404
        )


class TestTheLog:
    def test_a_call_is_logged_with_everything_but_the_token(self, sandbox: Caller) -> None:
        made = sandbox.make()
        sandbox.control("DELETE", "calls")
        before = time.time()
        answer = made.patch({"a": "b"})
        assert sandbox.calls() == [
            {
                "method": "PATCH",
                "path": f"/api/v2{made.address()}",
                "status": 202,
                "at": pytest.approx(before, abs=1),
                "answered_at": pytest.approx(before, abs=1),
                "correlation_id": answer.headers["ININ-Correlation-Id"],
                "call": "write",
                "conversation": made.id,
                "participant": made.participant(),
                "client": "sandbox",
                "fault": None,
                "attributes": {"a": "b"},
            }
        ]
        assert (
            before <= sandbox.calls()[0]["at"] <= sandbox.calls()[0]["answered_at"] <= time.time()
        )

    def test_it_is_filtered(self, sandbox: Caller) -> None:
        one, other = sandbox.make_many(2)
        one.patch({"a": "b"})
        one.read()
        other.read()
        assert len(sandbox.calls(conversation=one.id)) == 2
        assert len(sandbox.calls(conversation=one.id, method="GET")) == 1
        assert len(sandbox.calls(call="read")) == 2
        assert {c["status"] for c in sandbox.calls(status="202")} == {202}

    def test_tokens_and_secrets_are_nowhere(self, sandbox: Caller) -> None:
        token = str(sandbox.session.headers["Authorization"]).removeprefix("Bearer ")
        sandbox.api("GET", "/tokens/me")
        for path in ("calls", "", "conversations", "faults", "switches"):
            text = requests.get(f"{sandbox.url}/_sandbox/{path}", timeout=5).text
            assert token not in text

    def test_latency_is_spread_over_both_ways(self, sandbox: Caller) -> None:
        sandbox.turn(latency_ms=100, persist_delay_ms=0)
        made = sandbox.make()
        begun = time.time()
        made.patch({"a": "b"})
        assert time.time() - begun >= 0.1
        landed = made.history()[-1]["at"]
        assert 0.04 < landed - begun < 0.09


class TestClockAndSwitches:
    @pytest.mark.parametrize("speed", ["fast", -1, True, 1e9])
    def test_a_malformed_speed(self, sandbox: Caller, speed: Any) -> None:
        assert refused(sandbox, "POST", "clock", {"speed": speed})[0] == 400

    def test_each_unknown_of_the_reference_is_a_switch(self, sandbox: Caller) -> None:
        switches = sandbox.control("GET", "switches")["switches"]
        assert {s["unknown"] for s in switches if s["unknown"]} == set(range(1, 13))
        for switch in switches:
            assert set(switch) == {"name", "sentence", "unknown", "allowed", "default", "value"}

    def test_a_switch_keeps_what_it_is_set_to_until_reset(self, sandbox: Caller) -> None:
        sandbox.turn(twin_body="all", max_attributes=3)
        assert values(sandbox)["twin_body"] == "all"
        assert values(sandbox)["max_attributes"] == 3
        sandbox.control("POST", "reset", {"conversations": 0})
        assert values(sandbox)["twin_body"] == "sent"
        assert values(sandbox)["persist_delay_ms"] == 20  # as on the command line

    @pytest.mark.parametrize(
        "changes",
        [
            {"no_such": 1},
            {"twin_body": "some"},
            {"persist_delay_ms": -1},
            {"persist_delay_ms": "long"},
            {"persist_delay_ms": None},
            {"ends_before_wrapup": 1},
            {"rate_limit": 0},
            {"twin_body": "all", "rate_limit": True},
        ],
    )
    def test_a_wrong_value_changes_nothing(self, sandbox: Caller, changes: Any) -> None:
        before = values(sandbox)
        status, error = refused(sandbox, "POST", "switches", changes)
        assert status == 400
        assert next(reversed(changes)) in error
        assert values(sandbox) == before


def values(sandbox: Caller) -> dict[str, Any]:
    return {s["name"]: s["value"] for s in sandbox.control("GET", "switches")["switches"]}


class TestReset:
    def test_everything_begins_anew_and_tokens_stay_good(self, sandbox: Caller) -> None:
        made = sandbox.make()
        sandbox.fault("server_error", call="any")
        sandbox.control("POST", "reset", {"conversations": 4, "seed": 3})
        assert sandbox.calls() == []
        assert sandbox.control("GET", "faults")["active"] == []
        assert len(sandbox.control("GET", "conversations")) == 4
        assert sandbox.api("GET", made.path).status_code == 404

    def test_a_write_under_way_does_not_reach_the_new_world(self, sandbox: Caller) -> None:
        sandbox.turn(persist_delay_ms=50)
        made = sandbox.make()
        made.patch({"a": "b"})
        sandbox.control("POST", "reset", {"conversations": 0})
        time.sleep(0.1)
        assert sandbox.api("GET", made.path).status_code == 404

    @pytest.mark.parametrize(
        "body", [{"conversations": -1}, {"seed": "x"}, {"conversations": True}]
    )
    def test_malformed(self, sandbox: Caller, body: Any) -> None:
        assert refused(sandbox, "POST", "reset", body)[0] == 400


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b"\xff"])
def test_a_malformed_body_is_answered_with_a_sentence(sandbox: Caller, body: bytes) -> None:
    for path in (
        "faults",
        "conversations",
        "switches",
        "clock",
        "reset",
        "sockets/drop",
        "tokens/revoke",
    ):
        answer = requests.post(f"{sandbox.url}/_sandbox/{path}", data=body, timeout=5)
        assert answer.status_code == 400
        assert answer.json()["error"]


class TestThePage:
    """The forms do what the JSON endpoints do."""

    def submit(self, sandbox: Caller, path: str, **fields: str) -> requests.Response:
        page = f"{sandbox.url}/_sandbox/"
        return requests.post(
            f"{page}by-hand/{path}", data=fields, headers={"Referer": page}, timeout=5
        )

    def test_it_shows_conversations_faults_switches_and_calls(self, sandbox: Caller) -> None:
        made = sandbox.make(attributes={"<b>": "<script>alert(1)</script>"})
        made.patch({"x": "y"})
        sandbox.fault("stored_late")
        page = requests.get(f"{sandbox.url}/", timeout=5)
        assert page.url.endswith("/_sandbox/")
        for text in (made.id[:8], "stored_late", "persist_delay_ms", "PATCH", "&lt;script&gt;"):
            assert text in page.text
        assert "<script" not in page.text

    def test_one_conversation_has_a_page(self, sandbox: Caller) -> None:
        made = sandbox.make(attributes={"tier": "gold"})
        page = requests.get(f"{sandbox.url}/_sandbox/by-hand/{made.id}", timeout=5)
        assert "tier" in page.text
        assert made.participant() in page.text
        gone = requests.get(f"{sandbox.url}/_sandbox/by-hand/{uuid4()}", timeout=5)
        assert gone.url.endswith("/_sandbox/")

    def test_the_forms(self, sandbox: Caller) -> None:
        self.submit(sandbox, "make", media="email", agent=DEMO_AGENT, queue="", state="connected",
                    count="2", attributes="tier=gold\r\nnote=a=b", flow_running="on")  # fmt: skip
        listed = sandbox.control("GET", "conversations")
        assert len(listed) == 2
        assert listed[0]["participants"][0]["attributes"] == {"tier": "gold", "note": "a=b"}
        first = listed[0]["id"]
        participant = listed[0]["participants"][0]["id"]
        self.submit(sandbox, f"{first}/write", participant=participant, key="tier", value="theirs")
        self.submit(sandbox, f"{first}/hold")
        shown = next(c for c in sandbox.control("GET", "conversations") if c["id"] == first)
        assert (shown["state"], shown["participants"][0]["attributes"]["tier"]) == (
            "held",
            "theirs",
        )
        self.submit(sandbox, f"{first}/resume")
        self.submit(sandbox, f"{first}/end")
        assert len(sandbox.control("GET", "conversations")) == 1

    def test_the_forms_for_faults_clock_and_switches(self, sandbox: Caller) -> None:
        self.submit(
            sandbox,
            "fault",
            fault="hang",
            conversation="",
            times="2",
            parameters="seconds=3\nlands=true",
        )
        active = sandbox.control("GET", "faults")["active"][0]
        assert (active["fault"], active["times"], active["seconds"], active["lands"]) == (
            "hang",
            2,
            3,
            True,
        )
        self.submit(sandbox, "behave")
        assert sandbox.control("GET", "faults")["active"] == []
        self.submit(sandbox, "clock", speed="10.0")
        assert sandbox.control("GET", "clock")["speed"] == 10
        self.submit(
            sandbox, "switches", twin_body="all", max_attributes="5", ends_before_wrapup="True"
        )
        assert values(sandbox)["twin_body"] == "all"
        assert (values(sandbox)["max_attributes"], values(sandbox)["ends_before_wrapup"]) == (
            5,
            True,
        )
        self.submit(sandbox, "reset")
        assert values(sandbox)["twin_body"] == "sent"

    def test_a_mistake_is_shown(self, sandbox: Caller) -> None:
        answer = self.submit(sandbox, "fault", fault="hang", parameters="seconds=soon")
        assert 'role="alert"' in answer.text
        assert "seconds of hang must be a number" in answer.text
