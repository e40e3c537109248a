"""Channels, subscriptions, frames and sockets."""

import json
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.sandbox.client import DEMO_AGENT, Caller, Ear, Json, until

USER = f"v2.users.{DEMO_AGENT}.conversations"
MEDIA = {"voice": "calls", "callback": "callbacks", "email": "emails", "message": "messages"}


def queue_topic(made_or_moved: Json) -> str:
    return f"v2.routing.queues.{made_or_moved['queue']['id']}.conversations"


def attributes_topic(conversation: str) -> str:
    return f"v2.detail.events.conversation.{conversation}.attributes"


class TestChannels:
    def test_a_channel_is_made_without_a_body_or_with_null(self, sandbox: Caller) -> None:
        for body in (b"", b"null"):
            answer = sandbox.api(
                "POST",
                "/notifications/channels",
                data=body,
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code == 200
        assert sandbox.api("POST", "/notifications/channels", {"x": 1}).status_code == 400

    def test_it_lives_for_a_day(self, sandbox: Caller) -> None:
        expires = sandbox.channel()["expires"]
        in_a_day = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 86400))
        assert expires.startswith(in_a_day[:15])

    def test_head_says_whether_it_is_there(self, sandbox: Caller) -> None:
        channel = sandbox.channel()
        assert sandbox.api("HEAD", f"/notifications/channels/{channel['id']}").status_code == 200
        assert sandbox.api("HEAD", "/notifications/channels/streaming-0-x").status_code == 404

    def test_another_client_does_not_see_it(self, sandbox: Caller) -> None:
        channel = sandbox.channel()
        other = Caller(sandbox.url, "limited")
        assert other.api("HEAD", f"/notifications/channels/{channel['id']}").status_code == 404
        assert other.api("GET", "/notifications/channels").json() == {"entities": []}

    def test_the_21st_removes_the_longest_unused_without_a_socket(self, sandbox: Caller) -> None:
        first, second, third = sandbox.channel(), sandbox.channel(), sandbox.channel()
        with connect(first["connectUri"]):
            sandbox.subscribe(second, USER)
            for _ in range(18):
                sandbox.channel()
            alive = {
                c["id"] for c in sandbox.api("GET", "/notifications/channels").json()["entities"]
            }
            assert len(alive) == 20
            assert {first["id"], second["id"]} <= alive
            assert third["id"] not in alive

    def test_a_channel_expires_and_its_socket_is_closed(self, sandbox: Caller) -> None:
        sandbox.turn(channel_seconds=0.2)
        channel = sandbox.channel()
        with connect(channel["connectUri"]) as socket, pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)
        assert sandbox.api("HEAD", f"/notifications/channels/{channel['id']}").status_code == 404

    def test_subscribing_extends_its_life(self, sandbox: Caller) -> None:
        sandbox.turn(channel_seconds=0.3)
        channel = sandbox.channel()
        sandbox.turn(channel_seconds=60)
        assert sandbox.subscribe(channel, USER).status_code == 200
        time.sleep(0.4)  # nothing to wait for: it must still be there
        assert sandbox.api("HEAD", f"/notifications/channels/{channel['id']}").status_code == 200


