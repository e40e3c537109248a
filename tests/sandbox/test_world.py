"""The world lives: every state is reached, and what it looks like stays true to the recordings on the way."""

import json
import time
from collections.abc import Iterable
from typing import Any

import pytest

from tests.sandbox.client import DEMO_AGENT, Caller, Json, until
from tests.sandbox.process import SandboxProcess

LEGS = ("calls", "callbacks", "emails", "messages")
FAST = 400.0


def conversations(world: Caller, everything: bool = True) -> list[Json]:
    listed: list[Json] = world.control(
        "GET", "conversations?all=1" if everything else "conversations"
    )
    return listed


def read(world: Caller, conversation_id: str) -> Json:
    body: Json = world.api("GET", f"/conversations/{conversation_id}").json()
    return body


def test_every_state_every_media_and_every_oddity_is_reached(world: Caller) -> None:
    world.control("POST", "reset", {"conversations": 60})
    world.control("POST", "clock", {"speed": FAST})
    wanted = {
        "flow", "waiting", "alerting", "connected", "held", "wrapup", "ended",
        "voice", "callback", "email", "message",
        "several customers", "missed alert", "transferred", "consulted", "outbound", "wrap-up code",
        "recorded", "tagged", "odd key", "empty value", "unknown member", "acd with a copy", "acd with its own",
    }  # fmt: skip
    seen: set[str] = set()

    def all_seen() -> bool:
        for conversation in conversations(world):
            seen.update((conversation["state"], conversation["media"]))
            if conversation["state"] in {"ended", "wrapup"} or "several customers" not in seen:
                seen.update(oddities(read(world, conversation["id"])))
        return wanted <= seen

    try:
        until(all_seen, seconds=25, what="everything was seen")
    except AssertionError:
        pytest.fail(f"never seen: {sorted(wanted - seen)}")


def oddities(body: Json) -> Iterable[str]:
    participants = body["participants"]
    customers = [p for p in participants if p["purpose"] == "customer"]
    if len(customers) > 1:
        yield "several customers"
    if body["recordingState"] == "ACTIVE":
        yield "recorded"
    if "externalTag" in body:
        yield "tagged"
    if "sandboxUnknownMember" in body:
        yield "unknown member"
    if body.get("recentTransfers"):
        yield "transferred"
    for p in participants:
        yield from oddities_of(p)


def oddities_of(p: Json) -> Iterable[str]:
    is_alert_missed = p["purpose"] == "agent" and "connectedTime" not in p and "endTime" in p
    own_attributes = p["purpose"] == "acd" and p["attributes"]
    for name, is_so in {
        "outbound": p["purpose"] == "user",
        "missed alert": is_alert_missed,
        "consulted": "consultParticipantId" in p,
        "wrap-up code": "wrapup" in p,
        "acd with a copy": own_attributes and p["callbacks"],
        "acd with its own": own_attributes and p["calls"],
        "odd key": p["attributes"].keys() & {"ANI ", "7day", "ivr.Skills", "Queue Name"},
        "empty value": "" in p["attributes"].values(),
    }.items():
        if is_so:
            yield name


def test_what_must_always_hold(world: Caller) -> None:
    """Ended conversations have an end on everything; live ones have somebody on or in after-call work."""
    world.control("POST", "reset", {"conversations": 40})
    world.control("POST", "clock", {"speed": FAST})
    until(
        lambda: sum(not c["live"] for c in conversations(world)) > 60,
        seconds=25,
        what="60 have ended",
    )
    world.control("POST", "clock", {"speed": 0})
    for conversation in conversations(world):
        body = read(world, conversation["id"])
        assert problems(body) == [], json.dumps(body)


def problems(body: Json) -> list[str]:
    found = []
    over = "endTime" in body
    for p in body["participants"]:
        if over and "endTime" not in p:
            found.append("a participant outlives the conversation")
        for leg in (leg for name in LEGS for leg in p[name]):
            found += leg_problems(leg, p)
        if p["startTime"] < body["startTime"]:
            found.append("a participant was there before the conversation")
        if "endTime" in p and p["endTime"] < p["startTime"]:
            found.append("a participant ends before it starts")
    on = [p for p in body["participants"] if "endTime" not in p]
    wrapping_up = [p for p in body["participants"] if "startAcwTime" in p and "endAcwTime" not in p]
    if not over and not on and not wrapping_up:
        found.append("it is live and nobody is there")
    return found