class TestSubscriptions:
    def test_put_replaces_post_adds_delete_clears(self, sandbox: Caller) -> None:
        channel = sandbox.channel()
        path = f"/notifications/channels/{channel['id']}/subscriptions"
        sandbox.subscribe(channel, USER)
        sandbox.api("POST", path, [{"id": USER + ".calls"}])
        assert ids(sandbox.api("GET", path).json()) == [USER, USER + ".calls"]
        sandbox.api("PUT", path, [{"id": USER + ".emails"}])
        assert ids(sandbox.api("GET", path).json()) == [USER + ".emails"]
        answer = sandbox.api("DELETE", path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert ids(sandbox.api("GET", path).json()) == []

    def test_one_refused_topic_refuses_all(self, sandbox: Caller) -> None:
        limited = Caller(sandbox.url, "limited")
        sandbox.turn(attributes_topic="open")
        channel = limited.channel()
        permitted = attributes_topic("5a5a5a5a-0000-4000-8000-00000000aaaa")
        answer = limited.subscribe(channel, permitted, USER)
        assert (answer.status_code, answer.json()["code"]) == (403, "missing.permissions")
        path = f"/notifications/channels/{channel['id']}/subscriptions"
        assert ids(limited.api("GET", path).json()) == []

    def test_ignoring_errors_says_which(self, sandbox: Caller) -> None:
        limited = Caller(sandbox.url, "limited")
        sandbox.turn(attributes_topic="open")
        channel = limited.channel()
        permitted = attributes_topic("5a5a5a5a-0000-4000-8000-00000000aaaa")
        path = f"/notifications/channels/{channel['id']}/subscriptions"
        topics = [{"id": permitted}, {"id": USER}, {"id": "v2.weather"}]
        entities = limited.api("PUT", f"{path}?ignoreErrors=true", topics).json()["entities"]
        assert [e["state"] for e in entities] == ["Permitted", "Rejected", "Rejected"]
        assert entities[1]["missingPermissions"] == ["conversation:communication:view"]
        assert entities[1]["rejectionReason"].endswith("conversation:communication:view")
        assert ids(limited.api("GET", path).json()) == [permitted]

    def test_more_than_a_thousand_topics_are_refused(self, sandbox: Caller) -> None:
        channel = sandbox.channel()
        topics = [f"v2.users.{number}.conversations" for number in range(1001)]
        assert sandbox.subscribe(channel, *topics[:1000]).status_code == 200
        assert sandbox.subscribe(channel, *topics).status_code == 400
        path = f"/notifications/channels/{channel['id']}/subscriptions"
        assert sandbox.api("POST", path, [{"id": topics[1000]}]).status_code == 400
        assert len(sandbox.api("GET", path).json()["entities"]) == 1000

    @pytest.mark.parametrize("body", [{}, ["x"], [{}], [{"id": 7}], "x", None])
    def test_a_malformed_list_is_a_bad_request(self, sandbox: Caller, body: Any) -> None:
        path = f"/notifications/channels/{sandbox.channel()['id']}/subscriptions"
        assert sandbox.api("PUT", path, body).status_code == 400

    def test_a_topic_nobody_knows_is_a_bad_request(self, sandbox: Caller) -> None:
        for topic in ("v2.weather", "v2.users..conversations", "v2.users.a.b.conversations", ""):
            assert sandbox.subscribe(sandbox.channel(), topic).status_code == 400

    def test_available_topics_say_what_they_need(self, sandbox: Caller) -> None:
        path = "/notifications/availabletopics?expand=requiresPermissions,transports"
        topics = {t["id"]: t for t in sandbox.api("GET", path).json()["entities"]}
        queue = topics["v2.routing.queues.{id}.conversations"]
        assert queue["requiresPermissions"] == ["conversation:communication:view"]
        assert queue["transports"] == ["All"]

    @pytest.mark.parametrize(
        ("rule", "client", "status"),
        [
            ("needs_permission", "sandbox", 200),
            ("needs_permission", "limited", 403),
            ("open", "limited", 200),
            ("refused", "sandbox", 403),
        ],
    )
    def test_the_attributes_topic_is_an_open_question(
        self, sandbox: Caller, rule: str, client: str, status: int
    ) -> None:
        sandbox.turn(attributes_topic=rule)
        caller = Caller(sandbox.url, client)
        topic = attributes_topic("5a5a5a5a-0000-4000-8000-00000000aaaa")
        assert caller.subscribe(caller.channel(), topic).status_code == status


def ids(listed: Json) -> list[str]:
    return [entity["id"] for entity in listed["entities"]]


class TestEvents:
    def test_an_edit_is_announced_on_user_queue_media_and_detail_topics(
        self, sandbox: Caller
    ) -> None:
        made = sandbox.make(agent=DEMO_AGENT, attributes={"tier": "silver"})
        queue = queue_topic(made.raw)
        topics = [USER, f"{USER}.calls", queue, f"{queue}.calls", attributes_topic(made.id)]
        with sandbox.listening(*topics) as ear:
            made.patch({"tier": "gold"})
            frames = {frame["topicName"]: frame for frame in ear.everything()}
        assert set(frames) == set(topics)
        for topic in topics[:4]:
            participants = frames[topic]["eventBody"]["participants"]
            assert participants[0]["attributes"] == {"tier": "gold"}
        detail = frames[attributes_topic(made.id)]["eventBody"]
        assert detail["attributes"] == {"tier": "gold"}
        assert (detail["conversationId"], detail["participantId"]) == (made.id, made.participant())

    @pytest.mark.parametrize("media", MEDIA)
    def test_each_media_has_topics_of_its_own(self, sandbox: Caller, media: str) -> None:
        topics = [f"{USER}.{suffix}" for suffix in MEDIA.values()]
        with sandbox.listening(*topics) as ear:
            made = sandbox.make(agent=DEMO_AGENT, media=media)
            frames = ear.everything()
        assert {frame["topicName"] for frame in frames} == {f"{USER}.{MEDIA[media]}"}
        assert frames[-1]["eventBody"]["id"] == made.id

    def test_an_edit_need_not_be_announced_at_once(self, sandbox: Caller) -> None:
        sandbox.turn(attribute_events="never")
        made = sandbox.make(agent=DEMO_AGENT)
        with sandbox.listening(USER) as ear:
            made.patch({"tier": "gold"})
            until(lambda: made.stored() == {"tier": "gold"}, what="it is stored")
            assert ear.everything(0.1) == []
            made.move("hold")
            assert ear.hear()["eventBody"]["participants"][0]["attributes"] == {"tier": "gold"}

    def test_an_event_never_comes_before_the_value_can_be_read(self, sandbox: Caller) -> None:
        made = sandbox.make(agent=DEMO_AGENT)
        with sandbox.listening(USER) as ear:
            for number in range(20):
                made.patch({"n": str(number)})
                heard = ear.hear()["eventBody"]["participants"][0]["attributes"]["n"]
                assert int(made.readable()["n"]) >= int(heard)

    def test_a_conversation_shows_up_when_it_reaches_the_queue_and_leaves_with_a_transfer(
        self, sandbox: Caller
    ) -> None:
        made = sandbox.make(queue="Billing")
        with sandbox.listening(queue_topic(made.raw)) as ear:
            moved = made.move("transfer", queue="Claims")
            participants = ear.hear()["eventBody"]["participants"]
            agents = [p for p in participants if p["purpose"] == "agent"]
            assert agents[0]["calls"][0]["disconnectType"] == "transfer"
            made.move("hold")
            assert ear.everything(0.1) == []
        with sandbox.listening(queue_topic(moved)) as ear:
            made.move("hold", held=False)
            assert ear.hear()["eventBody"]["id"] == made.id

    def test_the_end_is_announced(self, sandbox: Caller) -> None:
        made = sandbox.make(agent=DEMO_AGENT)
        with sandbox.listening(USER) as ear:
            made.move("end")
            participants = ear.hear()["eventBody"]["participants"]
        assert all("endTime" in p for p in participants)

    def test_flows_are_announced(self, sandbox: Caller) -> None:
        made = sandbox.make(flow_running=True)
        topic = f"v2.detail.events.conversation.{made.id}.flow.end"
        with sandbox.listening(topic) as ear:
            made.move("flow_end")
            body = ear.hear()["eventBody"]
        assert (body["conversationId"], body["participantId"]) == (made.id, made.participant())
        assert body["flowName"] == "Main Menu"

    def test_nothing_is_replayed(self, sandbox: Caller) -> None:
        made = sandbox.make(agent=DEMO_AGENT)
        channel = sandbox.channel()
        sandbox.subscribe(channel, USER)
        made.patch({"a": "lost"})
        until(lambda: made.stored() == {"a": "lost"}, what="it is stored")
        with connect(channel["connectUri"]) as socket:
            ear = Ear(socket, channel)
            made.patch({"a": "heard"})
            assert [
                f["eventBody"]["participants"][0]["attributes"]["a"] for f in ear.everything()
            ] == ["heard"]


class TestSockets:
    def test_an_unknown_channel_is_refused_at_the_handshake(self, sandbox: Caller) -> None:
        uri = sandbox.channel()["connectUri"]
        with pytest.raises(InvalidStatus), connect(uri[:-1] + "x"):
            pass

    def test_a_second_socket_takes_the_place_of_the_first(self, sandbox: Caller) -> None:
        channel = sandbox.channel()
        sandbox.subscribe(channel, USER)
        with connect(channel["connectUri"]) as first, connect(channel["connectUri"]) as second:
            with pytest.raises(ConnectionClosed):
                first.recv(timeout=5)
            sandbox.make(agent=DEMO_AGENT)
            assert json.loads(second.recv(timeout=5))["topicName"] == USER

    def test_it_beats(self, sandbox: Caller) -> None:
        sandbox.turn(heartbeat_seconds=0.1)
        with sandbox.listening() as ear:
            begun = time.monotonic()
            beats = [ear.hear() for _ in range(3)]
            assert 0.25 < time.monotonic() - begun < 1
        assert {b["eventBody"]["message"] for b in beats} == {"WebSocket Heartbeat"}

    def test_nonsense_is_ignored(self, sandbox: Caller) -> None:
        with sandbox.listening() as ear:
            for text in ("", "{", "[]", "7", '{"message": "sing"}', '{"message": {}}'):
                ear.socket.send(text)
            ear.socket.send(b"\x00")
            ear.say({"message": "ping"})
            assert ear.hear()["eventBody"] == {"message": "pong"}

    def test_subscribing_over_the_socket(self, sandbox: Caller) -> None:
        with sandbox.listening() as ear:
            ear.say({"message": "subscribe", "topics": [USER], "correlationId": "1"})
            assert ear.hear() == {"result": "200", "status": "subscribed"}
            sandbox.make(agent=DEMO_AGENT)
            assert ear.hear()["topicName"] == USER
            for topics in (["v2.weather"], "x", [7], None):
                ear.say({"message": "subscribe", "topics": topics})
                assert ear.hear()["result"] == "400"

    def test_a_closing_is_announced(self, sandbox: Caller) -> None:
        with sandbox.listening() as ear:
            sandbox.control("POST", "sockets/drop", {"how": "announced", "notice_seconds": 0.1})
            assert ear.hear()["topicName"] == "v2.system.socket_closing"
            with pytest.raises(ConnectionClosed):
                ear.hear()

    @pytest.mark.parametrize(("how", "code"), [("close", 1001), ("reset", 1006)])
    def test_sockets_are_dropped(self, sandbox: Caller, how: str, code: int) -> None:
        with sandbox.listening() as ear:
            assert sandbox.control("POST", "sockets/drop", {"how": how}) == {"sockets": 1}
            with pytest.raises(ConnectionClosed) as raised:
                ear.hear()
        received = raised.value.rcvd
        assert (received.code if received else 1006) == code

    def test_a_reset_closes_them(self, sandbox: Caller) -> None:
        with sandbox.listening() as ear:
            sandbox.control("POST", "reset", {"conversations": 0})
            with pytest.raises(ConnectionClosed):
                ear.hear()