def leg_problems(leg: Json, participant: Json) -> Iterable[str]:
    gone = "endTime" in participant
    if gone != (leg["state"] in {"terminated", "disconnected"}) or gone != (
        "disconnectedTime" in leg
    ):
        yield f"a leg is {leg['state']} although its participant {'has left' if gone else 'is on'}"
    open_segments = [s for s in leg["segments"] if "endTime" not in s]
    if len(open_segments) != (0 if gone else 1):
        yield f"{len(open_segments)} open segments"
    if leg["held"] and (gone or leg["segments"][-1]["type"] != "Hold"):
        yield "held without a hold segment"
    starts = [s["startTime"] for s in leg["segments"]]
    if starts != sorted(starts):
        yield "segments out of order"


class TestPopulation:
    def test_the_number_stays_about_the_same(self, world: Caller) -> None:
        world.control("POST", "clock", {"speed": FAST})
        until(
            lambda: sum(not c["live"] for c in conversations(world)) > 20,
            seconds=25,
            what="20 have ended",
        )
        assert 5 <= len(conversations(world, everything=False)) <= 15

    def test_the_demo_agent_is_always_in_two(self, world: Caller) -> None:
        world.control("POST", "clock", {"speed": FAST})
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            assert len(of_demo_agent(world)) >= 2

    def test_ending_them_by_hand_does_not_help(self, world: Caller) -> None:
        for _ in range(5):
            for conversation in of_demo_agent(world):
                world.control("POST", f"conversations/{conversation['id']}/end")
                assert len(of_demo_agent(world)) >= 2

    def test_frozen_means_frozen(self, world: Caller) -> None:
        world.control("POST", "clock", {"speed": FAST})
        world.control("POST", "clock", {"speed": 0})
        before = conversations(world)
        time.sleep(0.3)
        assert conversations(world) == before

    def test_ids_of_people_and_queues_stay_and_others_are_new(self) -> None:
        runs = []
        for _ in range(2):
            with SandboxProcess("--conversations", "5") as process:
                caller = Caller(process.url)
                queues = [q["id"] for q in caller.api("GET", "/routing/queues").json()["entities"]]
                runs.append((queues, {c["id"] for c in conversations(caller)}))
        assert runs[0][0] == runs[1][0]
        assert runs[0][1].isdisjoint(runs[1][1])

    def test_the_seed_decides_what_happens(self, world: Caller) -> None:
        stories = []
        for seed in (7, 7, 8):
            world.control("POST", "reset", {"conversations": 10, "seed": seed})
            stories.append(
                [
                    (c["media"], [p["attributes"] for p in c["participants"]][:1])
                    for c in conversations(world)
                ]
            )
        assert stories[0] == stories[1] != stories[2]


def of_demo_agent(world: Caller) -> list[Json]:
    """The live conversations in which the demo agent has answered and is on."""
    return [c for c in conversations(world, everything=False) if DEMO_AGENT in c["agents_on"]]


def test_sockets_hear_the_world(world: Caller) -> None:
    queues = [q["id"] for q in world.api("GET", "/routing/queues").json()["entities"]]
    with world.listening(*(f"v2.routing.queues.{q}.conversations" for q in queues)) as ear:
        world.control("POST", "clock", {"speed": FAST})
        heard: dict[str, Any] = {}
        ended: set[str] = set()
        while len(ended) < 5:
            body = ear.hear()["eventBody"]
            heard[body["id"]] = body
            if all("endTime" in p for p in body["participants"]):
                ended.add(body["id"])
        world.control("POST", "clock", {"speed": 0})
        for frame in ear.everything():
            heard[frame["eventBody"]["id"]] = frame["eventBody"]
    for conversation_id, body in heard.items():
        now = {p["id"]: p["attributes"] for p in read(world, conversation_id)["participants"]}
        assert {p["id"]: p["attributes"] for p in body["participants"]} == now


def test_the_end_before_the_wrap_up_is_an_open_question(sandbox: Caller) -> None:
    for rule in (False, True):
        sandbox.turn(ends_before_wrapup=rule)
        made = sandbox.make()
        made.move("wrapup")
        body = made.read()
        assert ("endTime" in body) is rule
        assert all("endTime" in p for p in body["participants"])
        agent = body["participants"][-1]
        assert "startAcwTime" in agent
        assert "endAcwTime" not in agent
        assert made.move("end")["state"] == "ended"
        assert "endTime" in made.read()
